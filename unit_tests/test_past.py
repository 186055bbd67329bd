"""The months of two ways to past occurrences: none has been searched before it has been in both."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from source_zoom.engine.slices import Event, Row, Searched
from source_zoom.streams.past import HISTORY, REPORTS, side_by_side

FIRST = date(2026, 6, 1)


@st.composite
def months(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """What the history and the reports have: each month of the reports has some of the history, or none."""
    history: list[Event] = []
    reports: list[Event] = []
    first = FIRST
    for lengths in draw(
        st.lists(st.lists(st.integers(1, 20), min_size=1, max_size=3), min_size=1, max_size=4)
    ):
        begins = first
        for length in lengths:
            end = begins + timedelta(length)
            if draw(st.booleans()):
                history += [*rows(HISTORY, begins, end), Searched(begins, end)]
            begins = end
        reports += [*rows(REPORTS, first, begins), Searched(first, begins)]
        first = begins + timedelta(draw(st.integers(0, 3)))
    return history, reports


def rows(way: str, first: date, end: date) -> Sequence[Row]:
    return [Row({"way": way}, first + timedelta(n), way) for n in range((end - first).days)]


@given(months())
def test_no_day_is_passed_before_both_ways_have_come_to_it(found: tuple[list[Event], list[Event]]) -> None:
    history, reports = found
    came = list(side_by_side(history, iter(reports)))
    for way, events in ((HISTORY, history), (REPORTS, reports)):
        assert [event for event in came if isinstance(event, Row) and event.way == way] == [
            event for event in events if isinstance(event, Row)
        ]
    searched = [event for event in came if isinstance(event, Searched)]
    assert sorted(searched) == sorted({event for event in history + reports if isinstance(event, Searched)})
    for position, event in enumerate(came):
        if isinstance(event, Searched):
            later = {row.day for row in came[position:] if isinstance(row, Row)}
            assert not later & {event.first + timedelta(n) for n in range((event.end - event.first).days)}
