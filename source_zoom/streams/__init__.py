"""The streams in catalog order. To find one, start here; to add one, see CONTRIBUTING.md."""

from source_zoom.engine.stream import ZoomStream
from source_zoom.streams.account import GroupMembers, Groups, RoleMembers, Roles, TrackingFields
from source_zoom.streams.answers import (
    ReportMeetingQna,
    ReportMeetingSurveys,
    ReportWebinarQna,
    ReportWebinarSurveys,
)
from source_zoom.streams.attendance import PastMeetingParticipants, PastWebinarParticipants
from source_zoom.streams.history import ReportHistoryMeetings
from source_zoom.streams.logs import ReportActivities, ReportDailyUsage, ReportOperationLogs
from source_zoom.streams.meetings import (
    MeetingPollResults,
    MeetingPolls,
    MeetingQuestions,
    MeetingRegistrants,
    Meetings,
)
from source_zoom.streams.phone import (
    PhoneCallElements,
    PhoneCallHistory,
    PhoneCallQueues,
    PhoneRecordings,
    PhoneRecordingTranscripts,
    PhoneSmsSessions,
    PhoneUsers,
    PhoneVoicemails,
)
from source_zoom.streams.recordings import Recordings, RecordingTranscripts
from source_zoom.streams.reports import (
    ReportMeetingParticipants,
    ReportMeetings,
    ReportUserMeetings,
    ReportWebinarParticipants,
    ReportWebinars,
)
from source_zoom.streams.summaries import MeetingSummaries
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
    Recordings,
    RecordingTranscripts,
    MeetingSummaries,
    PastMeetingParticipants,
    PastWebinarParticipants,
    ReportHistoryMeetings,
    ReportMeetingQna,
    ReportWebinarQna,
    ReportMeetingSurveys,
    ReportWebinarSurveys,
    ReportActivities,
    ReportOperationLogs,
    ReportDailyUsage,
    Groups,
    GroupMembers,
    Roles,
    RoleMembers,
    TrackingFields,
    ReportUserMeetings,
    PhoneUsers,
    PhoneCallHistory,
    PhoneCallElements,
    PhoneRecordings,
    PhoneRecordingTranscripts,
    PhoneVoicemails,
    PhoneCallQueues,
    PhoneSmsSessions,
]
