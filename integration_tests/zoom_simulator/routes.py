"""One table: which path gives what, under which rate limit and scope. To add one: a row and a function.

A route that is a stream also says what its rows hang on and which they are, so that `truth` needs to know no
stream by name.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote, urlencode

from . import account_objects, logs, objects, past_objects, phone, recordings, rows, summaries
from .call import Call, Json, Redirect, Text
from .derived import DerivedList
from .errors import ZoomError
from .finders import report_hosts, report_user_meetings, user_meetings, user_webinars, users
from .history import HISTORY, history_meetings
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
    if not call.world.has_instances(series, call.now):
        raise ZoomError(404, 3001, f"{series.kind.capitalize()} does not exist: {call.id}.")
    return {f"{series.kind}s": [past_objects.instance(call.world, occurrence) for occurrence in found]}


_NOT_HELD = {"meeting": "Meeting does not exist: {}.", "webinar": "Webinar ID is invalid or not end."}


def poll_results(call: Call) -> Json:
    occurrence = _past(call, _NOT_HELD[call.kind])
    return _with_questions(call, occurrence, past_objects.poll_results(call.world, occurrence, call.now))


def qna_results(call: Call) -> Json:
    occurrence = _past(call, _NOT_HELD[call.kind])
    return _with_questions(call, occurrence, past_objects.qna(call.world, occurrence, call.now))


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
    return past_objects.report(call.world, occurrence, call.now)


def participants(call: Call) -> Json:
    occurrence = _past(call, _NO_PARTICIPANTS[call.kind], _TOO_OLD[call.kind])
    include = call.one_of("include_fields", ("", "registrant_id")) == "registrant_id"
    return call.page(
        "participants",
        past_objects.stays(call.world, occurrence, call.now),
        lambda stay: past_objects.participant(call.world, occurrence, stay, call.now, include),
    )


_NO_PAST_PARTICIPANTS = {"meeting": "Meeting does not exist: {}.", "webinar": "Webinar does not exist."}


def past_participants(call: Call) -> Json:
    occurrence = _past(call, _NO_PAST_PARTICIPANTS[call.kind])
    return call.page(
        "participants",
        past_objects.stays(call.world, occurrence, call.now),
        lambda stay: past_objects.past_participant(call.world, occurrence, stay, call.now),
    )


def reported_qna(call: Call) -> Json:
    occurrence = call.world.find_occurrence(call.kind, call.id, call.now)
    # Of what is older than a year it says nothing of its own.
    if occurrence is None or not call.world.is_readable(occurrence, call.now):
        raise ZoomError(404, 3001, f"{call.kind.capitalize()} {call.id} not found or has expired.")
    return _with_questions(call, occurrence, past_objects.reported_qna(call.world, occurrence, call.now))


def survey_answers(call: Call) -> Json:
    # Zoom speaks of webinars where it is asked for a meeting's survey, too.
    occurrence = _past(call, "Webinar {} not found or has expired.", "Can not access a webinar a year ago.")
    answers = past_objects.survey_answers(call.world, occurrence, call.now)
    return {**past_objects.survey_head(call.world, occurrence), "survey_answers": list(answers)}


def groups(call: Call) -> Json:
    page = call.page("groups", account_objects.groups(call.world), dict)
    return {name: page[name] for name in ("total_records", "next_page_token", "groups")}


def group_members(call: Call) -> Json:
    return _members(call, "Group", call.world.groups, account_objects.group_members)


def roles(call: Call) -> Json:
    return _unpaged("roles", account_objects.roles(call.world))


def role_members(call: Call) -> Json:
    return _members(call, "Role", call.world.roles, account_objects.role_members)


def tracking_fields(call: Call) -> Json:
    return _unpaged("tracking_fields", account_objects.tracking_fields(call.world))


def _members(
    call: Call,
    kind: str,
    users: Mapping[str, list[int]],
    rows: Callable[[World, list[int]], list[Json]],
) -> Json:
    """A page of those who are in the group or role in the path."""
    if call.id not in users:
        raise ZoomError(404, 300, f"{kind} does not exist: {call.id}.")
    return call.page("members", rows(call.world, users[call.id]), dict, numbered=True)


def _unpaged(name: str, rows: list[Json]) -> Json:
    return {"total_records": len(rows), name: rows}


class Route(NamedTuple):
    """An endpoint, and the stream that it is, if it is one.

    `scope` and `classic` hold its granular and its classic scopes, apart by spaces, "" if there are none. One
    that ends in `:admin` or `:master` stands for itself, any other also for its variant with `:admin`.
    Without a `label` no rate limit applies, and an `open` route wants no token.

    A path has at most one id, written `*`, and begins below `prefix`: "" for an address outside the API. One
    without a path serves nothing: its rows come with those of another stream.

    `rows` makes it a stream. It may be left out where each listed meeting or each past occurrence gives one
    object, which is then what the handler says. A `finder` is no stream: clients find the units of others
    there, and it has rows where those units are its rows.
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
          "report:read:user:admin", report_user_meetings, rows.HOSTED, classic="report:read:admin"),
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
    Route("recordings", "/accounts/me/recordings", "MEDIUM",
          "cloud_recording:read:list_account_recordings:admin", recordings.list_recordings,
          recordings.RECORDINGS, classic="account:read:admin"),
    Route("user_recordings", "/users/*/recordings", "MEDIUM",
          "cloud_recording:read:list_user_recordings:admin", recordings.list_of_user, finder=True,
          classic="recording:read:admin"),
    Route("recording_transcripts", recordings.DOWNLOADS, "MEDIUM",
          "cloud_recording:read:list_recording_files:admin", recordings.download, recordings.TRANSCRIPTS,
          classic="recording:read:admin", prefix=""),
    Route("listed_summaries", "/meetings/meeting_summaries", "MEDIUM",
          "meeting:read:list_summaries:admin", summaries.list_summaries, summaries.LISTED_SUMMARIES,
          finder=True, classic="meeting_summary:read:admin"),
    Route("meeting_summaries", "/meetings/*/meeting_summary", "LIGHT",
          "meeting:read:summary:admin", summaries.summary, summaries.SUMMARIES,
          classic="meeting_summary:read:admin"),
    Route("past_meeting_participants", "/past_meetings/*/participants", "MEDIUM",
          "meeting:read:list_past_participants", past_participants, rows.PAST_PARTICIPANTS,
          classic="meeting:read"),
    Route("past_webinar_participants", "/past_webinars/*/participants", "MEDIUM",
          "webinar:read:list_past_participants", past_participants, rows.PAST_PARTICIPANTS,
          classic="webinar:read"),
    Route("report_history_meetings", "/report/history_meetings", "HEAVY",
          "report:read:list_history_meetings:admin", history_meetings, HISTORY, classic="report:read:admin"),
    Route("report_meeting_qna", "/report/meetings/*/qa", "HEAVY",
          "report:read:meeting_qna:admin", reported_qna, rows.REPORTED_QNA, classic="report:read:admin"),
    Route("report_webinar_qna", "/report/webinars/*/qa", "HEAVY",
          "report:read:webinar_qna:admin", reported_qna, rows.REPORTED_QNA, classic="report:read:admin"),
    Route("report_meeting_surveys", "/report/meetings/*/survey", "HEAVY",
          "report:read:meeting_survey:admin", survey_answers, rows.SURVEY_ANSWERS,
          classic="report:read:admin"),
    Route("report_webinar_surveys", "/report/webinars/*/survey", "HEAVY",
          "report:read:webinar_survey:admin", survey_answers, rows.SURVEY_ANSWERS,
          classic="report:read:admin"),
    Route("report_activities", "/report/activities", "HEAVY",
          "report:read:user_activities:admin", logs.activities, logs.ACTIVITIES, classic="report:read:admin"),
    Route("report_operation_logs", "/report/operationlogs", "HEAVY",
          "report:read:operation_logs:admin", logs.operation_logs, logs.OPERATION_LOGS,
          classic="report:read:admin"),
    # Zoom names no scope of its own for it.
    Route("report_daily_usage", "/report/daily", "HEAVY",
          "report:read:user_activities:admin report:read:operation_logs:admin report:read:user:admin",
          logs.daily_usage, logs.DAILY_USAGE, classic="report:read:admin"),
    Route("groups", "/groups", "MEDIUM",
          "group:read:list_groups:admin", groups, rows.GROUPS, classic="group:read:admin"),
    Route("group_members", "/groups/*/members", "MEDIUM",
          "group:read:list_members:admin", group_members, rows.GROUP_MEMBERS, classic="group:read:admin"),
    Route("roles", "/roles", "MEDIUM",
          "role:read:list_roles:admin", roles, rows.ROLES, classic="role:read:admin"),
    Route("role_members", "/roles/*/members", "MEDIUM",
          "role:read:list_members:admin", role_members, rows.ROLE_MEMBERS, classic="role:read:admin"),
    Route("tracking_fields", "/tracking_fields", "MEDIUM",
          "tracking_field:read:list_tracking_fields:admin", tracking_fields, rows.TRACKING_FIELDS,
          classic="tracking_fields:read:admin"),
    Route("phone_users", "/phone/users", "MEDIUM",
          "phone:read:list_users:admin", phone.users, phone.USERS, classic="phone:read:admin"),
    Route("phone_call_history", "/phone/call_history", "HEAVY",
          "phone:read:list_call_logs:admin", phone.call_history, phone.CALLS,
          classic="phone:read:admin phone_call_log:read:admin"),
    Route("phone_call_elements", "/phone/call_history/*", "MEDIUM",
          "phone:read:call_log:admin", phone.call_elements, phone.ELEMENTS,
          classic="phone:read:admin phone_call_log:read:admin"),
    Route("phone_recordings", "/phone/recordings", "MEDIUM",
          "phone:read:list_call_recordings:admin", phone.list_recordings, phone.RECORDINGS,
          classic="phone:read:admin phone_recording:read:admin"),
    Route("phone_recording_transcripts", "/phone/recording_transcript/download/*", "LIGHT",
          "phone:read:recording_transcript:admin", phone.transcript, phone.TRANSCRIPTS,
          classic="phone:read:admin phone_recording:read:admin"),
    Route("phone_voicemails", "/phone/voice_mails", "MEDIUM",
          "phone:read:list_voicemails:admin", phone.voicemails, phone.VOICEMAILS,
          classic="phone:read:admin phone_voicemail:read:admin"),
    Route("phone_call_queues", "/phone/call_queues", "MEDIUM",
          "phone:read:list_call_queues:admin", phone.queues, phone.CALL_QUEUES, classic="phone:read:admin"),
    Route("phone_sms_sessions", "/phone/sms/sessions", "MEDIUM",
          "phone:read:list_sms_sessions:admin", phone.sms_sessions, phone.SMS_SESSIONS,
          classic="phone:read:admin phone_sms:read:admin"),
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
