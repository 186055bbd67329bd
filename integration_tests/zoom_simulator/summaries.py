"""Summaries of meetings and webinars: their list, and each on its own."""

from collections.abc import Iterator

from .call import Call
from .clock import DAY, iso, utc_date
from .errors import ZoomError
from .ids import KINDS
from .plans import Occurrence
from .units import Each, Json, Months, View, Window
from .windows import MOST_MONTHS, ask_back
from .words import topic
from .world import World


def list_summaries(call: Call) -> Json:
    """Zoom takes instants here, and names no longest span."""
    first, last = call.instants()
    world = call.world
    found = world.summarized(utc_date(first), utc_date(last), call.now)
    inside = [occurrence for occurrence in found if first <= world.summarized_at(occurrence) <= last]
    page = call.page("summaries", inside, lambda occurrence: _head(call.view, occurrence))
    return {name: page[name] for name in ("page_size", "next_page_token", "summaries")}


def summary(call: Call) -> Json:
    found = (call.world.find_occurrence(kind, call.id, call.now) for kind in KINDS if not call.id.isdecimal())
    occurrence = next(filter(None, found), None)
    if call.id.isdecimal():
        raise ZoomError(400, 300, "Invalid meeting ID.")
    if not occurrence or call.world.summarized_at(occurrence) > call.now:
        raise ZoomError(404, 3001, f"Meeting does not exist: {call.id}.")
    return _summary(call.view, occurrence)


def _head(view: View, occurrence: Occurrence) -> Json:
    world, series = view.world, occurrence.series
    return {
        "meeting_uuid": world.uuid(occurrence),
        "meeting_id": series.id,
        "meeting_topic": topic(world, series),
        "meeting_host_id": world.ids.user(series.user),
        "meeting_host_email": world.email(series.user),
        "meeting_start_time": iso(occurrence.start),
        "meeting_end_time": iso(occurrence.end),
        "summary_start_time": iso(occurrence.start),
        "summary_end_time": iso(occurrence.end),
        "summary_created_time": iso(world.summarized_at(occurrence)),
        "summary_last_modified_time": iso(
            world.summarized_at(occurrence) + _is_edited(view, occurrence) * DAY
        ),
    }


def _is_edited(view: View, occurrence: Occurrence) -> bool:
    """Every other one is, a day after it was made."""
    is_to_be = view.world.hash("edited", occurrence.series.id, occurrence.number) % 2 == 0
    return is_to_be and view.world.summarized_at(occurrence) + DAY <= view.now


def _summary(view: View, occurrence: Occurrence) -> Json:
    host = occurrence.series.user
    row = {
        **_head(view, occurrence),
        "summary_title": f"Summary of {topic(view.world, occurrence.series)}",
        "summary_content": "## Decisions\n\nEverybody was late.",
        "summary_overview": "",
        "summary_details": [{"label": "Decisions", "summary": "Everybody was late."}],
        "next_steps": ["Ada orders clocks."],
        "summary_doc_url": f"https://docs.zoom.example/{occurrence.series.id}",
        "summary_last_modified_user_id": view.world.ids.user(host),
        "summary_last_modified_user_email": view.world.email(host),
    }
    if not _is_edited(view, occurrence):
        return row
    edited = {"summary_overview": "All well.", "summary_details": "Nobody was late.", "next_steps": ["None."]}
    return {**row, "edited_summary": edited}


def _heads(view: View, window: Window) -> Iterator[Json]:
    return (_head(view, occurrence) for occurrence in view.world.summarized(*window, view.now))


def _rows(view: View, head: Json) -> Iterator[Json]:
    found = (view.world.find_occurrence(kind, head["meeting_uuid"], view.now) for kind in KINDS)
    return (_summary(view, occurrence) for occurrence in found if occurrence)


LISTED_SUMMARIES = Months(_heads, MOST_MONTHS, ask_back(World.summarized, World.summarized_at))
SUMMARIES = Each("listed_summaries", _rows, key="meeting_uuid")
