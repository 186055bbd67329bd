"""How past occurrences and their people look as Zoom's JSON objects."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .clock import HOUR, iso
from .objects import registrant
from .plans import HostActivity, Occurrence, Person, Series
from .words import ANONYMOUS, ATTRIBUTES, department, full_name, name, topic, user_name
from .world import World

Json = dict[str, Any]

# What Zoom's lists of the past have of a participant, of all that its reports have.
_OF_PAST_LISTS = (
    "id",
    "user_id",
    "registrant_id",
    "name",
    "user_email",
    "join_time",
    "leave_time",
    "duration",
    "status",
    "failover",
    "internal_user",
)
CUSTOM_KEYS = [{"key": "cost_center", "value": "4711"}]


def absentee(world: World, occurrence: Occurrence, number: int) -> Json:
    return registrant(world, occurrence.series, "approved", number)


def poll_results(world: World, occurrence: Occurrence, now: float) -> Iterator[Json]:
    """One row per respondent; the anonymous ones cannot be told apart."""
    series = occurrence.series
    if not world.has_poll_results(occurrence):
        return
    for person in world.people(occurrence, now)[1:]:
        poll = person.number % world.size.polls
        anonymous = poll % 2 == 1 or person.registrant is not None
        draw = world.hash("answers", series.id, occurrence.number, person.number)
        first, last = ("", "") if anonymous else name(world.hash("name", person.user or 0))
        yield {
            "email": "" if anonymous or person.user is None else world.email(person.user),
            "name": ANONYMOUS if anonymous else f"{first} {last}",
            "first_name": first,
            "last_name": last,
            "question_details": [
                {
                    "answer": ("Good", "Bad")[draw & 1],
                    # Written in the meeting's time zone, and without saying so.
                    "date_time": iso(occurrence.start + 600).replace("T", " ").rstrip("Z"),
                    "polling_id": world.ids.opaque("poll", series.id, poll),
                    "question": "How was it?",
                }
            ],
        }


def _askers(world: World, occurrence: Occurrence, now: float) -> Iterator[tuple[Person, str]]:
    """Who has asked, and the answer."""
    for person in world.people(occurrence, now)[1:] if world.has_qna(occurrence) else []:
        draw = world.hash("qna", occurrence.series.id, occurrence.number, person.number)
        if person.user is not None or not draw & 1:
            yield person, ("Yes", "live answered")[draw >> 1 & 1]


def _respondent(world: World, person: Person) -> Json:
    return {
        "email": "" if person.user is None else world.email(person.user),
        "name": ANONYMOUS if person.user is None else user_name(world, person.user),
    }


def qna(world: World, occurrence: Occurrence, now: float) -> Iterator[Json]:
    """One row per asker."""
    for person, answer in _askers(world, occurrence, now):
        question = {"question": "Will there be slides?", "answer": answer}
        yield {**_respondent(world, person), "question_details": [question]}


def reported_qna(world: World, occurrence: Occurrence, now: float) -> Iterator[Json]:
    """The same in the reports, which also say when and by whom it was answered."""
    series = occurrence.series
    for person, answer in _askers(world, occurrence, now):
        written = {
            "content": answer,
            "create_time": iso(occurrence.start + 960),
            "email": world.email(series.user),
            "name": user_name(world, series.user),
            "type": "host_answered_publicly",
            "user_id": world.ids.user(series.user),
        }
        question = {
            "answer": answer,
            "answer_details": [written] if answer == "Yes" else [],
            "create_time": iso(occurrence.start + 900),
            "question": "Will there be slides?",
            "question_id": world.ids.opaque("question", series.id, occurrence.number, person.number),
            "question_status": "answered",
        }
        yield {
            **_respondent(world, person),
            "user_id": "" if person.user is None else world.ids.user(person.user),
            "question_details": [question],
        }


def survey_answers(world: World, occurrence: Occurrence, now: float) -> Iterator[Json]:
    """One row per respondent; the guests cannot be told apart."""
    series = occurrence.series
    for person in world.people(occurrence, now)[1:] if world.has_survey(occurrence) else []:
        draw = world.hash("survey answers", series.id, occurrence.number, person.number)
        first, last = ("", "") if person.user is None else name(world.hash("name", person.user))
        yield {
            **_respondent(world, person),
            "first_name": first,
            "last_name": last,
            "answer_details": [
                {
                    "answer": ("Good", "Bad")[draw & 1],
                    "date_time": iso(occurrence.end + 60),
                    "question": "How did you like it?",
                    "question_id": world.ids.opaque("survey question", series.id),
                }
            ],
        }


def survey_head(world: World, occurrence: Occurrence) -> Json:
    """What precedes the answers to the survey about an occurrence."""
    series, has_survey = occurrence.series, world.has_survey(occurrence)
    return {
        f"{series.kind}_id": series.id,
        f"{series.kind}_uuid": world.uuid(occurrence),
        "start_time": iso(occurrence.start),
        "survey_id": world.ids.opaque("survey", series.id) if has_survey else "",
        "survey_name": "Feedback" if has_survey else "",
    }


def occurrence_head(world: World, occurrence: Occurrence) -> Json:
    """What precedes the questions of an occurrence in poll results and Q&A."""
    return {"id": occurrence.series.id, "uuid": world.uuid(occurrence), "start_time": iso(occurrence.start)}


def report(world: World, occurrence: Occurrence, now: float) -> Json:
    """The details of a past meeting or webinar."""
    series = occurrence.series
    count = world.head_count(occurrence, now)
    return {
        **_past(world, occurrence, now),
        "custom_keys": CUSTOM_KEYS,
        "dept": department(world, series.user),
        "participants_count": count,
        "total_minutes": count * world.written_minutes(occurrence, now),
        "tracking_fields": [{"field": "Department", "value": department(world, series.user)}],
    }


def _past(world: World, occurrence: Occurrence, now: float) -> Json:
    series = occurrence.series
    return {
        "uuid": world.uuid(occurrence),
        "id": series.id,
        "topic": topic(world, series),
        "type": series.pattern.type,
        "user_name": user_name(world, series.user),
        "user_email": world.email(series.user),
        "start_time": iso(occurrence.start),
        "end_time": iso(world.written_end(occurrence, now)),
        "duration": world.written_minutes(occurrence, now),
    }


def reported(world: World, occurrence: Occurrence, now: float) -> Json:
    """A row of the report of one host's meetings and webinars."""
    row = _past(world, occurrence, now)
    people = world.people(occurrence, now)
    return {
        **row,
        "host_name": row["user_name"],
        "host_organization": "Acme",
        "source": "Zoom",
        "session_key": "",
        "custom_keys": CUSTOM_KEYS,
        "has_chat": True,
        "has_recording": world.is_recorded(occurrence),
        "has_screen_share": False,
        "join_time": row["start_time"],
        "join_waiting_room_time": row["start_time"],
        "leave_time": row["end_time"],
        "meeting_encryption_status": 1,
        "participants_count": len(people),
        "participants_count_my_account": sum(person.user is not None for person in people),
        "schedule_time": row["start_time"],
        "total_minutes": len(people) * row["duration"],
    }


def instance(world: World, occurrence: Occurrence) -> Json:
    return {"uuid": world.uuid(occurrence), "start_time": iso(occurrence.start)}


def host(world: World, activity: HostActivity) -> Json:
    """A row of the report of hosts."""
    return {
        "id": world.ids.user(activity.user),
        "email": world.email(activity.user),
        "user_name": user_name(world, activity.user),
        "type": 2 if world.is_licensed(activity.user) else 1,
        "dept": department(world, activity.user),
        "meetings": activity.meetings,
        "participants": activity.participants,
        "meeting_minutes": activity.minutes,
        "custom_attributes": ATTRIBUTES,
    }


class Stay(NamedTuple):
    """One row of an occurrence's participants: who rejoins, changes rooms or waits has two."""

    number: int
    person: Person
    again: bool


def stays(world: World, occurrence: Occurrence, now: float) -> list[Stay]:
    if occurrence.solo:
        return []
    who = (
        (person, again)
        for person in world.people(occurrence, now)
        for again in ((False, True) if person.number % 3 == 1 else (False,))
    )
    return [Stay(number, person, again) for number, (person, again) in enumerate(who)]


def participant(
    world: World, occurrence: Occurrence, stay: Stay, now: float, include_registrant: bool
) -> Json:
    end = world.written_end(occurrence, now)
    row = _participant(world, occurrence, stay.person, end)
    if include_registrant:
        registrant = stay.person.registrant
        known = registrant is not None
        row["registrant_id"] = (
            world.registrant_id(occurrence.series, "approved", registrant or 0) if known else ""
        )
    if stay.again:
        # The occurrence decides which of the four oddities it shows, so that every world shows all of them.
        row = _again(row, (occurrence.series.slot + occurrence.number) % 4, occurrence, stay.person, end)
    if stay.number % 2 and now < occurrence.end + world.size.late_hours * HOUR:
        # Zoom writes attendance some time after the end: until then stays look as if they had no length.
        return {**row, "leave_time": row["join_time"], "duration": 0}
    return row


def past_participant(world: World, occurrence: Occurrence, stay: Stay, now: float) -> Json:
    row = participant(world, occurrence, stay, now, include_registrant=True)
    return {name: row[name] for name in _OF_PAST_LISTS}


def _participant(world: World, occurrence: Occurrence, person: Person, end: float) -> Json:
    series = occurrence.series
    draw = world.hash("stay", series.id, occurrence.number, person.number)
    joined = occurrence.start + draw % 300 * (person.number > 0)
    left = min(occurrence.end - (draw >> 16) % 300, end)
    member = world.ids.user(person.user) if person.user is not None else ""
    row = {
        "id": member,
        "participant_user_id": member,
        "user_id": _join_id(series, person.number),
        "name": full_name(draw >> 8) if person.user is None else user_name(world, person.user),
        "user_email": "" if person.user is None else world.email(person.user),
        "join_time": iso(joined),
        "leave_time": iso(left),
        "duration": int(left - joined),
        "attentiveness_score": "",
        "bo_mtg_id": "",
        "customer_key": f"key-{person.number}" if person.user is not None else "",
        "failover": False,
        "internal_user": person.user is not None,
        "status": "in_meeting",
    }
    return {**row, "groupId": ""} if series.kind == "webinar" else row


def _join_id(series: Series, number: int) -> str:
    return f"{16_778_240 + number * 1024}" if series.kind == "meeting" else f"wbn{series.slot:x}x{number:04x}"


def _again(row: Json, oddity: int, occurrence: Occurrence, person: Person, end: float) -> Json:
    """Another row of the same person: a rejoin, the same once more, a breakout room, or the waiting room."""
    if oddity == 0:
        rejoined = occurrence.end - 300
        return {
            **row,
            "user_id": _join_id(occurrence.series, 5000 + person.number),
            "join_time": iso(rejoined),
            "leave_time": iso(end),
            "duration": int(end - rejoined),
        }
    if oddity == 1:
        return dict(row)
    if oddity == 2:
        return {**row, "bo_mtg_id": "27423d1f8bb6e2f5", "duration": row["duration"] // 2}
    return {**row, "status": "in_waiting_room", "leave_time": row["join_time"], "duration": 0}
