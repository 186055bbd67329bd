"""Rules of the streams that need no account to show."""

from datetime import date
from itertools import pairwise

import pytest

from source_zoom.engine.row_ids import RowIds
from source_zoom.engine.slices import ONE_DAY, Slice, Window, encode, utc_day
from source_zoom.engine.stream import REPORT_MONTHS, months_before
from source_zoom.streams.reports import PARTICIPANT


@pytest.mark.parametrize(
    ("uuid", "path"),
    [
        ("aB3+x/y==", "aB3%2Bx%2Fy%3D%3D"),
        ("/abc==", "%252Fabc%253D%253D"),
        ("ab//cd==", "ab%252F%252Fcd%253D%253D"),
        (85746065, "85746065"),
    ],
)
def test_uuids_are_encoded_once_or_twice(uuid: object, path: str) -> None:
    assert encode(uuid) == path


@pytest.mark.parametrize(
    ("today", "first", "number"),
    [
        (date(2026, 11, 22), date(2026, 5, 22), 7),
        (date(2026, 8, 31), date(2026, 2, 28), 7),
        (date(2028, 8, 31), date(2028, 2, 29), 7),
        (date(2026, 12, 1), date(2026, 6, 1), 7),
        (date(2026, 3, 31), date(2025, 9, 30), 7),
        (date(2026, 6, 15), date(2025, 12, 15), 7),
    ],
)
def test_the_reports_are_asked_for_six_months(today: date, first: date, number: int) -> None:
    months = list(Window(months_before(today, REPORT_MONTHS), today).months())
    assert months[0].first == first
    assert months[-1].last == today
    assert len(months) == number
    for one, following in pairwise(months):
        assert following.first - one.last == ONE_DAY
        assert (one.first.year, one.first.month) == (one.last.year, one.last.month)


def test_a_start_date_shortens_the_months() -> None:
    months = Window(date(2026, 10, 5), date(2026, 11, 22)).months()
    assert [month.query for month in months] == [
        {"from": "2026-10-05", "to": "2026-10-31"},
        {"from": "2026-11-01", "to": "2026-11-22"},
    ]


def test_a_window_of_one_day_is_one_month_and_one_of_none_is_no_month() -> None:
    day = date(2026, 12, 31)
    assert list(Window(day, day).months()) == [Window(day, day)]
    assert list(Window(day, date(2026, 12, 30)).months()) == []


def test_a_window_without_a_first_day_says_so_in_a_state() -> None:
    for window in (Window(date.min, date(2026, 11, 1)), Window(date(2026, 5, 1), date(2026, 11, 1))):
        assert Window.of(window.state) == window
    assert Window(date.min, date(2026, 11, 1)).state == {"to": "2026-11-01"}


def test_a_slice_that_begins_a_day_later_ends_as_before() -> None:
    found = Slice("report/users", Window(date(2026, 11, 1), date(2026, 11, 2)).query)
    later = found.a_day_later()
    assert later
    assert later.window == Window(date(2026, 11, 2), date(2026, 11, 2))
    assert later.key == found.key
    assert later.a_day_later() is None
    assert Slice("users").a_day_later() is None


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-11-01T00:00:00Z", date(2026, 11, 1)),
        ("2026-11-01T23:59:59Z", date(2026, 11, 1)),
        ("2026-11-01T23:30:00-05:00", date(2026, 11, 2)),
        ("2026-11-01T00:30:00+01:00", date(2026, 10, 31)),
    ],
)
def test_the_day_of_an_instant_is_that_of_utc(instant: str, day: date) -> None:
    assert utc_day(instant) == day


def test_a_row_keeps_its_id_when_zoom_completes_it() -> None:
    early = {"id": "", "user_id": "1", "name": "Guest", "join_time": "t", "duration": 0}
    late = {**early, "duration": 90, "leave_time": "u"}
    assert RowIds(PARTICIPANT).of([early]) == RowIds(PARTICIPANT).of([late])


def test_equal_rows_are_numbered_by_content_in_any_order() -> None:
    rows = [{"name": "Guest", "duration": seconds} for seconds in (30, 10, 20)]
    ids = dict(zip((30, 10, 20), RowIds(PARTICIPANT).of(rows), strict=True))
    turned = dict(zip((20, 10, 30), RowIds(PARTICIPANT).of(rows[::-1]), strict=True))
    assert ids == turned
    assert len(set(ids.values())) == 3


def test_numbering_goes_on_from_page_to_page() -> None:
    row_ids = RowIds(PARTICIPANT)
    pages = [row_ids.of([{"name": "Guest"}]) for _ in range(3)]
    assert len({row_id for page in pages for row_id in page}) == 3


def test_an_absent_field_equals_an_empty_one() -> None:
    absent, empty = {"name": "Guest"}, {"name": "Guest", "id": ""}
    assert RowIds(PARTICIPANT).of([absent]) == RowIds(PARTICIPANT).of([empty])
