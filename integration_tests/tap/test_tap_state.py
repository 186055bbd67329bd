"""Where `tap-zoom` goes on from, and what it leaves to go on from."""

import json
import signal
import subprocess

import pytest

from integration_tests.completeness import CLASSES, expected
from integration_tests.conftest import Start, server_to_server, still_clock
from integration_tests.harness import TAP, Json
from integration_tests.singer_harness import Tap, Tapped, entry, root
from integration_tests.zoom_simulator import Simulator, Size

NO_STATE = (
    'The state is not a Singer state: it must be an object, with "bookmarks" an object and "airbyte_state" a'
    " list where it has them."
)
FOREIGN = (
    'The state\'s "airbyte_state" is not what this tap has written: take it and the bookmarks out of the'
    " state to read everything again."
)
# So many that a month is done, and so few that there is more to read.
OCCURRENCES = 30
USERS_STATE = {
    "type": "STREAM",
    "stream": {"stream_descriptor": {"name": "users"}, "stream_state": {}},
}


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


@pytest.mark.parametrize("form", ["lines", "lines at an end", "indented", "meltano", "message", "messages"])
def test_a_state_is_taken_as_it_is_found(tap: Tap, config: Json, form: str) -> None:
    """As targets write it to stdout, as Meltano shows it, and as the tap's own output has it."""
    state = {"bookmarks": {"mine": "second"}, "currently_syncing": None}
    older, newest = json.dumps({"bookmarks": {"mine": "first"}}), json.dumps(state)
    message = json.dumps({"type": "STATE", "value": state})
    content = {
        "lines": f"{older}\n{newest}\n",
        "lines at an end": f"{older}\r\n{newest}\r\n\r\n",
        "indented": json.dumps(state, indent=2),
        "meltano": json.dumps({"singer_state": state}),
        "message": message,
        "messages": f'{{"type": "STATE", "value": {older}}}\n{message}\n',
    }[form]
    output = tap.read(config, catalog={"streams": []}, state=content)
    assert output.code == 0
    assert output.state == state


def test_a_state_comes_every_ten_seconds_and_at_the_end_of_a_stream(tap: Tap, config: Json) -> None:
    catalog = tap.catalog(config, "users", "report_meetings")
    quick = tap.read(config, catalog=catalog)
    syncing = [message["value"]["currently_syncing"] for message in quick.of("STATE")]
    assert len(quick.records("report_meetings")) > 40
    assert syncing[:2] == ["users", "report_meetings"]
    assert syncing[-2:] == [None, None]
    assert len(syncing) < 8
    slow = tap.read({**config, "rate_limit_plan": "free"}, catalog=catalog)
    bookmarks = [message["value"].get("bookmarks") for message in slow.of("STATE")]
    assert len({json.dumps(bookmark) for bookmark in bookmarks}) > 3
    assert len(bookmarks) < 20


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
    assert output.warnings == (
        ["report_meetings: its bookmark is not one of this tap's, so everything is read."]
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


@pytest.mark.parametrize(
    ("pattern", "answer", "has_bookmark"),
    [
        ("/v2/past_meetings/.*/instances", {"code": 999, "message": "Something new."}, True),
        ("/v2/report/meetings/", {"code": 4711, "message": "Invalid access token."}, False),
    ],
    ids=["lists", "scope"],
)
def test_a_stream_that_fails_in_its_first_run_is_read_by_a_later_one(
    start: Start, tap: Tap, pattern: str, answer: Json, has_bookmark: bool
) -> None:
    simulator = start(1, Size(users=2), clock=still_clock(), plan="unlimited")
    config = server_to_server(simulator)
    catalog = tap.catalog(config, "users", "report_meetings")
    simulator.faults.reply(pattern, 400, answer)
    failed = tap.read(config, catalog=catalog)
    assert failed.code == 1
    assert "Traceback" not in failed.err
    assert len(failed.records("users")) == len(expected(simulator, CLASSES["users"]))
    assert ("bookmarks" in failed.state) == has_bookmark
    simulator.faults.clear()
    healed = tap.read(config, catalog=catalog, state=failed.state)
    assert healed.code == 0
    assert occurrences([*failed.records("report_meetings"), *healed.records("report_meetings")]) == (
        occurrences(expected(simulator, CLASSES["report_meetings"]))
    )
    assert set(healed.state["bookmarks"]) == {"report_meetings"}


def test_sigterm_leaves_a_state_to_go_on_from(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=8), clock=still_clock(), plan="unlimited", latency=0.05)
    config = server_to_server(simulator)
    catalog = tap.catalog(config, "users", "report_meetings")
    path = tap.file("config.json", {**config, "num_workers": 1})
    command = [TAP, "--config", path, "--catalog", tap.file("catalog.json", catalog)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if sum('"stream":"report_meetings","record"' in line for line in lines) == OCCURRENCES:
                break
        process.terminate()
        last, err = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    assert "Traceback" not in err
    stopped = Tapped(process.returncode, "".join(lines) + last, err)
    assert stopped.messages[-1]["type"] == "STATE"
    assert set(stopped.state["bookmarks"]) == {"report_meetings"}
    assert stopped.state["currently_syncing"] == "report_meetings"
    rest = tap.read(config, catalog=catalog, state=stopped.state)
    assert rest.code == 0
    assert len(rest.records("report_meetings")) > 0
    assert occurrences([*stopped.records("report_meetings"), *rest.records("report_meetings")]) == (
        occurrences(expected(simulator, CLASSES["report_meetings"]))
    )


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("{", "The state file {path} is not JSON (line 1)."),
        ('{}\n{}\n{"bookm', "The state file {path} is not JSON (line 3)."),
        ("", "The state file {path} is empty: check the path, or leave --state out to read everything."),
        ({"type": "STATE"}, NO_STATE),
        ({"singer_state": None}, NO_STATE),
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
