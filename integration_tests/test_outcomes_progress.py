"""How far a stream has come: a little further in every sync, and nothing is passed over."""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from integration_tests.completeness import CLASSES
from integration_tests.conftest import NOON, InProcess, Start
from integration_tests.harness import cursor_of
from integration_tests.outcomes import (
    LISTS,
    WITH_CURSOR,
    Syncs,
    account,
    behind,
    everywhere,
    ids,
    route_of,
)
from integration_tests.zoom_simulator import Clock, Simulator, Size, truth
from integration_tests.zoom_simulator.faults import Reply
from integration_tests.zoom_simulator.refusals import OLD_REPORT, refusal
from integration_tests.zoom_simulator.routes import GRANULAR_SCOPES, ROUTES
from source_zoom.api.scopes import Permissions
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS

# Many syncs of many accounts: minutes.
pytestmark = pytest.mark.storm

LISTS_OF_PAST = [kind for kind in LISTS if kind not in STREAMS and behind(kind) <= set(truth.PAST)]


def progress(syncs: Syncs, stream: str) -> tuple[object, ...]:
    """How far a stream is, so that a later state is greater: its day, its gaps, its pass, what it owes."""
    state = syncs.states[stream]["stream"]["stream_state"] if stream in syncs.states else {}
    missing = sum(
        (date.fromisoformat(gap["to"]) - date.fromisoformat(gap.get("from", "2025-01-01"))).days
        for gap in state.get("gaps", ())
    )
    instances = state.get("instances")
    after = (0, instances["after"]) if instances else (int(bool(state)), 0)
    owed = sum(len(group["units"]) for group in state.get("owed", ()))
    return state.get(cursor_of(CLASSES[stream]), ""), -missing, after, -owed


def read_of(syncs: Syncs, stream: str) -> int:
    """How many of a stream's rows have come so far."""
    return sum(len(keys) for (name, _), keys in syncs.rows.items() if name == stream)


def is_later(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
    return before != after and any(b < a for b, a in zip(before, after, strict=True))  # type: ignore[operator]


def assert_gets_on(syncs: Syncs, label: str = "HEAVY") -> int:
    """Sync each day, just after midnight, until one is complete; returns the days that it took.

    Each state is later than the one before, until there is no more to read than the last days; of several
    streams, which share a day's requests and are searched month by month together, that of one. The days are
    hardly more than what was asked for would need, were no list asked for twice, and nothing else more than
    for its second reading.
    """
    asked = Counter[str]()
    for day in count(1):
        before = {name: progress(syncs, name) for name in syncs.streams if name in WITH_CURSOR}
        rows = {name: read_of(syncs, name) for name in before}
        output = syncs.run()
        asked.update(e.url for e in syncs.simulator.journal.answered() if e.label == label)
        if output.code == 0:
            break
        assert {error["failure_type"] for error in output.errors} == {"transient_error"}
        recent = (syncs.simulator.clock.today() - timedelta(days=4)).isoformat()
        ahead = []
        for name, place in before.items():
            is_done = str(place[0]) >= recent and "owed" not in syncs.state(name)
            # More can be found than is read of what is owed: then the rows say that it gets on.
            has_read = read_of(syncs, name) > rows[name]
            if is_done or has_read or is_later(place, progress(syncs, name)):
                ahead.append(name)
        assert ahead, (day, before)
        syncs.simulator.clock.set(datetime(2026, 11, 20, 0, 10, 1, tzinfo=UTC) + timedelta(days=day))
    needed = sum(1 if "from=" in url else min(number, 2) for url, number in asked.items())
    least = -(-needed // syncs.simulator.limits.per_day[label])
    assert day <= least + max(2, least // 5)
    assert syncs.missing() == []
    return day


# A stream that costs no HEAVY request of its own, beside one that costs one for each occurrence.
SEARCHED_ONLY = next(name for name in truth.PAST if CLASSES[name].rate_limit != "HEAVY")
# What the reports, the history and the instances lead to.
OF_PAST = [name for name in WITH_CURSOR if name in truth.PAST]
# Every sync reads the day before yesterday, and a day more on each side; what comes late, so many days later.
DAYS_READ = 2 + max(CLASSES[name].days_late for name in OF_PAST)
HEAVY = next(
    name for name in truth.PAST if CLASSES[name].rate_limit == "HEAVY" and truth.PAST[name] == "meeting"
)


@pytest.mark.parametrize("share", [3.0, 1.5])
def test_a_search_beyond_a_days_limit_gets_on_every_day(
    start: Start, in_process: InProcess, share: float
) -> None:
    """Many hosts who hold little: their lists cost several days' requests, what they lead to next to none."""
    assert_gets_on(capped(start, in_process, [SEARCHED_ONLY], share))


@pytest.mark.parametrize("streams", [[HEAVY], WITH_CURSOR], ids=["one stream", "all streams"])
def test_a_search_and_a_reading_beyond_a_days_limit_get_on_every_day(
    start: Start, in_process: InProcess, streams: list[str]
) -> None:
    assert_gets_on(capped(start, in_process, streams, 3.0))


def capped(start: Start, in_process: InProcess, streams: list[str], share: float) -> Syncs:
    """An account whose search takes so many times the HEAVY requests of a day."""
    simulator = searched(start)
    urls = [url for label, url in truth.least_urls(simulator.world, streams) if label == "HEAVY"]
    simulator.limits.per_day["HEAVY"] = int(sum("/users" in url for url in urls) / share)
    return Syncs(simulator, in_process, streams)


def searched(start: Start) -> Simulator:
    size = Size(users=80, meetings_per_user=0, webinars_per_user=0, unlisted_per_user=3, past_occurrences=3)
    midnight = datetime(2026, 11, 20, 0, 10, 1, tzinfo=UTC)
    return start(3, size, clock=Clock(midnight, running=False), plan="unlimited")


def test_a_month_whose_search_does_not_fit_into_a_day_gets_on(start: Start, in_process: InProcess) -> None:
    simulator = searched(start)
    urls = [url for _, url in truth.least_urls(simulator.world, [SEARCHED_ONLY]) if "from=" in url]
    months = Counter(url.split("from=")[1][:7] for url in urls)
    simulator.limits.per_day["HEAVY"] = max(months.values()) * 2 // 3
    assert_gets_on(Syncs(simulator, in_process, [SEARCHED_ONLY]))


# Of a window that has left the six months, and what else Zoom might say of it.
TOO_OLD = {"recent six months": OLD_REPORT, "in other words": refusal(400, 300, "Invalid parameter: from.")}


@pytest.mark.parametrize("words", TOO_OLD)
@pytest.mark.parametrize("kind", ids([*LISTS_OF_PAST, CLASSES[HEAVY]]))
def test_a_first_sync_across_midnight_keeps_its_progress(
    start: Start, in_process: InProcess, kind: type[ZoomStream], words: str
) -> None:
    """While it runs, the oldest day that Zoom's reports answer for moves on."""
    evening = datetime(2026, 11, 20, 23, 50, 1, tzinfo=UTC)
    size = Size(users=8, past_occurrences=2, meetings_per_user=5)
    simulator = start(5, size, clock=Clock(evening, running=False), plan="unlimited")
    in_process.without_waiting()
    pattern, requests = everywhere(route_of(kind)), count(1)

    def reply_for(url: str) -> Reply | None:
        if re.search(pattern, url) and next(requests) == 2:
            simulator.clock.advance(minutes=20)
        is_too_old = simulator.clock.today() > evening.date() and "from=2026-05-20" in url
        return Reply(*TOO_OLD[words]) if is_too_old else None

    simulator.faults.reply_for = reply_for
    syncs = Syncs(simulator, in_process, OF_PAST)
    output = syncs.run()
    assert simulator.clock.today() == date(2026, 11, 21)
    assert output.code == 0 or words == "in other words"
    for name in OF_PAST:
        assert syncs.state(name)[cursor_of(CLASSES[name])] >= "2026-11-20"
    output = syncs.a_day_later()
    assert output.code == 0
    assert syncs.missing() == []
    assert not [entry for entry in simulator.journal.entries if entry.route.endswith("_instances")]


def scopes_of(*routes: str) -> set[str]:
    return {scope for route in routes for scope in ROUTES[route].granular_scopes}


# Nothing that the reports know is missing while the history can be read.
SCOPES_OF_WAYS = {
    "reports": scopes_of("report_hosts", "report_user_meetings", "report_history_meetings"),
    "lists": scopes_of("report_user_meetings", "report_history_meetings"),
    "instances": scopes_of("past_meeting_instances", "past_webinar_instances"),
}


@pytest.mark.parametrize("days", [1, 3])
@pytest.mark.parametrize("way", SCOPES_OF_WAYS)
def test_a_scope_that_is_granted_later_brings_all_that_it_leads_to(
    start: Start, in_process: InProcess, way: str, days: int
) -> None:
    simulator = account(start, past_occurrences=3)
    simulator.oauth.revoke(*SCOPES_OF_WAYS[way])
    syncs = Syncs(simulator, in_process, OF_PAST)
    for day in range(days):
        output = syncs.run() if day == 0 else syncs.a_day_later()
        assert output.code == 0
        assert any(log.startswith("WARN Without ") for log in output.logs)
    assert syncs.missing()
    simulator.oauth.grant(*SCOPES_OF_WAYS[way])
    assert syncs.a_day_later().code == 0
    assert syncs.missing() == []
    assert "gaps" not in str(syncs.states)
    assert_is_ordinary(syncs)


def assert_is_ordinary(syncs: Syncs) -> None:
    """The next sync asks for the days of the lookback, and for no list of instances."""
    assert syncs.a_day_later().code == 0
    urls = [entry.url for entry in syncs.simulator.journal.entries if "from=" in entry.url]
    oldest = (syncs.simulator.clock.today() - timedelta(days=DAYS_READ)).isoformat()
    assert min(url.split("from=")[1][:10] for url in urls) >= oldest
    assert not [e for e in syncs.simulator.journal.entries if e.route.endswith("_instances")]


def needs(name: str) -> bool:
    """Whether a stream cannot do without its scopes."""
    others = set(GRANULAR_SCOPES) - set(ROUTES[name].granular_scopes)
    return bool(CLASSES[name].missing_scopes(Permissions(others)))


@pytest.mark.parametrize("name", [name for name in WITH_CURSOR if needs(name)])
def test_a_scope_of_a_stream_that_comes_and_goes_costs_no_row(
    start: Start, in_process: InProcess, name: str
) -> None:
    simulator = account(start)
    syncs = Syncs(simulator, in_process, ["users", name])
    scopes = ROUTES[name].granular_scopes
    assert syncs.run().code == 0
    simulator.oauth.revoke(*scopes)
    for _ in range(5):
        output = syncs.a_day_later()
        assert output.code == 1
        assert output.statuses == {"users": "COMPLETE", name: "INCOMPLETE"}
    simulator.oauth.grant(*scopes)
    assert syncs.a_day_later().code == 0
    assert syncs.missing() == []


def test_days_before_a_start_date_come_when_it_is_taken_out(start: Start, in_process: InProcess) -> None:
    simulator = account(start, past_occurrences=3)
    syncs = Syncs(simulator, in_process, OF_PAST)
    assert syncs.run(start_date="2026-10-15").code == 0
    assert syncs.missing()
    assert syncs.a_day_later(start_date="2026-10-15").code == 0
    assert syncs.a_day_later().code == 0
    assert syncs.missing() == []
    assert_is_ordinary(syncs)


def test_days_between_the_state_and_a_later_start_date_are_said_and_come_when_it_is_taken_out(
    start: Start, in_process: InProcess
) -> None:
    # No start date may lie in the future, by the clock of whoever runs this.
    clock = Clock(NOON - timedelta(days=60), running=False)
    simulator = start(5, Size(users=6, past_occurrences=3), clock=clock, plan="unlimited")
    syncs = Syncs(simulator, in_process, OF_PAST)
    assert syncs.run().code == 0
    clock.advance(days=20)
    output = syncs.run(start_date=(clock.today() - timedelta(days=5)).isoformat())
    assert output.code == 0
    for name in OF_PAST:
        assert any(log.startswith(f"WARN {name}: the start date lies after the state") for log in output.logs)
    assert syncs.missing()
    assert syncs.a_day_later().code == 0
    assert syncs.missing() == []
    assert_is_ordinary(syncs)


def test_lists_of_instances_beyond_a_days_limit_get_on_every_day(start: Start, in_process: InProcess) -> None:
    """2,500 listed meetings on Zoom's Free plan, which answers 2,000 MEDIUM requests a day."""
    size = Size(
        users=5, busy_user_meetings=2500, meetings_per_user=0, webinars_per_user=0, unlisted_per_user=1,
        past_occurrences=1, participants=1,
    )  # fmt: skip
    midnight = datetime(2026, 11, 20, 0, 10, 1, tzinfo=UTC)
    clock = Clock(midnight, running=False)
    simulator = start(1, size, clock=clock, plan="unlimited", daily_caps={"MEDIUM": 2000})
    syncs = Syncs(simulator, in_process, ["report_meetings"])
    assert assert_gets_on(syncs, "MEDIUM") == 2
