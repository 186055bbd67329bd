"""Rules of the streams that need no account to show."""

import threading
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import pytest

from source_zoom.engine.row_ids import RowIds
from source_zoom.engine.slices import ONE_DAY, Slice, Window, encode, utc_day
from source_zoom.engine.stream import REPORT_MONTHS, months_before
from source_zoom.engine.words import Word, in_turn
from source_zoom.exceptions import HostDown, Outcome, Settled
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


def refused(reason: str) -> Iterator[list[int]]:
    raise Settled(Outcome.GONE, reason, "Zoom's words")
    yield


def asking(*words: Word) -> list[Slice]:
    return [Slice(f"{number}", word=word) for number, word in enumerate(words)]


def test_what_another_stream_asks_for_comes_later_and_others_before() -> None:
    busy, free, late = Word(), Word(), Word()
    busy.lock.acquire()
    slices = in_turn(asking(busy, free, late))
    assert next(slices).word is free
    busy.lock.release()
    assert [found.word for found in slices] == [busy, late]


def test_at_the_end_the_answer_of_the_other_stream_is_waited_for() -> None:
    busy = Word()
    busy.lock.acquire()
    threading.Timer(0.05, busy.lock.release).start()
    assert [found.word for found in in_turn(asking(busy))] == [busy]


def test_an_answer_that_does_not_come_holds_up_no_other() -> None:
    hung, busy = Word(), Word()
    for word in (hung, busy):
        word.lock.acquire()
    threading.Timer(0.05, busy.lock.release).start()
    slices = in_turn(asking(hung, busy))
    assert next(slices).word is busy
    hung.lock.release()
    assert [found.word for found in slices] == [hung]


def test_a_search_that_fails_loses_nothing_that_waits() -> None:
    busy = Word()
    busy.lock.acquire()
    threading.Timer(0.05, busy.lock.release).start()

    def fail() -> Iterator[Slice]:
        yield from asking(busy)
        raise HostDown("It is down.")

    slices = in_turn(fail())
    assert next(slices).word is busy
    with pytest.raises(HostDown):
        next(slices)


def test_a_refusal_is_heard_by_all_that_share_its_reason_and_by_nobody_else() -> None:
    word = Word()
    word.lock.acquire()
    with pytest.raises(Settled):
        list(word.pages("off", refused("off")))
    word.lock.acquire()
    with pytest.raises(Settled, match=r"^Zoom's words$") as heard:
        list(word.pages("off", iter([[1]])))
    assert (heard.value.outcome, heard.value.reason) == (Outcome.GONE, "off")
    word.lock.acquire()
    assert list(word.pages("other", iter([[1], [2]]))) == [[1], [2]]
    assert not word.lock.locked()


def test_another_refusal_says_nothing_to_others() -> None:
    word = Word()
    word.lock.acquire()
    with pytest.raises(Settled):
        list(word.pages("off", refused("gone")))
    word.lock.acquire()
    assert list(word.pages("off", iter([[1]]))) == [[1]]


def test_the_next_may_ask_when_the_first_page_has_come_or_an_error_in_its_place() -> None:
    word = Word()
    word.lock.acquire()
    pages = word.pages("off", iter([[1], [2]]))
    assert word.lock.locked()
    assert next(pages) == [1]
    assert not word.lock.locked()

    def fail() -> Iterator[list[int]]:
        raise HostDown("It is down.")
        yield

    word.lock.acquire()
    with pytest.raises(HostDown):
        list(word.pages("off", fail()))
    assert not word.lock.locked()
