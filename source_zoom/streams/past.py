"""Past occurrences, and the ways in which they are found.

Zoom answers a numeric id with the latest occurrence only, so every occurrence is found first, in three
ways, and then read by its UUID. The reports know instant, expired and deleted meetings of the last six
months; the history also those of hosts who have left, and nothing says that it is complete; the instances
know the occurrences of meetings that are still listed, up to 15 months back.
"""

import logging
from abc import ABC
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from itertools import chain, combinations
from typing import ClassVar

from source_zoom.api.client import Sync
from source_zoom.api.errors import advice
from source_zoom.api.rate_limits import HEAVY, LAST, LIGHT, MEDIUM
from source_zoom.api.scopes import Permissions
from source_zoom.api.session import whole_number
from source_zoom.engine.again import read_again
from source_zoom.engine.cursor import DayCursor
from source_zoom.engine.frontier import END
from source_zoom.engine.open_days import stamp_of
from source_zoom.engine.pages import Record
from source_zoom.engine.parents import PARENT_THREADS, Parent, merge, read_ahead, whole
from source_zoom.engine.retries import AGAIN, start_of
from source_zoom.engine.slices import (
    ONE_DAY,
    SHORTEST_MONTH,
    Closed,
    Event,
    Fields,
    HostListed,
    Listed,
    Retried,
    Row,
    Searched,
    Slice,
    WayRefused,
    Ways,
    Window,
    utc_day,
)
from source_zoom.engine.stream import (
    REPORT_MONTHS,
    ZoomStream,
    ZoomSubstream,
    months_before,
)
from source_zoom.exceptions import Outcome, Refused
from source_zoom.streams.history import HistoryFilter, PastList, ReportHistoryMeetings
from source_zoom.streams.users import UserMeetings, Users, UserWebinars

logger = logging.getLogger("airbyte.source_zoom")

WEBINAR_TYPES = frozenset({5, 6, 9})
# For so long Zoom answers for a past meeting that was once found.
PAST_MONTHS = 13
REPORTS, INSTANCES, HISTORY = "reports", "instances", "history"
COST_WITHOUT_HOSTS = (
    "Zoom does not say who hosted meetings, so every user is asked for every month, which can cost thousands"
    " of requests."
)
COST_WITHOUT_REPORTS = (
    "Without Zoom's reports, instant, expired and deleted {kind}s of the past are not found."
)
COST_WITHOUT_INSTANCES = (
    f"Without the instances, past {{kind}}s older than {REPORT_MONTHS} months are not found."
)
COST_WITHOUT_HISTORY = "Without the account's history, past {kind}s of hosts who have left are not found."
OCCURRENCE = ("start_time", "uuid", "id", "host_id")
# What changes in the row of an occurrence when somebody has come or gone, and in the row of a host.
ATTENDANCE = ("end_time", "duration", "total_minutes", "participants_count")
HOSTED = ("meetings", "participants", "meeting_minutes")
# One tuple for each set of ways, however many occurrences were found in it.
ORDERS = {
    frozenset(ways): ways
    for number in (1, 2, 3, 4)
    for ways in combinations((REPORTS, INSTANCES, HISTORY, AGAIN), number)
}


class ReportHosts(ZoomStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/users

    Who hosted anything in a month. Where Zoom refuses to say, every user is taken for a host.
    """

    months = REPORT_MONTHS
    endpoint = "report/users"
    record_key = "users"
    primary_key = "id"
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:list_users:admin")
    params = {"type": "active"}
    months_answered = REPORT_MONTHS

    @classmethod
    def parent_classes(cls) -> Sequence[type[Parent]]:
        return (Users,)

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        return ("id", "email")

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        # Without its own scope, the sync takes longer and misses nothing; with it, nobody needs the users.
        return [] if permissions.allow(cls.scopes) else Users.missing_scopes(permissions)

    @classmethod
    def scope_warnings(cls, permissions: Permissions) -> Iterator[str]:
        if not permissions.allow(cls.scopes):
            yield f"{COST_WITHOUT_HOSTS} {advice([permissions.to_add(cls.scopes)])}"

    def __init__(self, sync: Sync, users: Parent) -> None:
        super().__init__(sync)
        # What Zoom says of each host's days from one on to today.
        self.rows: dict[date, dict[str, Fields]] = {}
        # By address, which is all that the history has of a host.
        self.ids: dict[str, str] = {}
        self._users = users
        self.parents = (users,)

    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        # Where the hosts come, nobody needs the users; where they do not, the users are read anew.
        self._users.shared.leave()
        try:
            self._read_rows()
            yield from super().events(kept)
            return
        except Refused as refused:
            logger.warning(f"{COST_WITHOUT_HOSTS} {refused}")
        yield from self._every_user()

    @property
    def open_days(self) -> Window:
        """The days for which the next sync asks, if this one reads all before them."""
        clock = self.sync.clock
        return Window(clock.closed - ONE_DAY, clock.today)

    def _read_rows(self) -> None:
        """Get the hosts' rows of the open days before their lists, where the search asks for other days.

        A row that is older than its list makes the next sync ask for the list once more; one that is newer
        would hide what the list did not have yet. And those of the days under which lists were read last,
        which shows whether lists change under rows that do not.
        """
        days = Parent.days_wanted(self)
        if not days:
            return
        today, oldest = self.sync.clock.today, self.sync.clock.today - SHORTEST_MONTH
        noted = {cursor.hosts_from for cursor in cursors_behind(self)}
        firsts = {self.open_days.first, *(first for first in noted if first and oldest < first <= today)}
        self.rows = {first: {} for first in sorted(firsts)}
        for first in self.rows:
            if first + ONE_DAY != days[0].first:
                self.read_for_children(("id", *HOSTED), Slice(self.endpoint, Window(first, today).query))

    def read_for_children(self, kept: Sequence[str], found: Slice) -> list[Event]:
        events = super().read_for_children(kept, found)
        self._note_addresses(event for event in events if isinstance(event, Row))
        window = found.window
        if window and window.last == self.sync.clock.today and window.first in self.rows:
            rows = {str(event.fields["id"]): event.fields for event in events if isinstance(event, Row)}
            self.rows[window.first] |= rows
        return events

    def _every_user(self) -> Iterator[Event]:
        # Whoever is missing may have been a host: no day would have been searched.
        hosts = yield from whole(self._users)
        self._note_addresses(hosts)
        for month, searched in self.months_in_turn():
            yield from (Row({**host.fields, **month.query}, month.first, REPORTS) for host in hosts)
            yield searched

    def _note_addresses(self, hosts: Iterable[Row]) -> None:
        found = ((host.fields.get("email"), host.fields["id"]) for host in hosts)
        self.ids |= {str(address).lower(): str(id_) for address, id_ in found if address}


class OccurrenceList(PastList, ZoomSubstream, ABC):
    """A list of past occurrences, which children ask for by `uuid` and which is sorted by `start_time`."""

    primary_key = "uuid"
    parent_priority = LAST
    numbers = ("id", "type")

    @classmethod
    def number_fields(cls) -> Sequence[str]:
        return ("id", "type")

    def _row(self, kept: Sequence[str], found: Slice, record: Record) -> Row:
        row = super()._row(kept, found, record)
        start, end = record.get("start_time"), None
        with suppress(KeyError, TypeError, ValueError, OverflowError):
            end = utc_day(record["end_time"])
        return row._replace(day=utc_day(start) if start else row.day, end=end)


class ReportedOccurrences(OccurrenceList):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/users/{userId}/meetings

    Meetings and webinars in one list, told apart by `type`; those that one person attended alone come only
    to who asks for them.
    """

    parent_class = ReportHosts
    inherits = {"host_id": "id"}
    endpoint = "report/users/{host_id}/meetings"
    record_key = "meetings"
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:user:admin")
    query_variants: Sequence[Mapping[str, str]] = ({"type": "past"},)
    months_answered = REPORT_MONTHS
    ways = Ways(changes=ATTENDANCE)

    def __init__(self, sync: Sync, hosts: ReportHosts) -> None:
        super().__init__(sync, hosts)
        self.hosts = hosts
        if sync.config.include_solo_meetings:
            self.query_variants = ({"type": "past"}, {"type": "pastOne"})

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        return ("id", "email", "from", "to", *HOSTED)

    @classmethod
    def has_window(cls) -> bool:
        return True

    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        # Who takes its rows as they are has no other parent to read again what failed.
        yield from read_again(self, are_owed=True)
        yield from super().events(kept)
        yield from read_again(self)

    def is_unchanged(self, fields: Fields) -> bool:
        host, window, stamp = str(fields["id"]), Window.of(fields), _stamp(fields)
        says = set()
        # Each is asked, since it notes what it is asked.
        for cursor in cursors_behind(self):
            says.add(cursor.is_host_unchanged(host, window, stamp))
            first = cursor.hosts_from
            row = self.hosts.rows.get(first, {}).get(host) if first and first != window.first else None
            if row and window.last == self.sync.clock.today:
                cursor.compare_host(host, _stamp(row))
        return fields.get("meetings") is not None and says - {None} == {True}

    def read_for_children(self, kept: Sequence[str], found: Slice) -> list[Event]:
        events = super().read_for_children(kept, found)
        open_days, host = self.hosts.open_days, str(found.unit.get("id"))
        covers = found.window is not None and found.window.covers(open_days)
        is_read = isinstance(events[-1], Closed) and events[-1].outcome is Outcome.READ
        if covers and is_read and (row := self.hosts.rows.get(open_days.first, {}).get(host)):
            first = open_days.first.isoformat()
            starts = [str(event.fields.get("start_time")) for event in events if isinstance(event, Row)]
            listed = [start for start in starts if start >= first or found.window == open_days]
            is_short = len(listed) < (whole_number(row["meetings"]) or 0)
            events.append(HostListed(host, _stamp(row), is_short))
        return events


def cursors_behind(parent: Parent) -> Iterator[DayCursor]:
    """How far the streams have come that hang on a list, or on what hangs on it."""
    for child in parent.children:
        if child.days:
            yield child.days
        yield from cursors_behind(child)


def _stamp(row: Fields) -> bytes:
    """What changes when a host's row does."""
    return stamp_of([str(row.get(name)) for name in HOSTED])


class InstanceList(OccurrenceList, ABC):
    """A list of occurrences for each listed meeting, in the order of their ids.

    So a pass through all of them can be broken off and go on; those up to `after` are left out.
    """

    parents: Sequence[ZoomStream]
    inherits = {"id": "id", "host_id": "host_id"}
    page_size = None
    after = 0

    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        found: dict[int, Fields] = {}
        is_complete = True
        for event in self.parent.shared:
            if isinstance(event, Row):
                found[int(event.fields["id"])] = event.fields
            else:
                self.taken += 1
                is_complete = is_complete and not _is_of_account(event)
                yield event
        numbers = sorted(number for number in found if number > self.after)
        self.taken += len(found) - len(numbers)
        left_out = Parent.owed(self, self.name)
        slices = [self.slice_of(found[number]) for number in numbers]
        passed = [Closed(self.name, one, None) for one in slices if one.key in left_out]
        yield from passed
        done = {int(event.slice.unit["id"]) for event in passed}
        position = 0
        work = (one for one in slices if one.key not in left_out)
        for event in read_ahead(partial(self.read_for_children, tuple(kept)), work, PARENT_THREADS):
            yield event
            if isinstance(event, Closed):
                self.taken += 1
                done.add(int(event.slice.unit["id"]))
                while position < len(numbers) and numbers[position] in done:
                    done.discard(numbers[position])
                    position += 1
                    if is_complete and position < len(numbers):
                        yield Listed(numbers[position])
        self.client.deny()
        if is_complete:
            yield Listed(END)


def _is_of_account(event: Event) -> bool:
    """Whether a list of the whole account could not be read: nobody knows what it would have held."""
    return isinstance(event, Closed) and event.outcome is Outcome.UNREAD and not event.slice.unit


class MeetingInstances(InstanceList):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/past_meetings/{meetingId}/instances"""

    parent_class = UserMeetings
    endpoint = "past_meetings/{id}/instances"
    record_key = "meetings"
    rate_limit = MEDIUM
    scopes = ("meeting:read:admin", "meeting:read:list_past_instances:admin")


class WebinarInstances(InstanceList):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/instances"""

    parent_class = UserWebinars
    endpoint = "past_webinars/{id}/instances"
    record_key = "webinars"
    rate_limit = LIGHT
    scopes = ("webinar:read:admin", "webinar:read:list_past_instances:admin")


class PastOccurrences(Parent, ABC):
    """The past occurrences of one kind of event, each UUID once, with how far the search has come.

    The reports and the history are searched for the days that children want, oldest first. The instances are
    gone through where a child has not been through them yet, or where the reports are refused. One way
    refused is a warning that says what it costs; all refused is a Refused for every child. What failed in
    earlier syncs comes at the end.
    """

    children: "Sequence[ZoomStream]"
    months_answered = PAST_MONTHS
    instances_class: ClassVar[type[InstanceList]]
    kind: ClassVar[str]
    is_webinar: ClassVar[bool]

    def __init__(
        self,
        sync: Sync,
        reported: ReportedOccurrences,
        history: ReportHistoryMeetings,
        instances: InstanceList,
    ) -> None:
        self._lists: dict[str, ZoomStream] = {REPORTS: reported, HISTORY: history, INSTANCES: instances}
        self._instances = instances
        self._index = OccurrenceIndex()
        self.hosts = reported.hosts
        self._history = history
        self._filter = HistoryFilter(history, self.kind)
        self._refusals: dict[str, Refused] = {}
        self._wanted = sync.config.past_meetings_from
        self.parents = (reported, history, instances)
        lists = (reported.name, *(one.name for one in instances.parents))
        self.ways = Ways(REPORTS, INSTANCES, lists, ATTENDANCE, also=(HISTORY,))

    @classmethod
    def parent_classes(cls) -> Sequence[type[Parent]]:
        return (ReportedOccurrences, ReportHistoryMeetings, cls.instances_class)

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        return (*OCCURRENCE, "host_email", "type", *ATTENDANCE)

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        # One of the ways is enough.
        missing = cls._missing_by_source(permissions).values()
        return list(dict.fromkeys(chain(*missing))) if all(missing) else []

    @classmethod
    def scope_warnings(cls, permissions: Permissions) -> Iterator[str]:
        missing = cls._missing_by_source(permissions)
        if not all(missing.values()):
            yield from (f"{cost} {advice(scopes)}" for cost, scopes in missing.items() if scopes)

    @classmethod
    def _missing_by_source(cls, permissions: Permissions) -> dict[str, list[str]]:
        return {
            COST_WITHOUT_REPORTS.format(kind=cls.kind): ReportedOccurrences.missing_scopes(permissions),
            COST_WITHOUT_HISTORY.format(kind=cls.kind): ReportHistoryMeetings.missing_scopes(permissions),
            COST_WITHOUT_INSTANCES.format(kind=cls.kind): cls.instances_class.missing_scopes(permissions),
        }

    def oldest(self, today: date) -> date:
        return months_before(today, REPORT_MONTHS)

    def lacks(self, report_type: str, row: Row) -> bool:
        if HISTORY not in self._wanted or HISTORY in self._refusals or not row.day:
            return False
        return self._filter.lacks(report_type, row.fields["uuid"], row.day, is_named=row.way != INSTANCES)

    def lacking(self, report_type: str, days: Window) -> Iterator[Row | Searched]:
        kept = (*self.parent_fields(), *OCCURRENCE)
        for event in self._filter.lacking(report_type, days, kept):
            yield self._known(event._replace(way=HISTORY)) if isinstance(event, Row) else event

    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        passes = [c.instances for c in self._cursors if c.instances and not c.refused]
        self._instances.after = min((one.after for one in passes), default=0)
        self._filter.windows = [month for month, _ in self._history.months_of(self.days_wanted())]
        by_day = self._by_day(is_replaced=not passes)
        instances = self._way(INSTANCES, COST_WITHOUT_INSTANCES)
        if not passes or INSTANCES not in self._wanted:
            self._instances.parent.shared.leave()
        owed = read_again(self, are_owed=True)
        # Side by side, since the ways use up different limits, and so that the search gets on every day.
        yield from self._indexed(merge(owed, by_day, instances) if passes else merge(owed, by_day))
        if REPORTS in self._refusals and not passes:
            yield from self._indexed(instances)
        if len(self._refusals) == len(self._lists):
            why = " ".join(map(str, self._refusals.values()))
            raise Refused(f"Past {self.kind}s cannot be found: Zoom refuses all lists of them. {why}")
        yield from self._indexed(read_again(self))
        logger.info(self._index.told(self.kind))

    @property
    def number_found(self) -> int:
        """How many occurrences have been found so far."""
        return len(self._index)

    @property
    def _cursors(self) -> list[DayCursor]:
        return [child.days for child in self.children if child.days]

    def _way(self, way: str, cost: str, *, is_replaced: bool = False) -> Iterator[Event]:
        """What one way finds; it may be refused."""
        one = self._lists[way]
        try:
            if way not in self._wanted:
                one.shared.leave()
                raise Refused(f"past_meetings_from leaves the {way} out.")
            for event in one.shared:
                if isinstance(event, Retried) or (isinstance(event, Row | Closed) and any(event.of)):
                    # What others read again is not of these days.
                    continue
                if not isinstance(event, Row):
                    yield event
                elif self.accepts(event, one):
                    yield event._replace(way=way)
        except Refused as refused:
            self._refusals[way] = refused
            if way in self._wanted:
                logger.warning(f"{cost.format(kind=self.kind)} {refused}")
            yield WayRefused(way, (one.name,), is_replaced)

    def _indexed(self, events: Iterable[Event]) -> Iterator[Event]:
        return (self._known(event) if isinstance(event, Row) else event for event in events)

    def _known(self, row: Row) -> Row:
        """An occurrence as the index has it; the history gives its host's address, and no id."""
        if not row.fields.get("host_id"):
            host = self.hosts.ids.get(str(row.fields.get("host_email")).lower())
            row = row._replace(fields={**row.fields, "host_id": host})
        return self._index.add(row)

    def _by_day(self, *, is_replaced: bool) -> Iterator[Event]:
        """What the reports and the history have, by month, each month in the order of its days."""
        month: list[Row] = []
        history = self._way(HISTORY, COST_WITHOUT_HISTORY)
        reports = self._way(REPORTS, COST_WITHOUT_REPORTS, is_replaced=is_replaced)
        for event in side_by_side(history, reports):
            if isinstance(event, Row):
                month.append(event)
                if event.way == HISTORY:
                    self._filter.name(event.fields["uuid"])
            else:
                if isinstance(event, Searched):
                    # What the history has of a later month waits for the hosts of that month.
                    end = event.end.isoformat()
                    later = [row for row in month if start_of(row.fields) >= end]
                    yield from _by_day([row for row in month if start_of(row.fields) < end], event)
                    month = later
                yield event
        yield from month

    def accepts(self, row: Row, one: Parent) -> bool:
        return one is self._instances or (row.fields["type"] in WEBINAR_TYPES) == self.is_webinar


def side_by_side(history: Iterable[Event], reports: Iterator[Event]) -> Iterator[Event]:
    """What both ways have; a day has been searched when the history has come to it, or has ended.

    First the history, which costs a few requests, so that what it names gets on where the reports' many
    lists take more than the day allows; then the month of the reports with its days. Where others want more
    of the reports, these have more days, in other months and in another order.
    """
    came: list[Searched] = []
    for event in history:
        month = None
        if isinstance(event, Searched) and not any(one.covers(event) for one in came):
            month = yield from _until(event, reports, came)
        yield event
        if month and month != event:
            yield month._replace(way=REPORTS)
    yield from reports


def _until(
    days: Searched, reports: Iterator[Event], came: list[Searched]
) -> Generator[Event, None, Searched | None]:
    """What the reports have until a month with all of these days has come. Returns that month."""
    for event in reports:
        if not isinstance(event, Searched):
            yield event
            continue
        came.append(event)
        if event.covers(days):
            return event
        yield event._replace(way=REPORTS)
    return None


def _by_day(month: list[Row], searched: Searched) -> Iterator[Event]:
    """The occurrences of a month by day, those of the reports first, and that each day has come."""
    day = ""
    for row in sorted(month, key=lambda row: (start_of(row.fields)[:10], row.way != REPORTS)):
        start = start_of(row.fields)
        if start[:10] > day and searched.first < (began := utc_day(start)) < searched.end:
            day = start[:10]
            yield searched._replace(end=began)
        yield row


class OccurrenceIndex:
    """The occurrences that have been found, by UUID, with the ways in which they were.

    A hundred thousand are known at once, so it holds a hash and a shared tuple for each.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, ...]] = {}

    def __repr__(self) -> str:
        return f"OccurrenceIndex({len(self._known)} known)"

    def __len__(self) -> int:
        return len(self._known)

    def told(self, kind: str) -> str:
        """How many were found, and how many in one way alone."""
        found = Counter(self._known.values())
        alone = ", ".join(f"{found[(way,)]} by the {way} alone" for way in (REPORTS, INSTANCES, HISTORY))
        return f"Found {len(self._known)} past {kind}s: {alone}."

    def add(self, row: Row) -> Row:
        """Give an occurrence its day, and the ways by which it had been found before."""
        key = hash(row.fields["uuid"])
        known = self._known.get(key, ())
        if row.way not in known:
            self._known[key] = ORDERS[frozenset({*known, row.way})]
        start, end = row.fields["start_time"], None
        with suppress(KeyError, TypeError, ValueError, OverflowError):
            end = utc_day(row.fields["end_time"])
        return row._replace(day=utc_day(start) if start else None, known=known, end=end)


class PastMeetings(PastOccurrences):
    """Every occurrence of a meeting that Zoom still knows."""

    instances_class = MeetingInstances
    kind = "meeting"
    is_webinar = False


class PastWebinars(PastOccurrences):
    """Every occurrence of a webinar that Zoom still knows."""

    instances_class = WebinarInstances
    kind = "webinar"
    is_webinar = True
