"""The rows of each stream, and the requests they need at least; one unit at a time, see `units.py`."""

from collections.abc import Iterable, Iterator

from . import objects, past_objects
from .plans import Occurrence, Series
from .units import Account, Ask, Json, Listed, Past, View

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
    return past_objects.poll_results(view.world, occurrence)


def _qna(view: View, occurrence: Occurrence) -> Iterator[Json]:
    return past_objects.qna(view.world, occurrence)


def _absentees(view: View, occurrence: Occurrence) -> Iterator[Json]:
    return (
        past_objects.absentee(view.world, occurrence, number) for number in view.world.absentees(occurrence)
    )


def _ask_absentees(view: View, occurrence: Occurrence) -> list[Ask]:
    registers = occurrence.series.pattern.registers
    return [Ask(total=len(view.world.absentees(occurrence)) if registers else 0)]


def _report(view: View, occurrence: Occurrence) -> list[Json]:
    return [past_objects.report(view.world, occurrence)]


def _participants(view: View, occurrence: Occurrence) -> Iterable[Json]:
    return (
        past_objects.participant(view.world, occurrence, stay, view.now, include_registrant=True)
        for stay in past_objects.stays(view.world, occurrence)
    )


def _ask_participants(view: View, occurrence: Occurrence) -> list[Ask]:
    return [Ask({"include_fields": "registrant_id"}, len(past_objects.stays(view.world, occurrence)))]


USERS = Account(_users, _ask_users)
DETAIL = Listed(_detail, _ask_detail, itself=True)
REGISTRANTS = Listed(_registrants, _ask_registrants)
POLLS = Listed(_polls)
QUESTIONS = Listed(_questions)
PANELISTS = Listed(_panelists)
TRACKING_SOURCES = Listed(_tracking_sources)
POLL_RESULTS = Past(_poll_results)
QNA_RESULTS = Past(_qna)
ABSENTEES = Past(_absentees, _ask_absentees)
REPORT = Past(_report)
PARTICIPANTS = Past(_participants, _ask_participants)
