"""Rules of the streams that need no account to show."""

from datetime import date
from itertools import pairwise

import pytest

from source_zoom.engine.row_ids import RowIds
from source_zoom.engine.stream import encode
from source_zoom.streams.past import report_months
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
        (date(2026, 11, 22), "2026-05-22", 7),
        (date(2026, 8, 31), "2026-02-28", 7),
        (date(2026, 12, 1), "2026-06-01", 7),
        (date(2026, 3, 31), "2025-09-30", 7),
    ],
)
def test_the_reports_are_asked_for_six_months(today: date, first: str, number: int) -> None:
    months = list(report_months(today, date.min))
    assert months[0]["from"] == first
    assert months[-1]["to"] == today.isoformat()
    assert len(months) == number
    for one, following in pairwise(months):
        assert (date.fromisoformat(following["from"]) - date.fromisoformat(one["to"])).days == 1
        assert one["from"][:7] == one["to"][:7]


def test_a_start_date_shortens_the_months() -> None:
    assert list(report_months(date(2026, 11, 22), date(2026, 10, 5))) == [
        {"from": "2026-10-05", "to": "2026-10-31"},
        {"from": "2026-11-01", "to": "2026-11-22"},
    ]
    assert next(report_months(date(2026, 11, 22), date(2020, 1, 1)))["from"] == "2026-05-22"


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
