"""What tests of refusals share: an account that is read again and again, and what is left of it to read."""

import gc
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import count
from typing import Any

import pytest

from integration_tests.completeness import CLASSES, canonical, expected, inherited
from integration_tests.conftest import (
    STREAM_NAMES,
    Connector,
    InProcess,
    Output,
    Start,
    server_to_server,
    still_clock,
)
from integration_tests.harness import Json, inherits_of
from integration_tests.zoom_simulator import Clock, Simulator, Size, World, truth
from integration_tests.zoom_simulator.clock import report_windows
from integration_tests.zoom_simulator.faults import Faults
from integration_tests.zoom_simulator.ids import KINDS, Kind
from integration_tests.zoom_simulator.refusals import (
    EMPTY_NOT_FOUND,
    NO_HOST,
    NO_PERMISSION,
    NO_WEBINAR_PLAN,
    PROXY_PAGE,
    UNKNOWN_CODE,
    Refusal,
    paid_only,
)
from integration_tests.zoom_simulator.routes import ROUTES, Route
from integration_tests.zoom_simulator.units import Hosted
from source_zoom.engine.parents import Parent
from source_zoom.engine.stream import ZoomStream
from source_zoom.source import with_parents
from source_zoom.streams import STREAMS
from source_zoom.streams.past import ReportHosts
from source_zoom.streams.recordings import ListedRecordings

# Zoom's words about the plan or the licence of one host, and pages of somebody between Zoom and its reader.
WITHHELD = {"paid": paid_only("somebody"), "host": NO_HOST, "plan": NO_WEBINAR_PLAN}
FOREIGN = {
    "a page": PROXY_PAGE,
    "a page not found": Refusal(404, PROXY_PAGE.body),
    "nothing not found": EMPTY_NOT_FOUND,
    "no code": Refusal(403, {"message": "Blocked by policy."}),
}
UNREAD = {**FOREIGN, "unknown": UNKNOWN_CODE, "no permission": NO_PERMISSION}

KINDS_OF_STREAMS: list[type[ZoomStream]] = sorted(
    (kind for kind in with_parents(STREAMS) if issubclass(kind, ZoomStream)), key=lambda kind: kind.__name__
)
# What other streams hang on, whether it is a stream as well or not.
LISTS = [
    kind for kind in KINDS_OF_STREAMS if any(kind in one.parent_classes() for one in with_parents(STREAMS))
]
LISTS_OF_THE_ACCOUNT = [kind for kind in LISTS if "{" not in kind.endpoint]
LISTS_OF_ONE = [kind for kind in LISTS if "{" in kind.endpoint]
OF_ONE = [kind for kind in KINDS_OF_STREAMS if "{" in kind.endpoint]
WITH_CURSOR = [name for name in STREAM_NAMES if CLASSES[name].has_cursor()]

# Lists of the account in whose place something is read for each user, where Zoom refuses them.
STAND_BESIDE: tuple[type[Parent], ...] = (ReportHosts, ListedRecordings)
# Of a list in whose place another way leads to the same.
INSTEAD = ("WARN Without", "WARN Zoom does not say who hosted")

ENDING = r"(\?|$)"

Unit = tuple[str, Any]
Refused = Mapping[str, Collection[Any]]
ALL: Collection[Any] = frozenset({"all"})


def name_of(kind: type[ZoomStream]) -> str:
    return kind.stream_name()


def route_of(kind: type[ZoomStream]) -> Route:
    """The simulator's route for a stream or a list of the connector's."""
    if not kind.endpoint:
        return ROUTES[kind.stream_name()]
    path = "/" + re.sub(r"\{\w+\}", "*", kind.endpoint)
    return next(route for route in ROUTES.values() if route.path == path)


def behind(*kinds: type[ZoomStream]) -> set[str]:
    """The streams that miss something where one of these cannot be read."""
    return {name for name in STREAM_NAMES if needed_by(CLASSES[name]) & set(kinds)}


def needed_by(kind: type[Parent]) -> set[type[Parent]]:
    """What leads to a stream, itself included, where nothing is read in place of something else."""
    parents = () if kind in STAND_BESIDE else kind.parent_classes()
    return {kind}.union(*map(needed_by, parents))


def concerned(*kinds: type[ZoomStream]) -> list[str]:
    """The streams behind these, and one of each sort beside them: to read all would take twice as long."""
    return sorted(behind(*kinds) | {"groups", "report_webinars", "users", "webinar_panelists"})


def at(route: Route, id_: int | str = "") -> str:
    """A regex for all requests for one resource, or for a list of the whole account."""
    return rf"^{route.prefix}{re.escape(route.url(id_))}{ENDING}"


def everywhere(route: Route) -> str:
    """A regex for all requests of an endpoint."""
    return rf"^{route.prefix}{re.escape(route.path).replace(re.escape('*'), '[^/?]+')}{ENDING}"


def searches(route: Route) -> str:
    """As `everywhere`, without the requests for the rows of hosts with which the next sync compares.

    And without those of the history's filter, whose odd rows only mean that all is asked for.
    """
    return rf"^(?!.*from=2026-11-19|.*meeting_type=){everywhere(route).removeprefix('^')}"


def with_second_page(faults: Faults, pattern: str) -> str:
    """Let what matches have a second page, and give the regex for that."""
    faults.change(pattern, lambda body: {**body, "next_page_token": "one-more"})
    return rf"{pattern.removesuffix(ENDING)}[?].*page@invalid"


def account(start: Start, seed: int = 5, *, clock: Clock | None = None, **changes: Any) -> Simulator:
    size = Size(**{"users": 6, "past_occurrences": 2, "meetings_per_user": 5, **changes})
    return start(seed, size, clock=clock or still_clock(), plan="unlimited")


def parent_of(name: str) -> str:
    """The stream on whose rows, or on the items in them, another hangs; "" where it hangs on none."""
    return str(getattr(ROUTES[name].units, "of", ""))


def unit_column(stream: type[ZoomStream]) -> str:
    """The column by which a row says what it hangs on; where it hangs on nothing, its key, or its time."""
    if in_path := re.search(r"\{(\w+)\}", stream.endpoint):
        return in_path[1]
    columns = {field: column for column, field in inherits_of(stream).items()}
    own = stream.cursor_field if stream.row_id_fields else stream.primary_key
    return columns.get("uuid") or columns.get("id") or str(own)


class Reach:
    """What of an account can be read at an instant while Zoom refuses some of it: worked out from the world.

    `refused` are the ids of resources by route, or ALL of a route. The instances are gone through once, so
    they lead to what had ended by `first_sync`.
    """

    def __init__(self, world: World, refused: Refused | None = None, first_sync: float = math.inf) -> None:
        self._world = world
        self._refused = refused or {}
        self._first_sync = first_sync
        self._now = world.now()
        self._users = range(world.size.users)

    def is_refused(self, route: str, id_: object) -> bool:
        ids = self._refused.get(route, ())
        return ids is ALL or id_ in ids

    def listed(self, kind: Kind) -> dict[int, Any]:
        """What is on a list that can be read."""
        if self.is_refused("users", None):
            return {}
        return {
            series.id: series
            for user in self._users
            if not self.is_refused(f"user_{kind}s", self._world.ids.user(user))
            for series in self._world.listed(kind, user, self._now)
        }

    def of_instances(self, kind: Kind) -> set[str]:
        return {
            self._world.uuid(occurrence)
            for series in self.listed(kind).values()
            if not series.gone and not self.is_refused(f"past_{kind}_instances", series.id)
            for occurrence in self._world.instances(series, self._now)
            if occurrence.end <= self._first_sync
        }

    def of_reports(self, kind: Kind) -> set[str]:
        if self.is_refused("report_hosts", None):
            return set()
        first, _ = next(report_windows(self._world.clock.today()))
        return {
            self._world.uuid(occurrence)
            for user in self._users
            if not self.is_refused("report_user_meetings", self._world.ids.user(user))
            for occurrence in self._world.reported(user, first, self._world.clock.today(), self._now)
            if occurrence.series.kind == kind
        }

    def of_history(self, kind: Kind) -> set[str]:
        if self.is_refused("report_history_meetings", None):
            return set()
        first, _ = next(report_windows(self._world.clock.today()))
        found = self._world.history(first, self._world.clock.today(), self._now)
        return {self._world.uuid(occurrence) for occurrence in found if occurrence.series.kind == kind}

    def found(self, kind: Kind) -> set[str]:
        return self.of_instances(kind) | self.of_reports(kind) | self.of_history(kind)

    def rows(self, streams: Sequence[str] = STREAM_NAMES) -> Counter[Unit]:
        """How many rows there are of each stream and of what they hang on."""
        listed = {kind: self.listed(kind) for kind in KINDS}
        found = {kind: self.found(kind) for kind in KINDS}
        counts = Counter[Unit]()
        for name in streams:
            kind = ROUTES[name].kind
            known: Any = found[kind] if name in truth.PAST else listed[kind]
            for parent, row in truth.rows(self._world, name):
                id_ = {**inherited(CLASSES[name], parent), **row}[unit_column(CLASSES[name])]
                is_known = name in truth.PAST or name in truth.PLANNED
                # A host's list may be refused, or one row in it be of no use.
                host = parent["host_id"] if isinstance(ROUTES[name].units, Hosted) else id_
                is_lost = self.is_refused(name, id_) or self.is_refused(name, host)
                is_lost = is_lost or self.is_refused(parent_of(name), id_)
                if not is_lost and (not is_known or id_ in known):
                    counts[name, id_] += 1
        return counts

    def asked(self, route: str) -> list[Any]:
        """The ids on a route of which Zoom has something to say."""
        kind = ROUTES[route].kind
        if route in truth.STREAMS and not isinstance(ROUTES[route].units, Hosted):
            return list(dict.fromkeys(id_ for _, id_ in self.rows([route])))
        if route == f"past_{kind}_instances":
            return [id_ for id_, series in self.listed(kind).items() if not series.gone]
        users = [u for u in self._users if self._world.is_licensed(u) and not self._world.is_deleted(u)]
        can_list = [user for user in users if route != "user_webinars" or self._world.has_webinars(user)]
        return [self._world.ids.user(user) for user in can_list]


def alone_since(world: World, instant: float) -> set[str]:
    """The occurrences that one person has attended since an instant."""
    return {
        world.uuid(occurrence)
        for kind in KINDS
        for user in range(world.size.users)
        for occurrence in world.found(kind, user, world.now())
        if occurrence.solo and occurrence.end > instant
    }


def costliest(simulator: Simulator, route: Route) -> Any:
    """The resource of a route whose refusal costs the most rows."""
    names = STREAM_NAMES if route.finder or isinstance(route.units, Hosted) else [route.name]

    def left(id_: Any) -> int:
        return Reach(simulator.world, {route.name: {id_}}).rows(names).total()

    found = Reach(simulator.world).asked(route.name)
    # Of rows that come in the order of days, the first ones are soon older than what Zoom answers for.
    is_in_days = route.name in truth.STREAMS and route.name not in {*truth.PAST, *truth.PLANNED}
    return min(found[::-1] if is_in_days else found, key=left)


_runs = count(1)


def free_what_syncs_left() -> None:
    """A sync freezes what the one before has left in cycles, open connections among it."""
    if next(_runs) % 10 == 0:
        gc.unfreeze()
        gc.collect()


class Syncs:
    """An account that is read again and again, with the state that a platform keeps in between.

    `rows` are the keys of all rows that ever came, by stream and by what they hang on; `latest` are the rows
    as they came last, by stream and key.
    """

    def __init__(
        self, simulator: Simulator, connector: Connector, streams: Sequence[str] = STREAM_NAMES, **config: Any
    ) -> None:
        self.simulator = simulator
        self.connector = connector
        self.streams = list(streams)
        self.config = config
        self.states: dict[str, Json] = {}
        self.rows: defaultdict[Unit, set[tuple[Any, ...]]] = defaultdict(set)
        self.latest: defaultdict[str, dict[tuple[Any, ...], Json]] = defaultdict(dict)
        self.seconds = 0.0
        self.began = simulator.world.now()

    def run(self, **config: Any) -> Output:
        """One sync; afterwards the journal has its requests only."""
        output = self.read(**config)
        self.take(output)
        return output

    def read(self, **config: Any) -> Output:
        """A sync of which nothing reaches the platform."""
        self.simulator.journal.reset()
        free_what_syncs_left()
        clock = self.connector.timing.get("clock") if isinstance(self.connector, InProcess) else None
        began = clock() if clock else 0.0
        output = self.connector.read(
            server_to_server(self.simulator, **{**self.config, **config}),
            self.streams,
            state=list(self.states.values()),
        )
        self.seconds = clock() - began if clock else 0.0
        return output

    def run_and_kill(self, share: float) -> None:
        """A sync of whose messages only the first part reaches the platform."""
        lines = self.read().text.splitlines(keepends=True)
        self.take(Output(-9, "".join(lines[: int(share * len(lines))])))

    def a_day_later(self, days: float = 1, **config: Any) -> Output:
        self.simulator.clock.advance(days=days)
        return self.run(**config)

    def take(self, output: Output) -> None:
        self.states |= {state["stream"]["stream_descriptor"]["name"]: state for state in output.states}
        for record in output.of("RECORD"):
            stream = CLASSES[record["stream"]]
            key = tuple(record["data"][part] for part in stream.key_fields())
            self.rows[record["stream"], record["data"][unit_column(stream)]].add(key)
            self.latest[record["stream"]][key] = record["data"]

    def state(self, stream: str) -> Json:
        state: Json = self.states[stream]["stream"]["stream_state"]
        return state

    def counts(self) -> Counter[Unit]:
        return Counter({unit: len(keys) for unit, keys in self.rows.items()})

    def missing(self, want: Counter[Unit] | None = None) -> list[Unit]:
        """What should have come by now, and has not: by default everything that the account has."""
        return sorted(((want or self.truth()) - self.counts()), key=str)

    def truth(self) -> Counter[Unit]:
        """What the account has, but for what somebody has attended alone since the first sync.

        The reports leave that out, and a sync goes through the instances once.
        """
        return self.without_alone(Reach(self.simulator.world).rows(self.streams))

    def without_alone(self, rows: Counter[Unit]) -> Counter[Unit]:
        alone = alone_since(self.simulator.world, self.began)
        return Counter({unit: number for unit, number in rows.items() if unit[1] not in alone})

    def differing(self, first: date, last: date, leave_out: Collection[str] = ()) -> list[str]:
        """Whole rows of what was held on these days that are missing, or not what the account has now.

        Without what one person has attended alone since the first sync, as in `truth`.
        """
        without = {*leave_out, *alone_since(self.simulator.world, self.began)}

        def is_wanted(start: str, uuid: str) -> bool:
            return first.isoformat() <= start[:10] <= last.isoformat() and uuid not in without

        found: list[str] = []
        for name in self.streams:
            stream = CLASSES[name]
            held = expected(
                self.simulator, stream, lambda parent: is_wanted(parent["start_time"], parent["uuid"])
            )
            start, unit = str(stream.cursor_field), unit_column(stream)
            came = [row for row in self.latest[name].values() if is_wanted(row[start], row[unit])]
            want, got = canonical(held, set()), canonical(came, {"row_id"})
            found += [f"{name} lacks {row}" for row in want - got]
            found += [f"{name} has {row}" for row in got - want]
        return found

    def asked(self, pattern: str) -> Counter[str]:
        """How often each address that matches was asked for in the last sync."""
        return Counter(entry.url for entry in self.simulator.journal.entries if re.search(pattern, entry.url))


def warned(output: Output, kind: type[ZoomStream] | str, word: str) -> int:
    """How many resources a WARN at the end of a sync counts for a stream or list; 0 without such a WARN."""
    name = kind if isinstance(kind, str) else name_of(kind)
    for log in output.logs:
        if found := re.match(rf"WARN {name}: (\d+) {word}", log):
            return int(found[1])
    return 0


def said(output: Output) -> str:
    """All errors of a sync in one text."""
    return "\n".join(error["message"] for error in output.errors)


def incomplete(output: Output) -> set[str]:
    return {name for name, status in output.statuses.items() if status != "COMPLETE"}


def errors_by_stream(output: Output) -> dict[str, str]:
    found: dict[str, str] = {}
    for error in output.errors:
        if descriptor := error.get("stream_descriptor"):
            found[descriptor["name"]] = error["message"]
    return found


def ids(kinds: Collection[type[ZoomStream]]) -> list[Any]:
    """Parameters of a test, each with the name of its stream or list."""
    return [pytest.param(kind, id=name_of(kind)) for kind in kinds]
