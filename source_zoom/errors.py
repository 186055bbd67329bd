"""What an answer of Zoom's means: (HTTP status, Zoom code, message) -> what to do, in one table.

Zoom's own lists: https://developers.zoom.us/docs/api/errors/ and the error table of each endpoint.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import requests
from airbyte_cdk.models import AirbyteMessage, FailureType, StreamDescriptor
from airbyte_cdk.utils.traced_exception import AirbyteTracedException


class Action(Enum):
    """What to do with an answer that is not the data asked for."""

    RETRY = "repeat the request after a pause"
    REFRESH = "get a new access token, then repeat the request"
    SLOW_DOWN = "wait for the rate limit, then repeat the request"
    STOP_LABEL = "send no more requests of this rate limit label"
    RESTART = "read the list again from its first page"
    SKIP = "go on without this resource, and count it"
    REFUSED = "end the stream: the app or the account may not read this"
    FAIL = "fail this slice, and name it"


@dataclass(frozen=True)
class Rule:
    """One row of the table. A row without a status, a code or a message matches any."""

    action: Action
    reason: str
    status: int | None = None
    code: int | None = None
    message: str = ""

    def matches(self, status: int, code: int | None, message: str) -> bool:
        return (
            (self.status is None or self.status == status)
            and (self.code is None or self.code == code)
            and re.search(self.message, message, re.IGNORECASE) is not None
        )


# The first row that matches wins. Codes 200, 300 and 3000 mean several things, told apart by message.
RULES = (
    Rule(Action.REFRESH, "the access token is no longer valid", code=124),
    Rule(Action.REFUSED, "the app lacks a scope", code=4711),
    Rule(Action.REFUSED, "the app lacks a scope", code=4700),
    Rule(Action.REFUSED, "the app lacks a scope", code=104),
    Rule(Action.REFUSED, "Zoom offers this to paid accounts only", code=200, message=r"paid"),
    Rule(Action.STOP_LABEL, "the daily rate limit is used up", status=429, message=r"daily"),
    Rule(Action.SLOW_DOWN, "the rate limit was exceeded", status=429),
    Rule(Action.RESTART, "the page token expired", code=300, message=r"page token"),
    Rule(Action.SKIP, "registration is not enabled", code=300, message=r"registration"),
    Rule(Action.SKIP, "registration is not enabled", code=3000, message=r"registration"),
    Rule(Action.SKIP, "Zoom gives no access to it", code=300, message=r"cannot access (webinar|meeting)"),
    Rule(Action.SKIP, "Zoom gives no access to it", code=3000, message=r"cannot access"),
    Rule(Action.SKIP, "the host has no webinar plan", code=200, message=r"webinar (plan|subscription)"),
    Rule(Action.SKIP, "the user may not host meetings", code=3161),
    Rule(Action.SKIP, "the user is gone", code=1001),
    Rule(Action.SKIP, "the user left the account", code=1010),
    Rule(Action.SKIP, "it was never held, or has not ended", code=3001, message=r"not end"),
    Rule(Action.SKIP, "it does not exist (any more)", code=3001),
    Rule(Action.SKIP, "polls are disabled", code=4400),
    Rule(Action.SKIP, "it has no polls", status=404, code=404, message=r"poll"),
    Rule(Action.SKIP, "it is older than one year", code=12702),
    Rule(Action.FAIL, "the app's owner has no permission for it", code=200, message=r"no permission"),
    Rule(Action.RETRY, "Zoom took too long", status=408),
)


@dataclass(frozen=True)
class Verdict:
    """What an answer means, with Zoom's own words for the log.

    `code` is Zoom's number, not the HTTP status; it is None where the body is not Zoom's JSON.
    """

    action: Action
    reason: str
    status: int
    code: int | None
    message: str

    def __str__(self) -> str:
        code = f", code {self.code}" if self.code is not None else ""
        return f"{self.reason} (HTTP {self.status}{code}: {self.message or 'no message'})"


def judge(response: requests.Response) -> Verdict | None:
    """Say what to do about an answer; None where it holds the data that was asked for.

    HTTP 200 is no proof: Zoom at times sends an error as the body of one, and a proxy may send HTML.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    is_object = isinstance(body, Mapping)
    code = body.get("code") if is_object else None
    message = str(body.get("message", "")) if is_object else ""
    if response.ok and is_object and not (isinstance(code, int) and code and "message" in body):
        return None
    code = code if isinstance(code, int) else None
    for rule in RULES:
        if rule.matches(response.status_code, code, message):
            return Verdict(rule.action, rule.reason, response.status_code, code, message)
    if response.status_code >= 500:
        return Verdict(Action.RETRY, "Zoom has a server error", response.status_code, code, message)
    if body is None:
        return Verdict(Action.RETRY, "the answer is not JSON", response.status_code, None, "")
    if response.ok and not is_object:
        return Verdict(Action.FAIL, "the answer is not a JSON object", response.status_code, None, "")
    return Verdict(Action.FAIL, "Zoom refused the request", response.status_code, code, message)


class ZoomError(AirbyteTracedException):
    """A failure that one sentence explains; its trace message carries no stack trace.

    `failure_type` is Airbyte's: a config_error is the user's to mend, a transient_error goes away.
    """

    def __init__(self, message: str, failure_type: FailureType = FailureType.system_error) -> None:
        super().__init__(internal_message=message, message=message, failure_type=failure_type)

    def as_airbyte_message(self, stream_descriptor: StreamDescriptor | None = None) -> AirbyteMessage:
        trace = super().as_airbyte_message(stream_descriptor)
        if trace.trace and trace.trace.error:
            trace.trace.error.stack_trace = None
        return trace


class ConfigError(ZoomError):
    """The config, the catalog, the state or the Zoom app must be changed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, FailureType.config_error)


class StreamEnded(ZoomError):
    """Nothing more of this stream can be read in this sync."""


class Refused(StreamEnded):
    """The app or the account may not read this endpoint at all."""

    def __init__(self, message: str) -> None:
        super().__init__(message, FailureType.config_error)


class DailyLimitReached(StreamEnded):
    """Zoom answers no more requests of this label today."""

    def __init__(self, message: str) -> None:
        super().__init__(message, FailureType.transient_error)


class CredentialsRefused(StreamEnded):
    """Zoom does not accept the credentials."""

    def __init__(self, message: str) -> None:
        super().__init__(message, FailureType.config_error)


class Skipped(Exception):
    """The resource has no such data, for a reason that the table names."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict


class PageTokenLost(Exception):
    """The list must be read again from its first page."""


def advice(verdict: Verdict, scopes: tuple[str, str]) -> str:
    """What the user can do about a refusal: which scope to add, by Zoom's words or by our own list."""
    if verdict.code == 200:
        return ""
    named = re.search(r"scopes:\s*\[([^\]]+)\]", verdict.message)
    wanted = named.group(1).strip() if named else f"{scopes[1]} (or the classic {scopes[0]})"
    return f" Add the scope {wanted} to the Zoom app, then reconnect."
