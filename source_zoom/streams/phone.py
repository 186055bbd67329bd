"""Zoom Phone: who has it, and the calls, recordings, voicemails and text messages of an account.

In November 2026 Zoom gives other names to the lists of calls and of their parts, and to the ids in them. Both
can come, even in one sync, and a row has the same key in either.
"""

from abc import ABC
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from source_zoom.api.rate_limits import HEAVY, LIGHT, MEDIUM
from source_zoom.engine.pages import Record
from source_zoom.engine.slices import Slice, Ways, Window
from source_zoom.engine.stream import ACCOUNT_AGE, REPORT_MONTHS, ZoomStream, ZoomSubstream
from source_zoom.exceptions import Unread

BY_LAST_MESSAGE = {"filter_type": "last_message_time"}


class PhoneStream(ZoomStream, ABC):
    """What an account without Zoom Phone is refused. Of most lists nobody says how long a page may be."""

    product = "Zoom Phone"
    page_size: int | None = 100


class PhoneWindows(PhoneStream, ABC):
    """What is asked for by months: one after another, as sessions move between them.

    So the first answer tells whether there is Zoom Phone, and what the requests of a day suffice for is done.
    """

    in_order = True


class CallStream(PhoneStream, ABC):
    """Calls or parts of them, under the names of November 2026 or under those before."""

    def complete(self, record: Record) -> None:
        for name in self.key_fields():
            record[name] = record.get(name) or record.get("id")
        if isinstance(reason := record.get("result_reason"), str):
            record["result_reason"] = reason.rstrip()


class PhoneUsers(PhoneStream):
    """https://developers.zoom.us/docs/api/phone/#tag/users/GET/phone/users"""

    endpoint = "phone/users"
    record_key = "users"
    primary_key = "id"
    without_key = "it has no id: the user was invited only, or has no number any more"
    rate_limit = MEDIUM
    scopes = ("phone:read:admin", "phone:read:list_users:admin")


class PhoneCallHistory(CallStream, PhoneWindows):
    """https://developers.zoom.us/docs/api/phone/#tag/call-logs/GET/phone/call_history"""

    months = months_answered = REPORT_MONTHS
    endpoint = "phone/call_history"
    record_key = "call_history"
    former_keys = ("call_logs", "call_log")
    primary_key = "call_history_uuid"
    cursor_field = "start_time"
    rate_limit = HEAVY
    scopes = ("phone:read:admin", "phone:read:list_call_logs:admin", "phone_call_log:read:admin")
    page_size = 300
    ways = Ways(days_open=2, changes=("end_time", "duration", "call_result", "recording_status"))


class PhoneCallElements(CallStream, ZoomSubstream):
    """https://developers.zoom.us/docs/api/phone/#tag/call-logs/GET/phone/call_history/{callHistoryUuid}"""

    parent_class = PhoneCallHistory
    inherits = {"call_history_uuid": "call_history_uuid", "call_start_time": "start_time"}
    endpoint = "phone/call_history/{call_history_uuid}"
    record_key = "call_elements"
    former_keys = ("call_path",)
    primary_key = "call_element_id"
    cursor_field = "call_start_time"
    rate_limit = MEDIUM
    scopes = ("phone:read:admin", "phone:read:call_log:admin", "phone_call_log:read:admin")
    page_size = None


class PhoneRecordings(PhoneWindows):
    """https://developers.zoom.us/docs/api/phone/#tag/recordings/GET/phone/recordings"""

    months = ACCOUNT_AGE
    endpoint = "phone/recordings"
    record_key = "recordings"
    primary_key = "id"
    cursor_field = "date_time"
    rate_limit = MEDIUM
    scopes = ("phone:read:admin", "phone:read:list_call_recordings:admin", "phone_recording:read:admin")
    ways = Ways(days_open=7, changes=("end_time", "duration"))


class PhoneRecordingTranscripts(PhoneStream, ZoomSubstream):
    """https://developers.zoom.us/docs/api/phone/#tag/recordings/GET/phone/recording_transcript/download/{recordingId}"""

    parent_class = PhoneRecordings
    only = {"transcript_download_url": ()}
    inherits = {"recording_id": "id", "recording_date_time": "date_time"}
    endpoint = "phone/recording_transcript/download/{recording_id}"
    primary_key = "recording_id"
    cursor_field = "recording_date_time"
    rate_limit = LIGHT
    scopes = ("phone:read:admin", "phone:read:recording_transcript:admin", "phone_recording:read:admin")


class PhoneVoicemails(PhoneWindows):
    """https://developers.zoom.us/docs/api/phone/#tag/voicemails/GET/phone/voice_mails"""

    months = months_answered = REPORT_MONTHS
    endpoint = "phone/voice_mails"
    record_key = "voice_mails"
    primary_key = "id"
    cursor_field = "date_time"
    rate_limit = MEDIUM
    scopes = ("phone:read:admin", "phone:read:list_voicemails:admin", "phone_voicemail:read:admin")
    ways = Ways(days_open=7)


class PhoneCallQueues(PhoneStream):
    """https://developers.zoom.us/docs/api/phone/#tag/call-queues/GET/phone/call_queues"""

    endpoint = "phone/call_queues"
    record_key = "call_queues"
    primary_key = "id"
    rate_limit = MEDIUM
    scopes = ("phone:read:admin", "phone:read:list_call_queues:admin")


class PhoneSmsSessions(PhoneWindows):
    """https://developers.zoom.us/docs/api/phone/#tag/sms/GET/phone/sms/sessions

    Nobody says by which time Zoom counts a session where it is not told, nor whether it must be.
    """

    months = months_answered = REPORT_MONTHS
    endpoint = "phone/sms/sessions"
    record_key = "sms_sessions"
    primary_key = "session_id"
    cursor_field = "last_access_time"
    rate_limit = MEDIUM
    scopes = ("phone:read:admin", "phone:read:list_sms_sessions:admin", "phone_sms:read:admin")
    ways = Ways(days_open=7)

    _filter: Mapping[str, str] = MappingProxyType({})

    def window_params(self, window: Window) -> Mapping[str, str]:
        return window.instants

    def read_list(self, found: Slice, query: Mapping[str, str]) -> Iterator[list[Record]]:
        """Name a time only where Zoom refuses to answer without one, in whatever words it does so."""
        has_come = False
        try:
            for page in super().read_list(found, {**query, **self._filter}):
                has_come = True
                yield page
            return
        except Unread as error:
            if has_come or self._filter or not error.is_unknown:
                raise
            refusal = error
        try:
            yield from super().read_list(found, {**query, **BY_LAST_MESSAGE})
        except Unread:
            raise refusal from None
        self._filter = BY_LAST_MESSAGE
