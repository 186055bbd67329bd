"""What was asked in past occurrences, and what people said of them in surveys, by Zoom's reports.

Zoom gives these rows no key. What was answered is no part of a row's identity, since answers come later.
"""

from abc import ABC

from source_zoom.api.rate_limits import HEAVY
from source_zoom.engine.stream import ZoomSubstream
from source_zoom.streams.past import PastMeetings, PastWebinars
from source_zoom.streams.reports import OF_MEETING, OF_WEBINAR

ASKER = ("name", "email", "user_id")
RESPONDENT = ("name", "email")


class ReportMeetingQna(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/meetings/{meetingId}/qa"""

    parent_class = PastMeetings
    inherits = OF_MEETING
    cursor_field = "meeting_start_time"
    endpoint = "report/meetings/{meeting_uuid}/qa"
    record_key = "questions"
    primary_key = ["meeting_uuid", "row_id"]
    row_id_fields = ASKER
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:meeting_qna:admin")
    report_type = "qa"
    page_size = None


class ReportWebinarQna(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/webinars/{webinarId}/qa"""

    parent_class = PastWebinars
    inherits = OF_WEBINAR
    cursor_field = "webinar_start_time"
    endpoint = "report/webinars/{webinar_uuid}/qa"
    record_key = "questions"
    primary_key = ["webinar_uuid", "row_id"]
    row_id_fields = ASKER
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:webinar_qna:admin")
    report_type = "qa"
    page_size = None


class Surveys(ZoomSubstream, ABC):
    """What people say in the survey about an occurrence, which they do for days."""

    record_key = "survey_answers"
    envelope = ("survey_id", "survey_name")
    row_id_fields = RESPONDENT
    rate_limit = HEAVY
    page_size = None
    report_type = "survey"
    days_late = 7


class ReportMeetingSurveys(Surveys):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/meetings/{meetingId}/survey"""

    parent_class = PastMeetings
    inherits = OF_MEETING
    cursor_field = "meeting_start_time"
    endpoint = "report/meetings/{meeting_uuid}/survey"
    primary_key = ["meeting_uuid", "row_id"]
    scopes = ("report:read:admin", "report:read:meeting_survey:admin")


class ReportWebinarSurveys(Surveys):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/webinars/{webinarId}/survey"""

    parent_class = PastWebinars
    inherits = OF_WEBINAR
    cursor_field = "webinar_start_time"
    endpoint = "report/webinars/{webinar_uuid}/survey"
    primary_key = ["webinar_uuid", "row_id"]
    scopes = ("report:read:admin", "report:read:webinar_survey:admin")
