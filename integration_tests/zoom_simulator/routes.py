"""One table: which path gives what, under which rate limit and scope. To add one: a row and a function.

A route that is a stream also says what its rows hang on and which they are, so that `truth` needs to know no
stream by name.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote, urlencode

from . import objects, past_objects, rows
from .call import Call, Json, Redirect, Text
from .derived import DerivedList
from .errors import ZoomError
from .finders import report_hosts, report_user_meetings, user_meetings, user_webinars, users
from .ids import Kind, quote_uuid, unquote_segment
from .paging import PageTokens
from .plans import Occurrence, Series
from .units import Listed, Past, Units, View
from .world import World

API = "/v2"


def _planned(call: Call, wrong_kind_code: int = 300) -> Series:
    """The listed meeting or webinar in the path."""
    world, kind, series = call.world, call.kind, None
    if call.id.isdecimal():
        series = world.find_listed(int(call.id), call.now)
    elif kind == "webinar" and (occurrence := world.find_occurrence(kind, call.id, call.now)):
        series = world.find_listed(occurrence.series.id, call.now)
    if series is None:
        raise ZoomError(404, 3001, f"{kind.capitalize()} does not exist: {call.id}.")
    if series.kind != kind:
        message = "Cannot access webinar info." if kind == "meeting" else "Invalid webinar ID."
        raise ZoomError(400, wrong_kind_code, message)
    return series


def _past(call: Call, missing: str, too_old: str = "Can not access a {} a year ago.") -> Occurrence:
    """The occurrence in the path."""
    occurrence = call.world.find_occurrence(call.kind, call.id, call.now)
    if occurrence is None:
        raise ZoomError(404, 3001, missing.format(call.id))
    if not call.world.is_readable(occurrence, call.now):
        raise ZoomError(400, 12702, too_old.format(call.kind))
    return occurrence


def detail(call: Call) -> Json:
    series = _planned(call, 3000 if call.kind == "meeting" else 300)
    previous = call.query.get("show_previous_occurrences", "").lower() == "true"
    return objects.detail(call.world, series, call.now, previous)


def registrants(call: Call) -> Json:
    series = _planned(call)
    if not series.pattern.registers:
        raise ZoomError(400, 300, f"This {series.kind} has not registration required: {series.id}")
    status = call.one_of("status", ("approved", "pending", "denied"))
    numbers = range(call.world.registrant_count(series, status))
    return call.page(
        "registrants", numbers, lambda n: objects.registrant(call.world, series, status, n), numbered=True
    )


def questions(call: Call) -> Json:
    series = _planned(call)
    if not series.pattern.registers:
        raise ZoomError(400, 3000, f"Registration has not been enabled for this {series.kind}: {series.id}.")
    return objects.questions(series)


def polls(call: Call) -> Json:
    series = _planned(call)
    if series.kind == "meeting" and series.pattern.polls == "none":
        raise ZoomError(404, 404, "Meeting Poll not found")
    if series.pattern.polls == "off":
        name = series.kind.capitalize()
        setting = f'enable the "{name} Polls/Quizzes" setting in the Zoom web portal\'s "Settings" interface.'
        raise ZoomError(400, 4400, f"{name} polls disabled. To enable this feature, {setting}")
    rows = objects.polls(call.world, series)
    if anonymous := call.query.get("anonymous"):
        rows = [row for row in rows if row["anonymous"] == (anonymous == "true")]
    return {"total_records": len(rows), "polls": rows}


def panelists(call: Call) -> Json:
    rows = list(objects.panelists(call.world, _planned(call)))
    return {"total_records": len(rows), "panelists": rows}


def tracking_sources(call: Call) -> Json:
    rows = list(objects.tracking_sources(call.world, _planned(call)))
    return {"total_records": len(rows), "tracking_sources": rows}


def instances(call: Call) -> Json:
    series = _planned(call)
    found = call.world.instances(series, call.now)
    # Of something that never took place Zoom says either that it does not exist or that it has no instances.
    if not next(call.world.ended(series, call.now), None) and (series.user + series.slot) % 2:
        raise ZoomError(404, 3001, f"{series.kind.capitalize()} does not exist: {call.id}.")
    return {f"{series.kind}s": [past_objects.instance(call.world, occurrence) for occurrence in found]}


_NOT_HELD = {"meeting": "Meeting does not exist: {}.", "webinar": "Webinar ID is invalid or not end."}


def poll_results(call: Call) -> Json:
    occurrence = _past(call, _NOT_HELD[call.kind])
    return _with_questions(call, occurrence, past_objects.poll_results(call.world, occurrence))


def qna_results(call: Call) -> Json:
    occurrence = _past(call, _NOT_HELD[call.kind])
    return _with_questions(call, occurrence, past_objects.qna(call.world, occurrence))


def _with_questions(call: Call, occurrence: Occurrence, rows: Iterator[Json]) -> Json:
    return {**past_objects.occurrence_head(call.world, occurrence), "questions": list(rows)}


def absentees(call: Call) -> Json:
    occurrence = _past(call, "Webinar {} not found or expired.")
    if not occurrence.series.pattern.registers:
        raise ZoomError(400, 3000, f"This Webinar has not registration required: {call.id}")
    absent = call.world.absentees(occurrence)
    return call.page(
        "registrants", absent, lambda n: past_objects.absentee(call.world, occurrence, n), numbered=True
    )


_TOO_OLD = {
    "meeting": "Can not access meeting a year ago.",
    "webinar": "Can not access a webinar a year ago.",
}
_NO_PARTICIPANTS = {
    "meeting": "Meeting {} not found or has expired.",
    "webinar": 'Webinar "{}" not found or has expired',
}


def report(call: Call) -> Json:
    occurrence = _past(call, "Meeting {} not found or has expired.", _TOO_OLD[call.kind])
    return past_objects.report(call.world, occurrence)


def participants(call: Call) -> Json:
    occurrence = _past(call, _NO_PARTICIPANTS[call.kind], _TOO_OLD[call.kind])
    include = call.one_of("include_fields", ("", "registrant_id")) == "registrant_id"
    return call.page(
        "participants",
        past_objects.stays(call.world, occurrence),
        lambda stay: past_objects.participant(call.world, occurrence, stay, call.now, include),
    )


class Route(NamedTuple):
    """An endpoint, and the stream that it is, if it is one.

    `scope` and `classic` hold its granular and its classic scopes, apart by spaces, "" if there are none. One
    that ends in `:admin` or `:master` stands for itself, any other also for its variant with `:admin`.
    Without a `label` no rate limit applies, and an `open` route wants no token.

    A path has at most one id, written `*`, and begins below `prefix`: "" for an address outside the API. One
    without a path serves nothing: its rows come with those of another stream.

    `rows` makes it a stream. It may be left out where each listed meeting or each past occurrence gives one
    object, which is then what the handler says. A `finder` is no stream: clients find the units of others
    there.
    """

    name: str
    path: str
    label: str
    scope: str
    handler: Callable[[Call], Json | Text | Redirect]
    rows: Units | None = None
    classic: str = ""
    finder: bool = False
    prefix: str = API
    open: bool = False

    @property
    def kind(self) -> Kind:
        return "webinar" if "webinar" in self.path else "meeting"

    @property
    def granular_scopes(self) -> tuple[str, ...]:
        return _variants(self.scope)

    @property
    def classic_scopes(self) -> tuple[str, ...]:
        return _variants(self.classic)

    @property
    def units(self) -> Units | None:
        """What its rows hang on; None for a route that is no stream."""
        return self.rows if self.rows or self.finder else _one_object(self)

    def url(self, id_: int | str = "", **query: object) -> str:
        """The path below `prefix`, with this id (encoded as it must be) and these parameters."""
        text = quote(id_) if isinstance(id_, str) and "@" in id_ else quote_uuid(str(id_))
        path = self.path.replace("*", text)
        return f"{path}?{urlencode(query)}" if query else path


def _variants(scopes: str) -> tuple[str, ...]:
    return tuple(
        variant
        for scope in scopes.split()
        for variant in ((scope,) if scope.endswith((":admin", ":master")) else (scope, f"{scope}:admin"))
    )


_LISTED_PATHS = ("/meetings/*", "/webinars/*")
_PAST_PATHS = ("/past_meetings/*", "/past_webinars/*", "/report/meetings/*", "/report/webinars/*")


def _one_object(route: Route) -> Units | None:
    """The stream of a route that says no rows of its own: what its handler answers is the only row."""
    if route.path.startswith(_LISTED_PATHS):
        return Listed(lambda view, series: _asked(route, view, str(series.id)))
    if route.path.startswith(_PAST_PATHS):
        return Past(lambda view, occurrence: _asked(route, view, view.world.uuid(occurrence)))
    return None


def _asked(route: Route, view: View, id_: str) -> list[Json]:
    try:
        body = route.handler(
            Call(view.world, PageTokens(view.world.seed), view.now, "", id_, {}, route.kind, view.url)
        )
    except ZoomError:
        return []
    if not isinstance(body, dict) or "next_page_token" in body:
        raise TypeError(f"{route.name} answers no single object, so its route must say its rows")
    return [body]


_TABLE = (
    Route("users", "/users", "MEDIUM",
          "user:read:list_users:admin", users, rows.USERS, classic="user:read user:write:admin"),
    Route("user_meetings", "/users/*/meetings", "MEDIUM",
          "meeting:read:list_meetings", user_meetings, finder=True, classic="meeting:read"),
    Route("user_webinars", "/users/*/webinars", "MEDIUM",
          "webinar:read:list_webinars", user_webinars, finder=True, classic="webinar:read"),
    Route("meetings", "/meetings/*", "LIGHT",
          "meeting:read:meeting", detail, rows.DETAIL, classic="meeting:read"),
    Route("meeting_registrants", "/meetings/*/registrants", "MEDIUM",
          "meeting:read:list_registrants", registrants, rows.REGISTRANTS, classic="meeting:read"),
    Route("meeting_polls", "/meetings/*/polls", "LIGHT",
          "meeting:read:list_polls", polls, rows.POLLS, classic="meeting:read"),
    Route("meeting_questions", "/meetings/*/registrants/questions", "LIGHT",
          "meeting:read:list_registration_questions", questions, rows.QUESTIONS, classic="meeting:read"),
    Route("meeting_poll_results", "/past_meetings/*/polls", "MEDIUM",
          "meeting:read:list_poll_results", poll_results, rows.POLL_RESULTS, classic="meeting:read"),
    Route("past_meeting_instances", "/past_meetings/*/instances", "MEDIUM",
          "meeting:read:list_past_instances", instances, finder=True, classic="meeting:read"),
    Route("webinars", "/webinars/*", "LIGHT",
          "webinar:read:webinar", detail, rows.DETAIL, classic="webinar:read"),
    Route("webinar_panelists", "/webinars/*/panelists", "MEDIUM",
          "webinar:read:list_panelists", panelists, rows.PANELISTS, classic="webinar:read"),
    Route("webinar_registrants", "/webinars/*/registrants", "MEDIUM",
          "webinar:read:list_registrants", registrants, rows.REGISTRANTS, classic="webinar:read"),
    Route("webinar_polls", "/webinars/*/polls", "LIGHT",
          "webinar:read:list_polls", polls, rows.POLLS, classic="webinar:read"),
    Route("webinar_questions", "/webinars/*/registrants/questions", "LIGHT",
          "webinar:read:list_registration_questions", questions, rows.QUESTIONS, classic="webinar:read"),
    Route("webinar_tracking_sources", "/webinars/*/tracking_sources", "MEDIUM",
          "webinar:read:list_tracking_sources", tracking_sources, rows.TRACKING_SOURCES,
          classic="webinar:read"),
    Route("webinar_absentees", "/past_webinars/*/absentees", "HEAVY",
          "webinar:read:list_absentees", absentees, rows.ABSENTEES, classic="webinar:read"),
    Route("webinar_poll_results", "/past_webinars/*/polls", "MEDIUM",
          "webinar:read:list_past_polls", poll_results, rows.POLL_RESULTS, classic="webinar:read"),
    Route("webinar_qna_results", "/past_webinars/*/qa", "MEDIUM",
          "webinar:read:past_qa", qna_results, rows.QNA_RESULTS, classic="webinar:read"),
    Route("past_webinar_instances", "/past_webinars/*/instances", "LIGHT",
          "webinar:read:list_past_instances", instances, finder=True, classic="webinar:read"),
    Route("report_hosts", "/report/users", "HEAVY",
          "report:read:list_users:admin", report_hosts, finder=True, classic="report:read:admin"),
    Route("report_user_meetings", "/report/users/*/meetings", "HEAVY",
          "report:read:user:admin", report_user_meetings, finder=True, classic="report:read:admin"),
    Route("report_meetings", "/report/meetings/*", "HEAVY",
          "report:read:meeting:admin", report, rows.REPORT, classic="report:read:admin"),
    Route("report_meeting_participants", "/report/meetings/*/participants", "HEAVY",
          "report:read:list_meeting_participants:admin", participants, rows.PARTICIPANTS,
          classic="report:read:admin"),
    Route("report_webinars", "/report/webinars/*", "HEAVY",
          "report:read:webinar:admin", report, rows.REPORT, classic="report:read:admin"),
    Route("report_webinar_participants", "/report/webinars/*/participants", "HEAVY",
          "report:read:list_webinar_participants:admin", participants, rows.PARTICIPANTS,
          classic="report:read:admin"),
)  # fmt: skip
ROUTES = {route.name: route for route in _TABLE}
# What an app with every scope of its kind has; a route that is plugged in adds its own.
GRANULAR_SCOPES = DerivedList(
    lambda: sorted({scope for route in ROUTES.values() for scope in _admin(route.granular_scopes)})
)
CLASSIC_SCOPES = DerivedList(
    lambda: sorted({scope for route in ROUTES.values() for scope in _admin(route.classic_scopes)[:1]})
)
_by_path: dict[str, Route] = {}


def _admin(scopes: tuple[str, ...]) -> list[str]:
    return [scope for scope in scopes if scope.endswith(":admin")]


def _index() -> None:
    _by_path.clear()
    _by_path.update({route.prefix + route.path: route for route in ROUTES.values() if route.path})


_index()


@contextmanager
def plugged(*routes: Route) -> Iterator[None]:
    """Add these routes to the table, or put them in the place of those with the same names, for a while.

    Plug before a simulator starts, or its app lacks the scopes of the new routes.
    """
    before = dict(ROUTES)
    ROUTES.update({route.name: route for route in routes})
    _index()
    try:
        yield
    finally:
        for name in ROUTES.keys() - before.keys():
            del ROUTES[name]
        ROUTES.update(before)
        _index()


def find_route(path: str) -> tuple[Route, str] | None:
    """The route of a raw path, and the decoded id in it."""
    if path in _by_path:
        return _by_path[path], ""
    segments = path.split("/")
    for position, segment in enumerate(segments):
        template = "/".join([*segments[:position], "*", *segments[position + 1 :]])
        if segment and template in _by_path:
            # A UUID that had to be encoded twice, and was not, stays as it came: nothing has such an id.
            return _by_path[template], unquote_segment(segment) or segment
    return None


def answer(
    world: World, tokens: PageTokens, route: Route, id_: str, query: Mapping[str, str], key: str, url: str
) -> Json | Text | Redirect:
    """What Zoom would say; raises ZoomError."""
    return route.handler(Call(world, tokens, world.now(), key, id_, query, route.kind, url))
