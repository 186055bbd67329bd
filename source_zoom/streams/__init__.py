"""The streams in catalog order. To find one, start here; to add one, see CONTRIBUTING.md."""

from source_zoom.engine.stream import ZoomStream
from source_zoom.streams.meetings import (
    MeetingPollResults,
    MeetingPolls,
    MeetingQuestions,
    MeetingRegistrants,
    Meetings,
)
from source_zoom.streams.reports import (
    ReportMeetingParticipants,
    ReportMeetings,
    ReportWebinarParticipants,
    ReportWebinars,
)
from source_zoom.streams.users import Users
from source_zoom.streams.webinars import (
    WebinarAbsentees,
    WebinarPanelists,
    WebinarPollResults,
    WebinarPolls,
    WebinarQnaResults,
    WebinarQuestions,
    WebinarRegistrants,
    Webinars,
    WebinarTrackingSources,
)

STREAMS: list[type[ZoomStream]] = [
    Users,
    Meetings,
    MeetingRegistrants,
    MeetingPolls,
    MeetingPollResults,
    MeetingQuestions,
    Webinars,
    WebinarPanelists,
    WebinarRegistrants,
    WebinarAbsentees,
    WebinarPolls,
    WebinarPollResults,
    WebinarQuestions,
    WebinarTrackingSources,
    WebinarQnaResults,
    ReportMeetings,
    ReportMeetingParticipants,
    ReportWebinars,
    ReportWebinarParticipants,
]
