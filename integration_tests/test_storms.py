"""Faults of every kind at once: whatever Zoom and the network do, the output is the account."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_tests.completeness import CLASSES, HOST_SECRETS, assert_complete, canonical, expected
from integration_tests.conftest import STREAM_NAMES, InProcess, oauth, server_to_server
from integration_tests.zoom_simulator import Clock, Simulator, Size
from integration_tests.zoom_simulator.faults import KINDS, Faults

Start = Callable[..., Simulator]


def assert_weathers(start: Start, in_process: InProcess, rate: float, seed: int, users: int) -> None:
    faults = Faults(seed, rate, tokens=True, slow_seconds=0.01)
    simulator = start(seed, Size(users=users), clock=Clock(running=False), plan="unlimited", faults=faults)
    in_process.without_waiting()
    output = in_process.read(server_to_server(simulator))
    assert output.code == 0
    assert output.errors == []
    for name in STREAM_NAMES:
        assert_complete(simulator, output, CLASSES[name])
    met = Counter(entry.fault for entry in simulator.journal.entries if entry.fault)
    assert set(met) == set(KINDS)
    assert met.total() > 0.7 * rate * len(simulator.journal.entries)


@pytest.mark.storm
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_a_storm_costs_no_row(start: Start, in_process: InProcess, rate: float, seed: int) -> None:
    assert_weathers(start, in_process, rate, seed, users=20)


def test_a_small_storm_costs_no_row(start: Start, in_process: InProcess) -> None:
    assert_weathers(start, in_process, 0.2, seed=7, users=3)


def test_a_storm_with_rotating_tokens_costs_no_row(start: Start, in_process: InProcess) -> None:
    """Every refresh replaces the refresh token; an answer lost after that is a test of its own."""
    faults = Faults(3, 0.1, slow_seconds=0.01)
    simulator = start(3, Size(users=3), clock=Clock(running=False), plan="unlimited", faults=faults)
    in_process.without_waiting()
    output = in_process.read(oauth(simulator))
    assert output.code == 0
    for name in STREAM_NAMES:
        assert_complete(simulator, output, CLASSES[name])
    controls = [control["connectorConfig"]["config"]["credentials"] for control in output.of("CONTROL")]
    assert len(controls) > 2
    assert controls[-1]["refresh_token"] == simulator.oauth.refresh_token


# What one resource can meet for ever, and whether that is a skip or a failure.
FATES = st.sampled_from(
    [
        (404, {"code": 3001, "message": "Meeting does not exist: 1."}, "skipped"),
        (400, {"code": 300, "message": "This meeting has not registration required: 1"}, "skipped"),
        (403, "<html>Blocked</html>", "skipped"),
        (400, {"code": 999, "message": "Something new."}, "failed"),
        (500, {"code": 500, "message": "Internal server error."}, "failed"),
        (200, {"registrants": {}}, "failed"),
    ]
)


@pytest.mark.storm
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(1, 10_000),
    users=st.integers(1, 3),
    meetings=st.integers(0, 6),
    webinars=st.integers(0, 4),
    unlisted=st.integers(0, 2),
    occurrences=st.integers(1, 3),
    participants=st.sampled_from([0, 1, 8, 301]),
    registrants=st.sampled_from([1, 6, 301]),
    rate=st.sampled_from([0.0, 0.1, 0.3]),
    kinds=st.sets(st.sampled_from(KINDS), min_size=1),
    fates=st.dictionaries(st.integers(0, 30), FATES, max_size=3),
)
def test_the_output_is_the_account_less_what_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    users: int,
    meetings: int,
    webinars: int,
    unlisted: int,
    occurrences: int,
    participants: int,
    registrants: int,
    rate: float,
    kinds: set[str],
    fates: dict[int, tuple[int, object, str]],
) -> None:
    size = Size(
        users=users,
        meetings_per_user=meetings,
        webinars_per_user=webinars,
        unlisted_per_user=unlisted,
        past_occurrences=occurrences,
        participants=participants,
        registrants=registrants,
    )
    faults = Faults(seed, rate, sorted(kinds), slow_seconds=0.01)
    in_process = InProcess(tmp_path, monkeypatch)
    in_process.without_waiting()
    with Simulator(seed, size, clock=Clock(running=False), plan="unlimited", faults=faults) as simulator:
        rows = {name: expected(simulator, CLASSES[name]) for name in STREAM_NAMES}
        parents = sorted({row["meeting_id"] for row in rows["meeting_registrants"]})
        met = {parents[index]: fate for index, fate in fates.items() if index < len(parents)}
        for number, (status, body, _) in met.items():
            faults.reply(rf"/meetings/{number}/registrants\?", status, body)
        output = in_process.read(server_to_server(simulator))
    failed = {number for number, fate in met.items() if fate[2] == "failed"}
    assert output.code == bool(failed)
    for name in STREAM_NAMES:
        left = [row for row in rows[name] if not (name == "meeting_registrants" and row["meeting_id"] in met)]
        assert canonical(output.records(name), {"row_id"}) == canonical(left, HOST_SECRETS)
    log = "\n".join(output.logs)
    for number in failed:
        assert f"meetings/{number}/registrants" in json.dumps(output.errors)
    if set(met) - failed:
        assert "Summary of meeting_registrants" in log
    assert "Traceback" not in output.text
