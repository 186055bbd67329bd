"""Speed by counting: no needless request, no refusal, every label at work. Seconds are for `make bench`."""

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, ConfiguredAirbyteCatalogSerializer, Type

from integration_tests.benchmarks import measure as measure_module
from integration_tests.benchmarks import report
from integration_tests.benchmarks.again import Again, read_again
from integration_tests.benchmarks.measure import Case, measure
from integration_tests.benchmarks.trouble import Trouble, compare
from integration_tests.conftest import (
    STREAM_NAMES,
    Connector,
    Output,
    Start,
    configured_catalog,
    server_to_server,
    still_clock,
)
from integration_tests.outcomes import LISTS, Syncs, name_of
from integration_tests.zoom_simulator import Size, World, truth
from integration_tests.zoom_simulator.limits import PLANS
from source_zoom.api.client import READ_SECONDS
from source_zoom.api.rate_limits import RetryBudget
from source_zoom.counts import Summary
from source_zoom.engine.reader import RecordQueue
from source_zoom.source import SourceZoom
from source_zoom.streams import STREAMS


def row_counts(world: World, streams: list[str] = STREAM_NAMES) -> Counter[str]:
    return Counter(name for name in streams for _ in truth.rows(world, name))


@pytest.mark.parametrize(
    ("plan", "size", "config", "options"),
    [
        ("business", Size(users=5), {"rate_limit_plan": "business", "rate_limit_share": 100}, {}),
        ("business", Size(users=5), {}, {}),
        ("business", Size(users=1), {}, {"limit_headers": False}),
    ],
)
def test_hardly_a_request_is_refused_or_repeated_at_the_limits(
    start: Start,
    connector: Connector,
    plan: str,
    size: Size,
    config: dict[str, Any],
    options: dict[str, Any],
) -> None:
    simulator = start(1, size, plan=plan, latency=0.15, jitter=0.3, **options)
    output = connector.read(server_to_server(simulator, **config))
    assert output.code == 0
    assert output.record_counts == row_counts(simulator.world)
    journal = simulator.journal
    requests = sum(number for label, number in journal.requests.items() if label != "TOKEN")
    assert journal.refused <= 0.01 * requests
    assert requests - journal.refused <= 1.02 * least_and_twice(simulator.world)


def least_and_twice(world: World) -> int:
    """The least requests, where lists that are streams as well are read once for each purpose."""
    twice = [name_of(kind) for kind in LISTS if kind in STREAMS]
    return sum(sum(truth.least_counts(world, names).values()) for names in (truth.STREAMS, twice))


def test_auto_finds_its_way_down_to_a_free_account(start: Start, connector: Connector) -> None:
    simulator = start(1, Size(users=3), plan="free", latency=0.05)
    output = connector.read(server_to_server(simulator), ["users", "webinars"])
    assert output.code == 0
    assert output.record_counts == row_counts(simulator.world, ["users", "webinars"])
    assert simulator.journal.refused <= 5


def test_auto_reads_a_free_account_that_names_no_limits(start: Start, connector: Connector) -> None:
    simulator = start(1, Size(users=1), plan="free", limit_headers=False, latency=0.05)
    output = connector.read(server_to_server(simulator), ["meetings"])
    assert output.code == 0
    assert output.record_counts == row_counts(simulator.world, ["meetings"])


def test_children_begin_before_their_parents_have_been_read(start: Start, connector: Connector) -> None:
    simulator = start(1, Size(users=30), plan="business", latency=0.05)
    connector.read(server_to_server(simulator, rate_limit_plan="business"), ["meetings"])
    routes = [entry.route for entry in simulator.journal.entries]
    last = len(routes) - routes[::-1].index("user_meetings")
    assert routes[:last].count("meetings") > 10


def test_a_slow_label_does_not_keep_the_workers_from_a_fast_one(start: Start, connector: Connector) -> None:
    simulator = start(1, Size(users=6), plan="pro", latency=0.05)
    config = server_to_server(simulator, rate_limit_plan="pro", num_workers=9)
    connector.read(config, ["meetings", "meeting_registrants"])
    labels = [entry.label for entry in simulator.journal.entries]
    # MEDIUM has more to do at a lower limit. With workers for all, LIGHT would come to its end with it.
    last_light = len(labels) - labels[::-1].index("LIGHT")
    assert labels[:last_light].count("MEDIUM") < 0.7 * labels.count("MEDIUM")


def test_what_has_no_registration_or_was_never_held_costs_one_request_each(
    start: Start, connector: Connector
) -> None:
    simulator = start(1, Size(users=10), plan="unlimited")
    connector.read(server_to_server(simulator))
    refusals = Counter(
        (entry.route, entry.path.partition("?")[0])
        for entry in simulator.journal.entries
        if entry.status >= 400
    )
    assert {route for route, _ in refusals} >= {"meeting_registrants", "meeting_questions"}
    assert any(route.endswith("_instances") for route, _ in refusals)
    assert set(refusals.values()) == {1}


def test_the_log_says_every_now_and_then_how_far_the_sync_is(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    simulator = start(1, Size(users=10), plan="pro", latency=0.05)
    catalog = ConfiguredAirbyteCatalogSerializer.load(configured_catalog(["users", "meetings"]))
    with caplog.at_level(logging.INFO):
        source = SourceZoom(progress_seconds=0.5)
        list(source.read(logging.getLogger("airbyte"), server_to_server(simulator), catalog, []))
    lines = [record.message for record in caplog.records if record.message.startswith("Progress")]
    pattern = (
        r"Progress after \d+ s: [012] of 2 streams done, \d+ records, requests per second:"
        r" LIGHT \d+\.\d of 30, MEDIUM \d+\.\d of 20, HEAVY 0\.0 of 10;"
        r" of a day's requests 0 of 30,000 HEAVY; waiting for .*the LIGHT rate limit \(\d+\).*"
    )
    assert len(lines) > 2
    assert any(re.fullmatch(pattern, line) for line in lines)


def test_the_log_says_which_day_all_have_come_to(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    simulator = start(1, Size(users=6), clock=still_clock(), plan="unlimited", latency=0.05)
    names = ["users", "report_meetings", "report_webinars"]
    catalog = ConfiguredAirbyteCatalogSerializer.load(configured_catalog(names))
    days: set[str] = set()
    with caplog.at_level(logging.INFO):
        source = SourceZoom(progress_seconds=0.1)
        for message in source.read(logging.getLogger("airbyte"), server_to_server(simulator), catalog, []):
            if message.state and message.state.stream and (state := message.state.stream.stream_state):
                days.add(str(vars(state).get("start_time", ""))[:10])
    lines = [record.message for record in caplog.records if record.message.startswith("Progress")]
    said = {found[1] for line in lines if (found := re.search(r"by day have come to ([\d-]+), \d+", line))}
    assert said
    # It is one of which there is a state.
    assert said <= days


def test_a_slow_destination_holds_up_the_readers_between_pages() -> None:
    queue = RecordQueue(Summary(), most=10)
    message = AirbyteMessage(Type.RECORD)
    for _ in range(4):
        queue.put_page([message] * 3)
    passed = threading.Event()

    def read() -> None:
        queue.wait_until_drained()
        passed.set()

    threading.Thread(target=read, daemon=True).start()
    time.sleep(0.05)
    assert not passed.is_set()
    assert [queue.get() for _ in range(7)] == [message] * 7
    assert passed.wait(timeout=10)
    assert not queue.empty()


def test_the_benchmark_measures_and_shows() -> None:
    config = {"rate_limit_plan": "business"}
    limited = measure(Case("limited", {"users": 1}, "business", config, latency=0.01, target=0.5))
    world = World(1, Size(users=1))
    assert limited.records == limited.rows == sum(row_counts(world).values())
    assert limited.least == sum(truth.least_counts(world).values())
    assert limited.least <= limited.requests <= 1.02 * least_and_twice(world)
    assert limited.bound == pytest.approx(truth.bound(world, PLANS["business"].per_second))
    assert limited.wall > limited.bound
    assert limited.cpu > 0.5
    assert limited.peak > 50
    free = measure(Case("free", {"users": 1}, "unlimited", streams=("users",), latency=0.0))
    assert free.bound == 0
    assert free.records == free.rows > 0
    text = report.markdown([limited], [free], [], [])
    assert f"| limited | {limited.records:,} of {limited.rows:,} |" in text
    assert f"| {limited.ratio:.2f} | 0.50 missed |" in text
    picture = report.plot([limited], [free])
    assert picture.count("<rect") == 2
    assert picture.count("<circle") == 2


def test_the_benchmark_of_an_incomplete_read_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    read = measure_module.read

    def lose_a_record(command: Sequence[str], files: Path, output: Path) -> Any:
        usage = read(command, files, output)
        output.write_bytes(output.read_bytes().replace(b'{"type":"RECORD"', b'{"type":"LOST"', 1))
        return usage

    monkeypatch.setattr(measure_module, "read", lose_a_record)
    with pytest.raises(RuntimeError, match=r"users: 19 records of 20"):
        measure(Case("users", {"users": 20}, "unlimited", streams=("users",), latency=0.0))


def test_the_benchmark_of_trouble_compares_by_a_simulated_clock() -> None:
    began = time.monotonic()
    one_user = {"users": 1}
    hanging = Trouble("hanging", one_user, lambda faults: faults.always("/v2/users", "reset", times=1), 1000)
    cost = compare(hanging)
    assert cost.run.seconds > READ_SECONDS > time.monotonic() - began
    assert cost.ratio > 1
    # Whether the history is asked for what the instances have depends on which of the two is faster: seven
    # months of meetings and of webinars.
    assert abs(cost.run.requests - cost.without.requests - 1) <= 2 * 7
    assert len(cost.run.hits) == 1
    assert "| hanging | 1 requests in 0.0 s | " in report.markdown([], [], [cost], [])
    down = Trouble("down", one_user, lambda faults: faults.always("/v2/webinars/", "503"), 1000)
    cost = compare(down)
    assert "webinars" in cost.run.incomplete
    assert "meetings" not in cost.run.incomplete
    assert cost.run.seconds > RetryBudget.seconds
    assert f" COMPLETE, INCOMPLETE: {cost.run.incomplete[0]}, " in report.line(cost)
    assert cost.run.records < cost.without.records


def test_trouble_that_nobody_meets_is_no_benchmark() -> None:
    elsewhere = Trouble("elsewhere", {"users": 1}, lambda faults: faults.always("/nowhere", "503"), 1000)
    with pytest.raises(RuntimeError, match=r"^elsewhere: .* cannot be compared"):
        compare(elsewhere)


FEW_HOSTS = {"users": 6, "meetings_per_user": 3, "unlisted_per_user": 0, "past_occurrences": 1}


def test_the_benchmark_of_reading_again_counts_what_syncs_cost() -> None:
    listed_only = {**FEW_HOSTS, "rows_without_solo": True}
    course = read_again(Again("few", 4, listed_only, unchanged=0, reports=100, hours=2))
    first, unchanged, news, day, dearest = course.steps
    # Who has hosted, and the history.
    assert (unchanged.requests, unchanged.heavy, unchanged.records) == (2, 2, 0)
    assert unchanged.target == "0 requests, 0 records: missed"
    assert 0 < news.reports < first.reports
    assert news.target == "100 reports of meetings: met"
    assert day.heavy / 2 <= dearest.heavy < day.heavy < day.requests
    assert 0 < news.state <= day.state
    text = report.markdown([], [], [], [course])
    assert f"| few: first sync | {first.requests:,} | {first.heavy:,} | {first.records:,} |" in text
    assert report.line(course) in text


def test_the_benchmark_of_another_account_than_was_meant_is_none() -> None:
    with pytest.raises(RuntimeError, match=r"^few, read again: it has 4 hosts"):
        read_again(Again("few", 5, FEW_HOSTS, unchanged=12))


def test_the_benchmark_of_syncs_that_miss_a_row_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Syncs.run

    def lose_news(syncs: Syncs) -> Output:
        had = {unit: set(keys) for unit, keys in syncs.rows.items()}
        output = run(syncs)
        syncs.rows.update(had)
        return output

    monkeypatch.setattr(Syncs, "run", lose_news)
    with pytest.raises(RuntimeError, match=r"^few, read again: \('\w+', '.*'\) has not come"):
        read_again(Again("few", 4, FEW_HOSTS, unchanged=12))
