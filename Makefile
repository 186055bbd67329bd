# Every target sets up what it needs: a machine with Python (3.11 or 3.13), pip, git and make is enough.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test storm lint bench lock clean

demo: $(VENV)/.done
	$(BIN)/python -m integration_tests.demo $(if $(CONFIG),--config $(CONFIG))

# CASES="Business auto": only the cases with one of these words in their titles.
bench: $(VENV)/.done
	$(BIN)/python -m integration_tests.benchmarks $(CASES)

test: lint
	$(BIN)/pytest

# Some four minutes of faults of every kind on larger accounts, and of accounts and faults drawn at random.
storm: $(VENV)/.done
	$(BIN)/pytest -m storm

lint: $(VENV)/.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/.done: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Writes the lock files anew. They hold hashes and no host, for every Python and platform at once.
lock: $(VENV)/.done
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
		--python-version 3.11 --custom-compile-command "make lock" --upgrade \
		--output-file requirements/runtime.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
		--python-version 3.11 --custom-compile-command "make lock" --upgrade \
		--constraint requirements/runtime.txt \
		--output-file requirements/dev.txt pyproject.toml requirements/dev.in

clean:
	rm -rf $(VENV) build demo-output .mypy_cache .pytest_cache .ruff_cache
