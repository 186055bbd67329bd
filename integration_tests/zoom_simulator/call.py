"""One request as a handler sees it, with what Zoom's lists and time windows have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from .clock import add_months, utc_date
from .errors import ZoomError
from .ids import Kind
from .paging import DEFAULT_SIZE, LARGEST_SIZE, PageTokens
from .units import View, Window
from .world import World

Json = dict[str, Any]
T = TypeVar("T")


class Text(NamedTuple):
    """An answer that is no JSON, such as the text of a file."""

    body: str
    content_type: str = "text/plain"


class Redirect(NamedTuple):
    """An answer that sends the client elsewhere: to a path on the simulator, or to a whole URL."""

    location: str


@dataclass(frozen=True)
class Call:
    """One request as a handler sees it. `id` is the decoded id in the path: "" if there is none.

    `kind` tells meetings from webinars where both have such a path. `url` is where the simulator listens, for
    addresses in rows.
    """

    world: World
    tokens: PageTokens
    now: float
    key: str
    id: str
    query: Mapping[str, str]
    kind: Kind
    url: str = ""

    @property
    def view(self) -> View:
        """The account as this request finds it, which is what functions of rows take."""
        return View(self.world, self.now, self.url)

    def page(
        self,
        name: str,
        items: Sequence[T],
        render: Callable[[T], Json],
        *,
        numbered: bool = False,
        **extra: Any,
    ) -> Json:
        """The page of a list that was asked for, in Zoom's envelope."""
        size = min(self._number("page_size", DEFAULT_SIZE), LARGEST_SIZE)
        if not size:
            raise _invalid("page_size")
        offset = (max(self._number("page_number", 1), 1) - 1) * size
        if token := self.query.get("next_page_token"):
            found = self.tokens.offset(token, self.key, self.now)
            if found is None:
                raise ZoomError(400, 300, "The next page token is invalid or expired.")
            offset = found
        end = offset + size
        more = end < len(items)
        envelope = {
            "next_page_token": self.tokens.issue(self.key, end, self.now) if more else "",
            "page_count": -(-len(items) // size),
            "page_size": size,
            "total_records": len(items),
            **({"page_number": offset // size + 1} if numbered else {}),
        }
        return {**envelope, **extra, name: [render(item) for item in items[offset:end]]}

    def one_of(self, name: str, values: Sequence[str]) -> str:
        """A parameter that takes one of some values, of which the first is the default."""
        value = self.query.get(name) or values[0]
        if value not in values:
            raise _invalid(name)
        return value

    def window(self, months_back: int = 6) -> Window:
        """The days that `from` and `to` name: required, a month at most, and not older than that."""
        try:
            first, last = (date.fromisoformat(self.query.get(name, "")) for name in ("from", "to"))
        except ValueError:
            raise _invalid("from", "from and to are required, as yyyy-mm-dd.") from None
        if last < first or last > add_months(first, 1):
            raise _invalid("to", "The range from from to to must be one month at most.")
        if first < add_months(utc_date(self.now), -months_back):
            raise ZoomError(400, 300, f"Only provide report in recent {months_back} months.")
        return Window(first, last)

    def instants(self) -> tuple[float, float]:
        """The instants that `from` and `to` name, both required, where a list takes no days."""
        first, last = (self.query.get(name, "") for name in ("from", "to"))
        try:
            return _instant(first), _instant(last)
        except ValueError:
            raise ZoomError(400, 300, "Invalid parameter: from, to.") from None

    def _number(self, name: str, default: int) -> int:
        text = self.query.get(name) or str(default)
        if not text.isdecimal():
            raise _invalid(name)
        return int(text)


def _instant(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()


def _invalid(name: str, detail: str = "Invalid field.") -> ZoomError:
    return ZoomError(400, 300, f"Invalid parameter: {name}.", [{"field": name, "message": detail}])
