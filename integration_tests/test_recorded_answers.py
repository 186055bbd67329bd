"""Shapes of answers that clients of Zoom have recorded or posted: read as they came, or taken at their word.

What is asked of a whole account here is answered by a table, so that nothing is in it but what was seen.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from jsonschema import Draft7Validator, FormatChecker

from integration_tests.completeness import CLASSES, assert_complete, inherited
from integration_tests.conftest import STREAM_NAMES, InProcess, Output, Start, server_to_server, still_clock
from integration_tests.harness import Json
from integration_tests.outcomes import at, name_of
from integration_tests.recorded.answers import ANSWERS, Seen
from integration_tests.recorded.lists import LISTS
from integration_tests.recorded.refusals import (
    DAILY_HEADERS,
    REFUSALS,
    TOKEN_REFUSALS,
    TOKENS,
    Refused,
    TokenAnswer,
)
from integration_tests.singer_harness import OLD_KEYS
from integration_tests.zoom_simulator import Simulator, Size, truth
from integration_tests.zoom_simulator.faults import Reply
from integration_tests.zoom_simulator.routes import ROUTES
from source_zoom.api.errors import Action, judge
from source_zoom.source import with_parents
from source_zoom.streams.users import Users
from unit_tests.test_errors import answer

SINCE, START = "2026-11-01", "2026-11-10T15:00:00Z"
# A page of a list that has no rows, whichever it is.
EMPTY_PAGE: Sequence[Json] = ({"page_size": 300, "next_page_token": ""},)
Pages = Sequence[Json]


@pytest.fixture
def account(start: Start, in_process: InProcess) -> Simulator:
    in_process.without_waiting()
    return start(1, Size(users=3, past_occurrences=3), clock=still_clock(), plan="unlimited")


def read(in_process: InProcess, account: Simulator, *streams: str, **config: object) -> Output:
    output = in_process.read(server_to_server(account, **config), streams)
    assert "Traceback" not in output.text
    return output


def answer_from(account: Simulator, table: Mapping[str, Pages]) -> None:
    """Let a table answer for the whole account, by path and by what of the query chooses a list."""

    def reply_for(url: str) -> Reply | None:
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        if not path.startswith("/v2/"):
            return None
        # A UUID is encoded once or twice.
        path = unquote(unquote(path)).removeprefix("/v2/")
        status = f"{path}?status={query['status'][0]}" if "status" in query else path
        pages = table.get(status) or table.get(path) or default_of(path)
        number = 2 if "page@" in url else int(query.get("page_number", ["1"])[0])
        return Reply(200, pages[number - 1] if number <= len(pages) else EMPTY_PAGE[0])

    account.faults.reply_for = reply_for


def default_of(path: str) -> Pages:
    """What has no row in the table is a plain object under the id asked for, or an empty list."""
    if found := re.fullmatch(r"(?:meetings|webinars)/(\d+)", path):
        return ({"id": int(found[1]), "topic": "t"},)
    if found := re.fullmatch(r"report/(?:meetings|webinars)/(.+)", path):
        return ({"uuid": found[1], "topic": "t"},)
    return EMPTY_PAGE


class Unit(NamedTuple):
    """A meeting or webinar with an occurrence that hangs in an account, and what it was seen to answer."""

    fields: Json
    seen: Seen


def units_of(seen: Sequence[Seen]) -> list[Unit]:
    """A unit for each answer, with the ids that the answer names."""
    return [
        Unit(
            {
                "id": int(one.pages[0].get("id", 81_000_000_900 + number)),
                "uuid": one.pages[0].get("uuid", f"{number}/oZQ+c=="),
                "start_time": START,
                "host_id": "uHost",
            },
            one,
        )
        for number, one in enumerate(seen)
    ]


def account_with(units: Sequence[Unit], type_: int) -> dict[str, Pages]:
    """The lists that lead to these units, as one host's."""
    rows = [{**unit.fields, "type": type_} for unit in units]
    return {
        "users?status=active": [{"users": [{"id": "uHost"}]}],
        "users/uHost/meetings": [{"meetings": rows if type_ == 8 else []}],
        "users/uHost/webinars": [{"webinars": rows if type_ == 9 else []}],
        "report/users": [{"users": [{"id": "uHost"}]}],
        "report/users/uHost/meetings": [{"meetings": rows}],
    }


def is_instant(value: object) -> bool:
    """Whether a destination can take a value for an instant."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


FORMATS = FormatChecker(formats=())
FORMATS.checks("date-time", raises=ValueError)(is_instant)


def undeclared(value: Any, schema: Json, path: str = "") -> Iterator[str]:
    """The fields in a value, at any depth, that a schema does not name."""
    if isinstance(value, list):
        for item in value:
            yield from undeclared(item, schema.get("items", {}), path)
    elif isinstance(value, dict) and "properties" in schema:
        for name, field in value.items():
            where = f"{path}.{name}".lstrip(".")
            if name in schema["properties"]:
                yield from undeclared(field, schema["properties"][name], where)
            else:
                yield where


def schema_of(name: str) -> Json:
    stream = CLASSES[name]
    return dict(stream.get_json_schema.__wrapped__(object.__new__(stream)))


def sorted_rows(rows: Sequence[Json]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def rows_in(seen: Seen, record_key: str) -> list[Json]:
    return [row for page in seen.pages for row in ((page.get(record_key) or []) if record_key else [page])]


def expected_rows(name: str, unit: Unit) -> list[Json]:
    """The records of an answer: its rows with a key and the unit's columns, as Zoom gave them."""
    stream, seen = CLASSES[name], unit.seen
    keys = set(stream.key_fields()) - set(inherited(stream, unit.fields)) - {"row_id"} - seen.becomes.keys()
    return [
        {
            **inherited(stream, unit.fields),
            **{field: value for field, value in row.items() if field not in stream.host_secrets},
            **{
                field: value.format_map(row) if isinstance(value, str) else value
                for field, value in seen.becomes.items()
            },
        }
        for row in rows_in(seen, stream.record_key)
        if all(row.get(field) not in (None, "") for field in keys)
    ]


def assert_read(name: str, output: Output, units: Sequence[Unit]) -> None:
    stream, records = CLASSES[name], output.records(name)
    got = [{field: record[field] for field in record if field != "row_id"} for record in records]
    assert sorted_rows(got) == sorted_rows([row for unit in units for row in expected_rows(name, unit)])
    schema = schema_of(name)
    validator = Draft7Validator(schema, format_checker=FORMATS)
    for record in records:
        assert [error.message for error in validator.iter_errors(record)] == []
        assert all(record[field] not in (None, "") for field in stream.key_fields())
    assert {path for record in records for path in undeclared(record, schema)} == {
        path for unit in units for path in unit.seen.unknown
    }
    odd = sum(unit.seen.odd for unit in units)
    assert output.statuses == {name: "INCOMPLETE" if odd else "COMPLETE"}
    assert bool(output.errors) == bool(odd)
    assert output.text.count("has 1 record(s) without id. The others were read.") >= odd


def test_every_first_stream_and_every_list_that_leads_to_one_was_seen() -> None:
    # Tap-zoom's streams were here from the first; of newer ones nobody may have shown an answer.
    assert set(OLD_KEYS) <= set(ANSWERS) <= set(STREAM_NAMES)
    first = [CLASSES[name] for name in OLD_KEYS]
    lists = {name_of(kind) for kind in with_parents(first) if hasattr(kind, "endpoint")}  # type: ignore[arg-type]
    assert set(LISTS) == lists - set(STREAM_NAMES)


@pytest.mark.parametrize("seen", ANSWERS["users"], ids=lambda seen: seen.what)
def test_users_are_read_as_they_came(account: Simulator, in_process: InProcess, seen: Seen) -> None:
    is_pending = any(row.get("status") == "pending" for row in rows_in(seen, "users"))
    status = "pending" if is_pending else "active"
    answer_from(account, {f"users?status={status}": seen.pages})
    output = read(in_process, account, "users", include_pending_users=True)
    rows = [{"status": status, **row} for row in rows_in(seen, "users")]
    assert_read("users", output, [Unit({}, seen._replace(pages=[{"users": rows}]))])


@pytest.mark.parametrize("name", [name for name in ANSWERS if name != "users"])
def test_what_came_is_read_as_it_came(account: Simulator, in_process: InProcess, name: str) -> None:
    units, stream = units_of(ANSWERS[name]), CLASSES[name]
    table = account_with(units, 9 if "webinar" in name else 8)
    for unit in units:
        path = stream.endpoint.format_map(inherited(stream, unit.fields))
        # Where Zoom has a list for each status, what came is that of one.
        chosen = "?status=approved" if any("status" in query for query in stream.query_variants) else ""
        table |= {path: EMPTY_PAGE, f"{path}{chosen}": unit.seen.pages}
    answer_from(account, table)
    assert_read(name, read(in_process, account, name, start_date=SINCE), units)


# By list: the stream that shows what it leads to.
CHILDREN = {
    "user_meetings": "meetings",
    "user_webinars": "webinars",
    "meeting_instances": "report_meetings",
    "webinar_instances": "report_webinars",
    "report_hosts": "report_meetings",
    "reported_occurrences": "report_meetings",
}
LISTS_OF_USERS = {
    "user_meetings": "users/{}/meetings",
    "user_webinars": "users/{}/webinars",
    "reported_occurrences": "report/users/{}/meetings",
}


def table_with(name: str) -> dict[str, Pages]:
    """An account in which each answer of a list is that of another user or meeting."""
    seen = LISTS[name]
    if name == "report_hosts":
        hosts = [row["id"] for one in seen for row in rows_in(one, "users")]
        held = {"id": 5, "type": 2, "start_time": START}
        return {
            "report/users": seen[0].pages,
            **{f"report/users/{host}/meetings": [{"meetings": [{"uuid": host, **held}]}] for host in hosts},
        }
    if name in LISTS_OF_USERS:
        users = [{"id": f"u{number}"} for number in range(len(seen))]
        paths = [LISTS_OF_USERS[name].format(user["id"]) for user in users]
        return {
            "users?status=active": [{"users": users}],
            "report/users": [{"users": users}],
            **{path: one.pages for path, one in zip(paths, seen, strict=True)},
        }
    kind, units = name.partition("_")[0], units_of(seen)
    listed = [{"id": unit.fields["id"], "host_id": "uHost"} for unit in units]
    return {
        "users?status=active": [{"users": [{"id": "uHost"}]}],
        f"users/uHost/{kind}s": [{f"{kind}s": listed}],
        **{f"past_{kind}s/{unit.fields['id']}/instances": unit.seen.pages for unit in units},
    }


@pytest.mark.parametrize("name", LISTS)
def test_what_a_list_names_is_read(account: Simulator, in_process: InProcess, name: str) -> None:
    child = CHILDREN[name]
    answer_from(account, table_with(name))
    output = read(in_process, account, child, start_date=SINCE)
    is_past = CLASSES[child].has_cursor()
    got = [
        f"{record['uuid']} {record['start_time']}" if is_past else record["id"]
        for record in output.records(child)
    ]
    assert sorted(got, key=str) == sorted((key for seen in LISTS[name] for key in seen.leads_to), key=str)
    odd = sum(seen.odd for seen in LISTS[name])
    assert output.statuses == {child: "INCOMPLETE" if odd else "COMPLETE"}
    assert bool(output.errors) == bool(odd)
    assert output.text.count("has 1 record(s) without id. The others were read.") >= odd


# What is no answer to what was asked


@pytest.mark.parametrize("refused", REFUSALS, ids=lambda one: f"{one.path} {one.status} {one.body}"[:90])
def test_a_refusal_means_what_its_words_say(refused: Refused) -> None:
    verdict = judge(answer(refused.status, refused.body), refused.path)
    assert verdict
    assert verdict.action is refused.action
    assert refused.reason in ("", verdict.reason)


class Ending(NamedTuple):
    """What a read of all polls comes to where one request is answered so.

    is_complete  whether the stream is, with an exit code of 0
    lost         whether the rows behind the request are missing
    requests     how many of them were answered so
    said         what the user is told, and as which type of error
    """

    is_complete: bool
    lost: bool
    requests: int
    said: str
    kind: str = ""


MENDED = 2
ENDINGS = {
    Action.GONE: Ending(True, True, 1, "meeting_polls: skipped meetings/"),
    Action.WITHHELD: Ending(True, True, 1, "meeting_polls: 1 withheld by Zoom"),
    # So few of many, where a stream has no cursor, are named in a warning.
    Action.UNREAD: Ending(True, True, 1, "meeting_polls: 1 refused by Zoom: meetings/"),
    Action.DENIED: Ending(False, True, 1, "Zoom refused GET", "config_error"),
    Action.FOREIGN: Ending(False, True, 5, "after 5 attempts", "transient_error"),
    Action.SCOPE: Ending(False, True, 1, "to the app, then reconnect.", "config_error"),
    Action.STOP_LABEL: Ending(False, True, 1, "the daily rate limit is used up until", "transient_error"),
    Action.RETRY: Ending(True, False, MENDED, ""),
    Action.SLOW_DOWN: Ending(True, False, MENDED, ""),
    Action.REFRESH: Ending(True, False, 1, ""),
}
# These two say something about a list, and have tests of their own.
OF_LISTS = {Action.RESTART, Action.LATER}
OF_THE_USERS = [refused for refused in REFUSALS if refused.path == "users"]


def representative(action: Action) -> Refused:
    """One that means the same where polls were asked for."""
    means = ((judge(answer(one.status, one.body), "meetings/5/polls"), one) for one in REFUSALS)
    return next(one for verdict, one in means if verdict and verdict.action is one.action is action)


def test_every_action_that_was_seen_is_read_for_real() -> None:
    assert {refused.action for refused in REFUSALS} == ENDINGS.keys() | OF_LISTS


@pytest.mark.parametrize("action", ENDINGS, ids=lambda action: action.name)
def test_what_becomes_of_a_read(account: Simulator, in_process: InProcess, action: Action) -> None:
    refused, ending = representative(action), ENDINGS[action]
    rows = list(truth.rows(account.world, "meeting_polls"))
    number = rows[0][0]["id"]
    times = ending.requests if ending.is_complete else None
    account.faults.reply(at(ROUTES["meeting_polls"], number), refused.status, refused.body, times=times)
    output = read(in_process, account, "meeting_polls")
    assert output.statuses == {"meeting_polls": "COMPLETE" if ending.is_complete else "INCOMPLETE"}
    assert output.code == (not ending.is_complete)
    got = {record["meeting_id"] for record in output.records("meeting_polls")}
    # What ends a stream or a label may do so before or after the others were read.
    others = got if action in (Action.SCOPE, Action.STOP_LABEL) else {parent["id"] for parent, _ in rows}
    assert got - {number} == others - {number}
    assert (number not in got) == ending.lost
    answered_so = [entry for entry in account.journal.of("meeting_polls") if entry.fault == "reply"]
    assert len(answered_so) == ending.requests
    assert ending.said in output.text
    assert [error["failure_type"] for error in output.errors][:1] == ([ending.kind] if ending.kind else [])
    assert len(account.journal.of("token")) == 1 + (action is Action.REFRESH)


@pytest.mark.parametrize("headers", DAILY_HEADERS, ids=lambda headers: f"{len(headers)} headers")
def test_a_daily_limit_is_one_whatever_its_headers_say(
    account: Simulator, in_process: InProcess, headers: Mapping[str, str]
) -> None:
    refused = representative(Action.STOP_LABEL)
    account.faults.reply("/polls", refused.status, refused.body, headers=headers)
    output = read(in_process, account, "meeting_polls")
    assert output.statuses == {"meeting_polls": "INCOMPLETE"}
    until = headers.get("Retry-After", "00:00 UTC")
    assert f"the daily rate limit is used up until {until}" in output.errors[0]["message"]


def test_a_list_that_lost_its_place_is_read_again(account: Simulator, in_process: InProcess) -> None:
    refused = representative(Action.RESTART)
    path = r"/v2/users[?].*status=active"
    account.faults.change(path, lambda body: {**body, "next_page_token": "lost"}, times=1)
    account.faults.reply(f"{path}.*page@", refused.status, refused.body)
    output = read(in_process, account, "users")
    assert len(account.journal.of("users")) == 4
    assert output.errors == []
    assert_complete(account, output, Users)


def test_a_report_that_does_not_reach_back_so_far_begins_a_day_later(
    account: Simulator, in_process: InProcess
) -> None:
    refused = representative(Action.LATER)
    account.faults.reply(r"/v2/report/users\?", refused.status, refused.body, times=1)
    output = read(in_process, account, "report_meetings")
    assert output.statuses == {"report_meetings": "COMPLETE"}
    assert any("asked for again from a day later on" in warning for warning in output.warnings)
    asked = [parse_qs(urlsplit(entry.url).query)["from"][0] for entry in account.journal.of("report_hosts")]
    assert (datetime.fromisoformat(asked[1]) - datetime.fromisoformat(asked[0])).days == 1


@pytest.mark.parametrize(
    "refused", [one for one in REFUSALS if one.path == "users"], ids=lambda one: str(one.body)
)
def test_the_users_are_never_gone(account: Simulator, in_process: InProcess, refused: Refused) -> None:
    """Everything hangs on this list, so that whatever is said in its place is no empty one."""
    times = 1 if refused.action in (Action.RETRY, Action.REFRESH, Action.RESTART) else None
    account.faults.reply(r"/v2/users[?].*status=active", refused.status, refused.body, times=times)
    output = read(in_process, account, "users")
    if times:
        assert_complete(account, output, Users)
    else:
        assert output.statuses == {"users": "INCOMPLETE"}
        assert output.code == 1


# The token


@pytest.mark.parametrize("refused", TOKEN_REFUSALS, ids=lambda one: f"{one.status} {one.body}"[:60])
def test_a_token_that_is_refused(account: Simulator, in_process: InProcess, refused: TokenAnswer) -> None:
    times = 2 if refused.is_repeated else None
    account.faults.reply("/oauth/token", refused.status, refused.body, times=times)
    output = read(in_process, account, "users")
    if refused.is_repeated:
        assert_complete(account, output, Users)
        assert len(account.journal.of("token")) == 3
    else:
        assert [error["failure_type"] for error in output.errors][:1] == ["config_error"]
        assert f"{refused.body['reason']} / {refused.body['error']}" in output.errors[0]["message"]
        assert len(account.journal.of("token")) == 1


@pytest.mark.parametrize("fields", TOKENS, ids=lambda fields: " ".join(fields))
def test_a_token_is_one_whatever_comes_with_it(
    account: Simulator, in_process: InProcess, fields: Json
) -> None:
    account.faults.change("/oauth/token", lambda body: {"access_token": body["access_token"], **fields})
    output = read(in_process, account, "users")
    assert output.errors == []
    assert_complete(account, output, Users)
