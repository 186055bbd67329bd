"""Reads streams in the CDK's concurrent source: their slices as its partitions, and the queue between."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Queue, SimpleQueue
from typing import Any, cast

from airbyte_cdk.models import AirbyteMessage, AirbyteRecordMessage, Type
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.concurrent_source.thread_pool_manager import ThreadPoolManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem
from airbyte_cdk.sources.types import Record
from airbyte_cdk.sources.utils.slice_logger import DebugSliceLogger

from source_zoom.api.rate_limits import LABELS
from source_zoom.counts import Summary
from source_zoom.engine.slices import Slice
from source_zoom.engine.stream import ZoomStream
from source_zoom.exceptions import StreamEnded, Unread, ZoomError, out_of_memory
from source_zoom.threads import Threads, start

logger = logging.getLogger("airbyte.source_zoom")
cdk_logger = logger.getChild("cdk")
# It would say how many records it has read, and count one for each stream: `_Slices` says why.
cdk_logger.setLevel(logging.WARNING)

MOST_RECORDS = 1_000


class Stopped(Exception):
    """Somebody wants the reading to end before it is complete, and the process with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class AlreadyTold(Exception):
    """A slice was not read, and nothing more is to be shown of it."""


class RecordQueue(Queue[QueueItem]):
    """From the threads that read to the one that writes, by pages: a wake-up costs more than a record does.

    A thread never blocks in the middle of a page: it blocks before it fetches the next one, in
    `wait_until_drained`, while too many records are unwritten. `_drained` guards `_unwritten`.
    """

    def __init__(self, summary: Summary, most: int = MOST_RECORDS) -> None:
        self._summary = summary
        self._items: SimpleQueue[QueueItem | deque[AirbyteMessage] | int] = SimpleQueue()
        self._page: deque[AirbyteMessage] = deque()
        self._most = most
        self._unwritten = 0
        self._drained = threading.Condition()

    def __repr__(self) -> str:
        return f"RecordQueue({self._unwritten} unwritten)"

    def put(self, item: QueueItem, block: bool = True, timeout: float | None = None) -> None:
        is_told = isinstance(item, StreamThreadException) and isinstance(item.exception, AlreadyTold)
        if not is_told:
            self._items.put(item)

    def put_page(self, messages: Iterable[AirbyteMessage]) -> None:
        page = deque(messages)
        with self._drained:
            self._unwritten += len(page)
        self._items.put(page)

    def get(self, block: bool = True, timeout: float | None = None) -> QueueItem:
        while not self._page:
            item = self._items.get(block, timeout)
            if isinstance(item, int):
                raise Stopped(item)
            if not isinstance(item, deque):
                return item
            self._page = item
            with self._drained:
                self._unwritten -= len(item)
                if self._unwritten <= self._most // 2:
                    self._drained.notify_all()
        return self._page.popleft()

    def empty(self) -> bool:
        return not self._page and self._items.empty()

    def stop(self, code: int) -> None:
        """Let `get` raise Stopped once it has given out what is there. Signal handlers may call this."""
        self._items.put(code)

    def wait_until_drained(self) -> None:
        if self._unwritten < self._most:
            return
        with self._summary.waiting("the destination"), self._drained:
            while self._unwritten >= self._most:
                self._drained.wait()


class ConcurrentRead:
    """One reading of several streams by `num_workers` threads, with the queue that they share.

    Each rate limit label has workers of its own, or all of them would soon wait for the slowest label.
    """

    def __init__(self, num_workers: int, messages: MessageRepository, summary: Summary) -> None:
        self.queue = RecordQueue(summary)
        self._summary = summary
        self._messages = messages
        self._num_workers = num_workers
        self._slots = {label: threading.Semaphore(max(1, num_workers // len(LABELS))) for label in LABELS}
        self._streams: list[AbstractStream] = []

    def add(self, stream: ZoomStream, cursor: Cursor) -> None:
        cursor_field = stream.cursor_field
        self._streams.append(
            DefaultStream(
                partition_generator=_Slices(stream, self._slots[stream.rate_limit], self.queue),
                name=stream.name,
                json_schema=stream.get_json_schema,
                primary_key=list(stream.key_fields()),
                cursor_field=CursorField(str(cursor_field)) if cursor_field else None,
                logger=cdk_logger,
                cursor=cursor,
            )
        )

    def messages(self) -> Iterator[AirbyteMessage]:
        # With no stream at all the CDK would wait for one for ever.
        if self._streams:
            # The generators of slices wait for parents most of the time, so they come on top of the workers.
            generators = len(self._streams)
            threads = Threads(max(self._num_workers, len(LABELS)) + generators, "worker", generators + 1)
            source = ConcurrentSource(
                ThreadPoolManager(cast("ThreadPoolExecutor", threads), cdk_logger),
                cdk_logger,
                DebugSliceLogger(),
                self.queue,
                self._messages,
                generators,
            )
            yield from _read_to_its_end(source.read(self._streams))


def _read_to_its_end(messages: Iterable[AirbyteMessage]) -> Iterator[AirbyteMessage]:
    """The messages; where their reader has enough of them, the rest is read by a thread, for nobody.

    Otherwise the threads that made them would wait for ever until somebody takes what they have.
    """
    try:
        # A `yield from` would pass the end on.
        for message in messages:  # noqa: UP028
            yield message
    except GeneratorExit:

        def drain() -> None:
            with suppress(Exception):
                deque(messages, maxlen=0)

        start(drain, "drain")
        raise


class _Slices(PartitionGenerator):
    """The slices of a stream, each as soon as one of the slots of its label is free.

    `_lock` guards `_under_way`, the number of slices that have not ended, and what has been told.
    """

    def __init__(self, stream: ZoomStream, slots: threading.Semaphore, queue: RecordQueue) -> None:
        self.stream = stream
        self._slots = slots
        self._queue = queue
        self._lock = threading.Condition()
        self._under_way = 0
        self._is_running = False
        self._told: set[type] = set()

    def __repr__(self) -> str:
        return f"_Slices({self.stream.name}, {self._under_way} under way)"

    def generate(self) -> Iterator[Partition]:
        failure: ZoomError | None = None
        try:
            for found in self._found():
                if self.stream.in_order:
                    self._wait_for_all()
                self._slots.acquire()
                with self._lock:
                    self._under_way += 1
                yield SlicePartition(self, found)
        except (ZoomError, MemoryError) as error:
            failure = error if isinstance(error, ZoomError) else out_of_memory()
            if isinstance(error, StreamEnded):
                self.stream.end_search(error)
        finally:
            self.stream.end_generation()
        self._wait_for_all()
        try:
            self.stream.conclude()
        except ZoomError as error:
            failure = failure or error
        if failure:
            raise self._told_once(failure)

    def _found(self) -> Iterator[Slice]:
        yield from self.stream.slices()
        # What the answers to those lead to.
        self._wait_for_all()
        yield from self.stream.late_slices()

    def _wait_for_all(self) -> None:
        with self._lock:
            self._lock.wait_for(lambda: self._under_way == 0)

    def read(self, found: Slice) -> None:
        try:
            self._queue.wait_until_drained()
            for page in self.stream.read_pages(found):
                self._put(page)
                self._queue.wait_until_drained()
        except (ZoomError, MemoryError) as error:
            failure = self._failure(found, error if isinstance(error, ZoomError) else out_of_memory())
            if isinstance(failure, StreamEnded):
                self.stream.end(failure)
            # Whatever is said of it, the slice has not been read: its partition is not closed.
            raise self._told_once(failure) if failure else AlreadyTold() from None
        finally:
            self._slots.release()
            with self._lock:
                self._under_way -= 1
                self._lock.notify_all()

    def _failure(self, found: Slice, error: ZoomError) -> ZoomError | None:
        """What makes the stream incomplete where a slice could not be read."""
        try:
            is_tolerable = isinstance(error, Unread) and not self.stream.fail(found, error)
        except ZoomError as failure:
            return failure
        return None if is_tolerable else error

    def _put(self, page: list[dict[str, Any]]) -> None:
        name = self.stream.name
        with self._lock:
            if page and not self._is_running:
                # The first record as the CDK's own, from which it learns that the stream is RUNNING.
                self._queue.put(Record(page[0], name))
                del page[0]
                self._is_running = True
        emitted_at = time.time_ns() // 1_000_000
        self._queue.put_page(
            AirbyteMessage(Type.RECORD, record=AirbyteRecordMessage(name, record, emitted_at))
            for record in page
        )
        # Those who made the page hold on to it until the next one, for which they may have to wait.
        page.clear()

    def _told_once(self, error: ZoomError) -> Exception:
        """The error for the CDK to show, if it is the first of its kind in the stream."""
        with self._lock:
            is_first = type(error) not in self._told
            self._told.add(type(error))
            return error if is_first else AlreadyTold()


class SlicePartition(Partition):
    """One slice of a stream. The CDK's own class copies, inspects and transforms every record."""

    def __init__(self, slices: _Slices, found: Slice) -> None:
        self._slices = slices
        self.slice = found

    def read(self) -> Iterator[Record]:
        """Nothing: the records go into the queue page by page."""
        self._slices.read(self.slice)
        return iter(())

    def to_slice(self) -> Mapping[str, Any]:
        return {"name": self.slice.name}

    def stream_name(self) -> str:
        return self._slices.stream.name

    def __hash__(self) -> int:
        return id(self)
