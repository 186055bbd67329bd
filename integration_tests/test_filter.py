"""Polls, questions and surveys where the history lists some, and what follows where it is wrong."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integration_tests.completeness import CLASSES, found_by
from integration_tests.conftest import STREAM_NAMES, InProcess, Output, Start, still_clock
from integration_tests.harness import Json
from integration_tests.outcomes import Syncs
from integration_tests.zoom_simulator import Simulator, Size, refusals, truth
from integration_tests.zoom_simulator.routes import ROUTES
from source_zoom.engine.left_out import DAYS

FILTERED = [name for name in STREAM_NAMES if CLASSES[name].report_type]
SIZE = Size(users=10, webinars_per_user=6, past_occurrences=12, with_poll_results=0.04, with_qna=0.04)
# Of every fourth occurrence there is something, and of every second of those the history does not say so.
BROKEN = replace(SIZE, users=40, with_poll_results=0.25, with_qna=0.25, filter_omits_every=2)
MANY = replace(SIZE, with_poll_results=1.0)
LISTS = "report_history_meetings"


def account(start: Start, size: Size = SIZE, **options: Any) -> Simulator:
    return start(1, size, clock=still_clock(), plan="unlimited", **options)


def asked(simulator: Simulator, stream: str) -> Counter[Any]:
    """How often what was asked for, by a complete answer."""
    return Counter(entry.id for entry in simulator.journal.of(stream))


def filters(simulator: Simulator) -> list[str]:
    """The requests for lists of what has data of a type."""
    return [e.url for e in simulator.journal.of(LISTS) if re.search(r"report_type=(?!all)", e.url)]


def found(simulator: Simulator, stream: str) -> set[str]:
    """What a stream would ask for without the history's lists."""
    kind = "report_webinars" if "webinar" in stream else "report_meetings"
    return {parent["uuid"] for parent, _ in truth.rows(simulator.world, kind)}


def told(output: Output) -> list[str]:
    return [one for one in output.warnings if "Zoom's history does not list it" in one]


def left_out(syncs: Syncs, stream: str) -> Json:
    given: Json = syncs.state(stream).get("left_out", {})
    return given


@pytest.mark.parametrize("stream", FILTERED)
def test_what_has_nothing_is_not_asked_for_but_for_every_tenth(
    start: Start, in_process: InProcess, stream: str
) -> None:
    simulator = account(start)
    syncs = Syncs(simulator, in_process, [stream])
    output = syncs.run()
    assert (output.code, told(output)) == (0, [])
    assert syncs.missing() == []
    requests, few = asked(simulator, stream), listed(simulator, stream)
    assert max(number for id_, number in requests.items() if "/" not in id_) == 1
    rest = recent(simulator, stream) - few
    assert len(rest) > 30
    assert 1 <= len(rest & requests.keys()) <= len(rest) / 4
    assert few <= requests.keys()
    assert any("left out by the history" in log for log in output.logs)
    assert len(filters(simulator)) == len(set(filters(simulator))) <= 7
    output = syncs.run()
    assert not output.of("RECORD")
    assert not asked(simulator, stream)
    assert filters(simulator) == []


def recent(simulator: Simulator, stream: str) -> set[str]:
    """What the history names of a stream's occurrences."""
    return found_by(simulator.world, "history", ROUTES[stream].kind) & found(simulator, stream)


def listed(simulator: Simulator, stream: str) -> set[str]:
    """What the history lists for a stream's type of data."""
    rows = truth.rows(simulator.world, stream)
    return {parent["uuid"] for parent, _ in rows} & recent(simulator, stream)


def test_poll_results_of_which_few_have_some_cost_a_quarter(start: Start, in_process: InProcess) -> None:
    stream = "meeting_poll_results"
    simulator = account(start, replace(SIZE, users=20))
    syncs = Syncs(simulator, in_process, [stream])
    assert syncs.run().code == 0
    assert syncs.missing() == []
    # What is older than Zoom's reports is known by the instances alone, and asked for.
    named = recent(simulator, stream)
    assert len(named) > 300
    assert len(named & asked(simulator, stream).keys()) <= len(named) / 4


@pytest.mark.storm
def test_data_that_come_late_are_read_when_their_day_is_read_again(
    start: Start, in_process: InProcess
) -> None:
    simulator = account(start, replace(SIZE, with_poll_results=0.5, late_hours=30, growth_hours=3))
    syncs = Syncs(simulator, in_process, ["meeting_poll_results", "webinar_qna_results"])
    for _ in range(10):
        output = syncs.run()
        assert (output.code, told(output)) == (0, [])
        simulator.clock.advance(hours=9)
    assert syncs.a_day_later(3).code == 0
    assert syncs.missing(read_twice(syncs)) == []


@pytest.mark.storm
@pytest.mark.parametrize("stream", FILTERED)
def test_a_list_that_is_wrong_is_found_out_and_all_that_was_left_out_is_read(
    start: Start, in_process: InProcess, stream: str
) -> None:
    # There are few surveys, so one omission of two would seldom be found.
    is_survey = CLASSES[stream].report_type == "survey"
    simulator = account(start, replace(BROKEN, filter_omits_every=1) if is_survey else BROKEN)
    syncs = Syncs(simulator, in_process, [stream])
    output = syncs.run()
    assert output.code == 0
    assert len(told(output)) == 1
    assert syncs.missing() == []
    assert max(number for id_, number in asked(simulator, stream).items() if "/" not in id_) == 1
    until = (simulator.clock.today() + DAYS).isoformat()
    assert left_out(syncs, stream) == {"until": until}


HIDDEN = r"/report/history_meetings\?.*report_type=(poll|qa|survey)"


def hide(simulator: Simulator) -> None:
    """Let the history list nothing for any type of data."""
    simulator.faults.change(HIDDEN, lambda body: {**body, "history_meetings": []})


def test_nothing_is_left_out_for_thirty_days_and_then_the_lists_are_tried_again(
    start: Start, in_process: InProcess
) -> None:
    stream = "meeting_poll_results"
    simulator = account(start, MANY)
    syncs = Syncs(simulator, in_process, [stream])
    hide(simulator)
    assert len(told(syncs.run())) == 1
    assert syncs.missing() == []
    for _ in range(5):
        output = syncs.a_day_later(5)
        assert (output.code, told(output)) == (0, [])
        assert filters(simulator) == []
        assert syncs.missing(read_twice(syncs)) == []
    simulator.faults.clear()
    assert syncs.a_day_later(6).code == 0
    assert filters(simulator)
    assert left_out(syncs, stream) == {}
    assert syncs.missing(read_twice(syncs)) == []


def read_twice(syncs: Syncs) -> Counter[Any]:
    """What is old enough to have had its second reading."""
    recent = (syncs.simulator.clock.today() - timedelta(days=3)).isoformat()
    old = {
        parent["uuid"]
        for stream in syncs.streams
        for parent, _ in truth.rows(syncs.simulator.world, stream)
        if parent["start_time"] < recent
    }
    return Counter({unit: rows for unit, rows in syncs.truth().items() if unit[1] in old})


@pytest.mark.storm
def test_lists_that_become_wrong_cost_nothing_of_the_last_thirty_days(
    start: Start, in_process: InProcess
) -> None:
    streams = ["meeting_poll_results", "report_meeting_surveys"]
    simulator = account(start, replace(MANY, daily_hours=2))
    syncs = Syncs(simulator, in_process, streams)
    assert told(syncs.run()) == []
    hide(simulator)
    was_told: Counter[str] = Counter()
    for _ in range(12):
        output = syncs.a_day_later()
        assert output.code == 0
        was_told.update(one.partition(":")[0] for one in told(output))
    assert was_told == Counter(streams)
    assert syncs.missing(read_twice(syncs)) == []


@pytest.mark.storm
def test_what_a_first_sync_left_out_is_read_where_the_lists_prove_wrong_in_the_next_days(
    start: Start, in_process: InProcess
) -> None:
    stream = "webinar_qna_results"
    simulator = account(start, replace(SIZE, with_qna=1.0, daily_hours=2))
    syncs = Syncs(simulator, in_process, [stream])
    # As if no probe had been among those that have some.
    hide(simulator)
    simulator.faults.change(
        rf"{ROUTES[stream].path.replace('*', '[^/]+')}$", lambda body: {**body, "questions": []}
    )
    assert told(syncs.run()) == []
    assert {*left_out(syncs, stream)} == {"first", "on"}
    probes = asked(simulator, stream).keys()
    simulator.faults.clear()
    hide(simulator)
    was_told = 0
    for _ in range(15):
        output = syncs.a_day_later()
        assert output.code == 0
        was_told += len(told(output))
    assert was_told == 1
    # To those of the first sync Zoom said that there is nothing.
    assert {uuid for _, uuid in syncs.missing(read_twice(syncs))} <= probes


@pytest.mark.storm
def test_what_was_left_out_comes_day_by_day_where_a_day_has_too_few_requests(
    start: Start, in_process: InProcess
) -> None:
    stream = "report_meeting_surveys"
    simulator = account(start, MANY, daily_caps={"HEAVY": 200})
    syncs = Syncs(simulator, in_process, [stream])
    hide(simulator)
    firsts = []
    for _ in range(12):
        output = syncs.run()
        firsts.append(left_out(syncs, stream).get("from", "done"))
        if output.code == 0 and firsts[-1] == "done":
            break
        simulator.clock.advance(days=1)
    assert firsts == sorted(firsts)
    assert set(firsts) > {"done"}
    assert syncs.missing(read_twice(syncs)) == []


def test_a_sync_that_is_killed_leaves_what_was_left_out_to_the_next(
    start: Start, in_process: InProcess
) -> None:
    stream = "meeting_poll_results"
    simulator = account(start, MANY)
    syncs = Syncs(simulator, in_process, [stream])
    hide(simulator)
    lines = syncs.read().text.splitlines(keepends=True)
    states = [n for n, line in enumerate(lines) if '"left_out"' in line and '"from"' in line]
    assert len(states) > 1
    syncs.take(Output(-9, "".join(lines[: states[0] + 1])))
    assert "from" in left_out(syncs, stream)
    assert syncs.run().code == 0
    assert syncs.missing() == []
    assert "from" not in left_out(syncs, stream)


@pytest.mark.parametrize("refusal", [refusals.PROXY_PAGE, refusals.UNKNOWN_CODE, refusals.NO_PERMISSION])
def test_everything_is_asked_for_where_the_lists_cannot_be_read(
    start: Start, in_process: InProcess, refusal: refusals.Refusal
) -> None:
    in_process.without_waiting()
    stream = "webinar_qna_results"
    simulator = account(start)
    simulator.faults.reply(HIDDEN, *refusal)
    syncs = Syncs(simulator, in_process, [stream])
    output = syncs.run()
    assert (output.code, told(output)) == (0, [])
    assert syncs.missing() == []
    assert asked(simulator, stream).keys() >= found(simulator, stream)


def test_without_the_history_no_list_is_asked_for(start: Start, in_process: InProcess) -> None:
    stream = "webinar_qna_results"
    simulator = account(start)
    syncs = Syncs(simulator, in_process, [stream], past_meetings_from=["reports", "instances"])
    assert syncs.run().code == 0
    assert syncs.missing() == []
    assert not simulator.journal.of(LISTS)
    assert asked(simulator, stream).keys() >= found(simulator, stream)


@pytest.mark.parametrize(
    "given",
    [
        {"until": "2026-12-10", "from": "0001-01-01"},
        {"until": "9999-12-31", "from": "2026-11-01"},
        {"until": "2026-12-10", "from": "9999-12-31"},
        {"until": "2026-11-01", "from": "2026-11-01"},
    ],
)
def test_odd_days_of_what_is_left_out_lose_nothing(
    start: Start, in_process: InProcess, given: dict[str, str]
) -> None:
    stream = "webinar_qna_results"
    simulator = account(start, replace(SIZE, with_qna=1.0))
    syncs = Syncs(simulator, in_process, [stream])
    assert syncs.run().code == 0
    syncs.state(stream)["left_out"] = given
    assert syncs.a_day_later().code == 0
    assert "from" not in left_out(syncs, stream)
    assert left_out(syncs, stream).get("until", "") <= "2026-12-31"
    assert syncs.missing(read_twice(syncs)) == []
