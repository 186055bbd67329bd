"""What `source-zoom read` brings in, compared with the simulated account row by row and field by field."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airbyte_cdk.sources.utils.schema_helpers import ResourceSchemaLoader
from jsonschema import Draft7Validator

from integration_tests.completeness import (
    CLASSES,
    LISTS,
    assert_complete,
    canonical,
    expected,
    found_by,
)
from integration_tests.conftest import (
    NOON,
    Connector,
    InProcess,
    Output,
    Start,
    oauth,
    server_to_server,
    still_clock,
)
from integration_tests.harness import Json
from integration_tests.zoom_simulator import Clock, Simulator, Size, truth
from integration_tests.zoom_simulator.clock import report_windows
from integration_tests.zoom_simulator.ids import KINDS, Kind
from integration_tests.zoom_simulator.journal import Entry
from integration_tests.zoom_simulator.routes import GRANULAR_SCOPES
from source_zoom.engine.stream import ZoomStream
from source_zoom.source import with_parents
from source_zoom.streams import STREAMS

every_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.stream_name())


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    """Twenty users, and a clock that stands still so that two looks at the account see the same."""
    with Simulator(1, Size(users=20), clock=still_clock(), plan="unlimited") as simulator:
        yield simulator
        assert list(simulator.journal.unknown_paths) == []


@pytest.fixture(scope="module")
def whole_read(account: Simulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Output, list[Entry]]:
    """One read of everything, which nobody may change, and its requests."""
    before = len(account.journal.entries)
    output = Connector(tmp_path_factory.mktemp("whole")).read(server_to_server(account))
    return output, account.journal.entries[before:]


@pytest.fixture(scope="module")
def whole_account(whole_read: tuple[Output, list[Entry]]) -> Output:
    return whole_read[0]


@pytest.fixture(scope="module")
def whole_journal(whole_read: tuple[Output, list[Entry]]) -> list[Entry]:
    return whole_read[1]


@every_stream
def test_every_row_arrives_once_with_every_field(
    account: Simulator, whole_account: Output, stream: type[ZoomStream]
) -> None:
    assert whole_account.errors == []
    assert whole_account.statuses[stream.stream_name()] == "COMPLETE"
    assert_complete(account, whole_account, stream)


@every_stream
def test_records_are_valid_and_their_keys_are_unique(whole_account: Output, stream: type[ZoomStream]) -> None:
    schema = ResourceSchemaLoader("source_zoom").get_schema(stream.stream_name())
    validator = Draft7Validator(schema)
    key = stream.key_fields()
    keys = []
    for record in whole_account.records(stream.stream_name()):
        assert [error.message for error in validator.iter_errors(record)] == []
        assert set(record) <= set(schema["properties"])
        assert set(stream.host_secrets) & set(record) == set()
        keys.append(tuple(record[name] for name in key))
    assert all(part not in (None, "") for values in keys for part in values)
    assert len(keys) == len(set(keys))


def test_each_url_is_asked_for_once(whole_journal: list[Entry]) -> None:
    urls = Counter(entry.url for entry in whole_journal if entry.answered and entry.route != "token")
    # A stream that others hang on is read for itself and for them.
    parents = with_parents(parent for stream in STREAMS for parent in stream.parent_classes())
    both = {
        f"/v2/{parent.endpoint}" for parent in parents if parent in STREAMS and issubclass(parent, ZoomStream)
    }
    assert urls.total() > 3_000
    assert max(urls.values()) <= 2
    assert {url.partition("?")[0] for url, times in urls.items() if times > 1} <= both


def test_the_requests_are_those_that_a_complete_read_needs(
    account: Simulator, whole_journal: list[Entry]
) -> None:
    needed = sum(truth.least_counts(account.world).values())
    assert len(whole_journal) <= 1.02 * needed


@pytest.mark.storm
@pytest.mark.parametrize("changes", [{"num_workers": 1}, {"num_workers": 8}, {"num_workers": 40}])
def test_the_number_of_workers_changes_nothing(
    account: Simulator, connector: Connector, changes: Json
) -> None:
    output = connector.read(server_to_server(account, **changes))
    assert output.code == 0
    for stream in STREAMS:
        assert_complete(account, output, stream)


@pytest.mark.storm
def test_tokens_that_live_three_seconds_cost_no_row(start: Start, connector: Connector) -> None:
    clock = Clock(NOON)
    simulator = start(1, Size(users=20), clock=clock, plan="unlimited", latency=0.04, token_lifetime=3)
    output = connector.read(server_to_server(simulator, num_workers=20))
    assert output.code == 0
    for stream in STREAMS:
        assert_complete(simulator, output, stream)
    assert simulator.journal.token_requests >= 3
    assert simulator.journal.token_requests <= 2 + (simulator.world.now() - clock.started) / 2


@every_stream
def test_one_stream_alone_asks_only_for_what_leads_to_it(
    start: Start, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    name = stream.stream_name()
    simulator = start(2, Size(users=6, meetings_per_user=14), clock=still_clock(), plan="unlimited")
    output = in_process.read(server_to_server(simulator), [name])
    assert output.code == 0
    assert set(output.statuses) == {name}
    want, got = expected(simulator, stream), output.records(name)
    assert canonical(got, {"row_id"}) == canonical(want)
    requests = [entry for entry in simulator.journal.answered() if entry.route != "token"]
    assert {entry.route for entry in requests} <= {name, *leads_to(stream)}
    needed, unfiltered = (
        sum(truth.least_counts(simulator.world, [name], filtered=filtered).values())
        for filtered in (True, False)
    )
    # Where a list says what has data, some of the rest is asked for to see whether the list is right.
    probes = (unfiltered - needed) / 5 + 7 if stream.report_type else 0
    # And the hosts' rows of the open days are asked for once more, for the next sync to compare.
    assert len(requests) <= 1.02 * needed + 1 + probes


def leads_to(stream: type[ZoomStream]) -> set[str]:
    """The routes of the lists behind a stream."""
    parents = with_parents(stream.parent_classes())
    names = {parent.stream_name() for parent in parents if issubclass(parent, ZoomStream)}
    return {route for route, name in LISTS.items() if name in names} | names


@pytest.mark.storm
def test_many_pages_on_every_level(start: Start, connector: Connector) -> None:
    """More than two pages of users, of one user's meetings and of one meeting's registrants."""
    size = Size(users=620, meetings_per_user=0, webinars_per_user=0, unlisted_per_user=0)
    size = Size(**{**vars(size), "busy_user_meetings": 620, "busy_registrants": 620})
    simulator = start(3, size, clock=still_clock(), plan="unlimited")
    names = ["users", "meetings", "meeting_registrants"]
    output = connector.read(server_to_server(simulator), names)
    assert output.code == 0
    for stream in STREAMS:
        if stream.stream_name() in names:
            assert_complete(simulator, output, stream)


def test_without_the_hosts_report_every_user_is_asked(start: Start, in_process: InProcess) -> None:
    scopes = set(GRANULAR_SCOPES) - {"report:read:list_users:admin"}
    simulator = start(1, Size(users=6), clock=still_clock(), plan="unlimited", scopes=scopes)
    output = in_process.read(server_to_server(simulator), ["report_meetings", "report_webinars"])
    assert output.code == 0
    for stream in STREAMS:
        if stream.stream_name() in ("report_meetings", "report_webinars"):
            assert_complete(simulator, output, stream)
    [warning] = output.warnings
    assert "report:read:list_users:admin" in warning
    names = ["report_meetings", "report_webinars"]
    least = [url for _, url in truth.least_urls(simulator.world, names, hosts_report=False)]
    asked = {entry.url for entry in simulator.journal.of("report_user_meetings")}
    assert len(asked) == len(simulator.journal.of("report_user_meetings"))
    assert len(asked) == sum(url.startswith("/report/users/") for url in least)


def scopes_of_ways(kind: Kind) -> dict[str, str]:
    return {
        "reports": "report:read:user:admin",
        "history": "report:read:list_history_meetings:admin",
        "instances": f"{kind}:read:list_past_instances:admin",
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["instances", "reports", "history"])
def test_one_way_to_past_occurrences_is_enough_for_what_it_finds(
    start: Start, in_process: InProcess, kind: Kind, way: str
) -> None:
    refused = {scope for other, scope in scopes_of_ways(kind).items() if other != way}
    scopes = set(GRANULAR_SCOPES) - refused
    size = Size(users=6, former_hosts=1)
    simulator = start(1, size, clock=still_clock(), plan="unlimited", scopes=scopes)
    name = f"report_{kind}s"
    output = in_process.read(server_to_server(simulator), [name])
    assert output.code == 0
    uuids = found_by(simulator.world, way, kind)
    want = expected(simulator, CLASSES[name], lambda parent: parent["uuid"] in uuids)
    assert 0 < len(want) < len(expected(simulator, CLASSES[name]))
    # The history does not say hosts' ids.
    unknown = {"host_id"} if way == "history" else set[str]()
    assert canonical(output.records(name), unknown) == canonical(want, unknown)
    assert unknown == {"host_id"} or all(row["host_id"] for row in output.records(name))
    for scope in refused:
        assert any(log.startswith("WARN") and scope in log for log in output.logs)


@pytest.mark.parametrize("kind", KINDS)
def test_the_log_says_what_each_way_alone_has_found(start: Start, in_process: InProcess, kind: Kind) -> None:
    size = Size(users=6, former_hosts=2, history_omits_every=4)
    simulator = start(1, size, clock=still_clock(), plan="unlimited")
    output = in_process.read(server_to_server(simulator), [f"report_{kind}s"])
    found = {way: found_by(simulator.world, way, kind) for way in ("reports", "instances", "history")}
    alone = {
        way: some.difference(*(found[one] for one in found if one != way)) for way, some in found.items()
    }
    assert all(alone.values())
    told = ", ".join(f"{len(some)} by the {way} alone" for way, some in alone.items())
    assert f"INFO Found {len(set().union(*found.values()))} past {kind}s: {told}." in output.logs


def test_all_ways_to_past_meetings_are_refused(start: Start, in_process: InProcess) -> None:
    refused = set(scopes_of_ways("meeting").values())
    scopes = set(GRANULAR_SCOPES) - refused
    simulator = start(1, Size(users=6), plan="unlimited", scopes=scopes)
    output = in_process.read(server_to_server(simulator), ["report_meetings", "report_webinars"])
    assert output.code == 1
    assert output.statuses == {"report_meetings": "INCOMPLETE", "report_webinars": "COMPLETE"}
    error = output.errors[0]
    assert error["failure_type"] == "config_error"
    assert all(scope in error["message"] for scope in refused)


def test_two_reads_give_the_same_keys(
    account: Simulator, whole_account: Output, in_process: InProcess
) -> None:
    keyless = [stream.stream_name() for stream in STREAMS if stream.row_id_fields]
    again = in_process.read(server_to_server(account), keyless)
    for name in keyless:
        assert canonical(again.records(name), set()) == canonical(whole_account.records(name), set())


def test_host_secrets_come_when_asked_for(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=6), clock=still_clock(), plan="unlimited")
    config = server_to_server(simulator, include_host_secrets=True)
    streams = [stream for stream in STREAMS if stream.host_secrets]
    output = in_process.read(config, [stream.stream_name() for stream in streams])
    assert output.code == 0
    for stream in streams:
        # What comes to users takes another request, so it is no part of their rows in the truth.
        if stream is not CLASSES["users"]:
            want = expected(simulator, stream, host_secrets=True)
            assert all(row.keys() & stream.host_secrets for row in want)
            assert canonical(output.records(stream.stream_name())) == canonical(want)
    users = output.records("users")
    assert all(user["host_key"] for user in users)
    assert canonical(users, {"host_key"}) == canonical(expected(simulator, CLASSES["users"]))


def test_pending_users_come_when_asked_for(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=6, pending_users=3), clock=still_clock(), plan="unlimited")
    output = in_process.read(server_to_server(simulator, include_pending_users=True), ["users", "meetings"])
    assert output.code == 0
    pending = [user for user in output.records("users") if user["status"] == "pending"]
    assert [user["id"] for user in pending] == [f"pending:{user['email']}" for user in pending]
    assert len(pending) == 3
    want = expected(simulator, CLASSES["users"], pending_users=True)
    assert canonical(output.records("users"), {"id"}) == canonical(want, {"id"})
    assert not any("pending" in entry.url for entry in simulator.journal.of("user_meetings"))


def test_whoever_is_activated_or_leaves_between_two_lists_is_not_missed(
    start: Start, in_process: InProcess
) -> None:
    simulator = start(1, Size(users=6, pending_users=1), clock=still_clock(), plan="unlimited", latency=0.05)
    config = server_to_server(simulator, include_pending_users=True, num_workers=9)
    users = in_process.read(config, ["users"]).records("users")
    moved = next(user for user in users if user["status"] == "active")
    asked: list[str] = []

    def change_for(status: str) -> Callable[[Json], Json]:
        def change(body: Json) -> Json:
            is_at = "inactive" if asked else "active"
            asked.append(status)
            others = [user for user in body["users"] if user["id"] != moved["id"]]
            return {**body, "users": [*others, *([{**moved, "status": status}] if status == is_at else [])]}

        return change

    for status in ("active", "inactive"):
        simulator.faults.change(f"/v2/users.*status={status}", change_for(status))
    simulator.journal.reset()
    output = in_process.read(config, ["users"])
    statuses = [
        entry.url.partition("status=")[2].partition("&")[0] for entry in simulator.journal.of("users")
    ]
    assert [status for status in statuses if status] == ["pending", "active", "inactive"]
    assert [user["status"] for user in output.records("users") if user["id"] == moved["id"]] == [
        "active",
        "inactive",
    ]


@pytest.mark.parametrize("included", [False, True])
def test_meetings_attended_alone_are_found_when_asked_for(
    start: Start, in_process: InProcess, *, included: bool
) -> None:
    simulator = start(1, Size(users=10, unlisted_per_user=9), clock=still_clock(), plan="unlimited")
    world, now = simulator.world, simulator.world.now()
    listed = found_by(world, "instances", "meeting")
    alone = {
        world.uuid(occurrence)
        for user in range(world.size.users)
        for first, last in report_windows(world.clock.today())
        for occurrence in world.reported(user, first, last, now, solo=True)
        if occurrence.series.kind == "meeting"
    }
    assert alone - listed
    names = ["report_meetings", "meeting_poll_results"]
    output = in_process.read(server_to_server(simulator, include_solo_meetings=included), names)
    assert output.code == 0
    uuids = Counter(record["uuid"] for record in output.records("report_meetings"))
    assert (alone - listed <= set(uuids)) == included
    assert not included or alone <= set(uuids)
    assert found_by(world, "reports", "meeting") <= set(uuids)
    assert set(uuids.values()) == {1}
    searched = [entry.url for entry in simulator.journal.of("report_user_meetings")]
    assert sum("type=pastOne" in url for url in searched) == (len(searched) / 2 if included else 0)


def test_a_start_date_leaves_out_what_is_older(account: Simulator, in_process: InProcess) -> None:
    rows = [row["start_time"] for _, row in truth.rows(account.world, "report_meetings")]
    middle = sorted(rows)[len(rows) // 2][:10]
    output = in_process.read(server_to_server(account, start_date=middle), ["report_meetings"])
    assert output.code == 0
    got = sorted(record["start_time"] for record in output.records("report_meetings"))
    assert got == sorted(row for row in rows if row >= middle)


def test_a_page_token_that_expires_costs_no_row_and_doubles_none(start: Start, in_process: InProcess) -> None:
    size = Size(users=5, meetings_per_user=1, webinars_per_user=0, unlisted_per_user=0, busy_registrants=950)
    simulator = start(1, size, clock=still_clock(), plan="unlimited")
    expired = iter([True])
    original = simulator.limits.check

    def check(label: str) -> Any:
        # Twenty minutes pass between two pages.
        pages = [entry for entry in simulator.journal.of("meeting_registrants") if "page@" in entry.url]
        if len(pages) > 0 and next(expired, False):
            simulator.clock.advance(minutes=20)
        return original(label)

    simulator.limits.check = check
    output = in_process.read(server_to_server(simulator), ["meeting_registrants"])
    assert output.code == 0
    assert any(entry.status == 400 and "page@" in entry.url for entry in simulator.journal.entries)
    registrants = next(stream for stream in STREAMS if stream.stream_name() == "meeting_registrants")
    assert_complete(simulator, output, registrants)


def test_the_summary_counts_every_request(whole_account: Output, whole_journal: list[Entry]) -> None:
    pattern = re.compile(r"Summary of (\w+): \d+ records, (\d+) requests, ")
    said = Counter({found[1]: int(found[2]) for found in map(pattern.search, whole_account.logs) if found})
    assert said == Counter(
        LISTS.get(entry.route, entry.route) for entry in whole_journal if entry.route != "token"
    )


def test_the_summary_counts_what_was_skipped(whole_account: Output, whole_journal: list[Entry]) -> None:
    summary = next(log for log in whole_account.logs if "Summary of meeting_registrants:" in log)
    requests = [entry for entry in whole_journal if entry.route == "meeting_registrants"]
    # Zoom's word for the questions of a meeting is counted here as well.
    alike = ("meeting_registrants", "meeting_questions")
    off = sum(entry.status == 400 for entry in whole_journal if entry.route in alike)
    gone = sum(entry.status == 404 for entry in requests)
    assert off
    assert gone
    assert f"registration is not enabled: {off}" in summary
    assert f"it does not exist (any more): {gone}" in summary
    assert f" {len(requests)} requests" in summary
    assert f" {len(whole_account.records('meeting_registrants'))} records" in summary


def test_what_zoom_withholds_is_told_with_its_number(account: Simulator, whole_account: Output) -> None:
    world = account.world
    users = [user for user in range(world.size.users) if not world.is_deleted(user)]
    unlicensed = sum(not world.is_licensed(user) for user in users)
    planless = sum(not world.has_webinars(user) for user in users)
    assert planless > 10 > unlicensed
    assert whole_account.warnings == []
    told = [log for log in whole_account.logs if log.startswith("WARN")]
    assert len(told) == 2
    assert f"WARN user_meetings: {unlicensed} withheld by Zoom: users/" in told[0]
    assert f"WARN user_webinars: {planless} withheld by Zoom: users/" in told[1]
    assert told[1].count("users/") == 10
    assert whole_account.code == 0


def test_an_oauth_config_reads_the_same(account: Simulator, in_process: InProcess) -> None:
    output = in_process.read(oauth(account), ["meetings"])
    assert output.code == 0
    assert_complete(account, output, next(s for s in STREAMS if s.stream_name() == "meetings"))
