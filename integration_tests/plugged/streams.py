"""A stream of what is listed and one of what is past, as they would stand in `source_zoom/streams/`."""

from source_zoom.api.rate_limits import LIGHT
from source_zoom.engine.stream import ZoomSubstream
from source_zoom.streams.past import PastMeetings
from source_zoom.streams.users import UserMeetings


class MeetingInvitations(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/meetings/{meetingId}/invitation"""

    parent_class = UserMeetings
    inherits = {"meeting_id": "id"}
    endpoint = "meetings/{meeting_id}/invitation"
    primary_key = "meeting_id"
    rate_limit = LIGHT
    scopes = ("meeting:read:admin", "meeting:read:invitation:admin")


class PastMeetingDetails(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/past_meetings/{meetingId}"""

    parent_class = PastMeetings
    inherits = {"meeting_uuid": "uuid", "meeting_id": "id", "meeting_start_time": "start_time"}
    cursor_field = "meeting_start_time"
    endpoint = "past_meetings/{meeting_uuid}"
    primary_key = "meeting_uuid"
    rate_limit = LIGHT
    scopes = ("meeting:read:admin", "meeting:read:past_meeting:admin")
