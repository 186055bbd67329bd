"""What was read of the days that are still open, so that a sync reads of them what has changed.

In the state, under `open`, as texts in base64:

    {"read": {"2026-11-20": "…"}, "hosts": {"from": "2026-11-19", "rows": "…"}, "all_until": "2026-11-27"}

`read` has 12 bytes for each occurrence: a mark of its key and a stamp of its row; and for a file that was not
there yet the hour in which it was asked for. `hosts` has 15 for each host whose list was read to its end: his
mark, the stamp of his row, and the hour since which his list has had fewer occurrences than the row counts.
Until `all_until` every host is asked for.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

MOST = 100_000
MARK, STAMP, HOUR = 9, 3, 3
# For so many hours a list that has fewer occurrences than its row counts may still get them, and nothing is
# asked for again that is not there yet.
HOURS_LATE = 6
# So many hosts whose lists have changed under rows that have not, and this share of those that were compared,
# mean that a row says nothing about its list.
MOST_BROKEN, BROKEN_SHARE = 5, 0.01
DAYS_ALL = timedelta(days=7)

UNKNOWN = bytes(STAMP)
WEAK, STRONG = 1, 2


def mark_of(name: object, size: int = MARK) -> bytes:
    """A few bytes in place of an id: two of a hundred thousand are hardly ever the same."""
    return blake2b(str(name).encode(), digest_size=size).digest()


def stamp_of(values: object, *, is_weak: bool = False) -> bytes:
    """A few bytes that are others when the values are.

    `is_weak`: they are those of a further list, which may have other values for the same.
    """
    digest = int.from_bytes(blake2b(repr(values).encode(), digest_size=STAMP).digest())
    return (digest & ~1 | is_weak).to_bytes(STAMP)


def strength(stamp: bytes) -> int:
    """Which of two stamps to keep, as those of different lists cannot be compared."""
    return 0 if stamp == UNKNOWN else WEAK if stamp[-1] & 1 else STRONG


def _values(stamp: bytes) -> int:
    return int.from_bytes(stamp) | 1


class HostRow(NamedTuple):
    """What was known of a host when his list was read.

    stamp  of his row
    since  the hour (since 1970) in which his list first had fewer occurrences than the row counts, else 0
    """

    stamp: bytes
    since: int = 0


class OpenDays:
    """The occurrences read of the open days, and the hosts whose lists were. Guarded by the cursor's lock.

    `first` is the day with which the rows of the hosts begin; `_listed` are the hosts whose lists have come
    in this sync, but not yet all that they lead to; `_compared` those who were asked for although their rows
    had not changed, and `_broken` those of them whose lists had.
    """

    def __init__(self) -> None:
        self.first: date | None = None
        self.all_until = date.min
        self._read: defaultdict[date, dict[bytes, bytes]] = defaultdict(dict)
        self._hosts: dict[bytes, HostRow] = {}
        self._listed: dict[str, HostRow] = {}
        self._compared: set[str] = set()
        self._broken: set[str] = set()

    def __repr__(self) -> str:
        return f"OpenDays({sum(map(len, self._read.values()))} read, {len(self._hosts)} hosts)"

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "OpenDays":
        """From a state. Raises KeyError, TypeError, ValueError or AttributeError."""
        one = cls()
        for day, text in state.get("read", {}).items():
            one._read[date.fromisoformat(day)] = dict(_split(text, MARK, STAMP))
        if hosts := state.get("hosts"):
            one.first = date.fromisoformat(hosts["from"])
            for mark, stamp, hour in _split(hosts["rows"], MARK, STAMP, HOUR):
                one._hosts[mark] = HostRow(stamp, int.from_bytes(hour))
        one.all_until = date.fromisoformat(state.get("all_until", "0001-01-01"))
        if max(len(one._hosts), sum(map(len, one._read.values()))) > MOST:
            raise ValueError("more than was ever noted")
        return one

    def state(self, first: date, today: date, busy: Collection[object]) -> dict[str, Any]:
        """What is worth keeping where the days from `first` on are open.

        `busy` are the hosts of whom something that their lists led to is not done.
        """
        read = {day: marks for day, marks in self._read.items() if first <= day <= today and marks}
        state: dict[str, Any] = {}
        if read:
            # Joined before they are sorted: a hundred thousand take a quarter of the time.
            packed = {day: sorted(map(b"".join, read[day].items())) for day in sorted(read)}
            state["read"] = {day.isoformat(): _joined(parts) for day, parts in packed.items()}
        names = {mark_of(name) for name in busy}
        hosts = {mark: row for mark, row in self._hosts.items() if mark not in names}
        if hosts and self.first:
            rows = (mark + row.stamp + row.since.to_bytes(HOUR) for mark, row in sorted(hosts.items())[:MOST])
            state["hosts"] = {"from": self.first.isoformat(), "rows": _joined(rows)}
        if self.all_until > today:
            state["all_until"] = self.all_until.isoformat()
        return state

    # Occurrences

    def holds(self, day: date, key: str, stamp: bytes) -> bool:
        """Whether an occurrence was read when its row had these values, or was one that says less."""
        given = self._read[day].get(mark_of(key)) if day in self._read else None
        if given is None:
            return False
        is_less = UNKNOWN in (given, stamp) or strength(given) > strength(stamp)
        return is_less or _values(given) == _values(stamp)

    def note_hour(self, day: date, key: str, hour: int | None) -> None:
        """Note when there was nothing yet of what had been asked for; None: there was something."""
        mark, of_day = mark_of(f"{key} not yet"), self._read[day]
        if hour is None:
            of_day.pop(mark, None)
        elif mark in of_day or not self.is_full:
            of_day[mark] = hour.to_bytes(STAMP)

    def is_due(self, day: date, key: str, hour: int) -> bool:
        """Whether there was nothing yet of something, and that some hours ago."""
        asked = self._read[day].get(mark_of(f"{key} not yet")) if day in self._read else None
        return asked is not None and hour - int.from_bytes(asked) >= HOURS_LATE

    @property
    def is_full(self) -> bool:
        return sum(map(len, self._read.values())) >= MOST

    def note(self, day: date, key: str, stamp: bytes, *, is_read: bool = True) -> None:
        """Note that an occurrence has been read, as far as there is room.

        `is_read`: for this row's sake; else it keeps the stamp of one of a further list, for the next sync to
        compare.
        """
        mark, of_day = mark_of(key), self._read[day]
        if mark not in of_day:
            if not self.is_full:
                of_day[mark] = stamp
            return
        before, now = strength(of_day[mark]), strength(stamp)
        if now >= before and (is_read or (before, now) != (WEAK, STRONG)):
            of_day[mark] = stamp

    # Hosts

    def is_unchanged(self, host: str, stamp: bytes, hour: int = 0) -> bool:
        """Whether a host's row is that with which his list was read, and the list is not late.

        With an hour: or was found to be late in that very hour, in which nobody asks for it once more.
        """
        return self._hosts.get(mark_of(host)) in (HostRow(stamp), HostRow(stamp, hour))

    def compare(self, host: str) -> None:
        """Note that a host is asked for although his row has not changed."""
        self._compared.add(host)

    def note_news(self, host: object) -> None:
        """Note that a host's list has led to something new."""
        if host in self._compared:
            self._broken.add(str(host))

    def judge(self, today: date) -> bool:
        """Whether rows say nothing about lists, so that all hosts are asked for in the next days."""
        is_broken = len(self._broken) >= max(MOST_BROKEN, BROKEN_SHARE * len(self._compared))
        if is_broken:
            self.all_until = today + DAYS_ALL
            self._broken.clear()
        return is_broken

    def list_host(self, host: str, stamp: bytes, hour: int, *, is_short: bool) -> None:
        """Note that a host's list has come, and his row; `is_short`: it counts more than the list has."""
        before = self._hosts.get(mark_of(host))
        since = min(before.since, hour) if before and before.stamp == stamp else hour
        # What has not come for hours never will, and was no part of the list.
        is_late = is_short and hour - since < HOURS_LATE
        self._listed[host] = HostRow(stamp, since if is_late else 0)

    def search_done(self, first: date) -> None:
        """Note that what the lists of hosts led to has been handed out; their rows begin with this day."""
        if self.first != first:
            self.first = first
            self._hosts.clear()
        self._hosts |= {mark_of(host): row for host, row in self._listed.items()}
        self._listed.clear()


def _split(text: str, *sizes: int) -> Iterable[tuple[Any, ...]]:
    """The parts of these sizes that follow one another. Raises ValueError where the last is cut off."""
    try:
        return struct.iter_unpack("".join(f"{size}s" for size in sizes), urlsafe_b64decode(text))
    except struct.error as error:
        raise ValueError(str(error)) from None


def _joined(parts: Iterable[bytes]) -> str:
    return urlsafe_b64encode(b"".join(parts)).decode()
