"""What travels between streams: a slice to ask for, and what a parent has to tell its children."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from source_zoom.engine.words import Word
from source_zoom.exceptions import DailyLimitReached, Outcome, Settled, Unread

ONE_DAY, SHORTEST_MONTH = timedelta(days=1), timedelta(days=28)
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One unit of work as a request.

    path     below the API's base, encoded; or a whole address
    query    parameters besides those of every request of the stream
    columns  what it adds to its records
    unit     the row that it was made of, so that it can be made again
    day      the day (UTC) under which a cursor counts it
    name     how messages and the state call it; never a secret
    word     Zoom's word about the row, where a refusal holds for other streams as well
    is_probe whether Zoom says that there is nothing, and it is asked for to see whether that is so
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    columns: Fields = field(default_factory=dict)
    unit: Fields = field(default_factory=dict)
    day: date | None = None
    label: str = ""
    word: Word | None = None
    is_probe: bool = False

    @property
    def key(self) -> str:
        """What stays the same when the window moves."""
        return self.label or self.path

    @property
    def name(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.key}?{query}" if query else self.key

    @property
    def window(self) -> "Window | None":
        """The days that it asks for, where it asks for days."""
        return Window.of(self.query) if "from" in self.query else None

    def a_day_later(self) -> "Slice | None":
        """The same without its first day; None where nothing would be left."""
        window = self.window
        if window is None or window.first >= window.last:
            return None
        return replace(self, query={**self.query, "from": (window.first + ONE_DAY).isoformat()})


class Window(NamedTuple):
    """Days (UTC) from the first to the last, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, days: Mapping[str, str]) -> "Window":
        """From a query or a state. Raises KeyError, TypeError or ValueError."""
        return cls(date.fromisoformat(days.get("from", "0001-01-01")), date.fromisoformat(days["to"]))

    def overlaps(self, other: "Window") -> bool:
        """Whether they share a day."""
        return self.first <= other.last and other.first <= self.last

    def follows(self, other: "Window") -> bool:
        """Whether there is no day between the other and this one."""
        return self.first <= other.last + ONE_DAY

    def covers(self, other: "Window") -> bool:
        """Whether it has all days of the other."""
        return self.first <= other.first and other.last <= self.last

    def hull(self, other: "Window") -> "Window":
        """From the earlier of two beginnings to the later of two ends."""
        return Window(min(self.first, other.first), max(self.last, other.last))

    def until(self, day: date) -> "Window":
        """Itself, with no day after this one."""
        return Window(min(self.first, day), min(self.last, day))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    @property
    def query(self) -> dict[str, str]:
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}

    @property
    def instants(self) -> dict[str, str]:
        """The query where Zoom takes instants in place of days."""
        return {"from": f"{self.first}T00:00:00Z", "to": f"{self.last}T23:59:59Z"}

    @property
    def state(self) -> dict[str, str]:
        """Itself in a state: without its first day where it has none."""
        return self.query if self.first > date.min else {"to": self.last.isoformat()}

    def months(self) -> "Iterator[Window]":
        """The calendar months in it, oldest first; what is shorter than any month is not split."""
        if timedelta(0) <= self.last - self.first < SHORTEST_MONTH:
            yield self
            return
        first = self.first
        while first <= self.last:
            following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
            yield Window(first, min(following - ONE_DAY, self.last))
            first = following


def united(windows: Iterable[Window], last_day: date) -> list[Window]:
    """Sorted windows up to a day, without what they share."""
    found: list[Window] = []
    for window in windows:
        last = min(window.last, last_day)
        if found and window.first <= found[-1].last:
            found[-1] = Window(found[-1].first, max(found[-1].last, last))
        else:
            found.append(Window(window.first, last))
    return found


class Row(NamedTuple):
    """A record of a parent's: the fields that its children use.

    day    the day (UTC) under which a cursor counts what hangs on it, where the parent knows
    way    how it was found, where there are several
    known  the ways by which it had been found before
    of     the unit on the retry list that led to it: its list and its key
    end    the day (UTC) on which it was over, where the parent knows
    word   Zoom's word about it, where it is a row of a list
    """

    fields: Fields
    day: date | None = None
    way: str = ""
    known: tuple[str, ...] = ()
    of: tuple[str, str] = ("", "")
    end: date | None = None
    word: Word | None = None


class Closed(NamedTuple):
    """The end of one slice of a list: its rows have come, as far as they could be read.

    outcome  None where it was not asked: because all children have it on their retry lists or, with a `why`,
             because the day's requests were used up
    why      what Zoom said, where it was not read
    of       the unit on the retry list for whose sake it was asked
    """

    list: str
    slice: Slice
    outcome: Outcome | None
    why: Unread | Settled | DailyLimitReached | None = None
    of: tuple[str, str] = ("", "")


class Searched(NamedTuple):
    """Everything of the days from `first` to before `end` has come, or what one way has of them."""

    first: date
    end: date
    way: str = ""

    def covers(self, other: "Searched") -> bool:
        """Whether it says so of all days of the other."""
        return self.first <= other.first and other.end <= self.end


class Listed(NamedTuple):
    """All lists with an id below this have come, of those that are read in the order of their ids."""

    before: int


class WayRefused(NamedTuple):
    """Zoom refuses a way of finding something, and with it these lists.

    is_replaced  whether all lists of the other way follow
    """

    way: str
    lists: tuple[str, ...]
    is_replaced: bool


class Retried(NamedTuple):
    """A list on the retry list was read, and what it led to has come."""

    key: tuple[str, str]


class HostListed(NamedTuple):
    """The list of one host has come, and what was in it.

    stamp     of his row, which tells whether he has held anything since
    is_short  whether the row counts more than the list has
    """

    host: str
    stamp: bytes
    is_short: bool


Event = Row | Closed | Searched | Listed | WayRefused | Retried | HostListed


@dataclass(frozen=True)
class Ways:
    """How what a stream reads is found.

    by_day        in the order of days
    by_list       in the order of ids, for past occurrences
    of_host       the lists that name what a host has held
    changes       the fields of a row, by days, that change when what hangs on it does
    days_open     for how many days a row changes when Zoom has more, so that no second reading is needed
    also          further ways in the order of days, which add to the main one
    is_by_parent  whether a slice cannot be made again without its parent's row
    is_own        whether the rows, by days, are the stream's own records
    """

    by_day: str = "months"
    by_list: str = ""
    of_host: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    days_open: int = 0
    also: tuple[str, ...] = ()
    is_by_parent: bool = False
    is_own: bool = False

    @property
    def in_days(self) -> tuple[str, ...]:
        """All those in the order of days, the main one first."""
        return (self.by_day, *self.also)


class Segments(dict[str, Any]):
    """Columns as segments of a path, each encoded when a path asks for it."""

    def __getitem__(self, name: str) -> str:
        return encode(super().__getitem__(name))


def encode(value: object) -> str:
    """A value as a path segment: Zoom wants UUIDs that begin with "/" or hold "//" encoded twice.

    https://developers.zoom.us/docs/api/using-zoom-apis/#meeting-id-and-uuid
    """
    text = str(value)
    once = quote(text, safe="")
    return quote(once, safe="") if text.startswith("/") or "//" in text else once


def utc_day(instant: str) -> date:
    """The day (UTC) of an instant in ISO 8601. Raises ValueError, TypeError or OverflowError."""
    return _utc(instant).date()


def in_utc(instant: str) -> str:
    """An instant in ISO 8601 as Zoom writes it. Raises ValueError, TypeError or OverflowError."""
    return instant if instant.endswith("Z") else f"{_utc(instant):%Y-%m-%dT%H:%M:%SZ}"


def _utc(instant: str) -> datetime:
    parsed = datetime.fromisoformat(instant)
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
