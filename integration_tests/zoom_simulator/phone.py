"""Zoom Phone: who has it, the account's calls with their parts, recordings, voicemails and text messages.

Calls come at even distances: in turn one that is answered and recorded, and one that ends on voicemail. They
are numbered from a day before the clock begins, so that an id leads back to its call.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple, TypeVar

from .call import Call
from .clock import DAY, HOUR, add_months, iso, midnight, utc_date
from .errors import ZoomError
from .units import Account, Ask, Each, Json, Months, View, Window
from .windows import MOST_MONTHS, ask_back
from .words import department, full_name, user_name
from .world import World

T = TypeVar("T")

LARGEST = 100
DAYS_BEFORE, DAYS_BETWEEN_SESSIONS = 250, 3
SITE = {"id": "8f71O6rWT8KFUGQmJIFAdQ", "name": "Main site"}
QUEUES = ("Sales", "Support")
# After how many days something happens in a session again; in every fifth once more, weeks later.
ACCESSES, LATE_ACCESS = (0.0, 1.125, 5.0), 19.0


class PhoneCall(NamedTuple):
    """A call; the even ones are answered, the odd ones end on voicemail."""

    number: int
    start: float
    minutes: int

    @property
    def end(self) -> float:
        return self.start + self.minutes * 60

    @property
    def is_answered(self) -> bool:
        return self.number % 2 == 0


class Session(NamedTuple):
    """A conversation by text messages, and when something last happened in it."""

    number: int
    last: float


def _origin(world: World) -> float:
    first = midnight(utc_date(world.anchor)) - DAYS_BEFORE * DAY
    return first + 9 * HOUR + world.hash("phone") % 300 * 60


def _call(world: World, number: int) -> PhoneCall:
    start = _origin(world) + int(number * DAY / world.size.calls_a_day)
    return PhoneCall(number, start, 1 + world.hash("call", number) % 20)


def calls(world: World, first: date, last: date, now: float) -> list[PhoneCall]:
    """The calls that began on these days (UTC, both included) and are over."""
    if not world.size.calls_a_day:
        return []
    apart, origin = DAY / world.size.calls_a_day, _origin(world)
    from_, to = max(midnight(first), origin), min(midnight(last) + DAY, now)
    numbers = range(math.floor((from_ - origin) / apart), math.ceil((to - origin) / apart) + 1)
    found = (_call(world, number) for number in numbers)
    return [call for call in found if from_ <= call.start < to and call.end <= now]


def recorded(world: World, first: date, last: date, now: float) -> list[PhoneCall]:
    """Those of them that were recorded, once Zoom has processed that."""
    return [call for call in calls(world, first, last, now) if _is_recorded(world, call, now)]


def _is_recorded(world: World, call: PhoneCall, now: float) -> bool:
    return call.is_answered and call.end + world.size.late_hours * HOUR <= now


def _has_transcript(world: World, call: PhoneCall, now: float) -> bool:
    """Of every fourth recording nobody makes one."""
    is_to_be = call.is_answered and call.number // 2 % 4 != 3
    return is_to_be and call.end + 2 * world.size.late_hours * HOUR <= now


def _voicemails(world: World, window: Window, now: float) -> list[PhoneCall]:
    return [call for call in calls(world, *window, now) if not call.is_answered]


def sessions(world: World, begin: float, end: float, now: float) -> list[Session]:
    """The sessions in which something has last happened between two instants."""
    found, origin = [], _origin(world)
    for number in range(math.floor((now - origin) / DAY / DAYS_BETWEEN_SESSIONS) + 1):
        days = (*ACCESSES, LATE_ACCESS) if number % 5 == 0 else ACCESSES
        start = origin + number * DAYS_BETWEEN_SESSIONS * DAY
        last = max((time for day in days if (time := start + day * DAY) <= now), default=math.inf)
        if begin <= last <= end:
            found.append(Session(number, last))
    return found


# Ids


def _id(world: World, what: str, number: int) -> str:
    return f"{number}-{world.ids.opaque(what, number)}"


def _find(world: World, what: str, id_: str, now: float) -> PhoneCall | None:
    """The call with this id of its own, or of what has come of it."""
    number = id_.partition("-")[0]
    if not (number.isdecimal() and world.size.calls_a_day) or id_ != _id(world, what, int(number)):
        return None
    call = _call(world, int(number))
    return call if call.end <= now else None


def _page(call: Call, name: str, items: Sequence[T], render: Callable[[T], Json]) -> Json:
    """A page of a list that gives a hundred rows at most."""
    size = call.query.get("page_size", "")
    if size.isdecimal() and int(size) > LARGEST:
        call = replace(call, query={**call.query, "page_size": str(LARGEST)})
    return call.page(name, items, render)


def _with_days(page: Json, window: Window) -> Json:
    return {**page, "from": window.first.isoformat(), "to": window.last.isoformat()}


# Who has Zoom Phone


def users(call: Call) -> Json:
    return _page(call, "users", [*_users(call.view), *_invited(call.world)], dict)


def _users(view: View) -> Iterator[Json]:
    world = view.world
    for user in world.active_users:
        yield {**_user(world, user), "id": world.ids.user(user), "status": "activate"}


def _invited(world: World) -> Iterator[Json]:
    """Those who have no id, as they have not accepted yet or have no number any more."""
    for number in range(world.size.phone_users_invited):
        user = world.size.users + number
        yield {**_user(world, user), **({"id": ""} if number % 2 else {}), "status": "pending"}


def _user(world: World, user: int) -> Json:
    plan = {
        "name": "US/CA Unlimited Calling Plan",
        "type": 200,
        "billing_account_id": "3WWAEEEjRj-9Q",
        "billing_account_name": "Head office",
        "billing_subscription_id": "19rsuA2",
        "billing_subscription_name": "Phone",
    }
    return {
        "phone_user_id": world.ids.opaque("phone user", user),
        "email": world.email(user),
        "name": user_name(world, user),
        "extension_id": world.ids.opaque("extension", user),
        "extension_number": 1000 + user,
        "phone_numbers": [{"id": world.ids.opaque("number", user), "number": _number(user)}],
        "calling_plans": [plan],
        "site": SITE,
        "department": department(world, user),
        "cost_center": "4711",
    }


def _number(user: int) -> str:
    return f"+1202555{user % 10000:04}"


def queues(call: Call) -> Json:
    page = _page(call, "call_queues", list(_queues(call.view)), dict)
    return {name: page[name] for name in ("page_size", "next_page_token", "total_records", "call_queues")}


def _queues(view: View) -> Iterator[Json]:
    for number, name in enumerate(QUEUES):
        own = {"id": view.world.ids.opaque("queue number", number), "number": _number(9000 + number)}
        yield {
            "id": view.world.ids.opaque("queue", number),
            "name": name,
            "extension_id": view.world.ids.opaque("queue extension", number),
            "extension_number": 800 + number,
            "phone_numbers": [{**own, "source": "internal"}],
            "site": SITE,
            "status": "active",
        }


# Calls


def call_history(call: Call) -> Json:
    window = call.window()
    found = calls(call.world, *window, call.now)
    return _with_days(call.page("call_history", found, lambda one: _call_row(call.view, one)), window)


def call_elements(call: Call) -> Json:
    found = _find(call.world, "call", call.id, call.now)
    if not found:
        raise ZoomError(404, 300, f"Call history does not exist: {call.id}.")
    row = _call_row(call.view, found)
    own = ("call_history_uuid", "recording_status", "spam", "duration", "call_result", "sbc_id", "sbc_name")
    head = {name: value for name, value in row.items() if name not in own}
    return {**head, "call_elements": list(_element_rows(call.view, row))}


def _host(world: World, call: PhoneCall) -> int:
    """Who was called."""
    return world.active_users[world.hash("called", call.number) % len(world.active_users)]


def _common(view: View, call: PhoneCall) -> Json:
    """What a call and each of its parts have in common."""
    world, user = view.world, _host(view.world, call)
    return {
        "call_id": f"{7000000000000000000 + call.number}",
        "direction": "inbound",
        "connect_type": "external",
        "call_type": "general",
        "hide_caller_id": False,
        "end_to_end": False,
        "caller_ext_id": "",
        "caller_did_number": _number(5000 + call.number),
        "caller_ext_number": "",
        "caller_name": full_name(world.hash("caller", call.number)),
        "caller_email": "",
        "caller_ext_type": "external_contact",
        "caller_number_type": "external_pstn",
        "caller_device_type": "",
        "caller_country_iso_code": "US",
        "caller_country_code": "1",
        "callee_ext_id": world.ids.opaque("extension", user),
        "callee_did_number": _number(user),
        "callee_ext_number": str(1000 + user),
        "callee_name": user_name(world, user),
        "callee_email": world.email(user),
        "callee_ext_type": "user",
        "callee_number_type": "zoom_pstn",
        "callee_device_type": "MAC_Client(6.4.1)",
        "callee_country_iso_code": "US",
        "callee_country_code": "1",
        "department": department(world, user),
        "cost_center": "4711",
        "site_id": SITE["id"],
        "group_id": world.group_of(user),
        "site_name": SITE["name"],
        "start_time": iso(call.start),
        "answer_time": iso(call.start + 5) if call.is_answered else None,
        "end_time": iso(call.end),
    }


def _call_row(view: View, call: PhoneCall) -> Json:
    id_ = _id(view.world, "call", call.number)
    is_recorded = _is_recorded(view.world, call, view.now)
    return {
        **_common(view, call),
        "id": id_,
        "call_history_uuid": id_,
        "international": False,
        "duration": call.minutes * 60,
        "sbc_id": "",
        "sbc_name": "",
        "sip_group_id": "",
        "sip_group_name": "",
        "call_result": "answered" if call.is_answered else "voicemail",
        "spam": "",
        "recording_status": "recorded" if is_recorded else "non_recorded",
    }


def _element_rows(view: View, row: Json) -> Iterator[Json]:
    """Whoever is called answers, or after the phone has rung there is voicemail."""
    world = view.world
    call = _call(world, int(row["id"].partition("-")[0]))
    steps = (
        [("incoming", "answered")]
        if call.is_answered
        else [("incoming", "ring_timeout"), ("overflow", "voicemail")]
    )
    for number, (event, result) in enumerate(steps):
        is_recorded = _is_recorded(world, call, view.now)
        id_ = world.ids.opaque("call element", call.number, number)
        yield {
            **_common(view, call),
            "id": id_,
            "call_element_id": id_,
            "call_history_uuid": row["call_history_uuid"],
            **{f"{who}_{what}": "" for who in ("caller", "callee") for what in _OF_A_DEVICE},
            "caller_site_id": "",
            "callee_site_id": SITE["id"],
            "client_code": "",
            "event": event,
            "result": result,
            "result_reason": "",
            "device_private_ip": f"10.0.0.{call.number % 250}",
            "device_public_ip": f"192.0.2.{call.number % 250}",
            "operator_ext_number": "",
            "operator_ext_id": "",
            "operator_ext_type": "user",
            "operator_name": "",
            "press_key": "",
            "segment": 1,
            "node": number + 1,
            "is_node": 1,
            "recording_id": _id(world, "recording", call.number) if is_recorded else "",
            "recording_type": "automatic" if is_recorded else None,
            "hold_time": 0,
            "waiting_time": 5,
            "voicemail_id": _id(world, "voicemail", call.number) if result == "voicemail" else "",
        }


_OF_A_DEVICE = ("account_code", "employee_id", "device_private_ip", "device_public_ip")


# What has come of calls


def _ends(view: View, call: PhoneCall) -> Json:
    world, user = view.world, _host(view.world, call)
    owner = {
        "id": world.ids.user(user),
        "name": user_name(world, user),
        "type": "user",
        "extension_number": 1000 + user,
        "extension_status": None,
        "extension_deleted_time": None,
    }
    return {
        "call_id": f"{7000000000000000000 + call.number}",
        "call_log_id": _id(world, "call", call.number),
        "caller_name": full_name(world.hash("caller", call.number)),
        "caller_number": _number(5000 + call.number),
        "caller_number_type": 2,
        "callee_name": user_name(world, user),
        "callee_number": _number(user),
        "callee_number_type": 1,
        "date_time": iso(call.start),
        "owner": owner,
    }


def list_recordings(call: Call) -> Json:
    found = recorded(call.world, *call.window(MOST_MONTHS), call.now)
    page = _page(call, "recordings", found, lambda one: _recording(call.view, one))
    return {name: page[name] for name in ("page_size", "next_page_token", "total_records", "recordings")}


def _recording(view: View, call: PhoneCall) -> Json:
    id_ = _id(view.world, "recording", call.number)
    person = {"name": user_name(view.world, _host(view.world, call)), "extension_number": "1000"}
    address = f"{view.url}/v2/phone/recording/download/{id_}"
    transcript = f"{view.url}/v2/phone/recording_transcript/download/{id_}"
    return {
        **_ends(view, call),
        "id": id_,
        "call_element_id": view.world.ids.opaque("call element", call.number, 0),
        "outgoing_by": person,
        "accepted_by": person,
        "end_time": iso(call.end),
        "duration": call.minutes * 60,
        "direction": "inbound",
        "recording_type": "Automatic",
        "disclaimer_status": 1,
        "meeting_uuid": "",
        "site": SITE,
        "auto_delete_policy": "",
        "auto_delete_enable": False,
        "download_url": address,
        **({"transcript_download_url": transcript} if _has_transcript(view.world, call, view.now) else {}),
    }


def transcript(call: Call) -> Json:
    found = _find(call.world, "recording", call.id, call.now)
    if not found or not _has_transcript(call.world, found, call.now):
        raise ZoomError(404, 12001, "The transcript does not exist.")
    return _transcript(call.view, found)


def _transcript(view: View, call: PhoneCall) -> Json:
    speakers = (
        full_name(view.world.hash("caller", call.number)),
        user_name(view.world, _host(view.world, call)),
    )
    said = [
        {
            "ts": f"00:00:0{second}.250",
            "end_ts": f"00:00:0{second}.900",
            "text": "Good morning.",
            "users": [{"username": name}],
        }
        for second, name in enumerate(speakers)
    ]
    return {"recording_id": _id(view.world, "recording", call.number), "timeline": said}


def voicemails(call: Call) -> Json:
    window = call.window()
    found = _voicemails(call.world, window, call.now)
    return _with_days(_page(call, "voice_mails", found, lambda one: _voicemail(call.view, one)), window)


def _voicemail(view: View, call: PhoneCall) -> Json:
    """Within a day it is listened to."""
    id_ = _id(view.world, "voicemail", call.number)
    return {
        **_ends(view, call),
        "id": id_,
        "duration": 30,
        "status": "read" if call.end + DAY <= view.now else "unread",
        "download_url": f"{view.url}/v2/phone/voice_mails/download/{id_}",
        "deleted_time": None,
        "days_left_auto_permantely_delete": None,
        "soft_deleted_type": None,
    }


def sms_sessions(call: Call) -> Json:
    """Zoom takes instants here; by which time it counts where `filter_type` is missing, nobody says."""
    times = ("last_message_time", "sent_message_time", "received_message_time", "sent_received_message_time")
    call.one_of("filter_type", times)
    first, last = call.instants()
    if utc_date(last) > add_months(utc_date(first), 1):
        raise ZoomError(400, 300, "The range from from to to must be one month at most.")
    if utc_date(first) < add_months(utc_date(call.now), -6):
        raise ZoomError(400, 300, "Only the last six months can be asked for.")
    found = sessions(call.world, first, last, call.now)
    page = _page(call, "sms_sessions", found, lambda one: _session(call.view, one))
    return {name: page[name] for name in ("page_size", "next_page_token", "sms_sessions")}


def _session(view: View, session: Session) -> Json:
    world = view.world
    user = world.active_users[session.number % len(world.active_users)]
    outside = {
        "display_name": full_name(world.hash("texts", session.number)),
        "phone_number": _number(7000 + session.number),
    }
    own = {"id": world.ids.user(user), "type": "user"}
    inside = {"display_name": user_name(world, user), "phone_number": _number(user), "owner": own}
    state = {"extension_status": None, "extension_deleted_time": None}
    return {
        "session_id": _id(world, "session", session.number),
        "session_type": "user",
        "last_access_time": iso(session.last),
        "participants": [
            {**inside, "is_session_owner": True, **state},
            {**outside, "is_session_owner": False},
        ],
    }


# What a complete read brings, and what it takes


def _call_rows(view: View, window: Window) -> Iterator[Json]:
    return (_call_row(view, call) for call in calls(view.world, *window, view.now))


def _ask_calls(view: View, window: Window) -> list[Ask]:
    return [Ask(total=len(calls(view.world, *window, view.now)))]


def _recording_rows(view: View, window: Window) -> Iterator[Json]:
    return (_recording(view, call) for call in recorded(view.world, *window, view.now))


def _transcript_rows(view: View, recording: Json) -> list[Json]:
    call = _find(view.world, "recording", recording["id"], view.now)
    return [_transcript(view, call)] if call and "transcript_download_url" in recording else []


def _ask_transcript(view: View, recording: Json) -> list[Ask]:
    return [Ask()] if "transcript_download_url" in recording else []


def _voicemail_rows(view: View, window: Window) -> Iterator[Json]:
    return (_voicemail(view, call) for call in _voicemails(view.world, window, view.now))


def _ask_voicemails(view: View, window: Window) -> list[Ask]:
    return [Ask(total=len(_voicemails(view.world, window, view.now)), size=LARGEST)]


def _of_days(view: View, window: Window) -> list[Session]:
    return sessions(view.world, midnight(window.first), midnight(window.last) + DAY - 1, view.now)


def _session_rows(view: View, window: Window) -> Iterator[Json]:
    return (_session(view, session) for session in _of_days(view, window))


def _ask_sessions(view: View, window: Window) -> list[Ask]:
    return [Ask(total=len(_of_days(view, window)), size=LARGEST)]


def _ask_users(view: View) -> list[Ask]:
    return [Ask(total=len(view.world.active_users) + view.world.size.phone_users_invited, size=LARGEST)]


def _ask_queues(view: View) -> list[Ask]:
    return [Ask(total=len(QUEUES), size=LARGEST)]


def _start(world: World, call: PhoneCall) -> float:
    return call.start


USERS = Account(_users, _ask_users)
CALLS = Months(_call_rows, asked=_ask_calls)
ELEMENTS = Each("phone_call_history", _element_rows, key="call_history_uuid")
RECORDINGS = Months(_recording_rows, MOST_MONTHS, ask_back(recorded, _start, LARGEST))
TRANSCRIPTS = Each("phone_recordings", _transcript_rows, _ask_transcript)
VOICEMAILS = Months(_voicemail_rows, asked=_ask_voicemails)
CALL_QUEUES = Account(_queues, _ask_queues)
SMS_SESSIONS = Months(_session_rows, asked=_ask_sessions)
