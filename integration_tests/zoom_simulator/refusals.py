"""Zoom's refusals in its own words, for `faults.reply(regex, *refusal)`."""

from typing import Any, NamedTuple


class Refusal(NamedTuple):
    """An HTTP status and what stands under it: JSON, or text when it is a string."""

    status: int
    body: Any


def refusal(status: int, code: int, message: str) -> Refusal:
    """A refusal in Zoom's form. The code is not the HTTP status."""
    return Refusal(status, {"code": code, "message": message})


PLAN_MISSING = (
    "Webinar plan is missing. You must subscribe to the webinar plan and enable webinars for this user in "
    "order to perform this action."
)
HIDDEN_PLAN_MISSING = (
    "Webinar plan subscription is missing. Enable webinar for this user once the subscription is added:{}"
)
HOSTING_NOT_ALLOWED = "Meeting hosting and scheduling capabilities are not allowed for your user account."
NO_USER = "User does not exist: {}."
NO_GROUP = "No permission for the group: {}."

NO_HOST = refusal(400, 3161, HOSTING_NOT_ALLOWED)
NO_PHONE = refusal(403, 2031, "Zoom Phone is not enabled.")
NO_PERMISSION = refusal(400, 200, "No permission.")
NO_WEBINAR_PLAN = refusal(400, 200, PLAN_MISSING)
OLD_REPORT = refusal(400, 300, "Only provide report in recent 6 months.")
UNKNOWN_CODE = refusal(400, 9999, "Something that no documentation mentions.")
# A server between the client and Zoom says no in a page of its own, or in nothing at all.
PROXY_PAGE = Refusal(403, "<html><head><title>Blocked</title></head><body>Blocked by policy</body></html>")
EMPTY_NOT_FOUND = Refusal(404, "")


def paid_only(user: str) -> Refusal:
    """What a host without a paid licence gets for reports, instead of an empty list."""
    return refusal(400, 200, f"Only available for Paid user: {user}.")


def no_user(user: str) -> Refusal:
    return refusal(404, 1001, NO_USER.format(user))


def no_group(group: str) -> Refusal:
    return refusal(403, 12703, NO_GROUP.format(group))


def no_meeting(id_: int | str, kind: str = "Meeting") -> Refusal:
    return refusal(404, 3001, f"{kind} does not exist: {id_}.")


def hidden_plan_missing(user: str) -> Refusal:
    """The missing webinar plan as an HTTP 200."""
    return refusal(200, 200, HIDDEN_PLAN_MISSING.format(user))


def missing_scopes(*scopes: str) -> Refusal:
    return refusal(400, 4711, f"Invalid access token, does not contain scopes:[{', '.join(scopes)}].")
