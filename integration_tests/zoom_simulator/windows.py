"""Lists of the account that reach back as far as there is anything: how much of them a client has to ask for.

Nobody says since when there is something, so whoever wants all of it finds out: month by month, until a year
is empty.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from .clock import add_months, utc_date
from .paging import LARGEST_SIZE
from .units import Ask, View, Window
from .world import World

MOST_MONTHS, EMPTY_MONTHS = 60, 12
LONG_AGO = date(2000, 1, 1)
T = TypeVar("T")


def ask_back(
    find: Callable[[World, date, date, float], Sequence[T]],
    time: Callable[[World, T], float],
    size: int = LARGEST_SIZE,
) -> Callable[[View, Window], Iterator[Ask]]:
    """The requests for a month: one that tells whether it is empty, and those for its rows.

    `find` gives the rows of some days, `time` when each has come to be, and `size` is that of a page.
    """

    def ask(view: View, window: Window) -> Iterator[Ask]:
        oldest = _oldest_month(find, time, view.world, view.now)
        is_newest = window.last == utc_date(view.now)
        if not is_newest and window.last >= add_months(oldest, -EMPTY_MONTHS):
            yield Ask({"page_size": 1})
        if window.last >= oldest:
            yield Ask(total=len(find(view.world, *window, view.now)), size=size)

    return ask


@lru_cache(maxsize=8)
def _oldest_month(
    find: Callable[..., Sequence[Any]], time: Callable[..., float], world: World, now: float
) -> date:
    """The first day of the month of the oldest row, or of this month where there is none."""
    times = (time(world, row) for row in find(world, LONG_AGO, utc_date(now), now))
    return utc_date(min(times, default=now)).replace(day=1)
