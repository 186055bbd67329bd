import threading
import time
import weakref
from collections.abc import Generator, Iterator

import pytest

from source_zoom.engine.sharing import Shared, merge, read_ahead


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


def test_reading_ahead_keeps_everything_and_lists_the_failures() -> None:
    def read(number: int) -> list[int]:
        if number == 7:
            raise ValueError("seven")
        return [number, -number]

    failures: list[Exception] = []
    got = set(read_ahead(read, range(100), 4, failures))
    assert got == {n for number in range(100) if number != 7 for n in (number, -number)}
    assert [str(failure) for failure in failures] == ["seven"]


def test_reading_ahead_runs_ahead_of_its_reader_but_not_far() -> None:
    begun = []

    def read(number: int) -> list[int]:
        begun.append(number)
        return [number]

    numbers = read_ahead(read, range(1_000), 4, [])
    next(numbers)
    time.sleep(0.1)
    assert 4 < len(begun) < 20
    assert isinstance(numbers, Generator)
    numbers.close()


def test_a_failure_of_the_work_itself_comes_after_what_was_read() -> None:
    def work() -> Iterator[int]:
        yield 1
        raise KeyError("parent")

    failures: list[Exception] = []
    assert list(read_ahead(lambda number: [number], work(), 2, failures)) == [1]
    assert [type(failure) for failure in failures] == [KeyError]


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
