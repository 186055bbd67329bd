"""A stream of each kind, as they would stand in `source_zoom/streams/`."""

from source_zoom.api.rate_limits import LIGHT, MEDIUM
from source_zoom.engine.stream import ACCOUNT_AGE, ZoomStream, ZoomSubstream
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


class Recordings(ZoomStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/cloud-recording/GET/accounts/{accountId}/recordings"""

    months = ACCOUNT_AGE
    endpoint = "accounts/me/recordings"
    record_key = "meetings"
    primary_key = "uuid"
    cursor_field = "start_time"
    rate_limit = MEDIUM
    scopes = ("account:read:admin", "cloud_recording:read:list_account_recordings:admin")


class RecordingTranscripts(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/cloud-recording/GET/accounts/{accountId}/recordings"""

    parent_class = Recordings
    items = "recording_files"
    only = {"recording_files.file_type": "TRANSCRIPT"}
    address = "recording_files.download_url"
    text_column = "content"
    inherits = {"recording_uuid": "uuid", "recording_start_time": "start_time", "id": "recording_files.id"}
    primary_key = ["recording_uuid", "id"]
    cursor_field = "recording_start_time"
    rate_limit = MEDIUM
    scopes = Recordings.scopes
