"""Logs whose rows have no key, and the usage by day: whichever days Zoom means, each row comes, and once."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from integration_tests.completeness import canonical, expected
from integration_tests.conftest import InProcess, Start, server_to_server, still_clock
from integration_tests.harness import Json
from integration_tests.one_stream import SIZE, missing, read, state_of
from integration_tests.zoom_simulator import Clock, Simulator, Size
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams.logs import ReportActivities, ReportDailyUsage, ReportOperationLogs

ZONES = [-8, 0, 14]
every_log = pytest.mark.parametrize("log", [ReportActivities, ReportOperationLogs])
DAILY = ReportDailyUsage.stream_name()


def keys(log: type[ZoomStream], records: list[Json]) -> Counter[str]:
    return Counter(record["row_id"] for record in records)


@every_log
@pytest.mark.parametrize("zone", ZONES)
def test_each_row_comes_once_in_a_sync(
    start: Start, in_process: InProcess, log: type[ZoomStream], zone: int
) -> None:
    size = Size(users=6, report_zone_hours=zone)
    account = start(1, size, clock=still_clock(), plan="unlimited")
    output = read(in_process, account, log)
    assert output.code == 0
    want = canonical(expected(account, log))
    assert max(want.values()) > 1
    assert canonical(output.records(log.stream_name()), {"row_id"}) == want
    assert set(keys(log, output.records(log.stream_name())).values()) == {1}


@every_log
@pytest.mark.parametrize("zone", ZONES)
def test_daily_syncs_over_the_end_of_a_month_lose_no_row_and_double_none(
    start: Start, in_process: InProcess, log: type[ZoomStream], zone: int
) -> None:
    began = datetime(2026, 10, 29, 23 if zone > 0 else 1, 10, 1, tzinfo=UTC)
    size = Size(users=6, report_zone_hours=zone)
    account = start(1, size, clock=Clock(began, running=False), plan="unlimited")
    config = server_to_server(account, lookback_days=0)
    outputs = [in_process.read(config, [log.stream_name()])]
    for _ in range(4):
        account.clock.advance(days=1)
        outputs.append(in_process.read(config, [log.stream_name()], state=outputs[-1].states))
        assert outputs[-1].code == 0
    assert missing(account, log, *outputs) == []
    # The oldest days were out of reach by then.
    since = "2026-05-10"
    found = {record["row_id"]: record for output in outputs for record in output.records(log.stream_name())}
    got = [record for record in found.values() if record["time"] >= since]
    assert canonical(got, {"row_id"}) == canonical(
        [row for row in expected(account, log) if row["time"] >= since]
    )


def test_equal_rows_on_several_pages_are_numbered(start: Start, in_process: InProcess) -> None:
    size = Size(users=320, meetings_per_user=0, webinars_per_user=0, unlisted_per_user=0)
    account = start(1, size, clock=still_clock(), plan="unlimited")
    records = read(in_process, account, ReportOperationLogs).records(ReportOperationLogs.stream_name())
    assert max(canonical(records, {"row_id"}).values()) == 320
    assert canonical(records, {"row_id"}) == canonical(expected(account, ReportOperationLogs))
    assert set(keys(ReportOperationLogs, records).values()) == {1}
    again = read(in_process, account, ReportOperationLogs).records(ReportOperationLogs.stream_name())
    assert canonical(again) == canonical(records)


def test_days_that_touch_two_months_take_a_request_for_each(start: Start, in_process: InProcess) -> None:
    account = start(
        1, SIZE, clock=Clock(datetime(2026, 11, 1, 12, tzinfo=UTC), running=False), plan="unlimited"
    )
    first = read(in_process, account, ReportDailyUsage)
    assert state_of(first, ReportDailyUsage)["date"] == "2026-11-01T00:00:00Z"
    account.clock.advance(days=1)
    account.journal.reset()
    second = read(in_process, account, ReportDailyUsage, first)
    assert second.code == 0
    assert sorted(entry.url.partition("?")[2] for entry in account.journal.of(DAILY)) == [
        "month=10&year=2026",
        "month=11&year=2026",
    ]
    days = [record["date"] for record in second.records(DAILY)]
    # The last day of October is asked for a second time, and with it the day before; it has not changed.
    assert days == ["2026-10-30", "2026-11-01", "2026-11-02"]
    assert missing(account, ReportDailyUsage, first, second) == []


@pytest.mark.parametrize("scopes", ["granular", "classic"])
def test_a_check_says_that_no_granular_scope_is_known(
    start: Start, in_process: InProcess, scopes: str
) -> None:
    granted = {"report:read:admin"} if scopes == "classic" else {"report:read:list_users:admin"}
    account: Simulator = start(1, SIZE, scopes=granted, plan="unlimited")
    logs = in_process.check(server_to_server(account)).logs
    warned = [log for log in logs if "Zoom names no granular scope for report_daily_usage" in log]
    assert len(warned) == (scopes == "granular")
