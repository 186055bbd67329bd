"""What could not be read in earlier syncs, why, and when it is asked for again.

In the state it stands as groups of units that failed alike, under `retry` and, where Zoom withholds them,
under `withheld`; under `owed` what is known and was not asked for, as the requests of a day did not suffice:

    {"list": "report_user_meetings", "fields": ["id"], "units": [["…"], …], "words": "…",
     "from": "2026-11-01", "to": "2026-11-20", "since": "2026-11-18", "asked": "2026-11-20", "attempts": 3}

`list` is absent for the stream's own units. Withheld occurrences stand there by host, each by its newest.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from zlib import crc32

from source_zoom.engine.slices import ONE_DAY, Fields, Window, utc_day
from source_zoom.exceptions import StreamEnded

MOST_UNITS = 20_000
# What the requests of a day did not suffice for is found again by a search where it is more than this.
MOST_OWED = 5_000
KINDS = OWED, RETRY, WITHHELD = "owed", "retry", "withheld"
ATTEMPTS, DAYS_UNREAD = 5, 3
WEEK = 7
OF_HOST = "host "
# The way of what a list on the retry list leads to.
AGAIN = "again"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Retry:
    """One unit to ask for again.

    unit         the row of which its slice is made
    words        why it could not be read
    days         the days of what it holds
    since        the day of the first failure
    asked        the day on which it was asked for last
    attempts     in how many syncs it has failed
    is_withheld  whether Zoom withholds it, so that it is asked for once a week
    others       how many units of its host it stands for besides itself; None where it stands for itself
    others_answered  whether its like was answered in a sync in which it was not
    """

    unit: Fields
    words: str
    days: Window
    since: date
    asked: date
    attempts: int = 1
    is_withheld: bool = False
    others: int | None = None
    others_answered: bool = False

    @property
    def kind(self) -> str:
        """The key of the state under which it stands."""
        return WITHHELD if self.is_withheld else RETRY if self.attempts else OWED

    @property
    def is_owed(self) -> bool:
        """Whether nobody has asked for it yet."""
        return self.kind == OWED

    def is_due(self, key: Key, today: date) -> bool:
        """Once a sync on the first day, then once a day; what is withheld once a week, a part each day."""
        if not self.is_withheld:
            return self.asked != today or self.since == today
        days = min((today - self.asked).days, WEEK)
        own_day = crc32("".join(key).encode()) % WEEK
        return days < 0 or any((today.toordinal() - n) % WEEK == own_day for n in range(days))


@dataclass
class RetryList:
    """The units that a stream still has to read, by list and key; a list of "" is the stream's own.

    Changed under the lock of the cursor that owns it. `noted` are the keys that failed in this sync, and
    `settled` those that were read or are gone; `_under_way` counts what they led to and is not done yet.
    """

    today: date
    entries: dict[Key, Retry] = field(default_factory=dict)
    due: frozenset[Key] = frozenset()
    noted: set[Key] = field(default_factory=set)
    settled: set[Key] = field(default_factory=set)
    _under_way: Counter[Key] = field(default_factory=Counter)

    def load(self, state: Mapping[str, Any], key_of: Callable[[str, Fields], str]) -> None:
        """Take over what a state holds. Raises one of half a dozen errors where it is not this class's."""
        groups = [(kind, group) for kind in KINDS for group in state.get(kind, [])]
        if max(len(groups), sum(len(group["units"]) for _, group in groups)) > MOST_UNITS:
            raise ValueError("more than was ever put on a list")
        for kind, group in groups:
            days = Window.of(group).until(self.today + ONE_DAY)
            since, asked = date.fromisoformat(group["since"]), date.fromisoformat(group["asked"])
            name, words, attempts = str(group.get("list", "")), str(group["words"]), int(group["attempts"])
            units, others, answered = group["units"], group.get("others"), bool(group.get("others_answered"))
            if not isinstance(units, list) or not all(isinstance(values, list) for values in units):
                raise TypeError("units are no lists")
            for values, number in zip(units, others or [None] * len(units), strict=True):
                unit = dict(zip(group["fields"], values, strict=True))
                key = (name, key_of(name, unit) if number is None else OF_HOST + unit["host_id"])
                its_days = days if name or number is not None else _days_of(unit, days)
                is_withheld = kind == WITHHELD
                entry = Retry(unit, words, its_days, since, asked, attempts, is_withheld, number, answered)
                self.entries[owed_key(key, days) if kind == OWED else key] = entry

    def start(self, months_kept: Callable[[str], date | None]) -> None:
        """Forget what the endpoints no longer answer, and find out what is due in this sync."""
        for key, entry in list(self.entries.items()):
            oldest = months_kept(key[0])
            if oldest and entry.days.last < oldest:
                del self.entries[key]
        self.due = frozenset(key for key, entry in self.entries.items() if entry.is_due(key, self.today))

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """The keys of the state; absent where there is nothing to say."""
        groups: defaultdict[_Alike, list[Retry]] = defaultdict(list)
        for (name, _), entry in self.entries.items():
            groups[_Alike.of(name, entry)].append(entry)
        state: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for alike, entries in groups.items():
            state[entries[0].kind].append(alike.state(entries))
        return dict(state)

    def add(self, key: Key, unit: Fields, words: str, days: Window, *, is_told: bool = False) -> bool:
        """Note that a unit could not be read; `is_told`: because Zoom says that it withholds it.

        Returns whether it is withheld, and so no failure. Raises StreamEnded where the list is full.
        """
        before = self.entries.get(key)
        if before is None and len(self.entries) >= MOST_UNITS:
            raise StreamEnded(
                f"More than {MOST_UNITS} resources could not be read, so the state stays where it is."
            )
        if before is None:
            before = Retry(unit, words, days, self.today, self.today, 0)
        attempts = 0 if is_told else before.attempts + (key not in self.noted)
        is_withheld = is_told or (before.is_withheld and before.attempts >= ATTEMPTS)
        entry = replace(before, unit=unit, words=words, days=before.days.hull(days), asked=self.today)
        self.entries[key] = replace(entry, attempts=attempts, is_withheld=is_withheld)
        self.noted.add(key)
        self.settled.discard(key)
        return is_withheld

    def add_withheld(self, key: Key, unit: Fields, words: str, day: date) -> None:
        """Note an occurrence that Zoom withholds: by its host, where that is known, and by the newest."""
        host = unit.get("host_id")
        if not host:
            self.add(key, unit, words, Window(day, day), is_told=True)
            return
        of_host = ("", OF_HOST + str(host))
        before = self.entries.get(of_host)
        is_same = before is not None and before.unit.get("uuid") == unit.get("uuid")
        others = (before.others or 0) + (not is_same) if before else 0
        is_newest = before is None or start_of(unit) >= start_of(before.unit)
        newest = unit if is_newest or before is None else before.unit
        self.add(of_host, newest, words, Window(day, day), is_told=True)
        self.entries[of_host] = replace(self.entries[of_host], others=others)

    def leaves_out(self, unit: Fields) -> bool:
        """Whether an occurrence is no newer than what Zoom has withheld of its host in earlier syncs."""
        key = ("", f"{OF_HOST}{unit.get('host_id')}")
        of_host = self.entries.get(key)
        if of_host is None or key in self.noted or not "" < start_of(unit) <= start_of(of_host.unit):
            return False
        if unit.get("uuid") != of_host.unit.get("uuid") and not of_host.others:
            # Now there is something that the newest one does not stand for.
            of_host = replace(of_host, others=1)
        self.entries[key] = replace(of_host, days=of_host.days.hull(_days_of(unit, of_host.days)))
        return True

    def owe(self, key: Key, unit: Fields, days: Window) -> bool:
        """Put a unit on the list that nobody has asked for; it is due in the next sync.

        Returns whether it is on it, since only so many are.
        """
        key = owed_key(key, days)
        if key not in self.entries and self.can_owe:
            asked = self.today - ONE_DAY
            self.entries[key] = Retry(unit, "not asked for yet", days, asked, asked, attempts=0)
        return key in self.entries

    @property
    def can_owe(self) -> bool:
        return len(self.entries) < MOST_OWED

    @property
    def number_owed(self) -> int:
        """How many units nobody has asked for yet."""
        return sum(entry.is_owed for entry in self.entries.values())

    @property
    def owed_from(self) -> date:
        """The first of the days of lists that nobody has asked for yet."""
        owed = (entry.days.first for (name, _), entry in self.entries.items() if name and entry.is_owed)
        return min(owed, default=date.max)

    def extend(self, key: Key, last: date) -> None:
        """Note that a unit was left out, so that its newer days are missing as well."""
        if entry := self.entries.get(key):
            self.entries[key] = replace(entry, days=entry.days.hull(Window(last, last)))

    def forget(self, lists: Iterable[str]) -> None:
        """Drop what has failed of these lists in this sync: they are refused as a whole."""
        for key in [key for key in self.noted if key[0] in lists]:
            self.entries.pop(key, None)

    def open(self, key: Key) -> None:
        self._under_way[key] += 1

    def close(self, key: Key) -> None:
        self._under_way[key] -= 1
        self._drop(key)

    def settle(self, key: Key) -> Retry | None:
        """Note that a unit was read, or is gone. Returns its entry."""
        if key not in self.entries or key in self.noted:
            return None
        self.settled.add(key)
        entry = self.entries[key]
        self._drop(key)
        return entry

    def _drop(self, key: Key) -> None:
        if key in self.settled and not self._under_way[key]:
            self.entries.pop(key, None)

    def promote(self, is_answered: Callable[[str], bool]) -> None:
        """Take what has failed long enough, while its like was answered, for withheld."""
        for key in self.noted & self.entries.keys():
            entry = self.entries[key]
            others_answered = bool(entry.unit) and (entry.others_answered or is_answered(key[0]))
            is_old = entry.attempts >= ATTEMPTS and (self.today - entry.since).days >= DAYS_UNREAD
            is_withheld = entry.is_withheld or (others_answered and is_old)
            self.entries[key] = replace(entry, others_answered=others_answered, is_withheld=is_withheld)

    def of_own(self, *, are_owed: bool = False) -> list[tuple[Key, Retry]]:
        """The stream's own units that are due, the oldest first."""
        return [(key, entry) for key, entry in self._due(are_owed) if not key[0]]

    def of_lists(self, *, are_owed: bool = False) -> list[tuple[Key, Retry]]:
        """The lists that are due, the oldest first."""
        return [(key, entry) for key, entry in self._due(are_owed) if key[0]]

    def _due(self, are_owed: bool) -> list[tuple[Key, Retry]]:
        found = [(key, entry) for key, entry in self.entries.items() if key in self.due]
        return sorted(
            ((key, entry) for key, entry in found if entry.is_owed is are_owed),
            key=lambda one: (one[1].days, one[0]),
        )


class _Alike(NamedTuple):
    """What the units of a group in the state have in common."""

    list: str
    fields: tuple[str, ...]
    words: str
    since: date
    asked: date
    attempts: int
    is_withheld: bool
    others_answered: bool
    is_of_host: bool
    # The days of the stream's own units are in these, so that a few groups hold them all.
    days: Window | None

    @classmethod
    def of(cls, name: str, one: Retry) -> "_Alike":
        flags = (one.is_withheld, one.others_answered, one.others is not None)
        days = one.days if name else None
        return cls(name, tuple(one.unit), one.words, one.since, one.asked, one.attempts, *flags, days)

    def state(self, entries: Sequence[Retry]) -> dict[str, Any]:
        days = Window(min(one.days.first for one in entries), max(one.days.last for one in entries))
        return {
            **({"list": self.list} if self.list else {}),
            "fields": list(self.fields),
            "units": [list(one.unit.values()) for one in entries],
            **({"others": [one.others for one in entries]} if self.is_of_host else {}),
            **{"words": self.words, **days.state},
            **{"since": self.since.isoformat(), "asked": self.asked.isoformat(), "attempts": self.attempts},
            **({"others_answered": True} if self.others_answered else {}),
        }


def owed_key(key: Key, days: Window) -> Key:
    """A list is owed window by window: of those that failed, all windows are one entry."""
    return (key[0], f"{key[1]} {days.first} {days.last}") if key[0] else key


def start_of(unit: Fields) -> str:
    """When an occurrence began, to be compared; "" where that is not known."""
    return str(unit.get("start_time") or "")


def _days_of(unit: Fields, days: Window) -> Window:
    """The day of an occurrence, or else the days of its group."""
    try:
        day = utc_day(start_of(unit))
    except (TypeError, ValueError, OverflowError):
        return days
    return Window(day, day)
