"""Reads streams in the CDK's concurrent source: their slices as its partitions, and the queue between."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from queue import Queue, SimpleQueue
from typing import Any

from airbyte_cdk.models import AirbyteMessage, AirbyteRecordMessage, Type
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
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
from source_zoom.engine.stream import Slice, ZoomStream
from source_zoom.exceptions import StreamEnded

logger = logging.getLogger("airbyte.source_zoom")
cdk_logger = logger.getChild("cdk")
# It would say how many records it has read, and count one for each stream: `_Slices` says why.
cdk_logger.setLevel(logging.WARNING)

MOST_RECORDS = 1_000


class Stopped(Exception):
    """Somebody wants the reading to end before it is complete."""


class RecordQueue(Queue[QueueItem]):
    """From the threads that read to the one that writes, by pages: a wake-up costs more than a record does.

    Nobody is held up with a page in hand. Who wants another one waits in `wait_for_room` while too many
    records are unwritten.
    """

    def __init__(self, summary: Summary, most: int = MOST_RECORDS) -> None:
        self._summary = summary
        self._items: SimpleQueue[QueueItem | deque[AirbyteMessage] | None] = SimpleQueue()
        self._page: deque[AirbyteMessage] = deque()
        self._most = most
        self._unwritten = 0
        self._room = threading.Condition()

    def put(self, item: QueueItem, block: bool = True, timeout: float | None = None) -> None:
        self._items.put(item)

    def put_page(self, messages: Iterable[AirbyteMessage]) -> None:
        page = deque(messages)
        with self._room:
            self._unwritten += len(page)
        self._items.put(page)

    def get(self, block: bool = True, timeout: float | None = None) -> QueueItem:
        while not self._page:
            item = self._items.get(block, timeout)
            if item is None:
                raise Stopped
            if not isinstance(item, deque):
                return item
            self._page = item
            with self._room:
                self._unwritten -= len(item)
                if self._unwritten <= self._most // 2:
                    self._room.notify_all()
        return self._page.popleft()

    def empty(self) -> bool:
        return not self._page and self._items.empty()

    def stop(self) -> None:
        """Let `get` raise Stopped once it has given out what is there. Signal handlers may call this."""
        self._items.put(None)

    def wait_for_room(self) -> None:
        if self._unwritten < self._most:
            return
        with self._summary.waiting("the destination"), self._room:
            while self._unwritten >= self._most:
                self._room.wait()


class ConcurrentRead:
    """One reading of several streams by `num_workers` threads, with the queue that they share.

    Each rate limit label has workers of its own, or all of them would soon wait for the slowest label.
    """

    def __init__(self, num_workers: int, messages: MessageRepository, summary: Summary) -> None:
        self.queue = RecordQueue(summary)
        self._summary = summary
        self._messages = messages
        self._num_workers = num_workers
        self._room = {label: threading.Semaphore(max(1, num_workers // len(LABELS))) for label in LABELS}
        self._streams: list[AbstractStream] = []

    def add(self, stream: ZoomStream, cursor: Cursor) -> None:
        cursor_field = stream.cursor_field
        self._streams.append(
            DefaultStream(
                partition_generator=_Slices(stream, self._room[stream.rate_limit], self.queue, self._summary),
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
            source = ConcurrentSource.create(
                num_workers=max(self._num_workers, len(LABELS)) + len(self._streams),
                initial_number_of_partitions_to_generate=len(self._streams),
                logger=cdk_logger,
                slice_logger=DebugSliceLogger(),
                message_repository=self._messages,
                queue=self.queue,
            )
            yield from source.read(self._streams)


class _Slices(PartitionGenerator):
    """The slices of a stream, each as soon as there is room for it among those of its label."""

    def __init__(
        self, stream: ZoomStream, room: threading.Semaphore, queue: RecordQueue, summary: Summary
    ) -> None:
        self.stream = stream
        self._room = room
        self._queue = queue
        self._summary = summary
        self._lock = threading.Lock()
        self._is_running = False
        self._has_ended = False

    def generate(self) -> Iterator[Partition]:
        for stream_slice in self.stream.slices():
            self._room.acquire()
            yield _SlicePartition(self, stream_slice)

    def read(self, stream_slice: Slice) -> None:
        try:
            self._queue.wait_for_room()
            for page in self.stream.read_pages(stream_slice):
                self._put(page)
                self._queue.wait_for_room()
        except Exception as error:
            if self._is_news(stream_slice, error):
                raise
        finally:
            self._room.release()

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

    def _is_news(self, stream_slice: Slice, error: Exception) -> bool:
        """Count a failure. Returns whether the CDK should show it: one error is enough for a stream."""
        if not isinstance(error, StreamEnded):
            return self._summary.fail(self.stream.name, self.stream.path(stream_slice=stream_slice))
        with self._lock:
            is_first, self._has_ended = not self._has_ended, True
            return is_first


class _SlicePartition(Partition):
    """One slice of a stream. The CDK's own class copies, inspects and transforms every record."""

    def __init__(self, slices: _Slices, stream_slice: Slice) -> None:
        self._slices = slices
        self._slice = stream_slice

    def read(self) -> Iterator[Record]:
        """Nothing: the records go into the queue page by page."""
        self._slices.read(self._slice)
        return iter(())

    def to_slice(self) -> Mapping[str, Any]:
        return self._slice

    def stream_name(self) -> str:
        return self._slices.stream.name

    def __hash__(self) -> int:
        return id(self)
