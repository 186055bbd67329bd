"""The commands of the docs that no other test runs, as they stand there, on a simulated account."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from integration_tests.conftest import server_to_server, still_clock
from integration_tests.harness import CONNECTOR, TAP, Json
from integration_tests.pages import ROOT, blocks
from integration_tests.singer_harness import INCREMENTAL
from integration_tests.zoom_simulator import Simulator, Size

Start = Callable[..., Simulator]
Programs = Mapping[str, str | Path]

CONSUMERS = ROOT / ".singer"
SECONDS = 300
GAP = "…"


@pytest.fixture
def account(start: Start) -> Simulator:
    return start(1, Size(users=3), clock=still_clock(), plan="unlimited")


def run(
    command: str,
    folder: Path,
    programs: Mapping[str, str | Path],
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a block in a folder, with these programs on its PATH; what it prints."""
    path = folder / "programs"
    path.mkdir(exist_ok=True)
    for name, program in programs.items():
        if not (path / name).exists():
            (path / name).symlink_to(program)
    # /bin/sh knows no pipefail, and a pipe's first failure would be hidden.
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}", **(environment or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def filled(command: str, account: Simulator) -> str:
    """The command with an account's credentials in place of the gaps, and with where it is."""
    config = server_to_server(account)
    for name, value in config["credentials"].items():
        if name != "auth_type":
            command = command.replace(f'"{name}": "{GAP}"', f'"{name}": "{value}"')
            command = command.replace(f"TAP_ZOOM_{name.upper()}={GAP}", f"TAP_ZOOM_{name.upper()}={value}")
            command = command.replace(f"tap-zoom {name} {GAP}", f"tap-zoom {name} {value}")
    assert GAP not in command
    where = json.dumps({key: value for key, value in config.items() if key != "credentials"})[1:-1]
    return re.sub(r"^(  \})\n\}$", rf"\1,\n{where}\n}}", command, flags=re.MULTILINE)


def test_the_quick_start_reads_the_account_whose_config_it_writes(account: Simulator, tmp_path: Path) -> None:
    for name in (
        "Makefile",
        "integration_tests",
        "metadata.yaml",
        "pyproject.toml",
        "requirements",
        "setup.py",
    ):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(Path(CONNECTOR).parent.parent)
    _, command = blocks("README.md", "Quick start")
    printed = run(filled(command, account), tmp_path, {}, {"PYTHONPATH": str(ROOT)})
    assert "check: SUCCEEDED" in printed
    assert (tmp_path / "demo-output" / "messages.jsonl").exists()
    assert (tmp_path / "config").stat().st_mode & 0o777 == 0o700


def test_the_estimate(account: Simulator, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.json").write_text(json.dumps(server_to_server(account)))
    (command,) = blocks("docs/zoom.md", "What will a sync cost?")
    assert run(command, tmp_path, {"source-zoom": CONNECTOR}).startswith("A first sync takes about ")


def test_the_files_of_the_cron_jobs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    _, command, _ = blocks("docs/many-accounts.md", "Without Airbyte: Kubernetes")
    run(command, tmp_path, {})
    folder = tmp_path / "examples" / "kubernetes"
    assert json.loads((folder / "base" / "database.json").read_text())["port"] == 5432
    config = json.loads((folder / "accounts" / "acme" / "config.json").read_text())
    assert config["credentials"]["auth_type"] == "server_to_server"


@pytest.mark.singer
def test_the_spec_of_a_release(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(Path(CONNECTOR).parent.parent)
    (tmp_path / "integration_tests" / "acceptance").mkdir(parents=True)
    (command,) = blocks("CONTRIBUTING.md", "Dependencies, targets, releases")
    run(command, tmp_path, {})
    spec = json.loads((tmp_path / "integration_tests" / "acceptance" / "released_spec.json").read_text())
    assert "credentials" in spec["connectionSpecification"]["properties"]


@pytest.mark.singer
def test_the_tap_as_the_readme_has_it(account: Simulator, tmp_path: Path) -> None:
    for name in ("config", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "config" / "config.json").write_text(json.dumps(server_to_server(account)))
    (tmp_path / ".venv").symlink_to(Path(CONNECTOR).parent.parent)
    # `make setup` and the environment are there already, and pip finds the target in it.
    (tmp_path / ".target-jsonl").symlink_to(CONSUMERS / "target-jsonl")
    (command,) = blocks("README.md", "As a Singer tap")
    command = command.removeprefix("make setup\n").replace("python3 -m venv .target-jsonl && ", "")
    run(command, tmp_path, {})
    state = json.loads((tmp_path / "config" / "singer-state.json").read_text().splitlines()[-1])
    assert "airbyte_state" in state
    assert list((tmp_path / "out").glob("report_meetings*.jsonl"))


@pytest.mark.singer
def test_the_tap_without_a_catalog_and_then_with_one(account: Simulator, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(server_to_server(account)))
    programs: Programs = {
        "tap-zoom": TAP,
        "target-jsonl": CONSUMERS / "target-jsonl" / "bin" / "target-jsonl",
    }
    first, selected = blocks("docs/tap-zoom.md", "tap-zoom: the connector as a Singer tap")
    run(first, tmp_path, programs)
    before = json.loads((tmp_path / "state.json").read_text())
    assert len(before["airbyte_state"]) == len(INCREMENTAL)
    account.journal.reset()
    run(selected, tmp_path, programs)
    catalog = json.loads((tmp_path / "catalog.json").read_text())
    assert {one["stream"] for one in catalog["streams"]} == {"users", "meetings", "report_meetings"}
    # It goes on from the first: the account stands still, so no occurrence is asked for again.
    assert {entry.route for entry in account.journal.entries} >= {"users", "meetings"}
    assert account.journal.of("report_meetings") == []


@pytest.mark.singer
def test_meltano_from_nothing_to_rows(account: Simulator, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "meltano", tmp_path / "examples" / "meltano")
    files = [tmp_path / "examples" / "meltano" / name for name in ("meltano.yml", "tap-zoom.yml")]
    whole, added = blocks("docs/tap-zoom.md", "Meltano, from nothing to rows")
    for file in files:
        # The package of this checkout, and the simulated account in place of Zoom.
        text = re.sub(r"git\+https://\S+/source-zoom", str(ROOT), file.read_text())
        file.write_text(text)
    project = yaml.safe_load(files[0].read_text())
    (extractor,) = project["plugins"]["extractors"]
    where: Json = {key: value for key, value in server_to_server(account).items() if key != "credentials"}
    extractor["config"] = where
    files[0].write_text(yaml.safe_dump(project))
    programs = {
        "meltano": CONSUMERS / "meltano" / "bin" / "meltano",
        "uv": CONSUMERS / "meltano" / "bin" / "uv",
    }
    run(filled(whole, account), tmp_path, programs)
    output = tmp_path / "zoom" / "output"
    assert {path.stem for path in output.iterdir()} == {one.partition(".")[0] for one in extractor["select"]}
    account.journal.reset()
    credentials = server_to_server(account)["credentials"]
    exported = {f"TAP_ZOOM_{name.upper()}": value for name, value in credentials.items()}
    run("meltano run tap-zoom target-jsonl", tmp_path / "zoom", programs, exported)
    assert account.journal.of("report_meetings") == []

    other = tmp_path / "other"
    run(f"meltano init {other.name}", tmp_path, programs)
    run(filled(added, account), other, programs)
    (plugin,) = yaml.safe_load((other / "meltano.yml").read_text())["plugins"]["extractors"]
    assert plugin["name"] == "tap-zoom"
    assert plugin["config"]["account_id"] == server_to_server(account)["credentials"]["account_id"]
