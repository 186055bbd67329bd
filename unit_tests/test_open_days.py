"""What of the latest days is read again, and what is not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from source_zoom.engine import open_days
from source_zoom.engine.cursor import DayCursor
from source_zoom.engine.open_days import DAYS_ALL, HOURS_LATE, MOST_BROKEN, OpenDays, stamp_of
from source_zoom.engine.retries import AGAIN
from source_zoom.engine.slices import ONE_DAY, Closed, HostListed, Row, WayRefused, Window
from source_zoom.exceptions import DailyLimitReached
from unit_tests.cursors import (
    BOTH,
    DONE,
    INSTANCES,
    OF_USER,
    REPORTS,
    TODAY,
    Json,
    cursor,
    day,
    final_state,
    finished,
    held,
    opened,
    report_of,
    searched,
    slices_of,
    unread,
    until,
)

HISTORY = "history"
WAYS = replace(BOTH, changes=("duration",))
OPEN = Window(TODAY - ONE_DAY, TODAY)


def with_duration(row: Row, minutes: int) -> Row:
    return row._replace(fields={**row.fields, "duration": minutes})


def today(number: int = 1, minutes: int = 5, *, way: str = REPORTS, host: str = "h") -> Row:
    return with_duration(held("11-20", number, way=way, host=host), minutes)


def of_today(state: Json = DONE, *, lookback: int = 2, hour: int = 0) -> DayCursor:
    return cursor(state, WAYS, lookback=lookback, hour=hour)


def synced(one: DayCursor, *rows: Row) -> Json:
    """The state after a sync that has found these rows and read what they lead to."""
    finished(one, *rows)
    one.note(searched("11-18", "11-20"))
    one.all_generated()
    return final_state(one)


# Occurrences


def test_an_occurrence_of_an_open_day_is_read_when_it_is_new_and_when_its_row_has_changed() -> None:
    state = synced(of_today(), today(1), today(2))
    later = of_today(state)
    assert opened(later, today(1), today(2)) == []
    assert len(opened(later, today(1, minutes=6), today(3))) == 2
    assert len(opened(of_today(DONE), today(1), today(2))) == 2


def test_a_text_that_comes_for_a_number_is_no_change() -> None:
    state = synced(of_today(), today(1))
    row = today(1)
    assert opened(of_today(state), row._replace(fields={**row.fields, "duration": "5"})) == []


def test_what_was_not_read_is_not_noted() -> None:
    one = of_today()
    first, second = opened(one, today(1), today(2))
    one.finish(first)
    one.all_generated()
    state = final_state(one)
    assert second.name in one._under_way
    assert len(opened(of_today(state), today(1), today(2))) == 1


def test_what_has_failed_is_on_the_retry_list_and_not_noted() -> None:
    one = of_today()
    (failing,) = opened(one, today(1))
    one.fail(failing, unread())
    one.all_generated()
    state = final_state(one)
    assert "open" not in state
    assert len(state["retry"]) == 1


def test_the_row_of_another_way_is_noted_and_nothing_is_asked() -> None:
    one = of_today({})
    finished(one, held("11-20", way=INSTANCES))
    assert opened(one, with_duration(held("11-20", known=(INSTANCES,)), 5)) == []
    one.note(searched("11-01", "11-20"))
    one.all_generated()
    state = final_state(one)
    assert opened(of_today(state), today(1)) == []
    assert len(opened(of_today(state), today(1, minutes=9))) == 1


def test_what_only_the_lists_knew_has_its_first_row_noted() -> None:
    one = of_today({})
    finished(one, held("11-20", way=INSTANCES))
    one.note(searched("11-01", "11-20"))
    one.all_generated()
    later = of_today(final_state(one))
    assert opened(later, today(1)) == []
    later.all_generated()
    last = of_today(final_state(later))
    assert opened(last, today(1)) == []
    assert len(opened(last, today(1, minutes=6))) == 1


def test_a_row_keeps_its_stamp_when_another_way_leads_to_it_while_it_is_read() -> None:
    one = of_today({})
    (under_way,) = opened(one, today(1))
    assert opened(one, held("11-20", way=INSTANCES, known=(REPORTS,))) == []
    one.finish(under_way)
    one.note(searched("11-01", "11-20"))
    one.all_generated()
    state = final_state(one)
    assert opened(of_today(state), today(1)) == []
    assert len(opened(of_today(state), today(1, minutes=9))) == 1


@pytest.mark.parametrize("with_report", [True, False])
def test_the_row_of_the_history_counts_where_it_alone_knows(*, with_report: bool) -> None:
    ways = replace(WAYS, also=(HISTORY,))

    def sync(state: Json, reported: Row, listed: Row) -> tuple[Json, int]:
        one = cursor(state, ways, lookback=2)
        known = (REPORTS,) if with_report else ()
        rows = [*([reported] if with_report else []), listed._replace(known=known)]
        slices = [slice_ for row in rows for slice_ in opened(one, row)]
        for slice_ in slices:
            one.finish(slice_)
        one.all_generated()
        return final_state(one), len(slices)

    state, asked = sync(DONE, today(1), today(1, minutes=50, way=HISTORY))
    assert asked == 1
    # The history has other values for the same, so nothing is to be learned from their difference.
    state, asked = sync(state, today(1), today(1, minutes=50, way=HISTORY))
    assert asked == 0
    state, asked = sync(state, today(1), today(1, minutes=60, way=HISTORY))
    assert asked == (not with_report)
    state, asked = sync(state, today(1, minutes=6), today(1, minutes=60, way=HISTORY))
    assert asked == with_report


@pytest.mark.parametrize("is_under_way", [True, False])
@pytest.mark.parametrize("minutes", [50, 5])
def test_what_the_history_named_first_is_read_again_where_the_list_has_other_values(
    minutes: int, *, is_under_way: bool
) -> None:
    ways = replace(WAYS, also=(HISTORY,))
    reported = today(1, minutes=minutes)
    one = cursor(DONE, ways, lookback=2)
    (listed,) = opened(one, today(1, minutes=50, way=HISTORY))
    if is_under_way:
        assert opened(one, reported._replace(known=(HISTORY,))) == []
    one.finish(listed)
    # Each is read once in a sync.
    assert opened(one, reported._replace(known=(HISTORY,))) == []
    one.all_generated()
    later = cursor(final_state(one), ways, lookback=2)
    found = opened(later, reported)
    assert bool(found) == (minutes != 50)
    for slice_ in found:
        later.finish(slice_)
    # From now on only the list counts.
    assert opened(later, today(1, minutes=60, way=HISTORY)._replace(known=(REPORTS,))) == []
    later.all_generated()
    last = cursor(final_state(later), ways, lookback=2)
    assert opened(last, reported) == []
    assert opened(last, today(1, minutes=70, way=HISTORY)) == []


def test_what_a_list_leads_to_that_failed_before_is_read_once() -> None:
    retry = [
        {"list": OF_USER, "fields": ["id"], "units": [["h"]], "words": "no", "attempts": 1}
        | {"from": "2026-11-20", "to": "2026-11-20", "since": "2026-11-19", "asked": "2026-11-19"}
    ]
    one = of_today({**DONE, "retry": retry})
    row = today(1)
    again = row._replace(way=AGAIN, of=(OF_USER, f"{OF_USER}/h"))
    (found,) = opened(one, again)
    # It is still being read when the search comes to it, and then it has been.
    assert opened(one, row._replace(known=(AGAIN,))) == []
    one.finish(found)
    assert opened(one, row._replace(known=(AGAIN,))) == []
    one.all_generated()
    last = of_today(final_state(one))
    assert opened(last, row) == []
    assert len(opened(last, today(1, minutes=6))) == 1


@pytest.mark.parametrize("is_seen", [True, False])
def test_what_failed_is_known_once_it_has_been_read(*, is_seen: bool) -> None:
    one = of_today()
    (failing,) = opened(one, today(1))
    one.fail(failing, unread())
    later = of_today(final_state(one))
    assert opened(later, *([today(1)] if is_seen else [])) == []
    (again,) = later.due_slices(slices_of)
    later.finish(again)
    later.all_generated()
    last = of_today(final_state(later))
    assert opened(last, today(1)) == []
    # Without a row from before, the first one is taken for that with which it was read.
    assert len(opened(last, today(1, minutes=6))) == 1


def test_a_day_is_open_until_the_sync_that_comes_hours_after_its_end() -> None:
    early = cursor(until("11-19"), WAYS, closed=day("11-19"), lookback=2)
    finished(early, held("11-19"), held("11-20"))
    early.note(searched("11-19", "11-20"))
    early.all_generated()
    state = final_state(early)
    assert state["start_time"] == "2026-11-19T00:00:00Z"
    assert sorted(state["open"]["read"]) == ["2026-11-19", "2026-11-20"]
    late = of_today(state)
    assert opened(late, held("11-19"), held("11-20")) == []
    late.note(searched("11-19", "11-20"))
    late.all_generated()
    assert final_state(late)["start_time"] == "2026-11-20T00:00:00Z"
    assert list(final_state(late)["open"]["read"]) == ["2026-11-20"]


def over_midnight() -> Row:
    return held("11-19")._replace(end=TODAY)


def test_what_went_on_at_midnight_is_read_twice_and_not_three_times() -> None:
    early = cursor(until("11-19", reread="2026-11-18"), WAYS, closed=day("11-19"), lookback=2)
    state = synced(early, over_midnight())
    state = synced(of_today(state))
    assert state["start_time"] == "2026-11-20T00:00:00Z"
    assert opened(of_today(state), over_midnight()) == []
    a_day_later = cursor(state, WAYS, today=day("11-21"), lookback=2)
    assert opened(a_day_later, over_midnight()) == []
    state = synced(a_day_later)
    two_days_later = cursor(state, WAYS, today=day("11-22"), lookback=2)
    assert len(opened(two_days_later, over_midnight())) == 1


def test_what_went_on_at_midnight_has_its_second_reading_with_the_day_of_its_end() -> None:
    state, read = until("11-18", reread="2026-11-16"), []
    for number in range(19, 25):
        today = day(f"11-{number}")
        one = cursor(state, WAYS, today=today, lookback=3)
        found = opened(one, *([over_midnight()] if number > 19 else []))
        for slice_ in found:
            one.finish(slice_)
            read.append(number)
        one.note(searched("11-15", f"11-{number}"))
        one.all_generated()
        state = final_state(one)
    # The day of its end, the 20th, is three days old on the 23rd.
    assert read == [20, 23]
    assert state["reread"] == "2026-11-22"


@pytest.mark.parametrize("way", [REPORTS, HISTORY])
def test_what_went_on_before_a_gap_ended_comes_with_the_gap(way: str) -> None:
    gap = {"way": way, "from": "2026-11-10", "to": "2026-11-19"}
    ways = replace(WAYS, also=(HISTORY,))
    one = cursor(until("11-22", reread="2026-11-19", gaps=[gap]), ways, today=day("11-22"), lookback=3)
    assert len(opened(one, over_midnight()._replace(way=way))) == 1


def test_what_went_on_for_days_has_its_second_reading_with_the_day_of_its_beginning() -> None:
    one = cursor(until("11-22", reread="2026-11-19"), WAYS, today=day("11-22"), lookback=3)
    assert opened(one, over_midnight()) == []
    assert len(opened(one, over_midnight()._replace(end=day("11-21")))) == 1


def test_nothing_is_kept_of_the_days_before() -> None:
    state = synced(of_today(), today(1))
    later = cursor(state, WAYS, today=TODAY + ONE_DAY, lookback=2)
    later.note(searched("11-20", "11-21"))
    later.all_generated()
    assert "open" not in final_state(later)


def test_what_does_not_fit_waits_for_the_second_reading(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(open_days, "MOST", 2)
    state = synced(of_today(), today(1), today(2))
    later = of_today(state)
    assert opened(later, today(3)) == []
    final_state(later)
    assert "more was held on the latest days than a state can hold" in caplog.text
    again = cursor(state, WAYS, today=day("11-22"), lookback=2)
    assert len(opened(again, today(1), today(2), today(3))) == 3
    # Where there is no second reading, it is read in each sync.
    assert len(opened(of_today(state, lookback=0), today(3))) == 1


@pytest.mark.parametrize(
    "odd",
    [
        5,
        "soon",
        [1],
        {"read": 5},
        {"read": {"soon": ""}},
        {"read": {"2026-11-20": "AAA"}},
        {"read": {"2026-11-20": "AAAA"}},
        {"read": {"2026-11-20": 5}},
        {"hosts": {"from": "2026-11-19"}},
        {"hosts": {"from": "2026-11-19", "rows": "AAAA"}},
        {"hosts": {"from": "soon", "rows": ""}},
        {"all_until": "soon"},
        {"all_until": 5},
    ],
)
def test_what_is_damaged_is_said_and_read_again(odd: object, caplog: pytest.LogCaptureFixture) -> None:
    one = of_today({**DONE, "open": odd, "reread": "2026-11-19"})
    (record,) = caplog.records
    assert "what the state says of the latest days is not this connector's" in record.getMessage()
    assert len(opened(one, today(1))) == 1
    assert one.days_wanted() == [Window(TODAY, TODAY)]


def test_more_than_was_ever_noted_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    state = synced(of_today(), today(1), today(2))
    monkeypatch.setattr(open_days, "MOST", 1)
    assert len(opened(of_today(state), today(1), today(2))) == 2
    assert "so they are read again" in caplog.text


ROWS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 3), st.sampled_from(["read", "fail", "leave"])), max_size=12
)


@settings(max_examples=200)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_what_was_read_with_this_row_is_not_read_again_and_all_else_is(
    syncs: list[Sequence[tuple[int, int, str]]],
) -> None:
    state: Json = DONE
    read: dict[int, int] = {}
    for rows in syncs:
        one = of_today(state)
        asked: set[int] = set()
        for number, minutes, end in rows:
            is_on_list = ("", f"report/meetings/h 11-20 {number}") in one.retries.entries
            found = opened(one, today(number, minutes))
            if number in asked or is_on_list:
                continue
            assert len(found) == (read.get(number) != minutes)
            if found:
                asked.add(number)
            for slice_ in found:
                if end == "read":
                    one.finish(slice_)
                    read[number] = minutes
                elif end == "fail":
                    one.fail(slice_, unread())
        one.all_generated()
        state = final_state(one)


# The second reading


@pytest.mark.parametrize(
    ("state", "lookback", "wanted", "reread"),
    [
        # Done the day before, so the day before yesterday is due, in one search with what is new.
        (until("11-19", reread="2026-11-18"), 2, [Window(day("11-18"), TODAY)], "2026-11-19"),
        (until("11-20", reread="2026-11-19"), 2, [], "2026-11-19"),
        (until("11-19", reread="2026-11-13"), 7, [Window(day("11-13"), day("11-13"))], "2026-11-14"),
        # Without a word about it, as much is read again as could be missing.
        (until("11-20"), 2, [Window(day("11-18"), day("11-18"))], "2026-11-19"),
        # What was old when it was read for the first time was read late enough.
        (until("11-10", reread="2026-11-10"), 2, [], "2026-11-19"),
        # More days at once, where the user wants them earlier.
        (until("11-20", reread="2026-11-14"), 2, [Window(day("11-14"), day("11-18"))], "2026-11-19"),
        (until("11-20", reread="2026-11-19"), 5, [], "2026-11-19"),
        (until("11-20", reread="2026-11-20"), 1, [], "2026-11-20"),
        (until("11-19", reread="2026-11-25"), 1, [], "2026-11-20"),
    ],
)
def test_each_day_is_read_again_once(state: Json, lookback: int, wanted: list[Window], reread: str) -> None:
    one = cursor(state, WAYS, lookback=lookback)
    assert [days for days in one.days_wanted() if days.first != one.first_day] == wanted
    for window in one.days_wanted():
        one.note(searched(f"{window.first:%m-%d}", f"{window.last:%m-%d}"))
    one.all_generated()
    after = final_state(one)
    assert after["reread"] == reread
    assert cursor(after, WAYS, lookback=lookback).days_wanted()[1:] == []


def test_without_a_lookback_nothing_is_read_again() -> None:
    one = cursor(until("11-19", reread="2026-11-15"), WAYS)
    assert one.days_wanted() == [Window(day("11-19"), TODAY)]
    one.all_generated()
    assert final_state(one) == DONE


def test_the_second_reading_is_whole() -> None:
    before = cursor(until("11-18", reread="2026-11-17"), WAYS, today=day("11-18"), lookback=2)
    finished(before, held("11-18"))
    before.all_generated()
    # Nobody has looked since, so what was read while the day was open is read again with the rest of it.
    one = cursor(final_state(before), WAYS, lookback=2)
    assert one.days_wanted() == [Window(day("11-17"), TODAY)]
    (again,) = opened(one, held("11-18"))
    one.all_generated()
    assert one.state["reread"] == "2026-11-18"
    one.finish(again)
    assert one.state["reread"] == "2026-11-19"


@pytest.mark.parametrize("known", [(), (REPORTS,)])
def test_what_the_history_alone_names_has_its_second_reading(known: tuple[str, ...]) -> None:
    one = cursor(until("11-19", reread="2026-11-18"), replace(WAYS, also=(HISTORY,)), lookback=2)
    assert len(opened(one, held("11-18", way=HISTORY, known=known))) == (not known)


@pytest.mark.parametrize("way", [REPORTS, HISTORY])
def test_what_one_way_names_is_read_a_second_time_though_the_other_is_refused(way: str) -> None:
    row = held("11-18", way=HISTORY if way == REPORTS else REPORTS)
    one = cursor(until("11-19", reread="2026-11-18"), replace(WAYS, also=(HISTORY,)), lookback=2)
    one.note(WayRefused(way, ("list",), is_replaced=False))
    finished(one, row)
    one.all_generated()
    state = final_state(one)
    assert state["reread"] == "2026-11-19"
    assert [gap["way"] for gap in state["gaps"]] == [way]
    assert opened(cursor(state, replace(WAYS, also=(HISTORY,)), lookback=2), row) == []


def test_where_all_ways_are_refused_nothing_is_read_a_second_time() -> None:
    one = cursor(until("11-19", reread="2026-11-18"), replace(WAYS, also=(HISTORY,)), lookback=2)
    for way in (REPORTS, HISTORY):
        one.note(WayRefused(way, ("list",), is_replaced=False))
    one.all_generated()
    assert final_state(one)["reread"] == "2026-11-18"


def test_what_an_owed_list_leads_to_needs_no_second_reading_in_the_same_sync() -> None:
    owed = [
        {"list": OF_USER, "fields": ["id"], "units": [["h"]], "words": "no", "attempts": 0}
        | {"from": "2026-11-18", "to": "2026-11-18", "since": "2026-11-19", "asked": "2026-11-19"}
    ]
    one = cursor(until("11-19", reread="2026-11-18", owed=owed), WAYS, lookback=2)
    row = held("11-18")
    ((key, _),) = one.due_lists(are_owed=True)
    finished(one, row._replace(way=AGAIN, of=key))
    assert opened(one, row._replace(known=(AGAIN,))) == []
    one.all_generated()
    assert one.state["reread"] == "2026-11-19"


@pytest.mark.parametrize("lookback", [0, 3, 2])
@pytest.mark.parametrize("minutes", [5, 6])
def test_what_an_owed_list_leads_to_is_read_where_it_has_changed_or_is_due(
    lookback: int, minutes: int
) -> None:
    before = cursor(until("11-18"), WAYS, today=day("11-18"), lookback=lookback)
    row = with_duration(held("11-18"), 5)
    state = {**synced(before, row), "start_time": "2026-11-18T00:00:00Z"}
    # The list is owed from then on, while the days go by.
    limited = cursor(state, WAYS, today=day("11-19"), lookback=lookback)
    limited.is_limited = True
    days = Window(day("11-18"), day("11-19"))
    limited.note(Closed(OF_USER, report_of("h", days), None, DailyLimitReached("no")))
    limited.all_generated()
    one = cursor(final_state(limited), WAYS, lookback=lookback)
    assert one.first_day == day("11-19")
    ((key, _),) = one.due_lists(are_owed=True)
    again = with_duration(row, minutes)._replace(way=AGAIN, of=key)
    assert bool(opened(one, again)) == (minutes != 5 or lookback == 2)


def test_a_second_reading_that_breaks_off_goes_on_where_it_stopped() -> None:
    one = cursor(until("11-20", reread="2026-11-10"), WAYS, lookback=2)
    slow, _ = opened(one, held("11-12"), held("11-15"))
    one.note(searched("11-20", "11-20"))
    one.note(searched("11-10", "11-18"))
    assert one.state["reread"] == "2026-11-12"
    later = cursor(dict(one.state), WAYS, lookback=2)
    assert later.days_wanted()[1:] == [Window(day("11-12"), day("11-18"))]
    one.finish(slow)
    assert one.state["reread"] == "2026-11-15"


def test_a_gap_and_a_second_reading_that_share_days_are_searched_once() -> None:
    gaps = [{"way": REPORTS, "from": "2026-11-01", "to": "2026-11-16"}]
    one = cursor(until("11-20", reread="2026-11-15", gaps=gaps), WAYS, lookback=2)
    assert one.days_wanted() == [Window(TODAY, TODAY), Window(day("11-01"), day("11-18"))]
    one.note(searched("11-01", "11-18"))
    one.all_generated()
    assert final_state(one) == {**DONE, "reread": "2026-11-19"}


# Hosts

HOURS = 1_000


def search(
    one: DayCursor, stamps: dict[str, bytes], rows: Sequence[Row] = (), *, short: Sequence[str] = ()
) -> list[str]:
    """What a search of the open days tells: the hosts that it asked for."""
    asked = [host for host, stamp in stamps.items() if not one.is_host_unchanged(host, OPEN, stamp)]
    for host in asked:
        one.note(HostListed(host, stamps[host], host in short))
    finished(one, *(row for row in rows if row.fields["host_id"] in asked))
    one.note(searched("11-19", "11-20"))
    one.all_generated()
    return asked


OLD, NEW = stamp_of("old"), stamp_of("new")


def test_a_host_is_left_out_while_his_row_is_the_same() -> None:
    one = of_today()
    assert search(one, {"h": OLD, "g": OLD}) == ["h", "g"]
    later = of_today(final_state(one))
    assert search(later, {"h": OLD, "g": NEW}) == ["g"]
    assert search(of_today(final_state(later)), {"h": OLD, "g": NEW}) == []


def test_a_host_of_whom_something_is_not_done_is_asked_for_again() -> None:
    one = of_today()
    one.note(HostListed("h", OLD, False))
    one.note(HostListed("g", OLD, False))
    (unfinished,) = opened(one, today(1))
    one.note(searched("11-19", "11-20"))
    one.all_generated()
    assert search(of_today(final_state(one)), {"h": OLD, "g": OLD}) == ["h"]
    one.finish(unfinished)
    assert search(of_today(final_state(one)), {"h": OLD, "g": OLD}) == []


def test_a_host_whose_occurrences_have_not_been_handed_out_is_asked_for_again() -> None:
    one = of_today()
    one.note(HostListed("h", OLD, False))
    assert search(of_today(final_state(one)), {"h": OLD}) == ["h"]


def test_a_list_with_less_than_its_row_counts_is_asked_for_again_for_hours() -> None:
    state: Json = DONE
    for hours in range(HOURS_LATE + 3):
        one = of_today(state, hour=HOURS + hours)
        asked = search(one, {"h": OLD}, short=["h"])
        assert asked == (["h"] if hours <= HOURS_LATE else [])
        state = final_state(one)
    one = of_today(state, hour=HOURS + 20)
    assert search(one, {"h": NEW}, short=["h"]) == ["h"]
    assert search(of_today(final_state(one), hour=HOURS + 21), {"h": NEW}, short=["h"]) == ["h"]


def test_a_list_with_less_than_its_row_counts_is_not_asked_for_twice_in_an_hour() -> None:
    one = of_today(hour=HOURS)
    assert search(one, {"h": OLD}, short=["h"]) == ["h"]
    same = of_today(final_state(one), hour=HOURS)
    assert search(same, {"h": OLD}, short=["h"]) == []
    assert search(of_today(final_state(same), hour=HOURS + 1), {"h": OLD}, short=["h"]) == ["h"]
    # Another row is news in any hour.
    assert search(of_today(final_state(same), hour=HOURS), {"h": NEW}) == ["h"]


def test_a_list_with_less_than_its_row_counts_is_asked_for_once_more_however_late_the_next_sync_is() -> None:
    one = of_today(hour=HOURS)
    search(one, {"h": OLD}, short=["h"])
    later = of_today(final_state(one), hour=HOURS + HOURS_LATE + 2)
    assert search(later, {"h": OLD}, short=["h"]) == ["h"]
    assert search(of_today(final_state(later), hour=HOURS + HOURS_LATE + 3), {"h": OLD}) == []


def test_a_clock_that_goes_back_leaves_nothing_out() -> None:
    one = of_today(hour=HOURS)
    search(one, {"h": OLD}, short=["h"])
    assert search(of_today(final_state(one), hour=HOURS - 500), {"h": OLD}, short=["h"]) == ["h"]


def test_rows_of_other_days_are_not_compared() -> None:
    one = of_today()
    search(one, {"h": OLD})
    later = of_today(final_state(one))
    assert not later.is_host_unchanged("h", Window(day("11-18"), TODAY), OLD)
    assert later.is_host_unchanged("h", OPEN, OLD)


def test_once_a_day_every_host_is_asked_for() -> None:
    one = of_today()
    search(one, {"h": OLD})
    state = final_state(one)
    later = cursor(state, WAYS, today=TODAY + ONE_DAY, lookback=2)
    assert not later.is_host_unchanged("h", Window(OPEN.first, TODAY + ONE_DAY), OLD)
    # Hours after midnight the day is still open, and so are its rows.
    night = cursor(state, WAYS, today=TODAY + ONE_DAY, closed=TODAY, lookback=2)
    assert night.is_host_unchanged("h", Window(OPEN.first, TODAY + ONE_DAY), OLD)


def test_a_host_who_is_asked_for_anyway_is_compared_under_the_row_of_before() -> None:
    one = of_today()
    search(one, {f"h{number}": OLD for number in range(2 * MOST_BROKEN)})
    # A second reading begins earlier, so that its rows are others.
    later = of_today(final_state(one))
    window = Window(OPEN.first - 3 * ONE_DAY, TODAY)
    for number in range(2 * MOST_BROKEN):
        assert not later.is_host_unchanged(f"h{number}", window, NEW)
        assert later.hosts_from == OPEN.first
        later.compare_host(f"h{number}", OLD if number < MOST_BROKEN else NEW)
    finished(later, *(today(9, host=f"h{number}") for number in range(2 * MOST_BROKEN)))
    assert "all_until" in final_state(later)["open"]
    assert of_today(final_state(later)).hosts_from is None


def test_a_stream_that_reads_nothing_has_no_say() -> None:
    one = cursor({**DONE, "refused": "Zoom refused it."}, WAYS, lookback=2)
    assert one.is_host_unchanged("h", OPEN, OLD) is None


def the_day_after(state: Json, broken: int, hosts: int, *, way: str = REPORTS) -> DayCursor:
    """A sync that finds something new in the lists of some hosts whose rows have not changed."""
    one = cursor(state, replace(WAYS, also=(HISTORY,)), today=TODAY + ONE_DAY, lookback=2)
    window = Window(OPEN.first, TODAY + ONE_DAY)
    for number in range(hosts):
        one.is_host_unchanged(f"h{number}", window, OLD)
    finished(one, *(today(9, host=f"h{number}", way=way) for number in range(broken)))
    one.note(searched("11-20", "11-21"))
    one.all_generated()
    return one


@pytest.mark.parametrize(
    ("broken", "hosts", "is_off"),
    [
        (0, 20, False),
        (MOST_BROKEN - 1, 20, False),
        (MOST_BROKEN, 20, True),
        (MOST_BROKEN, 900, False),
        (9, 900, True),
    ],
)
def test_rows_that_say_nothing_about_lists_are_not_used_for_a_week(
    broken: int, hosts: int, caplog: pytest.LogCaptureFixture, *, is_off: bool
) -> None:
    one = of_today()
    search(one, {f"h{number}": OLD for number in range(hosts)})
    after = final_state(the_day_after(final_state(one), broken, hosts))
    assert ("rows of report/users that have not" in caplog.text) == is_off
    assert ("all_until" in after.get("open", {})) == is_off
    if not is_off:
        return
    for days, is_asked in ((1, True), (DAYS_ALL.days, True), (DAYS_ALL.days + 1, False)):
        later = TODAY + timedelta(days=days)
        hosts_of = {"from": (later - ONE_DAY).isoformat(), "rows": final_state(one)["open"]["hosts"]["rows"]}
        state = {**until(f"{later:%m-%d}"), "open": {**after["open"], "hosts": hosts_of}}
        again = cursor(state, WAYS, today=later)
        assert again.is_host_unchanged("h1", Window(later - ONE_DAY, later), OLD) != is_asked


def test_what_the_history_names_says_nothing_about_the_hosts_lists() -> None:
    one = of_today()
    search(one, {f"h{number}": OLD for number in range(20)})
    after = final_state(the_day_after(final_state(one), 2 * MOST_BROKEN, 20, way=HISTORY))
    assert "all_until" not in after.get("open", {})


def test_all_hosts_are_not_asked_for_for_ever() -> None:
    one = OpenDays.of({"all_until": "9999-12-31"})
    assert one.all_until == date.max
    state = {**DONE, "open": {"all_until": "9999-12-31"}}
    again = of_today(state)
    search(again, {"h": OLD})
    assert again.is_host_unchanged("h", OPEN, OLD)
