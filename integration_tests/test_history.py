"""The account's history as a way to past occurrences: what it adds, and what follows where it is refused."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from integration_tests.completeness import found_by
from integration_tests.conftest import NOON, InProcess, Start, server_to_server, still_clock
from integration_tests.harness import Json
from integration_tests.outcomes import Syncs
from integration_tests.zoom_simulator import Simulator, Size, refusals, truth
from integration_tests.zoom_simulator.routes import GRANULAR_SCOPES

SCOPE = "report:read:list_history_meetings:admin"
SIZE = Size(users=4, former_hosts=2, meetings_per_user=4, webinars_per_user=2, past_occurrences=4)
STREAMS = ("report_meetings", "report_meeting_participants", "report_webinars")
TODAY = NOON.date().isoformat()
ROUTES_OF = {
    "reports": ["report_hosts", "report_user_meetings"],
    "history": ["report_history_meetings"],
    "instances": ["user_meetings", "past_meeting_instances"],
}
NOBODY = (400, {"code": 200, "message": "No permission."})


def account(start: Start, *, size: Size = SIZE, scopes: set[str] | None = None) -> Simulator:
    return start(1, size, clock=still_clock(), plan="unlimited", scopes=scopes or set(GRANULAR_SCOPES))


def read(simulator: Simulator) -> set[str]:
    """The UUIDs for which reports of meetings were asked for."""
    return {str(entry.id) for entry in simulator.journal.of("report_meetings")}


def parents(simulator: Simulator) -> list[Json]:
    return [parent for parent, _ in truth.rows(simulator.world, "report_meetings")]


def of_former_hosts(simulator: Simulator) -> set[str]:
    return {parent["uuid"] for parent in parents(simulator) if parent["host_id"] is None}


def test_what_hosts_held_who_have_left_is_read_and_an_unchanged_account_costs_a_few_requests(
    start: Start, in_process: InProcess
) -> None:
    simulator = account(start)
    syncs = Syncs(simulator, in_process, STREAMS)
    assert syncs.run().code == 0
    assert syncs.missing() == []
    assert of_former_hosts(simulator) <= read(simulator)
    output = syncs.run()
    assert not output.of("RECORD")
    assert len(simulator.journal.answered()) <= 12


@pytest.mark.parametrize("is_by_scope", [True, False], ids=["scope", "permission"])
def test_a_history_that_is_refused_is_read_as_a_difference_once_it_is_granted(
    start: Start, in_process: InProcess, *, is_by_scope: bool
) -> None:
    simulator = account(start, scopes=set(GRANULAR_SCOPES) - {SCOPE} if is_by_scope else None)
    if not is_by_scope:
        simulator.faults.reply("/report/history_meetings", *NOBODY)
    syncs = Syncs(simulator, in_process, STREAMS, lookback_days=0)
    for day in range(3):
        output = syncs.run()
        assert output.code == 0
        warned = [
            one for one in output.warnings if one.startswith("Without the account's history, past meetings")
        ]
        assert len(warned) == 1
        lists = simulator.journal.of("report_user_meetings")
        assert day == 0 or len(lists) <= 2 * SIZE.users
        simulator.clock.advance(days=1)
    assert of_former_hosts(simulator).isdisjoint(read(simulator))
    assert "history" in {gap["way"] for gap in syncs.state("report_meetings")["gaps"]}
    simulator.oauth.grant(SCOPE)
    simulator.faults.clear()
    world = simulator.world
    assert syncs.run().code == 0
    assert syncs.missing() == []
    assert of_former_hosts(simulator) <= read(simulator)
    news = (simulator.clock.today() - timedelta(days=2)).isoformat()
    recent = {parent["uuid"] for parent in parents(simulator) if parent["start_time"] >= news}
    named_before = found_by(world, "reports", "meeting")
    assert read(simulator) & named_before <= recent
    assert "gaps" not in syncs.state("report_meetings")
    assert syncs.run().code == 0
    assert len(simulator.journal.answered()) <= 12


def test_a_month_of_the_history_that_fails_holds_nothing_back_and_comes_later(
    start: Start, in_process: InProcess
) -> None:
    in_process.without_waiting()
    simulator = account(start)
    simulator.faults.reply(r"/report/history_meetings\?.*from=2026-10-01", *refusals.PROXY_PAGE)
    syncs = Syncs(simulator, in_process, STREAMS)
    output = syncs.run()
    assert output.code == 1
    lost = {uuid for uuid in of_former_hosts(simulator) if uuid not in read(simulator)}
    assert lost
    held = {parent["uuid"]: parent["start_time"] for parent in parents(simulator)}
    assert {held[uuid][:7] for uuid in lost} == {"2026-10"}
    simulator.faults.clear()
    assert syncs.run().code == 0
    assert syncs.missing() == []
    assert "retry" not in syncs.state("report_meetings")


def test_attendance_that_only_the_history_tells_of_comes_while_its_day_is_open(
    start: Start, in_process: InProcess
) -> None:
    refused = {"report:read:user:admin", "meeting:read:list_past_instances:admin"}
    size = Size(users=5, growth_hours=5, past_occurrences=4)
    simulator = account(start, size=size, scopes=set(GRANULAR_SCOPES) - refused)
    syncs = Syncs(simulator, in_process, ("report_meeting_participants",))
    assert syncs.run().code == 0
    asked = Counter[object]()
    for _ in range(8):
        simulator.clock.advance(hours=2)
        assert syncs.run().code == 0
        asked.update(entry.id for entry in simulator.journal.of("report_meeting_participants"))
        held_today = {parent["uuid"] for parent in parents(simulator) if parent["start_time"] >= TODAY}
        want = Counter({unit: rows for unit, rows in syncs.truth().items() if unit[1] in held_today})
        assert syncs.missing(want) == []
    assert max(asked.values()) > 1
    assert syncs.run().of("RECORD") == []


@pytest.mark.parametrize("left_out", ["reports", "history", "instances"])
def test_a_way_that_is_left_out_is_not_asked_and_its_days_are_read_when_it_is_put_in_again(
    start: Start, in_process: InProcess, left_out: str
) -> None:
    simulator = account(start, size=replace(SIZE, history_omits_every=3))
    syncs = Syncs(simulator, in_process, STREAMS, lookback_days=0)
    rest = [way for way in ROUTES_OF if way != left_out]
    found = {way: found_by(simulator.world, way, "meeting") for way in ROUTES_OF}
    alone = found[left_out].difference(*(found[way] for way in rest))
    alone &= {parent["uuid"] for parent in parents(simulator)}
    assert alone
    for _ in range(2):
        output = syncs.run(past_meetings_from=rest)
        assert output.code == 0
        assert not any(warning.startswith("Without") for warning in output.warnings)
        assert not any(simulator.journal.of(route) for route in ROUTES_OF[left_out])
        assert alone.isdisjoint(read(simulator))
    assert syncs.run().code == 0
    assert alone <= read(simulator)
    assert "gaps" not in syncs.state("report_meetings")
    assert syncs.run().of("RECORD") == []


def test_a_config_that_leaves_all_ways_out_is_named(start: Start, in_process: InProcess) -> None:
    simulator = account(start)
    for odd in ([], ["report"], "reports"):
        output = in_process.read(server_to_server(simulator, past_meetings_from=odd), ["report_meetings"])
        assert output.code == 1
        assert "past_meetings_from" in output.errors[0]["message"]
