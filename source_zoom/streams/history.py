"""The account's history of past meetings and webinars, also of hosts who are no longer there."""

import threading
from abc import ABC
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from typing import Any, ClassVar

from source_zoom.api.rate_limits import HEAVY
from source_zoom.engine.pages import Record
from source_zoom.engine.slices import ONE_DAY, Closed, Row, Searched, Slice, Window, in_utc, utc_day
from source_zoom.engine.stream import REPORT_MONTHS, ZoomStream
from source_zoom.exceptions import Outcome, StreamEnded, Unread

MEETING, WEBINAR = 2, 5
EVERYTHING = "all"
# How the other lists of past occurrences call what the history has as well.
ALIASES = {
    "uuid": "meeting_uuid",
    "id": "meeting_id",
    "participants_count": "participants",
    "total_minutes": "total_participant_minutes",
}


class PastList(ZoomStream, ABC):
    """A list of past occurrences: sorted by their starts as texts, so these are in UTC and can be read."""

    numbers: ClassVar[Sequence[str]] = ()

    def complete(self, record: Record) -> None:
        with suppress(KeyError, AttributeError, ValueError, OverflowError):
            # Whatever its offset, an instant is compared as Zoom has it elsewhere.
            record["start_time"] = in_utc(record["start_time"])

    def oddity(self, record: Record) -> str:
        parsers: dict[str, Callable[[Any], object]] = {
            **dict.fromkeys(self.numbers, int),
            "start_time": utc_day,
        }
        for name, parse in parsers.items():
            if name == "id" or record.get(name):
                try:
                    parse(record.get(name))
                except (TypeError, ValueError, OverflowError):
                    return f"with an invalid {name}: {record.get(name)!r:.100}"
        return ""


class ReportHistoryMeetings(PastList):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/history_meetings"""

    in_order = True
    months = months_answered = REPORT_MONTHS
    endpoint = "report/history_meetings"
    record_key = "history_meetings"
    primary_key = "meeting_uuid"
    cursor_field = "start_time"
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:list_history_meetings:admin")

    def _row(self, kept: Sequence[str], found: Slice, record: Record) -> Row:
        aliases = {name: record.get(field) for name, field in ALIASES.items()}
        kind = WEBINAR if record.get("type") == "Webinar" else MEETING
        return super()._row(kept, found, {**record, **aliases, "type": kind})


class HistoryFilter:
    """Of which past occurrences of one kind the history says that they have no polls, questions or surveys.

    Its lists of those that have are read when somebody asks, each month once. What it does not name, or what
    no list can be read for, is never said to lack anything. `_lock` guards all but `windows`, the months
    that a sync searches, each with a day more on both sides.
    """

    def __init__(self, history: ReportHistoryMeetings, kind: str) -> None:
        self._history = history
        self._kind = kind
        self._lock = threading.Lock()
        self._named: set[int] = set()
        self._having: defaultdict[str, set[int]] = defaultdict(set)
        self._is_read: dict[tuple[str, Window], bool] = {}
        self.windows: Sequence[Window] = ()

    def __repr__(self) -> str:
        return f"HistoryFilter({self._kind}s, {len(self._named)} named, {len(self._is_read)} lists read)"

    def name(self, uuid: object) -> None:
        """Note an occurrence that the history names."""
        with self._lock:
            self._named.add(hash(uuid))

    def lacks(self, report_type: str, uuid: object, day: date, *, is_named: bool = True) -> bool:
        """Whether the history names an occurrence, and does not list it among those with such data.

        `is_named`: whether `name` was told, if the history names it.
        """
        key, around = hash(uuid), Window(day - ONE_DAY, day + ONE_DAY)
        windows = [window for window in self.windows if window.overlaps(around)]
        with self._lock:
            if not is_named and key not in self._named:
                # What was found elsewhere may be so old that nobody has come to its month yet.
                self._read(EVERYTHING, self._named, windows)
            if key not in self._named:
                return False
            having = self._having[report_type]
            return self._read(report_type, having, windows) and key not in having

    def lacking(self, report_type: str, days: Window, kept: Iterable[str]) -> Iterator[Row | Searched]:
        """All of some days that are not listed as having such data, and that each month has come.

        Raises Unread or StreamEnded where the history cannot be read.
        """
        oldest = self._history.oldest(self._history.sync.clock.today) + ONE_DAY
        for month in Window(max(days.first, oldest) - ONE_DAY, days.last).months():
            events = self._history.read_for_children(tuple(kept), self._slice(EVERYTHING, month))
            if isinstance(events[-1], Closed) and isinstance(events[-1].why, Unread):
                raise events[-1].why
            with self._lock:
                # Where its list cannot be read any more, all may lack it.
                self._read(report_type, self._having[report_type], [month])
                having = frozenset(self._having[report_type])
            for row in (event for event in events if isinstance(event, Row)):
                if row.day in days and hash(row.fields["uuid"]) not in having:
                    yield row
            yield Searched(month.first, month.last + ONE_DAY)

    def _read(self, report_type: str, found: set[int], windows: Iterable[Window]) -> bool:
        """Read the lists of these months that are not read yet. Returns whether all could be."""
        return all(self._read_once(report_type, found, window) for window in windows)

    def _read_once(self, report_type: str, found: set[int], window: Window) -> bool:
        key = (report_type, window)
        if key not in self._is_read:
            try:
                events = self._history.read_for_children(("uuid",), self._slice(report_type, window))
            except StreamEnded:
                events = []
            self._is_read[key] = _is_whole(events)
            found.update(hash(event.fields["uuid"]) for event in events if isinstance(event, Row))
        return self._is_read[key]

    def _slice(self, report_type: str, window: Window) -> Slice:
        query = {**window.query, "meeting_type": self._kind, "report_type": report_type}
        return Slice(self._history.endpoint, query)


def _is_whole(events: Sequence[object]) -> bool:
    """Whether every page of a list came."""
    return any(isinstance(event, Closed) and event.outcome is Outcome.READ for event in events)
