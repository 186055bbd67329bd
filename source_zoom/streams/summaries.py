"""What Zoom's AI Companion has written about meetings and webinars."""

from collections.abc import Mapping

from source_zoom.api.rate_limits import LIGHT, MEDIUM
from source_zoom.engine.slices import Ways, Window
from source_zoom.engine.stream import ACCOUNT_AGE, ZoomStream, ZoomSubstream


class ListedSummaries(ZoomStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/ai-companion/GET/meetings/meeting_summaries"""

    months = ACCOUNT_AGE
    endpoint = "meetings/meeting_summaries"
    record_key = "summaries"
    primary_key = "meeting_uuid"
    cursor_field = "summary_created_time"
    rate_limit = MEDIUM
    scopes = ("meeting_summary:read:admin", "meeting:read:list_summaries:admin")
    ways = Ways(days_open=7, changes=("summary_last_modified_time",))

    def window_params(self, window: Window) -> Mapping[str, str]:
        return window.instants


class MeetingSummaries(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/ai-companion/GET/meetings/{meetingId}/meeting_summary"""

    parent_class = ListedSummaries
    inherits = {"meeting_uuid": "meeting_uuid", "summary_created_time": "summary_created_time"}
    endpoint = "meetings/{meeting_uuid}/meeting_summary"
    primary_key = "meeting_uuid"
    cursor_field = "summary_created_time"
    rate_limit = LIGHT
    scopes = ("meeting_summary:read:admin", "meeting:read:summary:admin")
