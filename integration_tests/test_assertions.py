"""A test that fails shows why."""

import json

import pytest

from integration_tests.completeness import CLASSES, assert_complete, expected
from integration_tests.conftest import NOON, Output, outputs_in
from integration_tests.harness import Json
from integration_tests.zoom_simulator import Clock, Simulator, Size


def log(level: str, message: str) -> Json:
    return {"type": "LOG", "log": {"level": level, "message": message}}


def record(stream: str, **data: object) -> Json:
    return {"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": 0}}


def status(stream: str, status: str) -> Json:
    update = {"stream_descriptor": {"name": stream}, "status": status}
    return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "stream_status": update}}


def error(message: str) -> Json:
    told = {"message": message, "failure_type": "config_error"}
    return {"type": "TRACE", "trace": {"type": "ERROR", "error": told}}


def output(*messages: Json) -> Output:
    return Output(1, "\n".join(map(json.dumps, messages)))


def test_an_output_says_what_went_wrong_and_how_much_arrived() -> None:
    shown = repr(
        output(
            *[record("users", id=str(number)) for number in range(3)],
            status("users", "COMPLETE"),
            log("INFO", "nothing"),
            log("WARN", "a state in the future"),
            error("no such scope"),
            error("Not read completely: meetings."),
        )
    )
    assert shown.splitlines() == [
        "<Output: exit code 1",
        "config_error: Not read completely: meetings.",
        "config_error: no such scope",
        "statuses {'users': 'COMPLETE'}",
        "records {'users': 3}",
        "WARN a state in the future>",
    ]


@pytest.mark.parametrize("text", ["no JSON" * 100_000, output(*[log("ERROR", "e" * 10_000)] * 100).text])
def test_an_output_is_shown_in_few_words(text: str) -> None:
    assert len(repr(Output(2, text))) < 3100


def look_at(output: Output) -> None:
    assert output.code == 0


def test_the_outputs_that_a_failing_test_looked_at_are_reported_once() -> None:
    broken = output(error("no such scope"))
    with pytest.raises(AssertionError) as failure:
        look_at(broken)
    assert outputs_in(failure) == [broken]


def test_a_comparison_with_the_account_shows_what_is_missing() -> None:
    with Simulator(1, Size(users=1), clock=Clock(NOON, running=False), plan="unlimited") as account:
        missing = expected(account, CLASSES["users"])[0]
        with pytest.raises(AssertionError) as failure:
            assert_complete(account, output(), CLASSES["users"])
    assert json.dumps(missing, sort_keys=True)[:50] in str(failure.value)
