"""The rows of each stream, and the requests they need at least; one unit at a time, see `units.py`."""

from collections.abc import Iterable, Iterator

from . import account_objects, objects, past_objects
from .plans import Occurrence, Series
from .units import Account, Ask, Each, Hosted, Json, Listed, Past, View, Window

STATUSES = ("approved", "pending", "denied")


def _users(view: View) -> Iterator[Json]:
    world = view.world
    users = world.active_users + world.inactive_users + (world.pending_users if view.pending_users else ())
    return (objects.user(world, user, "custom_attributes") for user in users)


def _ask_users(view: View) -> Iterator[Ask]:
    for status, users in (("active", view.world.active_users), ("inactive", view.world.inactive_users)):
        yield Ask({"status": status}, len(users))


def _detail(view: View, series: Series) -> list[Json]:
    return [objects.detail(view.world, series, view.now, previous=True)]


def _ask_detail(view: View, series: Series) -> list[Ask]:
    return [Ask({"show_previous_occurrences": "true"})]


def _registrants(view: View, series: Series) -> Iterator[Json]:
    for status in STATUSES:
        for number in range(view.world.registrant_count(series, status)):
            yield objects.registrant(view.world, series, status, number)


def _ask_registrants(view: View, series: Series) -> Iterator[Ask]:
    # One request tells that there is no registration.
    for status in STATUSES if series.pattern.registers else STATUSES[:1]:
        yield Ask({"status": status}, view.world.registrant_count(series, status))


def _polls(view: View, series: Series) -> list[Json]:
    return objects.polls(view.world, series)


def _questions(view: View, series: Series) -> list[Json]:
    return [objects.questions(series)] if series.pattern.registers else []


def _panelists(view: View, series: Series) -> Iterator[Json]:
    return objects.panelists(view.world, series)


def _tracking_sources(view: View, series: Series) -> Iterator[Json]:
    return objects.tracking_sources(view.world, series)


def _poll_results(view: View, occurrence: Occurrence) -> Iterator[Json]:
    return past_objects.poll_results(view.world, occurrence, view.now)


def _qna(view: View, occurrence: Occurrence) -> Iterator[Json]:
    return past_objects.qna(view.world, occurrence, view.now)


def _reported_qna(view: View, occurrence: Occurrence) -> Iterator[Json]:
    return past_objects.reported_qna(view.world, occurrence, view.now)


def _survey_answers(view: View, occurrence: Occurrence) -> Iterator[Json]:
    head = past_objects.survey_head(view.world, occurrence)
    of_survey = {name: head[name] for name in ("survey_id", "survey_name")}
    answers = past_objects.survey_answers(view.world, occurrence, view.now)
    return ({**of_survey, **answer} for answer in answers)


def _absentees(view: View, occurrence: Occurrence) -> Iterator[Json]:
    return (
        past_objects.absentee(view.world, occurrence, number) for number in view.world.absentees(occurrence)
    )


def _ask_absentees(view: View, occurrence: Occurrence) -> list[Ask]:
    registers = occurrence.series.pattern.registers
    return [Ask(total=len(view.world.absentees(occurrence)) if registers else 0)]


def _report(view: View, occurrence: Occurrence) -> list[Json]:
    return [past_objects.report(view.world, occurrence, view.now)]


def _participants(view: View, occurrence: Occurrence) -> Iterable[Json]:
    return (
        past_objects.participant(view.world, occurrence, stay, view.now, include_registrant=True)
        for stay in past_objects.stays(view.world, occurrence, view.now)
    )


def _ask_participants(view: View, occurrence: Occurrence) -> list[Ask]:
    stays = past_objects.stays(view.world, occurrence, view.now)
    return [Ask({"include_fields": "registrant_id"}, len(stays))]


def _past_participants(view: View, occurrence: Occurrence) -> Iterable[Json]:
    return (
        past_objects.past_participant(view.world, occurrence, stay, view.now)
        for stay in past_objects.stays(view.world, occurrence, view.now)
    )


def _ask_past_participants(view: View, occurrence: Occurrence) -> list[Ask]:
    return [Ask(total=len(past_objects.stays(view.world, occurrence, view.now)))]


def _hosted(view: View, user: int, window: Window) -> Iterable[Json]:
    world, shown = view.world, view.world.list_time(view.now)
    held = world.reported(user, *window, view.now)
    return (past_objects.reported(world, occurrence, shown) for occurrence in held)


def _groups(view: View) -> list[Json]:
    return account_objects.groups(view.world)


def _ask_groups(view: View) -> list[Ask]:
    return [Ask(total=len(view.world.groups))]


def _group_members(view: View, group: Json) -> list[Json]:
    return account_objects.group_members(view.world, view.world.groups[group["id"]])


def _roles(view: View) -> list[Json]:
    return account_objects.roles(view.world)


def _role_members(view: View, role: Json) -> list[Json]:
    return account_objects.role_members(view.world, view.world.roles[role["id"]])


def _ask_members(view: View, parent: Json) -> list[Ask]:
    return [Ask(total=parent["total_members"])]


def _tracking_fields(view: View) -> list[Json]:
    return account_objects.tracking_fields(view.world)


USERS = Account(_users, _ask_users)
DETAIL = Listed(_detail, _ask_detail, itself=True)
REGISTRANTS = Listed(_registrants, _ask_registrants, of_registration=True)
POLLS = Listed(_polls)
QUESTIONS = Listed(_questions, of_registration=True)
PANELISTS = Listed(_panelists)
TRACKING_SOURCES = Listed(_tracking_sources)
POLL_RESULTS = Past(_poll_results, report_type="poll")
QNA_RESULTS = Past(_qna, report_type="qa")
REPORTED_QNA = Past(_reported_qna, report_type="qa")
SURVEY_ANSWERS = Past(_survey_answers, report_type="survey")
ABSENTEES = Past(_absentees, _ask_absentees)
REPORT = Past(_report)
PARTICIPANTS = Past(_participants, _ask_participants)
PAST_PARTICIPANTS = Past(_past_participants, _ask_past_participants)
HOSTED = Hosted(_hosted)
GROUPS = Account(_groups, _ask_groups)
GROUP_MEMBERS = Each("groups", _group_members, _ask_members)
ROLES = Account(_roles)
ROLE_MEMBERS = Each("roles", _role_members, _ask_members)
TRACKING_FIELDS = Account(_tracking_fields)
