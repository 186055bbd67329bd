"""Streams whose units are windows of the account, and what hangs on the rows of these, sync after sync."""

import re
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from integration_tests.completeness import assert_complete, canonical, expected
from integration_tests.conftest import InProcess, Output, Start, server_to_server, still_clock
from integration_tests.harness import cursor_of
from integration_tests.one_stream import SIZE, missing, read, state_of
from integration_tests.outcomes import route_of
from integration_tests.zoom_simulator import Simulator, refusals, truth
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS


def list_of(stream: type[ZoomStream]) -> type[ZoomStream] | None:
    """What is asked for by windows, for a stream with a cursor that is found so: itself, or its parent."""
    kinds = [stream, *stream.parent_classes()]
    lists = [kind for kind in kinds if issubclass(kind, ZoomStream) and kind.months is not None]
    return lists[0] if lists and stream.has_cursor() else None


BY_MONTHS = {stream: found for stream in STREAMS if (found := list_of(stream))}
# Some are asked for whole months, whichever days are wanted.
BY_DAYS = {stream: found for stream, found in BY_MONTHS.items() if found.page_size}
by_days = pytest.mark.parametrize("stream", BY_DAYS, ids=lambda stream: stream.stream_name())
by_months = pytest.mark.parametrize("stream", BY_MONTHS, ids=lambda stream: stream.stream_name())


def windows(account: Simulator, stream: type[ZoomStream]) -> list[tuple[str, str]]:
    """The first and the last day of each window that was asked for, the oldest first."""
    asked = account.journal.of(route_of(BY_MONTHS[stream]).name)
    queries = [parse_qs(urlsplit(entry.url).query) for entry in asked if entry.answered]
    return sorted((query["from"][0][:10], query["to"][0][:10]) for query in queries if "from" in query)


@pytest.fixture
def account(start: Start) -> Simulator:
    return start(1, SIZE, clock=still_clock(), plan="unlimited")


@by_months
def test_every_row_arrives(account: Simulator, in_process: InProcess, stream: type[ZoomStream]) -> None:
    output = read(in_process, account, stream)
    assert output.code == 0
    assert_complete(account, output, stream)
    requests = [entry for entry in account.journal.answered() if entry.route != "token"]
    assert len(requests) == sum(truth.least_counts(account.world, [stream.stream_name()]).values())


def day_of_state(account: Simulator, stream: type[ZoomStream]) -> date:
    """The first day that is open: yesterday is closed by the hour of the tests."""
    return account.clock.today() - timedelta(days=BY_MONTHS[stream].ways.days_open)


def cursor_in_state(account: Simulator, stream: type[ZoomStream]) -> str:
    return f"{day_of_state(account, stream)}T00:00:00Z"


@by_days
def test_a_second_sync_asks_for_the_open_days_and_gives_what_is_new(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    first = read(in_process, account, stream)
    assert state_of(first, stream)[cursor_of(stream)] == cursor_in_state(account, stream)
    # Where a day does not stay open, it is due for its second reading the day after next. And one day more is
    # asked for, since nobody knows whose days Zoom means.
    days = BY_MONTHS[stream].ways.days_open or 1
    oldest = account.clock.today() - timedelta(days=1 + days)
    account.clock.advance(days=1)
    account.journal.reset()
    name, is_news = stream.stream_name(), bool(missing(account, stream, first))
    second = read(in_process, account, stream, first)
    assert second.code == 0
    assert windows(account, stream) == [(oldest.isoformat(), "2026-11-21")]
    assert bool(second.records(name)) is is_news
    assert missing(account, stream, first, second) == []
    if BY_MONTHS[stream] is stream:
        known = canonical([row for row in first.records(name) if row[cursor_of(stream)] >= "2026-11-20"])
        assert not known & canonical(second.records(name))
    assert state_of(second, stream)[cursor_of(stream)] == cursor_in_state(account, stream)
    account.journal.reset()
    third = read(in_process, account, stream, second)
    assert third.code == 0
    assert third.records(name) == []
    assert len(windows(account, stream)) == 1
    own = [entry for entry in account.journal.answered() if entry.route == name]
    assert len(own) == (route_of(BY_MONTHS[stream]).name == name)


@by_days
def test_a_row_that_comes_late_or_changes_while_its_day_is_open_comes_with_the_next_sync(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    outputs = [read(in_process, account, stream)]
    for _ in range(8):
        account.clock.advance(hours=5)
        outputs.append(read(in_process, account, stream, outputs[-1]))
        assert missing(account, stream, *outputs) == []


@by_months
def test_two_syncs_bring_everything(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    first = read(in_process, account, stream)
    account.clock.advance(days=3)
    assert missing(account, stream, first)
    assert missing(account, stream, first, read(in_process, account, stream, first)) == []


@by_days
def test_a_start_date_is_the_first_day_that_is_asked_for(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    config = server_to_server(account, start_date="2026-09-15")
    output = in_process.read(config, [stream.stream_name()])
    # With the day before, since nobody knows whose days Zoom means.
    first = "2026-09-14"
    assert windows(account, stream) == [
        (first, "2026-09-30"),
        ("2026-10-01", "2026-10-31"),
        ("2026-11-01", "2026-11-20"),
    ]
    # What costs a request of its own is asked for from the day itself on.
    oldest = first if BY_MONTHS[stream] is stream else "2026-09-15"
    want = [row for row in expected(account, stream) if row[cursor_of(stream)] >= oldest]
    assert canonical(output.records(stream.stream_name()), {"row_id"}) == canonical(want)


AUGUST = "from=2026-08-01&to=2026-08-31"


def month(stream: type[ZoomStream], first: str) -> str:
    """Matches the requests for the rows of a month, and not those that look how far back there are any."""
    path = re.escape(route_of(BY_MONTHS[stream]).path)
    return rf"{path}\?(?=.*page_size={BY_MONTHS[stream].page_size})(?=.*from={first})"


@by_days
def test_a_month_that_fails_is_named_holds_nothing_back_and_comes_later(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    in_process.without_waiting()
    account.faults.reply(month(stream, "2026-08-01"), *refusals.PROXY_PAGE)
    broken = read(in_process, account, stream)
    assert broken.code == 1
    assert broken.statuses == {stream.stream_name(): "INCOMPLETE"}
    (own,) = (e for e in broken.errors if e.get("stream_descriptor", {}).get("name") == stream.stream_name())
    assert AUGUST in own["message"]
    lost = missing(account, stream, broken)
    assert lost
    assert all(f'"{cursor_of(stream)}": "2026-08-' in row for row in lost)
    state = state_of(broken, stream)
    assert state[cursor_of(stream)] == cursor_in_state(account, stream)
    assert [(entry["from"], entry["to"]) for entry in state["retry"]] == [("2026-08-01", "2026-08-31")]
    account.faults.clear()
    account.clock.advance(days=1)
    account.journal.reset()
    healed = read(in_process, account, stream, broken)
    assert healed.code == 0
    assert missing(account, stream, broken, healed) == []
    assert "retry" not in state_of(healed, stream)
    assert len(windows(account, stream)) == 2


@by_months
def test_a_daily_limit_is_crossed_in_a_few_days(
    start: Start, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    account = start(1, SIZE, clock=still_clock(), plan="unlimited")
    label = BY_MONTHS[stream].rate_limit
    needed = truth.least_counts(account.world, [stream.stream_name()])[label]
    account.limits.per_day = {label: 3 * needed // 4}
    outputs: list[Output] = []
    cursor = ""
    for _ in range(3):
        outputs.append(read(in_process, account, stream, outputs[-1] if outputs else None))
        if outputs[-1].code == 0:
            break
        assert outputs[-1].errors[0]["failure_type"] == "transient_error"
        assert "retry" not in state_of(outputs[-1], stream)
        before, cursor = cursor, state_of(outputs[-1], stream)[cursor_of(stream)]
        assert before < cursor
        account.clock.advance(days=1)
    assert outputs[-1].code == 0
    assert len(outputs) > 1
    assert missing(account, stream, *outputs) == []
