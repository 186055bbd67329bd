"""The account as Singer messages: rows, schemas, metrics, and their order."""

import json
import subprocess
from collections import Counter

import jsonschema
import pytest

from integration_tests.completeness import CLASSES, canonical, expected
from integration_tests.conftest import STREAM_NAMES, Start, server_to_server
from integration_tests.harness import TAP, Json
from integration_tests.singer_harness import INCREMENTAL, Tap, Tapped, as_singer
from integration_tests.zoom_simulator import Simulator, Size

RFC_3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


@pytest.fixture(scope="module")
def everything(account: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Tapped:
    """One run without a catalog, through the console script."""
    file = tmp_path_factory.mktemp("tap") / "config.json"
    file.write_text(json.dumps(server_to_server(account)))
    done = subprocess.run([TAP, "--config", file], capture_output=True, text=True, timeout=300, check=False)
    return Tapped(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("stream", STREAM_NAMES)
def test_every_row_arrives_as_singer_has_it(account: Simulator, everything: Tapped, stream: str) -> None:
    assert everything.code == 0
    rows = [as_singer(stream, row) for row in expected(account, CLASSES[stream])]
    assert rows
    got = everything.records(stream)
    assert canonical(got, {"row_id"}) == canonical(rows)
    keys = everything.schema(stream)["key_properties"]
    assert all(record[key] not in (None, "") for record in got for key in keys)
    assert len({tuple(record[key] for key in keys) for record in got}) == len(got)


@pytest.mark.parametrize("stream", STREAM_NAMES)
def test_every_record_fits_its_schema(everything: Tapped, stream: str) -> None:
    message = everything.schema(stream)
    validator = jsonschema.Draft7Validator(closed(message["schema"]))
    for record in everything.records(stream):
        assert [error.message for error in validator.iter_errors(record)] == []
    for key in message["key_properties"]:
        assert "null" not in message["schema"]["properties"][key]["type"]


def test_the_messages_come_in_singers_order(everything: Tapped) -> None:
    seen = set()
    for message in everything.messages:
        if message["type"] == "SCHEMA":
            seen.add(message["stream"])
        elif message["type"] == "RECORD":
            assert message["stream"] in seen
            jsonschema.validate(message["time_extracted"], {"pattern": f"^{RFC_3339}$"})
    assert seen == set(STREAM_NAMES)
    assert everything.of("STATE")[0]["value"]["currently_syncing"] == "users"
    assert everything.state["currently_syncing"] is None
    assert set(everything.state["bookmarks"]) == INCREMENTAL
    assert {message["stream"] for message in everything.of("SCHEMA") if "bookmark_properties" in message} == (
        INCREMENTAL
    )


def test_metrics_count_every_record_and_every_request(account: Simulator, tap: Tap, config: Json) -> None:
    before = len(account.journal.entries)
    output = tap.read(config, catalog=tap.catalog(config, "meetings"))
    requests = [entry for entry in account.journal.entries[before:] if entry.route != "token"]
    assert output.metrics("record_count") == [
        {
            "type": "counter",
            "metric": "record_count",
            "value": len(output.records("meetings")),
            "tags": {"endpoint": "meetings"},
        }
    ]
    durations = output.metrics("http_request_duration")
    assert len(durations) == len(requests)
    assert {point["type"] for point in durations} == {"timer"}
    assert Counter(point["tags"]["http_status_code"] for point in durations) == Counter(
        entry.status for entry in requests
    )
    assert {point["tags"]["status"] for point in durations} == {"succeeded", "failed"}


def test_what_the_schema_does_not_know_comes_after_a_wider_schema(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=2), plan="unlimited")
    users = [
        {"id": "a", "type": 1},
        {"id": "b", "type": "2", "moon": "full", "tides": [1], "nothing": None, "created_at": ""},
        {"id": "c", "type": "first", "moon": 5, "custom_attributes": [{"key": 7, "phase": {"x": 1}}]},
        {"id": "d", "dept": {"a": 1}, "created_at": "some day", "verified": 1.0, "moon": "new"},
        {"id": "e", "created_at": "2026-02-30T25:61:00Z", "last_login_time": "2026-02-28T23:59:59+05:30"},
        {"id": "f", "pmi": 1e20},
    ]
    simulator.faults.reply(r"/v2/users\?", 200, {"users": users, "next_page_token": ""})
    config = server_to_server(simulator)
    output = tap.read(config, catalog=tap.catalog(config, "users"))
    assert output.code == 0
    schemas: dict[str, Json] = {}
    got = []
    for message in output.messages:
        if message["type"] == "SCHEMA":
            schemas["users"] = message["schema"]
        elif message["type"] == "RECORD":
            jsonschema.validate(message["record"], closed(schemas["users"]))
            got.append({key: value for key, value in message["record"].items() if key != "status"})
    assert got[:6] == [
        {"id": "a", "type": 1},
        {"id": "b", "type": 2, "moon": "full", "tides": [1], "created_at": None},
        {"id": "c", "type": "first", "moon": "5", "custom_attributes": [{"key": "7", "phase": {"x": 1}}]},
        {"id": "d", "dept": '{"a":1}', "created_at": None, "verified": 1, "moon": "new"},
        {"id": "e", "created_at": None, "last_login_time": "2026-02-28T23:59:59+05:30"},
        {"id": "f", "pmi": 1e20},
    ]
    assert len(output.of("SCHEMA")) == 4
    assert [line for line in output.log if "no date-time" in line] == [
        "WARNING properties.created_at holds what is no date-time; such values become null."
    ]


def test_no_nul_reaches_the_target(start: Start, tap: Tap) -> None:
    """PostgreSQL cannot hold one. What only looks like one in JSON is the user's own text."""
    simulator = start(1, Size(users=2), plan="unlimited")
    text = "\\u0000 and \\\\u0000"
    users = [
        {"id": "a", "first_name": "\0A\0\0nn\0", "dept": text},
        {"id": "b", "first_name": f"\\\0{text}", "custom_attributes": [{"name": "\0n", "value": "v\0"}]},
        {"id": "c", "mo\0on": "full", "dept": {"a": "\0"}},
    ]
    simulator.faults.reply(r"/v2/users\?", 200, {"users": users, "next_page_token": ""})
    config = server_to_server(simulator)
    output = tap.read(config, catalog=tap.catalog(config, "users"))
    assert output.code == 0
    got = [{key: value for key, value in row.items() if key != "status"} for row in output.records("users")]
    assert got[:3] == [
        {"id": "a", "first_name": "Ann", "dept": text},
        {"id": "b", "first_name": f"\\{text}", "custom_attributes": [{"name": "n", "value": "v"}]},
        {"id": "c", "moon": "full", "dept": '{"a":"\\u0000"}'},
    ]
    assert "moon" in output.schema("users")["schema"]["properties"]


def closed(schema: Json) -> Json:
    """A schema that takes no unknown field, and date-times in the form of RFC 3339 only."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict: Json = {key: closed(part) for key, part in schema.items()}
    if "properties" in schema and "type" in schema:
        strict["additionalProperties"] = False
    if schema.get("format") == "date-time":
        strict["pattern"] = f"^{RFC_3339}$"
    return strict
