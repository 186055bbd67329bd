"""What Zoom withholds, or refuses for good, costs itself: told in each sync, and asked for once a week."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integration_tests.completeness import CLASSES
from integration_tests.conftest import STREAM_NAMES, InProcess, Start, still_clock
from integration_tests.harness import cursor_of, inherits_of
from integration_tests.outcomes import (
    LISTS_OF_ONE,
    OF_ONE,
    UNREAD,
    WITH_CURSOR,
    WITHHELD,
    Reach,
    Syncs,
    account,
    at,
    behind,
    costliest,
    ids,
    name_of,
    route_of,
    warned,
)
from integration_tests.zoom_simulator import Simulator, Size, truth
from integration_tests.zoom_simulator.faults import Reply
from integration_tests.zoom_simulator.ids import unquote_segment
from integration_tests.zoom_simulator.refusals import paid_only
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS

# Many syncs of many accounts: minutes.
pytestmark = pytest.mark.outcomes

ONE_DAY = timedelta(days=1)
# For so long the days of recordings, summaries and what Zoom Phone has stay open.
OPEN = 7 * ONE_DAY
WITHHELD_OF_ITSELF = {"user_meetings": "is_licensed", "user_webinars": "has_webinars"}


def withheld_anyway(simulator: Simulator, kind: type[ZoomStream]) -> int:
    """How many hosts Zoom refuses in the account as it is."""
    world, route = simulator.world, route_of(kind).name
    if route not in WITHHELD_OF_ITSELF:
        return 0
    may: Callable[[int], bool] = getattr(world, WITHHELD_OF_ITSELF[route])
    return sum(not may(user) and not world.is_deleted(user) for user in range(world.size.users))


def held_back(simulator: Simulator, kind: type[ZoomStream], resource: Any) -> int:
    """How many wait behind a withheld occurrence: they are older, of its host, and due to be read again."""
    name = name_of(kind)
    if name not in truth.PAST or "host_id" not in inherits_of(kind):
        return 0
    reports = list(truth.rows(simulator.world, f"report_{truth.PAST[name]}s"))
    withheld = next(parent for parent, _ in reports if parent["uuid"] == resource)
    due = str(simulator.clock.today() - timedelta(days=2))
    return sum(
        parent["host_id"] == withheld["host_id"]
        and parent["start_time"].startswith(due)
        and parent["start_time"] < withheld["start_time"]
        # What one person attended alone is not found again.
        and report["participants_count"] > 1
        for parent, report in reports
    )


def assert_withheld_and_given_later(
    simulator: Simulator, in_process: InProcess, kind: type[ZoomStream], resource: Any, aim: Any
) -> None:
    """Nothing else is missing, the state moves, it is told each day, and it comes within a week."""
    route, anyway = route_of(kind), withheld_anyway(simulator, kind)
    syncs = Syncs(simulator, in_process)
    output = syncs.run()
    assert syncs.missing(Reach(simulator.world, {route.name: {resource}}).rows()) == []
    assert output.code == 0
    assert output.errors == []
    assert set(output.statuses.values()) == {"COMPLETE"}
    assert warned(output, kind, "withheld") == anyway + 1
    for name in WITH_CURSOR:
        assert syncs.state(name)[cursor_of(CLASSES[name])] >= str(simulator.clock.today() - OPEN)
    output = syncs.a_day_later()
    assert output.code == 0
    assert_is_no_first_sync(simulator, route.name)
    assert warned(output, kind, "withheld") == anyway + 1 + held_back(simulator, kind, resource)
    simulator.faults.forget(aim)
    output = syncs.a_day_later(7)
    assert output.code == 0
    assert warned(output, kind, "withheld") == anyway
    assert syncs.missing() == []


def assert_is_no_first_sync(simulator: Simulator, but: str) -> None:
    """Only what is withheld may have been asked for days that are done."""
    entries = simulator.journal.entries
    asked_from = [re.search(r"from=(\S{10})", entry.url) for entry in entries if entry.route != but]
    # A window begins a day before the days that are wanted, and surveys are read again after a week.
    assert min(found[1] for found in asked_from if found) >= str(simulator.clock.today() - OPEN - 2 * ONE_DAY)
    instances = [entry for entry in entries if entry.route.endswith("_instances")]
    assert len(instances) <= 1


@pytest.mark.parametrize("kind", ids(OF_ONE))
def test_one_withheld_resource_costs_its_own_rows(
    start: Start, in_process: InProcess, kind: type[ZoomStream]
) -> None:
    simulator = account(start)
    resource = costliest(simulator, route_of(kind))
    aim = simulator.faults.reply(at(route_of(kind), resource), *paid_only("somebody"))
    assert_withheld_and_given_later(simulator, in_process, kind, resource, aim)


@pytest.mark.parametrize("words", WITHHELD)
@pytest.mark.parametrize("kind", ids([kind for kind in LISTS_OF_ONE if kind.has_window()]))
def test_one_withheld_month_costs_no_later_one(
    start: Start, in_process: InProcess, kind: type[ZoomStream], words: str
) -> None:
    simulator = account(start)
    resource = costliest(simulator, route_of(kind))
    pattern = rf"^/v2{re.escape(route_of(kind).url(resource))}[?].*from=2026-0[5-8]"
    aim = simulator.faults.reply(pattern, *WITHHELD[words])
    assert_withheld_and_given_later(simulator, in_process, kind, resource, aim)


def streams_of(kind: type[ZoomStream]) -> list[str]:
    """The stream itself, or one of each kind of those that a list leads to and that have a state."""
    if kind in STREAMS:
        return [name_of(kind)]
    found = [name for name in WITH_CURSOR if name in behind(kind)]
    return list({truth.PAST.get(name, name): name for name in found}.values())


@pytest.mark.parametrize("kind", ids(OF_ONE))
def test_what_is_refused_for_good_ends_no_sixth_sync_and_costs_next_to_nothing(
    start: Start, in_process: InProcess, kind: type[ZoomStream]
) -> None:
    simulator, ordinary = account(start, users=12), account(start, users=12)
    resource, streams = costliest(simulator, route_of(kind)), streams_of(kind)
    pattern = at(route_of(kind), resource)
    aim = simulator.faults.reply(pattern, *UNREAD["unknown"])
    syncs, usual = Syncs(simulator, in_process, streams), Syncs(ordinary, in_process, streams)
    codes, asked, requests, told = [], [], [], []
    for day in range(12):
        simulator.clock.advance(days=day > 0)
        ordinary.clock.advance(days=day > 0)
        output = syncs.run()
        usual.run()
        codes.append(output.code)
        asked.append(syncs.asked(pattern).total())
        requests.append(len(simulator.journal.answered()) - len(ordinary.journal.answered()))
        told.append(bool(warned(output, kind, "(withheld|refused)")))
    has_memory = any(CLASSES[name].has_cursor() for name in streams)
    assert codes[5:] == [0] * 7
    assert told[5:] == [True] * 7
    # What hangs on a refused list is not asked for, either.
    assert max(requests[5:]) <= 2
    if has_memory:
        # Once in the week after its fifth failure.
        assert sum(map(bool, asked[5:])) == 1
    left = Reach(simulator.world, {route_of(kind).name: {resource}}, syncs.began).rows(streams)
    assert set(syncs.missing()) <= set(syncs.truth() - left)
    simulator.faults.forget(aim)
    assert syncs.a_day_later(7).code == 0
    assert syncs.missing() == []


@pytest.mark.storm
def test_hundreds_of_hosts_without_a_licence_cost_little_and_end_no_sync(
    start: Start, in_process: InProcess
) -> None:
    size = Size(users=1000, meetings_per_user=0, webinars_per_user=0, unlisted_per_user=1)
    simulator = start(3, size, clock=still_clock(), plan="unlimited")
    ids_ = simulator.world.ids
    refused = {ids_.user(user) for user in range(400)}
    requests = 0

    def reply_for(url: str) -> Reply | None:
        nonlocal requests
        found = re.search(r"^/v2/report/users/([^/?]+)/meetings", url)
        if found is None or found[1] not in refused:
            return None
        requests += 1
        return Reply(*paid_only("somebody"))

    simulator.faults.reply_for = reply_for
    streams = [name for name in ("report_meetings", "report_meeting_participants") if name in STREAM_NAMES]
    syncs = Syncs(simulator, in_process, streams)
    for day in range(8):
        refused |= {ids_.user(user) for user in range(400 + 30 * day)}
        requests = 0
        output = syncs.run() if day == 0 else syncs.a_day_later()
        assert output.code == 0, day
        assert warned(output, "reported_occurrences", "withheld") > (100 if day else 300)
        assert day == 0 or requests <= 100 + 30
        for name in streams:
            assert len(str(syncs.state(name))) < 100_000


def test_occurrences_of_hosts_without_a_licence_are_kept_by_host(start: Start, in_process: InProcess) -> None:
    size = Size(users=1000, meetings_per_user=0, webinars_per_user=0, unlisted_per_user=2)
    simulator = start(3, size, clock=still_clock(), plan="unlimited")
    world = simulator.world
    number, requests = 400, 0

    def reply_for(url: str) -> Reply | None:
        nonlocal requests
        found = re.search(r"^/v2/report/meetings/([^/?]+)(/participants)?([?]|$)", url)
        occurrence = found and world.find_occurrence("meeting", unquote_segment(found[1]) or "", world.now())
        if not occurrence or occurrence.series.user >= number:
            return None
        requests += 1
        return Reply(*paid_only("somebody"))

    simulator.faults.reply_for = reply_for
    streams = ["report_meetings", "report_meeting_participants"]
    syncs = Syncs(simulator, in_process, streams)
    for day in range(8):
        number, requests = 400 + 30 * day, 0
        output = syncs.run() if day == 0 else syncs.a_day_later()
        assert output.code == 0, day
        new = len(
            [
                1
                for user in range(number)
                for o in world.held(user, simulator.clock.today(), simulator.clock.today(), world.now())
            ]
        )
        for name in streams:
            assert warned(output, name, "withheld") > 400
            assert len(str(syncs.state(name))) < 100_000
        assert day == 0 or requests <= 2 * (100 + 4 * new), day
