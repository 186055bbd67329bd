"""The reports on the account itself: sign-ins, changes, and usage by day."""

from collections.abc import Iterator
from datetime import date, timedelta

from .call import Call
from .clock import DAY, HOUR, add_months, iso, midnight, utc_date
from .errors import ZoomError
from .units import Ask, Json, Months, View, Window
from .world import World

OLDEST_MONTHS = 6
ADMIN = 0


def activities(call: Call) -> Json:
    return _page(call, "activity_logs", list(_activities(call.view, call.window())))


def operation_logs(call: Call) -> Json:
    return _page(call, "operation_logs", list(_operations(call.view, call.window())))


def _page(call: Call, name: str, rows: list[Json]) -> Json:
    page = call.page(name, rows, dict)
    return {key: page[key] for key in ("page_size", "next_page_token", name)}


def _days(view: View, window: Window) -> Iterator[tuple[date, float, float]]:
    """Days (UTC) around a window of the reports, each with the instants that the window has by now."""
    begin, end = view.world.report_span(*window)
    day = window.first - timedelta(days=1)
    while day <= window.last + timedelta(days=1):
        yield day, begin, min(end, view.now)
        day += timedelta(days=1)


def _activities(view: View, window: Window) -> Iterator[Json]:
    """Everybody signs in every few days, twice in the same second: that makes two equal rows."""
    for day, begin, end in _days(view, window):
        for user in range(view.world.size.users):
            draw = view.world.hash("sign in", user, day.toordinal())
            if draw % 5:
                continue
            start = midnight(day) + draw // 5 % (20 * HOUR)
            for time, kind in ((start, "Sign in"), (start, "Sign in"), (start + HOUR, "Sign out")):
                if begin <= time < end:
                    yield _activity(view.world, user, time, kind)


def _activity(world: World, user: int, time: float, kind: str) -> Json:
    return {
        "email": world.email(user),
        "time": iso(time),
        "type": kind,
        "ip_address": f"192.0.2.{user % 250}",
        "client_type": ("Browser", "mac")[user % 2],
        "version": "6.4.1.58330",
    }


def _operations(view: View, window: Window) -> Iterator[Json]:
    """An administrator changes something each day, and on some days the same for all users at once."""
    for day, begin, end in _days(view, window):
        draw = view.world.hash("operation", day.toordinal())
        time = midnight(day) + draw % DAY
        if begin <= time < end:
            for _ in range(view.world.size.users if draw % 7 == 0 else 1):
                yield {
                    "time": iso(time),
                    "operator": view.world.email(ADMIN),
                    "category_type": "User",
                    "action": ("Update", "Add")[draw & 1],
                    "operation_detail": f"Change Department: from Sales to {day.toordinal()}",
                }


def daily_usage(call: Call) -> Json:
    try:
        first = date(int(call.query.get("year", "")), int(call.query.get("month", "")), 1)
    except ValueError:
        raise ZoomError(400, 300, "Invalid parameter: year, month.") from None
    today = utc_date(call.now)
    if not add_months(today, -OLDEST_MONTHS).replace(day=1) <= first <= today:
        message = "Daily report can only be provided for a month that falls within the recent 6 months."
        raise ZoomError(400, 300, message)
    last = min(add_months(first, 1) - timedelta(days=1), today)
    return {"year": first.year, "month": first.month, "dates": list(_usage(call.view, Window(first, last)))}


def _usage(view: View, window: Window) -> Iterator[Json]:
    held = view.world.held_on(*window, view.now)
    for number in range((window.last - window.first).days + 1):
        day = window.first + timedelta(days=number)
        of_day = [occurrence for occurrence in held if utc_date(occurrence.start) == day]
        yield {
            "date": day.isoformat(),
            "meetings": len(of_day),
            "meeting_minutes": sum(occurrence.series.minutes for occurrence in of_day),
            "participants": sum(view.world.head_count(occurrence, view.now) for occurrence in of_day),
            "new_users": view.world.hash("new users", day.toordinal()) % 2,
        }


def _ask_activities(view: View, window: Window) -> list[Ask]:
    return [Ask(total=sum(1 for _ in _activities(view, window)))]


def _ask_operations(view: View, window: Window) -> list[Ask]:
    return [Ask(total=sum(1 for _ in _operations(view, window)))]


def _ask_usage(view: View, window: Window) -> list[Ask]:
    return [Ask({"year": window.first.year, "month": window.first.month})]


ACTIVITIES = Months(_activities, asked=_ask_activities)
OPERATION_LOGS = Months(_operations, asked=_ask_operations)
DAILY_USAGE = Months(_usage, asked=_ask_usage)
