"""How long a first sync will still take, judged by what is done and by what Zoom counts."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import partial
from math import ceil

from source_zoom.api.client import Sync
from source_zoom.api.rate_limits import A_DAY, LABELS
from source_zoom.api.session import whole_number
from source_zoom.engine.cursor import DayCursor
from source_zoom.engine.reader import AlreadyTold
from source_zoom.engine.slices import Row, Slice, Window
from source_zoom.engine.stream import ZoomStream
from source_zoom.exceptions import StreamEnded
from source_zoom.streams.past import REPORTS, PastOccurrences, ReportHosts, cursors_behind
from source_zoom.threads import start


class TimeLeft:
    """What is left of a first sync, if the rest of each stream and list takes as much as what is done.

    How many past occurrences there are is what the hosts' rows of `report/users` count, which are asked for
    once, by a thread of their own. A sync that goes on reads what has changed, and nobody counts that.
    """

    def __init__(self, streams: Iterable[ZoomStream], sync: Sync) -> None:
        found = dict.fromkeys(one for stream in streams for one in (stream, *stream.lists()))
        self._all = [one for one in found if isinstance(one, ZoomStream)]
        self._past = [one for one in found if isinstance(one, PastOccurrences)]
        self._sync = sync
        self._held: dict[Window, int] = {}
        self._is_counted = False

    def __str__(self) -> str:
        """What is left, as a part of a sentence; "" as long as that is not known."""
        requests = self.requests()
        if not requests:
            return ""
        for label, most in A_DAY.get(self._sync.limits.plan, {}).items():
            if requests[label] > most - self._sync.limits.budget(label).taken:
                return f"about {ceil(requests[label]):,} {label} requests left, more than a day allows"
        seconds = max(requests[label] / self._sync.limits.budget(label).per_second for label in LABELS)
        return f"about {ceil(seconds / 60):,} min left at Zoom's limits"

    def requests(self) -> Mapping[str, float]:
        """How many requests are left, by label; none as long as that is not known."""
        if not all(cursor.progress.known for past in self._past for cursor in cursors_behind(past)):
            return {}
        sent = self._sync.summary.requests()
        left = dict.fromkeys(LABELS, 0.0)
        for one in self._all:
            share = self._share_done(one)
            if not share:
                return {}
            left[one.rate_limit] += sent.get(one.name, 0) * (1 / share - 1)
        return left

    def _share_done(self, one: ZoomStream) -> float:
        """Which part of a stream or list is done, from 0 to 1; 0 where that is not known."""
        if one.has_generated or not (one.parent or one.has_window()):
            return 1
        if one.days and isinstance(one.parent, PastOccurrences):
            return self._share_of_past(one.days, one.parent)
        first = one.parent.first_month if isinstance(one.parent, ZoomStream) else one.first_month
        if one.days:
            return one.days.share_found(first)
        if one.has_window():
            shares = [cursor.share_found(first) for cursor in cursors_behind(one)]
            return sum(shares) / len(shares) if shares else 1
        total = one.parent.shared.total if one.parent else 0
        return min(1, one.taken / total) if total else 0

    def _share_of_past(self, days: DayCursor, past: PastOccurrences) -> float:
        """Of all occurrences; not found yet are no more than were held on the days that are left."""
        if not self._is_counted:
            self._is_counted = True
            start(partial(self._count, past.hosts), "time-left")
        found = sum(one.number_found for one in self._past)
        if not self._held or not found:
            return 0
        later = sum(n * _part_after(days.progress.new.reached, month) for month, n in self._held.items())
        rest = max(0, min(sum(self._held.values()) - found, later))
        return min(1, days.opened / max(1, past.number_found * (1 + rest / found)))

    def _count(self, hosts: ReportHosts) -> None:
        """Ask how many meetings and webinars all hosts have held, by month."""
        if REPORTS not in self._sync.config.past_meetings_from:
            return
        today = self._sync.clock.today
        held = {}
        with suppress(StreamEnded, AlreadyTold):
            for month in Window(hosts.oldest(today), today).months():
                # Not as the search asks, which takes notice of what comes.
                found = Slice(hosts.endpoint, month.query)
                events = ZoomStream.read_for_children(hosts, ("meetings",), found)
                rows = (event.fields["meetings"] for event in events if isinstance(event, Row))
                held[month] = sum(whole_number(number) or 0 for number in rows)
            self._held = held


def _part_after(day: date, month: Window) -> float:
    """Which part of a month comes after a day."""
    days = (month.last - month.first).days + 1
    return min(1, max(0, (month.last - day).days + 1) / days)
