"""How far a stream has come: by day (UTC) of what its slices hold, in its state.

    {"start_time": "2026-11-20T00:00:00Z", "version": 2, "read_on": "2026-11-22",
     "instances": {"after": 85746065, "began": "2026-11-22"},
     "gaps": [{"way": "reports", "from": "2026-05-20", "to": "2026-10-03"}],
     "retry": […], "withheld": […], "owed": […], "known": {…}, "refused": "…"}

Every day before the cursor is done: its slices have been read, are gone, or stand on one of the lists of
`retries.py`. `read_on` is when the last days before it were read: what was old by then is not read again.
`instances` says up to which meeting a pass through lists in no order of days has come, and when it began;
`gaps` are days of which one way of finding something is missing; `refused` why Zoom has refused the endpoint
altogether; `known` what a first sync of several days has read. All but the cursor and the version are absent
when there is nothing to say.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce
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

from source_zoom.engine.frontier import Frontier, Pass
from source_zoom.engine.gaps import Gaps
from source_zoom.engine.known import Known
from source_zoom.engine.retries import AGAIN, MOST_OWED, Key, Retry, RetryList
from source_zoom.engine.slices import (
    ONE_DAY,
    Closed,
    Event,
    Fields,
    Listed,
    Retried,
    Row,
    Searched,
    Slice,
    WayRefused,
    Ways,
    Window,
    utc_day,
)
from source_zoom.exceptions import Outcome, Settled, Unread

logger = logging.getLogger("airbyte.source_zoom")

VERSION = 2
# A pass has thousands of lists: a state for each of them would be most of the output.
LISTS_A_STATE = 50

SlicesOf = Callable[[Fields, Window], Iterable[Slice]]


@dataclass(frozen=True)
class StateOutput:
    """Where STATE messages go, so that none overtakes a record that it speaks of.

    The `queue` is that of the records, for the threads that read; `messages` are for the end of a stream.
    """

    queue: Queue[QueueItem]
    messages: MessageRepository


@dataclass(frozen=True)
class Span:
    """The days of a sync: Zoom's today, what the user wants, and how far back the way by days reaches."""

    today: date
    lookback: timedelta
    start_date: date = date.min
    oldest: date = date.min


class DayCursor(Cursor):
    """The state of one stream, changed by all its threads under `_lock`.

    `_days` and `_gap_days` are how far the new and the missing days have come; `_under_way` holds, for each
    slice in hand, what is not done before it is.
    """

    def __init__(
        self,
        stream: str,
        cursor_field: str,
        state: Mapping[str, Any],
        span: Span,
        ways: Ways,
        output: StateOutput,
        key_of: Callable[[str, Fields], str] = lambda name, unit: str(unit),
    ) -> None:
        self._stream = stream
        self._cursor_field = cursor_field
        self._given = state
        self._span = span
        self._ways = ways
        self._output = output
        self._key_of = key_of
        self._lock = threading.RLock()
        self._day: date | None = None
        self._read_on: date | None = None
        self._gaps = Gaps()
        self._refused_ways: set[str] = set()
        self._is_frozen = False
        self._lists_since_state = 0
        self._under_way: dict[str, tuple[Slice, list[tuple[Any, Any]]]] = {}
        self._known: Known | None = None
        self._again: dict[str, Key] = {}
        self.refused = ""
        self.was_refused = self.is_limited = False
        self._pass: Pass | None = None
        self.retries = RetryList(span.today)
        self._load()
        self._plan()

    def __repr__(self) -> str:
        return f"DayCursor({self._stream}, {self._day}, {self._days}, {len(self._under_way)} under way)"

    @property
    def instances(self) -> Pass | None:
        """The pass that is not yet over."""
        return None if self._pass and self._pass.is_over else self._pass

    def _load(self) -> None:
        state, today = self._given, self._span.today
        if not state:
            return
        try:
            day = utc_day(state[self._cursor_field]) if self._cursor_field in state else None
            read_on = date.fromisoformat(state["read_on"]) if "read_on" in state else day
            gaps = Gaps.of_state(state.get("gaps", []), today + ONE_DAY)
            looked_back = min(read_on, today) - self._span.lookback if read_on else date.min
            self._first_day = min(day, looked_back) if day else date.min
            self._pass = Pass.of(state["instances"]) if state.get("instances") else None
            self._known = Known.of(state["known"]) if state.get("known") else None
            self.retries.load(state, self._key_of)
            is_ours = state["version"] == VERSION
            last_day = max(day or today, read_on or today)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            is_ours, last_day = False, today
        if not is_ours or last_day > today + ONE_DAY:
            ahead, odd = (
                f"the state ends on {last_day}, in the future",
                "the state is not one of this connector's",
            )
            self._warn(f"{ahead if is_ours else odd}, so everything is read again")
            self._given, self._pass, self._known, self.retries = {}, None, None, RetryList(today)
            return
        # A clock that differs by a day may have written the state.
        self._day, self._read_on = day and min(day, today), read_on and min(read_on, today)
        self._gaps = gaps
        self.refused = str(state.get("refused", ""))
        self.was_refused = bool(self.refused)

    def _plan(self) -> None:
        """Find out which days to read, and whether to go through the lists that have no order of days."""
        span, ways = self._span, self._ways
        first = self._first_day if self._day else date.min
        if not self._day and not self._gaps and not self._pass and ways.by_list:
            self._pass = Pass(Window(span.start_date, span.today), span.today)
            self._known = Known(span.today)
        self._note_gaps(first)
        self.first_day = min(max(first, span.start_date), span.today)
        self._days = Frontier(self.first_day)
        oldest = max(span.start_date, span.oldest)
        missing = (Window(max(days.first, oldest), days.last) for days in self._gaps.of(ways.by_day))
        self._missing = [days for days in missing if days.first <= days.last and days.first < self.first_day]
        self._gap_days = Frontier(min((days.first for days in self._missing), default=date.max))
        unlisted = [days for days in self._gaps.of(ways.by_list) if days.last >= span.start_date]
        if unlisted and not self._pass:
            hull = reduce(Window.hull, unlisted)
            self._pass = Pass(Window(max(hull.first, span.start_date), hull.last), span.today)

    def _note_gaps(self, first: date) -> None:
        """Note the days that the span of this sync leaves out."""
        span, ways = self._span, self._ways
        if self._day and span.start_date > self._day:
            self._warn(
                f"the start date lies after the state, which ends on {self._day}: the days between the two"
                " are not read"
            )
        if span.start_date > (self._day or date.min):
            for way in filter(None, (ways.by_day, ways.by_list)):
                self._gaps.add(way, Window(self._day or date.min, span.start_date - ONE_DAY))
        if self._day and self._day < span.oldest:
            self._warn(
                f"the state ends on {self._day}, and Zoom's reports begin on {span.oldest}: meetings between"
                " the two that are no longer listed cannot be found any more"
            )
            if ways.by_list:
                self._gaps.add(ways.by_list, Window(first, span.today))
        self._gaps.forget(ways.by_day, span.oldest)

    def _warn(self, sentence: str) -> None:
        logger.warning(f"{self._stream}: {sentence}.")

    def days_wanted(self) -> list[Window]:
        """The days to search: those since the state first, then those that are missing."""
        if self.refused:
            return []
        with self._lock:
            others = [entry.days for _, entry in self.retries.of_own()] if self._ways.is_by_parent else []
        is_resumed = self.instances and not self._missing and not self._known
        if self.instances and is_resumed and self.first_day > self._span.oldest:
            # What the reports name of these days was read: only the rest of the lists is asked for.
            first = max(self.instances.days.first, self._span.oldest)
            last = min(self.instances.days.last, self.first_day - ONE_DAY)
            others += [Window(first, last)] if first <= last else []
        return [Window(self.first_day, self._span.today), *sorted([*self._missing, *others])]

    def due_lists(self, *, are_owed: bool) -> list[tuple[Key, Retry]]:
        """The lists that failed earlier, or those that earlier days had no requests for."""
        with self._lock:
            return self.retries.of_lists(are_owed=are_owed)

    def failed(self, name: str) -> frozenset[str]:
        """The keys of a list that are on the retry list."""
        with self._lock:
            entries = self.retries.entries.items()
            return frozenset(key for (one, key), entry in entries if one == name and not entry.is_owed)

    def is_read_again(self, day: date | None) -> bool:
        """Whether the next sync reads what is of this day once more."""
        return (day or self._span.today) >= self._span.today - self._span.lookback

    # What the thread that generates slices says.

    def is_behind(self, day: date) -> bool:
        """Whether something that is wanted of the days before this one has not been generated yet."""
        if day > self.first_day:
            return self._days.reached < min(day, self._span.today)
        return self._gap_days.reached < day and any(gap.first < day for gap in self._missing)

    def open(self, row: Row, found: Slice) -> bool:
        """Note that a slice will be read; False where it need not be, or is on the retry list."""
        with self._lock:
            places = self._places(row, row.way)
            is_again = self._ways.is_by_parent and ("", found.key) in self.retries.due
            if not places and not is_again:
                return False
            is_known = self._was_read(row) or any(self._places(row, way) for way in row.known)
            is_left_out = is_known or (self._is_owed(row, found) and not is_again)
            if is_left_out and found.name not in self._under_way:
                return False
            self._under_way.setdefault(found.name, (found, []))[1].extend(places)
            for frontier, key in places:
                frontier.open(key)
            return not is_left_out

    def open_window(self, found: Slice) -> None:
        """Note that a window of the account will be read."""
        with self._lock:
            day = found.day or date.max
            frontier = self._days if day >= self.first_day else self._gap_days
            self._under_way[found.name] = (found, [(frontier, day)])
            frontier.open(day)

    def _places(self, row: Row, way: str) -> list[tuple[Any, Any]]:
        """What is not done before this row is: none where the stream does not want it."""
        day = min(row.day or self._span.today, self._span.today)
        if way == self._ways.by_day:
            if self._span.start_date < self.first_day <= (row.end or day):
                # What went on when these days began had not been there to be read.
                day = max(day, self.first_day)
            if day >= self.first_day:
                return [(self._days, day)]
            return [(self._gap_days, day)] if any(day in days for days in self._missing) else []
        if way == AGAIN:
            return [(self.retries, row.of)] if row.of in self.retries.due else []
        number = int(row.fields["id"])
        is_wanted = self._pass and self._pass.wants(number, row.day)
        return [(self._pass.lists, number)] if self._pass and is_wanted else []

    def _was_read(self, row: Row) -> bool:
        """Whether the way by days had led to it in an earlier sync."""
        if row.way == AGAIN:
            return False
        if self._known and self._known.holds(row, self._span.lookback):
            return True
        day, by_day = row.day, self._ways.by_day
        is_done = day is not None and self._day is not None and day < self.first_day
        return is_done and by_day in row.known and not any(day in days for days in self._gaps.of(by_day))

    def _is_owed(self, row: Row, found: Slice) -> bool:
        return ("", found.key) in self.retries.entries or self.retries.leaves_out(row.fields)

    def note(self, event: Event) -> bool:
        """Take notice of how far a search has come. Returns whether it tells of something that is missing."""
        with self._lock:
            match event:
                case Closed():
                    return self._note_list(event)
                case Searched(first=first, end=end):
                    self._days.reach(min(end, self._span.today))
                    reached = self._gap_days.reached
                    if first <= reached or not any(
                        gap.first < first and reached <= gap.last for gap in self._missing
                    ):
                        self._gap_days.reach(end)
                    self._move()
                case Listed(before=before) if self._pass and self._pass.is_running:
                    self._pass.lists.reach(before)
                    self._lists_since_state += 1
                    self._move(is_state_due=self._lists_since_state >= LISTS_A_STATE)
                case WayRefused():
                    self._refuse_way(event)
                case Retried(key=key) if key in self.retries.due:
                    self.retries.settle(key)
            return False

    def _note_list(self, event: Closed) -> bool:
        key = (event.list, event.slice.key)
        if event.outcome is Outcome.UNREAD and not event.slice.unit and not event.slice.window:
            # Without a list of the whole account nobody knows what else there is: the pass does not end.
            return self.instances is not None
        before = self.retries.entries.get(key) or self.retries.entries.get(event.of)
        of_pass = self.instances.days if self.instances else None
        days = event.slice.window or (before.days if before else of_pass)
        is_wanted = days is not None and any(map(days.overlaps, self._all_days()))
        match event.outcome:
            case None if event.why and days and is_wanted:
                if not self.retries.owe(key, event.slice.unit, days):
                    # Nothing will close it: the day is searched again by the next sync.
                    self._days.open(max(days.first, self.first_day))
            case None:
                self.retries.extend(key, days.last if days else self._span.today)
            case Outcome.UNREAD | Outcome.WITHHELD if days and (is_wanted or before):
                assert isinstance(event.why, Unread | Settled)
                words = event.why.words if isinstance(event.why, Unread) else event.why.reason
                is_told = event.outcome is Outcome.WITHHELD
                return not self.retries.add(key, event.slice.unit, words, days, is_told=is_told)
            case Outcome.READ | Outcome.GONE | Outcome.NOT_YET:
                pass
        return False

    def _all_days(self) -> list[Window]:
        return [*self.days_wanted(), *([self.instances.days] if self.instances else [])]

    def due_slices(self, slices_of: SlicesOf, *, are_owed: bool = False) -> list[Slice]:
        """The stream's own units that failed earlier, or those that earlier days had no requests for."""
        with self._lock:
            if self._ways.is_by_parent:
                return []
            return [
                again
                for key, entry in self.retries.of_own(are_owed=are_owed)
                for again in self._due(key, entry, slices_of)
            ]

    def _due(self, key: Key, entry: Retry, slices_of: SlicesOf) -> Iterator[Slice]:
        for again in slices_of(entry.unit, entry.days):
            self._again[again.name] = key
            self._under_way[again.name] = (again, [(self.retries, key)])
            self.retries.open(key)
            yield replace(again, day=again.day or entry.days.last)

    def _refuse_way(self, refused: WayRefused) -> None:
        """Note that Zoom refuses a way of finding something: its days become a gap, for a later sync."""
        self._refused_ways.add(refused.way)
        self.retries.forget(refused.lists)
        if refused.way == self._ways.by_day:
            days = Window(self.first_day, self._span.today)
            self._gaps.add(refused.way, days)
            if self._pass and self._pass.is_over and self._pass.days.hull(days) == self._pass.days:
                self._days.reach(self._pass.began)
            elif not self.instances:
                self._pass = Pass(days, self._span.today, is_running=refused.is_replaced)
        elif self.instances:
            self._gaps.add(refused.way, self.instances.days)
            self._pass = None

    def all_generated(self) -> None:
        """Note that every slice up to today has been opened."""
        with self._lock:
            if self._ways.by_day not in self._refused_ways:
                self._days.reach(self._span.today)
                self._gap_days.reach(date.max)
            self._move()

    # What the threads that read say.

    def close_partition(self, partition: Partition) -> None:
        """Note that a slice was read, is gone or is withheld; all its records are on their way."""
        self.finish(partition.slice)  # type: ignore[attr-defined]  # our partitions have our slices

    def finish(self, done: Slice) -> None:
        with self._lock:
            # Of a list that is read by windows, one says nothing about those on the retry list.
            key = self._again.pop(done.name, None if done.window else ("", done.key))
            entry = key and self.retries.settle(key)
            if entry and entry.others:
                # Zoom gives what this host held again: its lists lead to all of it.
                for name in self._ways.of_host:
                    unit = {"id": entry.unit["host_id"]}
                    self.retries.owe((name, self._key_of(name, unit)), unit, entry.days)
            self.refused = self.refused if self._is_frozen else ""
            self._close(done)

    def fail(self, failed: Slice, error: Unread) -> bool:
        """Put a slice that could not be read on the retry list. Returns whether it is a failure to tell."""
        with self._lock:
            key = self._again.pop(failed.name, ("", failed.key))
            day = failed.day or self._span.today
            try:
                days = failed.window or Window(day, day)
                is_withheld = self.retries.add(key, failed.unit, error.words, days)
            except Exception:
                self._is_frozen = True
                raise
            self._close(failed)
            return not is_withheld

    def withhold(self, withheld: Slice, why: Settled) -> None:
        """Note that Zoom withholds what a slice asks for."""
        with self._lock:
            self._again.pop(withheld.name, None)
            day = withheld.day or self._span.today
            self.retries.add_withheld(("", withheld.key), withheld.unit, why.reason, day)

    def refuse(self, why: str) -> None:
        """Note that Zoom refuses the endpoint altogether: the state is what it was when the sync began."""
        with self._lock:
            self.refused, self._is_frozen = why, True

    def promote(self, is_answered: Callable[[str], bool]) -> None:
        """Take what has failed long enough, while its like was answered, for withheld."""
        with self._lock:
            self.retries.promote(is_answered)

    @property
    def can_owe(self) -> bool:
        """Whether what the day's requests do not suffice for can be left to the next sync."""
        is_found = bool(self._ways.by_list) and self.is_limited
        return is_found and self.retries.can_owe and len(self._under_way) < MOST_OWED

    def owe_rest(self) -> None:
        """Leave to the next sync what was found and not read."""
        with self._lock:
            for found, _ in list(self._under_way.values()) if self._ways.by_list else ():
                day = found.day or self._span.today
                if self.retries.owe(("", found.key), found.unit, Window(day, day)):
                    self._close(found)

    def _close(self, done: Slice) -> None:
        _, places = self._under_way.pop(done.name, (done, []))
        for frontier, key in places:
            frontier.close(key)
        if self._known:
            self._known.add(done.unit.get("uuid"))
        self._move()

    def _move(self, *, is_state_due: bool = False) -> None:
        """Move the state past every day that is done; today never is."""
        if self._is_frozen or self.was_refused:
            return
        if self._pass and self._pass.is_over:
            self._gaps.close(self._ways.by_list, self._pass.days)
            if self._ways.by_day in self._refused_ways:
                # Only the lists could say what there is, and they have said it up to the day they began.
                self._days.reach(self._pass.began)
        day = min(self._days.position, self._span.today)
        has_moved = day > (self._day or date.min)
        if has_moved:
            self._day, self._read_on = day, self._span.today
        has_filled = self._fill_gaps()
        if has_moved or has_filled or is_state_due:
            self._lists_since_state = 0
            self._output.queue.put(self._message(self.state))

    def _fill_gaps(self) -> bool:
        """Take the days out of the gaps that have been read meanwhile."""
        if not self._missing or self._ways.by_day in self._refused_ways:
            return False
        before, done = self._gaps.state, self._gap_days.position
        for days in self._missing:
            if days.first < done:
                self._gaps.close(self._ways.by_day, Window(days.first, min(days.last, done - ONE_DAY)))
        self._gaps.forget(self._ways.by_day, self._span.oldest)
        return self._gaps.state != before

    @property
    def state(self) -> MutableMapping[str, Any]:
        state: dict[str, Any] = {"version": VERSION}
        if self._day:
            state[self._cursor_field] = f"{self._day.isoformat()}T00:00:00Z"
        if self._day and self._read_on and self._read_on > self._day:
            state["read_on"] = self._read_on.isoformat()
        if self.instances:
            state["instances"] = self.instances.state
        if self._gaps:
            state["gaps"] = self._gaps.state
        is_first = self.instances or (self._day or date.min) < self._known.until if self._known else False
        if self._known and self.is_limited and is_first:
            state["known"] = self._known.state
        return state | self.retries.dump()

    def _message(self, state: Mapping[str, Any]) -> AirbyteMessage:
        descriptor = StreamDescriptor(name=self._stream)
        stream_state = AirbyteStreamState(stream_descriptor=descriptor, stream_state=AirbyteStateBlob(state))
        return AirbyteMessage(
            type=Type.STATE, state=AirbyteStateMessage(type=AirbyteStateType.STREAM, stream=stream_state)
        )

    def ensure_at_least_one_state_emitted(self) -> None:
        with self._lock:
            state = self.state
            if self.refused:
                state = {"version": VERSION, **self._given, "refused": self.refused}
            self._output.messages.emit_message(self._message(state))

    def observe(self, record: Record) -> None:
        """Nothing to do: a day is done when its slices are, whatever their records say."""

    def should_be_synced(self, record: Record) -> bool:
        return True
