"""What all streams have in common: a declaration, its slices, and the records of each."""

import logging
import threading
from abc import ABC
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import date, timedelta
from functools import cache, partial
from itertools import chain, islice
from string import Formatter
from typing import Any, ClassVar

import requests
from airbyte_cdk.models import FailureType, SyncMode
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, FinalStateCursor
from airbyte_cdk.sources.streams.core import package_name_from_class
from airbyte_cdk.sources.streams.http import HttpStream, HttpSubStream
from airbyte_cdk.sources.utils.casing import camel_to_snake
from airbyte_cdk.sources.utils.schema_helpers import ResourceSchemaLoader

from source_zoom.api.client import Sync, ZoomClient
from source_zoom.api.errors import DOES_NOT_EXIST, NOT_FOUND
from source_zoom.api.rate_limits import FIRST, LAST, SECOND
from source_zoom.api.scopes import Permissions, Scopes
from source_zoom.engine.again import read_again
from source_zoom.engine.cursor import DayCursor, StateOutput
from source_zoom.engine.left_out import DAYS, is_probe
from source_zoom.engine.pages import Pages, Record
from source_zoom.engine.parents import PARENT_THREADS, Parent, read_ahead
from source_zoom.engine.progress import Span
from source_zoom.engine.slices import (
    ONE_DAY,
    Closed,
    Event,
    Fields,
    Row,
    Searched,
    Segments,
    Slice,
    Window,
    utc_day,
)
from source_zoom.engine.tally import Tally
from source_zoom.engine.words import Word, in_turn
from source_zoom.exceptions import (
    DailyLimitReached,
    Outcome,
    Refused,
    Settled,
    StreamEnded,
    TooOld,
    Unread,
    ZoomError,
)

logger = logging.getLogger("airbyte.source_zoom")

# How far back Zoom answers for windows of days: its reports for six months, other lists as long as there are
# any, which is found out by asking until a year has been empty.
REPORT_MONTHS, ACCOUNT_AGE = 6, 0
EMPTY_MONTHS = 12
# Zoom was founded in 2011.
FIRST_MONTH = date(2011, 1, 1)
LEFT_OUT = "left out by the history"


class ZoomStream(HttpStream, Parent, ABC):
    """A list, an object or a text of Zoom's, declared by class attributes.

    Where its units come from: nowhere, which makes one; or
      months          windows of the account, by month: how many months back Zoom answers, or ACCOUNT_AGE
      parent_class    the rows of a parent (see ZoomSubstream)
      items           the list inside a parent's rows whose items are the units; their fields are called
                      `<items>.<field>`
      only            the values of which fields of a unit must have one; no values: it must have any
    How a unit is asked for; with neither an endpoint nor an address, the parent's row is the record:
      endpoint        path below the API's base; `{name}` is a column that the stream inherits
      address         the field of the unit that holds the whole address, in place of an endpoint
      params          query parameters of every request
      query_variants  queries whose answers together are the records of a unit
      in_order        whether its units are asked for one after another: as rows move between them, or so that
                      a day's requests bring whole months and not parts of all
      page_size       records a page; None where Zoom does not page
    What comes:
      record_key      where the answer holds the records; "" where the answer is the record
      envelope        fields beside the records, which each of them gets
      former_keys     what Zoom called the record_key before, where it can still come so
      text_column     the column for a text; "" where the answer is JSON
      primary_key     the fields that identify a record
      without_key     what a row without a key is, where that is no failure: it is left out and counted
      cursor_field    the time by whose day (UTC) it is read incrementally, if it is
      inherits        column that the connector adds -> field of the unit
      row_id_fields   the fields behind `row_id`, where Zoom gives no key
      host_secrets    fields that let their holder act as the host
    What it costs and needs:
      rate_limit      Zoom's label: LIGHT, MEDIUM or HEAVY
      scopes          (classic, granular or ""): either lets the app read it, and so does any after them
      days_late       for how many days Zoom has news of an occurrence, where `lookback_days` are less
      product         what the account must have besides, of which `check` asks one endpoint
      months_answered for how many months Zoom answers for what was once found; None: for ever
      report_type     what the history calls what it reads: where that lists none, none is asked for
      refused_alike   the reason in errors.py with which Zoom refuses a row of a list to all streams that
                      declare it, so that one of them asks
    """

    endpoint: ClassVar[str] = ""
    address: ClassVar[str] = ""
    months: ClassVar[int | None] = None
    days_late: ClassVar[int] = 0
    items: ClassVar[str] = ""
    only: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    record_key: ClassVar[str] = ""
    envelope: ClassVar[Sequence[str]] = ()
    former_keys: ClassVar[Sequence[str]] = ()
    without_key: ClassVar[str] = ""
    text_column: ClassVar[str] = ""
    rate_limit: ClassVar[str]
    scopes: ClassVar[Scopes]
    page_size: int | None = 300
    params: ClassVar[Mapping[str, str]] = {}
    query_variants: Sequence[Mapping[str, str]] = ({},)
    inherits: ClassVar[Mapping[str, str]] = {}
    row_id_fields: ClassVar[Sequence[str]] = ()
    host_secrets: ClassVar[Sequence[str]] = ()
    in_order: ClassVar[bool] = False
    refused_alike: ClassVar[str] = ""
    report_type: ClassVar[str] = ""
    is_list = True
    product: ClassVar[str] = ""
    # Whole streams wait for the requests of a parent, nobody for those of a leaf.
    parent_priority: ClassVar[int] = FIRST

    parent: Parent | None = None

    def __init__(self, sync: Sync, *parents: Parent) -> None:
        super().__init__(*parents)  # type: ignore[arg-type]  # HttpSubStream's parents are HttpStreams
        self.sync = sync
        self.parents = parents
        self.days: DayCursor | None = None
        # What is read in order has one request under way. Among a hundred others it would not end its month
        # on a day that is used up, and would begin it again.
        is_first = self.in_order and self.months is not None
        self.client = ZoomClient(
            self.name,
            self.rate_limit,
            self.scopes,
            sync,
            priority=FIRST if is_first else SECOND if self.has_cursor() else LAST,
            is_account_wide="{" not in self.endpoint + self.address,
        )
        self._tally = Tally(sync.summary)
        self._tally_lock = threading.Lock()
        self._search_lock = threading.Lock()
        self._oldest_month: date | None = None
        self._ended: StreamEnded | None = None
        self._has_warned = False
        self._searched: set[Searched] = set()
        self.has_generated = False
        # How much has been taken of what the parent has.
        self.taken = 0

    @classmethod
    def stream_name(cls) -> str:
        """The name in the catalog, for a class that is not built yet."""
        return camel_to_snake(cls.__name__)

    @classmethod
    def has_cursor(cls) -> bool:
        """Whether it is read incrementally."""
        return isinstance(cls.cursor_field, str)

    @classmethod
    def key_fields(cls) -> Sequence[str]:
        """The primary key as a sequence, whether it is declared as one field or as several."""
        return (cls.primary_key,) if isinstance(cls.primary_key, str) else cls.primary_key  # type: ignore[return-value]

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        is_granted = permissions.allow(cls.scopes) or not cls.is_asked_for()
        own = [] if is_granted else [permissions.to_add(cls.scopes)]
        return list(dict.fromkeys([*super().missing_scopes(permissions), *own]))

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        fields = [*cls.inherits.values(), *cls.only, *([cls.address] if cls.address else [])]
        own = () if cls.is_asked_for() else cls.columns()
        return {field.partition(".")[0] for field in [*fields, *own]}

    @classmethod
    def is_asked_for(cls) -> bool:
        """Whether its records take requests of its own; else they are the rows of its parent."""
        return bool(cls.endpoint or cls.address)

    # A full refresh with a cursor keeps the state as well, so a broken attempt goes on where it stopped. The
    # CDK's own resumable full refresh reads a single page where streams run concurrently.
    @property
    def is_resumable(self) -> bool:
        return self.has_cursor()

    def probe(self) -> None:
        """Ask for something that is not there. Raises ScopeMissing if the app may not even ask."""
        if self.endpoint:
            self.client.get(self.endpoint.format_map(defaultdict(int)), {})

    def attach_children(self, children: Sequence[Parent]) -> None:
        self.client.priority = self.parent_priority
        super().attach_children(children)

    def make_cursor(self, state: Mapping[str, Any], output: StateOutput) -> Cursor:
        """The keeper of the stream's state: for a stream without a cursor, that it has been read."""
        if not self.has_cursor():
            return FinalStateCursor(self.name, self.namespace, output.messages)
        lists: dict[str, ZoomStream] = {"": self, **{one.name: one for one in self._lists()}}
        config, clock = self.sync.config, self.sync.clock
        today = clock.today
        source = self.parent or self
        ways = replace(source.ways, is_by_parent=bool(self.address), is_own=source is self)
        if not self.is_asked_for():
            # Whatever changes in a row is news to who takes it as it is.
            ways = replace(ways, changes=tuple(sorted(self.columns())))
        days = config.lookback_days and max(config.lookback_days, self.days_late)
        lookback, closed = timedelta(days=days), clock.closed
        if ways.days_open:
            closed = min(closed, today - max(lookback, timedelta(days=ways.days_open)))
            lookback = timedelta(0)
        oldest = source.oldest(today)
        span = Span(today, lookback, config.start_date or date.min, oldest, closed, clock.hour)

        def key_of(name: str, unit: Fields) -> str:
            return lists[name].key_of(unit)

        def oldest_of(name: str) -> date | None:
            one = lists[name]
            months = one.months_answered or (one.parent.months_answered if one.parent else None)
            return months_before(today, months) if months else None

        self.days = DayCursor(self.name, str(self.cursor_field), state, span, ways, output, key_of)
        self.days.retries.start(oldest_of)
        return self.days

    def _lists(self) -> "list[ZoomStream]":
        return [one for one in self.lists() if isinstance(one, ZoomStream)]

    def oldest(self, today: date) -> date:
        """The first day for which Zoom answers, as far as that is a rule."""
        months = self.months or (self.months_answered if self.has_window() else None)
        return months_before(today, months) if months else date.min

    def days_wanted(self) -> list[Window]:
        return self.days.days_wanted() if self.days else super().days_wanted()

    def later_days(self) -> list[Window]:
        return self.days.later_days() if self.days else super().later_days()

    def is_behind(self, searched: Searched) -> bool:
        if not self.days:
            return super().is_behind(searched)
        return not self.has_generated and searched not in self._searched

    def owed(self, name: str) -> frozenset[str]:
        if not self.days:
            return super().owed(name)
        return self.days.failed(name)

    # Slices

    def slices(self) -> Iterator[Slice]:
        """What to ask for, one by one; at the end what could not be read in earlier syncs.

        What the day's requests do not suffice for is found all the same, and owed to the next sync.
        """
        return in_turn(self._slices())

    def _slices(self) -> Iterator[Slice]:
        source = (
            self._slices_of_rows(self.parent)
            if self.parent
            else self._windows()
            if self.days
            else self.own_slices()
        )
        for found in source:
            if self._ended and not (self.days and self.days.can_owe):
                return
            if not self._ended:
                yield found
            if self.days and self.days.was_refused:
                # One request tells whether Zoom still refuses the endpoint.
                return
        if self.days:
            yield from self.days.due_slices(self.slices_again)
            self.days.all_generated()

    def own_slices(self) -> Iterable[Slice]:
        """The slices of a stream without a parent."""
        return (Slice(self.endpoint),)

    def slice_of(self, unit: Fields, day: date | None = None, word: Word | None = None) -> Slice:
        """The slice for a row of the parent's, for an item in one, or for what the state keeps of either."""
        columns = {column: unit.get(field, unit.get(column)) for column, field in self.inherits.items()}
        if not self.endpoint:
            key = " ".join(str(columns.get(name)) for name in self.key_fields())
            label, address = f"{self.name} of {key}", str(unit.get(self.address) or "")
            own = {name: unit[name] for name in self.columns() & unit.keys() if unit[name] is not None}
            row = columns if self.address else own | columns
            return Slice(address, {}, row, columns, day, label, word)
        path = self.endpoint.format_map(Segments(columns))
        query = {name: unit[name] for name in ("from", "to") if name in unit and self.has_window()}
        kept = {field: unit.get(field) for field in self.inherits.values()}
        return Slice(path, query, columns, kept, day, word=word)

    def key_of(self, unit: Fields) -> str:
        """The key of the slice that a state's unit makes. Raises KeyError where the unit lacks something."""
        if self.endpoint:
            for column in (name for _, name, _, _ in Formatter().parse(self.endpoint) if name):
                if unit[self.inherits[column]] in (None, ""):
                    raise KeyError(column)
        return self.slice_of(unit).key

    def slices_again(self, unit: Fields, days: Window) -> Iterator[Slice]:
        """The slices of a unit on a retry list, the newest window first."""
        found = self.slice_of(unit)
        if not self.has_window():
            yield found
            return
        first = max(days.first, self.oldest(self.sync.clock.today))
        for month in reversed(list(Window(first, days.last).months())):
            yield replace(found, query=month.query)

    @classmethod
    def has_window(cls) -> bool:
        """Whether it is asked for by days."""
        return cls.months is not None

    def _slices_of_rows(self, parent: Parent) -> Iterator[Slice]:
        events = iter(parent.shared)
        first: list[Event] = []
        failure: ZoomError | None = None
        try:
            # The search begins, so that its days get on even where all requests go into what is owed.
            first += islice(events, 1)
        except ZoomError as error:
            failure = error
        if self.days:
            yield from self.days.due_slices(self.slices_again, are_owed=True)
        if failure:
            raise failure
        for event in chain(first, events):
            self.taken += 1
            if isinstance(event, Row):
                for unit in self.units_of(event.fields):
                    word = event.word if self.refused_alike else None
                    found = self.slice_of(unit, event.day, word)
                    # What is told of an item is what may change, in place of the row in which it stands.
                    row = event._replace(fields=unit) if self.items else event
                    if self.days is None or self.days.open(row, found):
                        yield from self._unless_lacking(parent, row, found)
            else:
                self.note(event)

    def _unless_lacking(self, parent: Parent, row: Row, found: Slice) -> Iterator[Slice]:
        """The slice, if Zoom does not say that there is nothing in it, or to see whether that is so."""
        left_out = self.days.left_out if self.days and self.report_type else None
        is_lacking = left_out and not left_out.is_off and parent.lacks(self.report_type, row)
        if self.days and is_lacking and not is_probe(found.key) and self.days.leave_out(found):
            self.sync.summary.skip(self.name, LEFT_OUT, f"{found.name}: the history has none of it")
            return
        if left_out:
            left_out.ask(found.key)
        yield replace(found, is_probe=True) if is_lacking else found

    def late_slices(self) -> Iterator[Slice]:
        """What was left out, once all else has been read, where that has proved wrong."""
        if not self.days or not self.parent or not (due := self.days.left_out.due):
            return
        asked = self.days.left_out.asked
        for event in self.parent.lacking(self.report_type, due):
            if isinstance(event, Searched):
                self.days.left_out_until(event.end)
                continue
            for unit in self.units_of(event.fields):
                found = self.slice_of(unit, event.day)
                is_asked = hash(found.key) in asked or is_probe(found.key)
                if not is_asked and self.days.open_late(found, event.day or due.first):
                    yield found

    def units_of(self, fields: Fields) -> Iterable[Fields]:
        """The units in a parent's row: itself, or the items of a list in it."""
        units: Iterable[Fields] = (fields,)
        if self.items:
            units = (
                {**fields, **{f"{self.items}.{name}": value for name, value in item.items()}}
                for item in fields.get(self.items) or ()
            )
        return (unit for unit in units if all(self._is_wanted(unit.get(name), name) for name in self.only))

    def _is_wanted(self, value: object, field: str) -> bool:
        """Whether a field of a unit has one of the values that it must have, or any where none is named."""
        return value in self.only[field] if self.only[field] else bool(value)

    def note(self, event: Event) -> None:
        """Take notice of how a list that leads here has ended, or how far a search has come."""
        is_missing = self.days.note(event) if self.days and not isinstance(event, Row) else True
        if isinstance(event, Searched):
            self._searched.add(event._replace(way=""))
            self._tell_parents()
        if isinstance(event, Closed):
            with self._tally_lock:
                self._tally.count(event.list)
                if is_missing and event.outcome is Outcome.UNREAD and isinstance(event.why, Unread):
                    name, resource = event.list, event.slice.name
                    self._tally.fail(name, resource, event.why, has_memory=self.days is not None)

    def _window_slice(self, window: Window, searched: Searched) -> Slice:
        """The slice for the days of a window, counted under the first of them that nobody has read."""
        return Slice(self.endpoint, window.query, day=max(window.first, searched.first))

    def window_params(self, window: Window) -> Mapping[str, str]:
        """The parameters by which Zoom is asked for some days."""
        return window.query

    def _windows(self) -> Iterator[Slice]:
        """The months of the account: the new ones, and those that are missing."""
        assert self.days
        for month, searched in self.months_of(self.days.days_wanted()):
            found = self._window_slice(month, searched)
            self.days.open_window(found)
            self.days.note(searched)
            yield found

    def months_of(self, days: Sequence[Window]) -> Iterator[tuple[Window, Searched]]:
        """The months to ask for, oldest first; the newest alone where no days are wanted but an answer is.

        Nobody knows whether Zoom counts a day by UTC or by the account's time zone, and a meeting by its
        start or by its end. So days are asked for with one more on both sides, and the last day of a month
        has come when the month after it has.
        """
        today = self.sync.clock.today
        oldest = self.oldest(today)
        for span in days or [Window(max(today.replace(day=1), oldest), today)]:
            first = max(span.first, oldest + ONE_DAY) - ONE_DAY
            if first == date.min:
                first = self._first_month(today)
            done = span.first
            for month in Window(first, min(span.last + ONE_DAY, today)).months():
                searched = Searched(done, max(done, month.last))
                yield month, searched
                done = searched.end

    def ask_for_each(self, scopes: Scopes) -> None:
        """Go on with requests that are no longer about the whole account, and that need these scopes."""
        self._ended = None
        priority = self.client.priority
        self.client = ZoomClient(
            self.name, self.rate_limit, scopes, self.sync, priority=priority, is_account_wide=False
        )

    @property
    def first_month(self) -> date:
        """The month from which on there may be anything, once that is known."""
        return self._oldest_month or date.min

    def begin_with(self, month: date) -> None:
        """Say from which month on there may be anything, so that nobody searches for it."""
        self._oldest_month = month

    def _first_month(self, today: date) -> date:
        """The month before which a year is empty, found by requests for one row each, once in a sync."""
        with self._search_lock:
            if self._oldest_month is None:
                self._oldest_month = self._search_first_month(today.replace(day=1))
            return self._oldest_month

    def _search_first_month(self, month: date) -> date:
        first, empty = month, 0
        while empty < EMPTY_MONTHS and month > FIRST_MONTH:
            last = month - ONE_DAY
            month = last.replace(day=1)
            query = {**self.params, **self.window_params(Window(month, last)), "page_size": 1}
            try:
                rows = self.client.get(self.endpoint, query).fields.get(self.record_key) or ()
            except (Settled, TooOld):
                rows = ()
            is_empty = not any(isinstance(row, dict) for row in rows)
            empty = empty + 1 if is_empty else 0
            first = first if is_empty else month
        return first

    # As a parent

    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        """The kept fields of every row, and how each slice ended; several slices are read at a time."""
        read = partial(self.read_for_children, tuple(kept))
        if self.months is not None:
            for month, searched in self.months_in_turn():
                yield from read(self._window_slice(month, searched))
                yield searched
            yield from read_again(self)
        elif self.parent is None:
            yield from read_ahead(read, self.parent_slices(), 1 if self.in_order else PARENT_THREADS)
        else:
            yield from self._events_of_rows(self.parent, read)

    def _are_children_at(self, searched: Searched) -> bool:
        return not Parent.is_behind(self, searched)

    def months_in_turn(self) -> Iterator[tuple[Window, Searched]]:
        """The months that children want, each when they have generated all before it.

        A month searched in advance would be searched again where the day's requests end before it is read.
        """
        for month, searched in self._months_wanted():
            yield month, searched
            with self.sync.generated:
                self.sync.generated.wait_for(partial(self._are_children_at, searched))

    def _months_wanted(self) -> Iterator[tuple[Window, Searched]]:
        yield from self.months_of(Parent.days_wanted(self))
        # Whether a way is still refused is known once those have been searched.
        if later := Parent.later_days(self):
            yield from self.months_of(later)

    def parent_slices(self) -> Iterable[Slice]:
        """The slices that children need, of a stream without a parent."""
        return self.own_slices()

    def _events_of_rows(self, parent: Parent, read: "partial[list[Event]]") -> Iterator[Event]:
        """In batches: one is read to its end before it is said that its days have been searched."""
        events = iter(parent.shared)
        left_out = Parent.owed(self, self.name)
        passed: list[Event] = []

        def batch() -> Iterator[Slice]:
            for event in events:
                self.taken += 1
                if isinstance(event, Row):
                    found = self.slice_of(event.fields)
                    if found.key in left_out:
                        passed.append(Closed(self.name, found, None))
                    elif not self.is_unchanged(event.fields):
                        yield found
                else:
                    passed.append(event)
                    if isinstance(event, Searched):
                        return

        while True:
            yield from read_ahead(read, batch(), PARENT_THREADS)
            yield from passed
            if self._ended:
                raise self._ended
            if not passed or not isinstance(passed[-1], Searched):
                self.client.deny()
                return
            passed.clear()

    def is_unchanged(self, fields: Fields) -> bool:
        """Whether a parent's row says that children have read all that hangs on it."""
        return False

    def read_for_children(self, kept: Sequence[str], found: Slice) -> list[Event]:
        """The rows of one slice, as far as they could be read, and how it ended."""
        rows: list[Event] = []
        outcome = Outcome.READ
        why: Settled | Unread | None = None
        try:
            for page in self.read_slice(found):
                rows += [self._row(kept, found, record) for record in page]
        except Settled as settled:
            outcome, why = settled.outcome, settled
            self.count_settled(found, settled)
        except Unread as error:
            outcome, why = Outcome.UNREAD, error
        except DailyLimitReached as limit:
            if not (found.unit and found.window):
                raise
            return [Closed(self.name, found, None, limit)]
        return [*rows, Closed(self.name, found, outcome, why)]

    def _row(self, kept: Sequence[str], found: Slice, record: Record) -> Row:
        fields = {name: record[name] if name in record else found.query.get(name) for name in kept}
        if found.window is None:
            return Row(fields, word=Word())
        own_day = found.day or found.window.first
        try:
            day = utc_day(record[str(self.cursor_field)])
        except (KeyError, TypeError, ValueError, OverflowError):
            day = own_day
        # What is older than a window belongs to it all the same: nothing is dropped by its time.
        day = own_day if day < found.window.first else min(day, found.window.last)
        return Row(fields, day, self.ways.by_day)

    # Records

    def read_pages(self, found: Slice) -> Iterator[list[Record]]:
        """The records of one slice, page by page; a slice of which Zoom says that it has nothing has none."""
        with self._tally_lock:
            self._tally.count(self.name)
        try:
            pages = self.read_slice(found)
            for records in found.word.pages(self.refused_alike, pages) if found.word else pages:
                if self.days and self.days.ways.is_own:
                    records = self.days.news(found, records, self.key_fields())
                self.sync.summary.add(self.name, records=len(records))
                if records and found.is_probe and self.days and not self.days.is_read_again(found.day):
                    self._distrust(found)
                yield records
        except Settled as settled:
            if settled.reason in NOT_FOUND and self.days and self.days.is_read_again(found.day):
                settled = Settled(Outcome.NOT_YET, "there is nothing of it yet", str(settled))
                self.days.forget(found)
            self.count_settled(found, settled)
            if settled.outcome is Outcome.WITHHELD and self.days:
                self.days.withhold(found, settled)

    def _distrust(self, found: Slice) -> None:
        """Ask for everything, since Zoom has something where it said that there is nothing."""
        if self.days and self.days.suspend_filter():
            logger.warning(
                f"{self.name}: {found.name} has something, and Zoom's history does not list it. So what was"
                f" left out is asked for as well, and nothing is left out for {DAYS.days} days."
            )

    def count_settled(self, found: Slice, settled: Settled) -> None:
        self.sync.summary.skip(self.name, settled.reason, f"{found.name}: {settled}")
        if settled.outcome is Outcome.WITHHELD and not self.days:
            self.sync.summary.withhold(self.name, found.key, settled.reason)

    def fail(self, failed: Slice, error: Unread) -> bool:
        """Note that a slice could not be read. Returns whether that makes the stream incomplete by itself."""
        if self.days and not self.days.fail(failed, error):
            return False
        with self._tally_lock:
            return self._tally.fail(self.name, failed.name, error, has_memory=self.days is not None)

    def end_generation(self) -> None:
        """Let no parent wait for this stream any more."""
        self.has_generated = True
        self._tell_parents()

    def _tell_parents(self) -> None:
        with self.sync.generated:
            self.sync.generated.notify_all()

    def conclude(self) -> None:
        """Judge the stream once all its slices have ended. Raises the error that makes it incomplete."""
        if self.days:
            if self.days.is_limited:
                self.days.owe_rest()
            answered = {one.name: one.client.is_answered for one in self._lists()}
            self.days.promote({**answered, "": self.client.is_answered}.__getitem__)
            for (name, key), entry in self.days.retries.entries.items():
                if entry.is_withheld:
                    self.sync.summary.withhold(name or self.name, key, entry.words, 1 + (entry.others or 0))
        if self._ended:
            raise self._ended
        try:
            self.client.deny()
        except Refused as refused:
            self.end(refused)
            raise
        if error := self._tally.conclude():
            raise error
        if self.days and self.days.refused:
            raise Refused(self.days.refused)

    def end(self, ended: StreamEnded) -> None:
        """Let no slice ask for anything more."""
        self._ended = self._ended or ended
        self.end_search(ended)

    def end_search(self, ended: StreamEnded) -> None:
        """Note that no more slices will be found in this sync."""
        if isinstance(ended, DailyLimitReached):
            if self.days:
                self.days.is_limited = True
            return
        self._ended = self._ended or ended
        if self.days and isinstance(ended, Refused):
            self.days.refuse(ended.message or str(ended))

    def read_slice(self, found: Slice) -> Iterator[list[Record]]:
        """The pages of one slice. Raises Settled, Unread, or a StreamEnded, after which nothing is asked."""
        if self._ended:
            raise self._ended
        if self.address and not found.path:
            raise Settled(Outcome.GONE, DOES_NOT_EXIST, "Zoom gives it no address")
        try:
            yield from self._read_variants(found)
        except TooOld as error:
            if self.is_first_warning():
                logger.warning(f"{self.name}: {found.name} is asked for again from a day later on: {error}.")
            if later := found.a_day_later():
                yield from self.read_slice(later)
        except StreamEnded as ended:
            self.end(ended)
            raise

    def _read_variants(self, found: Slice) -> Iterator[list[Record]]:
        """The pages of each query. One that is refused costs itself alone."""
        first: Unread | None = None
        for variant in self.query_variants:
            try:
                yield from self.read_list(found, variant)
            except Unread as error:
                first = first or error
                if error.failure_type is FailureType.transient_error:
                    break
        if first:
            raise first

    def read_list(self, found: Slice, query: Mapping[str, str]) -> Iterator[list[Record]]:
        """The pages of one list."""
        return Pages(self, found, query).read()

    @classmethod
    def columns(cls) -> Set[str]:
        """The columns that the schema has; none where a list is no stream, and so has no schema."""
        return cls._properties().keys()

    @classmethod
    @cache
    def _properties(cls) -> dict[str, Any]:
        try:
            schema = ResourceSchemaLoader(package_name_from_class(cls)).get_schema(cls.stream_name())
        except OSError:
            return {}
        return dict(schema["properties"])

    @classmethod
    @cache
    def number_fields(cls) -> Sequence[str]:
        """The fields that hold whole numbers, which come as text at times."""
        return [name for name, schema in cls._properties().items() if "integer" in schema.get("type", ())]

    def is_first_warning(self) -> bool:
        """Whether nothing was said yet that would be the same for many slices."""
        is_first, self._has_warned = not self._has_warned, True
        return is_first

    def oddity(self, record: Record) -> str:
        """What makes a record useless for those who hang on it, as the end of a sentence; "" if nothing."""
        return ""

    def complete(self, record: Record) -> None:
        """Add to a record what its key needs."""

    # What the CDK's HttpStream wants to know. The concurrent reading asks `slices` and `read_pages` alone.

    @property
    def url_base(self) -> str:
        return self.sync.config.api_base

    def path(self, **_: Any) -> str:
        return self.endpoint

    def next_page_token(self, response: requests.Response) -> Mapping[str, Any] | None:
        return None

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Mapping[str, Any]]:
        return ()

    def read_records(self, sync_mode: SyncMode, *_: Any, **__: Any) -> Iterator[Record]:
        """The records of all slices; overriding it keeps the CDK from reading the first page only."""
        return (record for found in self.slices() for page in self.read_pages(found) for record in page)


class ZoomSubstream(ZoomStream, HttpSubStream, ABC):
    """What Zoom has for each row of a parent, or for each item in one.

    parent_class  the parent; `source.py` builds it and hands it over
    """

    parent: Parent  # type: ignore[assignment]  # not every parent is a stream of the CDK's
    parent_class: ClassVar[type[Parent]]

    @classmethod
    def parent_classes(cls) -> Sequence[type[Parent]]:
        return (cls.parent_class,)

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        changes = {field.partition(".")[0] for field in cls.parent_class.ways.changes}
        return {*super().parent_fields(), *changes}


def months_before(today: date, months: int) -> date:
    """The same day some months ago, or the last of that month."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=today.day - 1), following - ONE_DAY)
