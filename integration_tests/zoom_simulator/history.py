"""The account's history of past meetings and webinars: the list, and how its rows look."""

from collections.abc import Callable, Iterator

from .call import Call
from .clock import DAY, iso
from .errors import ZoomError
from .past_objects import CUSTOM_KEYS
from .plans import Occurrence
from .refusals import NO_GROUP
from .units import Ask, Json, Months, View, Window
from .words import department, topic, user_name
from .world import World

FEATURES = (
    "annotation",
    "avatar",
    "breakout_room",
    "closed_caption",
    "color_themes",
    "document_collaboration",
    "file_sharing",
    "gen_ai_virtual_background",
    "immersive_scene",
    "in_meeting_chat",
    "join_by_room",
    "language_interpretation",
    "live_transcription",
    "live_translation",
    "meeting_questions",
    "meeting_summary",
    "meeting_wallpaper",
    "multi_share",
    "multi_speaker",
    "personalized_audio_isolation",
    "poll",
    "portrait_lighting",
    "raise_hand",
    "reaction",
    "record_to_cloud",
    "record_to_computer",
    "registration",
    "remote_control",
    "screen_sharing",
    "smart_recording",
    "switch_to_mobile",
    "telephone_usage",
    "video_on",
    "virtual_background",
    "waiting_room",
    "whiteboard",
    "zoom_apps",
)


def history_meetings(call: Call) -> Json:
    world = call.world
    by_end = call.one_of("date_type", ("start_time", "end_time")) == "end_time"
    wanted = _wanted(call)
    found = [one for one in world.history(*call.window(), call.now, by_end=by_end) if wanted(one)]
    shown = world.reports_time(call.now)
    page = call.page("history_meetings", found, lambda one: history_row(world, one, shown))
    # Unlike other lists it does not say how long it is.
    return {name: value for name, value in page.items() if name not in ("page_count", "total_records")}


def _wanted(call: Call) -> Callable[[Occurrence], bool]:
    """Which occurrences the request is about."""
    world, group, word = call.world, _group(call), call.query.get("search_key", "").lower()
    kind = call.one_of("meeting_type", ("all", "meeting", "webinar"))
    report = call.one_of("report_type", ("all", "poll", "survey", "qa", "resource", "reaction"))
    feature = call.one_of("meeting_feature", ("", *FEATURES))

    def is_wanted(occurrence: Occurrence) -> bool:
        series = occurrence.series
        return (
            kind in ("all", series.kind)
            and is_in_report(world, occurrence, report)
            and (not feature or features_used(world, occurrence)[feature])
            and group in ("", world.group_of(series.user))
            and (word in topic(world, series).lower() or word == str(series.id))
        )

    return is_wanted


def _group(call: Call) -> str:
    """The group that the request is about, if any."""
    group = call.query.get("group_id", "")
    if group and group not in call.world.groups:
        raise ZoomError(403, 12703, NO_GROUP.format(group))
    return group


def is_in_report(world: World, occurrence: Occurrence, report: str) -> bool:
    """Whether the history lists an occurrence, which it names, for a `report_type`."""
    if report == "all":
        return True
    return _has_report(world, occurrence, report) and not world.is_filtered_out(occurrence)


def _has_report(world: World, occurrence: Occurrence, report: str) -> bool:
    """Whether there is data of this kind."""
    match report:
        case "poll":
            return world.has_poll_results(occurrence)
        case "qa":
            return world.has_qna(occurrence)
        case "survey":
            return world.has_survey(occurrence)
        case "reaction":
            return features_used(world, occurrence)["reaction"]
        case _:
            return world.hash(report, occurrence.series.id, occurrence.number) % 4 == 0


def features_used(world: World, occurrence: Occurrence) -> dict[str, bool]:
    draw = world.hash("features", occurrence.series.id, occurrence.number)
    drawn = {feature: bool(draw >> bit & 1) for bit, feature in enumerate(FEATURES)}
    return {
        **drawn,
        "poll": world.has_poll_results(occurrence),
        "registration": occurrence.series.pattern.registers,
    }


def history_row(world: World, occurrence: Occurrence, now: float) -> Json:
    """An occurrence of the account's history: it says who the host was, but not by id."""
    series, user = occurrence.series, occurrence.series.user
    count, minutes = world.head_count(occurrence, now), world.written_minutes(occurrence, now)
    viewers = count if series.kind == "webinar" else 0
    return {
        "meeting_uuid": world.uuid(occurrence),
        "meeting_id": series.id,
        "type": series.kind.capitalize(),
        "topic": topic(world, series),
        "host_display_name": user_name(world, user),
        "host_email": world.email(user),
        "department": department(world, user),
        "group": [f"Group {list(world.groups).index(world.group_of(user))}"],
        "create_time": iso(world.anchor - 480 * DAY - world.hash("topic", series.id) % DAY),
        "start_time": iso(occurrence.start),
        "end_time": iso(world.written_end(occurrence, now)),
        "duration": minutes,
        "participants": count,
        "total_participant_minutes": count * minutes,
        "max_concurrent_views": viewers,
        "unique_viewers": viewers,
        "source": "Zoom",
        "custom_fields": CUSTOM_KEYS,
        "tracking_fields": [{"field": "Department", "value": department(world, user)}],
        "feature_used": features_used(world, occurrence),
    }


def _rows(view: View, window: Window) -> Iterator[Json]:
    world = view.world
    shown = world.reports_time(view.now)
    return (history_row(world, one, shown) for one in world.history(*window, view.now))


def _asked(view: View, window: Window) -> list[Ask]:
    return [Ask(total=len(view.world.history(*window, view.now)))]


HISTORY = Months(_rows, asked=_asked)
