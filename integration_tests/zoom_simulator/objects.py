"""How users, and meetings and webinars as planned, look as Zoom's JSON objects."""

from collections.abc import Iterator
from typing import Any

from .clock import DAY, iso
from .plans import Series
from .settings import (
    MEETING_SETTINGS,
    QUESTIONS,
    RECURRENCE,
    UNDOCUMENTED_MEETING_SETTINGS,
    UNDOCUMENTED_WEBINAR_SETTINGS,
    WEBINAR_SETTINGS,
)
from .words import ATTRIBUTES, department, full_name, name, topic
from .world import World

Json = dict[str, Any]

_LICENSES = (2, 8, 16, 2**27, 2**54, 576460752303423500, 72057594037927940, 144115188075855870)
_AGENDA = "Agenda: news, numbers, open points, decisions. "
_CUSTOM_ANSWERS = [{"title": "How did you hear of us?", "value": "A friend"}, {"title": "Diet", "value": ""}]


def user(world: World, user: int, include: str = "") -> Json:
    """A row of the users list; pending users have no id yet."""
    draw = world.hash("name", user)
    first, last = name(draw)
    pending = user >= world.size.users
    status = "pending" if pending else "active" if world.is_active(user) else "inactive"
    created = iso(world.anchor - (500 + draw % 900) * DAY)
    row: Json = {
        "id": world.ids.user(user),
        "first_name": first,
        "last_name": last,
        "display_name": f"{first} {last}",
        "email": world.email(user),
        "type": 2 if world.is_licensed(user) else 1,
        "status": status,
        "pmi": _pmi(world, user),
        "timezone": ("Europe/Berlin", "America/New_York", "UTC")[draw % 3],
        "verified": draw >> 20 & 1,
        "dept": department(world, user),
        "created_at": created,
        "user_created_at": created,
        "last_login_time": iso(world.anchor - draw % 40 * DAY),
        "last_client_version": "6.4.1.58330(mac)",
        "language": "en-US",
        "phone_number": "",
        "group_ids": [world.group_of(user)],
        "im_group_ids": [world.ids.opaque("im group", draw % 2)],
        "division_ids": [world.ids.opaque("division", draw % 2)],
        "employee_unique_id": f"E{user:05}",
        "pic_url": f"https://zoom.example/p/{world.ids.opaque('picture', user)}",
        "role_id": world.role_of(user),
        "plan_united_type": "1",
        "license_info_list": [
            {
                "license_type": "MEETING",
                "license_option": _LICENSES[(user + draw) % len(_LICENSES)],
                "subscription_id": world.ids.opaque("subscription", 0),
            },
            {
                "license_type": "ZOOM_WORKPLACE_BUNDLE",
                "license_option": _LICENSES[4 + user % 4],
                "subscription_id": "",
            },
        ],
    }
    if include == "custom_attributes":
        row["custom_attributes"] = ATTRIBUTES
    elif include == "host_key":
        row["host_key"] = f"{draw % 1_000_000:06}"
    if pending:
        for key in ("id", "pmi", "last_login_time", "last_client_version"):
            del row[key]
    return row


def _pmi(world: World, user: int) -> int:
    return 5_000_000_000 + world.hash("pmi", user) % 4_000_000_000


def listed(world: World, series: Series, now: float) -> Json:
    """A row of a user's list of meetings or webinars."""
    row = _planned(world, series, now)
    row["agenda"] = row["agenda"][:250]
    if series.kind == "webinar":
        row["is_simulive"] = series.slot % 2 == 1
    elif series.pattern.pmi:
        row["pmi"] = str(_pmi(world, series.user))
    return row


def _planned(world: World, series: Series, now: float) -> Json:
    draw = world.hash("topic", series.id)
    row: Json = {
        "id": series.id,
        # That of the next occurrence, so it changes whenever one has taken place.
        "uuid": world.ids.uuid(series.kind, series.user, series.slot, world.next_number(series, now)),
        "host_id": world.ids.user(series.user),
        "topic": topic(world, series),
        "type": series.pattern.type,
        "duration": series.minutes,
        "timezone": "UTC",
        "agenda": _AGENDA * (draw % 8),
        "created_at": iso(world.anchor - 480 * DAY - draw % DAY),
        "join_url": f"https://zoom.example/j/{series.id}",
    }
    if series.fixed_time:
        row["start_time"] = iso(series.first)
    return row


def detail(world: World, series: Series, now: float, previous: bool) -> Json:
    """A meeting or webinar by itself; `previous` adds the occurrences that are over."""
    row = _planned(world, series, now)
    draw = world.hash("detail", series.id)
    alternative = world.alternative_host(series)
    row |= {
        "assistant_id": world.ids.user(0),
        "creation_source": ("other", "open_api", "web_portal")[draw % 3],
        "host_email": world.email(series.user),
        "password": f"{draw % 1_000_000:06}",
        "start_url": f"https://zoom.example/s/{series.id}?zak=secret-{draw % 10**8:08}",
        "tracking_fields": [
            {"field": "Department", "value": department(world, series.user), "visible": True}
        ],
        "settings": {
            **(MEETING_SETTINGS if series.kind == "meeting" else WEBINAR_SETTINGS),
            "approval_type": draw % 2 if series.pattern.registers else 2,
            "alternative_hosts": world.email(alternative) if alternative is not None else "",
        },
    }
    if series.kind == "meeting":
        row |= {
            "chat_join_url": f"https://zoom.example/launch/jc/{series.id}",
            "dynamic_host_key": f"{draw >> 8 & 0xFFFFF:07}",
            "encrypted_password": world.ids.opaque("encrypted", series.id),
            "h323_password": f"{draw >> 16 & 0xFFFFF:07}",
            "pre_schedule": False,
            "pstn_password": f"{draw >> 24 & 0xFFFFF:07}",
            "status": "waiting",
        }
        if series.slot % 2 == 0:
            row["settings"] |= UNDOCUMENTED_MEETING_SETTINGS
            row["resources"] = MEETING_SETTINGS["resources"]
            row["sensitivity_label_id"] = world.ids.opaque("label", draw % 3)
            row["template_id"] = world.ids.opaque("template", draw % 3)
        if series.pattern.pmi:
            row |= {"pmi": str(_pmi(world, series.user)), "settings": row["settings"] | {"use_pmi": True}}
    else:
        del row["assistant_id"]
        row |= {
            "encrypted_passcode": world.ids.opaque("encrypted", series.id),
            "h323_passcode": f"{draw >> 16 & 0xFFFFF:07}",
            "is_simulive": series.slot % 2 == 1,
            "transition_to_live": False,
        }
        if series.slot % 2 == 0:
            row["settings"] |= UNDOCUMENTED_WEBINAR_SETTINGS
            row |= {
                "capacity": 500,
                "license_type": "WEBINAR",
                "template_id": world.ids.opaque("template", draw % 3),
            }
        if row["is_simulive"]:
            row["record_file_id"] = world.ids.opaque("recording", series.id)
            row["simulive_delay_start"] = {"enable": True, "time": 10, "timeunit": "second"}
    if series.pattern.registers:
        row["registration_url"] = f"https://zoom.example/{series.kind}/register/{series.id}"
    if series.recurring and series.fixed_time:
        row["recurrence"] = _recurrence(series)
        row["occurrences"] = [
            {
                "occurrence_id": str(int(occurrence.start * 1000)),
                "start_time": iso(occurrence.start),
                "duration": series.minutes,
                "status": "deleted" if occurrence.cancelled else "available",
            }
            for occurrence in world.occurrences(series, 0 if previous else now - 2 * series.every)
            if previous or occurrence.end > now
        ][:50]
    return row


def _recurrence(series: Series) -> Json:
    days = series.every / DAY
    monthly = "monthly by day" if (series.user + series.slot // 4) % 2 else "monthly by week"
    rule = RECURRENCE["daily" if days == 1 else "weekly" if days == 7 else monthly]
    if (series.user + series.slot) % 2:
        return {**rule, "end_times": series.total}
    return {**rule, "end_date_time": iso(series.last_end)}


def registrant(world: World, series: Series, status: str, number: int) -> Json:
    draw = world.hash("registered person", series.id, number, len(status))
    first, last = name(draw)
    row = {
        "id": world.registrant_id(series, status, number),
        "email": _guest_email(series, status, number),
        "first_name": first,
        "last_name": last,
        "address": f"{draw % 200} Main Street",
        "city": "San José",
        "state": "CA",
        "zip": "95113",
        "country": "US",
        "phone": f"+1 408 555 {draw % 10_000:04}",
        "comments": "" if draw >> 16 & 1 else "Looking forward to it,\nreally.",
        "industry": "Food",
        "job_title": "DVM",
        "no_of_employees": ("", "1-20", "21-50", "251-500")[draw >> 20 & 3],
        "org": "Cooking Org",
        "purchasing_time_frame": ("", "Within a month", "1-3 months", "No timeframe")[draw >> 24 & 3],
        "role_in_purchase_process": ("", "Decision Maker", "Influencer", "Not involved")[draw >> 28 & 3],
        "custom_questions": _CUSTOM_ANSWERS,
        "status": status,
        "create_time": iso(world.anchor - 470 * DAY - draw % (10 * DAY)),
        "join_url": f"https://zoom.example/w/{series.id}?tk={draw:x}",
    }
    return {**row, "participant_pin_code": draw % 10**9} if series.kind == "meeting" else row


def _guest_email(series: Series, status: str, number: int) -> str:
    return f"{status}{number}.{series.slot}@guests.example"


def polls(world: World, series: Series) -> list[Json]:
    if series.pattern.polls != "on":
        return []
    return [
        {
            "id": world.ids.opaque("poll", series.id, number),
            "title": f"Poll {number + 1}",
            "anonymous": number % 2 == 1,
            "poll_type": (2, 1, 3)[number % 3],
            "status": ("notstart", "ended", "sharing")[(series.slot + number) % 3],
            "questions": QUESTIONS if number % 3 == 0 else QUESTIONS[:1],
        }
        for number in range(world.size.polls)
    ]


def questions(series: Series) -> Json:
    """What people are asked when they register."""
    many = (
        ("short", "single")
        if series.kind == "meeting"
        else ("short", "single_radio", "single_dropdown", "multiple")
    )
    return {
        "custom_questions": [
            {
                "title": f"{type_.capitalize()} question",
                "type": type_,
                "required": number % 2 == 0,
                "answers": [] if type_ == "short" else ["Yes", "No"],
            }
            for number, type_ in enumerate(many)
        ],
        "questions": [
            {"field_name": name, "required": name == "last_name"} for name in ("last_name", "city", "org")
        ],
    }


def panelists(world: World, series: Series) -> Iterator[Json]:
    for number in range(world.hash("panelists", series.id) % (world.size.panelists + 1)):
        draw = world.hash("panelist", series.id, number)
        yield {
            "id": world.ids.opaque("panelist", series.id, number),
            "name": full_name(draw),
            "email": f"panelist{number}@speakers.example",
            "join_url": f"https://zoom.example/w/{series.id}?tk={draw:x}",
            "name_tag_description": "Speaker",
            "name_tag_id": world.ids.opaque("name tag", number),
            "name_tag_name": full_name(draw),
            "name_tag_pronouns": "they/them",
            "virtual_background_id": world.ids.opaque("background", number),
        }


def tracking_sources(world: World, series: Series) -> Iterator[Json]:
    for number in range(series.pattern.registers and 1 + series.id % 2):
        draw = world.hash("tracking", series.id, number)
        yield {
            "id": world.ids.opaque("tracking", series.id, number),
            "source_name": ("newsletter", "search ads")[number],
            "tracking_url": f"https://zoom.example/webinar/register/{series.id}/{number}",
            "registration_count": draw % 50,
            "visitor_count": 50 + draw % 100,
        }
