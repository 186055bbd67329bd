"""Days of which one way of finding something is missing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from source_zoom.engine.slices import ONE_DAY, Window

# In all the years of Zoom there is no room for more that lie apart.
MOST = 1_000


class Gap(NamedTuple):
    """The days of which one way is missing."""

    way: str
    days: Window

    def without(self, done: Window) -> "list[Gap]":
        """What is left of it when some days are done."""
        if not done.overlaps(self.days):
            return [self]
        before = Window(self.days.first, done.first - ONE_DAY) if done.first > self.days.first else None
        after = Window(done.last + ONE_DAY, self.days.last) if done.last < self.days.last else None
        return [Gap(self.way, days) for days in (before, after) if days]


class Gaps:
    """The gaps of a stream, those of one way without what they share."""

    def __init__(self, gaps: Iterable[Gap] = ()) -> None:
        self._gaps = list(gaps)

    def __repr__(self) -> str:
        return f"Gaps({self._gaps})"

    def __bool__(self) -> bool:
        return bool(self._gaps)

    @classmethod
    def of_state(cls, state: Sequence[Mapping[str, str]], end: date) -> "Gaps":
        """From a state, with no day after this one. Raises KeyError, TypeError or ValueError."""
        if len(state) > MOST:
            raise ValueError("more gaps than any state has")
        return cls([Gap(str(gap["way"]), Window.of(gap).until(end)) for gap in state])

    @property
    def state(self) -> list[dict[str, Any]]:
        return [{"way": gap.way, **gap.days.state} for gap in self._gaps]

    def of(self, way: str) -> list[Window]:
        """The days of which a way is missing."""
        return [gap.days for gap in self._gaps if gap.way == way]

    def add(self, way: str, days: Window) -> None:
        """Note days of which a way is missing."""
        for one in self.of(way):
            if one.overlaps(days):
                days = days.hull(one)
                self._gaps.remove(Gap(way, one))
        self._gaps.append(Gap(way, days))

    def close(self, way: str, done: Window) -> None:
        """Note that a way has said what there is of these days."""
        self._gaps = [one for gap in self._gaps for one in (gap.without(done) if gap.way == way else [gap])]

    def forget(self, way: str, before: date) -> None:
        """Drop what a way no longer reaches."""
        self._gaps = [gap for gap in self._gaps if gap.way != way or gap.days.last >= before]
