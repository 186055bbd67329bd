"""When the state of a stream moves, and when it must not."""

from datetime import date
from queue import Queue
from typing import Any

import pytest
from airbyte_cdk.sources.message import InMemoryMessageRepository

from source_zoom.engine.cursor import MOST_RETRIES, Outlet, Progress
from source_zoom.exceptions import ZoomError

TODAY = date(2026, 11, 20)
OLDEST = date(2026, 5, 20)


def progress(state: dict[str, Any] | None = None, lookback: int = 2) -> Progress:
    outlet = Outlet(Queue(), InMemoryMessageRepository())
    return Progress("report_meetings", "start_time", state or {}, lookback, None, outlet)


def occurrence(day: str, number: int = 1) -> dict[str, Any]:
    return {"uuid": f"{day}-{number}", "id": 5, "start_time": f"{day}T10:00:00Z", "host_id": "h"}


def test_a_day_is_done_when_all_of_it_and_all_before_it_is() -> None:
    one = progress()
    one.begin(TODAY, OLDEST)
    handed_out = [occurrence("2026-11-01"), occurrence("2026-11-01", 2), occurrence("2026-11-03")]
    assert all(one.hand_out(item) for item in handed_out)
    one.finish(handed_out[2])
    one.finish(handed_out[0])
    assert "start_time" not in one.state or one.state["start_time"] <= "2026-11-01T00:00:00Z"
    one.finish(handed_out[1])
    assert one.state["start_time"] == "2026-11-03T00:00:00Z"
    one.all_handed_out()
    assert one.state == {"start_time": "2026-11-20T00:00:00Z", "version": 1}


def test_today_is_never_done() -> None:
    one = progress()
    one.begin(TODAY, OLDEST)
    for day in ("2026-11-20", "2026-11-21"):
        assert one.hand_out(occurrence(day))
        one.finish(occurrence(day))
    one.all_handed_out()
    assert one.state["start_time"] == "2026-11-20T00:00:00Z"


def test_the_state_stays_while_something_may_be_missing() -> None:
    given = {"start_time": "2026-11-01T00:00:00Z", "version": 1}
    one = progress(given)
    one.begin(TODAY, OLDEST)
    one.hold()
    assert one.hand_out(occurrence("2026-11-02"))
    one.finish(occurrence("2026-11-02"))
    one.all_handed_out()
    assert one.state == given


@pytest.mark.parametrize(
    ("state", "first"),
    [
        ({}, date.min),
        ({"start_time": "2026-11-19T00:00:00Z", "version": 1}, date(2026, 11, 17)),
        # Read on a day when it was old already: nothing of it can have been written late.
        ({"start_time": "2026-09-01T00:00:00Z", "version": 1, "read_on": "2026-11-19"}, date(2026, 9, 1)),
        ({"start_time": "2026-11-18T00:00:00Z", "version": 1, "read_on": "2026-11-19"}, date(2026, 11, 17)),
    ],
)
def test_where_reading_begins(state: dict[str, Any], first: date) -> None:
    assert progress(state).begin(TODAY, OLDEST) == first


def test_an_interrupted_backfill_says_so_until_it_is_done() -> None:
    one = progress()
    one.begin(TODAY, OLDEST)
    for day in ("2026-10-01", "2026-10-05"):
        assert one.hand_out(occurrence(day))
    one.finish(occurrence("2026-10-01"))
    assert one.state == {
        "start_time": "2026-10-05T00:00:00Z", "version": 1, "read_on": "2026-11-20", "backfill": True
    }  # fmt: skip
    resumed = progress(dict(one.state))
    assert resumed.begin(TODAY, OLDEST) == date(2026, 10, 5)
    assert resumed.is_backfill
    resumed.all_handed_out()
    assert resumed.state == {"start_time": "2026-11-20T00:00:00Z", "version": 1}


def test_the_list_of_failures_is_bounded_and_then_the_state_stays() -> None:
    one = progress({"start_time": "2026-11-01T00:00:00Z", "version": 1})
    one.begin(TODAY, OLDEST)
    failing = [occurrence("2026-11-02", number) for number in range(MOST_RETRIES + 1)]
    assert all(one.hand_out(item) for item in failing)
    for item in failing[:-1]:
        one.fail(item, ZoomError("no"))
    with pytest.raises(ZoomError, match="More than 1000 occurrences could not be read"):
        one.fail(failing[-1], ZoomError("no"))
    one.all_handed_out()
    assert one.state["start_time"] <= "2026-11-02T00:00:00Z"
    assert len(one.state["retry"]) == MOST_RETRIES


def test_an_occurrence_without_a_start_says_nothing_about_the_days() -> None:
    one = progress()
    one.begin(TODAY, OLDEST)
    timeless = {**occurrence("2026-11-01"), "start_time": None}
    assert one.hand_out(timeless)
    one.finish(timeless)
    assert one.state == {"version": 1}
    one.all_handed_out()
    assert one.state["start_time"] == "2026-11-20T00:00:00Z"


def test_a_first_sync_that_found_too_little_keeps_its_failures_for_the_next() -> None:
    one = progress()
    one.begin(TODAY, OLDEST)
    one.hold()
    failed = occurrence("2026-11-01")
    assert one.hand_out(failed)
    one.fail(failed, ZoomError("no"))
    resumed = progress(dict(one.state))
    assert resumed.begin(TODAY, OLDEST) == date.min
    assert resumed.is_first_sync
    assert resumed.is_backfill
    assert resumed.retries() == [{**failed, "attempts": 1}]
