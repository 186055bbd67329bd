"""Answers that are not in the shape that Zoom documents: never a traceback, never taken for no data."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from integration_tests.conftest import InProcess, Output, Start, server_to_server, still_clock
from integration_tests.harness import Json
from integration_tests.zoom_simulator import Size, truth
from source_zoom.engine.stream import ZoomStream
from source_zoom.source import with_parents
from source_zoom.streams import STREAMS
from source_zoom.streams.past import ReportedOccurrences


@pytest.fixture
def read(start: Start, in_process: InProcess) -> Callable[..., Output]:
    """Read streams of a small account in which one path answers with this body."""

    def read(pattern: str, body: Any, *streams: str) -> Output:
        simulator = start(1, Size(users=2), clock=still_clock(), plan="unlimited")
        in_process.without_waiting()
        simulator.faults.reply(pattern, 200, body)
        output = in_process.read(server_to_server(simulator), streams)
        assert "Traceback" not in output.text
        assert "stack_trace" not in output.text
        return output

    return read


USERS = "Zoom's answer to GET users?status=active does not hold a list of objects in 'users'."
NO_OBJECTS = (
    "Zoom's answer to GET users?status=active has {} record(s) that are no objects. The others were read."
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, USERS),
        ({"users": {}}, USERS),
        ({"users": "none"}, USERS),
        ({"users": [1]}, NO_OBJECTS.format(1)),
        ({"users": [None, "x"]}, NO_OBJECTS.format(2)),
        ({"meetings": []}, USERS),
        (
            [],
            "Zoom refused GET users?status=active: the answer is not a JSON object (HTTP 200: no message).",
        ),
        (
            7,
            "Zoom refused GET users?status=active: the answer is not a JSON object (HTTP 200: no message).",
        ),
        (
            {"users": [], "next_page_token": {"a": 1}},
            "Zoom's answer holds a page token that is no text: {'a': 1}.",
        ),
        (
            {"users": [], "next_page_token": 5},
            "Zoom's answer holds a page token that is no text: 5.",
        ),
        (
            {"users": [], "next_page_token": "again"},
            "Zoom lost its place in users?status=active 6 times: the page token came a second time.",
        ),
        (
            {"code": 5000, "message": "Something new.", "users": []},
            "Zoom refused GET users?status=active: Zoom refused the request"
            " (HTTP 200, code 5000: Something new.).",
        ),
    ],
)
def test_a_list_of_another_shape(read: Callable[..., Output], body: Any, message: str) -> None:
    output = read(r"/v2/users\?", body, "users")
    assert output.code == 1
    # Both lists answer so, and either may come first.
    assert output.errors[0]["message"].replace("=inactive", "=active") == message
    assert output.statuses == {"users": "INCOMPLETE"}


@pytest.mark.parametrize(
    "body",
    [
        {"users": None},
        {"users": []},
        '{"users": [], "next_page_token": null, "page_count": -1, "total_records": 1' + "0" * 30 + "}",
        {"users": [], "total_records": "many"},
    ],
)
def test_an_empty_list_is_empty(read: Callable[..., Output], body: Json) -> None:
    output = read(r"/v2/users\?", body, "users", "meetings", "report_meetings")
    assert output.code == 0
    assert output.records("users") == []
    assert set(output.statuses.values()) == {"COMPLETE"}


def test_half_a_character_at_the_end_of_a_text_costs_no_page(read: Callable[..., Output]) -> None:
    body = '{"users": [{"id": "u", "dept": "cut \\ud83d", "pmi": 36893488147419103232}]}'
    output = read(r"/v2/users\?", body, "users")
    assert output.code == 0
    user = {"id": "u", "dept": "cut ?", "pmi": 2.0**65}
    for status in ("active", "inactive"):
        assert {**user, "status": status} in output.records("users")


@pytest.mark.parametrize(
    "body",
    [{"message": "No."}, {"code": "999", "message": "No."}, {"code": 999, "errors": [], "message": "No."}],
)
def test_an_error_with_http_200_is_no_meeting(read: Callable[..., Output], body: Json) -> None:
    output = read(r"/v2/meetings/\d+\?", body, "meetings")
    assert output.code == 1
    assert output.records("meetings") == []
    assert "Zoom refused the request (HTTP 200" in output.errors[0]["message"]


def test_an_object_that_is_empty_is_no_meeting(read: Callable[..., Output]) -> None:
    output = read(r"/v2/meetings/\d+\?", {}, "meetings")
    assert output.code == 1
    assert re.fullmatch(
        r"Zoom's answer to GET meetings/\d+ does not hold an object\.", output.errors[0]["message"]
    )


BY_DAYS = sorted(
    (one for one in with_parents(STREAMS) if issubclass(one, ZoomStream) and one.has_window()),
    key=lambda one: one.__name__,
)
REPORTED = r"Zoom's answer to GET report/users/\S+/meetings\?from=\S+&to=\S+ has 1 record\(s\)"


@pytest.mark.parametrize(
    ("pattern", "body", "stream", "message"),
    [
        (
            r"/users/[^/]+/meetings",
            {"meetings": [{"topic": "no id"}]},
            "meeting_polls",
            r"Zoom's answer to GET users/\S+/meetings has 1 record\(s\) without id\. The others were read\.",
        ),
        (
            r"/users/[^/]+/meetings",
            {"meetings": [{"id": {"a": 1}}]},
            "meeting_polls",
            r"Zoom's answer to GET users/\S+/meetings has 1 record\(s\) without id\. The others were read\.",
        ),
        (
            r"/report/users/[^/]+/meetings",
            {"meetings": [{"id": 5, "uuid": None}]},
            "report_meetings",
            REPORTED + r" without uuid\. The others were read\.",
        ),
        (
            r"/past_meetings/[^/]+/instances",
            {"meetings": [{"uuid": "abc==", "start_time": "yesterday"}]},
            "report_meetings",
            r"Zoom's answer to GET past_meetings/\S+/instances has 1 record\(s\) with an invalid start_time:"
            r" 'yesterday'\. The others were read\.",
        ),
        (
            r"/report/users/[^/]+/meetings",
            {"meetings": [{"id": 5, "uuid": "abc==", "start_time": 5, "type": 2}]},
            "report_meetings",
            REPORTED + r" with an invalid start_time: 5\. The others were read\.",
        ),
        (
            r"/report/users/[^/]+/meetings",
            {"meetings": [{"id": 5, "uuid": "abc==", "start_time": "0001-01-01T00:00:00+14:00"}]},
            "report_meetings",
            REPORTED + r" with an invalid start_time: '0001-01-01T00:00:00\+14:00'\. The others were read\.",
        ),
        (
            r"/report/users/[^/]+/meetings",
            {"meetings": [{"id": 5, "uuid": "abc==", "type": [2]}]},
            "report_meetings",
            REPORTED + r" with an invalid type: \[2\]\. The others were read\.",
        ),
        (
            r"/report/users/[^/]+/meetings",
            {"meetings": [{"id": "x", "uuid": "abc==", "type": 2}]},
            "report_meetings",
            REPORTED + r" with an invalid id: 'x'\. The others were read\.",
        ),
        (
            r"/report/history_meetings",
            {"history_meetings": [{"meeting_uuid": "abc==", "type": "Meeting", "start_time": "yesterday"}]},
            "report_meetings",
            r"Zoom's answer to GET report/history_meetings\?from=\S+&to=\S+ has 1 record\(s\) with an invalid"
            r" start_time: 'yesterday'\. The others were read\.",
        ),
    ],
)
def test_a_parent_that_cannot_be_used(
    read: Callable[..., Output], pattern: str, body: Json, stream: str, message: str
) -> None:
    output = read(pattern, body, stream, "users")
    assert output.code == 1
    assert re.fullmatch(message, output.errors[0]["message"])
    assert output.statuses == {"users": "COMPLETE", stream: "INCOMPLETE"}


@pytest.mark.storm
@pytest.mark.parametrize(
    "time",
    [
        "yesterday",
        5,
        {"a": 1},
        "2026-11-31T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "2026-11-10T12:00:00+05:00",
    ],
    ids=str,
)
@pytest.mark.parametrize("one", BY_DAYS, ids=lambda one: one.__name__)
def test_a_time_that_nobody_can_read_costs_its_row_at_most(
    start: Start, in_process: InProcess, one: type[ZoomStream], time: object
) -> None:
    in_process.without_waiting()
    simulator = start(1, Size(users=1), clock=still_clock(), plan="unlimited")
    keys = dict.fromkeys(("id", "uuid", "meeting_uuid", "call_history_uuid", "session_id", "email"), "abc==")
    times = dict.fromkeys(("start_time", "time", "date", "date_time", str(one.cursor_field)), time)
    row = {**keys, **times, "type": 2, **({"id": 5} if one is ReportedOccurrences else {})}
    pattern = re.sub(r"\{\w+\}", "[^/]+", one.endpoint)
    simulator.faults.reply(rf"/v2/{pattern}\?", 200, {one.record_key: [row]})
    names = [stream.stream_name() for stream in STREAMS if one in with_parents([stream])]
    output = in_process.read(server_to_server(simulator), names)
    assert "unexpected error" not in output.text
    for error in output.errors:
        assert re.search(r"with an invalid |without |Zoom refused|Not read completely", error["message"])


def test_wrong_types_in_other_fields_arrive_as_they_are(read: Callable[..., Output]) -> None:
    row = {"id": "", "user_id": 5, "name": None, "join_time": {"at": 1}, "duration": "long", "new": [{}]}
    output = read("/report/meetings/.*/participants", {"participants": [row]}, "report_meeting_participants")
    assert output.code == 0
    records = output.records("report_meeting_participants")
    assert records
    for record in records:
        assert {name: record[name] for name in row} == row
    assert len({(record["meeting_uuid"], record["row_id"]) for record in records}) == len(records)


def test_registrants_without_a_key_fail_alone(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=2), clock=still_clock(), plan="unlimited")
    rows = list(truth.rows(simulator.world, "meeting_registrants"))
    broken = rows[0][0]["id"]
    simulator.faults.reply(
        rf"/meetings/{broken}/registrants\?",
        200,
        {"registrants": [{"email": "a@b.c"}, {"id": ""}, {"id": None}, {"id": [1]}]},
    )
    output = in_process.read(server_to_server(simulator), ["meeting_registrants"])
    assert output.code == 1
    assert output.errors[0]["message"] == (
        f"Zoom's answer to GET meetings/{broken}/registrants has 4 record(s) without id."
        " The others were read."
    )
    assert len(output.records("meeting_registrants")) == sum(parent["id"] != broken for parent, _ in rows)
