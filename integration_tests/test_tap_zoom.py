"""`tap-zoom`: the account as Singer messages, and what its users rely on besides."""

import errno
import json
import logging
import os
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from integration_tests.completeness import CLASSES, HOST_SECRETS, canonical, expected
from integration_tests.conftest import STREAM_NAMES, Start, oauth, server_to_server
from integration_tests.harness import TAP, Json
from integration_tests.singer_harness import INCREMENTAL, OLD_KEYS, Tap, Tapped, as_singer, entry, field, root
from integration_tests.zoom_simulator import Clock, Simulator, Size
from source_zoom.streams import STREAMS

# The keys that a stream has by itself, and where tap-zoom has other ones.
OWN_KEYS = {stream.stream_name(): list(stream.key_fields()) for stream in STREAMS}
OTHER_KEYS = [name for name, keys in OLD_KEYS.items() if keys != OWN_KEYS[name]]

RFC_3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


@pytest.fixture
def tap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tap]:
    requests = logging.getLogger("airbyte.source_zoom.requests")
    level, filters = requests.level, list(requests.filters)
    yield Tap(tmp_path, monkeypatch)
    requests.setLevel(level)
    requests.filters[:] = filters


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with Simulator(1, Size(users=3), clock=Clock(running=False), plan="unlimited") as simulator:
        yield simulator


@pytest.fixture
def config(account: Simulator) -> Json:
    return server_to_server(account)


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
    assert canonical(got, {"row_id"}) == canonical(rows, HOST_SECRETS)
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


def closed(schema: Json) -> Json:
    """A schema that takes no unknown field, and date-times in the form of RFC 3339 only."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: closed(part) for key, part in schema.items()}
    if "properties" in schema and "type" in schema:
        strict["additionalProperties"] = False
    if schema.get("format") == "date-time":
        strict["pattern"] = f"^{RFC_3339}$"
    return strict


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


def test_discovery_asks_zoom_for_nothing_and_says_how_streams_are_read(
    account: Simulator, tap: Tap, config: Json
) -> None:
    before = len(account.journal.entries)
    catalog = json.loads(tap.read(config, "--discover").out)
    assert len(account.journal.entries) == before
    assert [stream["tap_stream_id"] for stream in catalog["streams"]] == STREAM_NAMES
    for stream in catalog["streams"]:
        name = stream["stream"]
        meta = root(stream)
        assert meta["table-key-properties"] == stream["key_properties"]
        assert meta.get("forced-replication-method") == (None if name in INCREMENTAL else "FULL_TABLE")
        assert ("valid-replication-keys" in meta) == (name in INCREMENTAL)
        automatic = {*stream["key_properties"], *meta.get("valid-replication-keys", [])}
        for column in stream["schema"]["properties"]:
            inclusion = "automatic" if column in automatic else "available"
            assert field(stream, "properties", column) == {"inclusion": inclusion}
    assert root(entry(catalog, "users")).get("parent-tap-stream-id") is None
    assert root(entry(catalog, "meeting_polls"))["parent-tap-stream-id"] == "users"
    assert root(entry(catalog, "webinar_qna_results"))["parent-tap-stream-id"] == "webinars"


def test_a_child_alone_and_only_the_selected_fields(account: Simulator, tap: Tap, config: Json) -> None:
    catalog = tap.catalog(config, "meetings")
    meetings = entry(catalog, "meetings")
    for column in meetings["schema"]["properties"]:
        field(meetings, "properties", column)["selected"] = column in ("topic", "settings", "occurrences")
    field(meetings, "properties", "duration")["inclusion"] = "automatic"
    field(meetings, "properties", "agenda").update(inclusion="unsupported", selected=True)
    field(meetings, "properties", "settings", "properties", "host_video")["selected"] = False
    catalog["streams"] = [meetings]
    output = tap.read(config, catalog=catalog)
    assert output.code == 0
    assert len(output.records("meetings")) == len(expected(account, CLASSES["meetings"]))
    columns = {"id", "topic", "settings", "occurrences", "duration"}
    assert set(output.schema("meetings")["schema"]["properties"]) == columns
    assert {column for record in output.records("meetings") for column in record} == columns
    settings = output.schema("meetings")["schema"]["properties"]["settings"]["properties"]
    assert "participant_video" in settings
    assert "host_video" not in settings
    assert all("host_video" not in record["settings"] for record in output.records("meetings"))
    assert any("participant_video" in record["settings"] for record in output.records("meetings"))


def test_a_stream_that_its_schema_selects_is_read(tap: Tap, config: Json) -> None:
    catalog = tap.catalog(config)
    entry(catalog, "users")["schema"]["selected"] = True
    output = tap.read(config, catalog=catalog)
    assert {message["stream"] for message in output.of("SCHEMA")} == {"users"}


def test_what_cannot_be_read_incrementally_is_said(tap: Tap, config: Json) -> None:
    output = tap.read(config, catalog=selected("users", **{"replication-method": "INCREMENTAL"}))
    assert output.code == 0
    assert "WARNING users cannot be read incrementally: Zoom cannot say what changed." in output.log


def test_nothing_selected_is_one_state(account: Simulator, tap: Tap, config: Json) -> None:
    before = len(account.journal.entries)
    output = tap.read(config, catalog=tap.catalog(config), state={"bookmarks": {"mine": 1}})
    assert output.code == 0
    assert output.messages == [
        {"type": "STATE", "value": {"currently_syncing": None, "bookmarks": {"mine": 1}}}
    ]
    assert len(account.journal.entries) == before


def test_properties_is_an_older_name_of_catalog(tap: Tap, config: Json) -> None:
    catalog = tap.catalog(config, "users")
    output = tap.read(config, "--properties", tap.file("properties.json", catalog))
    assert {message["stream"] for message in output.of("SCHEMA")} == {"users"}


def occurrences(records: list[Json]) -> set[str]:
    return {record["uuid"] for record in records}


@pytest.fixture
def first(tap: Tap, config: Json) -> Tapped:
    return tap.read(config, catalog=tap.catalog(config, "report_meetings"))


def test_reading_goes_on_from_the_state(account: Simulator, tap: Tap, config: Json, first: Tapped) -> None:
    before = len(account.journal.entries)
    old = {**first.state, "bookmarks": {**first.state["bookmarks"], "of_others": {"id": 5}}}
    output = tap.read(config, catalog=tap.catalog(config, "report_meetings"), state=old)
    assert output.code == 0
    assert len(output.records("report_meetings")) < 0.2 * len(first.records("report_meetings"))
    assert len(account.journal.entries) - before < 40
    assert output.state["bookmarks"]["of_others"] == {"id": 5}
    assert output.state["bookmarks"]["report_meetings"] == first.state["bookmarks"]["report_meetings"]


def test_streams_that_are_not_read_keep_their_state(tap: Tap, config: Json, first: Tapped) -> None:
    output = tap.read(config, catalog=tap.catalog(config, "users"), state=first.state)
    assert output.state == first.state


@pytest.mark.parametrize(
    "change", ["full table", "no bookmark", "no state", "state of the old tap", "bookmark of another tap"]
)
def test_what_makes_the_tap_read_everything(tap: Tap, config: Json, first: Tapped, change: str) -> None:
    state = json.loads(json.dumps(first.state))
    catalog = tap.catalog(config, "report_meetings")
    if change == "full table":
        root(entry(catalog, "report_meetings"))["replication-method"] = "FULL_TABLE"
    elif change == "no bookmark":
        del state["bookmarks"]["report_meetings"]
    elif change == "bookmark of another tap":
        state = {"bookmarks": {"report_meetings": {"id": 5}}}
    else:
        state = {"currently_syncing": None} if change == "state of the old tap" else None
    output = tap.read(config, catalog=catalog, state=state)
    assert occurrences(output.records("report_meetings")) == occurrences(first.records("report_meetings"))
    if change == "full table":
        assert output.state["bookmarks"] == first.state["bookmarks"]
        assert "bookmark_properties" not in output.schema("report_meetings")
    assert [line for line in output.log if line.startswith("WARNING")] == (
        ["WARNING report_meetings: its bookmark is not one of this tap's, so everything is read."]
        if change == "bookmark of another tap"
        else []
    )


@pytest.mark.parametrize("is_alone", [False, True])
def test_a_bookmark_set_back_reads_from_there(tap: Tap, config: Json, first: Tapped, is_alone: bool) -> None:
    starts = sorted(record["start_time"] for record in first.records("report_meetings"))
    middle = starts[len(starts) // 2][:10]
    state = {} if is_alone else json.loads(json.dumps(first.state))
    state["bookmarks"] = {"report_meetings": {"start_time": f"{middle}T00:00:00Z"}}
    output = tap.read(
        {**config, "lookback_days": 0}, catalog=tap.catalog(config, "report_meetings"), state=state
    )
    got = [record["start_time"][:10] for record in output.records("report_meetings")]
    assert min(got) == middle
    assert len(first.records("report_meetings")) > len(got) > 0.2 * len(starts)


def test_the_old_keys_are_kept_where_they_are_wanted(account: Simulator, tap: Tap, config: Json) -> None:
    config = {**config, "key_mode": "tap_zoom"}
    discovered = tap.catalog(config, *OTHER_KEYS)
    keys_of = {stream["stream"]: stream["key_properties"] for stream in discovered["streams"]}
    assert keys_of == {**OWN_KEYS, **OLD_KEYS}
    output = tap.read(config, catalog=discovered)
    assert output.code == 0
    warnings = set()
    for stream in OTHER_KEYS:
        keys, records = OLD_KEYS[stream], output.records(stream)
        assert len(records) == len(expected(account, CLASSES[stream])) > 0
        message = output.schema(stream)
        assert message["key_properties"] == keys
        assert all("null" not in message["schema"]["properties"][key]["type"] for key in keys)
        lost = len(records) - len({tuple(record[key] for key in keys) for record in records})
        if lost:
            warnings.add(
                f"WARNING {stream}: {lost} of {len(records)} records have the keys of another"
                f" ({', '.join(keys)}), so a table keeps one of them: key_mode lossless keeps all."
            )
    assert len(warnings) >= 5
    assert {line for line in output.log if line.startswith("WARNING")} == warnings


def test_old_keys_that_are_null_become_empty(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=2), clock=Clock(running=False), plan="unlimited")
    config = {**server_to_server(simulator), "key_mode": "tap_zoom"}
    answers = [
        {"name": "Ann", "email": None, "question_details": []},
        {"name": "Bob", "question_details": []},
    ]
    simulator.faults.reply("/v2/past_meetings/.*/polls", 200, {"id": 1, "uuid": "u", "questions": answers})
    output = tap.read(config, catalog=tap.catalog(config, "meeting_poll_results"))
    assert output.code == 0
    assert {(row["name"], row["email"]) for row in output.records("meeting_poll_results")} == {
        ("Ann", ""),
        ("Bob", ""),
    }


def test_an_old_catalog_is_warned_about_its_keys(tap: Tap, config: Json) -> None:
    catalog = tap.catalog(config, "webinars")
    entry(catalog, "webinars")["key_properties"] = ["uuid"]
    output = tap.read(config, catalog=catalog)
    assert output.code == 0
    assert output.schema("webinars")["key_properties"] == ["id"]
    assert (
        "WARNING webinars has the keys id, and the catalog says uuid. Tables that exist with other keys may"
        " refuse its records: see key_mode in the documentation."
    ) in output.log


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


def test_what_fails_costs_its_own_rows_and_the_exit_code(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=2), clock=Clock(running=False), plan="unlimited")
    number = expected(simulator, CLASSES["meetings"])[0]["id"]
    simulator.faults.reply(rf"/v2/meetings/{number}\?", 400, {"code": 999, "message": "Something new."})
    config = server_to_server(simulator)
    output = tap.read(config, catalog=tap.catalog(config, "meetings", "users"))
    assert output.code == 1
    assert len(output.records("users")) == len(expected(simulator, CLASSES["users"]))
    rows = {row["id"] for row in expected(simulator, CLASSES["meetings"])}
    assert {record["id"] for record in output.records("meetings")} == rows - {number}
    assert output.log[-1] == (
        f"CRITICAL Not read completely: meetings (1 not read: meetings/{number}). The errors above say why."
    )
    assert f"ERROR Zoom refused GET /v2/meetings/{number}" in output.err
    assert output.state["currently_syncing"] is None
    assert "Traceback" not in output.err


def test_a_stream_that_fails_in_its_first_run_is_read_by_a_later_one(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=2), clock=Clock(running=False), plan="unlimited")
    config = server_to_server(simulator)
    catalog = tap.catalog(config, "users", "report_meetings")
    simulator.faults.reply("/v2/past_meetings/.*/instances", 400, {"code": 999, "message": "Something new."})
    failed = tap.read(config, catalog=catalog)
    assert failed.code == 1
    assert "Traceback" not in failed.err
    assert len(failed.records("users")) == len(expected(simulator, CLASSES["users"]))
    assert "bookmarks" not in failed.state
    simulator.faults.clear()
    healed = tap.read(config, catalog=catalog, state=failed.state)
    assert healed.code == 0
    assert occurrences(healed.records("report_meetings")) == occurrences(
        expected(simulator, CLASSES["report_meetings"])
    )
    assert set(healed.state["bookmarks"]) == {"report_meetings"}


@pytest.mark.parametrize(("shape", "is_mount"), [("flat", False), ("nested", False), ("nested", True)])
def test_a_rotated_token_is_in_the_file_before_it_is_used(
    start: Start, tap: Tap, monkeypatch: pytest.MonkeyPatch, shape: str, is_mount: bool
) -> None:
    if is_mount:
        monkeypatch.setattr(Path, "replace", busy)
    simulator = start(1, Size(users=2), plan="unlimited")
    config = {**oauth(simulator), "key_mode": "lossless", "mine": {"deep": [1, 2]}}
    if shape == "flat":
        credentials = config.pop("credentials")
        config = {**{key: credentials[key] for key in credentials if key != "auth_type"}, **config}
    real = tap.folder / "real.json"
    real.write_text(json.dumps(config))
    real.chmod(0o640)
    link = tap.folder / "config.json"
    link.symlink_to(real)

    def tokens() -> Json:
        content = json.loads(real.read_text())
        found: Json = content if shape == "flat" else content["credentials"]
        return found

    check = simulator.limits.check
    known = set()

    def look(label: str) -> Any:
        known.add(tokens()["refresh_token"] == simulator.oauth.refresh_token)
        return check(label)

    simulator.limits.check = look  # type: ignore[method-assign]
    issue = simulator.oauth.issue

    def issue_late(*arguments: Any) -> Any:
        real.write_text(json.dumps({**json.loads(real.read_text()), "theirs": "changed while the tap ran"}))
        return issue(*arguments)

    simulator.oauth.issue = issue_late  # type: ignore[method-assign]
    config["theirs"] = "changed while the tap ran"
    catalog = tap.file("catalog.json", selected("users"))
    for _ in range(2):
        output = tap.run("--config", str(link), "--catalog", catalog)
        assert output.code == 0
    assert known == {True}
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tap.folder.iterdir()) == ["catalog.json", "config.json", "real.json"]
    left = json.loads(real.read_text())
    (left if shape == "flat" else left["credentials"]).pop("access_token")
    (left if shape == "flat" else left["credentials"]).pop("token_expiry_date")
    (left if shape == "flat" else left["credentials"])["refresh_token"] = "rotated"
    (config if shape == "flat" else config["credentials"])["refresh_token"] = "rotated"
    # As text, to compare the order of the keys, too.
    assert json.dumps(left) == json.dumps(config)
    assert simulator.oauth.refresh_token not in output.err


def busy(path: Path, target: Path) -> Path:
    """What the operating system says about a file that is a mount of its own."""
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def test_a_config_that_cannot_be_written_in_full_stays_as_it_is(
    start: Start, tap: Tap, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    path = Path(tap.file("config.json", oauth(simulator)))
    before = path.read_text()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    output = tap.run("--config", str(path))
    assert output.code == 1
    assert output.log[-1] == (
        f"CRITICAL The config file {path} could not be written: No space left on device. It holds a refresh"
        " token that Zoom has replaced: authorize the app again."
    )
    assert path.read_text() == before
    assert list(tap.folder.iterdir()) == [path]


def test_dev_begins_with_the_access_token_of_the_config(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=2), plan="unlimited")
    config = oauth(simulator)
    catalog = tap.catalog(config, "users")
    assert tap.read(config, catalog=catalog).code == 0
    signed_in = json.loads((tap.folder / "config.json").read_text())
    del signed_in["credentials"]["token_expiry_date"]
    before = len(simulator.journal.entries)
    assert tap.read(signed_in, "--dev", catalog=catalog).code == 0
    assert "token" not in {entry.route for entry in simulator.journal.entries[before:]}


def test_the_user_agent_of_the_config_is_sent(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    config = {**server_to_server(simulator), "user_agent": "acme-etl (data@acme.example)"}
    assert tap.read(config, catalog=tap.catalog(config, "users")).code == 0
    assert {entry.user_agent for entry in simulator.journal.entries} == {"acme-etl (data@acme.example)"}


def test_the_connection_can_be_tested(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    config = server_to_server(simulator)
    fine = tap.read(config, "--test")
    assert (fine.code, fine.out) == (0, "")
    config["credentials"]["client_secret"] = "wrong"
    refused = tap.read(config, "--test")
    assert (refused.code, refused.out) == (1, "")
    assert "CRITICAL Zoom refused the credentials: HTTP 400 Invalid client_id or client_secret" in refused.err


WITHOUT_CDK = """
import contextlib, sys
from source_zoom.singer.tap import main
with contextlib.suppress(SystemExit):
    main(sys.argv[1:])
sys.exit("airbyte_cdk" in sys.modules)
"""


def without_cdk(*flags: str) -> str:
    """What the tap prints, if that takes no import of the CDK."""
    command = [sys.executable, "-c", WITHOUT_CDK, *flags]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_about_version_and_help_come_without_the_cdk() -> None:
    about = json.loads(without_cdk("--about", "--format", "json"))
    assert about["name"] == "tap-zoom"
    assert {"catalog", "discover", "state", "properties"} <= set(about["capabilities"])
    settings = about["settings"]["properties"]
    assert settings["key_mode"]["enum"] == ["lossless", "tap_zoom"]
    assert "required" not in about["settings"]
    for secret in (
        settings["credentials"]["oneOf"][0]["properties"]["client_secret"],
        settings["client_secret"],
    ):
        assert secret["secret"] is True
        assert secret["writeOnly"] is True
        assert "airbyte_secret" not in secret
    assert {"account_id", "client_id", "refresh_token"} <= set(settings)
    text = subprocess.run([TAP, "--about"], capture_output=True, text=True, check=True).stdout
    assert f"version: {about['version']}\n" in text
    assert without_cdk("--version") == f"tap-zoom {about['version']}\n"
    assert "--discover" in without_cdk("--help")


def test_a_closed_pipe_ends_the_tap_without_a_word(account: Simulator, tap: Tap, config: Json) -> None:
    path = tap.file("config.json", config)
    with subprocess.Popen(
        [TAP, "--config", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 143
    assert "Traceback" not in err
    assert "Broken pipe" not in err


def test_a_pipe_closed_before_anything_was_written_is_left_without_a_word() -> None:
    command = [TAP, "--about"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 143


def test_a_full_disk_ends_the_tap_at_once(tap: Tap, config: Json) -> None:
    """Though threads wait for room in the queue that nobody empties any more."""
    command = [TAP, "--config", tap.file("config.json", config)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "CRITICAL The tap cannot go on: [Errno 28] No space left on device."
    )


def test_sigterm_leaves_a_state_to_go_on_from(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=8), clock=Clock(running=False), plan="unlimited", latency=0.05)
    config = server_to_server(simulator)
    catalog = tap.catalog(config, "users", "report_meetings")
    path = tap.file("config.json", {**config, "num_workers": 1})
    command = [TAP, "--config", path, "--catalog", tap.file("catalog.json", catalog)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if '"bookmarks"' in line:
                break
        process.terminate()
        last, err = process.communicate(timeout=30)
    assert process.returncode == 143
    assert "Traceback" not in err
    stopped = Tapped(143, "".join(lines) + last, err)
    assert stopped.messages[-1]["type"] == "STATE"
    assert set(stopped.state["bookmarks"]) == {"report_meetings"}
    assert stopped.state["currently_syncing"] == "report_meetings"
    rest = tap.read(config, catalog=catalog, state=stopped.state)
    assert rest.code == 0
    assert len(rest.records("report_meetings")) > 0
    assert occurrences([*stopped.records("report_meetings"), *rest.records("report_meetings")]) == (
        occurrences(expected(simulator, CLASSES["report_meetings"]))
    )


GOOD: Json = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no config file {path}: check the path."),
        ("{", "The config file {path} is not JSON (line 1)."),
        ([], "The config file {path} must hold a JSON object."),
        (
            {},
            "The config is not valid: credentials: must hold an auth_type, 'oauth2.0' or 'server_to_server',"
            " and what it needs.",
        ),
        (
            {**GOOD, "client_secret": ""},
            "The config is not valid: credentials.client_secret: String should have at least 1 character.",
        ),
        ({**GOOD, "key_mode": "best"}, "The config is not valid: key_mode: must be lossless or tap_zoom."),
        (
            {**GOOD, "rate_limit_plan": "gold"},
            "The config is not valid: rate_limit_plan: Input should be 'auto', 'free', 'pro' or 'business'.",
        ),
    ],
)
def test_a_bad_config_is_one_sentence(tap: Tap, content: object, sentence: str) -> None:
    path = str(tap.folder / "config.json")
    if content is not None:
        tap.file("config.json", content)
    output = tap.run("--config", path)
    assert (output.code, output.out) == (1, "")
    assert output.log == [f"CRITICAL {sentence.format(path=path)}"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (GOOD, "--dev uses the config's access_token: add one, or leave --dev out."),
        (
            {"account_id": "a", "client_id": "c", "client_secret": "s", "access_token": "t"},
            "--dev is for OAuth apps with a refresh_token; a Server-to-Server OAuth app gets its tokens by"
            " itself: leave --dev out.",
        ),
    ],
)
def test_dev_wants_an_access_token(tap: Tap, content: Json, sentence: str) -> None:
    output = tap.run("--dev", "--config", tap.file("config.json", content))
    assert (output.code, output.out) == (1, "")
    assert output.log == [f"CRITICAL {sentence}"]


def test_a_config_that_cannot_be_written_is_refused_before_its_token_is_used(
    tap: Tap, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere, so the answer of the operating system is replaced.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    path = tap.file("config.json", GOOD)
    output = tap.run("--config", path)
    assert (output.code, output.out) == (1, "")
    assert output.log == [
        f"CRITICAL The config file {path} or its folder cannot be written to, and Zoom replaces the refresh"
        " token at each use: make both writable, or use a Server-to-Server OAuth app."
    ]
    assert tap.run("--discover", "--config", path).code == 0


NO_CATALOG = 'The catalog is not a Singer catalog: it must be an object with "streams", a list.'
METADATA = (
    "The catalog's metadata of the stream 'users' must be a list of objects with a breadcrumb and metadata:"
    " discover again."
)
KEYS = "The catalog's key_properties of the stream 'users' must be a list of names: discover again."


def selected(name: str, **metadata: object) -> Json:
    root = {"breadcrumb": [], "metadata": {"selected": True, **metadata}}
    return {"streams": [{"tap_stream_id": name, "metadata": [root]}]}


@pytest.mark.parametrize(
    ("catalog", "sentence"),
    [
        ("{", "The catalog file {path} is not JSON (line 1)."),
        ([], NO_CATALOG),
        ({"streams": {}}, NO_CATALOG),
        ({"streams": ["users"]}, NO_CATALOG),
        ({"streams": [{"stream": "users", "metadata": {"a": 1}}]}, METADATA),
        ({"streams": [{"stream": "users", "metadata": [{"metadata": {}}]}]}, METADATA),
        (
            {"streams": [{"tap_stream_id": ["users"]}]},
            "The catalog's tap_stream_id ['users'] must be a stream's name: discover again.",
        ),
        (
            {"streams": [{"stream": "users", "schema": "x"}]},
            "The catalog's schema of the stream 'users' must be an object: discover again.",
        ),
        ({"streams": [{"stream": "users", "key_properties": [1]}]}, KEYS),
        ({"streams": [{"stream": "users", "key_properties": 5}]}, KEYS),
        (
            selected("minutes"),
            "The catalog selects the stream 'minutes', which this tap does not have: discover again.",
        ),
        (
            selected("users", **{"replication-method": "LOG_BASED"}),
            "The catalog's replication-method of the"
            " stream 'users' is 'LOG_BASED': it must be FULL_TABLE or INCREMENTAL.",
        ),
    ],
)
def test_a_bad_catalog_is_one_sentence(tap: Tap, config: Json, catalog: object, sentence: str) -> None:
    output = tap.read(config, catalog=catalog)
    assert (output.code, output.out) == (1, "")
    assert output.log == [f"CRITICAL {sentence.format(path=tap.folder / 'catalog.json')}"]


NO_STATE = (
    'The state is not a Singer state: it must be an object, with "bookmarks" an object and "airbyte_state" a'
    " list where it has them."
)
FOREIGN = (
    'The state\'s "airbyte_state" is not what this tap has written: take it and the bookmarks out of the'
    " state to read everything again."
)
USERS_STATE = {
    "type": "STREAM",
    "stream": {"stream_descriptor": {"name": "users"}, "stream_state": {}},
}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("{", "The state file {path} is not JSON (line 1)."),
        ([], NO_STATE),
        ({"bookmarks": [1]}, NO_STATE),
        ({"airbyte_state": {"a": 1}}, NO_STATE),
        ({"airbyte_state": [1]}, FOREIGN),
        ({"airbyte_state": [{"stream": {}}]}, FOREIGN),
        ({"bookmarks": {"users": 5}, "airbyte_state": [USERS_STATE]}, FOREIGN),
    ],
)
def test_a_bad_state_is_one_sentence(tap: Tap, config: Json, state: object, sentence: str) -> None:
    output = tap.read(config, state=state)
    assert (output.code, output.out) == (1, "")
    assert output.log == [f"CRITICAL {sentence.format(path=tap.folder / 'state.json')}"]


@pytest.mark.parametrize("what", ["catalog", "state"])
def test_a_missing_file_is_one_sentence(tap: Tap, config: Json, what: str) -> None:
    path = str(tap.folder / "gone.json")
    output = tap.read(config, f"--{what}", path)
    assert (output.code, output.out) == (1, "")
    assert output.log == [f"CRITICAL There is no {what} file {path}: check the path."]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ((), "the following arguments are required: -c/--config"),
        (("--discover",), "the following arguments are required: -c/--config"),
        (("--config",), "argument -c/--config: expected one argument"),
        (("--config", "c", "--colour"), "unrecognized arguments: --colour"),
        (("--about", "--format", "xml"), "argument --format: invalid choice: 'xml' (choose from"),
    ],
)
def test_a_bad_flag_is_one_sentence_and_the_usage(flags: tuple[str, ...], sentence: str) -> None:
    done = subprocess.run([TAP, *flags], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"tap-zoom: error: {sentence}" in done.stderr
    assert "Traceback" not in done.stderr
