"""Two ways to past occurrences, in months of their own: no day is passed before both have come to it."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from source_zoom.engine.slices import Event, Row, Searched
from source_zoom.streams.past import HISTORY, REPORTS, side_by_side

FIRST = date(2026, 1, 1)


@st.composite
def months(draw: st.DrawFn, way: str) -> list[Event]:
    """What a way has: the newest days first, then older ones that are missing, each in pieces."""
    events: list[Event] = []
    end = 120
    while end and draw(st.booleans()):
        last = draw(st.integers(1, end))
        first = draw(st.integers(max(0, last - 70), last - 1))
        for begins, ends in _cut(first, last, draw(st.sampled_from([7, 30, 70]))):
            events += [*_rows(way, begins, ends), _searched(begins, ends)]
        end = first
    return events


def _cut(first: int, last: int, length: int) -> Sequence[tuple[int, int]]:
    return [(begins, min(begins + length, last)) for begins in range(first, last, length)]


def _rows(way: str, first: int, end: int) -> Sequence[Row]:
    return [Row({"way": way}, FIRST + timedelta(n), way) for n in range(first, end)]


def _searched(first: int, end: int) -> Searched:
    return Searched(FIRST + timedelta(first), FIRST + timedelta(end))


def _days(event: Searched) -> set[date]:
    return {event.first + timedelta(n) for n in range((event.end - event.first).days)}


@given(months(HISTORY), months(REPORTS))
def test_no_day_is_passed_before_both_ways_have_come_to_it(
    history: list[Event], reports: list[Event]
) -> None:
    came = list(side_by_side(history, iter(reports)))
    for way, events in ((HISTORY, history), (REPORTS, reports)):
        rows = [event for event in events if isinstance(event, Row)]
        assert [event for event in came if isinstance(event, Row) and event.way == way] == rows
    searched = [event for event in came if isinstance(event, Searched)]
    assert {event._replace(way="") for event in searched} == {
        event for event in history + reports if isinstance(event, Searched)
    }
    for position, event in enumerate(came):
        if isinstance(event, Searched):
            ways = [event.way] if event.way else [HISTORY, REPORTS]
            later = {row.day for row in came[position:] if isinstance(row, Row) and row.way in ways}
            assert not later & _days(event)


@given(months(REPORTS))
def test_without_the_history_the_reports_tell_for_both(reports: list[Event]) -> None:
    assert list(side_by_side([], iter(reports))) == reports


def test_a_month_is_passed_with_its_last_day() -> None:
    month: list[Event] = [*_rows(REPORTS, 0, 31), _searched(0, 31)]
    pieces: list[Event] = [
        *_rows(HISTORY, 0, 10),
        _searched(0, 10),
        *_rows(HISTORY, 20, 31),
        _searched(20, 31),
    ]
    searched = [event for event in side_by_side(pieces, iter(month)) if isinstance(event, Searched)]
    assert searched == [_searched(0, 10), _searched(0, 31)._replace(way=REPORTS), _searched(20, 31)]
