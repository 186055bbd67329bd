"""What a complete read of the account must contain, and the fewest requests it can be done with.

This is worked out from the world itself and not by walking the routes, so it can tell when either is wrong.
Which rows a stream has, and what they hang on, stands in the table of routes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from .clock import iso, report_windows, utc_date
from .derived import DerivedList, DerivedMap
from .history import is_in_report
from .ids import KINDS, Kind
from .paging import LARGEST_SIZE
from .plans import Occurrence, Series
from .routes import ROUTES, Route
from .units import Account, Ask, Each, Hosted, Items, Listed, Months, Past, View, Window
from .world import World

Json = dict[str, Any]
Request = tuple[str, str]
REPORT_MONTHS = 6


def _hanging_on(units: type[Listed] | type[Past]) -> dict[str, Kind]:
    return {
        route.name: kind
        for kind in KINDS
        for route in ROUTES.values()
        if route.kind == kind and isinstance(route.units, units)
    }


def _streams() -> list[str]:
    def of(*kinds: type) -> list[str]:
        return [r.name for r in ROUTES.values() if isinstance(r.units, kinds) and not r.finder]

    return [*of(Account), *PLANNED, *PAST, *of(Hosted, Months, Items, Each)]


# Streams that hang on a meeting or webinar in a list, those on a past occurrence, and all there are.
PLANNED = DerivedMap(lambda: _hanging_on(Listed))
PAST = DerivedMap(lambda: _hanging_on(Past))
STREAMS = DerivedList(_streams)


def rows(
    world: World, stream: str, *, pending_users: bool = False, url: str = ""
) -> Iterator[tuple[Json, Json]]:
    """Every row of a stream with its parent, as served to a client that asks for all fields there are.

    The parent is empty for rows of the account, whole or by months, and for meetings and webinars themselves;
    {"id", "host_id"} for what hangs on a listed meeting or webinar; {"id", "uuid", "start_time", "host_id"}
    for what hangs on a past occurrence, with None for the host where only the history knows it; {"host_id"}
    for the rows of a host's list of these; that row for what hangs on a row of another stream; and for the
    items of a list the row that has the list, with the item as "item". `url` is the simulator's, for the
    addresses in rows.
    """
    return _rows(View(world, world.now(), url, pending_users), ROUTES[stream])


def _rows(view: View, route: Route) -> Iterator[tuple[Json, Json]]:
    match units := route.units:
        case Account():
            yield from (({}, row) for row in units.rows(view))
        case Listed():
            for series in _listed(view, route.kind):
                if not series.gone:
                    parent = {} if units.itself else _listed_parent(view, series)
                    yield from ((parent, row) for row in units.rows(view, series))
        case Past():
            for occurrence in _known(view, route.kind):
                parent = _past_parent(view, occurrence)
                yield from ((parent, row) for row in units.rows(view, occurrence))
        case Hosted():
            for window, user in product(_windows(view, REPORT_MONTHS), range(view.world.size.users)):
                parent = {"host_id": view.world.ids.user(user)}
                yield from ((parent, row) for row in units.rows(view, user, window))
        case Months():
            for window in _windows(view, units.back):
                yield from (({}, row) for row in units.rows(view, window))
        case Items():
            for parent, item in _items(view, units):
                yield from (({**parent, "item": item}, row) for row in units.rows(view, parent, item))
        case Each():
            for _, parent in _rows(view, ROUTES[units.of]):
                yield from ((parent, row) for row in units.rows(view, parent))
        case None:
            raise KeyError(f"{route.name} is no stream")


def _listed_parent(view: View, series: Series) -> Json:
    return {"id": series.id, "host_id": view.world.ids.user(series.user)}


def _past_parent(view: View, occurrence: Occurrence) -> Json:
    user = occurrence.series.user
    return {
        "id": occurrence.series.id,
        "uuid": view.world.uuid(occurrence),
        "start_time": iso(occurrence.start),
        # Only the history knows of hosts who are gone, and it does not say their ids.
        "host_id": None if view.world.is_former(user) else view.world.ids.user(user),
    }


def _listed(view: View, kind: Kind) -> Iterator[Series]:
    world = view.world
    return (series for user in range(world.size.users) for series in world.own_listed(kind, user, view.now))


def _known(view: View, kind: Kind) -> Iterator[Occurrence]:
    world = view.world
    return (occurrence for user in world.hosts_ever for occurrence in world.known(kind, user, view.now))


def _found(view: View, kind: Kind) -> Iterator[Occurrence]:
    world = view.world
    return (occurrence for user in world.hosts_ever for occurrence in world.found(kind, user, view.now))


def _windows(view: View, months_back: int) -> Iterator[Window]:
    return (Window(*days) for days in report_windows(utc_date(view.now), months_back))


def _items(view: View, units: Items) -> Iterator[tuple[Json, Json]]:
    """The items that have rows, each with the row in which it stands."""
    for _, parent in _rows(view, ROUTES[units.of]):
        yield from ((parent, item) for item in parent.get(units.items) or () if units.wanted(item))


def least_urls(
    world: World,
    streams: Iterable[str] = STREAMS,
    *,
    hosts_report: bool = True,
    filtered: bool = True,
    url: str = "",
    choice: int = 0,
) -> Iterator[Request]:
    """(label, URL) of the fewest requests for these streams from scratch; later pages say page=N, no token.

    `hosts_report=False` is for a client that asks every user for reports instead of only those who hosted,
    `filtered=False` for one that asks for polls, questions and surveys of every occurrence instead of those
    only that the history lists for that type, or does not name.
    URLs are paths below the base of the API, but those of items are whole, with `url` in front. Where one of
    several requests is enough, it is the first of them, or the last with the `choice` -1.
    """
    view, names = View(world, world.now(), url), _with_parents(streams)
    wanted = [route for route in ROUTES.values() if route.name in names]
    listed = [route for route in wanted if isinstance(route.units, Listed)]
    past = [route for route in wanted if isinstance(route.units, Past)]
    for route in wanted:
        if isinstance(route.units, Account):
            yield from _requests(route, route.units.asked(view))
    if ROUTES["users"] not in wanted and (listed or past):
        yield from least_urls(world, ["users"])
    for kind in KINDS:
        own = [route for route in listed if route.kind == kind]
        has_past = any(route.kind == kind for route in past)
        if own or has_past:
            yield from _least_listed(view, kind, own, has_past, choice)
    if past or any(isinstance(route.units, Hosted) for route in wanted):
        yield from _least_reports(view, hosts_report)
    if past and ROUTES["report_history_meetings"] not in wanted:
        yield from _least_history(view, {})
    for kind, report_type in sorted(_report_types(past)) if filtered else ():
        yield from _least_history(view, {"meeting_type": kind, "report_type": report_type})
    named = _named(view) if filtered and _report_types(past) else frozenset()
    for route in past:
        # Only Zoom's answer tells that an occurrence is too old, so those are asked for as well.
        for occurrence in _found(view, route.kind):
            if occurrence not in named or is_in_report(world, occurrence, _report_type(route)):
                yield from _least_past(view, route, occurrence)
    for route in wanted:
        yield from _least_of_others(view, route)


def least_counts(
    world: World,
    streams: Iterable[str] = STREAMS,
    *,
    hosts_report: bool = True,
    filtered: bool = True,
    choice: int = 0,
) -> dict[str, int]:
    """How many requests per rate limit label that makes."""
    urls = least_urls(world, streams, hosts_report=hosts_report, filtered=filtered, choice=choice)
    return dict(Counter(label for label, _ in urls))


def bound(world: World, per_second: Mapping[str, int], streams: Iterable[str] = STREAMS) -> float:
    """The seconds in which these limits allow that many requests: no client can be faster.

    What can be asked under either of two labels counts for both together, since a client may choose.
    """
    first, last = (Counter(least_counts(world, streams, choice=choice)) for choice in (0, -1))
    alone = first & last
    either = {label for label in first | last if first[label] != last[label]}
    seconds = [alone[label] / limit for label, limit in per_second.items()]
    if either and either <= per_second.keys():
        together = sum(first[label] for label in either)
        seconds.append(together / sum(per_second[label] for label in either))
    return max(seconds, default=0.0)


def _with_parents(streams: Iterable[str]) -> set[str]:
    """These streams, and the streams and lists in whose rows their units stand."""
    names = set(streams)
    parents = {units.of for name in names if isinstance(units := ROUTES[name].units, Items | Each)}
    return names if parents <= names else _with_parents(names | parents)


def _requests(route: Route, asked: Iterable[Ask], id_: int | str = "") -> Iterator[Request]:
    for query, total, size in asked:
        if total is None:
            yield route.label, route.url(id_, **query)
        else:
            yield from _pages(route, total, id_, query, size)


def _pages(
    route: Route, total: int, id_: int | str, query: Mapping[str, object], size: int = LARGEST_SIZE
) -> Iterator[Request]:
    for page in range(1, max(1, -(-total // size)) + 1):
        later = {"page": page} if page > 1 else {}
        yield route.label, route.url(id_, **query, page_size=size, **later)


def _refused(asked: Iterable[Ask]) -> Iterator[Ask]:
    """What is asked of something that answers nothing: the first request tells, so there is no other."""
    for one in asked:
        yield one if one.total is None else one._replace(total=0)
        return


def _asked_of(series: Series, routes: list[Route], choice: int) -> list[Route]:
    """Which of the routes are asked for it: without registration, one of those of it is enough."""
    of_it = [route for route in routes if isinstance(route.units, Listed) and route.units.of_registration]
    if series.gone or series.pattern.registers or not of_it:
        return routes
    return [route for route in routes if route not in of_it or route is of_it[choice]]


def _least_listed(
    view: View, kind: Kind, routes: list[Route], instances: bool, choice: int
) -> Iterator[Request]:
    world = view.world
    for user in range(world.size.users):
        can_list = kind == "meeting" or world.has_webinars(user)
        total = len(world.listed(kind, user, view.now)) if can_list else 0
        yield from _pages(ROUTES[f"user_{kind}s"], total, world.ids.user(user), {})
    for series in _listed(view, kind):
        for route in _asked_of(series, routes, choice):
            if isinstance(units := route.units, Listed):
                asked = units.asked(view, series)
                yield from _requests(route, _refused(asked) if series.gone else asked, series.id)
        if instances:
            yield from _requests(ROUTES[f"past_{kind}_instances"], [Ask()], series.id)


def _least_reports(view: View, hosts_report: bool) -> Iterator[Request]:
    world = view.world
    for window in _windows(view, REPORT_MONTHS):
        days = _days(window)
        hosts: Iterable[int] = range(world.size.users)
        if hosts_report:
            hosts = [row.user for row in world.hosts(*window, view.now)]
            yield from _pages(ROUTES["report_hosts"], len(hosts), "", {"type": "active", **days})
        for user in hosts:
            total = len(world.reported(user, *window, view.now))
            query = {"type": "past", **days}
            yield from _pages(ROUTES["report_user_meetings"], total, world.ids.user(user), query)


def _report_types(routes: Iterable[Route]) -> set[tuple[Kind, str]]:
    """For which types of data the history lists occurrences of which kind, as far as these want to know."""
    found = {(r.kind, r.units.report_type) for r in routes if isinstance(r.units, Past)}
    return {(kind, report_type) for kind, report_type in found if report_type}


def _report_type(route: Route) -> str:
    return (isinstance(route.units, Past) and route.units.report_type) or "all"


def _named(view: View) -> frozenset[Occurrence]:
    return frozenset(
        one for window in _windows(view, REPORT_MONTHS) for one in view.world.history(*window, view.now)
    )


def _least_history(view: View, query: Mapping[str, str]) -> Iterator[Request]:
    """The pages of the history, or of what it lists for a type of data."""
    kind, report_type = query.get("meeting_type"), query.get("report_type", "all")
    for window in _windows(view, REPORT_MONTHS):
        found = [
            one
            for one in view.world.history(*window, view.now)
            if kind in (None, one.series.kind) and is_in_report(view.world, one, report_type)
        ]
        yield from _pages(ROUTES["report_history_meetings"], len(found), "", {**_days(window), **query})


def _days(window: Window) -> dict[str, str]:
    return {"from": window.first.isoformat(), "to": window.last.isoformat()}


def _least_past(view: View, route: Route, occurrence: Occurrence) -> Iterator[Request]:
    if isinstance(units := route.units, Past):
        asked = units.asked(view, occurrence)
        readable = view.world.is_readable(occurrence, view.now)
        yield from _requests(route, asked if readable else _refused(asked), view.world.uuid(occurrence))


def _least_of_others(view: View, route: Route) -> Iterator[Request]:
    match units := route.units:
        case Months():
            for window in _windows(view, units.back):
                of_days = _days(window)
                asked = (one._replace(query={**one.query, **of_days}) for one in units.asked(view, window))
                yield from _requests(route, asked)
        case Each():
            for _, parent in _rows(view, ROUTES[units.of]):
                yield from _requests(route, units.asked(view, parent), parent[units.key])
        case Items() if units.address:
            for _, item in _items(view, units):
                yield route.label, item[units.address]
