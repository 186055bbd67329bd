"""Which occurrences a first sync of several days has read."""

from array import array
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import date, timedelta

from source_zoom.engine.open_days import mark_of
from source_zoom.engine.slices import Row

MOST, BYTES = 10_000, 6


class Known:
    """What both ways lead to is read once, also where they do so on two days.

    In the state an occurrence is 48 bits of a hash, and there are 10,000 at most; the others are read twice.
    """

    def __init__(self, until: date, given: frozenset[int] = frozenset()) -> None:
        self.until = until
        self._given = given
        # Eight bytes each, since every first sync makes some for each stream and most need none.
        self._marks = array("Q", given)

    def __repr__(self) -> str:
        return f"Known({len(self._marks)} until {self.until})"

    @classmethod
    def of(cls, state: Mapping[str, str]) -> "Known":
        """From a state. Raises KeyError, TypeError or ValueError."""
        marks = urlsafe_b64decode(state["marks"])
        if len(marks) > MOST * BYTES:
            raise ValueError("more marks than any state has")
        numbers = (int.from_bytes(marks[at : at + BYTES]) for at in range(0, len(marks), BYTES))
        return cls(date.fromisoformat(state["until"]), frozenset(numbers))

    @property
    def state(self) -> dict[str, str]:
        marks = b"".join(mark.to_bytes(BYTES) for mark in sorted(set(self._marks)))
        return {"until": self.until.isoformat(), "marks": urlsafe_b64encode(marks).decode()}

    def add(self, uuid: object) -> None:
        if len(self._marks) < MOST:
            self._marks.append(_mark(uuid))

    def holds(self, row: Row, lookback: timedelta) -> bool:
        """Whether an earlier sync has read it, and it was old enough by then not to grow any more."""
        is_old = row.day is None or row.day < self.until - lookback
        return is_old and bool(self._given) and _mark(row.fields.get("uuid")) in self._given


def _mark(uuid: object) -> int:
    return int.from_bytes(mark_of(uuid, BYTES))
