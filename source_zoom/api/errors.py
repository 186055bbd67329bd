"""What an answer of Zoom's means: (HTTP status, Zoom code, message) -> what to do, in one table.

Zoom's own lists: https://developers.zoom.us/docs/api/errors/ and the error table of each endpoint.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from source_zoom.api.session import Answer, whole_number

ERROR_KEYS = {"code", "message", "errors"}
# Zoom's messages can quote join and start links, whose queries let their holder in.
PRIVATE = re.compile(r"(https?://[^\s?]+\?|\bbearer |\b(?:pass(?:code|word)|pwd)\b\W{1,5})\S+", re.IGNORECASE)
# Of these endpoints the resource asked for is a user, whose absence says nothing about a meeting; of all
# others it is a meeting or a webinar, of which the absence of a user or an account says nothing.
OF_A_USER, OF_A_MEETING = r"(^|/)users/", r"^(?!(.*/)?users(/|$))"
OF_A_PHONE_TRANSCRIPT = r"(^|/)phone/recording_transcript/"
NO_ACCESS = r"denied for this account|only available for .*\baccounts\b"
NO_REGISTRATION = r"registration has not been enabled|(has not|doesn.t have) registration required"
NO_MEETING = (
    r"^(this )?(meeting|webinar)\b.* (does not exist|not found|is not available|has expired)"
    r"|^invalid (meeting|webinar) (uu)?id\b|^(meeting|webinar) id is (invalid|not valid)"
)
NO_USER = r"^(this )?user\b.* (does not exist|not exist|not found|not belong)"
OF_NOBODY_ELSE = r"^(?!.*\b(account|user)\b)"
# Zoom's codes that an answer shows also where it is no valid JSON: of a token and its scopes.
LEGIBLE = re.compile(rb'"code"\s*:\s*"?(104|124|4700|4711)\b')
MOST_DIGITS = 9
REGISTRATION_OFF = "registration is not enabled"
NOT_FOUND = NOT_ENDED, DOES_NOT_EXIST, NO_RECORDINGS = (
    "it was never held, or has not ended",
    "it does not exist (any more)",
    "there are no recordings",
)
NO_PHONE, NO_TRANSCRIPT = "Zoom Phone is not enabled for the account", "the recording has no transcript"


class Action(Enum):
    """What to do with an answer that is not the data asked for."""

    RETRY = "repeat the request after a pause"
    REFRESH = "get a new access token, then repeat the request"
    SLOW_DOWN = "wait for the rate limit, then repeat the request"
    FOREIGN = "repeat a few times what somebody else than Zoom answered, then count it as unread"
    STOP_LABEL = "send no more requests of this rate limit label"
    RESTART = "read the list again from its first page"
    LATER = "ask again for a window that begins later"
    EMPTY = "take it for an empty list"
    GONE = "go on without this resource, and count it"
    WITHHELD = "go on without this resource, warn, and ask again after a week"
    DENIED = "count it as unread; where nothing else of the endpoint is answered, end the stream"
    SCOPE = "end the stream: the app lacks a scope"
    UNREAD = "count this resource as unread, and name it"


@dataclass(frozen=True)
class Rule:
    """One row of the table. A row without a status, a message or a path matches any.

    One without a status and a code wants some code of Zoom's, and so does one by which something is gone:
    words and a status alone may be somebody else's.
    """

    action: Action
    reason: str
    status: int | None = None
    code: int | None = None
    message: str = ""
    path: str = ""

    def matches(self, status: int, code: int | None, message: str, path: str = "") -> bool:
        return (
            # Zoom at times sends an error as HTTP 200, where its number alone says what it is.
            self.status in (None, status, code)
            and self.code in (None, code)
            and (code is not None or (self.status is not None and self.action is not Action.GONE))
            and re.search(self.message, message, re.IGNORECASE) is not None
            and re.search(self.path, path) is not None
        )


# The first row that matches wins. Zoom gives one code several meanings and one meaning several codes, so
# words come before codes where they are known.
RULES = (
    Rule(Action.REFRESH, "the access token is no longer valid", code=124),
    Rule(Action.SCOPE, "the app lacks a scope", code=4711),
    Rule(Action.SCOPE, "the app lacks a scope", code=4700),
    Rule(Action.SCOPE, "the app lacks a scope", code=104),
    Rule(Action.WITHHELD, "Zoom offers this to paid plans only", code=200, message=r"\bpaid\b"),
    Rule(Action.STOP_LABEL, "the daily rate limit is used up", status=429, message=r"daily"),
    Rule(Action.SLOW_DOWN, "the rate limit was exceeded", status=429),
    Rule(Action.LATER, "Zoom's reports do not reach back so far", code=300, message=r"recent \d+ months"),
    Rule(Action.EMPTY, NO_RECORDINGS, code=3301),
    Rule(Action.RESTART, "the page token expired", code=300, message=r"page token"),
    Rule(Action.GONE, REGISTRATION_OFF, message=NO_REGISTRATION),
    Rule(Action.GONE, "Zoom gives no access to it", message=r"cannot access (webinar|meeting)"),
    Rule(Action.WITHHELD, "the host has no webinar plan", message=r"webinar (plan|subscription|feature)"),
    Rule(Action.WITHHELD, "the user may not host meetings", code=3161),
    Rule(Action.GONE, "the user left the account", code=1010, path=OF_A_USER),
    Rule(Action.GONE, "the user is gone", code=1001, path=OF_A_USER),
    Rule(Action.GONE, "the user is gone", message=NO_USER, path=OF_A_USER),
    # "Meeting Poll not found" says nothing about the meeting.
    Rule(Action.GONE, "it has no polls", code=404, message=r"poll"),
    Rule(Action.GONE, NOT_ENDED, code=3001, message=r"not end", path=OF_A_MEETING),
    Rule(Action.GONE, DOES_NOT_EXIST, message=NO_MEETING, path=OF_A_MEETING),
    Rule(Action.GONE, DOES_NOT_EXIST, code=3001, message=OF_NOBODY_ELSE, path=OF_A_MEETING),
    Rule(Action.GONE, "polls are disabled", code=4400),
    Rule(Action.GONE, "it is older than one year", code=12702),
    Rule(Action.DENIED, "the app's owner has no permission for it", code=200, message=r"no permission"),
    Rule(Action.DENIED, "the account may not use this API", message=NO_ACCESS),
    Rule(Action.GONE, "the summary is in the trash", code=2305, message=r"moved to trash"),
    Rule(Action.DENIED, "the account's settings keep summaries back", code=2305),
    Rule(Action.DENIED, "the account's settings keep summaries back", message=r"meeting summary disabled"),
    Rule(Action.DENIED, NO_PHONE, code=2031),
    Rule(Action.DENIED, NO_PHONE, message=r"zoom phone\b.* not (been )?enabled"),
    Rule(Action.GONE, NO_TRANSCRIPT, status=404, path=OF_A_PHONE_TRANSCRIPT),
    Rule(Action.GONE, NO_TRANSCRIPT, code=12000, path=OF_A_PHONE_TRANSCRIPT),
    Rule(Action.GONE, NO_TRANSCRIPT, code=12001, path=OF_A_PHONE_TRANSCRIPT),
    Rule(Action.GONE, NO_TRANSCRIPT, code=12002, path=OF_A_PHONE_TRANSCRIPT),
    Rule(Action.GONE, NO_TRANSCRIPT, code=12003, path=OF_A_PHONE_TRANSCRIPT),
    Rule(Action.RETRY, "Zoom took too long", status=408),
)


@dataclass(frozen=True)
class Verdict:
    """What an answer means, with Zoom's own words for the log.

    `code` is Zoom's number, not the HTTP status; it is None where the body is not Zoom's JSON. `retry_after`
    is how many seconds Zoom asks to wait.
    """

    action: Action
    reason: str
    status: int
    code: int | None
    message: str = ""
    retry_after: float = 0.0

    @property
    def words(self) -> str:
        """Why, without what names the resource."""
        code = f", code {self.code}" if self.code is not None else ""
        return f"{self.reason} (HTTP {self.status}{code})"

    def __str__(self) -> str:
        words = re.sub(PRIVATE, r"\1…", self.message) or "no message"
        return f"{self.words.removesuffix(')')}: {words})"


def judge(answer: Answer, path: str = "", *, is_text: bool = False) -> Verdict | None:
    """Say what to do about an answer for this path; None where it holds the data that was asked for.

    HTTP 200 is no proof: Zoom at times sends an error as the body of one, and a proxy may send HTML.
    """
    status, fields = answer.status, answer.fields
    code = _code(answer)
    message = fields.get("message")
    # What is no text is no word of Zoom's, and may be nested too deep to be written as one.
    message = message if isinstance(message, str) else ""
    is_success = 200 <= status < 300
    is_error = code or (fields and fields.keys() <= ERROR_KEYS)
    is_data = answer.is_text if is_text else isinstance(answer.body, dict)
    if is_success and is_data and not is_error:
        return None
    for rule in RULES:
        if rule.matches(status, code, message, path):
            return Verdict(rule.action, rule.reason, status, code, message)
    if status == 401 and code is None:
        return Verdict(Action.REFRESH, "the access token is refused", status, None, message)
    if status >= 500 or (is_success and code and 500 <= code < 600):
        return Verdict(Action.RETRY, "Zoom has a server error", status, code, message)
    if 300 <= status < 400 and code is None:
        return Verdict(Action.FOREIGN, "the answer leads elsewhere", status, None, message)
    if answer.body is None and is_success and not answer.is_html:
        return Verdict(Action.FOREIGN, "the answer is not JSON", status, None)
    if answer.body is None or (400 <= status < 500 and code is None):
        # Zoom gives its refusals a code: what has none comes from something on the way.
        return Verdict(Action.FOREIGN, "a proxy or a firewall refuses it", status, None, message)
    if is_success and not fields:
        return Verdict(Action.UNREAD, "the answer is not a JSON object", status, None)
    return Verdict(Action.UNREAD, "Zoom refused the request", status, code, message)


def _code(answer: Answer) -> int | None:
    """Zoom's number for an error, which comes as a text at times."""
    number = answer.fields.get("code", "")
    if answer.body is None and (shown := LEGIBLE.search(answer.text)):
        number = shown[1].decode()
    return whole_number(number, MOST_DIGITS)


def scope_to_add(message: str, scopes: tuple[str, ...]) -> str:
    """The scope behind a refusal: the granular or the classic of ours, or Zoom's if it names none of them."""
    listed = re.search(r"scopes:\s*\[([^\]]+)\]", message)
    named: list[str] = re.findall(r"[\w:]+", listed.group(1)) if listed else []
    ours = [scope for scope in (scopes[1], scopes[0], *scopes[2:]) if scope in named]
    return next(iter((*ours, *named)), scopes[1] or scopes[0])


def advice(scopes: Iterable[str]) -> str:
    """What to do where scopes are missing."""
    return f"Add {' and '.join(f'`{scope}`' for scope in scopes)} to the app, then reconnect."
