"""Zoom's reports of past occurrences: their details, and who took part.

Zoom gives participants no key, and writes `leave_time`, `duration` and `status` late, so these are no part of
a row's identity.
"""

from source_zoom.api.rate_limits import HEAVY
from source_zoom.engine.stream import ZoomSubstream
from source_zoom.streams.past import PastMeetings, PastWebinars, ReportedOccurrences

PARTICIPANT = (
    "id",
    "user_id",
    "participant_user_id",
    "registrant_id",
    "name",
    "join_time",
    "bo_mtg_id",
)
OF_MEETING, OF_WEBINAR = (
    {f"{kind}_uuid": "uuid", f"{kind}_id": "id", f"{kind}_start_time": "start_time", "host_id": "host_id"}
    for kind in ("meeting", "webinar")
)


class ReportMeetings(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/meetings/{meetingId}"""

    parent_class = PastMeetings
    inherits = {"meeting_uuid": "uuid", "meeting_id": "id", "start_time": "start_time", "host_id": "host_id"}
    cursor_field = "start_time"
    endpoint = "report/meetings/{meeting_uuid}"
    primary_key = "uuid"
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:meeting:admin")


class ReportMeetingParticipants(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/meetings/{meetingId}/participants"""

    parent_class = PastMeetings
    inherits = OF_MEETING
    cursor_field = "meeting_start_time"
    endpoint = "report/meetings/{meeting_uuid}/participants"
    record_key = "participants"
    primary_key = ["meeting_uuid", "row_id"]
    row_id_fields = PARTICIPANT
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:list_meeting_participants:admin")
    params = {"include_fields": "registrant_id"}


class ReportWebinars(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/webinars/{webinarId}"""

    parent_class = PastWebinars
    inherits = {"webinar_uuid": "uuid", "webinar_id": "id", "start_time": "start_time", "host_id": "host_id"}
    cursor_field = "start_time"
    endpoint = "report/webinars/{webinar_uuid}"
    primary_key = "uuid"
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:webinar:admin")


class ReportWebinarParticipants(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/webinars/{webinarId}/participants"""

    parent_class = PastWebinars
    inherits = OF_WEBINAR
    cursor_field = "webinar_start_time"
    endpoint = "report/webinars/{webinar_uuid}/participants"
    record_key = "participants"
    primary_key = ["webinar_uuid", "row_id"]
    row_id_fields = PARTICIPANT
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:list_webinar_participants:admin")
    params = {"include_fields": "registrant_id"}


class ReportUserMeetings(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/users/{userId}/meetings

    The rows in which past occurrences are found, as they are.
    """

    parent_class = ReportedOccurrences
    inherits = {"user_id": "host_id", "uuid": "uuid"}
    cursor_field = "start_time"
    primary_key = ["user_id", "uuid"]
    rate_limit = HEAVY
    scopes = ReportedOccurrences.scopes
