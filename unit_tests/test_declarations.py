"""What holds for every stream: each test runs over STREAMS, so a new stream brings its own."""

import ast
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import source_zoom
from integration_tests.harness import Json, cursor_of, inherits_of
from source_zoom.api.errors import RULES, Action
from source_zoom.api.rate_limits import PLANS
from source_zoom.engine.parents import Parent
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS
from source_zoom.streams.past import PastOccurrences

PACKAGE = Path(__file__).parent.parent / "source_zoom"
SCHEMAS = Path(str(source_zoom.__file__)).parent / "schemas"
MOST_LINES = 12
# From the bottom to the top; what a layer imports stands in it or below.
LAYERS = (
    ("exceptions", "config", "counts", "threads", "stdout", "process"),
    ("api",),
    ("progress_log", "engine"),
    ("streams",),
    ("estimate", "time_left"),
    ("source",),
    ("run", "__main__", "__init__"),
    ("singer",),
)

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
def test_keys_columns_row_ids_and_secrets_are_in_the_schema(stream: type[ZoomStream]) -> None:
    properties = schema_of(stream)["properties"]
    key = stream.key_fields()
    columns = [*key, *inherits_of(stream), *stream.row_id_fields, *stream.host_secrets]
    assert [column for column in columns if column not in properties] == []
    assert ("row_id" in key) == bool(stream.row_id_fields)


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
    # Of some endpoints nobody knows the granular scope.
    assert all(scope.endswith(":admin") for scope in endpoint.scopes if scope != "")
    assert {scope.count(":") for scope in (classic, *others)} == {2}
    assert granular.count(":") == 3 or granular == ""


def declared_lines(stream: type[ZoomStream]) -> int:
    """How many lines the attributes of a class take."""
    (body,) = ast.parse(inspect.getsource(stream)).body
    assert isinstance(body, ast.ClassDef)
    attributes = [node for node in body.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return sum((node.end_lineno or 0) - node.lineno + 1 for node in attributes)


@every_stream
def test_a_stream_is_a_declaration_of_a_few_lines(stream: type[ZoomStream]) -> None:
    assert 0 < declared_lines(stream) <= MOST_LINES


def ways_to(stream: type[ZoomStream]) -> Iterator[type[Parent]]:
    """What finds a stream's units by their days: its own months, or a parent that knows them."""
    for one in (stream, *stream.parent_classes()):
        if issubclass(one, PastOccurrences) or (issubclass(one, ZoomStream) and one.has_window()):
            yield one


with_a_cursor = pytest.mark.parametrize(
    "stream", [one for one in STREAMS if cursor_of(one)], ids=lambda stream: stream.stream_name()
)


@with_a_cursor
def test_a_stream_with_a_cursor_has_its_column_and_a_way_to_its_units(stream: type[ZoomStream]) -> None:
    column = schema_of(stream)["properties"][cursor_of(stream)]
    assert column["type"] == ["null", "string"]
    assert column["format"] in ("date-time", "date")
    assert len(list(ways_to(stream))) == 1


@with_a_cursor
def test_a_state_keeps_enough_of_a_unit_to_ask_for_it_again(stream: type[ZoomStream]) -> None:
    if parents := stream.parent_classes():
        inherits = inherits_of(stream)
        units = {field.removeprefix(f"{stream.items}.") for field in inherits.values()}
        assert units <= {field for parent in parents for field in fields_of(parent)}
        if not stream.is_asked_for():
            return
        keys = {key for parent in parents if issubclass(parent, ZoomStream) for key in parent.key_fields()}
        assert {*(keys or {"uuid"}), inherits[cursor_of(stream)]} <= set(inherits.values())


def fields_of(parent: type[Parent]) -> set[str]:
    """What there is in a parent's rows: in those of a stream all of its columns, and the fields in a list."""
    if not issubclass(parent, ZoomStream):
        return set(parent.parent_fields())
    if parent not in STREAMS:
        as_it_is = [one for one in STREAMS if not one.is_asked_for() and parent in one.parent_classes()]
        own = {*parent.parent_fields(), *parent.inherits, *parent.key_fields(), cursor_of(parent)}
        return own.union(*map(columns_of, as_it_is))
    return columns_of(parent)


def columns_of(parent: type[ZoomStream]) -> set[str]:
    """The columns of a stream, and the fields in their lists."""
    columns = schema_of(parent)["properties"]
    lists = [column["items"].get("properties", {}) for column in columns.values() if "items" in column]
    return {*columns, *(field for fields in lists for field in fields)}


@pytest.mark.parametrize("reason", sorted({one.refused_alike for one in STREAMS} - {""}))
def test_a_refusal_that_several_share_is_one_of_the_table_about_the_rows_of_a_list(reason: str) -> None:
    assert {rule.action for rule in RULES if rule.reason == reason} <= {Action.GONE, Action.WITHHELD}
    sharing = [one for one in STREAMS if one.refused_alike == reason]
    parents = Counter(parent for one in sharing for parent in one.parent_classes())
    assert min(parents.values()) > 1
    # Only the rows of such a list have a word, one for each unit.
    assert all(issubclass(parent, ZoomStream) and parent.months is None for parent in parents)
    assert not any(one.items for one in sharing)
    assert any(rule.reason == reason for rule in RULES)


def test_whoever_declares_a_cursor_has_one() -> None:
    assert [one for one in STREAMS if one.has_cursor() != bool(cursor_of(one))] == []


def sources() -> Iterator[tuple[str, ast.Module]]:
    """The name of each module below `source_zoom`, and what stands in it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if len(parts) > 1 and parts[-1] == "__init__":
            parts = parts[:-1]
        yield ".".join(parts), ast.parse(path.read_text())


SOURCES = dict(sources())
every_module = pytest.mark.parametrize("module", SOURCES)
below_the_source = pytest.mark.parametrize(
    "module", [name for name in SOURCES if name.partition(".")[0] in ("engine", "streams")]
)


def imported(module: str) -> set[str]:
    """The modules of ours that one imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(SOURCES[module]):
        match node:
            case ast.ImportFrom(module=name, names=names, level=level):
                assert level == 0, "a relative import"
                found |= {f"{name}.{one.name}" for one in names} if name == "source_zoom" else {str(name)}
            case ast.Import(names=names):
                found |= {one.name for one in names}
    return {name.removeprefix("source_zoom.") for name in found if name.startswith("source_zoom.")}


def layer_of(module: str) -> int:
    top = module.partition(".")[0]
    return next(number for number, layer in enumerate(LAYERS) if top in layer)


@every_module
def test_nothing_imports_from_a_layer_above(module: str) -> None:
    assert [name for name in imported(module) if layer_of(name) > layer_of(module)] == []


def test_every_layer_is_there() -> None:
    assert {layer_of(module) for module in SOURCES} == set(range(len(LAYERS)))


@pytest.mark.parametrize("module", [name for name in SOURCES if name.startswith("singer")])
def test_the_tap_knows_no_stream(module: str) -> None:
    assert [name for name in imported(module) if name.startswith(("streams", "engine.stream"))] == []


@below_the_source
def test_streams_know_no_http_status(module: str) -> None:
    for node in ast.walk(SOURCES[module]):
        match node:
            case ast.Compare() | ast.match_case():
                numbers = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
                assert not [number for number in numbers if isinstance(number, int) and 200 <= number < 600]
            case ast.Attribute(attr=name):
                assert name not in ("status", "status_code"), ast.unparse(node)


@every_module
def test_a_function_can_be_seen_at_once(module: str) -> None:
    functions = [node for node in ast.walk(SOURCES[module]) if isinstance(node, ast.FunctionDef)]
    lines = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert [name for name, number in lines.items() if number > 40] == []


@every_module
def test_only_the_rate_limits_sleep(module: str) -> None:
    calls = [node.func for node in ast.walk(SOURCES[module]) if isinstance(node, ast.Call)]
    is_sleeping = any(ast.unparse(call).rpartition(".")[2] == "sleep" for call in calls)
    assert is_sleeping == (module == "api.rate_limits")
