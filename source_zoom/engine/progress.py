"""Which days of a stream are done, and which a sync reads: the new ones, and those missing or due again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from typing import Any, NamedTuple

from source_zoom.engine.frontier import Frontier, Pass
from source_zoom.engine.gaps import Gaps
from source_zoom.engine.known import Known
from source_zoom.engine.retries import AGAIN
from source_zoom.engine.slices import (
    ONE_DAY,
    SHORTEST_MONTH,
    Row,
    Searched,
    WayRefused,
    Ways,
    Window,
    united,
    utc_day,
)

# What is not done before something is: a frontier, and where on it.
Place = tuple[Any, Any]


@dataclass(frozen=True)
class Span:
    """The days of a sync.

    today       Zoom's
    lookback    how old a day is when it is read a second time; 0: never
    start_date  what the user wants
    oldest      how far back the way by days reaches
    closed      all days before it ended long enough before the sync began; the others are open
    hour        in which the sync began (since 1970)
    """

    today: date
    lookback: timedelta
    start_date: date = date.min
    oldest: date = date.min
    closed: date = date.min
    hour: int = 0

    @property
    def due(self) -> date:
        """All days before it are old enough for their second reading."""
        return min(self.today - self.lookback + ONE_DAY, self.closed) if self.lookback else date.min


class _Missing(NamedTuple):
    """The days of which a way is missing, or which are due again, and how far these have come."""

    windows: list[Window]
    days: Frontier[date]

    @classmethod
    def of(cls, windows: Iterable[Window]) -> "_Missing":
        found = united(sorted(days for days in windows if days.first <= days.last), date.max)
        return cls(found, Frontier(min((days.first for days in found), default=date.max)))

    def reach(self, first: date, end: date) -> None:
        """Note that everything of some days has come."""
        reached = self.days.reached
        if first <= reached or not any(gap.first < first and reached <= gap.last for gap in self.windows):
            self.days.reach(end)

    def done(self) -> Iterator[Window]:
        position = self.days.position
        for days in self.windows:
            if days.first < position:
                yield Window(days.first, min(days.last, position - ONE_DAY))


class Progress:
    """How far the days of a stream have come. Guarded by the cursor's lock.

    `day` is the cursor: all before it is done, and all before `reread` was read a second time. `new` are the
    days from `first_day` on, and `_missing`, by way, those before it that are to be read; `_pass` goes
    through the lists that come in no order of days, and `known` is what a first sync has read.
    """

    def __init__(self, span: Span, ways: Ways) -> None:
        self._span = span
        self._ways = ways
        self.day: date | None = None
        self._reread = date.min
        self._gaps = Gaps()
        self._pass: Pass | None = None
        self.known: Known | None = None
        self._refused_ways: set[str] = set()
        self.first_day = span.today
        self.new = Frontier(span.today)
        self._missing: dict[str, _Missing] = {}
        self._again: list[Window] = []

    def __repr__(self) -> str:
        return f"Progress({self.day}, {self.new})"

    @property
    def instances(self) -> Pass | None:
        """The pass that is not yet over."""
        return None if self._pass and self._pass.is_over else self._pass

    def load(self, state: Mapping[str, Any], cursor_field: str) -> None:
        """Take over a state. Raises one of half a dozen errors where it is not one of ours."""
        today = self._span.today
        day = utc_day(state[cursor_field]) if cursor_field in state else None
        looked_back = day - self._span.lookback if day else date.min
        reread = date.fromisoformat(state["reread"]) if "reread" in state else looked_back
        self._gaps = Gaps.of_state(state.get("gaps", []), today + ONE_DAY)
        self._pass = Pass.of(state["instances"]) if state.get("instances") else None
        self.known = Known.of(state["known"]) if state.get("known") else None
        self.day = day
        self._reread = reread

    def dump(self, cursor_field: str, *, is_limited: bool) -> dict[str, Any]:
        """The keys of the state; what there is nothing to say about is absent."""
        state: dict[str, Any] = {}
        if self.day:
            state[cursor_field] = f"{self.day.isoformat()}T00:00:00Z"
        if self.day and self._span.lookback:
            state["reread"] = self._reread.isoformat()
        if self.instances:
            state["instances"] = self.instances.state
        if self._gaps:
            state["gaps"] = self._gaps.state
        is_first = self.instances or (self.day or date.min) < self.known.until if self.known else False
        if self.known and is_limited and is_first:
            state["known"] = self.known.state
        return state

    def plan(self, warn: Callable[[str], None]) -> None:
        """Find out which days to read, and whether to go through the lists that have no order of days."""
        span, ways = self._span, self._ways
        # A clock that differs by a day may have written the state.
        self.day = self.day and min(self.day, span.today)
        self._reread = min(self._reread, self.day or date.min)
        first = self.day or date.min
        if not self.day and not self._gaps and not self._pass and ways.by_list:
            self._pass = Pass(Window(span.start_date, span.today), span.today)
            self.known = Known(span.today)
        self._note_gaps(first, warn)
        self.first_day = min(max(first, span.start_date), span.today)
        self.new = Frontier(self.first_day)
        oldest, due = max(span.start_date, span.oldest), min(span.due, self.first_day)
        unread = max(self._reread, oldest)
        self._again = [Window(unread, due - ONE_DAY)] if unread < due else []
        self._missing = {
            way: _Missing.of(
                Window(max(days.first, oldest), days.last)
                for days in [*self._gaps.of(way), *self._again]
                if days.first < self.first_day
            )
            for way in ways.in_days
        }
        unlisted = [days for days in self._gaps.of(ways.by_list) if days.last >= span.start_date]
        if unlisted and not self._pass:
            hull = reduce(Window.hull, unlisted)
            self._pass = Pass(Window(max(hull.first, span.start_date), hull.last), span.today)

    def _note_gaps(self, first: date, warn: Callable[[str], None]) -> None:
        """Note the days that the span of this sync leaves out."""
        span, ways = self._span, self._ways
        if self.day and span.start_date > self.day:
            warn(
                f"the start date lies after the state, which ends on {self.day}: the days between the two"
                " are not read"
            )
        if span.start_date > (self.day or date.min):
            for way in filter(None, (*ways.in_days, ways.by_list)):
                self._gaps.add(way, Window(self.day or date.min, span.start_date - ONE_DAY))
        if self.day and self.day < span.oldest:
            warn(
                f"the state ends on {self.day}, and Zoom's reports begin on {span.oldest}: meetings between"
                " the two that are no longer listed cannot be found any more"
            )
            if ways.by_list:
                self._gaps.add(ways.by_list, Window(first, span.today))
        for way in ways.in_days:
            self._gaps.forget(way, span.oldest)

    # Which days to search

    def wanted(self, others: list[Window]) -> list[Window]:
        """The days to search: those since the state first, then those that are missing, and others."""
        missing = list(self._missing[self._ways.by_day].windows)
        is_resumed = self.instances and not missing and not self.known
        if self.instances and is_resumed and self.first_day > self._span.oldest:
            # What the reports name of these days was read: only the rest of the lists is asked for.
            first = max(self.instances.days.first, self._span.oldest)
            last = min(self.instances.days.last, self.first_day - ONE_DAY)
            others = [*others, *([Window(first, last)] if first <= last else [])]
        newest = Window(self.first_day, self._span.today)
        if missing and newest.first - missing[-1].first < SHORTEST_MONTH and newest.follows(missing[-1]):
            # One list of a host has both.
            newest = newest.hull(missing.pop())
        return [newest, *sorted([*missing, *others])]

    def later(self) -> list[Window]:
        """The days to search after those, of which a further way is missing that is refused no longer."""
        wanted = [way for way in self._ways.also if way not in self._refused_ways]
        # Where the main way misses the same days, all ways have been searched for them by then.
        main = self._missing[self._ways.by_day].windows
        missing = [days for way in wanted for days in self._missing[way].windows]
        return [days for days in missing if not any(one.covers(days) for one in main)]

    def places(self, row: Row, way: str) -> list[Place]:
        """What is not done before a row is that was found in a way; none where it is not wanted."""
        day = min(row.day or self._span.today, self._span.today)
        if missing := self._missing.get(way):
            if self._span.start_date < self.first_day <= (row.end or day):
                # What went on when these days began had not been there to be read.
                day = max(day, self.first_day)
            if day >= self.first_day:
                return [(self.new, day)]
            for days in missing.windows:
                is_of_them = day in days and not self._is_due_later(row, day, way)
                if is_of_them or day < days.first <= (row.end or day):
                    return [(missing.days, max(day, days.first))]
            return []
        number = int(row.fields["id"])
        is_wanted = self._pass and self._pass.wants(number, row.day)
        return [(self._pass.lists, number)] if self._pass and is_wanted else []

    def _is_due_later(self, row: Row, day: date, way: str) -> bool:
        """Whether something went on at midnight, and so has its second reading with the day of its end.

        What began days before its end may be in no list of that day.
        """
        is_last = any(day == days.last for days in self._again)
        is_missing = any(day in days for days in self._gaps.of(way))
        return is_last and row.end == day + ONE_DAY and not is_missing

    def place_of(self, day: date) -> Place:
        """What is not done before a window is that is counted under a day."""
        return (self.new if day >= self.first_day else self._missing[self._ways.by_day].days, day)

    def was_read(self, row: Row) -> bool:
        """Whether the way by days had led to it in an earlier sync."""
        if row.way == AGAIN:
            return False
        if self.known and self.known.holds(row, self._span.lookback):
            return True
        day, by_day = row.day, self._ways.by_day
        is_done = day is not None and self.day is not None and day < self.first_day
        return is_done and by_day in row.known and not any(day in days for days in self._gaps.of(by_day))

    # How far they have come

    def reach(self, searched: Searched) -> None:
        """Note that everything of some days has come, or all that one way has of them."""
        if not searched.way:
            self.new.reach(min(searched.end, self._span.today))
        for way, missing in self._missing.items():
            if searched.way in ("", way):
                missing.reach(searched.first, searched.end)

    def reach_list(self, before: int) -> bool:
        """Note that all lists below an id have come. Returns whether anybody goes through them."""
        if not self._pass or not self._pass.is_running:
            return False
        self._pass.lists.reach(before)
        return True

    def reach_end(self) -> None:
        """Note that every slice up to today has been opened."""
        if self._ways.by_day not in self._refused_ways:
            self.new.reach(self._span.today)
        for missing in self._missing.values():
            missing.days.reach(date.max)

    def refuse_way(self, refused: WayRefused) -> None:
        """Note that Zoom refuses a way of finding something: its days become a gap, for a later sync."""
        self._refused_ways.add(refused.way)
        unread = max(self._reread, self._span.start_date) if self.day else self.first_day
        days = Window(min(self.first_day, unread), self._span.today)
        if refused.way in self._missing:
            self._gaps.add(refused.way, days)
        if refused.way == self._ways.by_day:
            if self._pass and self._pass.is_over and self._pass.days.covers(days):
                self.new.reach(self._pass.began)
            elif not self.instances:
                self._pass = Pass(days, self._span.today, is_running=refused.is_replaced)
        elif refused.way == self._ways.by_list and self.instances:
            self._gaps.add(refused.way, self.instances.days)
            self._pass = None

    def move(self) -> bool:
        """Move past every day that is done; an open one never is. Returns whether anything has moved."""
        if self._pass and self._pass.is_over:
            self._gaps.close(self._ways.by_list, self._pass.days)
            if self._ways.by_day in self._refused_ways:
                # Only the lists could say what there is, and they have said it up to the day they began.
                self.new.reach(self._pass.began)
        day = min(self.new.position, self._span.closed)
        has_moved = day > (self.day or date.min)
        if has_moved:
            self.day = day
        return self._fill_gaps() | self._note_reread() | has_moved

    def _fill_gaps(self) -> bool:
        """Take the days out of the gaps that have been read meanwhile."""
        if not self._gaps:
            return False
        before = self._gaps.state
        for way, missing in self._missing.items():
            if way not in self._refused_ways:
                for days in missing.done():
                    self._gaps.close(way, days)
                self._gaps.forget(way, self._span.oldest)
        return self._gaps.state != before

    def _note_reread(self) -> bool:
        """Note up to which day all have had their second reading."""
        before = self._reread
        # The days of a way that is refused are a gap by now, and read when that is closed.
        answered = [missing for way, missing in self._missing.items() if way not in self._refused_ways]
        done = min((missing.days.position for missing in answered), default=date.min)
        self._reread = max(before, min(done, self._span.due, self.day or date.min))
        return self._reread > before
