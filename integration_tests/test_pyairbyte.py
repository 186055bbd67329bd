"""The script of the README, and what docs/pyairbyte.md adds to it, run as their reader runs them."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import Any

import pytest

from integration_tests.completeness import expected
from integration_tests.conftest import STREAM_NAMES, server_to_server, still_clock
from integration_tests.harness import CONNECTOR
from integration_tests.pages import blocks
from integration_tests.test_incremental import attended_alone
from integration_tests.zoom_simulator import Simulator, Size, truth
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS

pytestmark = pytest.mark.pyairbyte

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".pyairbyte" / "bin" / "python"
COMMAND = blocks("README.md", "In a Python script: PyAirbyte")[0].partition("pip install airbyte\n")[2]
(MORE,) = blocks("docs/pyairbyte.md", "Zoom in a Python script: PyAirbyte", "python")
(INSTALLING,) = blocks("docs/pyairbyte.md", "Which connector PyAirbyte runs", "python")
# What the connector needs of its checkout to be built.
PACKAGE = ("source_zoom", "pyproject.toml", "setup.py", "metadata.yaml", "README.md", "LICENSE")
# Each of the two makes the connector fail with a sentence of its own, if it is there.
INSTALLED = """
import os

print("installed:", source.executor.interpreter_path)
print("streams:", *source.get_available_streams())
for variable in ("HTTP_PROXY", "REQUESTS_CA_BUNDLE"):
    os.environ[variable] = "http://[::1"
    try:
        source.check()
    except ab.exceptions.AirbyteConnectorCheckFailedError as error:
        print("failed:", error)
    del os.environ[variable]
"""

UUIDS = ("uuid", "meeting_uuid", "webinar_uuid")


def run(folder: Path) -> tuple[dict[str, int], str]:
    """What one run of the script prints: the rows of each table, and what comes after."""
    printed = printed_by(["sh", "-c", COMMAND.removesuffix("END\n") + MORE + "END\n"], folder)
    table = re.findall(r"^([a-z_]+) +(\d+)$", printed, re.MULTILINE)
    return {name: int(count) for name, count in table if name in STREAM_NAMES}, printed


def printed_by(command: Sequence[str | Path], folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        # As after `. .pyairbyte/bin/activate`, and without the registry.
        env={
            **os.environ,
            "AIRBYTE_OFFLINE_MODE": "1",
            "NO_COLOR": "1",
            "PATH": f"{PYTHON.parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rows_by_key(
    account: Simulator, stream: type[ZoomStream], leave_out: Set[str] = frozenset()
) -> Counter[tuple[Any, ...]]:
    """How many rows of a stream the account has for each key; `row_id` is the connector's own.

    `leave_out` are past occurrences that are not found any more; what is read by days is found all the same.
    """
    key = [name for name in stream.key_fields() if name != "row_id"]
    is_past = stream.stream_name() in truth.PAST
    rows = (r for r in expected(account, stream) if not is_past or leave_out.isdisjoint(map(r.get, UUIDS)))
    return Counter(tuple(str(row[name]) for name in key or sorted(row)) for row in rows)


def test_the_tables_hold_every_row_and_the_second_run_asks_for_what_is_new(
    start: Callable[..., Simulator], tmp_path: Path
) -> None:
    clock = still_clock()
    account = start(1, Size(users=6), clock=clock, plan="unlimited")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "source-zoom").symlink_to(CONNECTOR)
    (tmp_path / ".pyairbyte").symlink_to(ROOT / ".pyairbyte")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.json").write_text(json.dumps(server_to_server(account)))

    counts, printed = run(tmp_path)
    before = {stream: rows_by_key(account, stream) for stream in STREAMS}
    assert counts == {stream.stream_name(): before[stream].total() for stream in STREAMS}
    assert re.search(r"\nmeeting_id\n(\d+ +\d+\n){5}", printed)
    assert {path.name for path in tmp_path.iterdir()} == {".venv", ".pyairbyte", "config", "out"}

    first = len(account.journal.answered())
    clock.advance(days=7)
    account.journal.reset()
    counts, _ = run(tmp_path)
    # What Zoom has let expire stays in the file.
    want = {
        stream: before[stream] | rows_by_key(account, stream, attended_alone(account)) for stream in STREAMS
    }
    assert counts == {stream.stream_name(): want[stream].total() for stream in STREAMS}
    assert sum(counts.values()) > sum(rows_by_key(account, stream).total() for stream in STREAMS)
    assert account.journal.of("past_meeting_instances") == []
    assert len(account.journal.answered()) < first


def test_pip_url_installs_this_connector_which_has_pyairbytes_environment(
    start: Callable[..., Simulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, folder = tmp_path / "checkout", tmp_path / "script"
    checkout.mkdir()
    folder.mkdir()
    for name in PACKAGE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, checkout / name)
    line = re.sub(r'(?<=pip_url=")[^"]+', str(checkout), INSTALLING)
    assert str(checkout) in line
    monkeypatch.delenv("PYTHONPATH", raising=False)
    config = server_to_server(start(1, Size(users=6), clock=still_clock()))
    script = f"import airbyte as ab\nconfig = {config}\n{line}{INSTALLED}"
    printed = printed_by([PYTHON, "-c", script], folder)
    assert f"installed: {folder / '.venv-source-zoom' / 'bin' / 'python'}\n" in printed
    assert f"streams: {' '.join(STREAM_NAMES)}\n" in printed
    proxy, bundle = printed.split("failed: ")[1:]
    assert "The environment names a proxy whose address, name or password cannot be used" in proxy
    assert "There are no certificates in http://[::1" in bundle
