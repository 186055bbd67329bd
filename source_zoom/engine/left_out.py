"""What is left out, as a list of Zoom's says that there is nothing, and what follows where that is wrong.

In the state, under `left_out`: the first of the days of which something was left out, and by the sync of
which day, where that is a first sync or a gap; once it has proved wrong, until when everything is asked for,
and from which day on what was left out has not been asked for yet:

    {"first": "2026-05-21", "on": "2026-11-20"}
    {"until": "2026-12-29", "from": "2026-10-30"}
"""

from array import array
from collections.abc import Mapping
from datetime import date, timedelta
from zlib import crc32

from source_zoom.engine.frontier import Frontier
from source_zoom.engine.slices import Window

# Of what is left out, one of so many is asked for all the same, in each sync the same ones.
PROBE_EVERY = 10
# What was left out by the syncs of so many days is asked for, and for so many more everything is.
DAYS = timedelta(days=30)
# So far back a sync leaves something out that is no first one, as a rule: farther back, a state says so.
RECENT = timedelta(days=10)


def is_probe(key: str) -> bool:
    """Whether a slice is asked for although Zoom says that there is nothing."""
    return crc32(key.encode()) % PROBE_EVERY == 0


class LeftOut:
    """What a stream leaves out. Guarded by the cursor's lock.

    `days` are those of which it is asked for after all, and how far that has come; `_asked` are hashes of
    what this sync has asked for, eight bytes each, since it may ask for a hundred thousand.
    """

    def __init__(self, today: date, until: date = date.min, due: date | None = None) -> None:
        self._today = today
        self._until = until
        self._first = self._on = today
        self._asked = array("q")
        self.days = Frontier(due) if due else None

    def __repr__(self) -> str:
        return f"LeftOut({self._until}, {self.days})"

    @classmethod
    def of(cls, state: Mapping[str, str], today: date) -> "LeftOut":
        """From a state. Raises KeyError, TypeError or ValueError."""
        if "on" in state:
            one = cls(today)
            first, on = date.fromisoformat(state["first"]), date.fromisoformat(state["on"])
            if today - DAYS <= on <= today:
                one._first, one._on = first, on
            return one
        until = min(date.fromisoformat(state["until"]), today + DAYS)
        return cls(today, until, date.fromisoformat(state["from"]) if "from" in state else None)

    @property
    def state(self) -> dict[str, str]:
        position = self.days.position if self.days else date.max
        if position <= self._today:
            return {"until": self._until.isoformat(), "from": position.isoformat()}
        if self.is_off:
            return {"until": self._until.isoformat()}
        if self._first >= self._on - RECENT:
            return {}
        return {"first": self._first.isoformat(), "on": self._on.isoformat()}

    @property
    def is_off(self) -> bool:
        """Whether nothing is left out, since Zoom's list has proved wrong."""
        return self._until > self._today

    @property
    def due(self) -> Window | None:
        """The days of which what was left out is to be asked for."""
        return Window(self.days.position, self._today) if self.days else None

    def note(self, day: date) -> None:
        """Note that something of a day is left out."""
        self._first = min(self._first, day)
        if day < self._today - RECENT:
            self._on = self._today

    def ask(self, key: str) -> None:
        """Note that a slice is asked for."""
        self._asked.append(hash(key))

    @property
    def asked(self) -> set[int]:
        """The hashes of what was asked for."""
        return set(self._asked)

    def suspend(self, start_date: date) -> bool:
        """Ask for everything from now on, and for what was left out. Returns whether that is news."""
        is_news = not self.is_off
        if is_news:
            first = min(self._first, max(self._today - DAYS - RECENT, start_date))
            self._until, self.days = self._today + DAYS, Frontier(first)
        return is_news
