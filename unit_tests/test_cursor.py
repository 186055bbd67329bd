"""When the state of a stream moves, and when it must not."""

import json
import logging
import sys
import threading
import unittest
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from source_zoom.engine import retries as retries_module
from source_zoom.engine.cursor import (
    LISTS_A_STATE,
    VERSION,
    DayCursor,
)
from source_zoom.engine.frontier import END, Frontier
from source_zoom.engine.retries import AGAIN, ATTEMPTS, OF_HOST, WEEK, Key, Retry, RetryList, owed_key
from source_zoom.engine.slices import (
    ONE_DAY,
    Closed,
    Fields,
    Listed,
    Retried,
    Row,
    Searched,
    Slice,
    WayRefused,
    Window,
    utc_day,
)
from source_zoom.exceptions import DailyLimitReached, Outcome, ZoomError
from unit_tests.cursors import (
    BOTH,
    DONE,
    INSTANCES,
    OF_USER,
    OLDEST,
    REPORTS,
    TODAY,
    USERS,
    WINDOWS,
    Json,
    cursor,
    day,
    final_state,
    finished,
    found,
    held,
    key_of,
    list_of,
    opened,
    report_of,
    searched,
    slices_of,
    states,
    timeless,
    unread,
    until,
    withheld,
)

# Frontiers


def test_a_frontier_stands_at_the_first_of_what_is_open() -> None:
    one = Frontier(1)
    one.open(5)
    one.open(3)
    one.open(3)
    one.reach(9)
    one.reach(7)
    assert (one.position, one.reached) == (3, 9)
    one.close(3)
    assert one.position == 3
    one.close(3)
    assert one.position == 5
    one.close(5)
    assert one.position == 9


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=30))
def test_a_frontier_never_passes_what_is_open(steps: list[tuple[int, bool]]) -> None:
    one = Frontier(0)
    still_open: list[int] = []
    for number, is_closed in steps:
        key = one.reached + number
        one.open(key)
        one.reach(key)
        still_open += [] if is_closed else [key]
        if is_closed:
            one.close(key)
        assert one.position == min([one.reached, *still_open])
    for key in still_open:
        one.close(key)
    assert one.position == one.reached


# Days


def test_a_day_is_done_when_all_of_it_and_all_before_it_is() -> None:
    one = cursor()
    first, second, third = opened(one, held("11-01"), held("11-01", 2), held("11-03"))
    one.note(searched("11-01", "11-30"))
    one.finish(third)
    one.finish(first)
    assert one.state["start_time"] == "2026-11-01T00:00:00Z"
    one.finish(second)
    assert one.state["start_time"] == "2026-11-20T00:00:00Z"
    one.all_generated()
    assert one.state == DONE


def test_days_are_not_done_before_they_have_been_searched() -> None:
    one = cursor()
    finished(one, held("11-01"), held("11-03"))
    assert one.state == {"version": VERSION}
    one.note(searched("10-01", "10-31"))
    assert one.state["start_time"] == "2026-11-01T00:00:00Z"


def test_today_is_never_done() -> None:
    one = cursor()
    finished(one, held("11-20"), held("11-21"))
    one.note(searched("11-01", "11-30"))
    one.all_generated()
    assert one.state.pop("open")
    assert one.state["start_time"] == "2026-11-20T00:00:00Z"
    assert opened(cursor(DONE), held("11-20"), held("11-21")) != []


def test_a_state_goes_out_whenever_days_are_done_and_at_the_end() -> None:
    one = cursor()
    first, second = opened(one, held("11-01"), held("11-03"))
    one.note(searched("11-01", "11-30"))
    one.finish(second)
    one.finish(first)
    one.all_generated()
    assert [state["start_time"][:10] for state in states(one)] == ["2026-11-01", "2026-11-20"]
    assert final_state(one) == DONE
    assert final_state(cursor()) == {"version": VERSION}


@pytest.mark.parametrize(
    ("state", "first"),
    [
        ({}, date.min),
        ({"version": VERSION}, date.min),
        (until("11-19"), day("11-19")),
        (until("09-01"), day("09-01")),
        (until("11-20"), day("11-20")),
    ],
)
def test_where_reading_begins(state: Json, first: date) -> None:
    one = cursor(state)
    assert one.first_day == first
    assert one.days_wanted() == [Window(first, TODAY)]


def test_what_lies_before_the_first_day_is_not_read() -> None:
    one = cursor(until("11-19"))
    assert opened(one, held("11-18")) == []
    assert len(opened(one, held("11-19"))) == 1


def test_a_start_date_bounds_what_is_read() -> None:
    one = cursor(start_date=day("11-01"))
    assert one.days_wanted() == [Window(day("11-01"), TODAY)]
    assert opened(one, held("10-31")) == []
    assert len(opened(one, held("11-01"))) == 1


def test_an_interrupted_sync_goes_on_where_it_stopped() -> None:
    one = cursor()
    first, _ = opened(one, held("10-01"), held("10-05"))
    one.note(searched("10-01", "10-31"))
    one.finish(first)
    assert one.state == until("10-05")
    resumed = cursor(dict(one.state))
    assert resumed.first_day == day("10-05")
    resumed.all_generated()
    assert resumed.state == DONE


def test_an_occurrence_without_a_start_says_nothing_about_the_days() -> None:
    one = cursor()
    finished(one, timeless())
    assert one.state == {"version": VERSION}
    one.all_generated()
    assert one.state["start_time"] == DONE["start_time"]
    assert len(opened(cursor(DONE), timeless())) == 1


def test_an_occurrence_that_is_found_twice_is_read_once() -> None:
    one = cursor(ways=BOTH)
    (first,) = opened(one, held("11-01"))
    again = held("11-01", way=INSTANCES, known=(REPORTS,))
    assert opened(one, again) == []
    one.finish(first)
    assert opened(one, again) == []


@given(st.lists(st.tuples(st.integers(0, 25), st.sampled_from(["finish", "fail", "leave"])), max_size=20))
def test_the_state_never_passes_what_is_not_done(work: list[tuple[int, str]]) -> None:
    one = cursor(until("11-01"))
    rows = [held(f"11-{1 + place:02}", number) for number, (place, _) in enumerate(work)]
    slices = opened(one, *rows)
    assert len(slices) == len(rows)
    one.all_generated()
    open_days = [row.day for row in rows if row.day]
    for (_, end), row, slice_ in zip(work, rows, slices, strict=True):
        if end == "finish":
            one.finish(slice_)
        elif end == "fail":
            assert one.fail(slice_, unread())
        if end != "leave" and row.day:
            open_days.remove(row.day)
        assert utc_day(one.state["start_time"]) == min([TODAY, *open_days])
    failed = {entry.unit["uuid"] for entry in one.retries.entries.values()}
    assert failed == {row.fields["uuid"] for row, (_, end) in zip(rows, work, strict=True) if end == "fail"}


# Failures


def test_what_could_not_be_read_stands_in_the_state_and_is_asked_for_in_the_next_sync() -> None:
    one = cursor(until("11-01"))
    row = held("11-02")
    (failing,) = opened(one, row)
    assert one.fail(failing, unread("Zoom could not be reached"))
    one.all_generated()
    assert final_state(one) == until(
        "11-20",
        retry=[
            {
                "fields": ["uuid", "id", "start_time", "host_id"],
                "units": [["h 11-02 1", 1, "2026-11-02T10:00:00Z", "h"]],
                "words": "Zoom could not be reached",
                "from": "2026-11-02",
                "to": "2026-11-02",
                "since": "2026-11-20",
                "asked": "2026-11-20",
                "attempts": 1,
            }
        ],
    )
    later = cursor(final_state(one), today=day("11-21"))
    (again,) = later.due_slices(slices_of)
    assert again.key == failing.key
    later.finish(again)
    later.all_generated()
    assert later.state == until("11-21")


def test_what_is_on_the_retry_list_is_not_read_with_its_day() -> None:
    one = cursor(until("11-19"))
    for failing in opened(one, held("11-19")):
        one.fail(failing, unread())
    later = cursor(final_state(one))
    assert opened(later, held("11-19")) == []


def failed_on(*days: str) -> Json:
    """The state after syncs on these days, in each of which an occurrence of 2 November failed."""
    state = until("11-01")
    for today in days:
        one = cursor(state, today=day(today))
        for failing in [*opened(one, held("11-02")), *one.due_slices(slices_of)]:
            one.fail(failing, unread())
        state = final_state(one)
    return state


def test_a_unit_that_fails_again_counts_its_syncs() -> None:
    (entry,) = failed_on("11-20", "11-21")["retry"]
    assert (entry["since"], entry["asked"], entry["attempts"]) == ("2026-11-20", "2026-11-21", 2)


def test_a_unit_that_fails_again_keeps_its_days() -> None:
    (entry,) = failed_on("11-20", "11-21")["retry"]
    assert (entry["from"], entry["to"]) == ("2026-11-02", "2026-11-02")


def test_the_list_of_failures_is_bounded_and_then_the_state_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert retries_module.MOST_UNITS == 20_000
    monkeypatch.setattr(retries_module, "MOST_UNITS", 5)
    one = cursor(until("11-01"))
    failing = opened(one, *(held("11-02", number) for number in range(6)), held("11-03"))
    for slice_ in failing[:5]:
        assert one.fail(slice_, unread())
    with pytest.raises(ZoomError, match="More than 5 resources could not be read, so the state stays"):
        one.fail(failing[5], unread())
    one.finish(failing[6])
    one.all_generated()
    state = final_state(one)
    assert state["start_time"] <= "2026-11-02T00:00:00Z"
    assert len(state["retry"][0]["units"]) == 5


def test_a_withheld_unit_too_many_is_as_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries_module, "MOST_UNITS", 1)
    one = cursor(until("11-01"))
    first, second = opened(one, held("11-02", host="a"), held("11-02", host="b"))
    one.withhold(first, withheld())
    with pytest.raises(ZoomError, match="More than 1 resources"):
        one.withhold(second, withheld())
    one.finish(first)
    one.all_generated()
    assert one.state["start_time"] <= "2026-11-02T00:00:00Z"


def test_what_a_retried_list_leads_to_is_done_before_the_list_is() -> None:
    one = cursor(until("11-01"), BOTH)
    months = Window(day("11-01"), day("11-20"))
    closed = Closed(OF_USER, report_of("u", months), Outcome.UNREAD, unread())
    assert one.note(closed)
    later = cursor(final_state(one), BOTH, today=day("11-21"))
    key = (OF_USER, f"{OF_USER}/u")
    assert later.retries.due == {key}
    (again,) = opened(later, held("11-02", way=AGAIN, of=key))
    later.note(Retried(key))
    assert key in later.retries.entries
    later.finish(again)
    assert key not in later.retries.entries


def test_a_list_is_remembered_with_its_days_only_where_they_are_wanted() -> None:
    one = cursor(until("11-01"))
    old = Closed(OF_USER, report_of("u", Window(day("07-01"), day("07-31"))), Outcome.UNREAD, unread())
    assert not one.note(old)
    new = Closed(OF_USER, report_of("u", Window(day("11-01"), day("11-20"))), Outcome.UNREAD, unread())
    assert one.note(new)
    (entry,) = one.retries.entries.values()
    assert entry.days == Window(day("11-01"), day("11-20"))


def test_a_list_that_is_left_out_owes_its_newer_days_as_well() -> None:
    one = cursor(until("11-01"))
    one.note(Closed(OF_USER, report_of("u", Window(day("11-01"), day("11-10"))), Outcome.UNREAD, unread()))
    one.note(Closed(OF_USER, report_of("u", Window(day("11-11"), day("11-20"))), None))
    (entry,) = one.retries.entries.values()
    assert entry.days == Window(day("11-01"), day("11-20"))


def test_a_withheld_list_is_no_failure_to_tell_and_is_remembered() -> None:
    one = cursor(until("11-01"))
    found = report_of("u", Window(day("11-01"), day("11-20")))
    assert not one.note(Closed(OF_USER, found, Outcome.WITHHELD, withheld()))
    (entry,) = one.retries.entries.values()
    assert entry.is_withheld


def test_a_list_that_came_or_is_gone_leaves_nothing() -> None:
    one = cursor(until("11-01"))
    for outcome in (Outcome.READ, Outcome.GONE, Outcome.NOT_YET):
        assert not one.note(Closed(OF_USER, report_of("u", Window(day("11-01"), TODAY)), outcome))
    assert not one.retries.entries


# Windows of the account


def windows(one: DayCursor) -> list[Slice]:
    """The slices of the days that a stream of the account's months wants."""
    found = []
    for month in one.days_wanted()[0].months():
        slice_ = Slice("report/operationlogs", month.query, day=month.first)
        one.open_window(slice_)
        one.note(Searched(month.first, month.last + ONE_DAY))
        found.append(slice_)
    return found


def test_windows_are_done_in_any_order() -> None:
    one = cursor(until("08-10"), WINDOWS)
    august, *others, november = windows(one)
    assert august.window == Window(day("08-10"), day("08-31"))
    assert november.window == Window(day("11-01"), TODAY)
    one.finish(november)
    assert one.state["start_time"] == "2026-08-10T00:00:00Z"
    one.finish(august)
    assert one.state["start_time"] == "2026-09-01T00:00:00Z"
    for slice_ in others:
        one.finish(slice_)
    one.all_generated()
    assert one.state == DONE


def test_a_window_that_failed_does_not_hold_the_days() -> None:
    one = cursor(until("08-10"), WINDOWS)
    for number, slice_ in enumerate(windows(one)):
        if number == 1:
            one.fail(slice_, unread())
        else:
            one.finish(slice_)
    one.all_generated()
    assert one.state["start_time"] == "2026-11-20T00:00:00Z"
    assert len(one.retries.entries) == 1


def test_a_window_that_failed_is_owed_with_all_its_days() -> None:
    one = cursor(until("08-10"), WINDOWS)
    one.fail(windows(one)[1], unread())
    (entry,) = one.retries.entries.values()
    assert entry.days == Window(day("09-01"), day("09-30"))


def test_a_window_is_taken_off_the_retry_list_when_all_its_months_have_come() -> None:
    entry = {"fields": [], "units": [[]], "words": "no", "from": "2026-09-05", "to": "2026-10-10"}
    asked = {"since": "2026-11-18", "asked": "2026-11-18", "attempts": 1}
    state = until("11-20", retry=[{**entry, **asked}])
    one = cursor(state, WINDOWS)
    ((key, _),) = one.retries.of_own()
    first, second = one.due_slices(
        lambda unit, days: [Slice("report/meetings/None", month.query) for month in days.months()]
    )
    one.finish(first)
    assert key in one.retries.entries
    one.finish(second)
    assert key not in one.retries.entries


def test_a_window_that_comes_says_nothing_of_those_on_the_retry_list() -> None:
    entry = {"fields": [], "units": [[]], "words": "no", "from": "2026-09-05", "to": "2026-10-10"}
    asked = {"since": "2026-11-18", "asked": "2026-11-18", "attempts": 1}
    one = cursor(until("11-20", retry=[{**entry, **asked}]), WINDOWS)
    (window,) = windows(one)
    one.finish(window)
    assert one.state["retry"]


# What the requests of a day do not suffice for


def limited(state: Json | None = None) -> DayCursor:
    one = cursor(state, BOTH)
    one.is_limited = True
    return one


def test_what_was_found_and_not_read_is_owed_and_comes_first_in_the_next_sync() -> None:
    one = limited()
    slices = opened(one, held("08-02"), held("07-30"), held("02-01", 7, way=INSTANCES))
    one.note(searched("05-20", "08-31"))
    one.finish(slices[0])
    one.owe_rest()
    one.note(Listed(END))
    assert one.state["start_time"] == "2026-09-01T00:00:00Z"
    (group,) = one.state["owed"]
    assert [values[0] for values in group["units"]] == ["h 07-30 1", "h 02-01 7"]
    later = cursor(one.state, BOTH, today=TODAY + ONE_DAY)
    assert later.due_slices(slices_of) == []
    owed = later.due_slices(slices_of, are_owed=True)
    assert [found.unit["uuid"] for found in owed] == ["h 02-01 7", "h 07-30 1"]
    for slice_ in owed:
        later.finish(slice_)
    assert "owed" not in later.state


def test_what_is_owed_and_fails_goes_on_the_retry_list() -> None:
    one = limited()
    opened(one, held("08-02"))
    one.owe_rest()
    later = cursor(one.state, BOTH)
    (owed,) = later.due_slices(slices_of, are_owed=True)
    assert later.fail(owed, unread())
    assert later.state["retry"][0]["attempts"] == 1
    assert "owed" not in later.state


def test_a_list_is_owed_by_its_windows_and_read_by_them() -> None:
    one = limited(until("08-20"))
    for first in ("09-01", "10-01"):
        month = next(Window(day(first), TODAY).months())
        one.note(Closed(OF_USER, report_of("u", month), None, DailyLimitReached("no")))
        one.note(Searched(month.first, month.last + ONE_DAY))
    one.note(Closed(OF_USER, report_of("v", month), None, DailyLimitReached("no")))
    assert one.state["start_time"] == "2026-11-01T00:00:00Z"
    later = cursor(one.state, BOTH, today=TODAY + ONE_DAY)
    found = later.retries.of_lists(are_owed=True)
    assert [(entry.unit["id"], entry.days.first) for _, entry in found] == [
        ("u", day("09-01")),
        ("u", day("10-01")),
        ("v", day("10-01")),
    ]
    assert later.retries.of_lists() == []
    # While it is owed, its newer days are searched as those of any other.
    assert "u" not in str(later.retries.entries.keys() - {key for key, _ in found})
    for key, _ in found:
        later.note(Retried(key))
    assert "owed" not in later.state


def test_a_list_that_is_owed_and_fails_is_one_entry_of_the_retry_list() -> None:
    one = limited(until("08-20"))
    month = Window(day("09-01"), day("09-30"))
    one.note(Closed(OF_USER, report_of("u", month), None, DailyLimitReached("no")))
    later = cursor(until("10-01", owed=one.state["owed"]), BOTH)
    ((key, _),) = later.retries.of_lists(are_owed=True)
    assert later.note(Closed(OF_USER, report_of("u", month), Outcome.UNREAD, unread(), key))
    later.note(Retried(key))
    (group,) = later.state["retry"]
    assert (group["units"], group["from"], group["to"]) == ([["u"]], "2026-09-01", "2026-09-30")
    assert "owed" not in later.state


def test_more_than_a_state_can_hold_holds_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries_module, "MOST_OWED", 1)
    one = limited(until("08-20"))
    month = Window(day("09-01"), day("09-30"))
    assert one.can_owe
    for user in "uv":
        one.note(Closed(OF_USER, report_of(user, month), None, DailyLimitReached("no")))
    opened(one, held("10-05"))
    assert not one.can_owe
    one.note(searched("08-18", "10-31"))
    one.owe_rest()
    assert one.state["start_time"] == "2026-09-01T00:00:00Z"
    assert len(one.state["owed"][0]["units"]) == 1


def test_nothing_is_owed_where_one_request_brings_a_month() -> None:
    one = cursor(until("08-10"), WINDOWS)
    one.is_limited = True
    windows(one)
    one.owe_rest()
    assert not one.can_owe
    assert one.state == until("08-10")


def test_what_one_way_led_to_is_not_read_again_when_the_other_does_days_later() -> None:
    one = limited()
    finished(one, held("07-30", way=INSTANCES), held("08-02"))
    one.note(searched("05-20", "07-15"))
    one.note(Listed(3))
    later = cursor(one.state, BOTH, today=TODAY + ONE_DAY)
    again = held("08-02", way=INSTANCES)._replace(fields={**held("08-02").fields, "id": 8})
    assert opened(later, held("07-30"), again) == []
    assert len(opened(later, held("07-31"), held("08-02", 9))) == 2


def test_what_was_young_when_it_was_read_is_read_again() -> None:
    one = limited()
    finished(one, held("11-19", way=INSTANCES), held("11-17", way=INSTANCES))
    later = cursor(one.state, BOTH, today=TODAY + ONE_DAY, lookback=2)
    assert len(opened(later, held("11-19"), held("11-17"))) == 1


def test_what_is_known_is_kept_until_a_first_sync_is_through() -> None:
    one = limited()
    finished(one, held("07-30"))
    assert one.state["known"]["until"] == "2026-11-20"
    one.note(Listed(END))
    one.all_generated()
    assert "known" not in one.state
    one.is_limited = False
    assert "known" not in cursor().state


# Units that only their parent's row leads to

BY_PARENT = replace(BOTH, is_by_parent=True)


def test_a_unit_that_cannot_be_made_again_is_asked_for_when_its_row_comes_again() -> None:
    one = cursor(until("11-01"), BY_PARENT)
    for failing in opened(one, held("11-02")):
        one.fail(failing, unread())
    one.all_generated()
    later = cursor(final_state(one), BY_PARENT, today=day("11-21"))
    assert later.due_slices(slices_of) == []
    assert Window(day("11-02"), day("11-02")) in later.days_wanted()
    (again,) = opened(later, held("11-02"))
    later.finish(again)
    assert not later.retries.entries


# Gaps


def gap(last: str, first: str = "", way: str = REPORTS) -> Json:
    return {"way": way} | ({"from": f"2026-{first}"} if first else {}) | {"to": f"2026-{last}"}


def test_a_gap_shrinks_oldest_first() -> None:
    one = cursor(until("11-20", gaps=[gap("09-10", "07-10")]))
    assert one.days_wanted() == [Window(TODAY, TODAY), Window(day("07-10"), day("09-10"))]
    one.note(searched("11-20", "11-20"))
    assert one.state["gaps"] == [gap("09-10", "07-10")]
    july, august, late = opened(one, held("07-20"), held("08-05"), held("08-20"))
    assert opened(one, held("06-30"), held("10-01")) == []
    one.note(searched("07-10", "07-31"))
    one.finish(late)
    assert one.state["gaps"] == [gap("09-10", "07-20")]
    one.note(searched("08-01", "08-31"))
    one.finish(july)
    assert one.state["gaps"] == [gap("09-10", "08-05")]
    one.finish(august)
    assert one.state["gaps"] == [gap("09-10", "09-01")]
    one.note(searched("09-01", "09-10"))
    one.all_generated()
    assert one.state == DONE


def test_a_gap_says_how_far_it_has_come_among_the_records() -> None:
    one = cursor(until("11-20", gaps=[gap("09-10", "07-10")]))
    one.note(searched("07-10", "07-31"))
    assert [state["gaps"] for state in states(one)] == [[gap("09-10", "08-01")]]


def test_a_failure_in_a_gap_is_remembered_as_any_other() -> None:
    one = cursor(until("11-20", gaps=[gap("09-10", "07-10")]))
    (failing,) = opened(one, held("07-20"))
    one.fail(failing, unread())
    one.all_generated()
    assert "gaps" not in one.state
    assert [entry.unit["uuid"] for entry in one.retries.entries.values()] == ["h 07-20 1"]


@pytest.mark.parametrize("order", [*permutations(range(4))], ids=str)
def test_a_gap_is_gone_when_all_is_done_in_whatever_order(order: tuple[int, ...]) -> None:
    one = cursor(until("11-01", gaps=[gap("07-20", "07-10")]))
    newest, older = opened(one, held("11-19"), held("07-20"))
    one.note(searched("10-30", "11-20"))
    steps: list[Callable[[], object]] = [
        lambda: one.finish(newest),
        lambda: one.finish(older),
        lambda: one.note(searched("07-10", "07-20")),
        one.all_generated,
    ]
    for number in order:
        steps[number]()
    assert one.state == DONE


def test_a_gap_to_which_the_reports_no_longer_reach_is_dropped() -> None:
    assert cursor(until("11-20", gaps=[gap("05-19", "03-01")])).state == DONE
    one = cursor(until("11-20", gaps=[gap("05-25", "03-01")]))
    assert one.days_wanted()[1:] == [Window(OLDEST, day("05-25"))]


def test_a_first_sync_with_a_start_date_leaves_gaps_that_are_read_once_it_is_taken_back() -> None:
    one = cursor(ways=BOTH, start_date=day("10-01"))
    one.note(Listed(END))
    one.all_generated()
    state = final_state(one)
    assert state == until("11-20", gaps=[gap("09-30"), gap("09-30", way=INSTANCES)])
    same = cursor(state, BOTH, start_date=day("10-01"))
    assert (same.days_wanted(), same.instances) == ([Window(TODAY, TODAY)], None)
    same.all_generated()
    assert final_state(same) == state
    without = cursor(state, BOTH)
    assert without.days_wanted() == [Window(TODAY, TODAY), Window(OLDEST, day("09-30"))]
    assert without.instances
    assert without.instances.days == Window(date.min, day("09-30"))
    assert len(opened(without, held("06-01"), held("02-01", 7, way=INSTANCES))) == 2
    for slice_ in (found(held("06-01")), found(held("02-01", 7))):
        without.finish(slice_)
    without.note(Listed(END))
    without.all_generated()
    assert final_state(without) == DONE


def moved_back_in_part() -> DayCursor:
    """A cursor after a sync in which the start date went from October back to August."""
    state = until("11-20", gaps=[gap("09-30"), gap("09-30", way=INSTANCES)])
    one = cursor(state, BOTH, start_date=day("08-01"))
    assert one.days_wanted()[1:] == [Window(day("08-01"), day("09-30"))]
    one.note(Listed(END))
    one.all_generated()
    return one


def test_a_start_date_that_moves_back_in_part_keeps_the_rest_of_the_gap() -> None:
    assert gap("07-31") in moved_back_in_part().state["gaps"]


def test_a_start_date_that_moves_back_in_part_makes_one_pass_through_the_lists() -> None:
    state = final_state(moved_back_in_part())
    assert cursor(state, BOTH, start_date=day("08-01")).instances is None


def test_a_start_date_after_the_state_leaves_a_gap_and_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    one = cursor(until("09-01"), BOTH, start_date=day("10-01"))
    assert "the start date lies after the state, which ends on 2026-09-01" in caplog.text
    assert one.days_wanted() == [Window(day("10-01"), TODAY)]
    one.all_generated()
    gaps = [gap("09-30", "09-01"), gap("09-30", "09-01", INSTANCES)]
    assert final_state(one) == until("11-20", gaps=gaps)


def test_a_start_date_that_comes_after_an_interrupted_first_sync_leaves_a_gap() -> None:
    begun = final_state(cursor())
    one = cursor(begun, start_date=day("10-01"))
    one.all_generated()
    assert final_state(one) == until("11-20", gaps=[gap("09-30")])


def test_a_state_older_than_the_reports_warns_and_asks_the_lists(caplog: pytest.LogCaptureFixture) -> None:
    one = cursor(until("03-01"), BOTH)
    assert "the state ends on 2026-03-01, and Zoom's reports begin on 2026-05-20" in caplog.text
    assert one.instances
    assert one.instances.days == Window(day("03-01"), TODAY)
    one.note(Listed(END))
    one.all_generated()
    assert final_state(one) == DONE


def test_a_sync_that_did_nothing_leaves_the_gaps_of_an_old_state_as_they_are() -> None:
    one = cursor(until("03-01"), BOTH)
    assert cursor(final_state(one), BOTH).state["gaps"] == one.state["gaps"]


# Passes through lists


def test_a_first_sync_goes_through_all_lists() -> None:
    one = cursor(ways=BOTH)
    assert one.instances
    assert (one.instances.after, one.instances.began) == (0, TODAY)
    assert one.state == {
        "version": VERSION, "instances": {"after": 0, "began": "2026-11-20", "to": "2026-11-20"}
    }  # fmt: skip


def test_a_stream_that_has_been_through_the_lists_does_not_go_again() -> None:
    one = cursor(DONE, BOTH)
    assert one.instances is None
    assert opened(one, held("11-20", 9, way=INSTANCES)) == []


def test_a_pass_moves_only_when_all_lists_below_are_done() -> None:
    one = cursor(ways=BOTH)
    assert one.instances
    two, three, other_three = opened(
        one,
        held("02-01", 2, way=INSTANCES),
        held("02-02", 3, way=INSTANCES),
        held("02-03", 3, way=INSTANCES),
    )
    one.note(Listed(10))
    one.finish(three)
    assert one.instances.after == 1
    one.finish(two)
    assert one.instances.after == 2
    one.finish(other_three)
    assert one.instances.after == 9


def test_a_pass_that_was_interrupted_goes_on_and_leaves_out_what_is_done() -> None:
    one = cursor(
        {"version": VERSION, "instances": {"after": 5, "began": "2026-11-10", "to": "2026-11-10"}}, BOTH
    )
    assert opened(one, held("02-01", 5, way=INSTANCES)) == []
    assert len(opened(one, held("02-01", 6, way=INSTANCES))) == 1
    assert opened(one, held("11-12", 7, way=INSTANCES)) == []
    assert len(opened(one, timeless(8, way=INSTANCES))) == 1
    assert final_state(one)["instances"]["after"] == 5


def test_where_the_reports_are_refused_the_cursor_comes_to_the_day_on_which_a_pass_began_when_it_ends() -> (
    None
):
    going_on = {"after": 5, "began": "2026-11-10", "to": "2026-11-10"}
    one = cursor({"version": VERSION, "instances": going_on}, BOTH)
    (six,) = opened(one, held("02-01", 6, way=INSTANCES))
    one.note(WayRefused(REPORTS, (), is_replaced=False))
    one.note(Listed(END))
    one.all_generated()
    assert one.state == {"version": VERSION, "instances": going_on, "gaps": [gap("11-20")]}
    one.finish(six)
    assert one.state == until("11-10", gaps=[gap("11-20")])


def test_while_the_reports_come_the_cursor_does_not_wait_for_a_pass() -> None:
    going_on = {"after": 5, "began": "2026-11-10", "to": "2026-11-10"}
    one = cursor({"version": VERSION, "instances": going_on}, BOTH)
    (six,) = opened(one, held("02-01", 6, way=INSTANCES))
    one.note(searched("11-01", "11-30"))
    one.note(Listed(END))
    one.all_generated()
    assert one.state == until("11-20", instances=going_on)
    one.finish(six)
    assert one.state == DONE


def test_an_occurrence_of_both_ways_holds_both() -> None:
    one = cursor(ways=BOTH)
    assert one.instances
    (first,) = opened(one, held("11-05", 4))
    assert opened(one, held("11-05", 4, way=INSTANCES, known=(REPORTS,))) == []
    one.note(searched("11-01", "11-30"))
    one.note(Listed(7))
    assert one.state["start_time"] == "2026-11-05T00:00:00Z"
    assert one.instances.after == 3
    one.finish(first)
    assert one.instances.after == 6
    one.note(Listed(END))
    assert one.state == DONE


def test_lists_bring_a_state_now_and_then() -> None:
    one = cursor(ways=BOTH)
    for number in range(1, LISTS_A_STATE):
        one.note(Listed(number))
    assert states(one) == []
    one.note(Listed(LISTS_A_STATE))
    (state,) = states(one)
    assert state["instances"]["after"] == LISTS_A_STATE - 1


def test_a_list_of_the_whole_account_that_fails_is_told_only_while_a_pass_needs_it() -> None:
    users = Closed(USERS, Slice("users", {"status": "active"}), Outcome.UNREAD, unread())
    assert cursor(ways=BOTH).note(users)
    assert not cursor(DONE, BOTH).note(users)


def test_a_list_of_a_pass_that_fails_is_remembered_and_does_not_hold_the_pass() -> None:
    one = cursor(ways=BOTH)
    assert one.note(Closed(INSTANCES, list_of(5), Outcome.UNREAD, unread()))
    one.note(Listed(END))
    one.all_generated()
    state = final_state(one)
    assert "instances" not in state
    assert [(entry["list"], entry["units"], entry["to"]) for entry in state["retry"]] == [
        (INSTANCES, [[5]], "2026-11-20")
    ]
    assert not cursor(DONE, BOTH).note(Closed(INSTANCES, list_of(5), Outcome.UNREAD, unread()))


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=15))
def test_a_pass_never_passes_what_is_not_done(work: list[tuple[int, bool]]) -> None:
    one = cursor(ways=BOTH)
    rows = [
        held("02-01", number, way=INSTANCES)._replace(
            fields={**held("02-01").fields, "uuid": f"{place}", "id": number}
        )
        for place, (number, _) in enumerate(work)
    ]
    slices = opened(one, *rows)
    one.note(Listed(END))
    left = [number for number, _ in work]
    for (number, is_done), slice_ in zip(work, slices, strict=True):
        if is_done:
            one.finish(slice_)
            left.remove(number)
        after = one.instances.after if one.instances else END - 1
        assert after == min([END, *left]) - 1


# Ways that Zoom refuses


def test_refused_reports_make_a_gap_and_the_lists_take_their_place() -> None:
    one = cursor(until("11-10"), BOTH, lookback=2)
    one.note(Closed(OF_USER, report_of("u", Window(day("11-08"), TODAY)), Outcome.UNREAD, unread()))
    one.note(WayRefused(REPORTS, (OF_USER,), is_replaced=True))
    (listed,) = opened(one, held("11-12", 4, way=INSTANCES))
    one.note(Listed(END))
    one.all_generated()
    assert one.state["start_time"] == "2026-11-10T00:00:00Z"
    one.finish(listed)
    assert final_state(one) == until("11-20", reread="2026-11-08", gaps=[gap("11-20", "11-08")])


def test_reports_that_are_refused_while_a_pass_is_under_way_leave_a_gap_and_the_day_it_began() -> None:
    given_pass = {"after": 5, "began": "2026-11-15", "to": "2026-11-15"}
    one = cursor(until("11-10", instances=given_pass), BOTH, lookback=2)
    one.note(WayRefused(REPORTS, (OF_USER,), is_replaced=False))
    (six,) = opened(one, held("11-12", 6, way=INSTANCES))
    one.note(Listed(END))
    one.all_generated()
    assert one.state["start_time"] == "2026-11-10T00:00:00Z"
    one.finish(six)
    assert final_state(one) == until("11-15", reread="2026-11-08", gaps=[gap("11-20", "11-08")])


def test_lists_that_came_before_the_reports_were_refused_have_said_what_there_is() -> None:
    one = cursor(ways=BOTH)
    finished(one, held("11-12", 4, way=INSTANCES))
    one.note(Listed(END))
    one.note(WayRefused(REPORTS, (OF_USER,), is_replaced=False))
    one.all_generated()
    assert final_state(one) == until("11-20", gaps=[gap("11-20")])


def test_a_gap_of_refused_reports_is_filled_when_they_come_again() -> None:
    one = cursor(until("11-25", gaps=[gap("11-20", "11-08")]), BOTH, today=day("11-26"))
    assert one.days_wanted() == [Window(day("11-25"), day("11-26")), Window(day("11-08"), day("11-20"))]
    finished(one, held("11-12"))
    one.note(searched("11-25", "11-26"))
    one.note(searched("11-08", "11-20"))
    one.all_generated()
    assert final_state(one) == until("11-26")


def test_where_the_lists_do_not_follow_the_next_sync_goes_through_them() -> None:
    one = cursor(until("11-10"), BOTH, lookback=2)
    one.note(WayRefused(REPORTS, (OF_USER,), is_replaced=False))
    one.note(Listed(50))
    one.note(Listed(END))
    one.all_generated()
    state = final_state(one)
    assert state["start_time"] == "2026-11-10T00:00:00Z"
    assert state["instances"] == {"after": 0, "began": "2026-11-20", "from": "2026-11-08", "to": "2026-11-20"}
    assert cursor(state, BOTH).instances


def test_refused_lists_make_a_gap_and_do_not_hold_the_days() -> None:
    one = cursor(ways=BOTH)
    one.note(WayRefused(INSTANCES, (INSTANCES,), is_replaced=False))
    finished(one, held("11-12"))
    one.note(searched("11-01", "11-30"))
    one.all_generated()
    assert final_state(one) == until("11-20", gaps=[gap("11-20", way=INSTANCES)])
    assert cursor(final_state(one), BOTH).instances


@pytest.mark.parametrize("way", [REPORTS, INSTANCES])
def test_a_way_that_stays_refused_does_not_make_the_state_grow(way: str) -> None:
    state: Json = {}
    for number in range(10):
        one = cursor(state, BOTH, today=TODAY + number * ONE_DAY)
        one.note(WayRefused(way, (), is_replaced=True))
        if way == REPORTS:
            one.note(Listed(END))
        one.all_generated()
        state = final_state(one)
    assert len(state["gaps"]) <= 2


# An endpoint that Zoom refuses altogether


NO = "Zoom refused GET report/meetings/a: no permission."


def test_a_refused_endpoint_keeps_the_state_that_was_given() -> None:
    given_state = until("11-01", gaps=[gap("07-31", "07-01")])
    one = cursor(given_state)
    finished(one, held("11-01"))
    one.refuse(NO)
    one.all_generated()
    assert final_state(one) == {**given_state, "refused": NO}
    fresh = cursor()
    fresh.refuse(NO)
    assert final_state(fresh) == {"version": VERSION, "refused": NO}


def test_a_refused_endpoint_wants_no_days_until_it_answers() -> None:
    one = cursor(until("11-01", refused=NO))
    assert one.refused == NO
    assert one.days_wanted() == []
    finished(one, held("11-19"))
    assert not one.refused
    assert "refused" not in final_state(one)


def test_an_endpoint_that_answers_again_has_done_no_days_that_nobody_searched() -> None:
    one = cursor(until("09-01", refused=NO))
    assert one.days_wanted() == []
    finished(one, held("11-05"))
    one.note(searched("11-01", "11-30"))
    one.all_generated()
    assert one.state["start_time"] == "2026-09-01T00:00:00Z"


# States that are not this connector's

ASKED = {"since": "2026-11-01", "asked": "2026-11-01", "attempts": 1}
GROUP = {"fields": ["uuid"], "units": [["a"]], "words": "no", "to": "2026-11-01", **ASKED}
PASS = {"after": 5, "began": "2026-11-10", "to": "2026-11-10"}
WHOLE = until(
    "11-10",
    reread="2026-11-09",
    instances=PASS,
    gaps=[gap("09-10", "07-10")],
    retry=[GROUP],
    withheld=[
        {
            **GROUP,
            "fields": ["uuid", "host_id", "start_time"],
            "units": [["b", "h", "2026-11-01T10:00:00Z"]],
            "others": [3],
        }
    ],
)
NO_MOMENTS: list[object] = [None, 5, "soon", [], {}]


def with_each(name: str, values: Iterable[object], of: Json = WHOLE) -> list[Json]:
    return [{**of, name: value} for value in values]


def within(name: str, states: Iterable[object]) -> list[Json]:
    return with_each(name, [[state] for state in states])


STRANGE: list[Json] = [
    {"start_time": "2026-11-10T00:00:00Z"},
    {"updated_at": "2026-11-10"},
    *with_each("version", [1, 3, "2", None, [2]]),
    *with_each("start_time", [*NO_MOMENTS, "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]),
    *with_each("reread", NO_MOMENTS),
    *with_each("instances", [5, "soon", [1], {"after": 5}]),
    *with_each("instances", with_each("began", NO_MOMENTS, PASS)),
    *with_each("instances", with_each("to", NO_MOMENTS, PASS)),
    *with_each("instances", with_each("after", [None, float("inf"), float("nan"), "x", []], PASS)),
    *with_each("gaps", [None, 5, "soon", [5], [None], ["x"], [{}], [{"way": REPORTS}]]),
    *within("gaps", with_each("to", NO_MOMENTS, gap("09-10"))),
    *within("gaps", with_each("from", NO_MOMENTS, gap("09-10"))),
    *with_each("retry", [None, 5, "soon", [5], [None], [{}]]),
    *with_each("withheld", [None, 5, "soon", [5], [None], [{}]]),
    *with_each("owed", [None, 5, "soon", [5], [None], [{}]]),
    *with_each("known", ["soon", 5, [1], {"until": "soon", "marks": ""}, {"until": "2026-11-20"}]),
    *with_each(
        "left_out",
        ["soon", 5, [1], {"from": "2026-11-20"}, {"until": "2026-11-30", "from": 3}, {"on": "2026-11-20"}],
    ),
    *within("retry", with_each("units", [None, 5, [5], [["a", "b"]]], GROUP)),
    *within("withheld", with_each("units", [None, 5, [5], [["a", "b"]]], GROUP)),
    *within("retry", with_each("fields", [None, 5, [], [["a"]], ["a", "b"]], GROUP)),
    *within("retry", with_each("others", [[1, 2], ["x"], 5, [1]], GROUP)),
    *within("retry", with_each("attempts", [None, "soon", []], GROUP)),
    *within("retry", with_each("since", NO_MOMENTS, GROUP)),
    *within("retry", with_each("asked", NO_MOMENTS, GROUP)),
    *within("retry", with_each("to", NO_MOMENTS, GROUP)),
]


def reads_everything(one: DayCursor) -> bool:
    return (
        one.days_wanted() == [Window(date.min, TODAY)]
        and one.instances is not None
        and one.instances.after == 0
        and not one.retries.entries
        and one.state.keys() == {"version", "instances"}
    )


@pytest.mark.parametrize("state", STRANGE)
def test_a_strange_state_is_warned_about_and_all_is_read_again(
    state: Json, caplog: pytest.LogCaptureFixture
) -> None:
    one = cursor(state, BOTH)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "the state is not one of this connector's, so everything is read again" in record.getMessage()
    assert reads_everything(one)


@pytest.mark.parametrize("units", ["soon", ["a"]])
def test_a_text_is_no_list_of_units(units: object) -> None:
    one, said = warnings_of(lambda: cursor({**WHOLE, "retry": [{**GROUP, "units": units}]}, BOTH))
    assert any("so everything is read again" in sentence for sentence in said)
    assert reads_everything(one)


def test_a_state_of_ours_is_no_reason_to_warn(caplog: pytest.LogCaptureFixture) -> None:
    one = cursor(WHOLE, BOTH, lookback=2)
    assert caplog.records == []
    assert final_state(one) == WHOLE


def test_a_state_in_the_future_by_one_day_is_todays(caplog: pytest.LogCaptureFixture) -> None:
    one = cursor(until("11-21"))
    assert caplog.records == []
    assert one.state == DONE


def test_a_state_that_is_ahead_by_one_day_looks_back_as_far_as_todays() -> None:
    assert cursor(until("11-21")).first_day == cursor(DONE).first_day


@pytest.mark.parametrize("state", [until("11-22"), until("12-24")])
def test_a_state_further_in_the_future_is_warned_about(state: Json, caplog: pytest.LogCaptureFixture) -> None:
    one = cursor(state, BOTH)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "in the future, so everything is read again" in record.getMessage()
    assert reads_everything(one)


@pytest.mark.parametrize("start_time", ["absent", None, "soon", 5])
def test_the_start_of_what_zoom_withholds_may_be_absent_or_odd(start_time: object) -> None:
    (group,) = WHOLE["withheld"]
    values = group["units"][0][:2]
    odd = {**group, "units": [[*values, start_time]]}
    absent = {**group, "fields": group["fields"][:2], "units": [values]}
    one = cursor({**WHOLE, "withheld": [absent if start_time == "absent" else odd]}, BOTH)
    assert len(opened(one, held("11-19"), held("11-19", host="g"))) >= 1


DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(str)
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | DAYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def paths(value: Any) -> Iterable[tuple[Any, ...]]:
    """The places in a state that can be changed."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (key,)
        yield from ((key, *path) for path in paths(inner))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = changed(value[key], tuple(rest), new) if rest else new
    return copy


def through_a_sync(one: DayCursor) -> None:
    """All that a sync asks of a cursor."""
    for window in one.days_wanted():
        for month in Window(max(window.first, OLDEST), window.last).months():
            one.note(Searched(month.first, month.last + ONE_DAY))
    finished(one, held("11-19"), held("07-20"), held("02-01", 6, way=INSTANCES), timeless())
    for slice_ in one.due_slices(slices_of):
        one.fail(slice_, unread())
    one.note(Closed(OF_USER, report_of("u", Window(day("11-01"), TODAY)), Outcome.UNREAD, unread()))
    one.note(Listed(END))
    one.all_generated()
    one.promote(lambda name: True)


def warnings_of(load: Callable[[], DayCursor]) -> tuple[DayCursor, list[str]]:
    """A cursor, and what was said when it took over its state."""
    with unittest.TestCase().assertLogs("airbyte.source_zoom", "WARNING") as said:
        logging.getLogger("airbyte.source_zoom").warning("The first one")
        one = load()
    return one, [record.getMessage() for record in said.records[1:]]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(paths(WHOLE), key=str)), ANY_VALUE)
def test_a_state_in_which_anything_is_changed_is_no_error(path: tuple[Any, ...], value: Any) -> None:
    one, said = warnings_of(lambda: cursor(changed(WHOLE, path, value), BOTH))
    assert reads_everything(one) == any("so everything is read again" in sentence for sentence in said)
    through_a_sync(one)
    through_a_sync(cursor(final_state(one), BOTH, today=TODAY + ONE_DAY))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*WHOLE, "x"]), ANY_VALUE, min_size=1))
def test_a_state_of_anything_is_no_error(state: Json) -> None:
    one, said = warnings_of(lambda: cursor(state, BOTH))
    assert any("so everything is read again" in sentence for sentence in said)
    assert reads_everything(one)
    through_a_sync(one)


@pytest.mark.parametrize(
    "state",
    [
        until("11-20", gaps=[{"way": WINDOWS.by_day, "from": "2026-07-01", "to": "9999-12-31"}]),
        until("11-20", retry=[{**GROUP, "to": "9999-12-31"}]),
    ],
)
def test_days_far_in_the_future_are_no_error_wherever_they_stand_in_a_state(state: Json) -> None:
    one = cursor(state, WINDOWS)
    for window in [*one.days_wanted(), *(entry.days for _, entry in one.retries.of_own())]:
        assert len(list(Window(max(window.first, OLDEST), window.last).months())) < 100


# When something is asked for again


def entry(since: date = TODAY, asked: date = TODAY, **more: Any) -> Retry:
    return Retry({"uuid": "a"}, "no", Window(TODAY, TODAY), since, asked, **more)


KEY: Key = ("", "report/meetings/a")


def test_what_failed_is_asked_for_once_a_sync_on_the_first_day_and_then_once_a_day() -> None:
    assert entry().is_due(KEY, TODAY)
    assert entry().is_due(KEY, TODAY + ONE_DAY)
    assert not entry(asked=TODAY + ONE_DAY).is_due(KEY, TODAY + ONE_DAY)
    assert entry(asked=TODAY + ONE_DAY).is_due(KEY, TODAY + 2 * ONE_DAY)


def test_what_zoom_withholds_is_not_asked_for_again_on_the_same_day() -> None:
    assert not entry(is_withheld=True).is_due(KEY, TODAY)


def test_a_seventh_of_what_zoom_withholds_is_due_each_day() -> None:
    one = entry(asked=TODAY - 100 * ONE_DAY, is_withheld=True)
    keys: list[Key] = [("", f"report/meetings/{number}") for number in range(700)]
    assert all(one.is_due(key, TODAY) for key in keys)
    yesterday = replace(one, asked=TODAY - ONE_DAY)
    for days in range(WEEK):
        today = TODAY + days * ONE_DAY
        due = sum(replace(yesterday, asked=today - ONE_DAY).is_due(key, today) for key in keys)
        assert 60 < due < 140


@given(st.text(max_size=8), st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_what_zoom_withholds_is_asked_for_once_a_week_whenever_syncs_run(key: str, pauses: list[int]) -> None:
    """A week of its own begins on the day of the week that its key gives it."""
    one = entry(is_withheld=True)
    own_days = [
        TODAY + n * ONE_DAY
        for n in range(1, 8)
        if replace(one, asked=TODAY + (n - 1) * ONE_DAY).is_due(("", key), TODAY + n * ONE_DAY)
    ]
    assert len(own_days) == 1

    def week(today: date) -> int:
        return (today - own_days[0]).days // WEEK

    today, synced, asked = TODAY, set(), []
    for pause in pauses:
        today += pause * ONE_DAY
        synced.add(week(today))
        if one.is_due(("", key), today):
            asked.append(week(today))
            one = replace(one, asked=today)
    assert sorted(asked) == sorted(synced - {week(TODAY)})


def tried(days: Iterable[int], *, is_answered: bool = True, unit: Fields | None = None) -> RetryList:
    """A list whose only unit has failed in syncs on these days."""
    entries: dict[Key, Retry] = {}
    for number in days:
        one = RetryList(TODAY + number * ONE_DAY, entries)
        one.start(lambda name: None)
        one.add(KEY, {"uuid": "a"} if unit is None else unit, "no", Window(TODAY, TODAY))
        one.promote(lambda name: is_answered and name == "")
        entries = one.entries
    return one


def test_what_fails_in_five_syncs_and_on_three_days_is_withheld_where_its_like_was_answered() -> None:
    assert tried([0, 0, 0, 0, 3]).entries[KEY].is_withheld
    assert not tried([0, 0, 0, 3]).entries[KEY].is_withheld
    assert not tried([0, 0, 0, 0, 0, 2]).entries[KEY].is_withheld
    assert not tried([0, 0, 0, 0, 3], is_answered=False).entries[KEY].is_withheld
    assert not tried([0, 0, 0, 0, 3], unit={}).entries[KEY].is_withheld


def test_only_what_failed_in_this_sync_becomes_withheld() -> None:
    before = tried([0, 0, 0, 0, 0, 2]).entries
    one = RetryList(TODAY + 5 * ONE_DAY, before)
    one.promote(lambda name: True)
    assert not one.entries[KEY].is_withheld


def test_a_unit_that_fails_twice_in_a_sync_counts_once() -> None:
    one = RetryList(TODAY)
    for _ in range(2 * ATTEMPTS):
        one.add(KEY, {"uuid": "a"}, "no", Window(TODAY, TODAY))
    assert one.entries[KEY].attempts == 1


def test_what_was_taken_for_withheld_stays_so_when_it_fails_again_and_is_no_failure() -> None:
    one = RetryList(TODAY + 10 * ONE_DAY, tried([0, 0, 0, 0, 3]).entries)
    assert one.add(KEY, {"uuid": "a"}, "no", Window(TODAY, TODAY))
    assert one.entries[KEY].is_withheld


def test_what_zoom_withheld_and_then_fails_is_a_failure() -> None:
    one = RetryList(TODAY)
    one.add_withheld(KEY, {"uuid": "a"}, "paid", TODAY)
    later = RetryList(TODAY + ONE_DAY, one.entries)
    assert not later.add(KEY, {"uuid": "a"}, "no", Window(TODAY, TODAY))
    assert not later.entries[KEY].is_withheld


def test_what_was_read_or_is_gone_leaves_the_list_unless_it_failed_in_this_sync() -> None:
    one = RetryList(TODAY, {KEY: entry()})
    assert one.settle(KEY) == entry()
    assert one.settle(KEY) is None
    one.add(KEY, {"uuid": "a"}, "no", Window(TODAY, TODAY))
    assert one.settle(KEY) is None
    assert KEY in one.entries


def test_what_the_endpoint_no_longer_answers_is_forgotten() -> None:
    old = replace(entry(), days=Window(date.min, TODAY - ONE_DAY))
    one = RetryList(TODAY, {KEY: old, (OF_USER, "a"): old})
    one.start(lambda name: TODAY if name == OF_USER else TODAY - ONE_DAY)
    assert one.entries == {KEY: old}
    assert one.due == {KEY}


def test_a_unit_that_zoom_no_longer_answers_for_is_forgotten_however_often_it_failed() -> None:
    state = failed_on("11-20", "11-21", "11-22")
    assert not cursor(state, answered_from=day("11-03")).retries.entries


def test_the_entries_of_refused_lists_of_this_sync_are_dropped() -> None:
    one = RetryList(TODAY, {(OF_USER, "old"): entry()})
    one.add((OF_USER, "new"), {"id": "new"}, "no", Window(TODAY, TODAY))
    one.add(("other", "new"), {"id": "new"}, "no", Window(TODAY, TODAY))
    one.forget([OF_USER])
    assert one.entries.keys() == {(OF_USER, "old"), ("other", "new")}


# What Zoom withholds, by host


def withhold(one: DayCursor, *rows: Row) -> None:
    for slice_ in opened(one, *rows):
        one.withhold(slice_, withheld())
        one.finish(slice_)


def test_withheld_occurrences_stand_by_host_each_by_the_newest() -> None:
    one = cursor(until("11-01"))
    withhold(one, held("11-03"), held("11-07"), held("11-05"), held("11-04", host="g"))
    one.all_generated()
    newest = {key: (entry.unit["uuid"], entry.others) for (_, key), entry in one.retries.entries.items()}
    assert newest == {f"{OF_HOST}h": ("h 11-07 1", 2), f"{OF_HOST}g": ("g 11-04 1", 0)}
    assert one.state["start_time"] == "2026-11-20T00:00:00Z"
    assert {group["words"] for group in one.state["withheld"]} == {"Zoom offers this to paid plans only"}


def test_what_a_host_held_before_is_not_opened_again_while_zoom_withholds_it() -> None:
    one = cursor(until("11-18"))
    withhold(one, held("11-18"), held("11-19"))
    one.all_generated()
    later = cursor(final_state(one), today=day("11-21"))
    later.retries.due = frozenset()
    assert opened(later, held("11-18"), held("11-19")) == []
    withhold(later, held("11-20"))
    ((_, entry),) = later.retries.entries.items()
    assert (entry.unit["uuid"], entry.others) == ("h 11-20 1", 2)
    assert len(opened(later, held("11-20", host="g"))) == 1


def test_a_host_of_whom_zoom_withholds_one_occurrence_after_the_other_stands_once() -> None:
    state = until("11-01")
    for number in range(10):
        one = cursor(state, today=day(f"11-{10 + number}"))
        withhold(one, held(f"11-{10 + number}"))
        one.all_generated()
        state = final_state(one)
    assert sum(len(group["units"]) for group in state["withheld"]) == 1


def test_a_withheld_occurrence_is_kept_though_it_was_finished() -> None:
    one = cursor(until("11-01"))
    withhold(one, held("11-03"))
    assert len(one.retries.entries) == 1


def probed_in_vain() -> DayCursor:
    """A cursor after a host's newest occurrence was asked for again, and was still withheld."""
    one = cursor(until("11-01"))
    withhold(one, held("11-03"), held("11-07"))
    one.all_generated()
    later = cursor(final_state(one), today=day("11-30"))
    (probe,) = later.due_slices(slices_of)
    later.withhold(probe, withheld())
    later.finish(probe)
    return later


def test_a_probe_that_is_still_withheld_is_asked_for_again_a_week_later() -> None:
    ((key, entry),) = probed_in_vain().retries.entries.items()
    assert (key, entry.unit["uuid"], entry.others) == (("", f"{OF_HOST}h"), "h 11-07 1", 1)
    assert entry.asked == day("11-30")
    assert not entry.is_due(key, day("11-30"))
    assert entry.is_due(key, day("12-07"))


def test_a_probe_that_is_still_withheld_leaves_the_days_of_its_host() -> None:
    (entry,) = probed_in_vain().retries.entries.values()
    assert entry.days == Window(day("11-03"), day("11-07"))


def test_a_probe_that_is_answered_owes_the_lists_of_the_host() -> None:
    one = cursor(until("11-01"), BOTH)
    withhold(one, held("11-03"), held("11-07"))
    one.all_generated()
    later = cursor(final_state(one), BOTH, today=day("11-30"))
    (probe,) = later.due_slices(slices_of)
    later.finish(probe)
    ((key, entry),) = later.retries.entries.items()
    assert key == (OF_USER, f"{OF_USER}/h 2026-11-03 2026-11-07")
    assert (entry.unit, entry.days, entry.attempts) == (
        {"id": "h"}, Window(day("11-03"), day("11-07")), 0
    )  # fmt: skip
    assert key in cursor(final_state(later), BOTH, today=day("11-30")).retries.due


def test_a_withheld_occurrence_without_a_start_does_not_hide_what_its_host_holds_later() -> None:
    one = cursor(until("11-19"))
    withhold(one, timeless(1), timeless(2))
    later = cursor(final_state(one), today=day("11-21"))
    assert len(opened(later, held("11-21"))) == 1


def test_an_occurrence_without_a_host_stands_by_itself() -> None:
    one = cursor(until("11-01"))
    without = [
        row._replace(fields={**row.fields, "host_id": None}) for row in (held("11-03"), held("11-04", 2))
    ]
    withhold(one, *without)
    assert {key for _, key in one.retries.entries} == {found(row).key for row in without}


def test_a_state_of_four_hundred_hosts_is_small() -> None:
    one = cursor(until("05-20"))
    for number in range(400):
        host = f"aBcDeFgHiJkLmNoPqR{number:04}"
        for place in range(3):
            held_on = OLDEST + timedelta(days=(number * 7 + place) % 184)
            row = held(held_on.isoformat()[5:], 85_746_065_000 + number, host=host)
            fields = {**row.fields, "uuid": f"aBcDeFgHiJkLmN{number:04}{place}+/A=="}
            withhold(one, row._replace(fields=fields))
    one.all_generated()
    assert len(one.retries.entries) == 400
    assert len(json.dumps(final_state(one))) < 100_000


# The state of a list

HOSTS = st.text("abc", min_size=1, max_size=3)
MOMENTS = st.dates(date(2026, 1, 1), TODAY)
WINDOWS_OF_DAYS = st.tuples(st.just(date.min) | MOMENTS, MOMENTS).map(
    lambda days: Window(min(days), max(days))
)


@st.composite
def retry_lists(draw: st.DrawFn) -> dict[Key, Retry]:
    entries: dict[Key, Retry] = {}
    for _ in range(draw(st.integers(0, 8))):
        name = draw(st.sampled_from(["", OF_USER, INSTANCES]))
        unit: Fields
        if name:
            unit = {"id": draw(st.integers(1, 5) | HOSTS)}
        else:
            unit = {
                "uuid": draw(HOSTS),
                "id": 5,
                "start_time": draw(st.none() | MOMENTS.map(str)),
                "host_id": "h",
            }
        is_of_host = not name and draw(st.booleans())
        found = Retry(
            unit,
            draw(st.sampled_from(["no", "Zoom could not be reached", "…"])),
            draw(WINDOWS_OF_DAYS),
            draw(MOMENTS),
            draw(MOMENTS),
            draw(st.integers(0, 9)),
            is_of_host or draw(st.booleans()),
            draw(st.integers(0, 9)) if is_of_host else None,
            draw(st.booleans()),
        )
        key = (name, OF_HOST + str(unit["host_id"]) if is_of_host else key_of(name, unit))
        entries[owed_key(key, found.days) if found.is_owed else key] = found
    return entries


@given(retry_lists())
def test_a_list_comes_out_of_a_state_as_it_went_in(entries: dict[Key, Retry]) -> None:
    dumped = json.loads(json.dumps(RetryList(TODAY, entries).dump()))
    loaded = RetryList(TODAY)
    loaded.load(dumped, key_of)
    # A group of the stream's own units keeps the days of all of them.
    for key, entry in entries.items():
        days = loaded.entries[key].days if key[0] == "" else entry.days
        assert loaded.entries[key] == replace(entry, days=days)
        assert loaded.entries[key].unit.get("start_time") or days.first <= entry.days.first
        assert loaded.entries[key].unit.get("start_time") or days.last >= entry.days.last
    assert loaded.entries.keys() == entries.keys()


@given(retry_lists(), WINDOWS_OF_DAYS, st.booleans(), st.booleans())
def test_a_state_is_the_same_after_a_load(
    entries: dict[Key, Retry], days: Window, has_pass: bool, has_gap: bool
) -> None:
    state = until("11-10", **RetryList(TODAY, entries).dump())
    state |= {"instances": {"after": 7, "began": "2026-11-10", **days.state}} if has_pass else {}
    state |= {"gaps": [{"way": "elsewhere", **days.state}]} if has_gap else {}
    # What several units of a group hold becomes the days of each, once; from then on nothing changes.
    loaded = json.loads(json.dumps(final_state(cursor(state, BOTH))))
    assert final_state(cursor(loaded, BOTH)) == loaded


def test_what_is_due_can_be_asked_for_while_others_fail() -> None:
    """A parent asks from a thread of its own, while the threads that read change the lists."""
    one = cursor(until("11-01"))
    number = 1_500
    failing = opened(one, *(held("11-02", n) for n in range(number)))

    def fail() -> None:
        for slice_ in failing:
            one.fail(slice_, unread())

    thread = threading.Thread(target=fail)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        while thread.is_alive():
            assert one.failed("another") == frozenset()
            assert one.due_lists(are_owed=False) == []
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert len(one.failed("")) == number
