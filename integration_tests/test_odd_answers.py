"""What Zoom, and who stands between, were seen to answer beside what is documented."""

import re
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from integration_tests.completeness import CLASSES, assert_complete
from integration_tests.conftest import STREAM_NAMES, InProcess, Output, Start, server_to_server, still_clock
from integration_tests.harness import Json
from integration_tests.outcomes import KINDS_OF_STREAMS, at, everywhere, ids, route_of
from integration_tests.zoom_simulator import Simulator, Size, truth
from integration_tests.zoom_simulator.faults import Reply
from integration_tests.zoom_simulator.ids import needs_double_encoding, quote_uuid
from integration_tests.zoom_simulator.refusals import no_meeting
from integration_tests.zoom_simulator.routes import ROUTES
from source_zoom.engine.stream import ZoomStream

SIZE = Size(users=3, past_occurrences=3)
LISTS = [kind for kind in KINDS_OF_STREAMS if kind.record_key and kind.page_size]
OBJECTS = [
    kind for kind in KINDS_OF_STREAMS if kind.is_asked_for() and not kind.record_key and not kind.text_column
]


@pytest.fixture
def account(start: Start, in_process: InProcess) -> Simulator:
    in_process.without_waiting()
    return start(1, SIZE, clock=still_clock(), plan="unlimited")


def read(in_process: InProcess, account: Simulator, *streams: str, **config: Any) -> Output:
    output = in_process.read(server_to_server(account, **config), streams or STREAM_NAMES)
    assert "Traceback" not in output.text
    return output


def assert_all_came(account: Simulator, output: Output) -> None:
    assert output.errors == []
    for name in output.statuses:
        assert_complete(account, output, CLASSES[name])


def rows_of(account: Simulator, name: str) -> list[Json]:
    return [row for _, row in truth.rows(account.world, name)]


# Another encoding


@pytest.mark.parametrize("name", ["report_meetings", "report_meeting_participants"])
def test_a_uuid_with_a_slash_is_asked_for_in_the_other_encoding_before_it_is_gone(
    account: Simulator, in_process: InProcess, name: str
) -> None:
    uuids = {parent["uuid"] for parent, _ in truth.rows(account.world, name)}
    # Zoom takes these in both encodings, and the others in one.
    slashed = {uuid for uuid in uuids if "/" in uuid and not needs_double_encoding(uuid)}
    assert slashed
    for uuid in slashed:
        account.faults.reply(at(ROUTES[name], uuid), *no_meeting(uuid))
    output = read(in_process, account, name)
    assert_all_came(account, output)
    assert sum(entry.fault == "reply" for entry in account.journal.of(name)) == len(slashed)


def test_what_neither_encoding_finds_is_gone(account: Simulator, in_process: InProcess) -> None:
    uuid = next(row["uuid"] for row in rows_of(account, "report_meetings") if "/" in row["uuid"])
    once = quote_uuid(uuid).replace("%25", "%")
    account.faults.reply(rf"/report/meetings/({once}|{once.replace('%', '%25')})$", *no_meeting(uuid))
    output = read(in_process, account, "report_meetings")
    assert output.code == 0
    assert len(output.records("report_meetings")) == len(rows_of(account, "report_meetings")) - 1
    assert len([e for e in account.journal.entries if e.fault == "reply"]) == 2


# Numbers as text, instants of another zone


def as_text(*names: str) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        for rows in (value for value in body.values() if isinstance(value, list)):
            for row in rows:
                row.update({name: str(row[name]) for name in names if name in row})

    return change


def test_numbers_that_come_as_text_are_numbers(account: Simulator, in_process: InProcess) -> None:
    for kind in KINDS_OF_STREAMS:
        if kind.record_key and "id" in kind.number_fields():
            account.faults.change(everywhere(route_of(kind)), as_text("id", "type", "duration"))
    output = read(in_process, account)
    assert_all_came(account, output)
    assert max(Counter(entry.url for entry in account.journal.answered()).values()) <= 2


def test_an_instant_of_another_zone_counts_for_its_day_in_utc(
    account: Simulator, in_process: InProcess
) -> None:
    def in_the_west(body: Json) -> None:
        for row in body["meetings"]:
            day, time = row["start_time"].rstrip("Z").split("T")
            row["start_time"] = f"{day}T{time}+00:00"

    account.faults.change("/report/users/[^/]+/meetings", in_the_west)
    assert_all_came(account, read(in_process, account, "report_meetings", "report_meeting_participants"))


# Pages


@pytest.mark.parametrize("body", [{"page_size": 300, "total_records": 0}, {"page_size": 300}])
@pytest.mark.parametrize("kind", ids(LISTS))
def test_a_list_without_its_rows_is_empty_where_the_page_says_so(
    account: Simulator, in_process: InProcess, kind: type[ZoomStream], body: Json
) -> None:
    account.faults.reply(everywhere(route_of(kind)), 200, body)
    output = read(in_process, account, "users", "meetings", "meeting_registrants", "report_meetings")
    assert output.code == 0
    assert output.records(kind.stream_name()) == []


@pytest.mark.parametrize("kind", ids(LISTS))
def test_a_list_without_its_rows_that_counts_some_is_unread(
    account: Simulator, in_process: InProcess, kind: type[ZoomStream]
) -> None:
    account.faults.reply(everywhere(route_of(kind)), 200, {"page_size": 300, "total_records": 3})
    output = read(in_process, account)
    assert output.code == 1
    assert f"does not hold a list of objects in '{kind.record_key}'" in output.text


def test_pages_that_are_counted_and_have_no_token_go_by_numbers(
    account: Simulator, in_process: InProcess
) -> None:
    rows = [{"id": f"u{number}", "email": f"{number}@example.com"} for number in range(5)]

    def reply_for(url: str) -> Reply | None:
        if not re.search(r"/v2/users[?].*status=active", url):
            return None
        number = int((re.search(r"page_number=(\d)", url) or [0, 1])[1])
        page = rows[2 * number - 2 : 2 * number]
        return Reply(200, {"users": page, "page_count": 3, "page_number": number, "total_records": 5})

    account.faults.reply_for = reply_for
    output = read(in_process, account, "users")
    assert output.code == 0
    assert {row["id"] for row in output.records("users")} >= {row["id"] for row in rows}


def test_a_page_that_is_counted_and_never_comes_is_unread(account: Simulator, in_process: InProcess) -> None:
    body = {"users": [{"id": "u1"}], "page_count": 2, "total_records": 2}
    account.faults.reply(r"/v2/users[?].*status=active", 200, body)
    output = read(in_process, account, "users")
    assert output.statuses == {"users": "INCOMPLETE"}
    assert output.errors[0]["message"] == (
        "Zoom counts more pages of users?status=active than it gives: page 2 has nothing."
    )
    assert "u1" in {row["id"] for row in output.records("users")}


def test_fewer_rows_than_are_counted_are_a_warning(account: Simulator, in_process: InProcess) -> None:
    body = {"users": [{"id": "u1"}], "page_count": 1, "total_records": 2}
    account.faults.reply(r"/v2/users[?].*status=active", 200, body)
    output = read(in_process, account, "users")
    assert output.code == 0
    assert "WARN users: Zoom counts 2 records of users?status=active, and 1 came." in output.logs


@pytest.mark.parametrize("rows", [[], [{"id": "u1"}]])
def test_tokens_without_end_end(account: Simulator, in_process: InProcess, rows: list[Json]) -> None:
    tokens = count()

    def reply_for(url: str) -> Reply | None:
        if not re.search(r"/v2/users[?].*status=active", url):
            return None
        return Reply(200, {"users": rows, "next_page_token": f"t{next(tokens)}"})

    account.faults.reply_for = reply_for
    output = read(in_process, account, "users")
    assert output.statuses == {"users": "INCOMPLETE"}
    assert "have no end: 20 in a row brought nothing new." in output.errors[0]["message"]
    assert len(account.journal.entries) < 30


# Users without an id


@pytest.mark.parametrize("name", ["group_members", "role_members"])
def test_a_member_who_has_not_accepted_has_the_key_of_a_pending_user(
    account: Simulator, in_process: InProcess, name: str
) -> None:
    def change(body: Json) -> None:
        for member in body["members"]:
            del member["id"]

    account.faults.change(everywhere(ROUTES[name]), change)
    output = read(in_process, account, name)
    assert output.code == 0
    assert sorted(row["id"] for row in output.records(name)) == sorted(
        f"pending:{row['email']}" for row in rows_of(account, name)
    )


# What is no answer of Zoom's


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, "", "a proxy or a firewall refuses it"),
        (400, "<html>no</html>", "a proxy or a firewall refuses it"),
        (404, {"message": "Not found"}, "a proxy or a firewall refuses it"),
        (204, "", "the answer is not JSON"),
        (200, "", "the answer is not JSON"),
        (200, '{"id": NaN}', "the answer is not JSON"),
        (200, '{"id": "a\x01b"}', "the answer is not JSON"),
        (200, "[" * 100_000, "the answer is not JSON"),
        (302, "", "the answer leads elsewhere"),
    ],
)
def test_what_is_no_answer_of_zooms_is_asked_for_five_times(
    account: Simulator, in_process: InProcess, status: int, body: Any, words: str
) -> None:
    number = rows_of(account, "meetings")[0]["id"]
    account.faults.reply(at(ROUTES["meetings"], number), status, body)
    began = in_process.timing["clock"]()
    output = read(in_process, account, "meetings")
    assert output.statuses == {"meetings": "INCOMPLETE"}
    assert output.errors[0]["message"].startswith(
        f"Gave up GET meetings/{number} after 5 attempts: {words} ("
    )
    assert len(output.records("meetings")) == len(rows_of(account, "meetings")) - 1
    assert in_process.timing["clock"]() - began < 60


def test_a_401_without_a_code_is_a_token_that_is_refused(account: Simulator, in_process: InProcess) -> None:
    account.faults.reply("/v2/users", 401, {"message": "Unauthorized"}, times=1)
    output = read(in_process, account, "users", "meetings")
    assert_all_came(account, output)
    assert len(account.journal.of("token")) == 2


def test_a_server_error_in_a_success_is_repeated(account: Simulator, in_process: InProcess) -> None:
    account.faults.reply("/v2/meetings/", 200, {"code": 503, "message": "Busy."}, times=3)
    assert_all_came(account, read(in_process, account, "meetings"))


# Objects of others, and rows that cannot be written


@pytest.mark.parametrize("kind", ids(OBJECTS))
def test_an_object_that_is_of_something_else_is_no_row(
    account: Simulator, in_process: InProcess, kind: type[ZoomStream]
) -> None:
    name = kind.stream_name()
    parent, row = next(truth.rows(account.world, name))
    id_ = parent.get("uuid") or parent.get("id") or row.get("id") or parent["meeting_uuid"]
    account.faults.reply(at(route_of(kind), id_), 200, {"portal": "Please log in", "is_guest": True})
    output = read(in_process, account, name)
    assert output.statuses == {name: "INCOMPLETE"}
    assert "is of something else." in output.errors[0]["message"]
    assert len(output.records(name)) == len(rows_of(account, name)) - 1


def test_another_meeting_is_not_the_one_that_was_asked_for(account: Simulator, in_process: InProcess) -> None:
    one, other, *_ = rows_of(account, "meetings")
    account.faults.reply(at(ROUTES["meetings"], one["id"]), 200, other)
    output = read(in_process, account, "meetings")
    assert output.statuses == {"meetings": "INCOMPLETE"}
    assert output.errors[0]["message"] == f"Zoom's answer to GET meetings/{one['id']} is of something else."
    assert one["id"] not in {row["id"] for row in output.records("meetings")}


def test_a_row_that_cannot_be_written_costs_itself(account: Simulator, in_process: InProcess) -> None:
    nested = "[" * 300 + "]" * 300
    body = f'{{"users": [{{"id": "a", "custom_attributes": {nested}}}, {{"id": "b"}}]}}'
    account.faults.reply(r"/v2/users[?].*status=active", 200, body)
    output = read(in_process, account, "users")
    assert output.statuses == {"users": "INCOMPLETE"}
    assert "has 1 record(s) that cannot be written. The others were read." in output.errors[0]["message"]
    assert {"a", "b"} & {row["id"] for row in output.records("users")} == {"b"}


# Answers that are not to be followed, or not to be looked into


@pytest.mark.parametrize("proxies", ["", "example.com"])
@pytest.mark.parametrize("there", ["http://[::1", "https://[x]/", "https://localhost:99999/", ""])
def test_a_redirect_to_no_address_is_no_answer(
    account: Simulator, in_process: InProcess, monkeypatch: pytest.MonkeyPatch, there: str, proxies: str
) -> None:
    monkeypatch.setenv("NO_PROXY", proxies)
    number = rows_of(account, "meetings")[0]["id"]
    account.faults.reply(at(ROUTES["meetings"], number), 302, headers={"Location": there})
    output = read(in_process, account, "meetings")
    assert output.statuses == {"meetings": "INCOMPLETE"}
    assert f"Gave up GET meetings/{number} after 5 attempts: " in output.errors[0]["message"]


def test_after_a_redirect_the_first_address_is_asked_again(account: Simulator, in_process: InProcess) -> None:
    # Nobody listens there.
    portal = {"Location": "https://127.0.0.1:9/portal"}
    account.faults.reply("/v2/(users|meetings/)", 302, headers=portal, times=3)
    assert_all_came(account, read(in_process, account, "users", "meetings"))


DEEP = "[" * 1_000 + "]" * 1_000


@pytest.mark.parametrize("field", ["code", "message", "next_page_token", "page_count", "users", "id"])
def test_what_is_nested_too_deep_to_be_looked_into_is_unread(
    account: Simulator, in_process: InProcess, field: str
) -> None:
    body = f'{{"users": [{{"id": "a"}}], "{field}": {DEEP}}}'
    if field in ("users", "id"):
        body = (
            f'{{"users": [{{"id": "a", "x": {DEEP}}}, {{"id": "b", "x": {DEEP}}}], "next_page_token": "t"}}'
        )
    account.faults.reply(r"/v2/users[?].*status=active", 200, body)
    output = read(in_process, account, "users", "meetings")
    assert "stack_trace" not in output.text
    if field not in ("code", "message", "page_count"):
        assert output.statuses == {"users": "INCOMPLETE", "meetings": "INCOMPLETE"}


@pytest.mark.parametrize("field", ["access_token", "reason", "error", "x"])
def test_an_answer_without_a_token_is_none_however_deep_it_is(
    account: Simulator, in_process: InProcess, field: str
) -> None:
    account.faults.reply("/oauth/token", 200, f'{{"{field}": {DEEP}}}', times=2)
    account.faults.reply("/oauth/token", 200, DEEP * 5, times=1)
    assert_all_came(account, read(in_process, account, "users"))
