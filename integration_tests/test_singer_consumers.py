"""`tap-zoom` with the targets that people use, and against the tap-zoom of others. `make singer` runs it."""

import ast
import csv
import json
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration_tests.completeness import CLASSES, canonical, expected
from integration_tests.conftest import STREAM_NAMES, oauth, server_to_server, still_clock
from integration_tests.harness import TAP, Json
from integration_tests.postgresql import postgresql, table
from integration_tests.singer_harness import INCREMENTAL, as_singer
from integration_tests.zoom_simulator import Simulator, Size

pytestmark = pytest.mark.singer

ROOT = Path(__file__).parent.parent
CONSUMERS = ROOT / ".singer"
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
SECONDS = 300

# Prints each table of a DuckDB file as JSON lines, with the duckdb that has written it.
DUMP = """
import duckdb, json, sys
tables = duckdb.connect(sys.argv[1], read_only=True)
for (name,) in tables.execute("show tables").fetchall():
    found = tables.execute(f'select * from "{name}"')
    columns = [column[0] for column in found.description]
    for row in found.fetchall():
        print(json.dumps({"table": name, "row": dict(zip(columns, row))}, default=str))
"""


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with Simulator(1, Size(users=3), clock=still_clock(), plan="unlimited") as simulator:
        yield simulator


# The account's summaries reach farther back than the simulator's truth about them.
FOR_MELTANO = INCREMENTAL - {"meeting_summaries"}


@pytest.fixture
def long_history() -> Iterator[Simulator]:
    """An account with so many past occurrences that those of the last days are few."""
    size = Size(users=4, past_occurrences=60, participants=2, registrants=1)
    with Simulator(1, size, clock=still_clock(), plan="unlimited") as simulator:
        yield simulator


@pytest.fixture(scope="module")
def messages(account: Simulator, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the tap says about the whole account."""
    config = tmp_path_factory.mktemp("tap") / "config.json"
    config.write_text(json.dumps(server_to_server(account)))
    done = subprocess.run([TAP, "--config", config], stdout=subprocess.PIPE, text=True, timeout=SECONDS)
    assert done.returncode == 0
    return done.stdout


def consume(consumer: str, command: str, folder: Path, messages: str, config: Json | None = None) -> str:
    """Run a target on the messages. Returns what it wrote to stdout."""
    arguments = []
    if config is not None:
        (folder / "target.json").write_text(json.dumps(config))
        arguments = ["--config", "target.json"]
    program = CONSUMERS / consumer / "bin" / command
    done = subprocess.run(
        [program, *arguments], input=messages, capture_output=True, text=True, cwd=folder, timeout=SECONDS
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def rows(account: Simulator, stream: str) -> list[Json]:
    return [as_singer(stream, row) for row in expected(account, CLASSES[stream])]


def text(value: Any) -> str:
    """A value as text, without what targets change: types, the form of instants, of lists and of objects."""
    if isinstance(value, str) and value.startswith(("[", "{")):
        # target-csv writes lists and objects as Python does.
        try:
            value = json.loads(value)
        except ValueError:
            value = ast.literal_eval(re.sub(r"Decimal\('([^']+)'\)", r"\1", value))
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, str) and INSTANT.fullmatch(value):
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return "" if value is None else str(value).lower()


def as_text(found: list[Json]) -> Counter[tuple[tuple[str, str], ...]]:
    """Rows as text, without the columns that are empty and those that a comparison leaves out."""
    leave_out = {"row_id"}
    return Counter(
        tuple(
            sorted(
                (name, text(value))
                for name, value in row.items()
                if name not in leave_out and not name.startswith("_sdc") and text(value) not in ("", "[]")
            )
        )
        for row in found
    )


def assert_holds(account: Simulator, stream: str, found: list[Json]) -> None:
    """A target holds the account's rows of a stream: as many, and each column's value."""
    want, got = as_text(rows(account, stream)), as_text(found)
    assert want.total() > 0
    assert list((want - got).elements())[:1] == []
    assert list((got - want).elements())[:1] == []


def test_singer_check_tap_finds_nothing_to_say(account: Simulator, messages: str, tmp_path: Path) -> None:
    report = consume("singer-tools", "singer-check-tap", tmp_path, messages)
    for stream in STREAM_NAMES:
        number = len(rows(account, stream))
        assert number > 0
        assert re.search(rf"\| {stream} +\| {number} +\|", report)


def test_target_jsonl(account: Simulator, messages: str, tmp_path: Path) -> None:
    config = {"destination_path": str(tmp_path), "do_timestamp_file": False}
    consume("target-jsonl", "target-jsonl", tmp_path, messages, config)
    for stream in STREAM_NAMES:
        found = [json.loads(line) for line in (tmp_path / f"{stream}.jsonl").read_text().splitlines()]
        assert found
        assert canonical(found, {"row_id"}) == canonical(rows(account, stream))


def test_target_csv(account: Simulator, messages: str, tmp_path: Path) -> None:
    consume("target-csv", "target-csv", tmp_path, messages, {"output_path": str(tmp_path)})
    for stream in STREAM_NAMES:
        with (tmp_path / f"{stream}.csv").open(newline="") as file:
            assert_holds(account, stream, list(csv.DictReader(file)))


def test_target_duckdb(account: Simulator, messages: str, tmp_path: Path) -> None:
    file = str(tmp_path / "zoom.duckdb")
    config = {"path": file, "filepath": file, "default_target_schema": "main"}
    consume("target-duckdb", "target-duckdb", tmp_path, messages, config)
    python = CONSUMERS / "target-duckdb" / "bin" / "python"
    dump = subprocess.run([python, "-c", DUMP, file], capture_output=True, text=True, check=True).stdout
    tables = defaultdict(list)
    for line in dump.splitlines():
        found = json.loads(line)
        tables[found["table"]].append(found["row"])
    for stream in STREAM_NAMES:
        assert_holds(account, stream, tables[stream])


def test_target_postgres(account: Simulator, messages: str, tmp_path: Path) -> None:
    with postgresql() as port:
        fill(port, tmp_path, messages)
        for stream in STREAM_NAMES:
            assert_holds(account, stream, table(port, "zoom", stream))


def fill(port: int, folder: Path, messages: str) -> None:
    config = {"host": "127.0.0.1", "port": port, "user": "postgres", "password": "x"}
    config |= {"database": "postgres", "default_target_schema": "zoom"}
    consume("target-postgres", "target-postgres", folder, messages, config)


def test_the_old_keys_go_on_with_the_tables_of_tap_zoom(account: Simulator, tmp_path: Path) -> None:
    program, config = ours(account)
    outputs = [
        *run(*theirs(account), tmp_path, []),
        *run(program, {**config, "key_mode": "tap_zoom"}, tmp_path, []),
    ]
    keys: dict[str, list[str]] = {}
    wanted = defaultdict(set)
    for message in map(json.loads, "".join(outputs).splitlines()):
        if message["type"] == "SCHEMA":
            keys[message["stream"]] = message["key_properties"]
        elif message["type"] == "RECORD":
            wanted[message["stream"]].add(key(message["record"], keys[message["stream"]]))
    with postgresql() as port:
        for messages in outputs:
            fill(port, tmp_path, messages)
        for stream in STREAM_NAMES:
            found = [key(row, keys[stream]) for row in table(port, "zoom", stream)]
            assert sorted(found) == sorted(wanted[stream])


def key(row: Json, names: list[str]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in names)


def test_meltano_runs_twice_and_the_second_time_asks_for_little(
    long_history: Simulator, tmp_path: Path
) -> None:
    account = long_history
    project = tmp_path / "project"
    output = tmp_path / "output"
    output.mkdir()
    # JSON is YAML, too.
    settings = server_to_server(account)
    extractor = {
        "name": "tap-zoom",
        "namespace": "tap_zoom",
        "executable": TAP,
        "capabilities": ["catalog", "discover", "state", "properties", "about"],
        "settings": [{"name": name} for name in settings],
        "config": settings,
        "select": [f"{stream}.*" for stream in sorted(FOR_MELTANO)],
    }
    loader = {
        "name": "target-jsonl",
        "namespace": "target_jsonl",
        "executable": str(CONSUMERS / "target-jsonl" / "bin" / "target-jsonl"),
        "config": {"destination_path": str(output), "do_timestamp_file": False},
    }
    project.mkdir()
    (project / "meltano.yml").write_text(
        json.dumps(
            {
                "default_environment": "dev",
                "send_anonymous_usage_stats": False,
                "environments": [{"name": "dev"}],
                "plugins": {"extractors": [extractor], "loaders": [loader]},
            }
        )
    )

    def meltano(*arguments: str) -> str:
        done = subprocess.run(
            [CONSUMERS / "meltano" / "bin" / "meltano", *arguments],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    listed = meltano("select", "tap-zoom", "--list", "--all")
    assert re.search(r"automatic.*\] report_meetings\.uuid", listed)
    meltano("config", "test", "tap-zoom")
    before = len(account.journal.entries)
    meltano("run", "tap-zoom", "target-jsonl")
    first = len(account.journal.entries) - before
    for stream in FOR_MELTANO:
        found = [json.loads(line) for line in (output / f"{stream}.jsonl").read_text().splitlines()]
        assert canonical(found, {"row_id"}) == canonical(rows(account, stream))
    assert {path.stem for path in output.iterdir()} == FOR_MELTANO
    meltano("run", "tap-zoom", "target-jsonl")
    second = len(account.journal.entries) - before - first
    for stream in FOR_MELTANO:
        # What was read again stands there twice, so how often a row is there does not count.
        found = [json.loads(line) for line in (output / f"{stream}.jsonl").read_text().splitlines()]
        assert set(canonical(found, {"row_id"})) == set(canonical(rows(account, stream)))
    state = json.loads(meltano("state", "get", "dev:tap-zoom-to-target-jsonl"))
    assert set(state["singer_state"]["bookmarks"]) == FOR_MELTANO
    assert second < 0.03 * first, f"{second} of {first}"


def test_the_differences_from_tap_zoom_are_those_in_the_documentation(tmp_path: Path) -> None:
    with Simulator(1, Size(users=3), clock=still_clock(), plan="unlimited") as account:
        found = differences(read(*theirs(account), tmp_path), read(*ours(account), tmp_path))
    assert found["rows"]
    assert found == documented()


Tapped = tuple[dict[str, Json], dict[str, list[Json]]]


def theirs(account: Simulator) -> tuple[list[str], Json]:
    """The tap-zoom of others, and its config."""
    python = str(CONSUMERS / "tap-zoom" / "bin" / "python")
    program = [python, str(ROOT / "integration_tests" / "real_tap_zoom.py"), account.url]
    credentials = oauth(account)["credentials"]
    return program, {key: credentials[key] for key in credentials if key != "auth_type"}


def ours(account: Simulator) -> tuple[list[str], Json]:
    return [TAP], server_to_server(account)


def run(program: list[str], config: Json, folder: Path, *runs: list[str]) -> list[str]:
    """What a tap writes to stdout, run after run, each with these flags."""
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    return [
        subprocess.run(
            [*program, "--config", file, *flags], capture_output=True, text=True, check=True
        ).stdout
        for flags in runs
    ]


def read(program: list[str], config: Json, folder: Path) -> Tapped:
    """The catalog's entries and the records, by stream."""
    catalog, sync = run(program, config, folder, ["--discover"], [])
    records = defaultdict(list)
    for message in map(json.loads, sync.splitlines()):
        if message["type"] == "RECORD":
            records[message["stream"]].append({name: plain(v) for name, v in message["record"].items()})
    return {entry["stream"]: entry for entry in json.loads(catalog)["streams"]}, records


def plain(value: Any) -> Any:
    """A value without what all of theirs have otherwise: the form of instants."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return text(value) if isinstance(value, str) and INSTANT.fullmatch(value) else value


def differences(theirs: Tapped, ours: Tapped) -> dict[str, set[str]]:
    """Where the two differ, by kind: streams, and for what concerns single columns `stream.column`."""
    found = defaultdict[str, set[str]](set)
    # What tap-zoom never had differs from nothing.
    assert set(theirs[0]) <= set(ours[0])
    for stream, entry in theirs[0].items():
        own = ours[0][stream]
        compare(stream, entry["schema"], own["schema"], found)
        if set(own["schema"]["properties"]) - set(entry["schema"]["properties"]):
            found["columns"].add(stream)
        if entry["key_properties"] != own["key_properties"]:
            found["keys"].add(stream)
        if "forced-replication-method" not in own["metadata"][0]["metadata"]:
            found["incremental"].add(stream)
    for stream in theirs[0].keys() & ours[1].keys():
        records, own_records = theirs[1][stream], ours[1][stream]
        if len(own_records) != len(records):
            found["rows"].add(stream)
        for record in records:
            nearest = min(own_records, key=lambda own: len(unequal(record, own)))
            found["values"] |= {f"{stream}.{name}" for name in unequal(record, nearest)}
    return {kind: places for kind, places in found.items() if places}


def compare(place: str, theirs: Json, own: Json, found: dict[str, set[str]]) -> None:
    """Note where two schemas differ, and what they hold."""
    types, own_types = (
        {part["type"]} if isinstance(part["type"], str) else set(part["type"]) for part in (theirs, own)
    )
    if "null" in own_types - types:
        found["nullable"].add(place)
    if types - {"null"} != own_types - {"null"} or theirs.get("format") != own.get("format"):
        found["types"].add(place)
    if "items" in theirs:
        compare(f"{place}.items", theirs["items"], own["items"], found)
    fields, own_fields = (part.get("properties", {}) for part in (theirs, own))
    found["missing"] |= {f"{place}.{name}" for name in set(fields) - set(own_fields)}
    for name in set(fields) & set(own_fields):
        compare(f"{place}.{name}", fields[name], own_fields[name], found)


def unequal(record: Json, own: Json) -> list[str]:
    return [name for name, value in record.items() if own.get(name) != value]


def documented() -> dict[str, set[str]]:
    """The table of differences in the documentation: {kind: where}."""
    page = (ROOT / "docs" / "tap-zoom.md").read_text()
    table = page.partition("## Differences from tap-zoom 2.1.1")[2].partition("\n## ")[0]
    found = defaultdict[str, set[str]](set)
    for line in table.splitlines():
        if line.startswith("| `"):
            kind, where = line.split("|")[1:3]
            found[kind.strip(" `")] |= set(re.findall(r"`([\w.]+)`", where))
    return found
