# Every target sets up what it needs: a machine with Python (3.11 to 3.14), pip, git and make is enough. What else
# `singer`, `pyairbyte`, `image` and `image-test` need they install on Debian, as root.
PYTHON ?= python3
# PyAirbyte's environment needs Python 3.10 to 3.12.
PYAIRBYTE_PYTHON ?= $(PYTHON)
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: setup hooks demo estimate test unit speed storm outcomes singer postgresql kubectl image image-test jq pyairbyte release-check lint docs bench lock clean

setup: $(VENV)/.done

# Each commit waits for lint, types and docs.
hooks: $(VENV)/.done
	$(BIN)/pre-commit install

demo: $(VENV)/.done
	$(BIN)/python -m integration_tests.demo $(if $(CONFIG),--config $(CONFIG))

# What a sync of the account of CONFIG=… will cost.
estimate: $(VENV)/.done
	$(BIN)/source-zoom estimate --config $(CONFIG)

# The pages that follow from the sources. A unit test fails where one of them is not as this writes it.
docs: $(VENV)/.done
	$(BIN)/python -m scripts.docs

# CASES="Business auto": only the cases with one of these words in their titles.
bench: $(VENV)/.done
	$(BIN)/python -m integration_tests.benchmarks $(CASES)

SPEED = integration_tests/test_speed.py

# COVERAGE=yes: at the end it says which lines no test has run. It takes longer; there is no number to reach.
test: lint
	$(BIN)/pytest --numprocesses 2 --dist loadfile --ignore $(SPEED) $(if $(COVERAGE),--cov)

# By the clock the simulator keeps Zoom's limits: while it does, nothing else should keep the machine busy.
speed: $(VENV)/.done
	$(BIN)/pytest $(SPEED)

# The fast tests, without lint: a few seconds, most of them the imports.
unit: $(VENV)/.done
	$(BIN)/pytest unit_tests

# Minutes of faults of every kind on larger accounts, and of accounts and faults drawn at random.
storm: $(VENV)/.done
	$(BIN)/pytest --numprocesses 2 --dist load -m storm

# Sync after sync of accounts of which Zoom refuses a part: a quarter of an hour, and not yet a part of CI.
outcomes: $(VENV)/.done
	$(BIN)/pytest --numprocesses 2 --dist load -m outcomes

# The tap with the targets that people use, each in an environment of its own, and with the tap-zoom of others.
SINGER = $(patsubst requirements/singer/%.txt,.singer/%/.done,$(wildcard requirements/singer/*.txt))

singer: $(VENV)/.done $(SINGER) postgresql jq
	$(BIN)/pytest -m singer

.singer/%/.done: requirements/singer/%.txt
	$(call environment,$(PYTHON))

define environment
	$(1) -m venv $(@D)
	$(@D)/bin/pip install --quiet --require-hashes -r $<
	touch $@
endef

postgresql:
	ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || $(call install,postgresql)

# Debian has had one that is new enough since 13.
kubectl:
	command -v kubectl > /dev/null || $(call install,kubernetes-client)

jq:
	command -v jq > /dev/null || $(call install,jq)

# What is there stays as it is.
install = (apt-get update -qq && apt-get install -y -qq --no-install-recommends --no-upgrade \
	--option APT::Get::Upgrade-By-Source-Package=false $(1))

# source-zoom:dev, source-zoom:latest and its version; BASE_IMAGE=… builds on another base, REVISION=… is a label.
image:
	scripts/image

# What `make image` built last; it fails where that is not of these sources.
image-test: $(VENV)/.done jq
	$(BIN)/pytest -m image

# The script in the README, the queries and the plot of the docs, and the jobs for many accounts, in an environment of
# its own, as their reader has it.
pyairbyte: $(VENV)/.done .pyairbyte/.done postgresql kubectl
	$(BIN)/pytest -m pyairbyte

.pyairbyte/.done: requirements/pyairbyte.txt
	$(call environment,$(PYAIRBYTE_PYTHON))

# TAG=v0.1.0: fails unless that version can be published, and leaves its packages in dist.
release-check:
	PYTHON=$(PYTHON) TAG=$(TAG) scripts/release-check

lint: $(VENV)/.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/.done: requirements/dev.txt pyproject.toml setup.py metadata.yaml
	@$(PYTHON) scripts/check_python.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Writes the lock files anew. They hold hashes and no host, for every Python and platform at once.
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
	--no-strip-extras --python-version 3.11 --custom-compile-command "make lock" --upgrade

lock: $(VENV)/.done
	$(BIN)/pip install --quiet uv
	$(LOCK) --output-file requirements/runtime.txt pyproject.toml
	$(LOCK) --constraint requirements/runtime.txt --output-file requirements/dev.txt pyproject.toml requirements/dev.in
	$(LOCK) --output-file requirements/build.txt requirements/build.in
	$(LOCK) --output-file requirements/release.txt requirements/release.in
	$(LOCK) --output-file requirements/pyairbyte.txt requirements/pyairbyte.in
	for consumer in $(basename $(notdir $(wildcard requirements/singer/*.in))); do \
		$(LOCK) --output-file requirements/singer/$$consumer.txt requirements/singer/$$consumer.in; done

# All that .gitignore lists, but for what may be somebody's own: config, out and secrets.
clean:
	rm -rf $(VENV) .singer .pyairbyte .target-jsonl build dist demo-output .tmp .hypothesis .mypy_cache .pytest_cache \
		.ruff_cache .coverage *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
