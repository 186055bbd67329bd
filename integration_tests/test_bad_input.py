"""Each mistake in a config, a catalog or a state: one sentence, the right exit code, and nothing lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import (
    InProcess,
    Output,
    configured_catalog,
    oauth,
    server_to_server,
    still_clock,
)
from integration_tests.harness import Json
from integration_tests.zoom_simulator import Simulator, Size, truth
from source_zoom.config import Config

PRIVATE = "must begin with https:// (http:// is for this machine's own address only)"
KINDS = "must hold an auth_type, 'oauth2.0' or 'server_to_server', and what it needs"
TEXT = "Input should be a valid string"
REQUIRED = "Field required"
PASTE = "must be one line of printable ASCII: copy it from the app's page once more"
ADDRESS = "must be an address like https://zoom.us/oauth/token, and a port a number to 65535"
BOOLEAN = "Input should be a valid boolean"
WHOLE = "Input should be a valid integer"
DAY = "must be a day like 2026-01-31"


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with Simulator(1, Size(users=1), clock=still_clock(), plan="unlimited") as simulator:
        yield simulator


def read(in_process: InProcess, config: Json, catalog: object, state: object = None) -> Output:
    arguments: list[str | Path] = ["--config", in_process.file("config.json", config)]
    arguments += ["--catalog", in_process.file("catalog.json", catalog)]
    if state is not None:
        arguments += ["--state", in_process.file("state.json", state)]
    output = in_process.run("read", *arguments)
    assert "Traceback" not in output.text
    assert "stack_trace" not in output.text
    return output


def read_from(in_process: InProcess, account: Simulator, state: Json) -> Output:
    """A read of report_meetings that goes on from a state."""
    stream = {"stream_descriptor": {"name": "report_meetings"}, "stream_state": state}
    catalog = configured_catalog(["report_meetings"])
    return read(in_process, server_to_server(account), catalog, [{"type": "STREAM", "stream": stream}])


@pytest.mark.parametrize(
    ("kind", "field", "value", "sentence"),
    [
        (server_to_server, "account_id", None, f"credentials.account_id: {REQUIRED}"),
        (server_to_server, "account_id", "", f"credentials.account_id: {REQUIRED}"),
        (server_to_server, "client_id", 7, f"credentials.client_id: {TEXT}"),
        (server_to_server, "client_secret", "", f"credentials.client_secret: {REQUIRED}"),
        (server_to_server, "auth_type", "jwt", f"credentials: {KINDS}"),
        (oauth, "refresh_token", "", f"credentials.refresh_token: {REQUIRED}"),
        (oauth, "refresh_token", ["t"], f"credentials.refresh_token: {TEXT}"),
        (oauth, "access_token", 5, f"credentials.access_token: {TEXT}"),
        (server_to_server, "account_id", " \n", f"credentials.account_id: {REQUIRED}"),
        (server_to_server, "client_id", "…", f"credentials.client_id: {PASTE}"),
        (server_to_server, "client_secret", "one\ntwo", f"credentials.client_secret: {PASTE}"),
        (oauth, "refresh_token", "ü", f"credentials.refresh_token: {PASTE}"),
        (oauth, "access_token", "one\r\ntwo", f"credentials.access_token: {PASTE}"),
        (oauth, "token_expiry_date", 5, f"credentials.token_expiry_date: {TEXT}"),
        (
            oauth,
            "token_expiry_date",
            "soon",
            "credentials.token_expiry_date: Input should be a valid datetime or date, input is too short",
        ),
        (None, "credentials", None, f"credentials: {KINDS}"),
        (None, "credentials", [], f"credentials: {KINDS}"),
        (None, "credentials", {}, f"credentials: {KINDS}"),
        (None, "start_date", "2026-13-01", f"start_date: {DAY}"),
        (None, "start_date", "yesterday", f"start_date: {DAY}"),
        (None, "start_date", "20260131", f"start_date: {DAY}"),
        (None, "start_date", "2026-01-31T25:00:00Z", f"start_date: {DAY}"),
        (None, "start_date", "0001-01-01T00:00:00+14:00", f"start_date: {DAY}"),
        (None, "start_date", "2026-W05-1", f"start_date: {DAY}"),
        (None, "start_date", 5, f"start_date: {DAY}"),
        (
            None,
            "start_date",
            "2999-01-01",
            "start_date: must not be in the future, where nothing has been held yet",
        ),
        (None, "lookback_days", -1, "lookback_days: Input should be greater than or equal to 0"),
        (None, "lookback_days", 10**10, "lookback_days: Input should be less than or equal to 3650"),
        (None, "lookback_days", "2", f"lookback_days: {WHOLE}"),
        (None, "lookback_days", True, f"lookback_days: {WHOLE}"),
        (None, "num_workers", 2.5, f"num_workers: {WHOLE}"),
        (
            None,
            "rate_limit_plan",
            "gold",
            "rate_limit_plan: Input should be 'auto', 'free', 'pro' or 'business'",
        ),
        (None, "rate_limit_share", 0, "rate_limit_share: Input should be greater than or equal to 1"),
        (None, "rate_limit_share", 101, "rate_limit_share: Input should be less than or equal to 100"),
        (None, "include_pending_users", "true", f"include_pending_users: {BOOLEAN}"),
        (None, "include_host_secrets", "true", f"include_host_secrets: {BOOLEAN}"),
        (None, "environment", "zoom.cn", "environment: Input should be 'zoom.us' or 'zoomgov.com'"),
        (None, "num_workers", 0, "num_workers: Input should be greater than or equal to 1"),
        (None, "num_workers", 1000, "num_workers: Input should be less than or equal to 400"),
        (None, "api_url", "http://api.zoom.us/v2", f"api_url: {PRIVATE}"),
        (None, "api_url", 5, f"api_url: {TEXT}"),
        (None, "api_url", "https://api.zoom.us:port/v2", f"api_url: {ADDRESS}"),
        (None, "api_url", "https://[::1/v2", f"api_url: {ADDRESS}"),
        (None, "token_url", "ftp://zoom.us", f"token_url: {PRIVATE}"),
        (None, "token_url", "https://zoom.us:65536/oauth", f"token_url: {ADDRESS}"),
        (None, "token_url", "https://zoom.us/o\nauth", f"token_url: {ADDRESS}"),
        (None, "token_url", "https://zoöm.us", f"token_url: {ADDRESS}"),
    ],
)
def test_a_mistake_in_the_config(
    account: Simulator, in_process: InProcess, kind: Any, field: str, value: object, sentence: str
) -> None:
    config = (kind or server_to_server)(account)
    (config["credentials"] if kind else config)[field] = value
    account.journal.reset()
    message = f"The config is not valid: {sentence}."
    checked = in_process.check(config)
    assert checked.code == 0
    assert checked.of("CONNECTION_STATUS") == [{"status": "FAILED", "message": message}]
    output = read(in_process, config, configured_catalog(["users"]))
    assert output.code == 1
    assert [(error["message"], error["failure_type"]) for error in output.errors] == [
        (message, "config_error")
    ]
    assert account.journal.entries == []


def test_white_space_around_what_was_pasted_is_taken_away(account: Simulator, in_process: InProcess) -> None:
    config = oauth(account)
    pasted = {key: f" {value}\n" for key, value in config["credentials"].items()}
    output = in_process.check({**config, "credentials": pasted, "api_url": f"{account.api_url} "})
    assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert output.of("CONTROL")[0]["connectorConfig"]["config"] == config


@pytest.mark.parametrize("nothing", [None, "", " "])
def test_a_key_without_a_value_has_its_default(
    account: Simulator, in_process: InProcess, nothing: object
) -> None:
    config = server_to_server(account)
    given = {key: config.get(key, nothing) for key in Config.model_fields}
    output = in_process.check(given)
    assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert output.of("CONTROL")[0]["connectorConfig"]["config"] == config


def test_a_key_that_nothing_uses_is_named(account: Simulator, in_process: InProcess) -> None:
    config = server_to_server(account, lookback_day=7)
    config["credentials"]["refresh_token"] = "of the other kind"
    output = in_process.check(config)
    assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert [warning for warning in output.warnings if "names no granular scope" not in warning] == [
        f"The config has the key {key}, which nothing uses: check its spelling, or take it out."
        for key in ("lookback_day", "credentials.refresh_token")
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"refresh_token": ""}, f"credentials.refresh_token: {REQUIRED}"),
        ({"account_id": ""}, f"credentials.account_id: {REQUIRED}"),
        ({"account_id": 5, "refresh_token": ""}, f"credentials.account_id: {TEXT}"),
        ({}, f"credentials: {KINDS}"),
    ],
)
def test_a_mistake_in_a_flat_config_is_told_of_the_kind_that_it_has(
    account: Simulator, in_process: InProcess, given: Json, sentence: str
) -> None:
    output = in_process.check({"client_id": "id", "client_secret": "hush", **given})
    message = f"The config is not valid: {sentence}."
    assert output.of("CONNECTION_STATUS") == [{"status": "FAILED", "message": message}]


USERS = configured_catalog(["users"])["streams"][0]


@pytest.mark.parametrize(
    ("catalog", "detail"),
    [
        ({}, "\"streams\" is a required property (instance_path='streams')"),
        ([], "[] is not of type \"object\" (instance_path='')"),
        ({"streams": None}, "None is not of type \"list\" (instance_path='streams')"),
        ({"streams": [{}]}, "\"stream\" is a required property (instance_path='streams/0/stream')"),
        (
            {"streams": [{**USERS, "sync_mode": "partly"}]},
            '"partly" is not one of ["full_refresh", "incremental"] (instance_path=\'streams/0/sync_mode\')',
        ),
        (
            {"streams": [{**USERS, "destination_sync_mode": "x"}]},
            '"x" is not one of ["append", "overwrite", "append_dedup", "update", "soft_delete"]'
            " (instance_path='streams/0/destination_sync_mode')",
        ),
        (
            {"streams": [{**USERS, "stream": {"name": 5}}]},
            "5 is not of type \"string\" (instance_path='streams/0/stream/name')",
        ),
    ],
)
def test_a_mistake_in_the_catalog(
    account: Simulator, in_process: InProcess, catalog: object, detail: str
) -> None:
    account.journal.reset()
    output = read(in_process, server_to_server(account), catalog)
    assert output.code == 1
    path = in_process.file("catalog.json", catalog)
    assert [error["message"] for error in output.errors] == [
        f"The catalog file {path} is not a valid Airbyte catalog: Schema validation failed: - {detail}"
    ]
    assert account.journal.entries == []


def test_an_empty_catalog_is_nothing_to_do(account: Simulator, in_process: InProcess) -> None:
    output = read(in_process, server_to_server(account), {"streams": []})
    assert output.code == 0
    assert output.of("RECORD") == []


def test_a_stream_that_is_there_twice_is_read_once(account: Simulator, in_process: InProcess) -> None:
    output = read(in_process, server_to_server(account), {"streams": [USERS, USERS]})
    assert output.code == 0
    assert len(output.records("users")) == len(list(truth.rows(account.world, "users")))


@pytest.mark.parametrize(
    ("state", "detail"),
    [
        (5, "'int' object is not iterable"),
        ([5], "Schema validation failed: - 5 is not of type \"object\" (instance_path='')"),
        ([{"type": "STREAM"}], "AirbyteStateMessage should contain either a stream, global, or state field"),
        (
            {"users": {"a": 1}},
            'Schema validation failed: - "users" is not of type "object" (instance_path=\'\')',
        ),
    ],
)
def test_a_file_that_is_no_state(
    account: Simulator, in_process: InProcess, state: object, detail: str
) -> None:
    output = read(in_process, server_to_server(account), configured_catalog(["users"]), state)
    assert output.code == 1
    path = in_process.file("state.json", state)
    assert [error["message"] for error in output.errors] == [
        f"The state file {path} is not a valid Airbyte state: {detail}"
    ]


GOOD = {"start_time": "2026-11-01T00:00:00Z", "version": 2}
UNIT = {"uuid": "a", "id": 1, "start_time": "2026-10-05T09:00:00Z", "host_id": "b"}
RETRY = {
    "fields": list(UNIT),
    "units": [list(UNIT.values())],
    "words": "Zoom has a server error (HTTP 500)",
    "from": "2026-10-05",
    "to": "2026-10-05",
    "since": "2026-10-06",
    "asked": "2026-10-06",
    "attempts": 1,
}
INSTANCES = {"after": 5, "began": "2026-11-01", "to": "2026-11-01"}
FOREIGN = "the state is not one of this connector's, so everything is read again"


def owed(**changes: object) -> Json:
    return {**GOOD, "retry": [{**RETRY, **changes}]}


def owed_unit(**changes: object) -> Json:
    return owed(units=[[*{**UNIT, **changes}.values()]])


@pytest.mark.parametrize(
    ("state", "warning"),
    [
        ({**GOOD, "start_time": 5}, FOREIGN),
        ({**GOOD, "start_time": "x"}, FOREIGN),
        ({"version": 1, "foo": 1}, FOREIGN),
        ({"start_time": GOOD["start_time"]}, FOREIGN),
        ({**GOOD, "version": 1}, FOREIGN),
        ({**GOOD, "version": 3}, FOREIGN),
        ({**GOOD, "reread": "x"}, FOREIGN),
        ({**GOOD, "retry": 5}, FOREIGN),
        ({**GOOD, "retry": [{}]}, FOREIGN),
        ({**GOOD, "start_time": "0001-01-01T00:00:00+14:00"}, FOREIGN),
        ({**GOOD, "start_time": "0001-01-02T00:00:00Z"}, FOREIGN),
        ({**GOOD, "start_time": "9999-12-31T23:59:59-05:00"}, FOREIGN),
        (owed_unit(uuid=""), FOREIGN),
        (owed_unit(uuid=None), FOREIGN),
        (owed(units=[["a", 1]]), FOREIGN),
        (owed(units=["abcd"]), FOREIGN),
        (owed(units=5), FOREIGN),
        (owed(fields=["id"], units=[[1]]), FOREIGN),
        (owed(list="minutes"), FOREIGN),
        (owed(others=[1, 2]), FOREIGN),
        (owed(attempts="x"), FOREIGN),
        (owed(since="never"), FOREIGN),
        (owed(asked=None), FOREIGN),
        (owed(to="never"), FOREIGN),
        ({**GOOD, "withheld": [{**RETRY, "units": 5}]}, FOREIGN),
        ({**GOOD, "gaps": 5}, FOREIGN),
        ({**GOOD, "gaps": [{"way": "reports"}]}, FOREIGN),
        ({**GOOD, "gaps": [{"way": "reports", "from": "x", "to": "2026-10-01"}]}, FOREIGN),
        ({**GOOD, "instances": 5}, FOREIGN),
        ({**GOOD, "instances": {**INSTANCES, "after": "x"}}, FOREIGN),
        ({**GOOD, "instances": {**INSTANCES, "began": "x"}}, FOREIGN),
        ({"__ab_no_cursor_state_message": True}, FOREIGN),
        (
            {**GOOD, "start_time": "2999-01-01T00:00:00Z"},
            "the state ends on 2999-01-01, in the future, so everything is read again",
        ),
    ],
)
def test_a_mistake_in_the_state_costs_time_and_no_row(
    account: Simulator, in_process: InProcess, state: Json, warning: str
) -> None:
    output = read_from(in_process, account, state)
    assert output.code == 0
    assert [log for log in output.logs if log.startswith("WARN")] == [f"WARN report_meetings: {warning}."]
    assert len(output.records("report_meetings")) == len(list(truth.rows(account.world, "report_meetings")))


MANY = 100_000


def nested(depth: int) -> Any:
    """A list in a list in a list …"""
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    "more",
    [
        {"retry": [{**RETRY, "units": [[f"{n}", n, None, None] for n in range(MANY)]}]},
        {"withheld": [{**RETRY, "units": [list(UNIT.values())], "words": str(n)} for n in range(MANY)]},
        {"owed": [{**RETRY, "units": []}] * MANY},
        {"gaps": [{"way": "reports", "from": "2026-10-01", "to": "2026-10-02"}] * MANY},
        {"known": {"until": "2026-11-01", "marks": "AAAAAAAA" * MANY}},
        {"retry": [{**RETRY, "units": [["a", 1, None, nested(600)]]}]},
        {"retry": [{**RETRY, "words": nested(600)}]},
        {"retry": nested(600)},
    ],
    ids=["units", "groups", "empty groups", "gaps", "known", "deep unit", "deep words", "deep list"],
)
def test_a_state_that_is_larger_or_deeper_than_any_of_ours_is_read_again(
    account: Simulator, in_process: InProcess, more: Json
) -> None:
    output = read_from(in_process, account, {**GOOD, **more})
    assert output.code == 0
    assert [log for log in output.logs if log.startswith("WARN")] == [f"WARN report_meetings: {FOREIGN}."]
    assert len(output.records("report_meetings")) == len(list(truth.rows(account.world, "report_meetings")))


@pytest.mark.parametrize(
    "state",
    [
        {"version": 2, "foo": 1},
        {**GOOD, "foo": 1},
        owed_unit(uuid=5),
        owed_unit(id="x"),
        owed_unit(start_time="never"),
        owed_unit(start_time=5),
        owed(since="2999-01-01", asked="2999-01-01", to="2999-01-01"),
        owed(attempts=-3),
        {**GOOD, "gaps": [{"way": "post", "from": "2026-10-01", "to": "2026-10-02"}]},
        {**GOOD, "gaps": [{"way": "reports", "from": "2999-01-01", "to": "2999-01-02"}]},
        {**GOOD, "gaps": [{"way": "reports", "from": "2026-10-02", "to": "2026-10-01"}]},
        {**GOOD, "instances": {**INSTANCES, "began": "2999-01-01"}},
        {**GOOD, "instances": {**INSTANCES, "after": -1}},
    ],
)
def test_what_is_odd_in_a_state_costs_no_row_since_its_day(
    account: Simulator, in_process: InProcess, state: Json
) -> None:
    output = read_from(in_process, account, state)
    assert output.code == 0
    assert not [log for log in output.logs if log.startswith("WARN")]
    day = state.get("start_time", "")
    want = {p["uuid"] for p, _ in truth.rows(account.world, "report_meetings") if p["start_time"] >= day}
    assert {record["uuid"] for record in output.records("report_meetings")} >= want
    after = output.states[0]["stream"]["stream_state"]
    assert after["start_time"] == f"{account.clock.today()}T00:00:00Z"
    assert "retry" not in after


def test_a_global_state_is_not_used(account: Simulator, in_process: InProcess) -> None:
    state = [{"type": "GLOBAL", "global": {"shared_state": {}, "stream_states": []}}]
    output = read(in_process, server_to_server(account), configured_catalog(["report_meetings"]), state)
    assert output.code == 0
    assert [log for log in output.logs if log.startswith("WARN")] == [
        "WARN The state is a global one, which this connector never wrote: it is not used."
    ]
    assert len(output.records("report_meetings")) == len(list(truth.rows(account.world, "report_meetings")))


@pytest.mark.parametrize(
    ("state", "warning"),
    [
        (
            {
                "type": "STREAM",
                "stream": {
                    "stream_descriptor": {"name": "report_meetings", "namespace": ""},
                    "stream_state": GOOD,
                },
            },
            f"report_meetings: {FOREIGN}",
        ),
        (
            {"type": "LEGACY", "data": {"report_meetings": GOOD}},
            "The state is a legacy one, which this connector never wrote: it is not used",
        ),
    ],
)
def test_a_state_of_another_form_is_not_used(
    account: Simulator, in_process: InProcess, state: Json, warning: str
) -> None:
    output = read(in_process, server_to_server(account), configured_catalog(["report_meetings"]), [state])
    assert output.code == 0
    assert [log for log in output.logs if log.startswith("WARN")] == [f"WARN {warning}."]
    assert len(output.records("report_meetings")) == len(list(truth.rows(account.world, "report_meetings")))


def test_a_full_refresh_that_begins_from_a_state_says_so(account: Simulator, in_process: InProcess) -> None:
    names = ["users", "report_meetings", "report_webinars"]
    catalog = configured_catalog(names)
    for stream in catalog["streams"]:
        stream["sync_mode"] = "full_refresh"
    states = [
        {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": GOOD}}
        for name in names
    ]
    output = read(in_process, server_to_server(account), catalog, states)
    assert output.code == 0
    assert [log for log in output.logs if log.startswith("WARN")] == [
        "WARN Full refresh goes on from a state, so it does not read everything: report_meetings,"
        " report_webinars. Clear the state if it is not that of an attempt that was broken off."
    ]
