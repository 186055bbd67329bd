"""Every piece of code in the docs is run by a test, or stands in one list of what cannot run here."""

import ast
import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from integration_tests.pages import ROOT, Block, all_blocks

# What needs an engine, a cluster, a registry, an Airbyte or Zoom itself: by page, heading and first word.
NOT_HERE = {
    ("README.md", "In the Airbyte UI", "make"): "docker, and a registry",
    ("README.md", "In the Airbyte UI", "buildah"): "a registry",
    ("README.md", "In the Airbyte UI", "kind"): "a cluster of abctl's",
    ("docs/many-accounts.md", "Without Airbyte: Kubernetes", "docker"): "docker, and a registry",
    ("docs/many-accounts.md", "Without Airbyte: Kubernetes", "kubectl"): "a cluster",
    ("docs/zoom.md", "Set up Zoom with OAuth 2.0", "#"): "a browser, and Zoom",
}
# The words with which their lines begin; what else would be a mistake.
PROGRAMS = {"make", "docker", "buildah", "kind", "kubectl", "curl", "#", "-d"}

BLOCKS = all_blocks()
every_block = pytest.mark.parametrize("block", BLOCKS, ids=lambda one: f"{one.page} {one.heading}")


def name_of(block: Block) -> tuple[str, str, str]:
    return block.page, block.heading, block.text.split()[0]


def run_by_tests() -> set[tuple[str, ...]]:
    """(page, heading, language) and (page, language) of what tests take from the pages."""
    found: set[tuple[str, ...]] = set()
    for path in [*ROOT.glob("integration_tests/*.py"), *ROOT.glob("unit_tests/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="blocks"), args=[ast.Constant(), ast.Constant(), *_]):
                    page, heading, *language = (
                        one.value for one in node.args if isinstance(one, ast.Constant)
                    )
                    found.add((str(page), str(heading), *map(str, language or ["sh"])))
                case ast.Call(
                    func=ast.Name(id="by_heading"), args=[ast.Constant(page), ast.Constant(language)]
                ):
                    found.add((str(page), str(language)))
    return found


def targets_of(block: Block) -> list[str]:
    """The targets of make, where a block calls nothing else."""
    lines = [line.partition("#")[0].strip() for line in block.text.splitlines()]
    calls = [re.fullmatch(r"make ([\w-]+)", line) for line in lines]
    return [call[1] for call in calls if call] if all(calls) else []


@every_block
def test_it_is_run_by_a_test_or_named_as_what_cannot_run_here(block: Block) -> None:
    run = run_by_tests()
    in_ci = re.findall(r"^make ([\w-]+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    is_run = not run.isdisjoint({(block.page, block.heading, block.language), (block.page, block.language)})
    by_ci = bool(targets_of(block)) and set(targets_of(block)) <= {*in_ci, "unit"}
    assert is_run or by_ci or name_of(block) in NOT_HERE


def test_the_list_of_what_cannot_run_here_has_nothing_else() -> None:
    names = Counter(name_of(block) for block in BLOCKS)
    assert {name: names[name] for name in NOT_HERE} == dict.fromkeys(NOT_HERE, 1)


@every_block
def test_it_can_be_parsed(block: Block, tmp_path: Path) -> None:
    match block.language:
        case "sh":
            done = subprocess.run(["sh", "-n"], input=block.text, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
        case "python":
            ast.parse(block.text)
        case "json":
            json.loads(block.text)
        case _:
            assert block.language == "sql"
    if name_of(block) in NOT_HERE:
        assert {line.split()[0] for line in block.text.splitlines()} <= PROGRAMS
