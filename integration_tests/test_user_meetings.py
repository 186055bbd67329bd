"""The hosts' lists of the reports as a stream: the rows that the search reads anyway."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integration_tests.acceptance import states
from integration_tests.conftest import InProcess, Output, Start, server_to_server, still_clock
from integration_tests.outcomes import Syncs
from integration_tests.zoom_simulator import Simulator, Size, refusals, truth
from integration_tests.zoom_simulator.routes import GRANULAR_SCOPES

NAME = "report_user_meetings"
SIZE = Size(users=6, past_occurrences=4, daily_hours=2)


def account(start: Start, size: Size = SIZE, **options: Any) -> Simulator:
    return start(1, size, clock=still_clock(), plan="unlimited", **options)


def asked(simulator: Simulator) -> Counter[str]:
    return Counter(entry.url for entry in simulator.journal.answered() if entry.route != "token")


@pytest.mark.parametrize("others", [["report_meetings"], ["report_webinars", "meeting_poll_results"]])
def test_beside_what_searches_anyway_it_costs_no_request(
    start: Start, in_process: InProcess, others: list[str]
) -> None:
    simulator = account(start)
    alone, together = Syncs(simulator, in_process, others), Syncs(simulator, in_process, [*others, NAME])
    for days in (0, 1, 1):
        simulator.clock.advance(days=days)
        assert alone.run().code == 0
        without = asked(simulator)
        assert together.run().code == 0
        assert asked(simulator) == without
    assert together.missing() == []


def test_a_sync_brings_what_is_new_or_has_grown(start: Start, in_process: InProcess) -> None:
    simulator = account(start, replace(SIZE, growth_hours=5))
    syncs = Syncs(simulator, in_process, [NAME])
    assert syncs.run().code == 0
    assert syncs.run().of("RECORD") == []
    came = 0
    for _ in range(8):
        simulator.clock.advance(hours=3)
        output = syncs.run()
        assert output.code == 0
        came += output.record_counts[NAME]
        assert syncs.missing() == []
        latest = {row["uuid"]: row["participants_count"] for row in syncs.latest[NAME].values()}
        want = {row["uuid"]: row["participants_count"] for _, row in truth.rows(simulator.world, NAME)}
        assert {uuid: count for uuid, count in latest.items() if uuid in want} == want
    assert 0 < came < len(latest)


def test_while_it_reads_what_others_have_no_state_passes_what_the_history_alone_knows(
    start: Start, in_process: InProcess
) -> None:
    """It wants six months of the lists and the other three, so that the months of the two differ."""
    other = "report_meetings"
    simulator = account(start, Size(users=4, former_hosts=4, past_occurrences=12))
    first = simulator.clock.today() - timedelta(days=75)
    given = [one for one in states(first) if one["stream"]["stream_descriptor"]["name"] == other]
    syncs = Syncs(simulator, in_process, [other, NAME])
    syncs.states, syncs.began = {other: given[0]}, 0
    lines = syncs.read().text.splitlines(keepends=True)
    ends = [n for n, line in enumerate(lines, 1) if '"type":"STATE"' in line and f'"{other}"' in line]
    assert len(ends) > 5
    for end in ends:
        broken = Syncs(simulator, in_process, [other])
        broken.states, broken.began = {other: given[0]}, 0
        broken.take(Output(-9, "".join(lines[:end])))
        assert broken.run().code == 0
        assert broken.differing(first, simulator.clock.today() - timedelta(days=1)) == []


def test_no_state_passes_days_that_the_history_has_missed_and_not_been_searched_for(
    start: Start, in_process: InProcess
) -> None:
    """It wants all months at once, and of the history they are a gap, which comes after the latest days."""
    other = "report_meetings"
    simulator = account(start, Size(users=4, former_hosts=4, past_occurrences=6))
    before = Syncs(simulator, in_process, [other])
    assert before.run(past_meetings_from=["reports", "instances"]).code == 0
    assert before.missing() != []
    syncs = Syncs(simulator, in_process, [other, NAME])
    syncs.states = before.states
    lines = syncs.read().text.splitlines(keepends=True)
    ends = [n for n, line in enumerate(lines, 1) if '"type":"STATE"' in line and f'"{other}"' in line]
    assert ends
    for end in ends:
        broken = Syncs(simulator, in_process, [other])
        broken.states, broken.rows = dict(before.states), deepcopy(before.rows)
        broken.take(Output(-9, "".join(lines[:end])))
        assert broken.run().code == 0
        assert broken.missing() == [], lines[end - 1]


def test_without_the_scope_of_the_reports_it_is_a_matter_of_the_config(
    start: Start, in_process: InProcess
) -> None:
    scope = "report:read:user:admin"
    simulator = account(start, scopes=set(GRANULAR_SCOPES) - {scope})
    output = in_process.read(server_to_server(simulator), [NAME])
    assert output.code == 1
    assert output.errors[0]["failure_type"] == "config_error"
    assert scope in output.errors[0]["message"]
    assert not simulator.journal.of("report_user_meetings")


@pytest.mark.parametrize("others", [[], ["report_meetings"]])
def test_a_list_that_fails_costs_its_rows_alone_and_comes_later(
    start: Start, in_process: InProcess, others: list[str]
) -> None:
    in_process.without_waiting()
    simulator = account(start)
    host = simulator.world.ids.user(0)
    aim = simulator.faults.reply(rf"/report/users/{host}/meetings\?.*to=2026-10-31", *refusals.UNKNOWN_CODE)
    syncs = Syncs(simulator, in_process, [NAME, *others])
    output = syncs.run()
    assert (output.code, output.statuses[NAME]) == (1, "INCOMPLETE")
    lost = [row for parent, row in truth.rows(simulator.world, NAME) if parent["host_id"] == host]
    lost = [row for row in lost if row["start_time"].startswith("2026-10")]
    got = {row["uuid"] for row in syncs.latest[NAME].values()}
    assert lost
    assert got.isdisjoint(row["uuid"] for row in lost)
    assert len(got) == sum(1 for _ in truth.rows(simulator.world, NAME)) - len(lost)
    simulator.faults.forget(aim)
    assert syncs.run().code == 0
    assert syncs.missing() == []
    assert "retry" not in syncs.state(NAME)


def test_a_month_of_hosts_that_fails_comes_later(start: Start, in_process: InProcess) -> None:
    in_process.without_waiting()
    simulator = account(start)
    aim = simulator.faults.reply(r"/report/users\?.*to=2026-10-31", *refusals.PROXY_PAGE)
    syncs = Syncs(simulator, in_process, [NAME])
    assert syncs.run().code == 1
    assert syncs.missing()
    simulator.faults.forget(aim)
    assert syncs.run().code == 0
    assert syncs.missing() == []


def test_a_day_that_has_too_few_requests_is_gone_on_with(start: Start, in_process: InProcess) -> None:
    simulator = account(start, replace(SIZE, users=12), daily_caps={"HEAVY": 16})
    syncs = Syncs(simulator, in_process, [NAME])
    cursors = []
    for _ in range(8):
        output = syncs.run()
        cursors.append(syncs.state(NAME).get("start_time", ""))
        if output.code == 0:
            break
        simulator.clock.advance(days=1)
    assert output.code == 0
    assert len(cursors) > 2
    assert cursors == sorted(cursors)
    assert syncs.missing() == []
