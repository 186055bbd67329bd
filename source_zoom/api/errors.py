"""What an answer of Zoom's means: (HTTP status, Zoom code, message) -> what to do, in one table.

Zoom's own lists: https://developers.zoom.us/docs/api/errors/ and the error table of each endpoint.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

import requests

ERROR_KEYS = {"code", "message", "errors"}
# Zoom's messages can quote join and start links, whose queries let their holder in.
PRIVATE = re.compile(r"(https?://[^\s?]+\?|\bbearer |\bpass(?:code|word)\b\W{1,2})\S+", re.IGNORECASE)


class Action(Enum):
    """What to do with an answer that is not the data asked for."""

    RETRY = "repeat the request after a pause"
    REFRESH = "get a new access token, then repeat the request"
    SLOW_DOWN = "wait for the rate limit, then repeat the request"
    STOP_LABEL = "send no more requests of this rate limit label"
    RESTART = "read the list again from its first page"
    SKIP = "go on without this resource, and count it"
    SCOPE = "end the stream: the app lacks a scope"
    REFUSED = "end the stream: the account may not read this"
    BLOCKED = "repeat a few times, then go on without this resource, and warn"
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
            # Zoom at times sends an error as HTTP 200, where its number alone says what it is.
            self.status in (None, status, code)
            and self.code in (None, code)
            and re.search(self.message, message, re.IGNORECASE) is not None
        )


# The first row that matches wins. Codes 200, 300 and 3000 mean several things, told apart by message.
RULES = (
    Rule(Action.REFRESH, "the access token is no longer valid", code=124),
    Rule(Action.SCOPE, "the app lacks a scope", code=4711),
    Rule(Action.SCOPE, "the app lacks a scope", code=4700),
    Rule(Action.SCOPE, "the app lacks a scope", code=104),
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

    `code` is Zoom's number, not the HTTP status; it is None where the body is not Zoom's JSON. `pause` is how
    many seconds Zoom asks to wait.
    """

    action: Action
    reason: str
    status: int
    code: int | None
    message: str
    pause: float = 0.0

    def __str__(self) -> str:
        code = f", code {self.code}" if self.code is not None else ""
        words = re.sub(PRIVATE, r"\1…", self.message) or "no message"
        return f"{self.reason} (HTTP {self.status}{code}: {words})"


def judge(response: requests.Response) -> Verdict | None:
    """Say what to do about an answer; None where it holds the data that was asked for.

    HTTP 200 is no proof: Zoom at times sends an error as the body of one, and a proxy may send HTML.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    fields = body if isinstance(body, Mapping) else {}
    number = str(fields.get("code", ""))
    code = int(number) if number.isdecimal() else None
    message = str(fields.get("message", ""))
    is_error = code or (fields and fields.keys() <= ERROR_KEYS)
    is_success = 200 <= response.status_code < 300
    if is_success and isinstance(body, Mapping) and not is_error:
        return None
    for rule in RULES:
        if rule.matches(response.status_code, code, message):
            return Verdict(rule.action, rule.reason, response.status_code, code, message)
    if response.status_code >= 500:
        return Verdict(Action.RETRY, "Zoom has a server error", response.status_code, code, message)
    if body is None and response.status_code == 403:
        return Verdict(Action.BLOCKED, "a proxy or a firewall refuses it", 403, None, "")
    if body is None:
        return Verdict(Action.RETRY, "the answer is not JSON", response.status_code, None, "")
    if is_success and not fields:
        return Verdict(Action.FAIL, "the answer is not a JSON object", response.status_code, None, "")
    return Verdict(Action.FAIL, "Zoom refused the request", response.status_code, code, message)


class Skipped(Exception):
    """The resource has no such data, for a reason that the table names."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict
        self.level = logging.INFO if verdict.action is Action.SKIP else logging.WARNING


def scope_to_add(message: str, scopes: tuple[str, ...]) -> str:
    """The scope behind a refusal: the granular or the classic of ours, or Zoom's if it names none of them."""
    listed = re.search(r"scopes:\s*\[([^\]]+)\]", message)
    named = listed.group(1).replace(",", " ").split() if listed else [scopes[1]]
    return next((scope for scope in (scopes[1], scopes[0]) if scope in named), named[0])


def advice(scopes: Iterable[str]) -> str:
    """What to do where scopes are missing."""
    return f"Add {' and '.join(f'`{scope}`' for scope in scopes)} to the app, then reconnect."
