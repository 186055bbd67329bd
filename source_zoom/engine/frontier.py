"""How far ordered work has come: by days, or by the ids of lists."""

import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, Generic, TypeVar

from source_zoom.engine.slices import Window

END = sys.maxsize

Place = TypeVar("Place", date, int)


class Frontier(Generic[Place]):
    """All before `position` is done: all before `reached` has been opened, and some of it is still open."""

    def __init__(self, start: Place) -> None:
        self.reached: Place = start
        self._open: Counter[Place] = Counter()

    def __repr__(self) -> str:
        return f"Frontier({self.position}, {len(self._open)} open)"

    def open(self, key: Place) -> None:
        self._open[key] += 1

    def close(self, key: Place) -> None:
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]

    def reach(self, key: Place) -> None:
        """Note that everything before this has been opened."""
        self.reached = max(self.reached, key)

    @property
    def position(self) -> Place:
        return min(self.reached, *self._open) if self._open else self.reached


class Pass:
    """Going through lists in the order of their ids, for what they hold of some days.

    first       up to this id an earlier sync had come
    began       the day on which it began
    is_running  whether the lists are gone through in this sync
    """

    def __init__(self, days: Window, began: date, first: int = 0, *, is_running: bool = True) -> None:
        self.days = days
        self.began = began
        self.first = first
        self.is_running = is_running
        self.lists = Frontier(first + 1)

    def __repr__(self) -> str:
        return f"Pass({self.days}, after {self.after})"

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "Pass":
        """From a state. Raises KeyError, TypeError, ValueError or OverflowError."""
        return cls(Window.of(state), date.fromisoformat(state["began"]), int(state["after"]))

    @property
    def state(self) -> dict[str, Any]:
        return {"after": self.after, "began": self.began.isoformat(), **self.days.state}

    @property
    def after(self) -> int:
        """Up to this id all lists are done."""
        return max(self.first, self.lists.position - 1)

    @property
    def is_over(self) -> bool:
        return self.lists.position == END

    def wants(self, number: int, day: date | None) -> bool:
        """Whether what a list holds of a day has not been read by an earlier sync."""
        return number > self.first and (day is None or day in self.days)
