"""Where the system gives few threads or little memory, and where a reader in process stops early."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from integration_tests.completeness import CLASSES, assert_complete
from integration_tests.conftest import (
    Connector,
    InProcess,
    Output,
    Start,
    configured_catalog,
    oauth,
    server_to_server,
    still_clock,
)
from integration_tests.zoom_simulator import Simulator, Size
from source_zoom.api import session

STREAMS = ["users", "meetings", "report_meetings"]
FEWER = (
    "WARN The system lets the connector start no more than {} threads to read streams, so it goes on with"
    " these: set num_workers to less, or raise its limit of processes and threads (pids limit, ulimit -u)."
)
TOO_FEW = (
    "The system lets the connector start too few threads, and these streams need 4: select fewer of them, or"
    " raise its limit of processes and threads (pids limit, ulimit -u)."
)
MEMORY = (
    "There is not enough memory: give the connector more, set num_workers to less, or select fewer streams."
)
LIMITED = """
import sys, threading
start, most = threading.Thread.start, int(sys.argv.pop(1))
def limited(thread):
    if threading.active_count() > most:
        raise RuntimeError("can't start new thread")
    start(thread)
threading.Thread.start = limited
from source_zoom.run import script
script()
"""


@pytest.fixture
def account(start: Start) -> Simulator:
    return start(1, Size(users=3), clock=still_clock(), plan="unlimited", latency=0.02)


def read_with(threads: int, account: Simulator, folder: Path) -> Output:
    script: Sequence[str] = (sys.executable, "-c", LIMITED, str(threads))
    connector = Connector(folder, script)
    return connector.read(server_to_server(account), STREAMS)


@pytest.mark.parametrize("threads", [0, 1, 3, 4])
def test_too_few_threads_are_one_sentence(account: Simulator, tmp_path: Path, threads: int) -> None:
    output = read_with(threads, account, tmp_path)
    assert output.code == 1
    assert [(error["message"], error["failure_type"]) for error in output.errors] == [
        (TOO_FEW, "config_error")
    ]
    assert "Traceback" not in output.text


@pytest.mark.parametrize("threads", [6, 7, 8, 10, 14, 30])
def test_fewer_threads_than_wanted_read_everything(account: Simulator, tmp_path: Path, threads: int) -> None:
    output = read_with(threads, account, tmp_path)
    assert output.code == 0
    for name in STREAMS:
        assert_complete(account, output, CLASSES[name])
    warnings = [log for log in output.logs if "to read streams" in log]
    assert warnings in [[], *([FEWER.format(number)] for number in range(4, threads + 1))]
    assert "Traceback" not in output.text


@pytest.mark.parametrize("stream", ["users", "meetings", "report_meetings"])
def test_too_little_memory_is_one_sentence(
    account: Simulator, in_process: InProcess, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    def parsed(content: bytes) -> object:
        if b'"access_token"' in content:
            return parse(content)
        raise MemoryError

    parse = session.parsed
    monkeypatch.setattr(session, "parsed", parsed)
    config = oauth(account)
    config["credentials"] = server_to_server(account)["credentials"]
    output = in_process.read(config, [stream])
    assert output.code == 1
    assert output.statuses == {stream: "INCOMPLETE"}
    assert output.errors[0]["message"] == MEMORY
    assert "Traceback" not in output.text


EARLY = """
import gc, sys, threading, time
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from source_zoom import SourceZoom
config, catalog, way = sys.argv[1:]
source = SourceZoom()
config, catalog = source.read_config(config), source.read_catalog(catalog)
if way == "entrypoint":
    entrypoint = AirbyteEntrypoint(source)
    messages = entrypoint.read(source.spec(entrypoint.logger), config, catalog, [])
else:
    import logging
    messages = source.read(logging.getLogger("airbyte"), config, catalog, [])
count = 0
for message in messages:
    count += bool(message.record)
    if count == 3:
        break
if way == "close":
    messages.close()
elif way != "kept":
    del messages
if way != "kept":
    until = time.monotonic() + 8
    while threading.active_count() > 1 and time.monotonic() < until:
        time.sleep(0.05)
        # What the streams still hold of each other goes in a cycle.
        gc.collect()
    print("LEFT", [thread.name for thread in threading.enumerate()][1:], file=sys.stderr)
"""


@pytest.mark.parametrize("way", ["source", "entrypoint", "close", "kept"])
def test_a_reader_in_process_that_stops_early_ends(start: Start, connector: Connector, way: str) -> None:
    account = start(1, Size(users=40), plan="unlimited", latency=0.05)
    config = connector.file("config.json", server_to_server(account))
    catalog = connector.file("catalog.json", configured_catalog(STREAMS))
    command = [sys.executable, "-c", EARLY, str(config), str(catalog), way]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    if way != "kept":
        assert done.stderr == "LEFT []\n"
