"""Nobody knows by whose days Zoom's reports count, so nothing may be lost whichever they are."""

from datetime import UTC, datetime

import pytest

from integration_tests.conftest import InProcess, Output, Start
from integration_tests.outcomes import Syncs
from integration_tests.zoom_simulator import Clock, Simulator, Size

ZONES = [-8, 0, 14]
STREAMS = ["report_meetings", "report_webinars"]


def account(start: Start, zone: int, began: datetime, *, by_end: bool) -> Simulator:
    """Hosts who meet around the clock, of whose meetings most are in no list but the reports'."""
    size = Size(
        users=6,
        meetings_per_user=1,
        webinars_per_user=1,
        unlisted_per_user=8,
        past_occurrences=20,
        report_zone_hours=zone,
        reports_by_end=by_end,
    )
    return start(4, size, clock=Clock(began, running=False), plan="unlimited")


@pytest.mark.storm
@pytest.mark.parametrize("by_end", [False, True], ids=["by start", "by end"])
@pytest.mark.parametrize("zone", ZONES)
def test_a_backfill_that_is_broken_off_loses_nothing(
    start: Start, in_process: InProcess, zone: int, *, by_end: bool
) -> None:
    simulator = account(start, zone, datetime(2026, 11, 3, 4, 10, 1, tzinfo=UTC), by_end=by_end)
    for share in (0.3, 0.7):
        syncs = Syncs(simulator, in_process, STREAMS, lookback_days=0)
        lines = syncs.read().text.splitlines(keepends=True)
        states = [n for n, line in enumerate(lines) if '"type":"STATE"' in line and STREAMS[0] in line]
        syncs.take(Output(-9, "".join(lines[: states[int(share * len(states))] + 1])))
        assert "2026-05-03" < str(syncs.state(STREAMS[0])["start_time"]) < "2026-11-02"
        had_ended = syncs.truth()
        syncs.a_day_later()
        assert syncs.missing(had_ended) == []


@pytest.mark.storm
@pytest.mark.parametrize("lookback", [0, 2])
@pytest.mark.parametrize("by_end", [False, True], ids=["by start", "by end"])
@pytest.mark.parametrize("zone", ZONES)
def test_daily_syncs_lose_nothing(
    start: Start, in_process: InProcess, zone: int, lookback: int, *, by_end: bool
) -> None:
    """Across a month's end, at an hour that is another day elsewhere."""
    began = datetime(2026, 10, 28, 1 if zone < 0 else 23, 10, 1, tzinfo=UTC)
    simulator = account(start, zone, began, by_end=by_end)
    syncs = Syncs(simulator, in_process, STREAMS, lookback_days=lookback)
    for _ in range(7):
        assert syncs.run().code == 0
        had_ended = syncs.truth()
        simulator.clock.advance(days=1)
    # East of London it is tomorrow already, for which nobody may ask.
    assert syncs.run().code == 0
    assert syncs.missing(had_ended) == []
