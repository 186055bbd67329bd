"""The parts of docs/zoom.md that follow from the declarations, from the form and from the messages."""

import json
from collections.abc import Iterator, Mapping
from itertools import chain, groupby
from pathlib import Path
from typing import Any

from airbyte_cdk.sources.utils.casing import camel_to_snake

import source_zoom
from scripts.docs.markdown import code, put, table
from scripts.docs.messages import messages
from scripts.docs.model import schema_of
from source_zoom.api.scopes import Permissions
from source_zoom.engine.stream import ACCOUNT_AGE, ZoomStream
from source_zoom.source import with_parents
from source_zoom.streams import STREAMS
from source_zoom.streams.past import PastOccurrences
from source_zoom.streams.users import Users

Json = Mapping[str, Any]


def page(text: str) -> str:
    """The page with these parts as they have to be; the rest is somebody's own words."""
    for name, part in (
        ("scopes", f"\n{scopes()}"),
        ("classic scopes", code(_classic())),
        ("config", f"\n{config()}"),
        ("cursors", code(_cursors())),
        ("streams", f"\n{streams()}"),
        ("messages", f"\n{messages()}"),
    ):
        text = put(text, name, part)
    return text


def _endpoints() -> list[type[ZoomStream]]:
    """All that is asked for: streams, and the lists that lead to them."""
    found = (kind for kind in with_parents(STREAMS) if issubclass(kind, ZoomStream))
    return sorted(found, key=lambda kind: kind.__name__)


def _granular() -> list[str]:
    return sorted({kind.scopes[1] for kind in _endpoints()} - {""})


def _classic() -> list[str]:
    return sorted({kind.scopes[0] for kind in _endpoints()})


def _cursors() -> list[str]:
    return list(dict.fromkeys(str(stream.cursor_field) for stream in STREAMS if stream.has_cursor()))


def scopes() -> str:
    """Granular scopes by product, as Zoom's page for adding them has them, each product to be copied."""
    return "\n".join(
        f"{product.replace('_', ' ').capitalize()}:\n\n```\n{chr(10).join(found)}\n```\n"
        for product, found in groupby(_granular(), key=lambda scope: scope.partition(":")[0])
    )


# Config


def config() -> str:
    """The fields of the form, those that it hides included."""
    spec = json.loads(Path(str(source_zoom.__file__)).with_name("spec.json").read_text())
    form = spec["connectionSpecification"]
    rows = (_fields(name, field, form["required"]) for name, field in form["properties"].items())
    return table(["key", "meaning", "default"], chain.from_iterable(rows))


def _fields(name: str, field: Json, required: list[str]) -> Iterator[list[str]]:
    default = f"`{_text(field['default'])}`" if "default" in field else "none"
    yield [f"`{name}`", _meaning(field), "required" if name in required else default]
    for option in field.get("oneOf", ()):
        kind = option["properties"]["auth_type"]["const"]
        keys = [key for key in option["properties"] if key != "auth_type"]
        yield [f"`{name}`: `auth_type` `{kind}`", f"{option['description']} Keys: {code(keys)}.", ""]


def _meaning(field: Json) -> str:
    values = field.get("enum") or field.get("items", {}).get("enum") or ()
    limits = f"{field['minimum']} to {field['maximum']}" if "maximum" in field else ""
    hidden = "hidden in the UI" if field.get("airbyte_hidden") else ""
    more = "; ".join(filter(None, (", ".join(f"`{value}`" for value in values), limits, hidden)))
    return f"{field['title']}. {field['description']}" + (f" ({more})" if more else "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


# Streams


def streams() -> str:
    """A row for each stream."""
    head = ["stream", "what a row is", "primary key", "cursor", "requests", "rate limit"]
    return table([*head, f"scopes, besides `{Users.scopes[1]}`"], map(_stream, STREAMS))


def _stream(stream: type[ZoomStream]) -> list[str]:
    name = stream.stream_name()
    return [
        f"[`{name}`](data-model.md#{name})",
        schema_of(stream)["description"].removesuffix("."),
        ", ".join(stream.key_fields()),
        str(stream.cursor_field) if stream.has_cursor() else "none",
        _requests(stream),
        stream.rate_limit,
        _scopes(stream),
    ]


def _scopes(stream: type[ZoomStream]) -> str:
    """What the app needs for the stream and what leads there, however past occurrences are found."""
    granted = set(_granular())
    needed = {scope for scope in granted if stream.missing_scopes(Permissions(granted - {scope}))}
    others = sorted(needed - {Users.scopes[1]})
    if not others:
        return f"`{Users.scopes[1]}`" if needed else "none is known: see [above](#scopes)"
    return code(others) + ("" if stream.missing_scopes(Permissions(set(others))) else " alone")


def _requests(stream: type[ZoomStream]) -> str:
    """What a full refresh asks for the stream itself."""
    if not stream.is_asked_for():
        return "none besides what [leads to it](#performance-considerations)"
    unit, variants = _unit(stream), len(stream.query_variants)
    has_pages = stream.page_size and stream.record_key
    if variants > 1:
        asked = f"{variants} for each {unit}, more beyond {stream.page_size} rows of a kind"
    elif has_pages:
        asked = f"1 for {stream.page_size} rows" + (f" of a {unit}" if unit else "")
    else:
        asked = f"1 for each {unit}" if unit else "1"
    if stream.report_type:
        asked += " that has some, and for [every tenth of the others](#how-past-occurrences-are-found)"
    return "; ".join([asked, *_more(stream)])


def _unit(stream: type[ZoomStream]) -> str:
    """What the stream is asked for: a month, a row of another stream, or an item in one."""
    if stream.months is not None:
        return "calendar month"
    if stream.in_order:
        return "status"
    if stream.items:
        return _one_of(stream.items)
    for parent in stream.parent_classes():
        is_past = issubclass(parent, PastOccurrences)
        return "past occurrence" if is_past else _one_of(camel_to_snake(parent.__name__))
    return ""


def _one_of(name: str) -> str:
    """A row of a list, in a word or two, without what says how the list is asked for."""
    words = name.removeprefix("user_").removeprefix("listed_").removesuffix("_history").replace("_", " ")
    return f"{words[:-3]}y" if words.endswith("ies") else words.removesuffix("s")


def _more(stream: type[ZoomStream]) -> Iterator[str]:
    if stream.months == ACCOUNT_AGE:
        yield "1 for each month in the search for the oldest"
    if stream.refused_alike:
        alike = [
            other.stream_name()
            for other in STREAMS
            if other is not stream
            and other.refused_alike == stream.refused_alike
            and other.parent_classes() == stream.parent_classes()
        ]
        yield f"1 where {stream.refused_alike}, shared with {code(alike)}"
