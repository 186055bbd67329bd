"""Recordings in the account's cloud: their list, their files, and what was said in them."""

import base64
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .call import Call, Text
from .clock import HOUR, iso, utc_date
from .errors import ZoomError
from .finders import user_of
from .ids import KINDS
from .plans import Occurrence
from .units import Items, Json, Months, View, Window
from .windows import MOST_MONTHS, ask_back
from .words import topic, user_name
from .world import World

DOWNLOADS = "/rec/download/*"
TEXTS = ("TRANSCRIPT", "CC")


class File(NamedTuple):
    """A file of every recording, and how many times the usual hours Zoom takes for it."""

    type: str
    extension: str
    what: str
    patience: int = 1


FILES = (
    File("MP4", "MP4", "shared_screen_with_speaker_view"),
    File("M4A", "M4A", "audio_only"),
    File("TIMELINE", "JSON", "timeline"),
    File("TRANSCRIPT", "VTT", "audio_transcript", patience=2),
    File("CC", "VTT", "closed_caption", patience=2),
)


class Cue(NamedTuple):
    """Something that somebody said, with when in seconds."""

    start: float
    end: float
    speaker: str | None
    text: str


def list_recordings(call: Call) -> Json:
    return _page(call, call.world.recorded(*call.window(MOST_MONTHS), call.now))


def list_of_user(call: Call) -> Json:
    """The recordings of what one user has hosted."""
    user = user_of(call)
    found = call.world.recorded(*call.window(MOST_MONTHS), call.now)
    return _page(call, [occurrence for occurrence in found if occurrence.series.user == user])


def _page(call: Call, found: Sequence[Occurrence]) -> Json:
    return call.page("meetings", found, lambda occurrence: recording(call.view, occurrence))


def recording(view: View, occurrence: Occurrence) -> Json:
    world, series = view.world, occurrence.series
    files = [_file(view, occurrence, file) for file in FILES]
    secret = world.ids.opaque("recording", series.id, occurrence.number)
    return {
        "uuid": world.uuid(occurrence),
        "id": series.id,
        "account_id": world.ids.opaque("account", 0),
        "host_id": world.ids.user(series.user),
        "host_email": world.email(series.user),
        "topic": topic(world, series),
        "type": str(series.pattern.type),
        "start_time": iso(occurrence.start),
        "timezone": "UTC",
        "duration": series.minutes,
        "total_size": sum(file["file_size"] for file in files),
        "recording_count": len(files),
        "share_url": f"https://zoom.example/rec/share/{secret}",
        "auto_delete": True,
        "auto_delete_date": utc_date(occurrence.end).replace(year=2099).isoformat(),
        "recording_play_passcode": secret,
        "password": secret,
        "download_access_token": f"token-{secret}",
        "recording_files": files,
    }


def _file(view: View, occurrence: Occurrence, file: File) -> Json:
    uuid = view.world.uuid(occurrence)
    id_ = base64.urlsafe_b64encode(f"{file.type} {uuid}".encode()).decode().rstrip("=")
    row = {
        "meeting_id": uuid,
        "file_type": file.type,
        "file_extension": file.extension,
        "recording_type": file.what,
        "recording_start": iso(occurrence.start),
        "recording_end": iso(occurrence.end),
        "file_path": "",
        "deleted_time": None,
        **({"id": id_} if file.type != "TIMELINE" else {}),
    }
    if not _is_ready(view, occurrence, file):
        return {**row, "file_size": 0, "status": "processing"}
    return {
        **row,
        "file_size": occurrence.series.minutes * 1000,
        "status": "completed",
        "download_url": view.url + DOWNLOADS.replace("*", id_),
        "play_url": f"https://zoom.example/rec/play/{id_}",
    }


def _is_ready(view: View, occurrence: Occurrence, file: File) -> bool:
    return occurrence.end + file.patience * view.world.size.late_hours * HOUR <= view.now


def _rows(view: View, window: Window) -> Iterator[Json]:
    return (recording(view, occurrence) for occurrence in view.world.recorded(*window, view.now))


# Texts


def download(call: Call) -> Text:
    """The text of a transcript or of captions; other files are not served."""
    occurrence = _text_of(call.view, call.id)
    if not occurrence:
        raise ZoomError(404, 3301, "There is no recording for this meeting.")
    return Text(vtt(cues(call.world, occurrence)), "text/vtt")


def _text_of(view: View, id_: str) -> Occurrence | None:
    """The occurrence of which a file holds the text, if there is such a file by now."""
    type_, _, uuid = _decoded(id_).partition(" ")
    found = (view.world.find_occurrence(kind, uuid, view.now) for kind in KINDS)
    occurrence = next(filter(None, found), None)
    ready = {file.type for file in FILES if occurrence and _is_ready(view, occurrence, file)}
    is_there = type_ in ready.intersection(TEXTS) and occurrence and view.world.is_recorded(occurrence)
    return occurrence if is_there else None


def _decoded(id_: str) -> str:
    try:
        return base64.urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)).decode()
    except ValueError:
        return ""


def cues(world: World, occurrence: Occurrence) -> list[Cue]:
    """Everybody says who they are, after an announcement that nobody makes."""
    said = [Cue(0.5, 2.25, None, "This meeting is being recorded.")]
    for person in world.people(occurrence, math.inf):
        start = 3.0 + 4 * person.number
        name = f"Guest {person.number}" if person.user is None else user_name(world, person.user)
        said.append(Cue(start, start + 3.125, name, "Good morning: it is me,\nand I am late."))
    for number in range(len(said), world.size.cues):
        said.append(
            Cue(4.0 * number, 4.0 * number + 3.5, said[-1].speaker, f"And {number} more, in all detail.")
        )
    return said


def vtt(said: list[Cue]) -> str:
    parts = ["WEBVTT"]
    for number, cue in enumerate(said, 1):
        who = f"{cue.speaker}: " if cue.speaker else ""
        parts.append(f"{number}\n{_timestamp(cue.start)} --> {_timestamp(cue.end)}\n{who}{cue.text}")
    return "\n\n".join([*parts, ""])


def _timestamp(seconds: float) -> str:
    whole, part = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{part:03}"


def _is_text(file: Json) -> bool:
    return file["file_type"] in TEXTS and "download_url" in file


def _text_rows(view: View, parent: Json, file: Json) -> Iterator[Json]:
    if found := _text_of(view, file["id"]):
        said = cues(view.world, found)
        numbered = [{"sequence_number": number, **cue._asdict()} for number, cue in enumerate(said, 1)]
        yield {"content": vtt(said), "cues": numbered}


RECORDINGS = Months(_rows, MOST_MONTHS, ask_back(World.recorded, lambda world, occurrence: occurrence.start))
TRANSCRIPTS = Items("recordings", "recording_files", _text_rows, "download_url", _is_text)
