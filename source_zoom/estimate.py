"""What a sync will cost, found by asking for a small part of what it would ask for.

Lists of the account are read. Of what hangs on a list a part is drawn and read, by the streams themselves,
and the rest is taken to be like it. What takes one request each is counted and not asked for.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from math import ceil
from typing import NamedTuple, cast

from source_zoom.api.client import Sync
from source_zoom.api.rate_limits import A_DAY, LABELS, RateLimits
from source_zoom.engine.left_out import PROBE_EVERY
from source_zoom.engine.parents import PARENT_THREADS, Parent, read_ahead
from source_zoom.engine.slices import ONE_DAY, SHORTEST_MONTH, Event, Row, Slice, Window
from source_zoom.engine.stream import EMPTY_MONTHS, FIRST_MONTH, REPORT_MONTHS, ZoomStream
from source_zoom.exceptions import StreamEnded, Unread
from source_zoom.streams.past import (
    HISTORY,
    INSTANCES,
    REPORTS,
    InstanceList,
    PastOccurrences,
    ReportedOccurrences,
)
from source_zoom.streams.users import Users

# What is drawn: a tenth of the users, and of each other list a quarter as many rows as there are users.
HOSTS, UNITS, RECURRING, SINGLE = (20, 100), (8, 40), (16, 60), (2, 20)
# Before the newest months every third is read, unless the account is so large that they hardly count.
RECENT, STRIDE, LARGE = 2, 3, 200
# The types of meetings and of webinars that are held more than once.
RECURRING_TYPES = frozenset({3, 6, 8, 9})
# What a sync that goes on from a state asks for: the newest months, a host's list until his day is closed and
# when it is read again, and each occurrence twice.
MONTHS_A_SYNC, LISTS_A_DAY, READINGS = 2, 3, 2


@dataclass
class Cost:
    """Requests for a stream or a list: of a first sync, of each sync after it, and what each day adds."""

    name: str
    label: str
    first: float = 0.0
    each_sync: float = 0.0
    each_day: float = 0.0


class Drawn(NamedTuple):
    """A row of a list, and for how many of its rows it stands."""

    row: Row
    weight: float


class Found(NamedTuple):
    """The rows of a parent that were read, and those of them for which its children are.

    named  how many of all its rows the history names
    """

    rows: Sequence[Drawn] = ()
    drawn: Sequence[Row] = ()
    named: float = 0.0

    @property
    def total(self) -> float:
        """How many rows the parent has, as far as those tell."""
        return sum(one.weight for one in self.rows)

    def a_day(self, today: date) -> float:
        """How many of them are new each day."""
        return sum(row.weight for row in self.since(today - SHORTEST_MONTH).rows) / SHORTEST_MONTH.days

    def since(self, first: date) -> "Found":
        """Those from a day on."""
        return self.only(lambda row: row.day is not None and row.day >= first)

    def only(self, is_wanted: Callable[[Row], object]) -> "Found":
        """Some of them."""
        return Found([one for one in self.rows if is_wanted(one.row)])


class Estimate:
    """The requests that some streams will take, by stream and list; `unknown` is why some cannot be told."""

    def __init__(self, streams: Sequence[ZoomStream], sync: Sync) -> None:
        self.unknown: dict[str, str] = {}
        self._streams = streams
        self._sync = sync
        self._costs: dict[str, Cost] = {}
        self._found: dict[Parent, Found] = {}
        self._shares: dict[tuple[Parent, str], float] = {}
        # So the same account is asked for the same part each time.
        self._random = random.Random(0)

    def costs(self) -> list[Cost]:
        """Ask for the part. Raises what is wrong with the credentials, or with the way to Zoom."""
        for stream in self._streams:
            try:
                self._add(stream)
            except StreamEnded as ended:
                self.unknown[stream.name] = str(ended)
        return list(self._costs.values())

    @property
    def asked(self) -> int:
        """How many requests that took."""
        return sum(self._sync.summary.requests().values())

    def _cost(self, stream: ZoomStream) -> Cost:
        return self._costs.setdefault(stream.name, Cost(stream.name, stream.rate_limit))

    def _add(self, stream: ZoomStream) -> None:
        """The requests of a stream, and of the lists that lead to it."""
        if stream.parent is None:
            self._rows_of(stream)
            return
        found = self._rows_of(stream.parent)
        if not stream.is_asked_for() or not found.drawn:
            return
        if _takes_one_each(stream):
            units = (one.weight * len(list(stream.units_of(one.row.fields))) for one in found.rows)
            each = sum(units) / found.total
        else:
            requests, _ = self._read(stream, partial(_discard, stream), _slices(stream, found.drawn))
            each = requests / len(found.drawn)
        if stream.report_type:
            key = (stream.parent, stream.report_type)
            if key not in self._shares:
                self._shares[key] = self._share_asked(
                    stream.report_type, cast("PastOccurrences", stream.parent)
                )
            each *= self._shares[key]
        cost = self._cost(stream)
        cost.first = found.total * each
        if stream.has_cursor():
            readings = READINGS if isinstance(stream.parent, PastOccurrences) else 1
            cost.each_day = found.a_day(self._sync.clock.today) * each * readings
        else:
            cost.each_sync = cost.first

    def _read(
        self, stream: ZoomStream, read: Callable[[Slice], list[Event]], slices: Iterable[Slice]
    ) -> tuple[int, list[Event]]:
        """Read some slices. Returns how many requests that took, and what came."""
        before = self._sync.summary.requests().get(stream.name, 0)
        events = list(read_ahead(read, slices, PARENT_THREADS))
        return self._sync.summary.requests().get(stream.name, 0) - before, events

    def _rows_of(self, parent: Parent) -> Found:
        if parent not in self._found:
            if isinstance(parent, PastOccurrences):
                self._found[parent] = self._occurrences(parent)
            else:
                self._found[parent] = self._listed(cast("ZoomStream", parent))
        return self._found[parent]

    def _listed(self, stream: ZoomStream) -> Found:
        """The rows of a list, and what it takes to read it."""
        kept = (*{field for child in stream.children for field in child.parent_fields()}, "type")
        rows: list[Drawn] = []
        cost = self._cost(stream)
        first = 0.0
        for weight, slices in self._parts(stream, rows):
            requests, events = self._read(stream, partial(stream.read_for_children, kept), slices)
            # The same meeting can be on several lists, and is taken once.
            came = {str(event.fields): event for event in events if isinstance(event, Row)}
            rows += (Drawn(came[key], weight) for key in sorted(came))
            first += weight * requests
        if stream in self._streams and stream.children:
            # As a stream it is read by itself.
            first *= 2
        found = Found(rows, self._draw(rows, *((HOSTS, 10) if isinstance(stream, Users) else (UNITS, 4))))
        cost.first += first
        if stream.months is not None:
            cost.each_sync = MONTHS_A_SYNC
        elif isinstance(stream, ReportedOccurrences):
            hosts = Counter(one.row.day for one in self._rows_of(stream.parent).rows)
            cost.each_day = LISTS_A_DAY * min(
                max(hosts.values(), default=0), found.a_day(self._sync.clock.today)
            )
        elif not isinstance(stream, InstanceList):
            cost.each_sync = first
        return found

    def _parts(self, stream: ZoomStream, rows: Sequence[Drawn]) -> Iterator[tuple[float, Sequence[Slice]]]:
        """What to read of a list, and how much of it that stands for; `rows` are those that have come."""
        if stream.months is not None:
            yield from self._months(stream, rows)
        elif stream.parent is None:
            yield 1, list(stream.parent_slices())
        elif isinstance(stream, InstanceList):
            # Few listed meetings have most of the instances.
            found = self._rows_of(stream.parent)
            for some, bounds in ((found.only(_recurs), RECURRING), (found.only(_is_single), SINGLE)):
                drawn = self._draw(some.rows, bounds)
                yield some.total / max(1, len(drawn)), list(_slices(stream, drawn))
        elif (found := self._rows_of(stream.parent)).drawn:
            yield found.total / len(found.drawn), list(_slices(stream, found.drawn))

    def _months(self, stream: ZoomStream, rows: Sequence[Drawn]) -> Iterator[tuple[float, Sequence[Slice]]]:
        """The newest months and some before them, until a year is empty where nobody knows the first one."""
        today = self._sync.clock.today
        oldest = max(self._sync.config.start_date or date.min, stream.oldest(today))
        months = list(Window(max(oldest, FIRST_MONTH), today).months())[::-1]
        slices = [Slice(stream.endpoint, month.query, day=month.first) for month in months]
        yield 1, slices[:RECENT]
        is_short = oldest > date.min and stream.children
        stride = 1 if is_short or self._users >= LARGE else STRIDE
        empty = position = 0
        for position in range(RECENT, len(slices), stride):
            if oldest == date.min and empty >= EMPTY_MONTHS:
                break
            # Any of them stands for all. The same of each would be misled by what is held every quarter.
            block, came = slices[position : position + stride], len(rows)
            yield len(block), [self._random.choice(block)]
            empty = 0 if len(rows) > came else empty + len(block)
        if oldest == date.min:
            # A sync finds the first month by asking for one row of each, before it asks for those with rows.
            self._cost(stream).first += position - empty

    @property
    def _users(self) -> int:
        """How many users have been found."""
        return max(
            (len(found.rows) for one, found in self._found.items() if isinstance(one, Users)), default=0
        )

    def _draw(self, rows: Sequence[Drawn], bounds: tuple[int, int] = UNITS, part: int = 4) -> list[Row]:
        """Some of the rows, those more likely that stand for more."""
        least, most = bounds
        # https://doi.org/10.1016/j.ipl.2005.11.003
        by_chance = sorted(rows, key=lambda one: self._random.random() ** (1 / one.weight), reverse=True)
        return [one.row for one in by_chance[: max(least, min(most, self._users // part))]]

    def _occurrences(self, past: PastOccurrences) -> Found:
        """Those of the history, or else of the reports, and by the instances those that are older."""
        found = {way: Found() for way in (REPORTS, HISTORY, INSTANCES)}
        for way, one in zip(found, past.parents, strict=True):
            if way in self._sync.config.past_meetings_from:
                try:
                    found[way] = self._rows_of(one).only(partial(past.accepts, one=one))
                except StreamEnded as ended:
                    self.unknown[cast("ZoomStream", one).name] = str(ended)
        main = found[HISTORY] if found[HISTORY].rows else found[REPORTS]
        first = self._sync.config.start_date or date.min
        end = past.oldest(self._sync.clock.today) if main.rows else date.max
        older = found[INSTANCES].since(first).only(lambda row: row.day and row.day < end)
        rows = [*main.rows, *older.rows]
        return Found(rows, self._draw(rows), found[HISTORY].total)

    def _share_asked(self, report_type: str, past: PastOccurrences) -> float:
        """For which share of the occurrences data are asked, as the history says which have some."""
        found, history = self._rows_of(past), cast("ZoomStream", past.parents[1])
        if not found.named:
            return 1
        last = self._sync.clock.today.replace(day=1) - ONE_DAY
        month = Window(last.replace(day=1), last)
        asked = Slice(
            history.endpoint, {**month.query, "meeting_type": past.kind, "report_type": report_type}
        )
        requests, events = self._read(history, partial(history.read_for_children, ("uuid",)), [asked])
        having = sum(isinstance(event, Row) for event in events)
        all_rows = self._rows_of(history).only(lambda row: past.accepts(row, history) and row.day in month)
        cost = self._cost(history)
        cost.first += requests * REPORT_MONTHS
        cost.each_sync += 1
        lacking = max(0.0, 1 - having / max(1, all_rows.total)) * found.named / found.total
        return 1 - lacking * (1 - 1 / PROBE_EVERY)


def _recurs(row: Row) -> bool:
    return row.fields["type"] in RECURRING_TYPES


def _is_single(row: Row) -> bool:
    return not _recurs(row)


def _takes_one_each(stream: ZoomStream) -> bool:
    """Whether each unit of a stream is one request."""
    is_paged = stream.page_size and stream.record_key
    return not is_paged and not stream.refused_alike and len(stream.query_variants) == 1


def _slices(stream: ZoomStream, rows: Iterable[Row]) -> Iterator[Slice]:
    for row in rows:
        for unit in stream.units_of(row.fields):
            yield stream.slice_of(unit, word=row.word if stream.refused_alike else None)


def _discard(stream: ZoomStream, found: Slice) -> list[Event]:
    """Read a slice for nothing but its requests."""
    if found.word:
        found.word.lock.acquire()
    try:
        for _ in stream.read_pages(found):
            pass
    except Unread:
        # What it cost is counted all the same.
        pass
    return []


def told(estimate: Estimate, limits: RateLimits) -> Iterator[str]:
    """The estimate for people, line by line."""
    costs = estimate.costs()
    first, each_sync, each_day = (Counter[str]() for _ in range(3))
    for cost in costs:
        first[cost.label] += round(cost.first)
        each_sync[cost.label] += round(cost.each_sync)
        each_day[cost.label] += round(cost.each_day)
    yield f"A first sync takes about {_by_label(first)}."
    yield from _time(first, limits)
    for often, syncs in (("once a day", 1), ("every hour", 24)):
        a_day = Counter({label: syncs * each_sync[label] + each_day[label] for label in LABELS})
        yield f"Going on from its state {often} takes about {_by_label(a_day)} a day."
    yield ""
    yield f"{'stream or list':32} {'label':6} {'first sync':>12} {'each further':>12} {'each day':>12}"
    for cost in costs:
        numbers = (cost.first, cost.each_sync, cost.each_day)
        yield f"{cost.name:32} {cost.label:6} {' '.join(f'{round(number):12,}' for number in numbers)}"
    for name, why in estimate.unknown.items():
        yield f"{name:32} not known: {why}"
    yield ""
    yield f"To estimate that took {estimate.asked:,} requests."


def _by_label(requests: Counter[str]) -> str:
    labels = ", ".join(f"{requests[label]:,} {label}" for label in LABELS)
    return f"{requests.total():,} requests ({labels})"


def _time(requests: Counter[str], limits: RateLimits) -> Iterator[str]:
    """How long the requests take at Zoom's limits, and on how many days."""
    seconds, label = max((requests[label] / limits.budget(label).per_second, label) for label in LABELS)
    of_whom = f"the plan {limits.plan}" if limits.plan else "the account"
    yield f"At the limits of {of_whom} that is {ceil(seconds / 60):,} min, by its {label} requests."
    for label, most in A_DAY.get(limits.plan, {}).items():
        days = ceil(requests[label] / most)
        if days > 1:
            yield f"A day allows {most:,} {label} requests, so it takes {days} days of a sync each."
        else:
            yield f"It takes {requests[label] / most:.0%} of the {most:,} {label} requests of a day."
