"""Accounts that live: a sync costs what has changed, and in the end everything is there as it was last."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integration_tests.acceptance import states as states_before
from integration_tests.benchmarks.again import ANSWERS
from integration_tests.completeness import CLASSES
from integration_tests.conftest import InProcess, Output, Start
from integration_tests.harness import Json
from integration_tests.outcomes import Syncs, account, alone_since, incomplete, said
from integration_tests.zoom_simulator import Clock, Simulator, Size, World, truth
from integration_tests.zoom_simulator.clock import DAY, HOUR, midnight
from integration_tests.zoom_simulator.history import history_row
from integration_tests.zoom_simulator.ids import KINDS
from integration_tests.zoom_simulator.past_objects import reported
from integration_tests.zoom_simulator.plans import UNLISTED, Occurrence
from integration_tests.zoom_simulator.routes import ROUTES

NOON = datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
# Some five occurrences a day.
ANY_FIXTURE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
SMALL: dict[str, Any] = {
    "users": 12,
    "meetings_per_user": 2,
    "webinars_per_user": 1,
    "unlisted_per_user": 1,
    "late_hours": 0,
}
MOST_UNCHANGED = 12
# Surveys have their second reading later: test_surveys.py.
OF_THE_PAST = [name for name in truth.PAST if not CLASSES[name].days_late]
SHOWN = ("end_time", "duration", "total_minutes", "participants_count")
# As the history calls them.
ALIASES = {"total_minutes": "total_participant_minutes", "participants_count": "participants"}

Rows = dict[str, tuple[Any, ...]]


class Life(Syncs):
    """Syncs of an account that lives, with how often each occurrence was asked for, and how often it changed.

    `asked_for` counts by stream and UUID; `changes` how often a row of an occurrence had changed when a sync
    came, in its host's list or in the history; `changed` are those whose row is new or another in the last
    sync: that in the list, or in the history while it is not there.
    """

    def __init__(self, simulator: Simulator, in_process: InProcess, **config: Any) -> None:
        super().__init__(simulator, in_process, OF_THE_PAST, **config)
        in_process.without_waiting()
        self.asked_for: Counter[tuple[str, str]] = Counter()
        self.changes: Counter[str] = Counter()
        self.changed: set[str] = set()
        self._rows: Rows = {}
        self._ways: tuple[Rows, Rows] = {}, {}

    def read(self, **config: Any) -> Output:
        ways = self.rows_of_history(), self.rows_of_lists()
        rows = ways[0] | ways[1]
        output = super().read(**config)
        assert "Traceback" not in output.text
        self.changed = {uuid for uuid, row in rows.items() if self._rows.get(uuid) != row}
        # Which of the two the connector has seen depends on the row of the host.
        pairs = zip((self._rows, *self._ways), (rows, *ways), strict=True)
        self.changes.update(
            {uuid for old, new in pairs for uuid in old.keys() & new.keys() if old[uuid] != new[uuid]}
        )
        self._rows, self._ways = rows, ways
        self.asked_for.update(self.asked_now())
        return output

    def asked_now(self) -> Counter[tuple[str, str]]:
        """The occurrences that the last sync asked for, by stream."""
        entries = self.simulator.journal.entries
        return Counter(
            (entry.route, entry.id)
            for entry in entries
            if entry.route in self.streams and entry.id and "@" not in entry.url
        )

    def rows_of_lists(self) -> Rows:
        """What the lists of hosts show of each occurrence of the latest days."""
        world = self.simulator.world
        shown = world.list_time(world.now())
        return {
            world.uuid(one): tuple(reported(world, one, shown)[name] for name in SHOWN)
            for user in range(world.size.users)
            for one in world.reported(user, *self._latest_days(), world.now())
        }

    def rows_of_history(self) -> Rows:
        """What the account's history shows of them."""
        world = self.simulator.world
        shown = world.reports_time(world.now())
        return {
            world.uuid(one): tuple(history_row(world, one, shown)[ALIASES.get(name, name)] for name in SHOWN)
            for one in world.history(*self._latest_days(), world.now())
        }

    def _latest_days(self) -> tuple[date, date]:
        # What went on at midnight is listed under the day before.
        return (self.simulator.clock.now() - timedelta(hours=6)).date() - 2 * ONE_DAY, self.today

    @property
    def today(self) -> date:
        return self.simulator.clock.today()

    def begin_lately(self) -> None:
        """Begin with what was held since the day before yesterday, which the reports alone lead to."""
        states = states_before(self.today - 2 * ONE_DAY)
        self.states = {state["stream"]["stream_descriptor"]["name"]: state for state in states}
        self.began = 0

    def later(self, **time: float) -> Output:
        self.simulator.clock.advance(**time)
        return self.good()

    def good(self, **config: Any) -> Output:
        output = self.run(**config)
        assert output.code == 0, said(output)
        return output

    def missing_lately(self) -> set[str]:
        """What both the list and the row of a host have of yesterday and today, and has never come."""
        world, size = self.simulator.world, self.simulator.world.size
        shown = world.now() - max(size.row_lag_hours - size.list_lag_hours, 0) * HOUR
        held = {
            world.uuid(one)
            for user in range(size.users)
            for one in world.reported(user, self.today - ONE_DAY, self.today, shown)
        }
        return held - {uuid for _, uuid in self.rows}

    @property
    def requests(self) -> int:
        return len(self.simulator.journal.entries)


def began_lately(simulator: Simulator, in_process: InProcess, **config: Any) -> Life:
    """An account that was read for the first time, from the day before yesterday on."""
    life = Life(simulator, in_process, **config)
    life.begin_lately()
    life.good()
    return life


def at(day: int, hour: int, minute: int = 0) -> Clock:
    return Clock(datetime(2026, 11, day, hour, minute, 1, tzinfo=UTC), running=False)


def occurrences(world: World) -> list[Occurrence]:
    """All of them, past and future, but for those that one person attends alone."""
    return [
        one
        for kind in KINDS
        for user in range(world.size.users)
        for series in world.all_series(kind, user)
        for one in world.occurrences(series)
        if not one.solo and not one.cancelled and not series.gone
    ]


def asked_uuids(life: Life) -> set[str]:
    return {uuid for _, uuid in life.asked_now()}


def test_an_unchanged_account_costs_a_few_requests_and_brings_nothing(
    start: Start, in_process: InProcess
) -> None:
    life = Life(account(start, **SMALL), in_process)
    life.good()
    for _ in range(2):
        output = life.good()
        assert life.requests <= MOST_UNCHANGED
        assert not output.of("RECORD")


@pytest.mark.parametrize("hour", [11, 22], ids=["noon", "midnight"])
def test_what_is_new_or_has_grown_is_asked_for_and_nothing_else(
    start: Start, in_process: InProcess, hour: int
) -> None:
    life = began_lately(account(start, clock=at(20, hour, 30), growth_hours=3, **SMALL), in_process)
    changed = 0
    for _ in range(5):
        before = life.today
        life.later(hours=1)
        again = held_on(life.simulator.world, life.today - 2 * ONE_DAY) if life.today > before else set()
        assert asked_uuids(life) - again == life.changed - again
        assert max(life.asked_now().values(), default=0) <= 1
        assert life.differing(life.today - ONE_DAY, life.today) == []
        if life.today == before:
            lists = life.simulator.journal.of("report_user_meetings")
            assert len(lists) <= len(life.changed)
            assert life.requests - life.asked_now().total() - len(lists) <= MOST_UNCHANGED
        changed += len(life.changed)
    assert changed


def held_on(world: World, day: date) -> set[str]:
    return {world.uuid(one) for one in occurrences(world) if day_of(one) == day}


def day_of(one: Occurrence) -> date:
    return datetime.fromtimestamp(one.start, UTC).date()


def end_day_of(one: Occurrence) -> date:
    return datetime.fromtimestamp(one.end, UTC).date()


def with_one_at(wanted: datetime, **size: Any) -> tuple[Clock, int]:
    """A clock with which some meeting that goes on for 90 minutes begins at an instant, and its place."""
    world = World(5, Size(**size), Clock(wanted, running=False))
    for index, one in enumerate(occurrences(world)):
        if one.series.minutes == 90 and one.start > world.anchor + 12 * 3600:
            # The plans are laid out around the instant at which the clock starts.
            return Clock(wanted - timedelta(seconds=one.start - world.anchor), running=False), index
    raise AssertionError("no such meeting")


@pytest.mark.storm
@pytest.mark.parametrize("lag", [0, 8])
@pytest.mark.parametrize("hours", [[23.5, 24.5, 25.5, 31], [12, 36]], ids=str)
def test_a_meeting_over_midnight_comes_once_it_is_named(
    start: Start, in_process: InProcess, hours: list[float], lag: int
) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    size = {**SMALL, "list_lag_hours": lag}
    clock, index = with_one_at(midnight + timedelta(hours=23), past_occurrences=2, **size)
    simulator = account(start, clock=clock, **size)
    one = occurrences(simulator.world)[index]
    assert (day_of(one), one.end > (midnight + ONE_DAY).timestamp()) == (midnight.date(), True)
    clock.set(midnight)
    life = began_lately(simulator, in_process)
    for hour in hours:
        clock.set(midnight + timedelta(hours=hour))
        life.good()
        # However late the list of its host is, the history names it.
        is_over = one.end <= clock.timestamp()
        assert (("report_meetings", life.simulator.world.uuid(one)) in life.asked_for) == is_over
    clock.set(midnight + timedelta(days=3))
    life.good()
    assert life.differing(midnight.date(), midnight.date() + ONE_DAY) == []


# What breaks off


def after_each_state(output: Output) -> list[Output]:
    """What has come of a sync where it was killed right after one of its states, or before the first."""
    lines = output.text.splitlines(keepends=True)
    ends = [0, *(number for number, line in enumerate(lines, 1) if line.startswith('{"type":"STATE"'))]
    return [Output(-9, "".join(lines[:end])) for end in ends]


@pytest.mark.parametrize("hours", [6, 22], ids=["within the day", "the first of the day"])
def test_wherever_a_sync_is_killed_the_next_one_has_the_rest(
    start: Start, in_process: InProcess, hours: float
) -> None:
    life = began_lately(account(start, clock=at(20, 10), growth_hours=3, **SMALL), in_process)
    life.simulator.clock.advance(hours=hours)
    before, latest = dict(life.states), {name: dict(rows) for name, rows in life.latest.items()}
    kills = after_each_state(life.read())
    for killed in kills[:: max(1, len(kills) // 6)]:
        life.states, life.latest = dict(before), defaultdict(dict, {n: dict(r) for n, r in latest.items()})
        life.take(killed)
        life.good()
        assert life.differing(life.today - 2 * ONE_DAY, life.today) == []


@pytest.mark.storm
def test_a_sync_whose_requests_end_between_a_list_and_its_occurrences_leaves_them_to_the_next(
    start: Start, in_process: InProcess
) -> None:
    life = began_lately(account(start, clock=at(20, 10), **SMALL), in_process)
    limits = life.simulator.limits
    for cap in (3, 9):
        life.simulator.clock.advance(hours=30)
        limits.per_day = {"HEAVY": cap}
        assert life.run().code == 1
        limits.per_day = {}
        life.later(hours=1)
        assert max(life.asked_now().values()) == 1
        assert life.differing(life.today - 2 * ONE_DAY, life.today) == []
        life.good()
        assert not life.asked_now()


@pytest.mark.storm
def test_occurrences_that_cannot_be_read_after_their_list_come_with_the_next_sync(
    start: Start, in_process: InProcess
) -> None:
    life = began_lately(account(start, clock=at(20, 10), **SMALL), in_process)
    life.simulator.clock.advance(hours=8)
    of_one = r"/(report/|past_)(meetings|webinars)/(?!.*/instances)"
    life.simulator.faults.always(of_one, "503")
    assert life.run().code == 1
    life.simulator.faults.clear()
    life.good()
    assert life.changed == set()
    assert life.differing(life.today - ONE_DAY, life.today) == []


@pytest.mark.storm
def test_what_the_instances_knew_before_the_reports_is_asked_for_when_it_grows(
    start: Start, in_process: InProcess
) -> None:
    simulator = account(start, clock=at(20, 3), growth_hours=8, list_lag_hours=4, **SMALL)
    world, life = simulator.world, Life(simulator, in_process)
    coming = [one for one in occurrences(world) if one.start > world.anchor and one.series.slot < UNLISTED]
    first = min(coming, key=lambda one: one.end)
    uuid = world.uuid(first)
    simulator.clock.set(datetime.fromtimestamp(first.end + 60, UTC))
    life.good()
    assert uuid in asked_uuids(life) - life.rows_of_lists().keys()
    for hours in (4, 2, 2):
        life.later(hours=hours)
    assert day_of(first) >= life.today - ONE_DAY
    assert [one for one in life.differing(day_of(first), day_of(first)) if uuid in one] == []


def in_capitals(body: Json) -> Json:
    """A page of the history with the addresses of the hosts in capitals."""
    rows = body["history_meetings"]
    return {**body, "history_meetings": [{**row, "host_email": row["host_email"].upper()} for row in rows]}


def test_what_the_history_names_before_its_hosts_list_has_its_host_and_is_read_once(
    start: Start, in_process: InProcess
) -> None:
    simulator = account(start, clock=at(20, 3), list_lag_hours=4, **SMALL)
    # In capitals or not, an address is the same.
    simulator.faults.change("/report/history_meetings", in_capitals)
    life = began_lately(simulator, in_process)
    world, early = simulator.world, set[str]()
    for _ in range(9):
        life.later(hours=2)
        early |= life.rows_of_history().keys() - life.rows_of_lists().keys()
    hosts = {world.uuid(one): world.ids.user(one.series.user) for one in occurrences(world)}
    latest = {row["uuid"]: row["host_id"] for row in life.latest["report_meetings"].values()}
    for uuid in early & latest.keys():
        assert latest[uuid] == hosts[uuid]
        assert life.asked_for["report_meetings", uuid] == 1
    assert life.today == date(2026, 11, 20)
    assert early & latest.keys()


# Hosts, and their rows


@pytest.mark.storm
@pytest.mark.parametrize(
    "size",
    [{"list_lag_hours": 1}, {"list_lag_hours": 5}, {"row_lag_hours": 1}, {"row_lag_hours": 5}],
    ids=str,
)
def test_what_a_list_has_comes_though_it_is_later_than_its_row_or_earlier(
    start: Start, in_process: InProcess, size: dict[str, Any]
) -> None:
    life = began_lately(account(start, clock=at(20, 10, 30), **SMALL, **size), in_process)
    for hours in (1, 1, 1, 5, 1, 1, 1, 5):
        life.later(hours=hours)
        assert life.missing_lately() == set()


@pytest.mark.storm
def test_a_list_that_is_too_late_for_its_row_comes_with_the_second_reading(
    start: Start, in_process: InProcess
) -> None:
    life = began_lately(account(start, clock=at(20, 7), list_lag_hours=15, **SMALL), in_process)
    late = set[str]()
    for _ in range(9):
        life.later(hours=8)
        late |= life.missing_lately()
    assert life.differing(date(2026, 11, 20), life.today - 2 * ONE_DAY) == []


@pytest.mark.storm
@pytest.mark.parametrize("hours", [[9.5, 14.5], [1, 7, 16]], ids=str)
def test_rows_that_stay_while_their_lists_change_are_found_out(
    start: Start, in_process: InProcess, hours: list[float]
) -> None:
    size: dict[str, Any] = {
        **SMALL,
        "users": 50,
        "meetings_per_user": 2,
        "webinars_per_user": 0,
        "frozen_rows": 1.0,
    }
    life = began_lately(account(start, clock=at(20, 7), **size), in_process)
    first, outputs = life.today, []
    for day in range(4):
        for hour in hours:
            life.simulator.clock.set(datetime(2026, 11, 21, tzinfo=UTC) + timedelta(days=day, hours=hour))
            outputs.append(life.good())
    said_so = [
        any("under rows of report/users that have not" in log for log in output.logs) for output in outputs
    ]
    assert any(said_so)
    assert life.missing_lately() == set()
    life.later(hours=2)
    assert life.differing(first, life.today - 2 * ONE_DAY) == []
    asked = {entry.id for entry in life.simulator.journal.of("report_user_meetings")}
    assert len(asked) > 5


# What the user changes


def daily(life: Life, days: int, **config: Any) -> None:
    for _ in range(days):
        life.simulator.clock.advance(days=1)
        life.good(**config)


def listed_late(life: Life, first: date, last: date, hours: int) -> set[str]:
    """What was listed only after the sync that found its day done, where syncs come at noon."""
    world = life.simulator.world
    return {
        world.uuid(one)
        for one in occurrences(world)
        if first <= day_of(one) <= last and one.end + hours * HOUR > midnight(day_of(one) + ONE_DAY) + DAY / 2
    }


@pytest.mark.storm
def test_without_a_lookback_what_came_late_is_missing_and_nothing_else(
    start: Start, in_process: InProcess
) -> None:
    late: dict[str, Any] = {"late_listing_hours": 20, "late_listing": 0.6}
    life = began_lately(account(start, clock=at(20, 12), **SMALL, **late), in_process, lookback_days=0)
    daily(life, 4)
    days = date(2026, 11, 20), date(2026, 11, 22)
    missing = life.differing(*days)
    assert missing
    assert all(" lacks " in one for one in missing)
    assert life.differing(*days, listed_late(life, *days, 20)) == []


@pytest.mark.storm
@pytest.mark.parametrize(("before", "after"), [(7, 2), (2, 0), (0, 3)])
def test_the_lookback_may_change_between_syncs(
    start: Start, in_process: InProcess, before: int, after: int
) -> None:
    late: dict[str, Any] = {"late_listing_hours": 20, "late_listing": 0.6}
    life = began_lately(account(start, clock=at(20, 12), **SMALL, **late), in_process, lookback_days=before)
    daily(life, 3, lookback_days=before)
    changed = life.today
    daily(life, 1, lookback_days=after)
    daily(life, 3, lookback_days=after)
    first, last = date(2026, 11, 20), life.today - max(after, 1) * ONE_DAY - ONE_DAY
    unseen = set() if after else listed_late(life, changed - 2 * ONE_DAY, last, 20)
    assert life.differing(first, last, unseen) == []


@pytest.mark.storm
@pytest.mark.parametrize("is_reset", [False, True], ids=["added", "reset"])
def test_a_stream_that_comes_later_reads_all_and_disturbs_no_other(
    start: Start, in_process: InProcess, *, is_reset: bool
) -> None:
    name = "report_meeting_participants"
    life = Life(account(start, clock=at(20, 12), **SMALL), in_process)
    if not is_reset:
        life.streams.remove(name)
    life.good()
    life.later(hours=3)
    life.states.pop(name, None)
    life.latest.pop(name, None)
    life.streams = OF_THE_PAST
    output = life.good()
    assert output.record_counts.keys() == {name}
    assert life.differing(date.min, life.today) == []
    output = life.good()
    assert life.requests <= MOST_UNCHANGED
    assert not output.of("RECORD")


@pytest.mark.storm
def test_a_stream_whose_scope_is_missing_for_weeks_comes_again_and_costs_the_others_nothing(
    start: Start, in_process: InProcess
) -> None:
    name = "report_meeting_participants"
    scopes = ROUTES[name].granular_scopes
    life = began_lately(account(start, clock=at(20, 12), **SMALL), in_process)
    life.simulator.oauth.revoke(*scopes)
    for days in (1, 15, 15, 1):
        life.simulator.clock.advance(days=days)
        assert incomplete(life.run()) == {name}
        asked_from = [entry.url.split("from=")[1][:10] for entry in life.simulator.journal.of("report_hosts")]
        assert min(asked_from) >= (life.today - (days + 3) * ONE_DAY).isoformat()
    life.simulator.oauth.grant(*scopes)
    life.later(hours=1)
    assert life.differing(date(2026, 11, 18), life.today) == []


@pytest.mark.storm
def test_two_connections_of_one_account_do_not_disturb_each_other(
    start: Start, in_process: InProcess
) -> None:
    simulator = account(start, clock=at(20, 10), growth_hours=3, **SMALL)
    one, other = (began_lately(simulator, in_process) for _ in range(2))
    for hours in (3, 12, 5):
        simulator.clock.advance(hours=hours)
        one.good()
        output = other.good()
        assert asked_uuids(one) == asked_uuids(other)
        assert not one.good().of("RECORD")
        assert output.of("RECORD")
        assert other.differing(other.today - ONE_DAY, other.today) == []


# Whatever happens


@dataclass(frozen=True)
class Story:
    """An account that lives, and what happens to it from sync to sync.

    hour     of the day at which the account begins
    size     how it lives
    is_new   whether the first sync has no state, so that both ways lead to past occurrences
    hours    between one sync and the next
    kills    by sync: after which share of its messages it is killed
    caps     by sync: how many HEAVY requests Zoom allows on its day
    """

    seed: int
    hour: int
    size: Mapping[str, float]
    is_new: bool
    lookback: int
    hours: Sequence[float]
    kills: Mapping[int, float]
    caps: Mapping[int, int]


SYNCS = 8
STORIES = st.builds(
    Story,
    seed=st.integers(1, 10_000),
    hour=st.integers(0, 23),
    # In sum, less than the day after which the second reading comes at the earliest.
    size=st.fixed_dictionaries(
        {
            "growth_hours": st.sampled_from([0, 3, 5]),
            "list_lag_hours": st.sampled_from([0, 0.5, 4]),
            "row_lag_hours": st.sampled_from([0, 1]),
            "late_listing_hours": st.sampled_from([0, 9]),
            "late_hours": st.sampled_from([0, 2]),
            "frozen_rows": st.sampled_from([0, 0, 0.5]),
        }
    ),
    is_new=st.booleans(),
    lookback=st.integers(2, 3),
    hours=st.lists(st.sampled_from([0.2, 1, 5, 8, 24, 30, 72]), max_size=SYNCS - 1),
    kills=st.dictionaries(st.integers(0, SYNCS - 1), st.floats(0, 0.95), max_size=2),
    caps=st.dictionaries(st.integers(0, SYNCS - 1), st.sampled_from([3, 15, 60]), max_size=2),
)


def assert_holds(story: Story, simulator: Simulator, in_process: InProcess) -> None:
    life = Life(simulator, in_process, lookback_days=story.lookback)
    if not story.is_new:
        life.begin_lately()
    first = life.today - ONE_DAY
    for number in range(1 + len(story.hours)):
        simulator.clock.advance(hours=story.hours[number - 1] if number else 0)
        one_sync(life, story.kills.get(number), story.caps.get(number))
    # What happened last has its second reading, and what was owed comes with the sync after.
    for _ in range(story.lookback + 1):
        simulator.clock.advance(days=1)
        assert one_sync(life) == 0
    life.good()
    last = life.today - story.lookback * ONE_DAY
    # What the instances alone have named is read once, though its attendance may grow; and what went on at
    # midnight has its second reading with the day of its end.
    later = {simulator.world.uuid(one) for one in occurrences(simulator.world) if end_day_of(one) > last}
    assert life.differing(first, last, later | alone_since(simulator.world, 0)) == []
    for (stream, uuid), times in life.asked_for.items():
        assert times <= 2 + life.changes[uuid], (stream, uuid)


def one_sync(life: Life, killed_at: float | None = None, cap: int | None = None) -> int | None:
    """A sync; what one that breaks off has asked for is asked for again, and what it owes, by the next.

    Returns its exit code; None where it was killed.
    """
    limits, states, asked_for = life.simulator.limits, dict(life.states), Counter(life.asked_for)
    limits.per_day = {"HEAVY": cap} if cap else {}
    code = None
    if killed_at is not None:
        life.run_and_kill(killed_at)
    else:
        code = life.run().code
    limits.per_day = {}
    is_limited = any(entry.status == 429 for entry in life.simulator.journal.entries)
    is_owed = any("owed" in state["stream"]["stream_state"] for state in states.values())
    if killed_at is not None or is_limited or is_owed:
        life.asked_for = asked_for
    for name, before in states.items():
        after, old = life.state(name), before["stream"]["stream_state"]
        for key in (str(CLASSES[name].cursor_field), "reread"):
            assert after.get(key, "") >= old.get(key, ""), (name, key)
    return code


@pytest.mark.storm
@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    suppress_health_check=ANY_FIXTURE,
    phases=[Phase.generate],
)
@given(story=STORIES)
def test_in_some_lives_all_comes_as_it_was_last_and_nothing_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, story: Story
) -> None:
    live(story, tmp_path, monkeypatch)


@pytest.mark.outcomes
@settings(max_examples=60, deadline=None, suppress_health_check=ANY_FIXTURE)
@given(story=STORIES)
def test_in_any_life_all_comes_as_it_was_last_and_nothing_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, story: Story
) -> None:
    live(story, tmp_path, monkeypatch)


def live(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = Size(**{"past_occurrences": 2, **SMALL, **story.size})
    with Simulator(story.seed, size, clock=at(20, story.hour), plan="unlimited") as simulator:
        assert_holds(story, simulator, InProcess(tmp_path, monkeypatch))


# What a sync of 1,000 hosts who hold 5,000 occurrences a day takes in any case: 4 lists of the hosts, and
# 34 pages of the history of two days, and as many again where half of it has polls and questions.
OF_A_SYNC = 4 + 34 + 34


@pytest.mark.storm
def test_syncs_by_the_hour_cost_what_has_changed(start: Start, in_process: InProcess) -> None:
    """Some eighteen hosts, each with five occurrences a day, for three days."""
    size = {"users": 20, "meetings_per_user": 17, "webinars_per_user": 1, "unlisted_per_user": 3}
    alive = {"growth_hours": 2, "late_listing_hours": 9, "daily_hours": 9}
    life = began_lately(account(start, clock=at(20, 12), **size, **alive), in_process)
    life.streams = [name for name in OF_THE_PAST if CLASSES[name] not in ANSWERS]
    world, journal, before = life.simulator.world, life.simulator.journal, {*life.asked_for}
    heavy = of_syncs = lists = changes = 0
    for hour in range(72):
        life.later(hours=1)
        heavy += journal.requests["HEAVY"]
        changes += len(life.changed)
        of_syncs += len(journal.of("report_hosts")) + len(journal.of("report_history_meetings"))
        if hour % 24 == 0:
            lists += 3 * len(world.hosts(life.today - ONE_DAY, life.today, world.now()))
    read = sum(ROUTES[name].label == "HEAVY" for name, _ in life.asked_for)
    assert heavy <= 1.2 * (lists + changes + 2 * read)
    found = {uuid for _, uuid in life.asked_for.keys() - before}
    assert (heavy - of_syncs) / len(found) * 5_000 + 24 * OF_A_SYNC <= 60_000
