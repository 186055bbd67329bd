import io
import json
from collections.abc import Mapping

import pytest
import requests
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from source_zoom.api.errors import (
    NO_MEETING,
    NO_REGISTRATION,
    NO_USER,
    OF_A_PHONE_TRANSCRIPT,
    OF_A_USER,
    OF_NOBODY_ELSE,
    RULES,
    Action,
    Rule,
    Verdict,
    judge,
    scope_to_add,
)
from source_zoom.api.session import Answer
from source_zoom.exceptions import ConfigError

MEETING, USER, MEETINGS_OF_USER = "past_meetings/aB3%3D%3D", "users/u", "users/u/meetings"
TRANSCRIPT = "phone/recording_transcript/download/5"
HTML = "<html>A page of somebody on the way</html>"


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer as the session reads it: what is text is sent as it is, the rest as JSON."""
    content = body if isinstance(body, str) else json.dumps(body)
    response = requests.Response()
    response.status_code = status
    response.headers = CaseInsensitiveDict(headers)
    response.raw = HTTPResponse(io.BytesIO(content.encode()), preload_content=False)
    return Answer.of(response)


def verdict_of(status: int, body: object, path: str = "", *, is_text: bool = False) -> Verdict:
    verdict = judge(answer(status, body), path, is_text=is_text)
    assert verdict is not None
    return verdict


def refusal(code: int | None, message: str) -> dict[str, object]:
    return {"message": message} if code is None else {"code": code, "message": message}


CASES = [
    (401, 124, "Access token is expired.", Action.REFRESH),
    (400, 124, "Invalid access token.", Action.REFRESH),
    (400, 4711, "Invalid access token, does not contain scopes:[user:read:admin].", Action.SCOPE),
    (403, 4711, "Invalid access token, does not contain scopes:[user:read:admin].", Action.SCOPE),
    (400, 4700, "Invalid access token, does not contain scopes.", Action.SCOPE),
    (400, 104, "Invalid access token, does not contain scopes.", Action.SCOPE),
    (400, 200, "Only available for Paid account: a", Action.WITHHELD),
    (200, 200, "This is only available for paid account:a", Action.WITHHELD),
    (429, 429, "You have reached the maximum daily rate limit for this API.", Action.STOP_LABEL),
    (200, 429, "You have reached the maximum daily rate limit for this API.", Action.STOP_LABEL),
    (429, 429, "You have reached the maximum per-second rate limit for this API.", Action.SLOW_DOWN),
    (200, 429, "You have reached the maximum per-second rate limit for this API.", Action.SLOW_DOWN),
    (429, None, "Too many requests", Action.SLOW_DOWN),
    (400, 300, "Only provides report in recent 6 months.", Action.LATER),
    (404, 3301, "There is no recording for this meeting.", Action.EMPTY),
    (400, 300, "The next page token is invalid or expired.", Action.RESTART),
    (400, 300, "This meeting has not registration required: 5", Action.GONE),
    (400, 3000, "Registration has not been enabled for this webinar: 5.", Action.GONE),
    (400, 300, "Cannot access webinar info.", Action.GONE),
    (400, 300, "Cannot access meeting information.", Action.GONE),
    (400, 3000, "Cannot access webinar info.", Action.GONE),
    (400, 200, "Webinar plan is missing. You must subscribe to the webinar plan.", Action.WITHHELD),
    (200, 200, "Webinar plan subscription is missing.", Action.WITHHELD),
    (400, 3161, "Your user account is not allowed meeting hosting.", Action.WITHHELD),
    (404, 3001, "Webinar ID is invalid or not end.", Action.GONE),
    (404, 3001, "Meeting does not exist: 5.", Action.GONE),
    (400, 4400, "Meeting polls disabled.", Action.GONE),
    (404, 404, "Meeting Poll not found", Action.GONE),
    (200, 404, "Meeting Poll not found", Action.GONE),
    (400, 12702, "Can not access a meeting a year ago.", Action.GONE),
    (400, 200, "No permission.", Action.DENIED),
    (408, None, "", Action.RETRY),
    (500, None, "", Action.RETRY),
    (503, 1, "busy", Action.RETRY),
    (404, 404, "Nothing here", Action.UNREAD),
    (403, 403, "Not for you", Action.UNREAD),
    (400, 987, "Something new", Action.UNREAD),
    (200, 987, "Something new", Action.UNREAD),
    (200, None, "Something new", Action.UNREAD),
    (302, None, "Something new", Action.FOREIGN),
    (401, None, "Unauthorized", Action.REFRESH),
    (401, 9, "Something new", Action.UNREAD),
    (200, 503, "busy", Action.RETRY),
    (403, 403, "Access to the Zoom REST API has been denied for this account.", Action.DENIED),
    (400, None, "Something new", Action.FOREIGN),
    (403, None, "Forbidden", Action.FOREIGN),
    (404, None, "no Route matched with those values", Action.FOREIGN),
]
NOT_FOUND_WORDS = (
    "Meeting does not exist: 5.",
    "Webinar 5 not found or has expired.",
    "Meeting 5 is not found or has expired.",
    "This meeting is not available or ID is not valid.",
    "Invalid meeting id.",
    "Invalid webinar ID.",
    "Invalid webinar UUID.",
)
UNREGISTERED = (
    "Registration has not been enabled for this meeting: 5.",
    "This meeting has not registration required: 5",
    "This webinar doesn't have registration required: aB==.",
)
BY_PATH = [
    (404, 1001, "User does not exist: u.", USER, Action.GONE),
    (404, 1001, "User does not exist: u.", MEETINGS_OF_USER, Action.GONE),
    (404, 1001, "User does not exist: u.", "report/users/u/meetings", Action.GONE),
    (404, 1001, "User does not exist: u.", MEETING, Action.UNREAD),
    (404, 1001, "User does not exist: u.", "meetings/5/registrants", Action.UNREAD),
    (404, 1001, "User does not exist: u.", "users", Action.UNREAD),
    (400, 1010, "User does not belong to this account:a.", MEETINGS_OF_USER, Action.GONE),
    (400, 1010, "User does not belong to this account:a.", MEETING, Action.UNREAD),
    (404, 3001, "User does not exist: u.", "users/u/webinars", Action.GONE),
    (404, 3001, "Account does not exist: a.", MEETING, Action.UNREAD),
    (404, 3001, "User does not exist: u.", MEETING, Action.UNREAD),
    (404, 3001, "Meeting does not exist: 5.", MEETINGS_OF_USER, Action.UNREAD),
    *((404, 3001, words, MEETING, Action.GONE) for words in NOT_FOUND_WORDS),
    *((400, 300, words, MEETING, Action.GONE) for words in NOT_FOUND_WORDS),
    *((404, None, words, MEETING, Action.FOREIGN) for words in NOT_FOUND_WORDS),
    *((code, code, words, MEETING, Action.GONE) for words in UNREGISTERED for code in (300, 404, 3000)),
]


@pytest.mark.parametrize(("status", "code", "message", "action"), CASES)
def test_what_an_error_means(status: int, code: int | None, message: str, action: Action) -> None:
    verdict = verdict_of(status, refusal(code, message))
    assert verdict.action is action
    assert message in str(verdict)


@pytest.mark.parametrize(("status", "code", "message", "path", "action"), BY_PATH)
def test_an_absent_user_says_nothing_about_a_meeting(
    status: int, code: int | None, message: str, path: str, action: Action
) -> None:
    assert verdict_of(status, refusal(code, message), path).action is action


def test_every_action_is_reached() -> None:
    reached = {action for *_, action in CASES} | {action for *_, action in BY_PATH}
    assert reached == set(Action)


@pytest.mark.parametrize(
    ("status", "body", "action"),
    [
        (200, HTML, Action.FOREIGN),
        (403, HTML, Action.FOREIGN),
        (404, HTML, Action.FOREIGN),
        (407, HTML, Action.FOREIGN),
        (200, '{"users": [', Action.FOREIGN),
        (200, '{"users": [NaN]}', Action.FOREIGN),
        (200, "[" * 100_000, Action.FOREIGN),
        (204, "", Action.FOREIGN),
        (302, "", Action.FOREIGN),
        (403, '{"users": [', Action.FOREIGN),
        (200, "", Action.FOREIGN),
        (400, "", Action.FOREIGN),
        (401, "", Action.REFRESH),
        (403, "", Action.FOREIGN),
        (404, "", Action.FOREIGN),
        (429, "", Action.SLOW_DOWN),
        (502, HTML, Action.RETRY),
        (502, '{"users": [', Action.RETRY),
        (502, "", Action.RETRY),
        (404, {"error": "not found"}, Action.FOREIGN),
        (404, {}, Action.FOREIGN),
        (404, [], Action.FOREIGN),
    ],
)
def test_what_is_not_zooms_is_asked_for_again(status: int, body: object, action: Action) -> None:
    verdict = verdict_of(status, body)
    assert verdict.action is action
    assert verdict.code is None


@pytest.mark.parametrize("body", ["WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nHello", "{not JSON"])
def test_a_text_is_data_where_one_was_asked_for(body: str) -> None:
    assert judge(answer(200, body), is_text=True) is None
    assert verdict_of(200, body).action is Action.FOREIGN


@pytest.mark.parametrize(
    ("status", "body", "action"),
    [
        (200, HTML, Action.FOREIGN),
        (403, HTML, Action.FOREIGN),
        (404, "gone", Action.FOREIGN),
        (500, "oops", Action.RETRY),
        (400, {"code": 124, "message": "Invalid access token."}, Action.REFRESH),
        (200, {"code": 3301, "message": "There is no recording for this meeting."}, Action.EMPTY),
        (200, {"code": 987, "message": "Something new"}, Action.UNREAD),
    ],
)
def test_where_a_text_was_asked_for_all_else_is_judged(status: int, body: object, action: Action) -> None:
    assert verdict_of(status, body, is_text=True).action is action


def test_html_is_known_by_its_type_as_well() -> None:
    verdict = judge(answer(200, "Please log in", {"content-type": "text/html; charset=utf-8"}), is_text=True)
    assert verdict is not None
    assert verdict.action is Action.FOREIGN


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("does not contain scopes:[a:read:admin, users:read:list:admin].", "users:read:list:admin"),
        ("does not contain scopes:[users:read:admin].", "users:read:admin"),
        ("does not contain scopes:[new:read:admin].", "new:read:admin"),
        ("does not contain scopes: [a:read, users:read:admin, a:write].", "users:read:admin"),
        ('does not contain scopes:["new:read","new:read:admin"]', "new:read"),
        ("does not contain scopes:[].", "users:read:list:admin"),
        ("does not contain scopes.", "users:read:list:admin"),
    ],
)
def test_the_scope_to_add_is_ours_unless_zoom_knows_better(message: str, named: str) -> None:
    assert scope_to_add(message, ("users:read:admin", "users:read:list:admin")) == named


def test_links_and_passcodes_are_not_shown() -> None:
    message = "Start it at https://zoom.us/s/5?zak=abc or https://zoom.us/j/5?pwd=abc, passcode: abc."
    shown = str(verdict_of(400, {"code": 999, "message": message}))
    assert "abc" not in shown
    assert "https://zoom.us/s/5?…" in shown


def test_words_do_not_name_the_resource() -> None:
    one, other = (verdict_of(400, {"code": 999, "message": f"No meeting {n}."}) for n in (5, 6))
    assert one.words == other.words == "Zoom refused the request (HTTP 400, code 999)"
    assert str(one) == "Zoom refused the request (HTTP 400, code 999: No meeting 5.)"


@pytest.mark.parametrize(
    ("body", "action"),
    [([1, 2], Action.UNREAD), ("5", Action.UNREAD), ('"text"', Action.UNREAD), ("null", Action.FOREIGN)],
)
def test_an_answer_of_another_shape_is_no_data(body: object, action: Action) -> None:
    assert verdict_of(200, body).action is action


@pytest.mark.parametrize(
    ("code", "action"), [(104, Action.SCOPE), (124, Action.REFRESH), (9, Action.FOREIGN)]
)
def test_a_token_s_trouble_is_legible_in_broken_json(code: int, action: Action) -> None:
    body = f'{{\n "code":{code}, \n "message":"does not contain scopes:["a:read","b:read"]"\n}}'
    assert verdict_of(400, body).action is action


@pytest.mark.parametrize("code", ["9" * 5_000, "²", "-3", "1e3", True, None, [], {}])
def test_an_odd_code_is_none(code: object) -> None:
    verdict = verdict_of(400, {"code": code, "message": "Odd"})
    assert (verdict.action, verdict.code) == (Action.FOREIGN, None)


def test_only_zoom_says_that_a_phone_recording_has_no_transcript() -> None:
    for code in (404, 12000, 12001, 12002, 12003):
        assert verdict_of(400, refusal(code, "Something."), TRANSCRIPT).action is Action.GONE
        assert verdict_of(400, refusal(code, "Something."), MEETING).action is Action.UNREAD
    assert verdict_of(404, refusal(300, "Something."), TRANSCRIPT).action is Action.GONE
    assert verdict_of(404, refusal(300, "Something."), MEETING).action is Action.UNREAD
    for body in ("", HTML, {"message": "Not found"}):
        assert verdict_of(404, body, TRANSCRIPT).action is Action.FOREIGN


def test_a_code_may_be_text_and_lack_a_message() -> None:
    for body in ({"code": "12702"}, {"code": 12702, "errors": []}):
        assert verdict_of(200, body).action is Action.GONE


def test_data_is_data() -> None:
    assert judge(answer(200, {"id": 5, "message": "Welcome", "code": ""})) is None
    assert judge(answer(200, {"users": []})) is None
    assert judge(answer(200, {"code": 0, "message": "", "users": []})) is None


# What a message looks like that the words of a rule are made for.
TEXTS = {
    r"\bpaid\b": "only for paid accounts",
    r"webinar (plan|subscription|feature)": "webinar plan",
    r"cannot access (webinar|meeting)": "Cannot access meeting information.",
    r"poll": "Meeting Poll not found",
    r"recent \d+ months": "Only provide report in recent 60 months.",
    NO_REGISTRATION: UNREGISTERED[0],
    NO_MEETING: NOT_FOUND_WORDS[3],
    NO_USER: "User does not exist: u.",
    r"zoom phone\b.* not (been )?enabled": "Zoom Phone has not been enabled for this account.",
    OF_NOBODY_ELSE: "It is not there.",
}


def made_for(rule: Rule) -> Verdict:
    body = refusal(code_of(rule), TEXTS.get(rule.message, rule.message))
    return verdict_of(rule.status or 400, body, path_of(rule))


def code_of(rule: Rule) -> int | None:
    return rule.code or (None if rule.status and rule.action is not Action.GONE else 9)


def path_of(rule: Rule) -> str:
    return {OF_A_USER: USER, OF_A_PHONE_TRANSCRIPT: TRANSCRIPT}.get(rule.path, MEETING)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.code or rule.status} {rule.reason}")
def test_no_row_of_the_table_hides_another(rule: Rule) -> None:
    """Each row is the first match of an answer made for it: a row that never wins is a mistake."""
    message = TEXTS.get(rule.message, rule.message)
    first = next(r for r in RULES if r.matches(rule.status or 400, code_of(rule), message, path_of(rule)))
    assert first is rule
    assert (made_for(rule).action, made_for(rule).reason) == (rule.action, rule.reason)


def test_a_sentence_brings_no_stack_trace() -> None:
    try:
        raise ConfigError("Change the config.")
    except ConfigError as error:
        trace = error.as_airbyte_message().trace
    assert trace
    assert trace.error
    assert trace.error.message == "Change the config."
    assert trace.error.stack_trace is None
