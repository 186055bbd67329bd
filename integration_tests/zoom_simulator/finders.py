"""Handlers of the lists in which a client finds what the other endpoints are about."""

from . import objects, past_objects
from .call import Call, Json
from .errors import ZoomError
from .refusals import HIDDEN_PLAN_MISSING, HOSTING_NOT_ALLOWED, NO_USER, PLAN_MISSING


def user_of(call: Call, message: str = NO_USER) -> int:
    user = call.world.find_user(call.id)
    if user is None:
        raise ZoomError(404, 1001, message.format(call.id))
    return user


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
    user = user_of(call)
    if not call.world.is_licensed(user):
        raise ZoomError(400, 3161, HOSTING_NOT_ALLOWED)
    return _list(call, user)


def user_webinars(call: Call) -> Json:
    user = user_of(call)
    if call.world.hides_missing_plan(user):
        raise ZoomError(200, 200, HIDDEN_PLAN_MISSING.format(call.id))
    if not call.world.has_webinars(user):
        raise ZoomError(400, 200, PLAN_MISSING)
    return _list(call, user)


def report_hosts(call: Call) -> Json:
    world = call.world
    first, last = call.window()
    active = world.hosts(first, last, call.now)
    totals = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "total_meetings": sum(row.meetings for row in active),
        "total_participants": sum(row.participants for row in active),
        "total_meeting_minutes": sum(row.minutes for row in active),
    }
    rows = active if call.one_of("type", ("inactive", "active")) == "active" else world.idle(active)
    return call.page("users", rows, lambda row: past_objects.host(world, row), numbered=True, **totals)


def report_user_meetings(call: Call) -> Json:
    user = user_of(call, "User {} not exist or not belong to this account.")
    kind = call.one_of("type", ("past", "pastOne", "pastJoined"))
    first, last = call.window()
    world = call.world
    found = world.reported(user, first, last, call.now, solo=kind == "pastOne")
    shown = world.list_time(call.now)
    return call.page(
        "meetings", found, lambda occurrence: past_objects.reported(world, occurrence, shown),
        numbered=True, **{"from": first.isoformat(), "to": last.isoformat()},
    )  # fmt: skip
