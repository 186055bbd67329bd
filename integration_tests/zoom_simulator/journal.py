"""What the simulator was asked, and what it answered."""

from collections import Counter, deque
from datetime import date
from operator import attrgetter
from typing import Any, NamedTuple

from .clock import utc_date

# Faults after which the client still holds a usable answer.
_HARMLESS = {"", "slow", "reply", "change"}


class Entry(NamedTuple):
    """One request. `url` has sorted parameters and, for a page token, the offset the token stands for.

    `connection` is the client's port: requests over one connection have the same. `id` is the decoded id in
    the path.
    """

    method: str
    path: str
    url: str
    route: str
    label: str
    status: int
    fault: str
    time: float
    user_agent: str = ""
    accept_encoding: str = ""
    connection: int = 0
    id: str = ""

    @property
    def day(self) -> date:
        """The day (UTC) of the simulator's clock on which it arrived."""
        return utc_date(self.time)

    @property
    def answered(self) -> bool:
        """Whether the client is done with this request: a success, or an error that repeating cannot mend."""
        final = 200 <= self.status < 300 or (400 <= self.status < 500 and self.status not in (401, 429))
        return final and self.fault in _HARMLESS


class Journal:
    """All requests in order, or with `keep=False` only their counts, so that memory stays flat."""

    def __init__(self, *, keep: bool = True) -> None:
        self.keep = keep
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        self.entries: list[Entry] = []
        self.counts: Counter[tuple[str, int]] = Counter()
        self.requests: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.days: Counter[tuple[date, str]] = Counter()
        self.unknown_paths: deque[str] = deque(maxlen=1000)
        self.token_requests = 0
        self.max_in_flight = self.in_flight

    def enter(self) -> None:
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def leave(self) -> None:
        self.in_flight -= 1

    def add(self, entry: Entry) -> None:
        self.counts[entry.route, entry.status] += 1
        self.requests[entry.label] += 1
        self.answers[entry.label] += entry.answered
        self.days[entry.day, entry.route] += 1
        if entry.fault:
            self.faults[entry.fault] += 1
        self.token_requests += entry.route == "token"
        if entry.route == "unknown":
            self.unknown_paths.append(entry.path)
        if self.keep:
            self.entries.append(entry)

    def of(self, route: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.route == route]

    def answered(self) -> list[Entry]:
        """API requests that got their final answer; token requests do not count."""
        return [entry for entry in self.entries if entry.answered and entry.route != "token"]

    def by_url(self) -> Counter[str]:
        """How often each distinct URL was asked."""
        return Counter(entry.url for entry in self.entries)

    def tally(self, *names: str, **wanted: object) -> Counter[Any]:
        """Requests counted by some attributes of an entry, by one or by several in a tuple.

        Only those count whose other attributes are as wanted: `tally("day", "id", route="meetings")`.
        """
        chosen = (
            entry
            for entry in self.entries
            if all(getattr(entry, name) == value for name, value in wanted.items())
        )
        return Counter(map(attrgetter(*names), chosen))

    @property
    def refused(self) -> int:
        """Requests that met a rate limit."""
        return sum(number for (_, status), number in self.counts.items() if status == 429)

    def summary(self) -> dict[str, object]:
        return {
            "requests": sum(self.counts.values()),
            "requests_by_label": dict(self.requests),
            "answered_by_label": dict(self.answers),
            "by_route_and_status": {
                f"{route} {status}": n for (route, status), n in sorted(self.counts.items())
            },
            "by_day_and_route": {f"{day} {route}": n for (day, route), n in sorted(self.days.items())},
            "refused": self.refused,
            "faults": dict(self.faults),
            "token_requests": self.token_requests,
            "unknown_paths": list(self.unknown_paths),
            "max_in_flight": self.max_in_flight,
        }
