"""Brings records into the types of a Singer schema, and widens the schema where it does not know them.

Targets check each record against its SCHEMA, and most end the whole pipeline when one does not fit.
"""

import logging
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

import orjson

logger = logging.getLogger("airbyte.source_zoom")

Json = dict[str, Any]
Path = tuple[str, ...]

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)").fullmatch
CLASSES: dict[str, set[type]] = {
    "string": {str},
    "integer": {int},
    "number": {int, float},
    "boolean": {bool},
    "array": {list},
    "object": {dict},
}
TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}


class Value:
    """One place of a schema: a column, a field of an object, or the items of an array."""

    def __init__(
        self, schema: Json, path: Path, dropped: Collection[Path], widened: Callable[[], None]
    ) -> None:
        self._schema = schema
        self._path = path
        self._widened = widened
        self._has_warned = False
        # The types that need no look at the value.
        self.plain: set[type] = set()
        self._items: Value | None = None
        self._object: Object | None = None
        if schema.get("items"):
            self._items = Value(schema["items"], (*path, "items"), dropped, widened)
        if "properties" in schema:
            self._object = Object(schema, path, dropped, widened)
        self._set_types()

    def _set_types(self) -> None:
        types = self._schema.get("type", list(CLASSES))
        self._types = [types] if isinstance(types, str) else types
        self._is_time = self._schema.get("format") == "date-time"
        self._classes: set[type] = {kind for name in self._types for kind in CLASSES.get(name, ())}
        looked_into: dict[type, object] = {list: self._items, dict: self._object, str: self._is_time}
        self.plain.clear()
        self.plain |= {type(None), *(kind for kind in self._classes if not looked_into.get(kind))}

    def conform(self, value: Any) -> Any:
        """The value in this place's type; without loss, or the type becomes wider."""
        kind = type(value)
        if kind is str and self._is_time:
            return self._time(value)
        if kind in self.plain:
            return value
        if value == "" and "string" not in self._types:
            return None
        if kind not in self._classes:
            value = self._converted(value)
        if self._is_time and isinstance(value, str):
            return self._time(value)
        if self._items and isinstance(value, list):
            return [self._items.conform(item) for item in value]
        if self._object and isinstance(value, dict):
            self._object.conform(value)
        return value

    def _converted(self, value: Any) -> Any:
        for name in self._types:
            converted = _convert(value, name)
            if converted is not None:
                return converted
        self._schema["type"] = [*self._types, TYPES[type(value)]]
        self._set_types()
        self._widened()
        return value

    def _time(self, value: str) -> str | None:
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            if not self._has_warned:
                logger.warning(f"{'.'.join(self._path)} holds what is no date-time; such values become null.")
                self._has_warned = True
            return None
        if RFC_3339(value):
            return value
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


class Object:
    """An object of a schema, a whole record first of all."""

    def __init__(
        self, schema: Json, path: Path, dropped: Collection[Path], widened: Callable[[], None]
    ) -> None:
        self._properties: Json = schema["properties"]
        self._path = path
        self._all_dropped = dropped
        self._widened = widened
        self._dropped = {name for name in self._properties if (*path, "properties", name) in dropped}
        for name in self._dropped:
            del self._properties[name]
        self._values = {name: self._value(name) for name in self._properties}
        self._plain = {name: value.plain for name, value in self._values.items()}

    def conform(self, record: Json) -> None:
        """Change a record in place: types, what is not selected, and fields that the schema does not know."""
        plain = self._plain
        for name, value in [(name, v) for name, v in record.items() if type(v) not in plain.get(name, ())]:
            place = self._values.get(name) or self._add(name, value)
            if place:
                record[name] = place.conform(value)
            else:
                del record[name]

    def _add(self, name: str, value: Any) -> Value | None:
        """A place for a field that the schema does not know; none for one that is not wanted."""
        if name in self._dropped or value is None:
            return None
        self._properties[name] = {"type": ["null", TYPES[type(value)]]}
        place = self._values[name] = self._value(name)
        self._plain[name] = place.plain
        self._widened()
        return place

    def _value(self, name: str) -> Value:
        path = (*self._path, "properties", name)
        return Value(self._properties[name], path, self._all_dropped, self._widened)


def _convert(value: Any, name: str) -> Any:
    """The value as another JSON type; None where that would change what it says."""
    if name == "string":
        return orjson.dumps(value).decode()
    if name == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    # orjson writes no integer beyond 64 bits, and from 2**53 on a float may stand for its neighbours.
    if name == "integer" and isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    # A float keeps 15 digits.
    if name == "number" and isinstance(value, str) and re.fullmatch(r"(?=.{1,15}$)-?\d+(\.\d+)?", value):
        return float(value)
    if name == "boolean" and value in ("true", "false"):
        return value == "true"
    return None
