"""What is left out is not forgotten for as long as it may turn out to be there."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from source_zoom.engine.left_out import DAYS, PROBE_EVERY, LeftOut, is_probe

BEGAN = date(2026, 11, 20)
# How many days after the sync before one comes, and how many days ago was what it leaves out.
SYNCS = st.lists(
    st.tuples(st.integers(0, 12), st.lists(st.integers(0, 180), max_size=4)), min_size=1, max_size=12
)


@given(SYNCS)
def test_what_the_syncs_of_thirty_days_left_out_is_asked_for(syncs: list[tuple[int, list[int]]]) -> None:
    today, state = BEGAN, dict[str, str]()
    left: list[tuple[date, date]] = []
    for later, ago in syncs:
        today += timedelta(days=later)
        one = LeftOut.of(state, today) if state else LeftOut(today)
        for days in ago:
            # What is older than the days of any second reading is left out by a first sync or a gap.
            one.note(today - timedelta(days=days))
            left.append((today, today - timedelta(days=days)))
        state = one.state
    assert one.suspend(date.min)
    assert one.due
    assert all(day in one.due for on, day in left if on >= today - DAYS)
    assert LeftOut.of(one.state, today).due == one.due


@given(st.dates(date(2026, 1, 1), date(2026, 11, 20)))
def test_nothing_before_the_start_date_is_asked_for(start_date: date) -> None:
    one = LeftOut(BEGAN)
    one.suspend(start_date)
    assert one.due
    assert one.due.first >= start_date


def test_everything_is_asked_for_in_the_days_after_and_not_longer() -> None:
    one = LeftOut(BEGAN)
    assert not one.is_off
    assert one.suspend(date.min)
    assert not one.suspend(date.min)
    assert one.days
    one.days.reach(BEGAN + timedelta(days=1))
    for days, is_off in ((1, True), (29, True), (30, False)):
        assert LeftOut.of(one.state, BEGAN + timedelta(days=days)).is_off == is_off
    assert LeftOut.of(one.state, BEGAN + DAYS).state == {}


def test_every_tenth_is_a_probe_and_always_the_same_ones() -> None:
    keys = [f"past_meetings/{number}/polls" for number in range(5_000)]
    found = [key for key in keys if is_probe(key)]
    assert 0.8 < len(found) * PROBE_EVERY / len(keys) < 1.2
    assert found == [key for key in keys if is_probe(key)]
