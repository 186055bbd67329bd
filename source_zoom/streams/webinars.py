"""Listed webinars, and what Zoom has for each of them."""

from source_zoom.api.errors import REGISTRATION_OFF
from source_zoom.api.rate_limits import HEAVY, LIGHT, MEDIUM
from source_zoom.engine.stream import ZoomSubstream
from source_zoom.streams.meetings import REGISTRANT_STATUSES
from source_zoom.streams.past import PastWebinars
from source_zoom.streams.users import UserWebinars


class Webinars(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/webinars/{webinarId}"""

    parent_class = UserWebinars
    inherits = {"id": "id"}
    endpoint = "webinars/{id}"
    primary_key = "id"
    rate_limit = LIGHT
    scopes = ("webinar:read:admin", "webinar:read:webinar:admin")
    params = {"show_previous_occurrences": "true"}
    host_secrets = ("start_url",)


class WebinarPanelists(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/webinars/{webinarId}/panelists"""

    parent_class = UserWebinars
    inherits = {"webinar_id": "id"}
    endpoint = "webinars/{webinar_id}/panelists"
    record_key = "panelists"
    primary_key = ["webinar_id", "id"]
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:list_panelists:admin")
    page_size = None


class WebinarRegistrants(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/webinars/{webinarId}/registrants"""

    parent_class = UserWebinars
    inherits = {"webinar_id": "id"}
    endpoint = "webinars/{webinar_id}/registrants"
    record_key = "registrants"
    primary_key = ["webinar_id", "id"]
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:list_registrants:admin")
    query_variants = REGISTRANT_STATUSES
    refused_alike = REGISTRATION_OFF


class WebinarPolls(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/webinars/{webinarId}/polls"""

    parent_class = UserWebinars
    inherits = {"webinar_id": "id"}
    endpoint = "webinars/{webinar_id}/polls"
    record_key = "polls"
    primary_key = ["webinar_id", "id"]
    rate_limit = LIGHT
    scopes = ("webinar:read:admin", "webinar:read:list_polls:admin")
    page_size = None


class WebinarQuestions(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/webinars/{webinarId}/registrants/questions"""

    parent_class = UserWebinars
    inherits = {"webinar_id": "id"}
    endpoint = "webinars/{webinar_id}/registrants/questions"
    primary_key = "webinar_id"
    rate_limit = LIGHT
    scopes = ("webinar:read:admin", "webinar:read:list_registration_questions:admin")
    refused_alike = REGISTRATION_OFF


class WebinarTrackingSources(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/webinars/{webinarId}/tracking_sources"""

    parent_class = UserWebinars
    inherits = {"webinar_id": "id"}
    endpoint = "webinars/{webinar_id}/tracking_sources"
    record_key = "tracking_sources"
    primary_key = ["webinar_id", "id"]
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:list_tracking_sources:admin")
    page_size = None


class WebinarAbsentees(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/absentees"""

    parent_class = PastWebinars
    inherits = {"webinar_uuid": "uuid", "webinar_id": "id", "webinar_start_time": "start_time"}
    cursor_field = "webinar_start_time"
    endpoint = "past_webinars/{webinar_uuid}/absentees"
    record_key = "registrants"
    primary_key = ["webinar_uuid", "id"]
    rate_limit = HEAVY
    scopes = ("webinar:read:admin", "webinar:read:list_absentees:admin")


class WebinarPollResults(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/polls"""

    parent_class = PastWebinars
    inherits = {"webinar_uuid": "uuid", "webinar_id": "id", "webinar_start_time": "start_time"}
    cursor_field = "webinar_start_time"
    endpoint = "past_webinars/{webinar_uuid}/polls"
    record_key = "questions"
    primary_key = ["webinar_uuid", "row_id"]
    row_id_fields = ("name", "email")
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:list_past_polls:admin")
    report_type = "poll"
    page_size = None


class WebinarQnaResults(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/qa"""

    parent_class = PastWebinars
    inherits = {"webinar_uuid": "uuid", "webinar_id": "id", "webinar_start_time": "start_time"}
    cursor_field = "webinar_start_time"
    endpoint = "past_webinars/{webinar_uuid}/qa"
    record_key = "questions"
    primary_key = ["webinar_uuid", "row_id"]
    row_id_fields = ("name", "email")
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:past_qa:admin")
    report_type = "qa"
    page_size = None
