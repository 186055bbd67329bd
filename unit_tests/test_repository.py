"""What GitHub reads: workflows, forms for issues, dependabot; and the address at which the repository is."""

import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.check_python import complaint

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SCHEMAS = {
    "vendor.github-workflows": "workflows/*.yml",
    "custom.github-workflows-require-timeout": "workflows/*.yml",
    "vendor.dependabot": "dependabot.yml",
    "vendor.github-issue-config": "ISSUE_TEMPLATE/config.yml",
    "vendor.github-issue-forms": "ISSUE_TEMPLATE/[!c]*.yml",
}
WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in GITHUB.glob("workflows/*.yml")}
JOBS = [job for workflow in WORKFLOWS.values() for job in workflow["jobs"].values()]
STEPS: list[dict[str, Any]] = list(chain.from_iterable(job["steps"] for job in JOBS))
TARGET = re.compile(r"\bmake ([\w-]+)")


@pytest.mark.parametrize("schema", SCHEMAS)
def test_github_understands_the_files(schema: str) -> None:
    files = sorted(GITHUB.glob(SCHEMAS[schema]))
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pre_commit_understands_its_config() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(ROOT / ".pre-commit-config.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_target_of_make_is_explained() -> None:
    (targets,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(
        r"^\| `([\w-]+)` \| (.+)$", contributing.partition("\n## Adding a stream")[0], re.MULTILINE
    )
    named = {name for name, _ in rows} | {
        name for _, text in rows for name in re.findall(r"brings `(\w+)`", text)
    }
    assert named == set(targets.split())


def test_each_dependency_is_explained() -> None:
    inputs = [(ROOT / "requirements" / f"{name}.in").read_text() for name in ("dev", "build", "release")]
    wanted = re.findall(r"^[\w-]+", "\n".join([*PROJECT["dependencies"], *inputs]), re.MULTILINE)
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("\n| dependency |")[2].partition("\n\n")[0]
    first_cells = re.findall(r"^\| (.+?) \|", table, re.MULTILINE)
    assert {name for cell in first_cells for name in re.findall(r"`([\w-]+)`", cell)} == {*wanted, "uv"}


def test_each_group_of_rules_has_a_reason() -> None:
    (groups,) = re.findall(
        r"^select = \[\n(.+?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL
    )
    # E and W are one.
    assert all(re.search(r"# \w+", line) for line in groups.splitlines() if line != '    "W",')


def test_workflows_call_what_runs_here_as_well() -> None:
    here = set(TARGET.findall((ROOT / ".ci" / "run").read_text()))
    there = {name: set(TARGET.findall(str(WORKFLOWS[name]))) for name in WORKFLOWS}
    assert there["ci.yml"] == here
    assert there["release.yml"] <= here


def test_workflows_run_on_each_python_of_the_package() -> None:
    first, end = re.findall(r"3\.(\d+)", PROJECT["requires-python"])
    pythons = [f"3.{minor}" for minor in range(int(first), int(end))]
    assert WORKFLOWS["ci.yml"]["jobs"]["test"]["strategy"]["matrix"]["python"] == pythons
    assert [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if ":: 3." in one] == pythons
    assert f"({pythons[0]} to {pythons[-1]})" in (ROOT / "README.md").read_text()


def test_what_somebody_else_names_is_never_a_part_of_a_script() -> None:
    assert not any("${{" in step.get("run", "") for step in STEPS)


def test_jobs_may_do_no_more_than_they_need() -> None:
    assert all(workflow["permissions"] == {"contents": "read"} for workflow in WORKFLOWS.values())
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_what_a_release_attaches_is_there() -> None:
    (script,) = (step["run"] for step in STEPS if "gh release create" in step.get("run", ""))
    files = [word for word in script.split() if re.fullmatch(r"[\w/-]+\.(?:md|svg|yaml)", word)]
    assert len(files) > 3
    assert all((ROOT / name).is_file() for name in files)


@pytest.mark.parametrize(
    ("python", "has_pip", "sentence"),
    [
        ((3, 10), True, "needs Python 3.11 to 3.14, and this is 3.10"),
        ((3, 15), True, "needs Python 3.11 to 3.14, and this is 3.15"),
        ((3, 11), False, "apt-get install python3-venv"),
        ((3, 14), True, ""),
    ],
)
def test_a_python_that_will_not_do_is_told_in_one_sentence(
    python: tuple[int, int], has_pip: bool, sentence: str
) -> None:
    said = complaint(python, has_pip)
    assert sentence in said
    assert bool(said) == bool(sentence)
    assert "\n" not in said


def test_the_repository_has_one_address() -> None:
    address = PROJECT["urls"]["Repository"]
    name = address.rpartition("/")[2]
    named = (ROOT / name for name in ("Dockerfile", "metadata.yaml", "pyproject.toml"))
    files = [*named, *ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *GITHUB.rglob("*.yml")]
    found = {
        one for file in files for one in re.findall(rf"https://github\.com/[\w-]+/{name}\b", file.read_text())
    }
    assert found == {address}
