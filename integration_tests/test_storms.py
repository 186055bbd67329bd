"""Faults of every kind at once: whatever Zoom and the network do, the output is the account."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integration_tests.completeness import CLASSES, LISTS, assert_complete, canonical, expected
from integration_tests.conftest import (
    STREAM_NAMES,
    InProcess,
    Output,
    Start,
    oauth,
    server_to_server,
    still_clock,
)
from integration_tests.harness import Json
from integration_tests.outcomes import free_what_syncs_left
from integration_tests.zoom_simulator import Simulator, Size, World, truth
from integration_tests.zoom_simulator.clock import report_windows
from integration_tests.zoom_simulator.faults import KINDS as KINDS_OF_FAULTS
from integration_tests.zoom_simulator.faults import Faults
from integration_tests.zoom_simulator.ids import KINDS, Kind
from integration_tests.zoom_simulator.refusals import PROXY_PAGE, paid_only
from integration_tests.zoom_simulator.routes import ROUTES
from integration_tests.zoom_simulator.units import Listed
from integration_tests.zoom_simulator.world import Occurrence, Series
from source_zoom.counts import NAMED_FAILURES
from source_zoom.engine.tally import MOST_REFUSED, REFUSED_SHARE


def assert_weathers(start: Start, in_process: InProcess, rate: float, seed: int, users: int) -> None:
    faults = Faults(seed, rate, tokens=True, slow_seconds=0.01)
    simulator = start(seed, Size(users=users), clock=still_clock(), plan="unlimited", faults=faults)
    in_process.without_waiting()
    output = in_process.read(server_to_server(simulator))
    assert output.code == 0
    assert output.errors == []
    for name in STREAM_NAMES:
        assert_complete(simulator, output, CLASSES[name])
    met = Counter(entry.fault for entry in simulator.journal.entries if entry.fault)
    assert set(met) == set(KINDS_OF_FAULTS)
    assert met.total() > 0.7 * rate * len(simulator.journal.entries)


@pytest.mark.storm
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_a_storm_costs_no_row(start: Start, in_process: InProcess, rate: float, seed: int) -> None:
    assert_weathers(start, in_process, rate, seed, users=12)


def test_a_small_storm_costs_no_row(start: Start, in_process: InProcess) -> None:
    assert_weathers(start, in_process, 0.2, seed=7, users=3)


def test_a_storm_with_rotating_tokens_costs_no_row(start: Start, in_process: InProcess) -> None:
    """Every refresh replaces the refresh token, and before that it may fail, too.

    An answer that is lost after the replacement is a test of its own.
    """
    faults = Faults(3, 0.3, slow_seconds=0.01, tokens=True)
    simulator = start(3, Size(users=3), clock=still_clock(), plan="unlimited", faults=faults)
    in_process.without_waiting()
    output = in_process.read(oauth(simulator))
    assert output.code == 0
    assert output.errors == []
    for name in STREAM_NAMES:
        assert_complete(simulator, output, CLASSES[name])
    controls = [control["connectorConfig"]["config"]["credentials"] for control in output.of("CONTROL")]
    assert len(controls) > 2
    assert controls[-1]["refresh_token"] == simulator.oauth.refresh_token
    assert {entry.status for entry in simulator.journal.of("token")} > {200}


class Fate(NamedTuple):
    """What one resource answers for ever.

    reason       that of the skip, or "" where it cannot be read
    is_withheld  whether the reason is one that may go away
    is_unknown   whether Zoom itself refuses it in words that nobody knows
    """

    status: int
    body: object
    reason: str = ""
    is_withheld: bool = False
    is_unknown: bool = False


NOBODY = Fate(400, {"code": 1010, "message": "User does not belong to this account."})
LEFT = NOBODY._replace(reason="the user left the account")
# A user's absence in an answer about a meeting says nothing about the meeting.
NO_WORD = NOBODY._replace(is_unknown=True)
OLD = Fate(400, {"code": 12702, "message": "Can not access meeting a year ago."}, "it is older than one year")
GONE = Fate(404, {"code": 3001, "message": "It does not exist."}, "it does not exist (any more)")
PAID = Fate(*paid_only("somebody"), "Zoom offers this to paid plans only", is_withheld=True)
BLOCKED = Fate(*PROXY_PAGE)
NEW = Fate(400, {"code": 999, "message": "Something new."}, is_unknown=True)
DOWN = Fate(500, {"code": 500, "message": "Internal server error."})

PARENTS = sorted(route for route in LISTS if "*" in ROUTES[route].path)
OF_USERS = [route for route in PARENTS if "user_" in route]
OF_MEETINGS = [route for route in PARENTS if route not in OF_USERS]
LEAVES = (
    "meetings",
    "meeting_registrants",
    "webinars",
    "webinar_panelists",
    "report_meeting_participants",
    "webinar_absentees",
)
INDEX = st.integers(0, 500)
DRAWS = st.one_of(
    st.tuples(st.sampled_from(OF_USERS), INDEX, st.sampled_from([LEFT, OLD, PAID, BLOCKED, NEW, DOWN])),
    st.tuples(
        st.sampled_from([*OF_MEETINGS, *LEAVES]),
        INDEX,
        st.sampled_from([NO_WORD, OLD, GONE, PAID, BLOCKED, NEW, DOWN]),
    ),
)
Draw = tuple[str, int, Fate]


class Fated:
    """An account in which some resources have a fate: what is left to read, worked out from the world."""

    def __init__(self, world: World, draws: Iterable[Draw]) -> None:
        self.world = world
        self.now = world.now()
        self.users = range(world.size.users)
        self.fates: defaultdict[str, dict[int | str, Fate]] = defaultdict(dict)
        pools = {
            route: sorted(self.reached(route) - self.answered_elsewhere(route))
            for route in (*PARENTS, *LEAVES)
        }
        for route, index, fate in draws:
            if pools[route]:
                self.fates[route][pools[route][index % len(pools[route])]] = fate

    def reached(self, route: str) -> set[Any]:
        """The ids that are asked for on this route, and have an answer of their own in the account."""
        world, kind = self.world, ROUTES[route].kind
        match route:
            case "user_meetings":
                users = [u for u in self.users if world.is_licensed(u) and not world.is_deleted(u)]
                return {world.ids.user(user) for user in users}
            case "user_webinars":
                return {world.ids.user(user) for user in self.users if world.has_webinars(user)}
            case "report_user_meetings":
                return {world.ids.user(user) for user in self.users if self.months_of(user)}
        return set(self.found(kind) if route in truth.PAST else self.listed(kind))

    def answered_elsewhere(self, route: str) -> set[Any]:
        """The ids for which Zoom's answer on another route may be enough."""
        units = ROUTES[route].units
        if not (isinstance(units, Listed) and units.of_registration):
            return set()
        listed = self.listed(ROUTES[route].kind).items()
        return {id_ for id_, series in listed if not series.gone and not series.pattern.registers}

    def months_of(self, user: int) -> list[tuple[date, date]]:
        """The months in which a user is named as a host."""
        months = report_windows(self.world.clock.today())
        return [month for month in months if user in {row.user for row in self.world.hosts(*month, self.now)}]

    def listed(self, kind: Kind) -> dict[int, Series]:
        """What the lists of all users hold, but for those that have a fate."""
        lost = self.fates[f"user_{kind}s"]
        return {
            series.id: series
            for user in self.users
            if self.world.ids.user(user) not in lost
            for series in self.world.listed(kind, user, self.now)
        }

    def found(self, kind: Kind) -> dict[str, Occurrence]:
        """The past occurrences that instances, reports or the history name."""
        world = self.world
        of_lists = (
            occurrence
            for series in self.listed(kind).values()
            if not series.gone and series.id not in self.fates[f"past_{kind}_instances"]
            for occurrence in world.instances(series, self.now)
        )
        of_reports = (
            occurrence
            for user in self.users
            if world.ids.user(user) not in self.fates["report_user_meetings"]
            for month in self.months_of(user)
            for occurrence in world.reported(user, *month, self.now)
            if occurrence.series.kind == kind
        )
        months = report_windows(world.clock.today())
        of_history = (
            occurrence
            for month in months
            for occurrence in world.history(*month, self.now)
            if occurrence.series.kind == kind
        )
        found = chain(of_lists, of_reports, of_history)
        return {world.uuid(occurrence): occurrence for occurrence in found}

    def rows(self, simulator: Simulator, stream: str) -> list[Json]:
        """What is left of a stream."""
        lost = self.fates[stream]
        if stream not in truth.PAST and stream not in truth.PLANNED:
            return expected(simulator, CLASSES[stream], lambda parent: parent.get("host_id") not in lost)
        key = "uuid" if stream in truth.PAST else "id"
        left = self.reached(stream) - set(lost)
        return expected(simulator, CLASSES[stream], lambda parent: parent[key] in left)

    def met(self) -> Iterator[tuple[str, str, Fate, int]]:
        """(route, resource, fate, how many requests meet it) of every fate that anybody meets."""
        for route, fates in self.fates.items():
            for id_ in self.reached(route) & set(fates):
                months = route == "report_user_meetings" and self.months_of(self.world.ids.user_at(id_) or 0)
                yield route, ROUTES[route].url(id_).lstrip("/"), fates[id_], len(months) if months else 1

    def tolerated(self, route: str) -> list[str]:
        """The resources of a stream without a memory that a few unknown words do not make incomplete."""
        unknown = [resource for r, resource, fate, _ in self.met() if r == route and fate.is_unknown]
        is_few = len(unknown) <= min(MOST_REFUSED, REFUSED_SHARE * len(self.reached(route)))
        return unknown if route in truth.PLANNED and is_few else []

    def withheld_anyway(self, route: str) -> int:
        """How many of a route's resources Zoom withholds without any fate."""
        users = [user for user in self.users if not self.world.is_deleted(user)]
        if route == "user_meetings":
            return sum(not self.world.is_licensed(user) for user in users)
        return sum(not self.world.has_webinars(user) for user in users) if route == "user_webinars" else 0

    def skipped_anyway(self, route: str, reason: str) -> int:
        """How many of a route's resources are skipped for this reason without any fate."""
        kind, lost = ROUTES[route].kind, self.fates[route]
        if route in truth.PAST and reason == OLD.reason:
            found = self.found(kind).items()
            return sum(u not in lost and not self.world.is_readable(o, self.now) for u, o in found)
        if reason != GONE.reason:
            return 0
        listed = [series for id_, series in self.listed(kind).items() if id_ not in lost]
        if route in OF_MEETINGS:
            return sum(not self.world.has_instances(series, self.now) for series in listed)
        return sum(series.gone for series in listed) if route in truth.PLANNED else 0


def everywhere(fate: Fate, index: int) -> list[Draw]:
    """The same fate for one resource of each route."""
    return [(route, index, fate) for route in (*PARENTS, *LEAVES)]


def streams_behind(route: str) -> set[str]:
    """The streams that miss something where a resource of this route cannot be read."""
    if route not in LISTS:
        return {route}
    kinds = KINDS if route == "report_user_meetings" else (ROUTES[route].kind,)
    planned = {stream for stream, kind in truth.PLANNED.items() if kind in kinds}
    past = {stream for stream, kind in truth.PAST.items() if kind in kinds}
    own = {route} & set(STREAM_NAMES)
    return own | past | (planned if route.startswith("user_") else set())


# Every user's part and every pattern of a meeting and of a webinar are in it.
WHOLE = Size(users=6, past_occurrences=2)
# One of its webinars has a slash in its UUID.
FEW = Size(
    users=4, meetings_per_user=0, webinars_per_user=0, unlisted_per_user=0, past_occurrences=3, registrants=1
)
SIZES = st.builds(
    Size,
    users=st.integers(1, 6),
    meetings_per_user=st.sampled_from([0, 2, 6, 14]),
    webinars_per_user=st.sampled_from([0, 1, 5]),
    unlisted_per_user=st.integers(0, 3),
    past_occurrences=st.integers(1, 3),
    participants=st.sampled_from([0, 1, 8, 301]),
    registrants=st.sampled_from([1, 6, 301]),
)


@pytest.mark.storm
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(1, 10_000),
    size=SIZES,
    rate=st.sampled_from([0.0, 0.1, 0.3]),
    kinds=st.sets(st.sampled_from(KINDS_OF_FAULTS), min_size=1),
    draws=st.lists(DRAWS, max_size=5),
    credentials=st.sampled_from([server_to_server, oauth]),
)
@example(1, WHOLE, 0.0, set(KINDS_OF_FAULTS), [], oauth)
@example(2, WHOLE, 0.1, set(KINDS_OF_FAULTS), everywhere(OLD, 3), server_to_server)
@example(3, WHOLE, 0.0, set(KINDS_OF_FAULTS), everywhere(NEW, 5), oauth)
@example(4, WHOLE, 0.0, set(KINDS_OF_FAULTS), everywhere(PAID, 2), server_to_server)
@example(5, WHOLE, 0.1, set(KINDS_OF_FAULTS), everywhere(BLOCKED, 4), server_to_server)
@example(1, Size(users=1), 0.0, {"500"}, [("past_meeting_instances", 0, GONE)], server_to_server)
@example(287, Size(users=2), 0.0, {"500"}, [("report_user_meetings", 5, LEFT)], server_to_server)
@example(2123, FEW, 0.0, {"500"}, [("webinar_absentees", 297, GONE)], server_to_server)
def test_the_output_is_the_account_less_what_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    size: Size,
    rate: float,
    kinds: set[str],
    draws: list[Draw],
    credentials: Callable[[Simulator], Json],
) -> None:
    free_what_syncs_left()
    faults = Faults(seed, rate, sorted(kinds), slow_seconds=0.01, tokens=True)
    with Simulator(seed, size, clock=still_clock(), plan="unlimited", faults=faults) as simulator:
        # While many requests are repeated, the clock must not run through ten minutes between two of them.
        assert_left(simulator, InProcess(tmp_path, monkeypatch), draws, credentials, faster=50)


# Each with one fate, in turn, and with the others among the storms.
FATES = {"new": NEW, "blocked": BLOCKED, "paid": PAID}
ONE_OF_EACH = [
    pytest.param(route, fate, id=f"{route}-{name}", marks=[pytest.mark.storm] if (place + turn) % 3 else [])
    for place, route in enumerate([*PARENTS, *LEAVES])
    for turn, (name, fate) in enumerate(FATES.items())
]


@pytest.mark.parametrize(("route", "fate"), ONE_OF_EACH)
def test_one_resource_that_fails_costs_what_hangs_on_it(
    start: Start, in_process: InProcess, route: str, fate: Fate
) -> None:
    simulator = start(5, Size(users=3, past_occurrences=2), clock=still_clock(), plan="unlimited")
    assert_left(simulator, in_process, [(route, 1, fate)], server_to_server)


def assert_left(
    simulator: Simulator,
    in_process: InProcess,
    draws: Iterable[Draw],
    credentials: Callable[[Simulator], Json],
    faster: int = 1000,
) -> None:
    """Read everything of an account in which some resources have a fate: all the rest is there."""
    account = Fated(simulator.world, draws)
    for route, fates in account.fates.items():
        for id_, fate in fates.items():
            # What is not found is asked for in the other encoding as well.
            path = re.sub("%(?:25)?", "%(?:25)?", re.escape(ROUTES[route].url(id_)))
            simulator.faults.reply(rf"^/v2{path}(\?|$)", fate.status, fate.body)
    in_process.without_waiting(faster)
    output = in_process.read(credentials(simulator))
    met = list(account.met())
    tolerated = {route: account.tolerated(route) for route in LEAVES}
    failed = [
        (route, resource, requests)
        for route, resource, fate, requests in met
        if not fate.reason and resource not in tolerated.get(route, ())
    ]
    incomplete = {stream for route, _, _ in failed for stream in streams_behind(route)}
    for name in STREAM_NAMES:
        # What only the history names where a host's list is refused has no host.
        unknown = {"host_id"} if name in truth.PAST else set[str]()
        left = canonical(account.rows(simulator, name), {*CLASSES[name].host_secrets, *unknown})
        assert canonical(output.records(name), {"row_id", *unknown}) == left, name
    assert {name for name, status in output.statuses.items() if status != "COMPLETE"} == incomplete
    assert output.code == bool(failed)
    assert_failures_are_named(failed, output)
    assert_skips_are_counted(account, met, output.logs)
    assert_warnings_count(account, met, tolerated, output.logs)
    assert "Traceback" not in output.text


def assert_failures_are_named(failed: list[tuple[str, str, int]], output: Output) -> None:
    for route in {route for route, _, _ in failed}:
        resources = [resource for r, resource, _ in failed if r == route]
        requests = sum(number for r, _, number in failed if r == route)
        summary = output.errors[-1]["message"]
        said = re.search(rf"\b{LISTS.get(route, route)} \({requests} not read: ([^)]*)\)", summary)
        assert said, route
        named = said[1].split(", ")
        assert len([name for name in named if name.startswith(tuple(resources))]) == min(
            requests, NAMED_FAILURES
        )
        assert requests > NAMED_FAILURES or all(resource in said[1] for resource in resources)
    for stream in {stream for route, _, _ in failed for stream in streams_behind(route)}:
        messages = [error["message"] for error in output.errors[:-1] if of_stream(error) == stream]
        resources = [resource for route, resource, _ in failed if stream in streams_behind(route)]
        assert any(resource in message for resource in resources for message in messages), stream


def assert_warnings_count(
    account: Fated,
    met: list[tuple[str, str, Fate, int]],
    tolerated: dict[str, list[str]],
    logs: list[str],
) -> None:
    """One WARN for each stream or list says what Zoom withholds, one what it refuses in unknown words."""
    withheld = Counter(route for route, _, fate, _ in met if fate.is_withheld)
    for route in (*PARENTS, *LEAVES):
        name = LISTS.get(route, route)
        number = withheld[route] + account.withheld_anyway(route)
        said = [log for log in logs if log.startswith(f"WARN {name}: ") and " withheld by Zoom: " in log]
        assert [log.split()[2] for log in said] == ([str(number)] if number else []), name
    for route in LEAVES:
        said = [log for log in logs if log.startswith(f"WARN {route}: ") and " refused by Zoom: " in log]
        assert [log.split()[2] for log in said] == ([str(len(tolerated[route]))] if tolerated[route] else [])
        assert all(resource in log for log in said for resource in tolerated[route])


def of_stream(error: Json) -> str:
    return str(error["stream_descriptor"]["name"])


def assert_skips_are_counted(account: Fated, met: list[tuple[str, str, Fate, int]], logs: list[str]) -> None:
    skips = Counter[tuple[str, str]]()
    for route, _, fate, requests in met:
        skips[route, fate.reason] += requests
    for route, reason in skips:
        if not reason:
            continue
        name = LISTS.get(route, route)
        anyway = account.skipped_anyway(route, reason)
        summary = next(log for log in logs if f"Summary of {name}: " in log)
        counted = re.search(rf"{re.escape(reason)}: (\d+)", summary)
        assert counted
        assert counted[1] == str(skips[route, reason] + anyway)
        [example] = [log for log in logs if f" {name}: skipped " in log and reason in log]
        resources = [resource for r, resource, fate, _ in met if (r, fate.reason) == (route, reason)]
        assert anyway or any(
            re.search(rf" skipped {re.escape(resource)}(\?\S+)?: ", example) for resource in resources
        )
