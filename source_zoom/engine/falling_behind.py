"""Where a day's HEAVY requests do not suffice for what is held in a day: said once, with what would help."""

from collections.abc import Iterable, Iterator

from source_zoom.api.rate_limits import HEAVY
from source_zoom.counts import Summary
from source_zoom.engine.stream import ZoomStream

# A stream that gets on by as many days as this with a day's requests catches up.
DAYS_ENOUGH = 2
NAMED = 5


def behind(streams: Iterable[ZoomStream], summary: Summary) -> Iterator[str]:
    """A sentence where the daily limit has ended a sync before it got on far enough."""
    moved = {stream: stream.days.days_done for stream in streams if stream.days}
    slow = {stream: days for stream, days in moved.items() if days is not None and days < DAYS_ENOUGH}
    lists = [one for stream in slow for one in (stream, *stream.lists()) if isinstance(one, ZoomStream)]
    heavy = {one.name for one in lists if one.rate_limit == HEAVY}
    requests = {name: number for name, number in summary.requests().items() if name in heavy and number}
    if not requests:
        return
    most = sorted(requests.items(), key=lambda item: (-item[1], item[0]))[:NAMED]
    yield (
        f"Zoom's daily limit ended this sync after {sum(requests.values())} HEAVY requests"
        f" ({', '.join(f'{name} {number}' for name, number in most)}), which brought it on by"
        f" {min(slow.values()) or 'less than a'} day. Where that goes on day after day it falls behind: leave"
        " out one of these streams, take the attendance from past_meeting_participants and"
        " past_webinar_participants (MEDIUM) or, in figures, from report_user_meetings, or leave a way out of"
        " past_meetings_from."
    )
