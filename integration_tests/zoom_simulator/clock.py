"""The simulator's own time, and the calendar arithmetic of Zoom's rules."""

import calendar
import functools
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

HOUR = 3600
DAY = 24 * HOUR


class Clock:
    """Time as the simulated account sees it.

    Without `start` it follows the real clock; with `start` it begins there. `running=False` makes it stand
    still until it is told to move, which keeps a test that compares two reads free of surprises.
    """

    def __init__(self, start: datetime | None = None, *, running: bool = True) -> None:
        self._running = running
        self._base = time.time() if start is None else _utc(start).timestamp()
        self._monotonic = time.monotonic()
        self.started = self._base

    def timestamp(self) -> float:
        """Seconds since 1970."""
        return self._base + (time.monotonic() - self._monotonic if self._running else 0.0)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def today(self) -> date:
        return self.now().date()

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move on by this much; negative values go back."""
        self._base += days * DAY + hours * HOUR + minutes * 60 + seconds

    def set(self, moment: datetime) -> None:
        """Jump to an instant (UTC when it names no zone)."""
        self._base += _utc(moment).timestamp() - self.timestamp()


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(timestamp: float) -> str:
    """A UTC instant the way Zoom writes it: 2026-01-31T12:00:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(timestamp))


def utc_date(timestamp: float) -> date:
    return datetime.fromtimestamp(timestamp, UTC).date()


@functools.lru_cache(maxsize=1024)
def midnight(day: date) -> float:
    """The instant at which a UTC day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def add_months(day: date, months: int) -> date:
    """The same day of another month, clamped to that month's end."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_before(timestamp: float, months: int) -> float:
    """The instant some calendar months ago, at the same time of day."""
    return midnight(add_months(utc_date(timestamp), -months)) + timestamp % DAY


def report_windows(today: date, months: int = 6) -> Iterator[tuple[date, date]]:
    """Calendar months from the day six months ago up to today: the spans in which reports can be asked."""
    start = add_months(today, -months)
    while start <= today:
        end = min(start.replace(day=calendar.monthrange(start.year, start.month)[1]), today)
        yield start, end
        start = end + timedelta(days=1)
