"""The streams of past occurrences, sync after sync: what is read again, and what is not."""

import random
import re
import signal
import subprocess
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration_tests.acceptance import PAST, WITH_CURSOR
from integration_tests.acceptance import states as states_before
from integration_tests.completeness import found_by
from integration_tests.conftest import (
    Connector,
    InProcess,
    Output,
    Start,
    configured_catalog,
    server_to_server,
    still_clock,
    without_usual,
)
from integration_tests.harness import CONNECTOR, Json, cursor_of, inherits_of
from integration_tests.zoom_simulator import Clock, Simulator, Size, truth
from integration_tests.zoom_simulator.clock import iso
from integration_tests.zoom_simulator.ids import KINDS, quote_uuid
from integration_tests.zoom_simulator.journal import Entry
from integration_tests.zoom_simulator.routes import GRANULAR_SCOPES

NAMES = [stream.stream_name() for stream in PAST]


@pytest.fixture
def account(start: Start) -> Simulator:
    return start(1, Size(users=10), clock=still_clock(), plan="unlimited")


def stream_state(output_or_states: Output | list[Json], stream: str) -> Json:
    """How far a stream has come, without what this account always withholds."""
    found = output_or_states.states if isinstance(output_or_states, Output) else output_or_states
    return next(
        without_usual(state["stream"]["stream_state"])
        for state in found
        if state["stream"]["stream_descriptor"]["name"] == stream
    )


def uuid_of(stream: type[object]) -> str:
    """The column with the UUID of the occurrence."""
    return next(column for column, field in inherits_of(stream).items() if field == "uuid")


Rows = dict[tuple[str, str], set[tuple[Any, ...]]]


def rows(output: Output) -> Rows:
    """The keys of the rows that arrived, by stream and occurrence."""
    found: Rows = defaultdict(set)
    for stream in PAST:
        name = stream.stream_name()
        key = stream.key_fields()
        for record in output.records(name):
            found[name, record[uuid_of(stream)]].add(tuple(record[part] for part in key))
    return found


def late(name: str) -> int:
    """How old a day is when a stream reads it a second time."""
    return max(2, next(stream.days_late for stream in PAST if stream.stream_name() == name))


def true_rows(simulator: Simulator, leave_out: Collection[str] = ()) -> Counter[tuple[str, str]]:
    """How many rows the account has, by stream and occurrence."""
    return Counter(
        (name, parent["uuid"])
        for name in NAMES
        for parent, _ in truth.rows(simulator.world, name)
        if parent["uuid"] not in leave_out
    )


def attended_alone(simulator: Simulator) -> set[str]:
    """Occurrences with one participant: Zoom's reports leave them out, only the instances know them."""
    world, now = simulator.world, simulator.world.now()
    return {
        world.uuid(occurrence)
        for kind in KINDS
        for user in range(world.size.users)
        for occurrence in world.found(kind, user, now)
        if occurrence.solo
    }


def is_withheld(simulator: Simulator, entry: Entry) -> bool:
    """Whether a list of a user's is one of those that Zoom withholds."""
    world = simulator.world
    user = world.find_user(entry.path.split("/")[-2])
    assert user is not None
    return not (world.is_licensed(user) if entry.route == "user_meetings" else world.has_webinars(user))


def counted(found: Rows) -> Counter[tuple[str, str]]:
    return Counter({occurrence: len(keys) for occurrence, keys in found.items()})


def add(union: Rows, output: Output) -> None:
    for occurrence, found in rows(output).items():
        union[occurrence] |= found


def read(
    connector: Connector, simulator: Simulator, state: Sequence[Json] = (), streams: Sequence[str] = NAMES
) -> Output:
    return connector.read(server_to_server(simulator), streams, state=state)


def test_the_catalog_offers_incremental_for_these_only(account: Simulator, in_process: InProcess) -> None:
    catalog = in_process.discover(server_to_server(account)).of("CATALOG")[0]["streams"]
    incremental = {
        stream["name"]: stream["default_cursor_field"]
        for stream in catalog
        if "incremental" in stream["supported_sync_modes"]
    }
    assert incremental == {stream.stream_name(): [cursor_of(stream)] for stream in WITH_CURSOR}
    assert all(stream["source_defined_cursor"] for stream in catalog if stream["name"] in incremental)
    assert {stream["name"] for stream in catalog if stream["is_resumable"]} == set(incremental)


@pytest.mark.storm
def test_a_backfill_and_three_days_bring_everything_and_ask_for_no_old_meeting(
    account: Simulator, connector: Connector
) -> None:
    output = read(connector, account)
    assert output.code == 0
    union = rows(output)
    want = true_rows(account)
    assert counted(union) == want
    first = len(account.journal.answered())
    for _ in range(3):
        account.clock.advance(days=1)
        account.journal.reset()
        output = read(connector, account, output.states)
        assert output.code == 0
        add(union, output)
        want |= true_rows(account, leave_out=attended_alone(account))
        assert counted(union) == want
        requests = account.journal.answered()
        lists = [entry for entry in requests if entry.route in ("user_meetings", "user_webinars")]
        # What is withheld is asked for again once a week, a part of it each day.
        assert all(entry.status in (200, 400) and is_withheld(account, entry) for entry in lists)
        assert {entry.route for entry in requests if entry not in lists} <= {
            "users",
            "report_hosts",
            "report_user_meetings",
            "report_history_meetings",
            *NAMES,
        }
        assert len(requests) < 0.25 * first
        started = {p["uuid"]: p["start_time"] for name in NAMES for p, _ in truth.rows(account.world, name)}
        # The open days, and the one that is old enough for its second reading.
        today = account.clock.today()
        for name, uuid in rows(output):
            assert started[uuid] >= (today - timedelta(days=late(name))).isoformat()
        asked_from = [entry.url.split("from=")[1][:10] for entry in requests if "from=" in entry.url]
        assert min(asked_from) == (today - timedelta(days=1 + max(map(late, NAMES)))).isoformat()
        assert len({entry.url for entry in requests}) == len(requests)
        for stream in PAST:
            state = stream_state(output, stream.stream_name())
            assert state == {cursor_of(stream): f"{account.clock.today()}T00:00:00Z", "version": 2}


@pytest.mark.parametrize(("day", "moves"), [("", 4), ("2026-07-01", 4)])
def test_every_state_comes_after_the_records_it_speaks_of(
    account: Simulator, in_process: InProcess, day: str, moves: int
) -> None:
    given = states_before(date.fromisoformat(day)) if day else []
    state = [one for one in given if one["stream"]["stream_descriptor"]["name"] in NAMES]
    output = read(in_process, account, state)
    reported = {uuid for kind in KINDS for uuid in found_by(account.world, "reports", kind)}
    moved = Counter[str]()
    for stream in PAST:
        name = stream.stream_name()
        done_before, is_passing = "", not day
        for message in output.messages:
            if message["type"] == "RECORD" and message["record"]["stream"] == name:
                record = message["record"]["data"]
                # The lists of instances come in no order of days.
                is_due = day and record[cursor_of(stream)] < day
                if not is_due and (not is_passing or record[uuid_of(stream)] in reported):
                    assert record[cursor_of(stream)] >= done_before
            elif message["type"] == "STATE":
                state = message["state"]["stream"]
                if state["stream_descriptor"]["name"] == name:
                    is_passing = "instances" in state["stream_state"]
                    until = state["stream_state"].get(cursor_of(stream), "")
                    assert until >= done_before
                    moved[name] += until > done_before
                    done_before = until
    assert min(moved[name] for name in NAMES) >= moves


@pytest.mark.storm
def test_ten_kills_lose_nothing(start: Start, connector: Connector) -> None:
    """kill -9 at ten random moments of a backfill; each run goes on from the last STATE that got out."""
    simulator = start(2, Size(users=20), clock=still_clock(), plan="unlimited", latency=0.01)
    want = true_rows(simulator)
    chance = random.Random(7)
    union: Rows = defaultdict(set)
    state: list[Json] = []
    for _ in range(10):
        output = killed_after(
            chance.randrange(1, 600), connector.read_arguments(server_to_server(simulator), NAMES, state)
        )
        add(union, output)
        newer = {s["stream"]["stream_descriptor"]["name"]: s for s in [*state, *output.states]}
        state = list(newer.values())
    assert counted(union) != want
    output = read(connector, simulator, state)
    assert output.code == 0
    add(union, output)
    assert counted(union) == want


def killed_after(records: int, arguments: Sequence[str | Path]) -> Output:
    """Run the connector until it has written so many records, then kill it; whole lines count."""
    command = [CONNECTOR, "read", *arguments]
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            lines += [line] if line.endswith("\n") else []
            records -= line.startswith('{"type":"RECORD"')
            if records == 0:
                process.send_signal(signal.SIGKILL)
    return Output(process.returncode, "".join(lines))


def number_owed(state: Json) -> int:
    """How many units a state names that the requests of a day did not suffice for."""
    return sum(len(group["units"]) for group in state.get("owed", []))


@pytest.mark.storm
def test_a_daily_cap_is_crossed_in_a_few_days(start: Start, in_process: InProcess) -> None:
    size, evening = Size(users=20), datetime(2026, 11, 20, 23, 40, 1, tzinfo=UTC)
    uncapped = start(1, size, clock=Clock(evening, running=False), plan="unlimited")
    assert read(in_process, uncapped).code == 0
    heavy = uncapped.journal.requests["HEAVY"]
    caps = {"HEAVY": int(0.4 * heavy)}
    capped = start(1, size, clock=Clock(evening, running=False), plan="unlimited", daily_caps=caps)
    want = true_rows(capped)
    union: Rows = defaultdict(set)
    state: list[Json] = []
    for run in range(1, 5):
        output = read(in_process, capped, state)
        add(union, output)
        if output.code == 0:
            break
        assert {error["failure_type"] for error in output.errors} == {"transient_error"}
        assert any("2026-11-" in error["message"] for error in output.errors)
        moved = 0
        for stream in PAST:
            before = stream_state(state, stream.stream_name()) if state else {}
            after = stream_state(output, stream.stream_name())
            day_before, day_after = (one.get(cursor_of(stream), "") for one in (before, after))
            assert day_after >= day_before
            # A day whose requests all go into what is owed of days that were searched gets on as well.
            moved += day_after > day_before or number_owed(after) < number_owed(before)
        assert moved
        state = output.states
        # The caps are reset at midnight.
        capped.clock.set(datetime(2026, 11, 20 + run, 0, 10, 1, tzinfo=UTC))
        want |= true_rows(capped, leave_out=attended_alone(capped))
    assert output.code == 0
    assert not want - counted(union)
    answered = sum(entry.label == "HEAVY" and entry.status != 429 for entry in capped.journal.entries)
    assert answered <= 1.2 * heavy


@pytest.mark.storm
def test_a_second_sync_of_2000_occurrences_costs_under_three_percent(
    start: Start, in_process: InProcess
) -> None:
    simulator = start(1, Size(users=80), clock=still_clock(), plan="unlimited")
    output = read(in_process, simulator)
    assert output.code == 0
    details = [truth.rows(simulator.world, name) for name in ("report_meetings", "report_webinars")]
    assert sum(1 for found in details for _ in found) >= 2_000
    first = len(simulator.journal.answered())
    simulator.journal.reset()
    assert read(in_process, simulator, output.states).code == 0
    assert len(simulator.journal.answered()) < 0.03 * first


def test_one_bad_occurrence_holds_nothing_back_and_comes_when_it_heals(
    account: Simulator, in_process: InProcess
) -> None:
    in_process.without_waiting()
    name = "report_meetings"
    parent = next(parent for parent, _ in truth.rows(account.world, name) if parent["start_time"] < "2026-09")
    path = quote_uuid(parent["uuid"]).replace("+", "[+]")
    account.faults.always(f"/report/meetings/{path}$", "500")
    state: list[Json] = []
    for attempts in (1, 2):
        account.journal.reset()
        output = read(in_process, account, state, [name])
        state = output.states
        assert output.code == 1
        assert output.statuses == {name: "INCOMPLETE"}
        assert quote_uuid(parent["uuid"]) in output.errors[0]["message"]
        assert "Traceback" not in output.text
        assert stream_state(state, name) == {
            **TODAY,
            "retry": [
                {
                    **owed(parent),
                    "words": "Zoom has a server error (HTTP 500, code 500)",
                    "attempts": attempts,
                    "others_answered": True,
                }
            ],
        }
        assert any(quote_uuid(parent["uuid"]) in entry.path for entry in account.journal.entries)
    account.faults.clear()
    healed = read(in_process, account, state, [name])
    assert healed.code == 0
    assert parent["uuid"] in {record["uuid"] for record in healed.records(name)}
    assert stream_state(healed, name) == TODAY


def test_an_occurrence_that_is_gone_leaves_the_list(account: Simulator, in_process: InProcess) -> None:
    unit: Json = {
        "uuid": "AAAAAAAAAAAAAAAAAAAAAA==",
        "id": 5,
        "start_time": "2026-09-01T00:00:00Z",
        "host_id": "x",
    }
    gone = {**owed(unit), "since": "2026-09-02", "asked": "2026-11-19", "attempts": 3}
    output = read(in_process, account, [given({**TODAY, "retry": [gone]})], ["report_meetings"])
    assert output.code == 0
    assert any(unit["uuid"][:20] in entry.path for entry in account.journal.of("report_meetings"))
    assert stream_state(output, "report_meetings") == TODAY


def owed(unit: Json) -> Json:
    """An occurrence on the retry list that was asked for today."""
    day = unit["start_time"][:10]
    return {
        "fields": ["uuid", "id", "start_time", "host_id"],
        "units": [[unit[name] for name in ("uuid", "id", "start_time", "host_id")]],
        "words": "Zoom has a server error (HTTP 500)",
        "from": day,
        "to": day,
        "since": "2026-11-20",
        "asked": "2026-11-20",
        "attempts": 1,
    }


TODAY = {"start_time": "2026-11-20T00:00:00Z", "version": 2}


def given(state: Json, stream: str = "report_meetings") -> Json:
    return {
        "type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": state}
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "warning"),
    [
        ({"__ab_no_cursor_state_message": True}, "is not one of this connector's"),
        ({"start_time": "2026-11-20T00:00:00Z"}, "is not one of this connector's"),
        ({**TODAY, "version": 1}, "is not one of this connector's"),
        ({**TODAY, "version": 3}, "is not one of this connector's"),
        ({"start_time": "soon", "version": 2}, "is not one of this connector's"),
        ({"start_time": 5, "version": 2}, "is not one of this connector's"),
        ({**TODAY, "retry": [{"uuid": "x"}]}, "is not one of this connector's"),
        ({**TODAY, "retry": "none"}, "is not one of this connector's"),
        ({"start_time": "2031-01-01T00:00:00Z", "version": 2}, "in the future"),
    ],
)
def test_a_strange_state_is_warned_about_and_everything_is_read(
    account: Simulator, in_process: InProcess, state: Json, warning: str
) -> None:
    output = read(in_process, account, [given(state)], ["report_meetings"])
    assert output.code == 0
    assert len(output.records("report_meetings")) == len(list(truth.rows(account.world, "report_meetings")))
    assert [log for log in output.logs if log.startswith("WARN report_meetings") and warning in log]
    assert stream_state(output, "report_meetings") == TODAY


def test_a_global_state_is_warned_about_and_not_used(account: Simulator, in_process: InProcess) -> None:
    state = {"type": "GLOBAL", "global": {"shared_state": {"a": 1}, "stream_states": []}}
    output = read(in_process, account, [state], ["report_meetings"])
    assert output.code == 0
    assert any(log.startswith("WARN The state is a global one") for log in output.logs)
    assert len(output.records("report_meetings")) == len(list(truth.rows(account.world, "report_meetings")))


def test_a_state_older_than_the_reports_is_warned_about_and_the_instances_are_read(
    account: Simulator, in_process: InProcess
) -> None:
    old = {"start_time": "2026-02-01T00:00:00Z", "version": 2}
    output = read(in_process, account, [given(old)], ["report_meetings"])
    assert output.code == 0
    assert any(log.startswith("WARN report_meetings: the state ends on 2026-02-01") for log in output.logs)
    want = {
        p["uuid"] for p, _ in truth.rows(account.world, "report_meetings") if p["start_time"] >= "2026-01-30"
    }
    assert {record["uuid"] for record in output.records("report_meetings")} == want
    assert account.journal.of("past_meeting_instances")


def test_without_the_reports_an_incremental_sync_reads_the_instances(
    start: Start, in_process: InProcess
) -> None:
    scopes = set(GRANULAR_SCOPES) - {"report:read:user:admin", "report:read:list_history_meetings:admin"}
    simulator = start(1, Size(users=6), clock=still_clock(), plan="unlimited", scopes=scopes)
    state = {"start_time": "2026-10-01T00:00:00Z", "version": 2}
    output = read(in_process, simulator, [given(state)], ["report_meetings"])
    assert output.code == 0
    listed = {world_uuid for world_uuid, started in instances_of(simulator) if started >= "2026-09-29"}
    assert {record["uuid"] for record in output.records("report_meetings")} == listed
    assert listed


def instances_of(simulator: Simulator) -> list[tuple[str, str]]:
    world, now = simulator.world, simulator.world.now()
    return [
        (world.uuid(occurrence), iso(occurrence.start))
        for user in range(world.size.users)
        for series in world.own_listed("meeting", user, now)
        if not series.gone
        for occurrence in world.instances(series, now)
        if world.is_readable(occurrence, now)
    ]


ATTENDANCE = [
    stream.stream_name()
    for stream in PAST
    if stream.row_id_fields and "leave_time" in stream.columns() and "meeting" in stream.stream_name()
]


@pytest.mark.parametrize("name", ATTENDANCE)
def test_attendance_that_zoom_writes_late_replaces_the_same_rows(
    account: Simulator, in_process: InProcess, name: str
) -> None:
    early = read(in_process, account, (), [name])
    today = [record for record in early.records(name) if record["meeting_start_time"] >= "2026-11-20"]
    unfinished = {record["row_id"] for record in today if record["duration"] == 0}
    assert unfinished
    account.clock.advance(days=2)
    late = read(in_process, account, early.states, [name])
    finished = {record["row_id"]: record for record in late.records(name)}
    assert unfinished <= set(finished)
    assert all(finished[row_id]["duration"] > 0 for row_id in unfinished)


@pytest.mark.parametrize("lookback", [0, 2])
@pytest.mark.parametrize(
    "message",
    ["Meeting ID is invalid or not end.", "Meeting does not exist: {}.", "This meeting is not found."],
)
def test_what_has_just_ended_and_is_not_known_is_not_yet_there(
    account: Simulator, in_process: InProcess, message: str, lookback: int
) -> None:
    name = "report_meeting_participants"
    config = server_to_server(account, lookback_days=lookback)
    times = sorted(p["start_time"] for p, _ in truth.rows(account.world, name))
    assert times[0] < "2026-11-01"
    assert times[-1] >= "2026-11-20"
    late = {p["uuid"] for p, _ in truth.rows(account.world, name) if p["start_time"] in (times[0], times[-1])}
    for uuid in late:
        pattern = re.escape(f"/report/meetings/{quote_uuid(uuid)}/participants")
        account.faults.reply(pattern, 404, {"code": 3001, "message": message.format(uuid)})
    early = in_process.read(config, [name])
    assert early.code == 0
    assert not late & {record["meeting_uuid"] for record in early.records(name)}
    summary = next(log for log in early.logs if log.startswith(f"INFO Summary of {name}:"))
    assert "there is nothing of it yet: 1" in summary
    assert "it was never held" in summary or "it does not exist" in summary
    account.faults.clear()
    account.clock.advance(days=max(1, lookback))
    output = in_process.read(config, [name], state=early.states)
    assert output.code == 0
    newest = max(
        late,
        key=lambda uuid: next(
            p["start_time"] for p, _ in truth.rows(account.world, name) if p["uuid"] == uuid
        ),
    )
    assert {record["meeting_uuid"] for record in output.records(name)} & late == {newest}


@pytest.mark.parametrize("days", [0, 2])
def test_the_lookback_finds_what_the_reports_list_late(
    start: Start, in_process: InProcess, days: int
) -> None:
    size = Size(users=10, report_delay_hours=24)
    simulator = start(1, size, clock=still_clock(), plan="unlimited")
    config = server_to_server(simulator, lookback_days=days)
    output = in_process.read(config, ["report_meetings"])
    found = {record["uuid"] for record in output.records("report_meetings")}
    for _ in range(4):
        simulator.clock.advance(days=1)
        output = in_process.read(config, ["report_meetings"], state=output.states)
        found |= {record["uuid"] for record in output.records("report_meetings")}
    yesterday = (simulator.clock.today() - timedelta(days=1)).isoformat()
    held = {
        p["uuid"] for p, _ in truth.rows(simulator.world, "report_meetings") if p["start_time"] < yesterday
    }
    assert (held - attended_alone(simulator) <= found) == (days > 0)


def test_a_start_date_bounds_the_backfill(account: Simulator, in_process: InProcess) -> None:
    output = in_process.read(server_to_server(account, start_date="2026-10-15"), ["report_webinars"])
    assert output.code == 0
    windows = sorted(entry.url.split("from=")[1][:10] for entry in account.journal.of("report_hosts"))
    # The months, with a day more; and the rows with which the next sync compares.
    assert windows == ["2026-10-14", "2026-11-01", "2026-11-19"]
    left_out = {"to": "2026-10-14"}
    assert stream_state(output, "report_webinars") == {
        **TODAY,
        "gaps": [{"way": way, **left_out} for way in ("reports", "history", "instances")],
    }


@pytest.mark.parametrize(
    ("failing", "name", "units"),
    [
        (r"/report/users/[^?]+/meetings[?].*from=2026-10-01", "reported_occurrences", 8),
        (r"/report/users[?].*from=2026-10-01", "report_hosts", 1),
    ],
)
def test_a_failed_search_holds_nothing_back_and_is_made_good_when_it_heals(
    account: Simulator, in_process: InProcess, failing: str, name: str, units: int
) -> None:
    in_process.without_waiting()
    account.faults.always(failing, "500")
    # The history would lead to all of it as well.
    account.faults.reply("/report/history_meetings", 200, {"page_size": 300, "history_meetings": []})
    state = [given({**TODAY, "start_time": "2026-09-10T00:00:00Z"})]
    output = read(in_process, account, state, ["report_meetings"])
    assert output.code == 1
    assert output.statuses == {"report_meetings": "INCOMPLETE"}
    assert f"{name} ({units} not read: " in output.errors[-1]["message"]
    want = {
        p["uuid"]: p["start_time"]
        for p, _ in truth.rows(account.world, "report_meetings")
        if p["start_time"] > "2026-09-08" and p["uuid"] not in attended_alone(account)
    }
    missing = {uuid for uuid, start in want.items() if "2026-10" < start < "2026-11"}
    assert missing
    assert {record["uuid"] for record in output.records("report_meetings")} == set(want) - missing
    after = stream_state(output, "report_meetings")
    [retry] = after.pop("retry")
    assert after == TODAY
    assert (retry["list"], len(retry["units"])) == (name, units)
    assert (retry["from"], retry["to"]) == ("2026-10-01", "2026-10-31")
    account.faults.clear()
    healed = read(in_process, account, output.states, ["report_meetings"])
    assert healed.code == 0
    assert {record["uuid"] for record in healed.records("report_meetings")} >= missing
    assert stream_state(healed, "report_meetings") == TODAY


def test_users_that_cannot_be_listed_cost_nothing_that_the_reports_know(
    account: Simulator, in_process: InProcess
) -> None:
    in_process.without_waiting()
    account.faults.always(r"/v2/users[?].*status=inactive", "500")
    state = [given({"start_time": "2026-09-10T00:00:00Z", "version": 2})]
    output = read(in_process, account, state, ["report_meetings"])
    want = {
        p["uuid"] for p, _ in truth.rows(account.world, "report_meetings") if p["start_time"] > "2026-09-10"
    }
    assert {record["uuid"] for record in output.records("report_meetings")} >= want - attended_alone(account)


def test_an_occurrence_whose_start_is_told_in_two_ways_is_read_once(
    account: Simulator, in_process: InProcess
) -> None:
    parent = next(p for p, _ in truth.rows(account.world, "report_meetings") if p["start_time"] > "2026-07")
    days_later = iso(datetime.fromisoformat(parent["start_time"]).timestamp() + 3 * 86_400)
    account.faults.reply(
        rf"/past_meetings/{parent['id']}/instances",
        200,
        {"meetings": [{"uuid": parent["uuid"], "start_time": days_later}]},
    )
    output = read(in_process, account, (), ["report_meetings"])
    assert output.code == 0
    uuids = Counter(record["uuid"] for record in output.records("report_meetings"))
    assert uuids[parent["uuid"]] == 1
    assert max(uuids.values()) == 1


def test_a_full_refresh_gives_and_honours_the_same_state(account: Simulator, in_process: InProcess) -> None:
    catalog = configured_catalog(["webinar_absentees"])
    catalog["streams"][0]["sync_mode"] = "full_refresh"

    def refresh(state: Sequence[Json]) -> Output:
        arguments = in_process.read_arguments(server_to_server(account), ["webinar_absentees"], state)
        in_process.file("catalog.json", catalog)
        return in_process.run("read", *arguments)

    output = refresh(())
    state = stream_state(output, "webinar_absentees")
    assert state == {"webinar_start_time": "2026-11-20T00:00:00Z", "version": 2}
    account.journal.reset()
    again = refresh(output.states)
    assert again.code == 0
    assert not account.journal.of("past_webinar_instances")
    assert any(log.startswith("WARN Full refresh goes on from a state") for log in again.logs)
