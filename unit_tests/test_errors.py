import json

import pytest
import requests

from source_zoom.api.errors import RULES, Action, judge, scope_to_add
from source_zoom.exceptions import ConfigError


def answer(status: int, body: object) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return response


@pytest.mark.parametrize(
    ("status", "code", "message", "action"),
    [
        (401, 124, "Access token is expired.", Action.REFRESH),
        (400, 124, "Invalid access token.", Action.REFRESH),
        (400, 4711, "Invalid access token, does not contain scopes:[user:read:admin].", Action.SCOPE),
        (403, 4711, "Invalid access token, does not contain scopes:[user:read:admin].", Action.SCOPE),
        (400, 4700, "Invalid access token, does not contain scopes.", Action.SCOPE),
        (400, 104, "Invalid access token, does not contain scopes.", Action.SCOPE),
        (400, 200, "Only available for Paid account: a", Action.REFUSED),
        (200, 200, "This is only available for paid account:a", Action.REFUSED),
        (429, 429, "You have reached the maximum daily rate limit for this API.", Action.STOP_LABEL),
        (429, 429, "You have reached the maximum per-second rate limit for this API.", Action.SLOW_DOWN),
        (200, 429, "You have reached the maximum per-second rate limit for this API.", Action.SLOW_DOWN),
        (400, 300, "The next page token is invalid or expired.", Action.RESTART),
        (400, 300, "This meeting has not registration required: 5", Action.SKIP),
        (400, 3000, "Registration has not been enabled for this webinar: 5.", Action.SKIP),
        (400, 300, "Cannot access webinar info.", Action.SKIP),
        (400, 3000, "Cannot access webinar info.", Action.SKIP),
        (400, 200, "Webinar plan is missing. You must subscribe to the webinar plan.", Action.SKIP),
        (200, 200, "Webinar plan subscription is missing.", Action.SKIP),
        (400, 3161, "Your user account is not allowed meeting hosting.", Action.SKIP),
        (404, 1001, "User does not exist: u.", Action.SKIP),
        (400, 1010, "User does not belong to this account:a.", Action.SKIP),
        (404, 3001, "Webinar ID is invalid or not end.", Action.SKIP),
        (404, 3001, "Meeting does not exist: 5.", Action.SKIP),
        (400, 4400, "Meeting polls disabled.", Action.SKIP),
        (404, 404, "Meeting Poll not found", Action.SKIP),
        (200, 404, "Meeting Poll not found", Action.SKIP),
        (400, 12702, "Can not access a meeting a year ago.", Action.SKIP),
        (400, 200, "No permission.", Action.FAIL),
        (408, None, "", Action.RETRY),
        (500, None, "", Action.RETRY),
        (503, 1, "busy", Action.RETRY),
        (400, 300, "Invalid webinar ID.", Action.FAIL),
        (404, 404, "Nothing here", Action.FAIL),
        (400, 987, "Something new", Action.FAIL),
        (200, 987, "Something new", Action.FAIL),
        (200, None, "Something new", Action.FAIL),
        (302, None, "Something new", Action.FAIL),
    ],
)
def test_what_an_error_means(status: int, code: int | None, message: str, action: Action) -> None:
    body = {"message": message} if code is None else {"code": code, "message": message}
    verdict = judge(answer(status, body))
    assert verdict is not None
    assert verdict.action is action
    assert message in str(verdict)


@pytest.mark.parametrize("body", ["<html>502</html>", '{"users": [', ""])
@pytest.mark.parametrize(
    ("status", "action"), [(200, Action.RETRY), (403, Action.BLOCKED), (502, Action.RETRY)]
)
def test_what_is_not_json_is_asked_for_again(status: int, body: str, action: Action) -> None:
    verdict = judge(answer(status, body))
    assert verdict is not None
    assert verdict.action is action


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("does not contain scopes:[a:read:admin, users:read:list:admin].", "users:read:list:admin"),
        ("does not contain scopes:[users:read:admin].", "users:read:admin"),
        ("does not contain scopes:[new:read:admin].", "new:read:admin"),
        ("does not contain scopes.", "users:read:list:admin"),
    ],
)
def test_the_scope_to_add_is_ours_unless_zoom_knows_better(message: str, named: str) -> None:
    assert scope_to_add(message, ("users:read:admin", "users:read:list:admin")) == named


def test_links_and_passcodes_are_not_shown() -> None:
    message = "Start it at https://zoom.us/s/5?zak=abc or https://zoom.us/j/5?pwd=abc, passcode: abc."
    shown = str(judge(answer(400, {"code": 999, "message": message})))
    assert "abc" not in shown
    assert "https://zoom.us/s/5?…" in shown


def test_an_answer_of_another_shape_is_no_data() -> None:
    verdict = judge(answer(200, [1, 2]))
    assert verdict is not None
    assert verdict.action is Action.FAIL


def test_a_code_may_be_text_and_lack_a_message() -> None:
    for body in ({"code": "12702"}, {"code": 12702, "errors": []}):
        verdict = judge(answer(200, body))
        assert verdict is not None
        assert verdict.action is Action.SKIP


def test_data_is_data() -> None:
    assert judge(answer(200, {"id": 5, "message": "Welcome", "code": ""})) is None
    assert judge(answer(200, {"users": []})) is None
    assert judge(answer(200, {"code": 0, "message": "", "users": []})) is None


def test_no_row_of_the_table_hides_another() -> None:
    """Each row is the first match of an answer made for it: a row that never wins is a mistake."""
    texts = {
        r"paid": "only for paid accounts",
        r"webinar (plan|subscription)": "webinar plan",
        r"cannot access (webinar|meeting)": "Cannot access meeting information.",
    }
    for rule in RULES:
        message = texts.get(rule.message, rule.message)
        first = next(r for r in RULES if r.matches(rule.status or 400, rule.code, message))
        assert first is rule


def test_a_sentence_brings_no_stack_trace() -> None:
    try:
        raise ConfigError("Change the config.")
    except ConfigError as error:
        trace = error.as_airbyte_message().trace
    assert trace
    assert trace.error
    assert trace.error.message == "Change the config."
    assert trace.error.stack_trace is None
