"""Answers that are not the data asked for, and what each of them means."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from integration_tests.harness import Json
from source_zoom.api.errors import DOES_NOT_EXIST, NOT_ENDED, Action


class Refused(NamedTuple):
    """An answer that is not the data asked for.

    body    JSON, or text when it is a string
    path    what was asked for
    reason  what the user is told, where one action has many
    """

    status: int
    body: Any
    path: str
    action: Action
    reason: str = ""


def zooms(status: int, code: int | str, message: str, path: str, action: Action, reason: str = "") -> Refused:
    """A refusal in Zoom's form."""
    return Refused(status, {"code": code, "message": message}, path, action, reason)


def page_of(title: str) -> str:
    return f'<!doctype html><html lang="en"><head><title>{title}</title></head></html>'


USERS, OF_USER, HOSTS, HELD_BY = "users", "users/u1/meetings", "report/users", "report/users/u1/meetings"
WEBINARS_OF_USER = "users/u1/webinars"
REGISTRANTS, MEETING_POLLS, PAST_POLLS = (
    "meetings/5/registrants",
    "meetings/5/polls",
    "past_meetings/aB%3D/polls",
)
REPORT_OF, STAYS, WEBINAR_OF = "report/meetings/aB%3D", "report/meetings/aB%3D/participants", "webinars/5"
ATTENDED, ABSENT, PLANNED = (
    "report/webinars/aB%3D/participants",
    "past_webinars/aB%3D/absentees",
    "meetings/5",
)
UNREGISTERED, NO_ACCESS = "registration is not enabled", "Zoom gives no access to it"
NO_PLAN, PAID = "the host has no webinar plan", "Zoom offers this to paid plans only"
NO_WEBINARS = "User does not have the webinar feature enabled."
LACKING = "Invalid access token, does not contain scopes:"
DAILY = (
    "You have reached the maximum daily rate limit for this API. Refer to the response header for details on"
    " when you can make another request."
)
NO_POLLS = (
    'Meeting polls disabled. To enable this feature, enable the "Meeting Polls/Quizzes" setting in the Zoom'
    ' web portal\'s "Settings" interface.'
)
NO_DASHBOARD = (
    "This API is only available for ZMP and Business or higher accounts that have enabled the Dashboard"
    " feature."
)
CLOSED = "Access to the Zoom REST API has been denied for this account. Contact Zoom Support for details."
UNSCOPED = '{\n  "code":104, \n  "message":"does not contain scopes:["events:read","events:read:admin"]"\n}'
NO_USE_PLAN = "You must subscribe to the webinar plan and enable webinars for this user in order to do this."

REFUSALS = [
    # What is asked for does not exist.
    zooms(404, 3001, "Meeting does not exist: pfVhQW==.", STAYS, Action.GONE, DOES_NOT_EXIST),
    zooms(404, 3001, "Meeting does not exist: [object Object].", STAYS, Action.GONE, DOES_NOT_EXIST),
    zooms(404, 3001, "Meeting does not exist: 81000000001.", PLANNED, Action.GONE, DOES_NOT_EXIST),
    zooms(404, "3001", "Meeting does not exist: 1.", PLANNED, Action.GONE, DOES_NOT_EXIST),
    zooms(404, 3001, "Meeting ID is invalid or not end.", PAST_POLLS, Action.GONE, NOT_ENDED),
    zooms(404, 3001, "Webinar ID is invalid or not end.", ABSENT, Action.GONE, NOT_ENDED),
    zooms(
        404, 3001, "This meeting is not available or ID is not valid.", PLANNED, Action.GONE, DOES_NOT_EXIST
    ),
    zooms(404, 3001, "Webinar 81000000001 not found or has expired.", ATTENDED, Action.GONE, DOES_NOT_EXIST),
    zooms(
        400, 300, "Meeting 81000000001 is not found or has expired.", REPORT_OF, Action.GONE, DOES_NOT_EXIST
    ),
    zooms(400, 300, "Invalid meeting id.", PLANNED, Action.GONE, DOES_NOT_EXIST),
    zooms(400, 300, "Invalid webinar ID.", WEBINAR_OF, Action.GONE, DOES_NOT_EXIST),
    zooms(400, 300, "Invalid webinar UUID.", ATTENDED, Action.GONE, DOES_NOT_EXIST),
    zooms(404, 1001, "User does not exist: foo", OF_USER, Action.GONE, "the user is gone"),
    zooms(400, 1010, "User not belong to this account", HELD_BY, Action.GONE, "the user left the account"),
    zooms(
        400,
        1010,
        "User does not belong to this account:abc.",
        OF_USER,
        Action.GONE,
        "the user left the account",
    ),
    # The same words about something else than what is asked for are no reason to go on without it.
    zooms(404, 3001, "Meeting does not exist: 81000000001.", USERS, Action.UNREAD),
    zooms(404, 1001, "User does not exist: foo", PLANNED, Action.UNREAD),
    zooms(404, 1001, "User does not exist: foo", USERS, Action.UNREAD),
    zooms(400, 1010, "User does not belong to this account:abc.", STAYS, Action.UNREAD),
    # There is nothing of this kind.
    zooms(400, 300, "This meeting has not registration required: 5", REGISTRANTS, Action.GONE, UNREGISTERED),
    zooms(
        400,
        300,
        "Registration has not been enabled for this meeting: 5.",
        REGISTRANTS,
        Action.GONE,
        UNREGISTERED,
    ),
    zooms(
        404,
        404,
        "Registration has not been enabled for this meeting: 5.",
        REGISTRANTS,
        Action.GONE,
        UNREGISTERED,
    ),
    zooms(404, 404, "This meeting has not registration required: 5.", REGISTRANTS, Action.GONE, UNREGISTERED),
    zooms(
        400, 3000, "Registration has not been enabled for this webinar: 5.", ABSENT, Action.GONE, UNREGISTERED
    ),
    zooms(
        400,
        3000,
        "This webinar doesn't have registration required: B/o==.",
        ABSENT,
        Action.GONE,
        UNREGISTERED,
    ),
    zooms(400, 3000, "Cannot access webinar info.", PLANNED, Action.GONE, NO_ACCESS),
    zooms(400, 300, "Cannot access webinar info.", REGISTRANTS, Action.GONE, NO_ACCESS),
    zooms(400, 4400, NO_POLLS, MEETING_POLLS, Action.GONE, "polls are disabled"),
    zooms(404, 404, "Meeting Poll not found", MEETING_POLLS, Action.GONE, "it has no polls"),
    zooms(400, 12702, "Can not access meeting a year ago.", STAYS, Action.GONE, "it is older than one year"),
    # A plan, a licence or a permission.
    zooms(400, 200, f"Webinar plan is missing. {NO_USE_PLAN}", WEBINARS_OF_USER, Action.WITHHELD, NO_PLAN),
    zooms(200, 200, "Webinar subscription plan is missing.", WEBINARS_OF_USER, Action.WITHHELD, NO_PLAN),
    zooms(400, 200, "You need to subscribe webinar plan: z8.", WEBINARS_OF_USER, Action.WITHHELD, NO_PLAN),
    zooms(200, 200, "This account is not subscribed to a webinar plan.", ATTENDED, Action.WITHHELD, NO_PLAN),
    zooms(200, 200, "Only available for Paid or ZMP account: abc.", HELD_BY, Action.WITHHELD, PAID),
    zooms(400, 200, "This is only available for paid account: abc.", STAYS, Action.WITHHELD, PAID),
    zooms(400, 200, "Only available for Paid user: z8.", HELD_BY, Action.WITHHELD, PAID),
    zooms(400, 3161, "Your user account is not allowed meeting hosting.", OF_USER, Action.WITHHELD),
    zooms(400, 3161, NO_WEBINARS, WEBINARS_OF_USER, Action.WITHHELD, NO_PLAN),
    zooms(400, 200, "No permission.", STAYS, Action.DENIED),
    zooms(403, 403, CLOSED, OF_USER, Action.DENIED),
    zooms(400, 200, NO_DASHBOARD, STAYS, Action.DENIED),
    # The token.
    zooms(400, 4711, f"{LACKING}[user:read:list_users:admin].", USERS, Action.SCOPE),
    zooms(400, 4711, f"{LACKING} [user:write:admin, user:read:admin].", USERS, Action.SCOPE),
    zooms(400, 104, f"{LACKING}[phone:read:list_users:admin]", USERS, Action.SCOPE),
    Refused(400, UNSCOPED, PLANNED, Action.SCOPE),
    zooms(400, 4700, f"{LACKING}[meeting:read:admin].", OF_USER, Action.SCOPE),
    zooms(401, 124, "Invalid access token.", PLANNED, Action.REFRESH),
    zooms(400, 124, "Access token is expired.", PLANNED, Action.REFRESH),
    zooms(401, "124", "Invalid access token.", USERS, Action.REFRESH),
    # The request.
    zooms(400, 300, "The next page token is either invalid or has expired.", USERS, Action.RESTART),
    zooms(400, 300, "Only provide report in recent 6 months.", HOSTS, Action.LATER),
    zooms(300, 300, "Only provide report in recent 6 months.", HELD_BY, Action.LATER),
    Refused(
        400,
        {
            "code": 300,
            "message": "Validation Failed.",
            "errors": [{"field": "type", "message": "Missing field."}],
        },
        PLANNED,
        Action.UNREAD,
    ),
    zooms(404, 2300, "This API endpoint is not recognized.", PLANNED, Action.UNREAD),
    # Rate limits.
    zooms(
        429, 429, "You have reached the maximum per-second rate limit for this API.", STAYS, Action.SLOW_DOWN
    ),
    zooms(429, 429, DAILY, STAYS, Action.STOP_LABEL),
    zooms(
        429, 429, "You have exceeded the daily rate limit of (3) for this.", REGISTRANTS, Action.STOP_LABEL
    ),
    # Somebody on the way.
    Refused(403, page_of("Attention Required!"), PLANNED, Action.FOREIGN),
    Refused(404, page_of("HTTP Status 404"), STAYS, Action.FOREIGN),
    Refused(400, page_of("HTTP Status 400"), STAYS, Action.FOREIGN),
    Refused(404, "", REPORT_OF, Action.FOREIGN),
    Refused(404, {}, REPORT_OF, Action.FOREIGN),
    Refused(403, {"error": {"code": "blocked"}}, USERS, Action.FOREIGN),
    Refused(502, page_of("502 Bad Gateway"), USERS, Action.RETRY),
    zooms(500, 500, "Internal Server Error", PLANNED, Action.RETRY),
]

# How a daily limit has been told in headers; it may not say until when.
DAILY_HEADERS: Sequence[Mapping[str, str]] = (
    {"Retry-After": "2026-11-21T00:00:00Z", "X-RateLimit-Type": "Daily-limit", "X-RateLimit-Remaining": "0"},
    {"X-RateLimit-Limit": "6000", "X-RateLimit-Remaining": "0", "X-RateLimit-Category": "Light"},
    {},
)


class TokenAnswer(NamedTuple):
    """What the token endpoint answers once in place of a token, and whether that is asked for again."""

    status: int
    body: Any
    is_repeated: bool = False


TOKEN_REFUSALS = [
    TokenAnswer(400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}),
    TokenAnswer(401, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}),
    TokenAnswer(400, {"reason": "Invalid Token!", "error": "invalid_request"}),
    TokenAnswer(400, {"reason": "Invalid Token!", "error": "invalid_grant"}),
    TokenAnswer(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"}),
    TokenAnswer(400, {"reason": "Account does not exist", "error": "invalid_request"}),
    TokenAnswer(403, {"reason": "This app has been disabled by Zoom", "error": "access_denied"}),
    TokenAnswer(429, {"code": 429, "message": "You have reached the maximum per-second rate limit."}, True),
    TokenAnswer(503, "<html><body>Service Temporarily Unavailable</body></html>", True),
]
# What an answer with a token was seen to hold beside it.
TOKENS: Sequence[Json] = (
    {"expires_in": 3599},
    {"token_type": "bearer", "expires_in": 3600},
    {"token_type": "bearer", "refresh_token": "eyJ.a.b", "expires_in": 3599, "scope": "user:read:admin"},
    {
        "token_type": "bearer",
        "expires_in": 3599,
        "scope": "user:read:list_users:admin",
        "api_url": "https://api.zoom.us",
    },
)
