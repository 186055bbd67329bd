"""Faults of every kind at once: whatever Zoom and the network do, the output is the account."""

import json
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

from integration_tests.completeness import CLASSES, HOST_SECRETS, LISTS, assert_complete, canonical, expected
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
from integration_tests.zoom_simulator import Simulator, Size, World, truth
from integration_tests.zoom_simulator.clock import report_windows
from integration_tests.zoom_simulator.faults import KINDS as KINDS_OF_FAULTS
from integration_tests.zoom_simulator.faults import Faults
from integration_tests.zoom_simulator.ids import KINDS, Kind
from integration_tests.zoom_simulator.routes import ROUTES
from integration_tests.zoom_simulator.world import Occurrence, Series


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
    assert_weathers(start, in_process, rate, seed, users=20)


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
    """What one resource answers for ever; `reason` is that of the skip, or "" where it cannot be read."""

    status: int
    body: object
    reason: str = ""


LEFT = Fate(
    400, {"code": 1010, "message": "User does not belong to this account."}, "the user left the account"
)
OLD = Fate(400, {"code": 12702, "message": "Can not access meeting a year ago."}, "it is older than one year")
GONE = Fate(404, {"code": 3001, "message": "It does not exist."}, "it does not exist (any more)")
BLOCKED = Fate(403, "<html>Blocked</html>", "a proxy or a firewall refuses it")
NEW = Fate(400, {"code": 999, "message": "Something new."})
DOWN = Fate(500, {"code": 500, "message": "Internal server error."})

PARENTS = sorted(set(LISTS) - {"report_hosts"})
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
    st.tuples(st.sampled_from(PARENTS), INDEX, st.sampled_from([LEFT, OLD, BLOCKED, NEW, DOWN])),
    st.tuples(st.sampled_from(LEAVES), INDEX, st.sampled_from([LEFT, OLD, GONE, BLOCKED, NEW, DOWN])),
)
Draw = tuple[str, int, Fate]


class Fated:
    """An account in which some resources have a fate: what is left to read, worked out from the world."""

    def __init__(self, world: World, draws: Iterable[Draw]) -> None:
        self.world = world
        self.now = world.now()
        self.users = range(world.size.users)
        self.fates: defaultdict[str, dict[int | str, Fate]] = defaultdict(dict)
        pools = {route: sorted(self.reached(route)) for route in (*PARENTS, *LEAVES)}
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
        """The past occurrences that instances or reports name."""
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
        return {world.uuid(occurrence): occurrence for occurrence in chain(of_lists, of_reports)}

    def rows(self, simulator: Simulator, stream: str) -> list[Json]:
        """What is left of a stream."""
        lost = self.fates[stream]
        if stream == "users":
            return expected(simulator, CLASSES[stream])
        key = "uuid" if stream in truth.PAST else "id"
        left = self.reached(stream) - set(lost)
        return expected(simulator, CLASSES[stream], lambda parent: parent[key] in left)

    def met(self) -> Iterator[tuple[str, str, Fate, int]]:
        """(route, resource, fate, how many requests meet it) of every fate that anybody meets."""
        for route, fates in self.fates.items():
            for id_ in self.reached(route) & set(fates):
                months = route == "report_user_meetings" and self.months_of(self.world.ids.user_at(id_) or 0)
                yield route, ROUTES[route].url(id_).lstrip("/"), fates[id_], len(months) if months else 1

    def skipped_anyway(self, route: str, reason: str) -> int:
        """How many of a route's resources are skipped for this reason without any fate."""
        kind, lost = ROUTES[route].kind, self.fates[route]
        if route in truth.PAST and reason == OLD.reason:
            found = self.found(kind).items()
            return sum(u not in lost and not self.world.is_readable(o, self.now) for u, o in found)
        if route in truth.PLANNED and reason == GONE.reason:
            return sum(series.gone and id_ not in lost for id_, series in self.listed(kind).items())
        return 0


def streams_behind(route: str) -> set[str]:
    """The streams that miss something where a resource of this route cannot be read."""
    if route not in LISTS:
        return {route}
    kinds = KINDS if route == "report_user_meetings" else (ROUTES[route].kind,)
    planned = {stream for stream, kind in truth.PLANNED.items() if kind in kinds}
    past = {stream for stream, kind in truth.PAST.items() if kind in kinds}
    return past | planned if route.startswith("user_") else past


# Every user's part and every pattern of a meeting and of a webinar are in it.
WHOLE = Size(users=6, past_occurrences=2)
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
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(1, 10_000),
    size=SIZES,
    rate=st.sampled_from([0.0, 0.1, 0.3]),
    kinds=st.sets(st.sampled_from(KINDS_OF_FAULTS), min_size=1),
    draws=st.lists(DRAWS, max_size=5),
    credentials=st.sampled_from([server_to_server, oauth]),
)
@example(1, WHOLE, 0.0, set(KINDS_OF_FAULTS), [], oauth)
@example(
    2, WHOLE, 0.1, set(KINDS_OF_FAULTS), [(route, 3, OLD) for route in (*PARENTS, *LEAVES)], server_to_server
)
@example(3, WHOLE, 0.0, set(KINDS_OF_FAULTS), [(route, 5, NEW) for route in (*PARENTS, *LEAVES)], oauth)
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
    faults = Faults(seed, rate, sorted(kinds), slow_seconds=0.01, tokens=True)
    with Simulator(seed, size, clock=still_clock(), plan="unlimited", faults=faults) as simulator:
        assert_left(simulator, InProcess(tmp_path, monkeypatch), draws, credentials)


@pytest.mark.parametrize("route", [*PARENTS, *LEAVES])
def test_one_resource_that_fails_costs_what_hangs_on_it(
    start: Start, in_process: InProcess, route: str
) -> None:
    simulator = start(5, Size(users=3, past_occurrences=2), clock=still_clock(), plan="unlimited")
    assert_left(simulator, in_process, [(route, 1, NEW)], server_to_server)


def assert_left(
    simulator: Simulator,
    in_process: InProcess,
    draws: Iterable[Draw],
    credentials: Callable[[Simulator], Json],
) -> None:
    """Read everything of an account in which some resources have a fate: all the rest is there."""
    account = Fated(simulator.world, draws)
    for route, fates in account.fates.items():
        for id_, (status, body, _) in fates.items():
            path = re.escape(ROUTES[route].url(id_))
            simulator.faults.reply(rf"^/v2{path}(\?|$)", status, body)
    in_process.without_waiting()
    output = in_process.read(credentials(simulator))
    met = list(account.met())
    failed = [(route, resource) for route, resource, fate, _ in met if not fate.reason]
    incomplete = {stream for route, _ in failed for stream in streams_behind(route)}
    for name in STREAM_NAMES:
        left = canonical(account.rows(simulator, name), HOST_SECRETS)
        assert canonical(output.records(name), {"row_id"}) == left, name
    assert {name for name, status in output.statuses.items() if status != "COMPLETE"} == incomplete
    assert output.code == bool(failed)
    assert_failures_are_named(failed, output)
    assert_skips_are_counted(account, met, output.logs)
    assert "Traceback" not in output.text


def assert_failures_are_named(failed: list[tuple[str, str]], output: Output) -> None:
    text = json.dumps(output.errors)
    assert [resource for _, resource in failed if resource not in text] == []
    for stream in {stream for route, _ in failed for stream in streams_behind(route)}:
        said = [error["message"] for error in output.errors[:-1] if of_stream(error) == stream]
        resources = [resource for route, resource in failed if stream in streams_behind(route)]
        assert any(resource in message for resource in resources for message in said), stream


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
        assert anyway or any(f"skipped {resource}: " in example for resource in resources)
