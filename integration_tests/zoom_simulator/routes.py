"""One table: which path gives what, under which rate limit and scope. To add one: a row and a function."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from . import objects
from .clock import add_months, utc_date
from .errors import ZoomError
from .ids import Kind, quote_uuid, unquote_segment
from .paging import DEFAULT_SIZE, LARGEST_SIZE, PageTokens
from .world import Occurrence, Series, World

Json = dict[str, Any]
T = TypeVar("T")

PLAN_MISSING = (
    "Webinar plan is missing. You must subscribe to the webinar plan and enable webinars for this user in "
    "order to perform this action."
)


@dataclass(frozen=True)
class Call:
    """One request as a handler sees it. `id` is the decoded id in the path: "" if there is none.

    `kind` tells meetings from webinars where both have such a path.
    """

    world: World
    tokens: PageTokens
    now: float
    key: str
    id: str
    query: Mapping[str, str]
    kind: Kind

    def page(
        self,
        name: str,
        items: Sequence[T],
        render: Callable[[T], Json],
        *,
        numbered: bool = False,
        **extra: Any,
    ) -> Json:
        """The page of a list that was asked for, in Zoom's envelope."""
        size = min(self._number("page_size", DEFAULT_SIZE), LARGEST_SIZE)
        if not size:
            raise _invalid("page_size")
        offset = (max(self._number("page_number", 1), 1) - 1) * size
        if token := self.query.get("next_page_token"):
            found = self.tokens.offset(token, self.key, self.now)
            if found is None:
                raise ZoomError(400, 300, "The next page token is invalid or expired.")
            offset = found
        end = offset + size
        more = end < len(items)
        envelope = {
            "next_page_token": self.tokens.issue(self.key, end, self.now) if more else "",
            "page_count": -(-len(items) // size),
            "page_size": size,
            "total_records": len(items),
            **({"page_number": offset // size + 1} if numbered else {}),
        }
        return {**envelope, **extra, name: [render(item) for item in items[offset:end]]}

    def one_of(self, name: str, values: Sequence[str]) -> str:
        """A parameter that takes one of some values, of which the first is the default."""
        value = self.query.get(name) or values[0]
        if value not in values:
            raise _invalid(name)
        return value

    def _number(self, name: str, default: int) -> int:
        text = self.query.get(name) or str(default)
        if not text.isdecimal():
            raise _invalid(name)
        return int(text)


def _invalid(name: str, detail: str = "Invalid field.") -> ZoomError:
    return ZoomError(400, 300, f"Invalid parameter: {name}.", [{"field": name, "message": detail}])


def _user(call: Call, message: str = "User does not exist: {}.") -> int:
    user = call.world.find_user(call.id)
    if user is None:
        raise ZoomError(404, 1001, message.format(call.id))
    return user


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


def users(call: Call) -> Json:
    world = call.world
    status = call.one_of("status", ("active", "inactive", "pending"))
    include = call.one_of("include_fields", ("", "custom_attributes", "host_key"))
    found = {"active": world.active_users, "inactive": world.inactive_users, "pending": world.pending_users}[
        status
    ]
    return call.page("users", found, lambda user: objects.user(world, user, include), numbered=True)


_LIST_TYPES = {
    "meeting": ("scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings"),
    "webinar": ("scheduled", "upcoming"),
}


def _list(call: Call, user: int) -> Json:
    world, now = call.world, call.now
    found = world.listed(call.kind, user, now)
    match call.one_of("type", _LIST_TYPES[call.kind]):
        case "upcoming" | "upcoming_meetings":
            found = [series for series in found if world.is_upcoming(series, now)]
        case "previous_meetings":
            found = [series for series in found if world.was_held_lately(series, now)]
        case "live":
            found = [series for series in found if world.is_live(series, now)]
    return call.page(f"{call.kind}s", found, lambda series: objects.listed(world, series, now), numbered=True)


def user_meetings(call: Call) -> Json:
    user = _user(call)
    if not call.world.is_licensed(user):
        message = "Meeting hosting and scheduling capabilities are not allowed for your user account."
        raise ZoomError(400, 3161, message)
    return _list(call, user)


def user_webinars(call: Call) -> Json:
    user = _user(call)
    if call.world.hides_missing_plan(user):
        hint = f"Enable webinar for this user once the subscription is added:{call.id}"
        raise ZoomError(200, 200, f"Webinar plan subscription is missing. {hint}")
    if not call.world.has_webinars(user):
        raise ZoomError(400, 200, PLAN_MISSING)
    return _list(call, user)


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
    return {f"{series.kind}s": [objects.instance(call.world, occurrence) for occurrence in found]}


_NOT_HELD = {"meeting": "Meeting does not exist: {}.", "webinar": "Webinar ID is invalid or not end."}


def poll_results(call: Call) -> Json:
    occurrence = _past(call, _NOT_HELD[call.kind])
    return _with_questions(call, occurrence, objects.poll_results(call.world, occurrence))


def qna_results(call: Call) -> Json:
    occurrence = _past(call, _NOT_HELD[call.kind])
    return _with_questions(call, occurrence, objects.qna(call.world, occurrence))


def _with_questions(call: Call, occurrence: Occurrence, rows: Iterator[Json]) -> Json:
    return {**objects.occurrence_head(call.world, occurrence), "questions": list(rows)}


def absentees(call: Call) -> Json:
    occurrence = _past(call, "Webinar {} not found or expired.")
    if not occurrence.series.pattern.registers:
        raise ZoomError(400, 3000, f"This Webinar has not registration required: {call.id}")
    absent = call.world.absentees(occurrence)
    return call.page(
        "registrants", absent, lambda n: objects.absentee(call.world, occurrence, n), numbered=True
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
    return objects.report(call.world, occurrence)


def participants(call: Call) -> Json:
    occurrence = _past(call, _NO_PARTICIPANTS[call.kind], _TOO_OLD[call.kind])
    include = call.one_of("include_fields", ("", "registrant_id")) == "registrant_id"
    return call.page(
        "participants",
        objects.stays(call.world, occurrence),
        lambda stay: objects.participant(call.world, occurrence, stay, call.now, include),
    )


def _window(call: Call) -> tuple[date, date]:
    """The days a report was asked for: required, a month at most, and not older than six months."""
    try:
        first, last = (date.fromisoformat(call.query.get(name, "")) for name in ("from", "to"))
    except ValueError:
        raise _invalid("from", "from and to are required, as yyyy-mm-dd.") from None
    if last < first or last > add_months(first, 1):
        raise _invalid("to", "The range from from to to must be one month at most.")
    if first < add_months(utc_date(call.now), -6):
        raise _invalid("from", "from must be within the last six months.")
    return first, last


def report_hosts(call: Call) -> Json:
    world = call.world
    first, last = _window(call)
    active = world.hosts(first, last, call.now)
    totals = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "total_meetings": sum(row.meetings for row in active),
        "total_participants": sum(row.participants for row in active),
        "total_meeting_minutes": sum(row.minutes for row in active),
    }
    rows = active if call.one_of("type", ("inactive", "active")) == "active" else world.idle(active)
    return call.page("users", rows, lambda row: objects.host(world, row), numbered=True, **totals)


def report_user_meetings(call: Call) -> Json:
    user = _user(call, "User {} not exist or not belong to this account.")
    call.one_of("type", ("past", "pastOne", "pastJoined"))
    first, last = _window(call)
    found = call.world.reported(user, first, last, call.now)
    return call.page(
        "meetings", found, lambda occurrence: objects.reported(call.world, occurrence),
        numbered=True, **{"from": first.isoformat(), "to": last.isoformat()},
    )  # fmt: skip


class Route(NamedTuple):
    """An endpoint. `scope` is its granular scope; `admin_only` ones have no variant without `:admin`.

    `also` holds classic scopes that open it besides those that go with `scope`.
    """

    name: str
    path: str
    label: str
    scope: str
    handler: Callable[[Call], Json]
    admin_only: bool = False
    also: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return "webinar" if "webinar" in self.path else "meeting"

    @property
    def granular_scopes(self) -> tuple[str, ...]:
        return (f"{self.scope}:admin",) if self.admin_only else (self.scope, f"{self.scope}:admin")

    @property
    def classic_scopes(self) -> tuple[str, ...]:
        classic = ":".join(self.scope.split(":")[:2])
        own = (f"{classic}:admin",) if self.admin_only else (classic, f"{classic}:admin")
        return (*self.also, *own)

    def url(self, id_: int | str = "", **query: object) -> str:
        """The path, with this id (encoded as it must be) and these parameters."""
        text = quote(id_) if isinstance(id_, str) and "@" in id_ else quote_uuid(str(id_))
        path = self.path.replace("*", text)
        return f"{path}?{urlencode(query)}" if query else path


_TABLE = (
    Route("users", "/users", "MEDIUM", "user:read:list_users", users, admin_only=True,
          also=("user:read", "user:write:admin")),
    Route("user_meetings", "/users/*/meetings", "MEDIUM", "meeting:read:list_meetings", user_meetings),
    Route("user_webinars", "/users/*/webinars", "MEDIUM", "webinar:read:list_webinars", user_webinars),
    Route("meetings", "/meetings/*", "LIGHT", "meeting:read:meeting", detail),
    Route("meeting_registrants", "/meetings/*/registrants", "MEDIUM",
          "meeting:read:list_registrants", registrants),
    Route("meeting_polls", "/meetings/*/polls", "LIGHT", "meeting:read:list_polls", polls),
    Route("meeting_questions", "/meetings/*/registrants/questions", "LIGHT",
          "meeting:read:list_registration_questions", questions),
    Route("meeting_poll_results", "/past_meetings/*/polls", "MEDIUM",
          "meeting:read:list_poll_results", poll_results),
    Route("past_meeting_instances", "/past_meetings/*/instances", "MEDIUM",
          "meeting:read:list_past_instances", instances),
    Route("webinars", "/webinars/*", "LIGHT", "webinar:read:webinar", detail),
    Route("webinar_panelists", "/webinars/*/panelists", "MEDIUM", "webinar:read:list_panelists", panelists),
    Route("webinar_registrants", "/webinars/*/registrants", "MEDIUM",
          "webinar:read:list_registrants", registrants),
    Route("webinar_polls", "/webinars/*/polls", "LIGHT", "webinar:read:list_polls", polls),
    Route("webinar_questions", "/webinars/*/registrants/questions", "LIGHT",
          "webinar:read:list_registration_questions", questions),
    Route("webinar_tracking_sources", "/webinars/*/tracking_sources", "MEDIUM",
          "webinar:read:list_tracking_sources", tracking_sources),
    Route("webinar_absentees", "/past_webinars/*/absentees", "HEAVY",
          "webinar:read:list_absentees", absentees),
    Route("webinar_poll_results", "/past_webinars/*/polls", "MEDIUM",
          "webinar:read:list_past_polls", poll_results),
    Route("webinar_qna_results", "/past_webinars/*/qa", "MEDIUM", "webinar:read:past_qa", qna_results),
    Route("past_webinar_instances", "/past_webinars/*/instances", "LIGHT",
          "webinar:read:list_past_instances", instances),
    Route("report_hosts", "/report/users", "HEAVY", "report:read:list_users", report_hosts, admin_only=True),
    Route("report_user_meetings", "/report/users/*/meetings", "HEAVY",
          "report:read:user", report_user_meetings, admin_only=True),
    Route("report_meetings", "/report/meetings/*", "HEAVY", "report:read:meeting", report, admin_only=True),
    Route("report_meeting_participants", "/report/meetings/*/participants", "HEAVY",
          "report:read:list_meeting_participants", participants, admin_only=True),
    Route("report_webinars", "/report/webinars/*", "HEAVY", "report:read:webinar", report, admin_only=True),
    Route("report_webinar_participants", "/report/webinars/*/participants", "HEAVY",
          "report:read:list_webinar_participants", participants, admin_only=True),
)  # fmt: skip
ROUTES = {route.name: route for route in _TABLE}
GRANULAR_SCOPES = tuple(sorted({f"{route.scope}:admin" for route in _TABLE}))
CLASSIC_SCOPES = tuple(sorted({route.classic_scopes[-1] for route in _TABLE}))
_BY_PATH = {route.path: route for route in _TABLE}


def find_route(path: str) -> tuple[Route, str] | None:
    """The route of a raw path below the API's base, and the raw id in it."""
    if path in _BY_PATH:
        return _BY_PATH[path], ""
    segments = path.split("/")
    for position in (2, 3):
        if len(segments) > position and segments[position]:
            template = "/".join([*segments[:position], "*", *segments[position + 1 :]])
            if template in _BY_PATH:
                return _BY_PATH[template], segments[position]
    return None


def answer(
    world: World, tokens: PageTokens, route: Route, raw_id: str, query: Mapping[str, str], key: str
) -> Json:
    """What Zoom would say; raises ZoomError."""
    # A UUID that had to be encoded twice, and was not, stays as it came: nothing has such an id.
    id_ = unquote_segment(raw_id) or raw_id
    return route.handler(Call(world, tokens, world.now(), key, id_, query, route.kind))
