"""The two streams' routes, as they would stand in the simulator's table."""

from typing import Any

from integration_tests.zoom_simulator.call import Call
from integration_tests.zoom_simulator.errors import ZoomError
from integration_tests.zoom_simulator.routes import Route

Json = dict[str, Any]


def invitation(call: Call) -> Json:
    if not call.world.find_listed(int(call.id), call.now):
        raise ZoomError(404, 3001, f"Meeting does not exist: {call.id}.")
    return {"invitation": f"Join us in {call.id}"}


def past_meeting(call: Call) -> Json:
    found = call.world.find_occurrence(call.kind, call.id, call.now)
    if not found:
        raise ZoomError(404, 3001, f"Meeting does not exist: {call.id}.")
    if not call.world.is_readable(found, call.now):
        raise ZoomError(400, 12702, "Can not access meeting a year ago.")
    return {"topic": f"What was said in {found.series.id}", "duration": int(found.end - found.start) // 60}


INVITATIONS = Route(
    "meeting_invitations", "/meetings/*/invitation", "LIGHT",
    "meeting:read:invitation", invitation, classic="meeting:read",
)  # fmt: skip
PAST_MEETINGS = Route(
    "past_meeting_details", "/past_meetings/*", "LIGHT",
    "meeting:read:past_meeting", past_meeting, classic="meeting:read",
)  # fmt: skip
ROUTES = (INVITATIONS, PAST_MEETINGS)
