"""How far a stream of past occurrences has come: by UTC day, in its state.

    {"start_time": "2026-11-20T00:00:00Z", "version": 1,
     "read_on": "2026-11-22", "backfill": true,
     "retry": [{"uuid": "…", "id": 1, "start_time": "…", "host_id": "…", "attempts": 2}]}

Every day before the cursor has been read, and the last of them on the day `read_on`: so days that were old
by then need not be read again. `backfill` stands there until the first reading has come to its end, and
`retry` lists the occurrences that failed alone. All three are absent when there is nothing to say.
"""

import logging
import threading
from collections import Counter
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from queue import Queue
from typing import Any

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStreamState,
    StreamDescriptor,
    Type,
)
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem
from airbyte_cdk.sources.types import Record

from source_zoom.exceptions import ZoomError

logger = logging.getLogger("airbyte.source_zoom")

VERSION = 1
MOST_RETRIES = 1_000

Occurrence = Mapping[str, Any]


@dataclass(frozen=True)
class Outlet:
    """Where STATE messages go, so that none overtakes a record that it speaks of.

    The `queue` is that of the records, for the threads that read; `messages` are for the end of a stream.
    """

    queue: Queue[QueueItem]
    messages: MessageRepository


class Progress(Cursor):
    """The state of one stream, changed by all its threads; `lookback` is in days."""

    def __init__(
        self,
        stream: str,
        cursor_field: str,
        state: Mapping[str, Any],
        lookback: int,
        start_date: date | None,
        outlet: Outlet,
    ) -> None:
        self._stream = stream
        self._cursor_field = cursor_field
        self._given = state
        self._lookback = timedelta(days=lookback)
        self._start_date = start_date or date.min
        self._outlet = outlet
        self._lock = threading.Lock()
        self._today: date | None = None
        self._day: date | None = None
        self._read_on: date | None = None
        self._first_day = date.min
        self._handed_out_before = date.min
        self._under_way: Counter[date] = Counter()
        self._retry: dict[str, dict[str, Any]] = {}
        self._retried: frozenset[str] = frozenset()
        self._held = False
        self.is_backfill = True

    def begin(self, today: date, oldest_report: date) -> date:
        """Read the given state, now that Zoom's today is known. Returns the first day to read."""
        with self._lock:
            if self._today is None:
                self._today = today
                self._take_over(today, oldest_report)
            return min(max(self._start_date, self._first_day), today)

    def _take_over(self, today: date, oldest_report: date) -> None:
        state = self._given
        if not state:
            return
        try:
            # A first sync that could not find everything leaves a state without a day.
            day = utc_day(state[self._cursor_field]) if state.keys() - {"version", "retry"} else None
            read_on = date.fromisoformat(state["read_on"]) if "read_on" in state else day
            first_day = min(day, read_on - self._lookback) if day and read_on else date.min
            retry = {entry["uuid"]: dict(entry) for entry in state.get("retry", [])}
            known = state.get("version") == VERSION and all(map(_is_retry, retry.values()))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            known = False
        if not known:
            self._warn("the state is not one of this connector's, so everything is read again")
        elif day and read_on and (ends := max(day, read_on)) > today:
            self._warn(f"the state ends on {ends}, in the future, so everything is read again")
        else:
            self._day, self._read_on, self._first_day = day, read_on, first_day
            self._retry, self._retried = retry, frozenset(retry)
            self.is_backfill = day is None or bool(state.get("backfill")) or day < oldest_report
            if day and day < oldest_report:
                self._warn(
                    f"the state ends on {day}, and Zoom's reports begin on {oldest_report}: meetings between"
                    " the two that are no longer listed cannot be found any more"
                )

    def _warn(self, sentence: str) -> None:
        logger.warning(f"{self._stream}: {sentence}.")

    def retries(self) -> list[dict[str, Any]]:
        """The occurrences that failed in earlier syncs."""
        return [self._retry[uuid] for uuid in self._retried]

    def hand_out(self, occurrence: Occurrence) -> bool:
        """Note that an occurrence will be read; occurrences come in the order of their days.

        False where it need not be: it is among the retries, or older than the days to read.
        """
        day = self._day_of(occurrence)
        with self._lock:
            if occurrence["uuid"] in self._retried:
                return False
            # Those without a start come before all others, and say nothing about what has been found.
            if occurrence["start_time"]:
                self._handed_out_before = max(self._handed_out_before, day)
            self._under_way[day] += 1
            return True

    def hold(self) -> None:
        """Leave the state where it is in this sync: not every occurrence could be found."""
        self._held = True

    def all_handed_out(self) -> None:
        """Note that every occurrence up to today has been handed out."""
        with self._lock:
            self._handed_out_before = self._today or date.min
            self._move()

    def finish(self, occurrence: Occurrence) -> None:
        """Note that an occurrence was read, or is gone; all its records are on their way."""
        with self._lock:
            self._retry.pop(occurrence["uuid"], None)
            self._close(occurrence)

    def fail(self, occurrence: Occurrence, error: Exception) -> None:
        """Put an occurrence that failed alone on the list for the next sync."""
        with self._lock:
            attempts = self._retry.get(occurrence["uuid"], {}).get("attempts", 0) + 1
            if attempts == 1 and len(self._retry) >= MOST_RETRIES:
                raise ZoomError(
                    f"More than {MOST_RETRIES} occurrences could not be read, so the state stays where it"
                    f" is. {error}"
                )
            self._retry[occurrence["uuid"]] = {**occurrence, "attempts": attempts}
            self._close(occurrence)

    def _close(self, occurrence: Occurrence) -> None:
        if occurrence["uuid"] not in self._retried:
            self._under_way[self._day_of(occurrence)] -= 1
            self._move()

    def _move(self) -> None:
        """Move the state past every day that is done; today never is."""
        today = self._today or date.min
        self._under_way = +self._under_way
        day = min([self._handed_out_before, today, *self._under_way])
        if not self._held and day > (self._day or date.min):
            self._day, self._read_on = day, today
            self.is_backfill = self.is_backfill and day < today
            self._outlet.queue.put(self._message(self.state))

    def _day_of(self, occurrence: Occurrence) -> date:
        today = self._today or date.min
        return min(utc_day(occurrence["start_time"]), today) if occurrence["start_time"] else today

    @property
    def is_first_sync(self) -> bool:
        """Whether no state says how far an earlier sync came."""
        return self._day is None

    @property
    def state(self) -> MutableMapping[str, Any]:
        state: dict[str, Any] = {"version": VERSION}
        if self._day:
            state[self._cursor_field] = f"{self._day.isoformat()}T00:00:00Z"
        if self._day and self._read_on and self._read_on > self._day:
            state["read_on"] = self._read_on.isoformat()
        if self._day and self.is_backfill:
            state["backfill"] = True
        if self._retry:
            state["retry"] = list(self._retry.values())
        return state

    def _message(self, state: Mapping[str, Any]) -> AirbyteMessage:
        descriptor = StreamDescriptor(name=self._stream)
        stream_state = AirbyteStreamState(stream_descriptor=descriptor, stream_state=AirbyteStateBlob(state))
        return AirbyteMessage(
            type=Type.STATE, state=AirbyteStateMessage(type=AirbyteStateType.STREAM, stream=stream_state)
        )

    def ensure_at_least_one_state_emitted(self) -> None:
        with self._lock:
            # If nothing was read, what was known stays known.
            untouched = self._today is None and self._given
            self._outlet.messages.emit_message(self._message(self._given if untouched else self.state))

    def observe(self, record: Record) -> None:
        """Nothing to do: a day is done when its occurrences are, whatever their records say."""

    def close_partition(self, partition: Partition) -> None:
        """Nothing to do: the stream itself says how a slice ended."""

    def should_be_synced(self, record: Record) -> bool:
        return True


def _is_retry(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of the state's list can be asked for again. Raises where it lacks something."""
    if entry.get("start_time"):
        utc_day(entry["start_time"])
    has_uuid = isinstance(entry["uuid"], str) and entry["uuid"] != ""
    return has_uuid and isinstance(entry["attempts"], int) and int(entry["id"]) > 0


def utc_day(instant: str) -> date:
    return datetime.fromisoformat(instant).astimezone(UTC).date()
