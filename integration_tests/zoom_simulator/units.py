"""What the rows of a stream hang on, and what it takes to ask for them.

Each kind of unit carries the function that yields the rows of one unit, worked out from the world and not by
asking a handler, and the function that says which requests one unit needs at least.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from .paging import LARGEST_SIZE
from .plans import Occurrence, Series
from .world import World

Json = dict[str, Any]


class View(NamedTuple):
    """The account as a client finds it at one instant, where a simulator serves it at `url`.

    A world does not know where it is served, so whatever makes addresses takes the URL from here.
    """

    world: World
    now: float
    url: str = ""
    pending_users: bool = False


class Window(NamedTuple):
    """Days (UTC), both included, that one request may span."""

    first: date
    last: date


class Ask(NamedTuple):
    """A request that no complete read can do without; with a `total` it is a list, of pages of a `size`."""

    query: Mapping[str, object] = {}
    total: int | None = None
    size: int = LARGEST_SIZE


def once(*_: object) -> tuple[Ask, ...]:
    """One request, without parameters."""
    return (Ask(),)


class Account(NamedTuple):
    """Rows of the account as a whole."""

    rows: Callable[[View], Iterable[Json]]
    asked: Callable[[View], Iterable[Ask]] = once


class Listed(NamedTuple):
    """Rows of each meeting or webinar in a list; `itself` when the row is that meeting or webinar.

    Those `of_registration` are refused where it has none: the refusal of one says the same of the others.
    """

    rows: Callable[[View, Series], Iterable[Json]]
    asked: Callable[[View, Series], Iterable[Ask]] = once
    itself: bool = False
    of_registration: bool = False


class Past(NamedTuple):
    """Rows of each past occurrence; of a `report_type` where the history can list those that have any."""

    rows: Callable[[View, Occurrence], Iterable[Json]]
    asked: Callable[[View, Occurrence], Iterable[Ask]] = once
    report_type: str = ""


class Hosted(NamedTuple):
    """Rows of the lists in which the reports have what each host held in a month.

    Past occurrences are found in them as well, so whoever reads these has made no request for the rows.
    """

    rows: Callable[[View, int, Window], Iterable[Json]]


class Months(NamedTuple):
    """Rows of the account with a time of their own, asked with `from` and `to`, a month at most.

    They reach back to the day `back` months ago. `asked` leaves `from` and `to` out.
    """

    rows: Callable[[View, Window], Iterable[Json]]
    back: int = 6
    asked: Callable[[View, Window], Iterable[Ask]] = once


class Items(NamedTuple):
    """Rows of each item in the list `items` in the rows of the stream `of`.

    What is to be read of an item is at the address in its field `address`; without such a field the item has
    come with its parent and costs no request. `wanted` says which items have rows.
    """

    of: str
    items: str
    rows: Callable[[View, Json, Json], Iterable[Json]]
    address: str = ""
    wanted: Callable[[Json], bool] = bool


class Each(NamedTuple):
    """Rows of each row of the stream or list `of`, whose field `key` stands in the path."""

    of: str
    rows: Callable[[View, Json], Iterable[Json]]
    asked: Callable[[View, Json], Iterable[Ask]] = once
    key: str = "id"


Units = Account | Listed | Past | Hosted | Months | Items | Each
