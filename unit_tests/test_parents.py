import threading
import time
import weakref
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import date

import pytest

from source_zoom.engine.parents import Parent, Shared, merge, read_ahead
from source_zoom.engine.slices import Event, Window, united


def until_it_fails(items: Iterator[int]) -> tuple[list[int], Exception | None]:
    got = []
    try:
        for item in items:
            got.append(item)  # noqa: PERF402  # what came before the failure counts
    except Exception as error:
        return got, error
    return got, None


class Child(Parent):
    """A child that wants some days and owes some lists."""

    def __init__(self, days: Sequence[Window] = (), owed: Iterable[str] = ()) -> None:
        self._days = list(days)
        self._owed = frozenset(owed)

    def days_wanted(self) -> list[Window]:
        return self._days

    def owed(self, name: str) -> frozenset[str]:
        return self._owed

    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        return iter(())


def november(first: int, last: int) -> Window:
    return Window(date(2026, 11, first), date(2026, 11, last))


def parent_of(*children: Parent) -> Parent:
    parent = Child()
    parent.children = children
    return parent


def test_every_reader_gets_every_item_of_one_reading() -> None:
    readings = []

    def read() -> Iterator[int]:
        readings.append(1)
        for number in range(1_000):
            time.sleep(0)
            yield number

    shared = Shared(read, readers=8)
    results: list[list[int]] = []
    threads = [threading.Thread(target=lambda: results.append(list(shared))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert results == [list(range(1_000))] * 8
    assert len(readings) == 1


def test_a_reader_too_many_reads_anew() -> None:
    shared = Shared(lambda: iter([1, 2]), readers=1)
    assert list(shared) == [1, 2]
    assert list(shared) == [1, 2]


def test_items_are_freed_behind_the_slowest_reader() -> None:
    class Item:
        pass

    made: list[weakref.ref[Item]] = []

    def read() -> Iterator[Item]:
        for _ in range(10):
            item = Item()
            made.append(weakref.ref(item))
            yield item

    shared = Shared(read, readers=2)
    fast, slow = iter(shared), iter(shared)
    for _ in range(10):
        next(fast)
    assert sum(ref() is not None for ref in made) == 10
    for _ in range(10):
        next(slow)
    assert sum(ref() is not None for ref in made) <= 1


def test_an_error_reaches_every_reader_after_the_items() -> None:
    def read() -> Iterator[int]:
        yield 1
        raise KeyError("trouble")

    shared = Shared(read, readers=2)
    for reader in (iter(shared), iter(shared)):
        assert next(reader) == 1
        with pytest.raises(KeyError):
            next(reader)


def test_reading_ahead_keeps_everything() -> None:
    got = list(read_ahead(lambda number: [number, -number], range(1, 100), 4))
    assert sorted(got) == sorted(n for number in range(1, 100) for n in (number, -number))


def test_a_failed_piece_lets_those_in_hand_end_and_begins_no_more() -> None:
    begun = []

    def read(number: int) -> list[int]:
        begun.append(number)
        if number == 1:
            raise ValueError("one")
        time.sleep(0.05)
        return [number]

    got, error = until_it_fails(read_ahead(read, range(100), 4))
    assert str(error) == "one"
    assert sorted([*got, 1]) == sorted(begun)
    assert 4 <= len(begun) <= 8


def test_of_several_failures_the_first_is_raised() -> None:
    def read(seconds: float) -> list[int]:
        time.sleep(seconds)
        raise ValueError(f"after {seconds}")

    got, error = until_it_fails(read_ahead(read, [0.2, 0.0], 2))
    assert (got, str(error)) == ([], "after 0.0")


def test_reading_ahead_runs_ahead_of_its_reader_but_not_far() -> None:
    begun = []

    def read(number: int) -> list[int]:
        begun.append(number)
        return [number]

    numbers = read_ahead(read, range(1_000), 4)
    next(numbers)
    time.sleep(0.1)
    assert 4 < len(begun) < 20
    assert isinstance(numbers, Generator)
    numbers.close()


def test_a_failure_of_the_work_itself_comes_after_what_was_read() -> None:
    def work() -> Iterator[int]:
        yield 1
        raise KeyError("parent")

    got, error = until_it_fails(read_ahead(lambda number: [number], work(), 2))
    assert got == [1]
    assert isinstance(error, KeyError)


def test_merging_reads_at_the_same_time_and_raises_the_failure_last() -> None:
    both = threading.Barrier(2)

    def reader(number: int) -> Iterator[int]:
        both.wait(timeout=10)
        yield number
        if number == 1:
            raise KeyError("one")

    merged = merge(reader(1), reader(2))
    assert {next(merged), next(merged)} == {1, 2}
    with pytest.raises(KeyError):
        next(merged)


def test_children_want_the_newest_span_first_and_older_gaps_after_it() -> None:
    one = Child([november(20, 22), november(1, 3)])
    two = Child([november(18, 22), november(2, 5), november(9, 10)])
    wanted = Parent.days_wanted(parent_of(one, two, Child()))
    assert wanted == [november(18, 22), november(1, 5), november(9, 10)]


def test_what_gaps_share_with_the_newest_span_is_wanted_once() -> None:
    one, two = Child([november(20, 22), november(10, 25)]), Child([november(15, 22), november(20, 21)])
    assert Parent.days_wanted(parent_of(one, two)) == [november(15, 22), november(10, 14)]


def test_a_parent_of_whom_nobody_wants_days_wants_none() -> None:
    assert Parent.days_wanted(parent_of(Child(), Child())) == []


def test_windows_are_united_where_they_overlap() -> None:
    windows = [november(1, 9), november(2, 3), november(9, 12), november(14, 20)]
    assert united(windows, date(2026, 11, 18)) == [november(1, 12), november(14, 18)]


def test_a_list_is_left_to_the_retry_lists_where_it_is_on_those_of_all_children() -> None:
    assert Parent.owed(parent_of(Child(owed="ab"), Child(owed="bc")), "any") == {"b"}
    assert Parent.owed(parent_of(Child(owed="ab"), Child()), "any") == frozenset()
    assert Parent.owed(parent_of(), "any") == frozenset()


def test_who_leaves_counts_as_one_who_has_begun() -> None:
    readings = []

    def read() -> Iterator[int]:
        readings.append(1)
        yield from (1, 2)

    shared = Shared(read, readers=2)
    shared.leave()
    assert list(shared) == [1, 2]
    assert list(shared) == [1, 2]
    assert len(readings) == 2
