"""A sync that somebody ends early: by a signal, or by no longer listening."""

import signal
import subprocess
from collections.abc import Iterator

import pytest

from integration_tests.completeness import found_by
from integration_tests.conftest import Connector, Output, Start, server_to_server, still_clock
from integration_tests.harness import CONNECTOR, Json
from integration_tests.zoom_simulator import Simulator, Size, truth

Running = subprocess.Popen[str]

STREAMS = ["users", "report_meetings"]
MOVED = '"stream_state":{"version":2,"start_time":'


@pytest.fixture
def account(start: Start) -> Simulator:
    return start(1, Size(users=12), clock=still_clock(), plan="business", latency=0.05)


@pytest.fixture
def running(account: Simulator, connector: Connector) -> Iterator[Running]:
    """A read that takes a quarter of a minute if nobody ends it."""
    arguments = connector.read_arguments(server_to_server(account, rate_limit_plan="business"), STREAMS, [])
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


def end(process: Running, number: int) -> Output:
    """Send a signal once the state has moved past a record. Returns all that the process wrote."""
    # The first days hold only occurrences of which Zoom no longer gives anything.
    before = wait_for('"stream":"report_meetings","data"', process)
    for _ in range(5):
        before += wait_for(MOVED, process)
    process.send_signal(number)
    assert process.stdout
    assert process.stderr
    text = "".join([*before, *process.stdout])
    code = process.wait(timeout=60)
    assert process.stderr.read() == ""
    return Output(code, text)


def states(output: Output) -> list[Json]:
    """The states that name a day, as a platform would keep them."""
    named = [state for state in output.of("STATE") if "start_time" in state["stream"]["stream_state"]]
    return [{key: state[key] for key in ("type", "stream")} for state in named]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_sync_with_all_that_has_been_read(running: Running, number: int) -> None:
    output = end(running, number)
    # Of the one a process dies; after the other, shells want to see it end by itself.
    assert output.code == (-signal.SIGTERM if number == signal.SIGTERM else 128 + signal.SIGINT)
    assert output.records("report_meetings")
    assert any(log.startswith("INFO Summary of report_meetings: ") for log in output.logs)
    assert "Traceback" not in output.text
    days = [state["stream"]["stream_state"]["start_time"] for state in states(output)]
    assert days
    assert days == sorted(days)


def test_the_next_sync_goes_on_where_a_signal_ended_the_last(
    account: Simulator, running: Running, connector: Connector
) -> None:
    first = end(running, signal.SIGTERM)
    state = states(first)[-1]
    account.limits.per_second = {}
    account.journal.reset()
    second = connector.read(server_to_server(account, rate_limit_plan="business"), STREAMS, state=[state])
    assert second.code == 0
    reached = state["stream"]["stream_state"]
    before, after = (output.records("report_meetings") for output in (first, second))
    # What the instances alone know comes in the order of the meetings' ids.
    reported = found_by(account.world, "reports", "meeting")
    by_day = [row["start_time"] for row in after if row["uuid"] in reported or "instances" not in reached]
    assert min(row["start_time"] for row in before) < reached["start_time"] <= min(by_day)
    lists = [int(entry.path.split("/")[-2]) for entry in account.journal.of("past_meeting_instances")]
    assert bool(lists) == ("instances" in reached)
    assert all(number > reached["instances"]["after"] for number in lists)
    everything = {parent["uuid"] for parent, _ in truth.rows(account.world, "report_meetings")}
    assert {row["uuid"] for row in [*before, *after]} == everything


def test_a_closed_output_ends_the_sync_quietly(running: Running) -> None:
    wait_for('"type":"RECORD"', running)
    assert running.stdout
    assert running.stderr
    running.stdout.close()
    assert running.wait(timeout=60) == -signal.SIGTERM
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
        assert process.wait(timeout=60) == -signal.SIGTERM
        assert process.stderr
        assert process.stderr.read() == ""
