"""How far a stream has come: by day (UTC) of what its slices hold, in its state.

    {"start_time": "2026-11-20T00:00:00Z", "version": 2, "reread": "2026-11-18", "open": {…},
     "instances": {"after": 85746065, "began": "2026-11-22"},
     "gaps": [{"way": "reports", "from": "2026-05-20", "to": "2026-10-03"}],
     "retry": […], "withheld": […], "owed": […], "known": {…}, "left_out": {…}, "refused": "…"}

Every day before the cursor is done: its slices have been read, are gone, or stand on one of the lists of
`retries.py`. All before `reread` were read a second time, when they were `lookback_days` old; `open` is what
was read of the days since the cursor. `instances` says up to which meeting a pass through lists in no order
of days has come, and when it began; `gaps` are days of which one way of finding something is missing;
`refused` why Zoom has refused the endpoint altogether; `known` what a first sync of several days has read;
`left_out` that a list of Zoom's was wrong (see left_out.py).
All but the cursor and the version are absent when there is nothing to say.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
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

from source_zoom.engine.frontier import Pass
from source_zoom.engine.left_out import LeftOut
from source_zoom.engine.open_days import DAYS_ALL, UNKNOWN, OpenDays, stamp_of, strength
from source_zoom.engine.progress import Place, Progress, Span
from source_zoom.engine.retries import AGAIN, MOST_OWED, Key, Retry, RetryList
from source_zoom.engine.row_ids import content_of
from source_zoom.engine.slices import (
    ONE_DAY,
    Closed,
    Event,
    Fields,
    HostListed,
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

Json = dict[str, Any]
SlicesOf = Callable[[Fields, Window], Iterable[Slice]]
# The open day, the key and the stamp of its row by which a slice is known once it has been read.
_Mark = tuple[date, str, bytes]


@dataclass(frozen=True)
class StateOutput:
    """Where STATE messages go, so that none overtakes a record that it speaks of.

    The `queue` is that of the records, for the threads that read; `messages` are for the end of a stream.
    """

    queue: Queue[QueueItem]
    messages: MessageRepository


@dataclass
class _UnderWay:
    """A slice in hand.

    places  what is not done before it is
    mark    under which it will be known, where it is of an open day
    host    of what it asks for, where that is known
    rows    the marks of its own records, where these are of open days
    is_not_yet  whether there is nothing of it yet
    """

    slice: Slice
    places: list[Place]
    mark: _Mark | None = None
    host: object = None
    rows: list[_Mark] = field(default_factory=list)
    is_not_yet: bool = False


class DayCursor(Cursor):
    """The state of one stream, changed by all its threads under `_lock`.

    `progress` is how far its days have come; `_under_way` holds, for each slice in hand, what is not done
    before it is; `_open` is what was read of the open days; `_marks` those of slices that come at the end, as
    they are on the retry list; `_led_to` the keys of those to which lists on it have led, which a search that
    comes to them later need not read.
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
        self.ways = ways
        # Windows of the account begin a day before those that are wanted.
        self._margin = ONE_DAY if ways.is_own else timedelta(0)
        self._output = output
        self._key_of = key_of
        self._lock = threading.RLock()
        self.progress = Progress(span, ways)
        self._open = OpenDays()
        self._is_frozen = self._is_overfull = False
        self._lists_since_state = 0
        self._under_way: dict[str, _UnderWay] = {}
        self._marks: dict[str, _Mark | None] = {}
        self._again: dict[str, Key] = {}
        self._led_to: set[str] = set()
        # How many slices are read for the sake of what was found.
        self.opened = 0
        self.refused = ""
        self.was_refused = self.is_limited = False
        self.retries = RetryList(span.today)
        self.left_out = LeftOut(span.today)
        self._load()
        self._owed_before = self.retries.number_owed
        self.progress.plan(self._warn)
        self._known_from = (self.progress.day or span.closed) - self._margin

    def __repr__(self) -> str:
        return f"DayCursor({self._stream}, {self.progress}, {len(self._under_way)} under way)"

    @property
    def instances(self) -> Pass | None:
        """The pass that is not yet over."""
        return self.progress.instances

    @property
    def first_day(self) -> date:
        """The first of the days that are new in this sync."""
        return self.progress.first_day

    def _load(self) -> None:
        state, today = self._given, self._span.today
        if not state:
            return
        try:
            self.progress.load(state, self._cursor_field)
            self.retries.load(state, self._key_of)
            left_out = LeftOut.of(state["left_out"], today) if "left_out" in state else self.left_out
            is_ours = state["version"] == VERSION
            last_day = self.progress.day or today
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            is_ours, last_day = False, today
        if not is_ours or last_day > today + ONE_DAY:
            ahead, odd = (
                f"the state ends on {last_day}, in the future",
                "the state is not one of this connector's",
            )
            self._warn(f"{ahead if is_ours else odd}, so everything is read again")
            self._given, self.progress = {}, Progress(self._span, self.ways)
            self.retries = RetryList(today)
            return
        self.left_out = left_out
        self.refused = str(state.get("refused", ""))
        self.was_refused = bool(self.refused)
        try:
            self._open = OpenDays.of(state.get("open", {}))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            self._warn(
                "what the state says of the latest days is not this connector's, so they are read again"
            )

    def _warn(self, sentence: str) -> None:
        logger.warning(f"{self._stream}: {sentence}.")

    @property
    def days_done(self) -> int | None:
        """By how many days the daily limit has let this sync get on; None where it caught up, or began."""
        with self._lock:
            owed = self.retries.number_owed
        if not self.is_limited or not self._given.get(self._cursor_field) or owed < self._owed_before:
            return None
        return max(0, ((self.progress.day or self.first_day) - self.first_day).days)

    def days_wanted(self) -> list[Window]:
        """The days to search: those since the state first, then those that are missing."""
        if self.refused:
            return []
        with self._lock:
            others = [entry.days for _, entry in self.retries.of_own()] if self.ways.is_by_parent else []
        return self.progress.wanted(others)

    def later_days(self) -> list[Window]:
        """The days to search after those, of which a further way is missing that is refused no longer."""
        with self._lock:
            return [] if self.refused else self.progress.later()

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
        """Whether a later sync reads what is of this day once more."""
        span = self._span
        return (day or span.today) >= (span.due if span.lookback else span.closed)

    def is_host_unchanged(self, host: str, window: Window, stamp: bytes) -> bool | None:
        """Whether a host's row of some days is that with which his list was read; None: it has no say."""
        with self._lock:
            if self.refused or self._is_frozen:
                return None
            if self.hosts_from != window.first:
                return False
            if not self._open.is_unchanged(host, stamp, self._span.hour):
                return False
            if self.first_day < self._span.closed:
                # Once a day all are asked for, which shows whether rows can be relied on.
                self._open.compare(host)
                return False
            return True

    @property
    def hosts_from(self) -> date | None:
        """The first day of the rows under which hosts' lists were read; None where all are asked for."""
        today, hosts = self._span.today, self._open
        return None if today < hosts.all_until <= today + DAYS_ALL else hosts.first

    def compare_host(self, host: str, stamp: bytes) -> None:
        """Take notice of a host's row of the days from `hosts_from` on, where he is asked for anyway."""
        with self._lock:
            if self._open.is_unchanged(host, stamp):
                self._open.compare(host)

    def share_found(self, first: date) -> float:
        """Which part of the new days has been found, from 0 to 1, where there is nothing before a day."""
        first = max(first, self.first_day, self._span.oldest)
        days = (self._span.today - first).days
        return max(0, (self.progress.new.reached - first).days) / days if days and first > date.min else 0

    # What the thread that generates slices says.

    def open(self, row: Row, found: Slice) -> bool:
        """Note that a slice will be read; False where it need not be, or is on the retry list."""
        with self._lock:
            places = self._places(row, row.way)
            is_again = self.ways.is_by_parent and ("", found.key) in self.retries.due
            if not places and not is_again:
                return False
            mark = self._mark_of(row, found, places)
            is_known = self.progress.was_read(row) or any(self._places(row, way) for way in row.known)
            is_known = is_known or found.key in self._led_to
            is_owed = self._is_owed(row, found) and not is_again
            is_under_way = found.name in self._under_way
            is_left_out = is_known or is_owed or is_under_way or self._is_as_read(row, mark)
            if is_left_out and not is_under_way:
                if is_owed:
                    self._marks[found.name] = mark
                elif is_known:
                    self._note(mark, is_read=False)
                return False
            under_way = self._under_way.setdefault(
                found.name, _UnderWay(found, [], host=row.fields.get("host_id"))
            )
            under_way.places.extend(places)
            if row.way == AGAIN:
                self._led_to.add(found.key)
            before = strength(under_way.mark[2]) if under_way.mark else 0
            if mark and before in (0, strength(mark[2])):
                # The way that gives a stamp may come before the one that gives none.
                under_way.mark = mark
            for frontier, key in places:
                frontier.open(key)
            self.opened += not is_left_out
            return not is_left_out

    def _mark_of(self, row: Row, found: Slice, places: list[Place]) -> _Mark | None:
        """What to know a row by once what hangs on it has been read, where its day may be an open one."""
        counted: date | None = places[0][1] if places and places[0][0] is self.progress.new else row.day
        if counted is None:
            return None
        # What went on at midnight is known by the day of its end, which is open longer.
        day = min(max(counted, row.end or counted), self._span.today)
        if day < self._span.closed and not self.progress.day:
            return None
        values = [row.fields.get(name) for name in self.ways.changes]
        if all(value is None for value in values):
            return day, found.key, UNKNOWN
        stamp = stamp_of([str(value) for value in values], is_weak=row.way in self.ways.also)
        return day, found.key, stamp

    def _is_as_read(self, row: Row, mark: _Mark | None) -> bool:
        """Whether an earlier sync has read what hangs on a row, and the row has not changed."""
        is_again = row.way == AGAIN
        if mark is None or mark[0] < (self._span.due if is_again else max(self._span.due, self.first_day)):
            # What is missing, or old enough for its second reading, is read whole.
            return False
        if self._open.holds(*mark) and not self._open.is_due(*mark[:2], self._span.hour):
            # The next change is one from the row that came first.
            self._note(mark)
            return True
        if self._span.lookback and self._open.is_full and not is_again:
            # It is left to the second reading of its day.
            self._is_overfull = True
            return True
        if row.way not in self.ways.also:
            self._open.note_news(row.fields.get("host_id"))
        return False

    def open_window(self, found: Slice) -> None:
        """Note that a window of the account will be read."""
        with self._lock:
            frontier, day = self.progress.place_of(found.day or date.max)
            self._under_way[found.name] = _UnderWay(found, [(frontier, day)])
            frontier.open(day)

    def leave_out(self, found: Slice) -> bool:
        """Note that a slice that was opened is not asked for, as Zoom says that there is nothing.

        Returns False where that has proved wrong, so that it has to be.
        """
        with self._lock:
            if self.left_out.is_off:
                return False
            self.left_out.note(found.day or self._span.today)
            self._note(self._under_way[found.name].mark)
            self._close(found)
            return True

    def suspend_filter(self) -> bool:
        """Note that Zoom has something where it said that there is nothing. Returns whether that is news."""
        with self._lock:
            is_news = self.left_out.suspend(self._span.start_date)
            if is_news:
                self._move(is_state_due=True)
            return is_news

    def left_out_until(self, end: date) -> None:
        """Note that all that was left out before a day has been opened."""
        with self._lock:
            assert self.left_out.days
            self.left_out.days.reach(end)

    def open_late(self, found: Slice, day: date) -> bool:
        """Note that a slice that was left out will be read after all; False where it need not be."""
        with self._lock:
            assert self.left_out.days
            if found.name in self._under_way or ("", found.key) in self.retries.entries:
                return False
            self._under_way[found.name] = _UnderWay(found, [(self.left_out.days, day)])
            self.left_out.days.open(day)
            return True

    def _places(self, row: Row, way: str) -> list[Place]:
        """What is not done before this row is: none where the stream does not want it."""
        if way == AGAIN:
            return [(self.retries, row.of)] if row.of in self.retries.due else []
        return self.progress.places(row, way)

    def _is_owed(self, row: Row, found: Slice) -> bool:
        return ("", found.key) in self.retries.entries or self.retries.leaves_out(row.fields)

    def note(self, event: Event) -> bool:
        """Take notice of how far a search has come. Returns whether it tells of something that is missing."""
        with self._lock:
            match event:
                case Closed():
                    return self._note_list(event)
                case Searched(end=end, way=way):
                    self.progress.reach(event)
                    if end >= self._span.today and not way:
                        # A day more, since nobody knows whose days Zoom means.
                        self._open.search_done(self._span.closed - ONE_DAY)
                    self._move()
                case Listed(before=before) if self.progress.reach_list(before):
                    self._lists_since_state += 1
                    self._move(is_state_due=self._lists_since_state >= LISTS_A_STATE)
                case WayRefused(lists=lists):
                    self.retries.forget(lists)
                    self.progress.refuse_way(event)
                case HostListed(host=host, stamp=stamp, is_short=is_short):
                    self._open.list_host(host, stamp, self._span.hour, is_short=is_short)
                case Retried(key=key) if key in self.retries.due:
                    self.retries.settle(key)
            return False

    def _note_list(self, event: Closed) -> bool:
        if event.outcome in (Outcome.READ, Outcome.GONE, Outcome.NOT_YET):
            return False
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
                    self.progress.new.open(max(days.first, self.first_day))
            case None:
                self.retries.extend(key, days.last if days else self._span.today)
            case Outcome.UNREAD | Outcome.WITHHELD if days and (is_wanted or before):
                assert isinstance(event.why, Unread | Settled)
                words = event.why.words if isinstance(event.why, Unread) else event.why.reason
                is_told = event.outcome is Outcome.WITHHELD
                return not self.retries.add(key, event.slice.unit, words, days, is_told=is_told)
        return False

    def _all_days(self) -> list[Window]:
        return [*self.days_wanted(), *([self.instances.days] if self.instances else [])]

    def due_slices(self, slices_of: SlicesOf, *, are_owed: bool = False) -> list[Slice]:
        """The stream's own units that failed earlier, or those that earlier days had no requests for."""
        with self._lock:
            if self.ways.is_by_parent:
                return []
            return [
                again
                for key, entry in self.retries.of_own(are_owed=are_owed)
                for again in self._due(key, entry, slices_of)
            ]

    def _due(self, key: Key, entry: Retry, slices_of: SlicesOf) -> Iterator[Slice]:
        for again in slices_of(entry.unit, entry.days):
            self._again[again.name] = key
            unseen = None if again.window else (entry.days.last, again.key, UNKNOWN)
            mark = self._marks.pop(again.name, unseen)
            self._under_way[again.name] = _UnderWay(again, [(self.retries, key)], mark)
            self._led_to.add(again.key)
            self.retries.open(key)
            yield replace(again, day=again.day or entry.days.last)

    def all_generated(self) -> None:
        """Note that every slice up to today has been opened."""
        with self._lock:
            self.progress.reach_end()
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
                for name in self.ways.of_host:
                    unit = {"id": entry.unit["host_id"]}
                    self.retries.owe((name, self._key_of(name, unit)), unit, entry.days)
            self.refused = self.refused if self._is_frozen else ""
            if under_way := self._under_way.get(done.name):
                for mark in [under_way.mark, *under_way.rows]:
                    self._note(mark)
                if under_way.mark:
                    hour = self._span.hour if under_way.is_not_yet else None
                    self._open.note_hour(*under_way.mark[:2], hour)
            self._close(done)

    def _note(self, mark: _Mark | None, *, is_read: bool = True) -> None:
        if mark and mark[0] >= self._span.closed - self._margin:
            self._open.note(*mark, is_read=is_read)

    def news(self, found: Slice, records: list[Json], keys: Sequence[str]) -> list[Json]:
        """The records of a window that have not come yet, or have changed since."""
        with self._lock:
            marks = [self._mark_of_record(record, keys) for record in records]
            if under_way := self._under_way.get(found.name):
                under_way.rows += [mark for mark in marks if mark]
            pairs = zip(records, marks, strict=True)
            return [record for record, mark in pairs if not (mark and self._open.holds(*mark))]

    def _mark_of_record(self, record: Json, keys: Sequence[str]) -> _Mark | None:
        """What to know a record by, where its day is an open one, or the one before it."""
        try:
            day = utc_day(record[self._cursor_field])
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        if day < self._known_from:
            return None
        return day, repr([record[name] for name in keys]), stamp_of(content_of(record))

    def forget(self, found: Slice) -> None:
        """Note that there is nothing of a slice yet: without a second reading, a later sync asks again."""
        with self._lock:
            one = self._under_way.get(found.name)
            if one and one.mark and not self._span.lookback:
                one.is_not_yet = self.ways.days_open > 0
                if not one.is_not_yet:
                    one.mark = None

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
        is_found = bool(self.ways.by_list) and self.is_limited
        return is_found and self.retries.can_owe and len(self._under_way) < MOST_OWED

    def owe_rest(self) -> None:
        """Leave to the next sync what was found and not read."""
        with self._lock:
            for found in [one.slice for one in self._under_way.values()] if self.ways.by_list else ():
                day = found.day or self._span.today
                if self.retries.owe(("", found.key), found.unit, Window(day, day)):
                    self._close(found)

    def _close(self, done: Slice) -> None:
        if under_way := self._under_way.pop(done.name, None):
            for frontier, key in under_way.places:
                frontier.close(key)
        if self.progress.known:
            self.progress.known.add(done.unit.get("uuid"))
        self._move()

    def _move(self, *, is_state_due: bool = False) -> None:
        """Move the state past every day that is done; an open one never is."""
        if self._is_frozen or self.was_refused:
            return
        if self.progress.move() or is_state_due:
            self._lists_since_state = 0
            self._output.queue.put(self._message(self.state))

    @property
    def state(self) -> MutableMapping[str, Any]:
        state: dict[str, Any] = {"version": VERSION}
        state |= self.progress.dump(self._cursor_field, is_limited=self.is_limited)
        busy = {one.host for one in self._under_way.values()}
        if self.progress.day:
            # Lists that are still owed lead to what was read of days that are done meanwhile.
            first = min(self.progress.day, self.retries.owed_from) - self._margin
            if of_open := self._open.state(first, self._span.today, busy):
                state["open"] = of_open
        if self.left_out.state:
            state["left_out"] = self.left_out.state
        return state | self.retries.dump()

    def _message(self, state: Mapping[str, Any]) -> AirbyteMessage:
        descriptor = StreamDescriptor(name=self._stream)
        stream_state = AirbyteStreamState(stream_descriptor=descriptor, stream_state=AirbyteStateBlob(state))
        return AirbyteMessage(
            type=Type.STATE, state=AirbyteStateMessage(type=AirbyteStateType.STREAM, stream=stream_state)
        )

    def ensure_at_least_one_state_emitted(self) -> None:
        with self._lock:
            if self._open.judge(self._span.today):
                self._warn(
                    "hosts' lists have changed under rows of report/users that have not, so all are asked"
                    f" for in each sync for {DAYS_ALL.days} days"
                )
            if self._is_overfull:
                self._warn(
                    "more was held on the latest days than a state can hold: the rest is read when these days"
                    f" are {self._span.lookback.days} days old"
                )
            state = self.state
            if self.refused:
                state = {"version": VERSION, **self._given, "refused": self.refused}
            self._output.messages.emit_message(self._message(state))

    def observe(self, record: Record) -> None:
        """Nothing to do: a day is done when its slices are, whatever their records say."""

    def should_be_synced(self, record: Record) -> bool:
        return True
