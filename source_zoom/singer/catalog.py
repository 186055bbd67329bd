"""The Singer catalog: made out of Airbyte's for `--discover`, and read back with what the user selected.

https://github.com/singer-io/getting-started/blob/master/docs/DISCOVERY_MODE.md
"""

import copy
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from typing import Any

import orjson
from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)

from source_zoom.exceptions import ConfigError
from source_zoom.singer.conform import Json, Path

logger = logging.getLogger("airbyte.source_zoom")

FULL_TABLE, INCREMENTAL = "FULL_TABLE", "INCREMENTAL"

# What is peculiar to tap-zoom's streams; a stream that it never had is offered as it is.
COMPAT: Mapping[str, Json] = orjson.loads(files("source_zoom.singer").joinpath("compat.json").read_bytes())


class KeyMode(Enum):
    """Which key_properties the streams have, and whether an id is a number in every stream."""

    LOSSLESS = "lossless"
    TAP_ZOOM = "tap_zoom"


@dataclass(frozen=True)
class TapStream:
    """A stream as the tap offers it; `schema` is its own copy.

    `copies` are columns that hold the same as another: {column: the column they are taken from}.
    """

    airbyte: AirbyteStream
    keys: Sequence[str]
    schema: Json
    copies: Mapping[str, str]

    @property
    def name(self) -> str:
        return str(self.airbyte.name)

    @property
    def cursor_field(self) -> str | None:
        return self.airbyte.default_cursor_field[0] if self.airbyte.default_cursor_field else None

    def entry(self) -> Json:
        """What `--discover` shows of it."""
        root = {"inclusion": "available", "table-key-properties": self.keys}
        if parent := COMPAT.get(self.name, {}).get("parent"):
            root["parent-tap-stream-id"] = parent
        if self.cursor_field:
            root["valid-replication-keys"] = [self.cursor_field]
        else:
            root["forced-replication-method"] = FULL_TABLE
        automatic = {*self.keys, self.cursor_field}
        return {
            "tap_stream_id": self.name,
            "stream": self.name,
            "key_properties": self.keys,
            "schema": self.schema,
            "metadata": [{"breadcrumb": [], "metadata": root}]
            + [
                {
                    "breadcrumb": ["properties", name],
                    "metadata": {"inclusion": "automatic" if name in automatic else "available"},
                }
                for name in self.schema["properties"]
            ],
        }


@dataclass(frozen=True)
class Selection:
    """What the user wants of a stream: how it is read, and the fields to leave out."""

    stream: TapStream
    method: str
    dropped: frozenset[Path] = frozenset()


def tap_streams(streams: Iterable[AirbyteStream], key_mode: KeyMode) -> list[TapStream]:
    """Airbyte's streams with tap-zoom's columns, and with the keys and the types of the `key_mode`."""
    return [_tap_stream(stream, key_mode) for stream in streams]


def _tap_stream(stream: AirbyteStream, key_mode: KeyMode) -> TapStream:
    compat = COMPAT.get(stream.name, {})
    keys = [part for path in stream.source_defined_primary_key or [] for part in path]
    schema = copy.deepcopy(dict(stream.json_schema))
    copies = {}
    for path, column in compat.get("columns", {}).items():
        *parents, name = path.split(".")
        properties = schema["properties"]
        for parent in parents:
            properties = properties[parent]["items"]["properties"]
        properties[name] = {**properties.get(name, {}), **column, "type": ["null", column["type"]]}
        if source := properties[name].pop("from", None):
            copies[name] = source
    if key_mode is KeyMode.TAP_ZOOM:
        keys = compat.get("key_properties", keys)
        for name in compat.get("text", ()):
            schema["properties"][name]["type"] = ["null", "string"]
    for name in keys:
        field = schema["properties"][name]
        field["type"] = [kind for kind in field["type"] if kind != "null"]
    return TapStream(stream, keys, schema, copies)


def select(catalog: Any, streams: Sequence[TapStream]) -> list[Selection]:
    """What a catalog file selects, in its own order. Raises ConfigError where it makes no sense."""
    entries = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError('The catalog is not a Singer catalog: it must be an object with "streams", a list.')
    offered = {stream.name: stream for stream in streams}
    selected = {}
    for entry in entries:
        name = entry.get("tap_stream_id") or entry.get("stream")
        _check(name, entry)
        metadata = _metadata(name, entry)
        # As singer-python's CatalogEntry.is_selected.
        if not ((entry.get("schema") or {}).get("selected") or metadata.get((), {}).get("selected")):
            continue
        if name not in offered:
            raise ConfigError(
                f"The catalog selects the stream {name!r}, which this tap does not have: discover again."
            )
        selected[name] = _selection(offered[name], metadata, entry)
    return list(selected.values())


def _check(name: Any, entry: Json) -> None:
    if not isinstance(name, str):
        raise ConfigError(f"The catalog's tap_stream_id {name!r} must be a stream's name: discover again.")
    keys = entry.get("key_properties") or []
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ConfigError(
            f"The catalog's key_properties of the stream {name!r} must be a list of names: discover again."
        )
    if not isinstance(entry.get("schema") or {}, dict):
        raise ConfigError(f"The catalog's schema of the stream {name!r} must be an object: discover again.")


def _metadata(name: str, entry: Json) -> dict[Path, Json]:
    try:
        return {tuple(part["breadcrumb"]): dict(part["metadata"]) for part in entry.get("metadata") or []}
    except (TypeError, KeyError, ValueError):
        raise ConfigError(
            f"The catalog's metadata of the stream {name!r} must be a list of objects with a breadcrumb and"
            " metadata: discover again."
        ) from None


def _selection(stream: TapStream, metadata: Mapping[Path, Json], entry: Json) -> Selection:
    root = metadata.get((), {})
    method = root.get("replication-method") or entry.get("replication_method")
    if method not in (None, FULL_TABLE, INCREMENTAL):
        raise ConfigError(
            f"The catalog's replication-method of the stream {stream.name!r} is {method!r}: it must be"
            f" {FULL_TABLE} or {INCREMENTAL}."
        )
    if not stream.cursor_field and method == INCREMENTAL:
        logger.warning(f"{stream.name} cannot be read incrementally: Zoom cannot say what changed.")
    keys = entry.get("key_properties") or stream.keys
    if list(keys) != list(stream.keys):
        logger.warning(
            f"{stream.name} has the keys {', '.join(stream.keys)}, and the catalog says {', '.join(keys)}."
            " Tables that exist with other keys may refuse its records: see key_mode in the documentation."
        )
    automatic = {("properties", name) for name in (*stream.keys, stream.cursor_field)}
    return Selection(
        stream,
        FULL_TABLE if not stream.cursor_field else method or INCREMENTAL,
        frozenset(path for path, field in metadata.items() if path and _is_dropped(field)) - automatic,
    )


def _is_dropped(field: Json) -> bool:
    # As singer-python's Transformer: what is automatic stays, and without `selected` a field does, too.
    inclusion = field.get("inclusion")
    return inclusion == "unsupported" or (inclusion != "automatic" and field.get("selected") is False)


def configured(selections: Iterable[Selection]) -> ConfiguredAirbyteCatalog:
    """The same as the catalog of an Airbyte read."""
    return ConfiguredAirbyteCatalog(
        streams=[
            ConfiguredAirbyteStream(
                stream=selection.stream.airbyte,
                sync_mode=SyncMode.incremental if selection.method == INCREMENTAL else SyncMode.full_refresh,
                destination_sync_mode=DestinationSyncMode.append,
            )
            for selection in selections
        ]
    )
