"""Who took part in past occurrences, by Zoom's lists of what is past: no reports, so no HEAVY day is used up.

Zoom gives participants no key. Where they were and how long they stayed is no part of a row's identity, since
Zoom writes that late.
"""

from source_zoom.api.rate_limits import MEDIUM
from source_zoom.engine.stream import ZoomSubstream
from source_zoom.streams.past import PastMeetings, PastWebinars
from source_zoom.streams.reports import OF_MEETING, OF_WEBINAR

STAY = ("id", "user_id", "name", "user_email", "join_time")


class PastMeetingParticipants(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/past_meetings/{meetingId}/participants"""

    parent_class = PastMeetings
    inherits = OF_MEETING
    cursor_field = "meeting_start_time"
    endpoint = "past_meetings/{meeting_uuid}/participants"
    record_key = "participants"
    primary_key = ["meeting_uuid", "row_id"]
    row_id_fields = STAY
    rate_limit = MEDIUM
    scopes = ("meeting:read:admin", "meeting:read:list_past_participants:admin")


class PastWebinarParticipants(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/participants"""

    parent_class = PastWebinars
    inherits = OF_WEBINAR
    cursor_field = "webinar_start_time"
    endpoint = "past_webinars/{webinar_uuid}/participants"
    record_key = "participants"
    primary_key = ["webinar_uuid", "row_id"]
    row_id_fields = STAY
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:list_past_participants:admin")
