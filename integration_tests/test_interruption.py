"""A sync that somebody ends early: by a signal, or by no longer listening."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest

from integration_tests.conftest import Connector, server_to_server
from integration_tests.harness import CONNECTOR
from integration_tests.zoom_simulator import Simulator, Size

Start = Callable[..., Simulator]
Running = subprocess.Popen[str]


@pytest.fixture
def running(start: Start, connector: Connector) -> Iterator[Running]:
    """A read that takes a quarter of a minute if nobody ends it."""
    simulator = start(1, Size(users=12), plan="business", latency=0.05)
    config = server_to_server(simulator, rate_limit_plan="business")
    arguments = connector.read_arguments(config, ["users", "report_meetings"], [])
    command = [CONNECTOR, "read", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def wait_for(text: str, process: Running) -> list[str]:
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"The process ended without {text}.")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_sync_with_all_that_has_been_read(running: Running, number: int) -> None:
    before = wait_for('"stream_state":{"version":1,"start_time":', running)
    running.send_signal(number)
    assert running.stdout
    assert running.stderr
    messages = [json.loads(line) for line in [*before, *running.stdout]]
    assert running.wait(timeout=5) == 143
    assert running.stderr.read() == ""
    records = sum(message["type"] == "RECORD" for message in messages)
    logs = [message["log"]["message"] for message in messages if message["type"] == "LOG"]
    assert records > 0
    assert any(log.startswith("Summary of report_meetings: ") for log in logs)
    assert not any("Traceback" in log for log in logs)


def test_a_closed_output_ends_the_sync_quietly(running: Running) -> None:
    wait_for('"type":"RECORD"', running)
    assert running.stdout
    assert running.stderr
    running.stdout.close()
    assert running.wait(timeout=30) == 143
    assert running.stderr.read() == ""


def test_a_signal_ends_the_sync_though_nobody_reads_its_output(start: Start, connector: Connector) -> None:
    simulator = start(1, Size(users=5, participants=300), plan="unlimited")
    arguments = connector.read_arguments(server_to_server(simulator), ["report_meeting_participants"], [])
    command = [CONNECTOR, "read", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for('"type":"RECORD"', process)
        # From here on the pipe fills up, and the connector waits for its reader.
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=4)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=5)
        assert process.stderr
        assert process.stderr.read() == ""
