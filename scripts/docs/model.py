"""The data model by the streams' declarations and schemas: what each holds, and how they join."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from airbyte_cdk.sources.utils.casing import camel_to_snake

from source_zoom.engine.parents import Parent
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS
from source_zoom.streams.users import Users

Json = Mapping[str, Any]

# How the schemas describe a column that holds the id of a user, or the key of another stream's rows.
OF_USER = re.compile(r"\buser ID(?: of |, as in )", re.IGNORECASE)
OF_STREAM = re.compile(r"\bthe `(\w+)` of `(\w+)`")
FORMATS = {"date-time": "timestamp", "date": "date"}


class Column(NamedTuple):
    """`path` has the names of the objects and lists around it, with a dot between them."""

    path: str
    type: str
    description: str


class Join(NamedTuple):
    """A column that holds the key of another stream's rows."""

    column: str
    stream: str
    key: str


@dataclass(frozen=True)
class Entity:
    """What a stream holds, and whose rows its own belong to; `subject` is what they are about."""

    name: str
    subject: str
    module: str
    description: str
    key: Sequence[str]
    cursor: str
    columns: Sequence[Column]
    joins: Sequence[Join]
    parent: Join | None


@dataclass(frozen=True)
class Subject:
    """Streams that belong together: all join the first, or none of them joins any."""

    title: str
    entities: Sequence[Entity]
    depth: int = 0


def subjects() -> list[Subject]:
    """All streams, each in one subject; a subject stands behind the one that it joins."""
    found = {stream.stream_name(): _entity(stream) for stream in STREAMS}
    parents = {name: one.parent.stream if one.parent else "" for name, one in found.items()}
    leading = [name for name in found if name in parents.values()]

    def below(parent: str, depth: int = 0) -> Iterator[Subject]:
        for name in leading:
            if parents[name] == parent:
                rest = [one for one in found if parents[one] == name and one not in leading]
                yield Subject(found[name].subject, [found[one] for one in (name, *rest)], depth)
                yield from below(name, depth + 1)

    alone: defaultdict[str, list[Entity]] = defaultdict(list)
    for name, one in found.items():
        if not parents[name] and name not in leading:
            alone[one.module].append(one)
    return [*below(""), *(Subject(module, rest) for module, rest in alone.items())]


def schema_of(stream: type[ZoomStream]) -> Json:
    """The schema of the catalog, with all that it refers to."""
    found: Json = stream.get_json_schema.__wrapped__(object.__new__(stream))
    return found


def _entity(stream: type[ZoomStream]) -> Entity:
    schema = schema_of(stream)
    joins = _joins(stream, schema["properties"])
    # A column that only says where else to look makes no child.
    belongs = (*stream.inherits, *stream.key_fields())
    parents = (join for join in joins if join.column in belongs or join.stream == Users.stream_name())
    return Entity(
        stream.stream_name(),
        _subject(stream),
        stream.__module__.rpartition(".")[2].capitalize(),
        schema["description"],
        stream.key_fields(),
        str(stream.cursor_field) if stream.has_cursor() else "",
        list(_columns(schema)),
        joins,
        next(parents, None),
    )


def _subject(stream: type[ZoomStream]) -> str:
    """How a subject is called that begins with this stream: like what its rows were found among."""
    among = next((one for one in stream.parent_classes() if not issubclass(one, ZoomStream)), stream)
    return camel_to_snake(among.__name__).replace("_", " ").capitalize()


def _columns(schema: Json, path: str = "") -> Iterator[Column]:
    """The columns, each followed by what is inside of it."""
    for name, found in schema.get("properties", {}).items():
        yield Column(path + name, _type(found), found["description"])
        yield from _columns(found, f"{path}{name}.")
        yield from _columns(found.get("items", {}), f"{path}{name}.")


def _type(schema: Json) -> str:
    """What a column is, in a word: what it is as a text where that is more than a text."""
    (kind,) = {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"]) - {"null"}
    if kind == "array":
        return f"list of {_type(schema['items'])}s"
    return FORMATS.get(schema.get("format", ""), str(kind))


def _joins(stream: type[ZoomStream], columns: Json) -> list[Join]:
    """Whose keys the columns hold: what is inherited first, then by their names and descriptions."""
    found = dict(_inherited(stream))
    names = {
        column: join
        for other in STREAMS
        for column, join in _inherited(other)
        # Zoom's `user_id` is also a number within a meeting.
        if join.stream != Users.stream_name()
    }
    for column, schema in columns.items():
        join = names.get(column) or _described(column, schema["description"])
        if join and join.stream != stream.stream_name():
            found.setdefault(column, join)
    return list(found.values())


def _described(column: str, description: str) -> Join | None:
    if OF_USER.search(description):
        return _to(Users, column)
    if said := OF_STREAM.search(description):
        return Join(column, said[2], said[1])
    return None


def _inherited(stream: type[ZoomStream]) -> Iterator[tuple[str, Join]]:
    for column, field in stream.inherits.items():
        for parent in stream.parent_classes():
            target = _whose_key(parent, field)
            if target and target is not stream:
                yield column, _to(target, column)


def _to(target: type[ZoomStream], column: str) -> Join:
    return Join(column, target.stream_name(), *target.key_fields())


def _whose_key(parent: type[Parent], field: str) -> type[ZoomStream] | None:
    """The stream of whose rows a field of a parent's rows is the key."""
    for stream in STREAMS:
        if _key_among(stream, parent) == field:
            return stream
    if issubclass(parent, ZoomStream):
        if field not in parent.inherits:
            return None
        field = parent.inherits[field]
    found = (_whose_key(one, field) for one in parent.parent_classes())
    return next(filter(None, found), None)


def _key_among(stream: type[ZoomStream], parent: type[Parent]) -> str:
    """The field of a parent's rows that is the key of a stream with one row for each; "" for others."""
    key, *more = stream.key_fields()
    if more or stream is parent:
        return "" if more else key
    if parent not in stream.parent_classes() or stream.record_key:
        return ""
    return stream.inherits.get(key) or (key if key in stream.inherits.values() else "")
