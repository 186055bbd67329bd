"""Iterators for several threads: read once for all, read ahead, and merged. They know nothing of Zoom."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import Queue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Work = TypeVar("Work")


class _Link(Generic[Item]):
    """An item, and the next link once it has been read.

    The iterators hold the links, so an item is freed when the slowest of them has moved past it.
    """

    __slots__ = ("_error", "_next", "item")

    def __init__(self, item: Item | None = None) -> None:
        self.item = item
        self._next: _Link[Item] | None = None
        self._error: Exception | None = None

    def follow(self, source: Iterator[Item], lock: threading.Lock) -> "_Link[Item]":
        """The next link, read from the source by whichever thread gets here first."""
        if self._next is None:
            with lock:
                if self._next is None and self._error is None:
                    try:
                        self._next = _Link(next(source))
                    except Exception as error:  # StopIteration included: it ends every iterator alike
                        self._error = error
        if self._next is None:
            raise self._error or StopIteration
        return self._next


class Shared(Generic[Item]):
    """An iterable that is read once, however many threads iterate over it, each at its own pace.

    `readers` is how many will: when the last of them has begun, the beginning is no longer kept, and an
    iteration beyond them reads anew. An error of the source reaches every reader, after the items.
    """

    def __init__(self, read: Callable[[], Iterable[Item]], readers: int) -> None:
        self._read = read
        self._readers = readers
        self._begun = 0
        self._lock = threading.Lock()
        self._start: tuple[_Link[Item], Iterator[Item], threading.Lock] | None = None

    def __iter__(self) -> Iterator[Item]:
        with self._lock:
            start = self._start or (_Link(), iter(self._read()), threading.Lock())
            self._begun += 1
            is_last = self._begun % max(self._readers, 1) == 0
            self._start = None if is_last else start
        return self._walk(*start)

    @staticmethod
    def _walk(link: _Link[Item], source: Iterator[Item], lock: threading.Lock) -> Iterator[Item]:
        while True:
            try:
                link = link.follow(source, lock)
            except StopIteration:
                return
            yield link.item  # type: ignore[misc]  # only the first link, already left, has no item


def read_ahead(
    read: Callable[[Work], list[Item]], work: Iterable[Work], threads: int, failures: list[Exception]
) -> Iterator[Item]:
    """The items of every piece of work, in the order in which the threads finish them.

    At most two pieces a thread are in hand. A failed piece does not stop the others: it goes on the list of
    `failures`, and so does a failure of `work` itself.
    """
    pending: set[Future[list[Item]]] = set()

    def finished() -> Iterator[Item]:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        pending.difference_update(done)
        for future in done:
            try:
                yield from future.result()
            except Exception as error:
                failures.append(error)

    with ThreadPoolExecutor(threads, thread_name_prefix="read-ahead") as pool:
        try:
            for piece in work:
                pending.add(pool.submit(read, piece))
                if len(pending) >= 2 * threads:
                    yield from finished()
        except Exception as error:
            failures.append(error)
        while pending:
            yield from finished()


def merge(*iterables: Iterable[Item]) -> Iterator[Item]:
    """The items of all iterables, each read by a thread of its own, as they come.

    The first failure is raised once every iterable has ended.
    """
    queue: Queue[Item | _Ended] = Queue(maxsize=1_000)

    def pump(iterable: Iterable[Item]) -> None:
        error = None
        try:
            for item in iterable:
                queue.put(item)
        except Exception as failure:
            error = failure
        queue.put(_Ended(error))

    for iterable in iterables:
        threading.Thread(target=pump, args=(iterable,), daemon=True, name="merge").start()
    failures = []
    running = len(iterables)
    while running:
        item = queue.get()
        if isinstance(item, _Ended):
            running -= 1
            failures += [item.error] if item.error else []
        else:
            yield item
    if failures:
        raise failures[0]


class _Ended:
    """The end of one merged iterable."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
