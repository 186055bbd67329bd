"""What Airbyte expects of any source, on what the process writes. The CDK's own tests: test_standards.py."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.test.standard_tests._spec_compatibility import compare_specs
from jsonschema import Draft7Validator

from integration_tests.acceptance import (
    EXPECTED_RECORDS,
    WITH_CURSOR,
    account,
    incremental_catalog,
    load,
    states,
)
from integration_tests.completeness import canonical
from integration_tests.conftest import STREAM_NAMES, Connector, Output, server_to_server
from integration_tests.harness import Json, cursor_of
from integration_tests.singer_harness import OLD_KEYS
from integration_tests.zoom_simulator import Simulator
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS

every_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.stream_name())
A_MONTH_AGO = date(2026, 10, 20)
with_a_cursor = pytest.mark.parametrize("stream", WITH_CURSOR, ids=lambda stream: stream.stream_name())


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with account() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Connector:
    return Connector(tmp_path_factory.mktemp("acceptance"))


@pytest.fixture(scope="module")
def catalog(source: Connector, simulator: Simulator) -> dict[str, Json]:
    streams = source.discover(server_to_server(simulator)).of("CATALOG")[0]["streams"]
    by_name = {stream["name"]: stream for stream in streams}
    assert len(by_name) == len(streams)
    return by_name


@pytest.fixture(scope="module")
def full_refresh(source: Connector, simulator: Simulator) -> Output:
    return source.read(server_to_server(simulator))


@pytest.fixture(scope="module")
def incremental(source: Connector, simulator: Simulator, catalog: dict[str, Json]) -> Output:
    return read_incrementally(source, simulator, catalog, states(A_MONTH_AGO))


@pytest.fixture(scope="module")
def from_the_future(source: Connector, simulator: Simulator, catalog: dict[str, Json]) -> Output:
    return read_incrementally(source, simulator, catalog, states(date(2031, 1, 1)))


def read_incrementally(
    source: Connector, simulator: Simulator, catalog: dict[str, Json], state: list[Json]
) -> Output:
    files = {
        "config": server_to_server(simulator),
        "catalog": incremental_catalog(catalog.values()),
        "state": state,
    }
    arguments: list[str | Path] = []
    for name, content in files.items():
        arguments += [f"--{name}", source.file(f"incremental_{name}.json", content)]
    return source.run("read", *arguments)


def test_saved_configs_of_the_released_spec_stay_valid(source: Connector) -> None:
    released = load("released_spec.json")
    spec = source.run("spec").of("SPEC")[0]
    assert compare_specs(released, spec).breaking == []
    # The same comparison sees what would break them.
    del spec["connectionSpecification"]["properties"]["lookback_days"]["default"]
    spec["connectionSpecification"]["properties"]["rate_limit_share"]["maximum"] = 50
    spec["connectionSpecification"]["required"].append("start_date")
    assert len(compare_specs(released, spec).breaking) == 2


@every_stream
def test_the_catalog_is_well_formed(catalog: dict[str, Json], stream: type[ZoomStream]) -> None:
    found = catalog[stream.stream_name()]
    Draft7Validator.check_schema(found["json_schema"])
    assert "$ref" not in json.dumps(found["json_schema"])
    columns = found["json_schema"]["properties"]
    key = [path[0] for path in found["source_defined_primary_key"]]
    assert set(key) <= set(columns)
    assert len(key) == len(set(key)) > 0
    modes = ["full_refresh", "incremental"] if stream in WITH_CURSOR else ["full_refresh"]
    assert found["supported_sync_modes"] == modes
    assert set(found.get("default_cursor_field", [])) <= set(columns)


@every_stream
def test_records_are_valid_and_have_keys(
    catalog: dict[str, Json], full_refresh: Output, stream: type[ZoomStream]
) -> None:
    found = catalog[stream.stream_name()]
    validator = Draft7Validator(found["json_schema"])
    keys = Counter[tuple[Any, ...]]()
    for record in full_refresh.records(stream.stream_name()):
        assert [error.message for error in validator.iter_errors(record)] == []
        assert set(record) <= set(found["json_schema"]["properties"])
        keys[tuple(record[path[0]] for path in found["source_defined_primary_key"])] += 1
    assert keys
    assert not any(part in (None, "") for key in keys for part in key)
    assert max(keys.values()) == 1


def test_the_expected_records_are_there(full_refresh: Output) -> None:
    expected = [json.loads(line) for line in EXPECTED_RECORDS.read_text().splitlines()]
    # Tap-zoom's streams were here from the first; nobody's tables have rows of a newer one's yet.
    assert set(OLD_KEYS) <= {record["stream"] for record in expected} <= set(STREAM_NAMES)
    for record in expected:
        assert record["data"] in full_refresh.records(record["stream"])


def test_two_full_refreshes_are_equal(source: Connector, simulator: Simulator, full_refresh: Output) -> None:
    again = source.read(server_to_server(simulator))
    for stream in STREAMS:
        name = stream.stream_name()
        assert canonical(again.records(name), set()) == canonical(full_refresh.records(name), set())


@with_a_cursor
def test_cursors_are_not_before_the_state_less_the_lookback(
    incremental: Output, full_refresh: Output, stream: type[ZoomStream]
) -> None:
    assert incremental.code == 0
    name, cursor = stream.stream_name(), cursor_of(stream)
    # Whose days Zoom means nobody knows, so what has days of its own is asked for one more.
    days = 3 if stream.months is not None else 2
    oldest = str(A_MONTH_AGO - timedelta(days=days))
    read = {record[cursor] for record in incremental.records(name)}
    everything = {record[cursor] for record in full_refresh.records(name)}
    assert min(everything) < oldest <= min(read)
    assert incremental.records(name)[0] in full_refresh.records(name)


def test_the_last_states_are_usable(
    source: Connector, simulator: Simulator, catalog: dict[str, Json], incremental: Output
) -> None:
    named = {state["stream"]["stream_descriptor"]["name"] for state in incremental.states}
    assert named == {stream.stream_name() for stream in WITH_CURSOR}
    again = read_incrementally(source, simulator, catalog, incremental.states)
    assert again.code == 0
    assert not any(log.startswith("WARN") for log in again.logs)
    # Nothing has happened since.
    assert again.record_counts.total() == 0 < incremental.record_counts.total()


@with_a_cursor
def test_a_state_in_the_future_is_warned_about_and_read_in_full(
    from_the_future: Output, full_refresh: Output, stream: type[ZoomStream]
) -> None:
    name = stream.stream_name()
    assert any(log.startswith("WARN") and name in log and "2031-01-01" in log for log in from_the_future.logs)
    assert canonical(from_the_future.records(name), set()) == canonical(full_refresh.records(name), set())
    (last,) = (s for s in from_the_future.states if s["stream"]["stream_descriptor"]["name"] == name)
    assert last["stream"]["stream_state"][cursor_of(stream)] < "2027"


@pytest.mark.parametrize(
    ("read", "stream"),
    [*(("full_refresh", stream) for stream in STREAMS), *(("incremental", stream) for stream in WITH_CURSOR)],
)
def test_messages_come_in_the_order_of_the_protocol(
    read: str, stream: type[ZoomStream], request: pytest.FixtureRequest
) -> None:
    seen = kinds_of(request.getfixturevalue(read), stream.stream_name())
    assert [kind for kind in seen if kind not in ("RECORD", "STATE")] == ["STARTED", "RUNNING", "COMPLETE"]
    assert seen[0] == "STARTED"
    assert seen.index("RUNNING") < seen.index("RECORD")
    assert seen[-2:] == ["STATE", "COMPLETE"]


def kinds_of(output: Output, stream: str) -> list[str]:
    """Records, states and stream statuses in the order in which they came."""
    seen = []
    for message in output.messages:
        match message:
            case {"type": "RECORD", "record": {"stream": name}} if name == stream:
                seen.append("RECORD")
            case {"type": "STATE", "state": {"stream": {"stream_descriptor": {"name": name}}}} if (
                name == stream
            ):
                seen.append("STATE")
            case {"trace": {"stream_status": {"stream_descriptor": {"name": name}, "status": status}}} if (
                name == stream
            ):
                seen.append(status)
    return seen
