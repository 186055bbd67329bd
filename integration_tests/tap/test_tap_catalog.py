"""What `tap-zoom` discovers, what a catalog selects of it, and the keys that streams have."""

import json

import pytest

from integration_tests.completeness import CLASSES, expected
from integration_tests.conftest import STREAM_NAMES, Start, server_to_server, still_clock
from integration_tests.harness import Json
from integration_tests.singer_harness import (
    INCREMENTAL,
    OLD_KEYS,
    TEXT_IDS,
    Tap,
    entry,
    field,
    root,
    selected,
)
from integration_tests.zoom_simulator import Simulator, Size
from source_zoom.streams import STREAMS

# The keys that a stream has by itself, and where tap-zoom has other ones.
OWN_KEYS = {stream.stream_name(): list(stream.key_fields()) for stream in STREAMS}
OTHER_KEYS = [name for name, keys in OLD_KEYS.items() if keys != OWN_KEYS[name]]
OWN_IDS = {
    ("meetings", "id"),
    ("webinars", "id"),
    ("report_meetings", "id"),
    ("report_webinars", "id"),
}
NO_CATALOG = 'The catalog is not a Singer catalog: it must be an object with "streams", a list.'
METADATA = (
    "The catalog's metadata of the stream 'users' must be a list of objects with a breadcrumb and metadata:"
    " discover again."
)
KEYS = "The catalog's key_properties of the stream 'users' must be a list of names: discover again."


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


def test_nothing_selected_is_one_state_and_a_warning(account: Simulator, tap: Tap, config: Json) -> None:
    before = len(account.journal.entries)
    output = tap.read(config, catalog=tap.catalog(config), state={"bookmarks": {"mine": 1}})
    assert output.code == 0
    assert output.messages == [
        {"type": "STATE", "value": {"currently_syncing": None, "bookmarks": {"mine": 1}}}
    ]
    assert output.log == [
        "WARNING The catalog selects no stream, so nothing is read: set selected to true in the metadata of"
        " each stream that you want, or leave the catalog out to read all of them."
    ]
    assert len(account.journal.entries) == before


def test_properties_is_an_older_name_of_catalog(tap: Tap, config: Json) -> None:
    catalog = tap.catalog(config, "users")
    output = tap.read(config, "--properties", tap.file("properties.json", catalog))
    assert {message["stream"] for message in output.of("SCHEMA")} == {"users"}


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
                f"{stream}: {lost} of {len(records)} records have the keys of another"
                f" ({', '.join(keys)}), so a table keeps one of them: key_mode lossless keeps all."
            )
    assert len(warnings) >= 5
    assert set(output.warnings) == warnings


@pytest.mark.parametrize("key_mode", ["lossless", "tap_zoom"])
def test_an_id_has_one_type_or_that_of_tap_zoom(tap: Tap, config: Json, key_mode: str) -> None:
    """A number everywhere, so that tables can be joined; text where tap-zoom's tables have it so."""
    types = {
        (stream["stream"], name): (set(column["type"]) - {"null"}).pop()
        for stream in tap.catalog({**config, "key_mode": key_mode})["streams"]
        for name, column in stream["schema"]["properties"].items()
        if name in ("meeting_id", "webinar_id") or (stream["stream"], name) in OWN_IDS
    }
    assert {stream for stream, _ in types} > TEXT_IDS | {"meetings", "webinars"}
    for (stream, name), kind in types.items():
        is_text = key_mode == "tap_zoom" and stream in TEXT_IDS and name != "id"
        assert kind == ("string" if is_text else "integer"), f"{stream}.{name}"


@pytest.mark.parametrize("key_mode", ["lossless", "tap_zoom"])
def test_registrants_join_their_webinars(tap: Tap, config: Json, key_mode: str) -> None:
    config = {**config, "key_mode": key_mode}
    output = tap.read(config, catalog=tap.catalog(config, "webinars", "webinar_registrants", "meetings"))
    webinars = {record["id"] for record in output.records("webinars")}
    registrants = {record["webinar_id"] for record in output.records("webinar_registrants")}
    meetings = output.records("meetings")
    of_both = int if key_mode == "lossless" else str
    assert registrants
    assert registrants <= {of_both(number) for number in webinars}
    assert [record["meeting_id"] for record in meetings] == [of_both(record["id"]) for record in meetings]


def test_old_keys_that_are_null_become_empty(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=2), clock=still_clock(), plan="unlimited")
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
