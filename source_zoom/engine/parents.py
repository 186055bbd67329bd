"""From a parent to its children: its rows are read once for all of them, ahead of their need."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import date
from functools import partial
from queue import Queue
from typing import ClassVar, Generic, TypeVar

from source_zoom.api.client import Sync
from source_zoom.api.scopes import Permissions
from source_zoom.engine.cursor import DayCursor
from source_zoom.engine.slices import ONE_DAY, Closed, Event, Row, Searched, Ways, Window, united
from source_zoom.exceptions import Unread
from source_zoom.threads import Threads, start

Item = TypeVar("Item")
Work = TypeVar("Work")

PARENT_THREADS = 16


class Parent(ABC):
    """Something whose rows other streams need: read once for all of them, through `shared`."""

    shared: "Shared[Event]"
    parents: Sequence["Parent"] = ()
    children: Sequence["Parent"] = ()
    ways: Ways = Ways()
    # Whether its rows are asked for; else they are those of its lists.
    is_list: ClassVar[bool] = False
    days: "DayCursor | None" = None
    months_answered: ClassVar[int | None] = None

    @abstractmethod
    def __init__(self, sync: Sync, *parents: "Parent") -> None: ...

    @classmethod
    def parent_classes(cls) -> Sequence[type["Parent"]]:
        """The parents that the constructor takes, after the Sync."""
        return ()

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        """The fields that this one reads of its parents' rows."""
        return ()

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        """The scopes without which this one cannot be read, its parents' first."""
        found = [scope for parent in cls.parent_classes() for scope in parent.missing_scopes(permissions)]
        return list(dict.fromkeys(found))

    @classmethod
    def scope_warnings(cls, permissions: Permissions) -> Iterable[str]:
        """What it costs to do without a scope that this one can do without."""
        return ()

    def lists(self) -> "list[Parent]":
        """What its units come from, the parents' parents included."""
        found = [one for parent in self.parents for one in parent.lists()]
        return [*dict.fromkeys([*found, *self.parents])]

    def attach_children(self, children: Sequence["Parent"]) -> None:
        """Give these children one shared iterator over the fields that they use, read once."""
        self.children = children
        kept = {field for child in children for field in child.parent_fields()}
        self.shared = Shared(lambda: self.events(kept), len(children))

    def days_wanted(self) -> list[Window]:
        """The days of which children want something: the newest span first, then older gaps."""
        found = [child.days_wanted() for child in self.children]
        main = [days[0] for days in found if days]
        if not main:
            return []
        newest = Window(min(window.first for window in main), max(window.last for window in main))
        gaps = sorted(gap for days in found for gap in days[1:] if gap.first < newest.first)
        return [newest, *united(gaps, newest.first - ONE_DAY)] if gaps else [newest]

    def later_days(self) -> list[Window]:
        """The days to search after those, of which children miss a way that was refused before."""
        return united(sorted(days for child in self.children for days in child.later_days()), date.max)

    def is_behind(self, searched: Searched) -> bool:
        """Whether a child has not yet generated all that it reads of the days that were searched last."""
        return any(child.is_behind(searched) for child in self.children)

    def owed(self, name: str) -> frozenset[str]:
        """The keys of a list that all children have on their retry lists, so that it can be left to these."""
        found = [child.owed(name) for child in self.children]
        return frozenset.intersection(*found) if found else frozenset()

    def accepts(self, row: Row, one: "Parent") -> bool:
        """Whether children want a row that one of its lists has."""
        return True

    def lacks(self, report_type: str, row: Row) -> bool:
        """Whether Zoom says of a row that there are no data of a type."""
        return False

    def lacking(self, report_type: str, days: Window) -> Iterator[Row | Searched]:
        """The rows of some days that lack such data, and that all before a day have come."""
        return iter(())

    def oldest(self, today: date) -> date:
        """The first day for which Zoom answers, as far as that is a rule."""
        return date.min

    @abstractmethod
    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        """The kept fields of every row, and what else children have to know."""


class _Source(Generic[Item]):
    """An iterator that one thread at a time advances, while the others wait for what it finds.

    `changed` guards `is_busy` and what the links hold, but is not held while the iterator is advanced: a
    thread that waits for one item gets it while another thread waits for the next.
    """

    def __init__(self, items: Iterator[Item]) -> None:
        self.items = items
        self.changed = threading.Condition()
        self.is_busy = False


class _Link(Generic[Item]):
    """An item, and the next link once it has been read.

    The iterators hold the links, so an item is freed when the slowest of them has moved past it.
    """

    __slots__ = ("_error", "_next", "item")

    def __init__(self, item: Item | None = None) -> None:
        self.item = item
        self._next: _Link[Item] | None = None
        self._error: Exception | None = None

    def follow(self, source: _Source[Item]) -> "_Link[Item]":
        """The next link, read from the source by whichever thread gets here first."""
        if self._next is None:
            with source.changed:
                source.changed.wait_for(lambda: self._is_known or not source.is_busy)
                is_ours = not self._is_known
                source.is_busy = source.is_busy or is_ours
            if is_ours:
                self._advance(source)
        if self._next is None:
            raise self._error or StopIteration
        return self._next

    @property
    def _is_known(self) -> bool:
        return self._next is not None or self._error is not None

    def _advance(self, source: _Source[Item]) -> None:
        try:
            self._next = _Link(next(source.items))
        except Exception as error:  # StopIteration included: it ends every iterator alike
            self._error = error
        finally:
            with source.changed:
                source.is_busy = False
                source.changed.notify_all()


class Shared(Generic[Item]):
    """An iterable that is read once, however many threads iterate over it, each at its own pace.

    `readers` is how many will: when the last of them has begun, or has said that it will not, the beginning
    is no longer kept, and an iteration beyond them reads anew. An error of the source reaches every reader,
    after the items. `_lock` guards `_begun` and `_start`.
    """

    def __init__(self, read: Callable[[], Iterable[Item]], readers: int) -> None:
        self._read = read
        self._readers = readers
        self._begun = 0
        self._lock = threading.Lock()
        self._start: tuple[_Link[Item], _Source[Item]] | None = None
        # How many items there are, once all have come; 0 before that.
        self.total = 0

    def __repr__(self) -> str:
        return f"Shared({self._begun} of {self._readers} begun)"

    def __iter__(self) -> Iterator[Item]:
        with self._lock:
            start = self._start or (_Link(), _Source(self._counted()))
            self._count(start)
        return self._walk(*start)

    def _counted(self) -> Iterator[Item]:
        number = 0
        for item in self._read():
            number += 1
            yield item
        self.total = number

    def leave(self) -> None:
        """Say that one of the readers will not read, so that nothing is kept for it."""
        with self._lock:
            self._count(self._start)

    def _count(self, start: tuple[_Link[Item], _Source[Item]] | None) -> None:
        self._begun += 1
        is_last = self._begun % max(self._readers, 1) == 0
        self._start = None if is_last else start

    @staticmethod
    def _walk(link: _Link[Item], source: _Source[Item]) -> Iterator[Item]:
        while True:
            try:
                link = link.follow(source)
            except StopIteration:
                return
            yield link.item  # type: ignore[misc]  # only the first link, already left, has no item


def whole(parent: Parent) -> Generator[Event, None, list[Row]]:
    """The rows of a list of which none may be missing, once all have come; what else there is to tell of it.

    Raises Unread where a part of it could not be read.
    """
    events = list(parent.shared)
    yield from (event for event in events if not isinstance(event, Row))
    for event in events:
        if isinstance(event, Closed) and isinstance(event.why, Unread):
            raise event.why
    return [event for event in events if isinstance(event, Row)]


def read_ahead(read: Callable[[Work], list[Item]], work: Iterable[Work], threads: int) -> Iterator[Item]:
    """The items of every piece of work, in the order in which the threads finish them.

    At most two pieces a thread are in hand. A failed piece does not stop those that are; the first failure,
    also one of `work` itself, is raised after them.
    """
    pending: set[Future[list[Item]]] = set()
    failures: list[Exception] = []

    def finished() -> Iterator[Item]:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        pending.difference_update(done)
        for future in done:
            try:
                yield from future.result()
            except Exception as error:
                failures.append(error)

    with Threads(threads, "read-ahead") as pool:
        try:
            for piece in work:
                pending.add(pool.submit(read, piece))
                if len(pending) >= 2 * threads:
                    yield from finished()
                if failures:
                    break
        except Exception as error:
            failures.append(error)
        while pending:
            yield from finished()
    if failures:
        raise failures[0]


def merge(*iterables: Iterable[Item]) -> Iterator[Item]:
    """The items of all iterables, each read by a thread of its own, as they come.

    Where the system gives no such thread, one is read when those that have theirs have ended. The
    first failure is raised once every iterable has ended.
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

    waiting = [iterable for iterable in iterables if not start(partial(pump, iterable), "merge")]
    failures = []
    running = len(iterables) - len(waiting)
    while running:
        item = queue.get()
        if isinstance(item, _Ended):
            running -= 1
            failures += [item.error] if item.error else []
        else:
            yield item
    for iterable in waiting:
        try:
            yield from iterable
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]


class _Ended:
    """The end of one merged iterable."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
