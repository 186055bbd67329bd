"""What a complete read of the account must contain, and the fewest requests it can be done with.

This is worked out from the world itself and not by walking the routes, so it can tell when either is wrong.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import objects
from .clock import iso, report_windows
from .errors import ZoomError
from .ids import KINDS, Kind
from .paging import LARGEST_SIZE, PageTokens
from .routes import ROUTES, Call
from .world import Occurrence, Series, World

Json = dict[str, Any]


def _hanging_on(*paths: str) -> dict[str, Kind]:
    return {
        route.name: kind
        for kind in KINDS
        for route in ROUTES.values()
        if route.path.startswith(tuple(path.format(kind) for path in paths))
        and not route.name.endswith("_instances")
    }


# Streams by what they hang on: a meeting or webinar in a list, or one past occurrence.
PLANNED = _hanging_on("/{}s/*")
PAST = _hanging_on("/past_{}s/*", "/report/{}s/*")
STREAMS = ("users", *PLANNED, *PAST)
STATUSES = ("approved", "pending", "denied")


def rows(world: World, stream: str, *, pending_users: bool = False) -> Iterator[tuple[Json, Json]]:
    """Every row of a stream with its parent, as served to a client that asks for all fields there are.

    The parent is empty for users, meetings and webinars; {"id", "host_id"} for what hangs on a listed meeting
    or webinar; {"id", "uuid", "start_time", "host_id"} for what hangs on a past occurrence.
    """
    now = world.now()
    if stream == "users":
        users = world.active_users + world.inactive_users + (world.pending_users if pending_users else ())
        yield from (({}, objects.user(world, user, "custom_attributes")) for user in users)
    elif stream in PLANNED:
        for series in _listed(world, PLANNED[stream], now):
            if not series.gone:
                parent = {"id": series.id, "host_id": world.ids.user(series.user)}
                is_parent = stream in ("meetings", "webinars")
                yield from (
                    ({} if is_parent else parent, row) for row in _planned_rows(world, stream, series, now)
                )
    else:
        for occurrence in _known(world, PAST[stream], now):
            parent = {
                "id": occurrence.series.id,
                "uuid": world.uuid(occurrence),
                "start_time": iso(occurrence.start),
                "host_id": world.ids.user(occurrence.series.user),
            }
            yield from ((parent, row) for row in _past_rows(world, stream, occurrence, now))


def _listed(world: World, kind: Kind, now: float) -> Iterator[Series]:
    return (series for user in range(world.size.users) for series in world.own_listed(kind, user, now))


def _known(world: World, kind: Kind, now: float) -> Iterator[Occurrence]:
    return (occurrence for user in range(world.size.users) for occurrence in world.known(kind, user, now))


def _found(world: World, kind: Kind, now: float) -> Iterator[Occurrence]:
    return (occurrence for user in range(world.size.users) for occurrence in world.found(kind, user, now))


def _planned_rows(world: World, stream: str, series: Series, now: float) -> Iterable[Json]:
    match stream.removeprefix(f"{series.kind}_"):
        case "meetings" | "webinars":
            return [objects.detail(world, series, now, previous=True)]
        case "registrants":
            return (
                objects.registrant(world, series, status, number)
                for status in STATUSES
                for number in range(world.registrant_count(series, status))
            )
        case "polls":
            return objects.polls(world, series)
        case "questions":
            return [objects.questions(series)] if series.pattern.registers else []
        case "panelists":
            return objects.panelists(world, series)
        case "tracking_sources":
            return objects.tracking_sources(world, series)
        case _:
            return _served(world, stream, series.id, now)


def _past_rows(world: World, stream: str, occurrence: Occurrence, now: float) -> Iterable[Json]:
    match stream.removeprefix(f"{occurrence.series.kind}_"):
        case "poll_results":
            return objects.poll_results(world, occurrence)
        case "qna_results":
            return objects.qna(world, occurrence)
        case "absentees":
            return (objects.absentee(world, occurrence, number) for number in world.absentees(occurrence))
        case "report_meetings" | "report_webinars":
            return [objects.report(world, occurrence)]
        case "report_meeting_participants" | "report_webinar_participants":
            return (
                objects.participant(world, occurrence, stay, now, include_registrant=True)
                for stay in objects.stays(world, occurrence)
            )
        case _:
            return _served(world, stream, world.uuid(occurrence), now)


def _served(world: World, stream: str, id_: int | str, now: float) -> Iterator[Json]:
    """The rows of a stream that this module knows nothing of: what its route serves, page by page."""
    query = {"page_size": str(LARGEST_SIZE)}
    while True:
        try:
            route = ROUTES[stream]
            body = route.handler(Call(world, PageTokens(world.seed), now, "", str(id_), query, route.kind))
        except ZoomError:
            return
        lists = [value for value in body.values() if isinstance(value, list)]
        yield from lists[0] if len(lists) == 1 else [body]
        query["next_page_token"] = body.get("next_page_token", "")
        if not query["next_page_token"]:
            return


def least_urls(
    world: World, streams: Iterable[str] = STREAMS, *, hosts_report: bool = True
) -> Iterator[tuple[str, str]]:
    """(label, URL) of the fewest requests for these streams from scratch; later pages say page=N, no token.

    `hosts_report=False` is for a client that asks every user for reports instead of only those who hosted.
    """
    now, wanted = world.now(), set(streams)
    planned = {
        kind: [stream for stream in PLANNED if stream in wanted and PLANNED[stream] == kind] for kind in KINDS
    }
    past = {kind: [stream for stream in PAST if stream in wanted and PAST[stream] == kind] for kind in KINDS}
    for status, users in (("active", world.active_users), ("inactive", world.inactive_users)):
        yield from _pages("users", len(users), status=status)
    for kind in KINDS:
        if planned[kind] or past[kind]:
            yield from _least_planned(world, kind, planned[kind], bool(past[kind]), now)
    if any(past.values()):
        yield from _least_reports(world, hosts_report, now)
    for kind in KINDS:
        for stream in past[kind]:
            # Only Zoom's answer tells that an occurrence is too old, so those are asked for as well.
            for occurrence in _found(world, kind, now):
                yield from _least_past(world, stream, occurrence, now)


def least_counts(
    world: World, streams: Iterable[str] = STREAMS, *, hosts_report: bool = True
) -> dict[str, int]:
    """How many requests per rate limit label that makes."""
    return dict(Counter(label for label, _ in least_urls(world, streams, hosts_report=hosts_report)))


def bound(world: World, per_second: Mapping[str, int], streams: Iterable[str] = STREAMS) -> float:
    """The seconds in which these limits allow that many requests: no client can be faster."""
    counts = least_counts(world, streams)
    return max((counts[label] / limit for label, limit in per_second.items() if label in counts), default=0.0)


def _pages(name: str, total: int, id_: int | str = "", **query: object) -> Iterator[tuple[str, str]]:
    route = ROUTES[name]
    for page in range(1, max(1, -(-total // LARGEST_SIZE)) + 1):
        later = {"page": page} if page > 1 else {}
        yield route.label, route.url(id_, **query, page_size=LARGEST_SIZE, **later)


def _single(name: str, id_: int | str, **query: object) -> tuple[str, str]:
    return ROUTES[name].label, ROUTES[name].url(id_, **query)


def _least_planned(
    world: World, kind: Kind, streams: list[str], instances: bool, now: float
) -> Iterator[tuple[str, str]]:
    for user in range(world.size.users):
        can_list = kind == "meeting" or world.has_webinars(user)
        total = len(world.listed(kind, user, now)) if can_list else 0
        yield from _pages(f"user_{kind}s", total, world.ids.user(user))
    for series in _listed(world, kind, now):
        for stream in streams:
            if stream.endswith("_registrants"):
                # One request tells that there is no registration, or no such meeting any more.
                asked = STATUSES if series.pattern.registers and not series.gone else STATUSES[:1]
                for status in asked:
                    total = world.registrant_count(series, status)
                    yield from _pages(stream, total, series.id, status=status)
            elif stream in ("meetings", "webinars"):
                yield _single(stream, series.id, show_previous_occurrences="true")
            else:
                yield _single(stream, series.id)
        if instances:
            yield _single(f"past_{kind}_instances", series.id)


def _least_reports(world: World, hosts_report: bool, now: float) -> Iterator[tuple[str, str]]:
    for first, last in report_windows(world.clock.today()):
        window = {"from": first.isoformat(), "to": last.isoformat()}
        hosts: Iterable[int] = range(world.size.users)
        if hosts_report:
            hosts = [row.user for row in world.hosts(first, last, now)]
            yield from _pages("report_hosts", len(hosts), type="active", **window)
        for user in hosts:
            total = len(world.reported(user, first, last, now))
            yield from _pages("report_user_meetings", total, world.ids.user(user), type="past", **window)


def _least_past(world: World, stream: str, occurrence: Occurrence, now: float) -> Iterator[tuple[str, str]]:
    uuid = world.uuid(occurrence)
    readable = world.is_readable(occurrence, now)
    if stream.endswith("_participants"):
        total = len(objects.stays(world, occurrence)) if readable else 0
        yield from _pages(stream, total, uuid, include_fields="registrant_id")
    elif stream == "webinar_absentees":
        has_absentees = readable and occurrence.series.pattern.registers
        total = len(world.absentees(occurrence)) if has_absentees else 0
        yield from _pages(stream, total, uuid)
    else:
        yield _single(stream, uuid)
