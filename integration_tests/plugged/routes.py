"""The four streams' routes with their rows, as they would stand in the simulator's table.

Zoom gives recordings of any age, so a client finds out how far back they reach, month by month, until a year
was empty: that is a request for each month.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from integration_tests.zoom_simulator.call import Call, Text
from integration_tests.zoom_simulator.clock import add_months, iso, utc_date
from integration_tests.zoom_simulator.errors import ZoomError
from integration_tests.zoom_simulator.ids import KINDS
from integration_tests.zoom_simulator.plans import Occurrence
from integration_tests.zoom_simulator.routes import Route
from integration_tests.zoom_simulator.units import Ask, Items, Months, View, Window
from integration_tests.zoom_simulator.world import World

Json = dict[str, Any]
EMPTY_MONTHS, MOST_MONTHS = 12, 60
LONG_AGO = date(2000, 1, 1)


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


def recordings_of(view: View, window: Window) -> Iterator[Json]:
    for user in range(view.world.size.users):
        for occurrence in view.world.held(user, *window, view.now):
            yield recording(view, occurrence)


def recording(view: View, occurrence: Occurrence) -> Json:
    uuid = view.world.uuid(occurrence)
    address = view.url + TRANSCRIPTS.url(uuid)
    return {
        "uuid": uuid,
        "id": occurrence.series.id,
        "start_time": iso(occurrence.start),
        "recording_files": [
            {"id": f"video {uuid}", "file_type": "MP4", "download_url": f"{address}.mp4"},
            {"id": f"text {uuid}", "file_type": "TRANSCRIPT", "download_url": address},
        ],
    }


def list_recordings(call: Call) -> Json:
    window = call.window(MOST_MONTHS)
    return call.page("meetings", list(recordings_of(call.view, window)), dict)


def ask_recordings(view: View, window: Window) -> Iterator[Ask]:
    oldest = oldest_recording(view.world, view.now)
    is_newest = window.last == utc_date(view.now)
    if not is_newest and window.last >= add_months(oldest, -EMPTY_MONTHS):
        yield Ask({"page_size": 1})
    if window.last >= oldest:
        yield Ask(total=sum(1 for _ in recordings_of(view, window)))


@lru_cache(maxsize=8)
def oldest_recording(world: World, now: float) -> date:
    """The first day of the month of the oldest one, or of this month where there is none."""
    today = utc_date(now)
    starts = [
        occurrence.start
        for user in range(world.size.users)
        for occurrence in world.held(user, LONG_AGO, today, now)
    ]
    return utc_date(min(starts, default=now)).replace(day=1)


def text_of(uuid: str) -> str:
    return f"WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nZoë: {uuid}\n"


def download(call: Call) -> Text:
    if not any(call.world.find_occurrence(kind, call.id, call.now) for kind in KINDS):
        raise ZoomError(404, 3301, f"There is no recording of {call.id}.")
    return Text(text_of(call.id), "text/vtt")


def transcript_rows(view: View, parent: Json, file: Json) -> list[Json]:
    return [{"content": text_of(parent["uuid"])}]


def is_transcript(file: Json) -> bool:
    return bool(file["file_type"] == "TRANSCRIPT")


SCOPE = "cloud_recording:read:list_account_recordings:admin"
INVITATIONS = Route(
    "meeting_invitations", "/meetings/*/invitation", "LIGHT",
    "meeting:read:invitation", invitation, classic="meeting:read",
)  # fmt: skip
PAST_MEETINGS = Route(
    "past_meeting_details", "/past_meetings/*", "LIGHT",
    "meeting:read:past_meeting", past_meeting, classic="meeting:read",
)  # fmt: skip
RECORDINGS = Route(
    "recordings", "/accounts/me/recordings", "MEDIUM", SCOPE, list_recordings,
    Months(recordings_of, MOST_MONTHS, ask_recordings), classic="account:read:admin",
)  # fmt: skip
TRANSCRIPTS = Route(
    "recording_transcripts", "/rec/download/*", "MEDIUM", SCOPE, download,
    Items("recordings", "recording_files", transcript_rows, "download_url", is_transcript),
    classic="account:read:admin", prefix="",
)  # fmt: skip
ROUTES = (INVITATIONS, PAST_MEETINGS, RECORDINGS, TRANSCRIPTS)
