"""Listed webinars, and what Zoom has for each of them."""

from source_zoom.api.rate_limits import LIGHT, MEDIUM
from source_zoom.engine.stream import ZoomSubstream
from source_zoom.streams.meetings import REGISTRANT_STATUSES
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
    variants = REGISTRANT_STATUSES


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
