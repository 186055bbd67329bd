"""What holds for every stream: each test runs over STREAMS, so a new stream brings its own."""

import logging
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from integration_tests.harness import Json, inherits_of
from source_zoom.api.rate_limits import PLANS
from source_zoom.engine.stream import Parent, ZoomStream
from source_zoom.source import SourceZoom
from source_zoom.streams import STREAMS

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "source_zoom" / "schemas"

every_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.stream_name())


def ancestors(stream: type[Parent]) -> list[type[Parent]]:
    return [stream, *(a for parent in stream.parent_classes() for a in ancestors(parent))]


ENDPOINTS: list[type[ZoomStream]] = sorted(
    {a for stream in STREAMS for a in ancestors(stream) if issubclass(a, ZoomStream)},
    key=lambda endpoint: endpoint.__name__,
)
every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.__name__)


def schema_of(stream: type[ZoomStream]) -> Json:
    return dict(stream.get_json_schema.__wrapped__(object.__new__(stream)))


def test_streams_and_schema_files_are_the_same_set() -> None:
    assert {stream.stream_name() for stream in STREAMS} == {path.stem for path in SCHEMAS.glob("*.json")}


@every_stream
def test_keys_columns_and_secrets_are_in_the_schema(stream: type[ZoomStream]) -> None:
    properties = schema_of(stream)["properties"]
    key = stream.key_fields()
    columns = [*key, *inherits_of(stream), *stream.identity, *stream.host_secrets]
    assert [column for column in columns if column not in properties] == []
    assert ("row_id" in key) == bool(stream.identity)


@every_stream
def test_every_field_is_nullable_described_and_open(stream: type[ZoomStream]) -> None:
    def check(schema: Json, path: str) -> None:
        assert schema["type"][0] == "null", path
        assert schema.get("additionalProperties", True) is True, path
        for name, child in schema.get("properties", {}).items():
            assert child.get("description"), f"{path}.{name}"
            check(child, f"{path}.{name}")
        if "items" in schema:
            check(schema["items"], f"{path}[]")

    schema = schema_of(stream)
    assert "$ref" not in str(schema)
    check({**schema, "type": ["null", "object"]}, stream.stream_name())


@every_endpoint
def test_an_endpoint_is_declared_completely(endpoint: type[ZoomStream]) -> None:
    names = {name for _, name, _, _ in Formatter().parse(endpoint.endpoint) if name}
    assert names <= set(inherits_of(endpoint))
    assert not endpoint.endpoint.startswith("/")
    assert endpoint.rate_limit in PLANS["pro"]
    assert re.match(r"https://developers\.zoom\.us/docs/api/\S+", endpoint.__doc__ or "")
    classic, granular, *others = endpoint.scopes
    assert all(scope.endswith(":admin") for scope in endpoint.scopes)
    assert {scope.count(":") for scope in (classic, *others)} == {2}
    assert granular.count(":") == 3


@every_endpoint
def test_the_consent_screen_asks_for_the_scope(endpoint: type[ZoomStream]) -> None:
    auth: Any = SourceZoom().spec(logging.getLogger()).advanced_auth
    consent = auth.oauth_config_specification.oauth_connector_input_specification
    assert endpoint.scopes[1] in consent.scope.split()
