"""Listed meetings, and what Zoom has for each of them."""

from source_zoom.api.errors import REGISTRATION_OFF
from source_zoom.api.rate_limits import LIGHT, MEDIUM
from source_zoom.engine.stream import ZoomSubstream
from source_zoom.streams.past import PastMeetings
from source_zoom.streams.users import UserMeetings

# In the order in which registrants move: who does meanwhile comes twice rather than never.
REGISTRANT_STATUSES = ({"status": "pending"}, {"status": "approved"}, {"status": "denied"})


class Meetings(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/meetings/{meetingId}"""

    parent_class = UserMeetings
    inherits = {"id": "id"}
    endpoint = "meetings/{id}"
    primary_key = "id"
    rate_limit = LIGHT
    scopes = ("meeting:read:admin", "meeting:read:meeting:admin")
    params = {"show_previous_occurrences": "true"}
    host_secrets = ("start_url", "dynamic_host_key")


class MeetingRegistrants(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/meetings/{meetingId}/registrants"""

    parent_class = UserMeetings
    inherits = {"meeting_id": "id"}
    endpoint = "meetings/{meeting_id}/registrants"
    record_key = "registrants"
    primary_key = ["meeting_id", "id"]
    rate_limit = MEDIUM
    scopes = ("meeting:read:admin", "meeting:read:list_registrants:admin")
    query_variants = REGISTRANT_STATUSES
    refused_alike = REGISTRATION_OFF


class MeetingPolls(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/meetings/{meetingId}/polls"""

    parent_class = UserMeetings
    inherits = {"meeting_id": "id"}
    endpoint = "meetings/{meeting_id}/polls"
    record_key = "polls"
    primary_key = ["meeting_id", "id"]
    rate_limit = LIGHT
    scopes = ("meeting:read:admin", "meeting:read:list_polls:admin")
    page_size = None


class MeetingQuestions(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/meetings/{meetingId}/registrants/questions"""

    parent_class = UserMeetings
    inherits = {"meeting_id": "id"}
    endpoint = "meetings/{meeting_id}/registrants/questions"
    primary_key = "meeting_id"
    rate_limit = LIGHT
    scopes = ("meeting:read:admin", "meeting:read:list_registration_questions:admin")
    refused_alike = REGISTRATION_OFF


class MeetingPollResults(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/past_meetings/{meetingId}/polls"""

    parent_class = PastMeetings
    inherits = {"meeting_uuid": "uuid", "meeting_id": "id", "meeting_start_time": "start_time"}
    cursor_field = "meeting_start_time"
    endpoint = "past_meetings/{meeting_uuid}/polls"
    record_key = "questions"
    primary_key = ["meeting_uuid", "row_id"]
    row_id_fields = ("name", "email")
    rate_limit = MEDIUM
    scopes = ("meeting:read:admin", "meeting:read:list_poll_results:admin")
    report_type = "poll"
    page_size = None
