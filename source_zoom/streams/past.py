"""Past occurrences, and the ways in which they are found.

Zoom answers a numeric id with the latest occurrence only, so every occurrence is found first, in two
ways, and then read by its UUID. The reports know instant, expired and deleted meetings of the last six
months; the instances know the occurrences of meetings that are still listed, up to 15 months back.
"""

import logging
from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from itertools import chain, combinations
from typing import Any, ClassVar

from source_zoom.api.client import Sync
from source_zoom.api.errors import advice
from source_zoom.api.rate_limits import HEAVY, LAST, LIGHT, MEDIUM
from source_zoom.api.scopes import Permissions
from source_zoom.engine.again import read_again
from source_zoom.engine.cursor import DayCursor
from source_zoom.engine.frontier import END
from source_zoom.engine.pages import Record
from source_zoom.engine.parents import PARENT_THREADS, Parent, merge, read_ahead
from source_zoom.engine.retries import AGAIN
from source_zoom.engine.slices import (
    Closed,
    Event,
    Fields,
    Listed,
    Row,
    Searched,
    WayRefused,
    Ways,
    in_utc,
    utc_day,
)
from source_zoom.engine.stream import (
    REPORT_MONTHS,
    ZoomStream,
    ZoomSubstream,
    months_before,
)
from source_zoom.exceptions import Outcome, Refused, Unread
from source_zoom.streams.users import UserMeetings, Users, UserWebinars

logger = logging.getLogger("airbyte.source_zoom")

WEBINAR_TYPES = frozenset({5, 6, 9})
# For so long Zoom answers for a past meeting that was once found.
PAST_MONTHS = 13
REPORTS, INSTANCES = "reports", "instances"
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
OCCURRENCE = ("start_time", "uuid", "id", "host_id")
# One tuple for each set of ways, however many occurrences were found in it.
ORDERS = {
    frozenset(ways): ways
    for number in (1, 2, 3)
    for ways in combinations((REPORTS, INSTANCES, AGAIN), number)
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
        return ("id",)

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        # Without its own scope, the sync takes longer and misses nothing.
        return Users.missing_scopes(permissions)

    @classmethod
    def scope_warnings(cls, permissions: Permissions) -> Iterator[str]:
        if not permissions.allow(cls.scopes):
            yield f"{COST_WITHOUT_HOSTS} {advice([permissions.to_add(cls.scopes)])}"

    def __init__(self, sync: Sync, users: Parent) -> None:
        super().__init__(sync)
        self._users = users
        self.parents = (users,)

    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        # Where the hosts come, nobody needs the users; where they do not, the users are read anew.
        self._users.shared.leave()
        try:
            yield from super().events(kept)
            return
        except Refused as refused:
            logger.warning(f"{COST_WITHOUT_HOSTS} {refused}")
        yield from self._every_user()

    def _every_user(self) -> Iterator[Event]:
        users = list(self._users.shared)
        hosts = [event for event in users if isinstance(event, Row)]
        yield from (event for event in users if not isinstance(event, Row))
        unread = [event.why for event in users if isinstance(event, Closed) and isinstance(event.why, Unread)]
        if unread:
            # Whoever is missing may have been a host: no day has been searched.
            raise unread[0]
        for month, searched in self.months_in_turn():
            yield from (Row({**host.fields, **month.query}, month.first, REPORTS) for host in hosts)
            yield searched


class OccurrenceList(ZoomSubstream, ABC):
    """A list of past occurrences, which children ask for by `uuid` and which is sorted by `start_time`."""

    primary_key = "uuid"
    parent_priority = LAST

    @classmethod
    def number_fields(cls) -> Sequence[str]:
        return ("id", "type")

    def complete(self, record: Record) -> None:
        with suppress(KeyError, AttributeError, ValueError, OverflowError):
            # Whatever its offset, an instant is compared as Zoom has it elsewhere: in UTC.
            record["start_time"] = in_utc(record["start_time"])

    def oddity(self, record: Record) -> str:
        parsers: tuple[tuple[str, Callable[[Any], object]], ...] = (
            ("id", int),
            ("start_time", utc_day),
            ("type", int),
        )
        for name, parse in parsers:
            if name == "id" or record.get(name):
                try:
                    parse(record.get(name))
                except (TypeError, ValueError, OverflowError):
                    return f"with an invalid {name}: {record.get(name)!r:.100}"
        return ""


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

    def __init__(self, sync: Sync, *parents: Parent) -> None:
        super().__init__(sync, *parents)
        if sync.config.include_solo_meetings:
            self.query_variants = ({"type": "past"}, {"type": "pastOne"})

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        return ("id", "from", "to")

    @classmethod
    def has_window(cls) -> bool:
        return True


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
                is_complete = is_complete and not _is_of_account(event)
                yield event
        numbers = sorted(number for number in found if number > self.after)
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

    The reports are searched for the days that children want, oldest first. The instances are gone through
    where a child has not been through them yet, or where the reports are refused. One way refused is a
    warning that says what it costs; both refused is a Refused for every child. What failed in earlier syncs
    comes at the end.
    """

    children: "Sequence[ZoomStream]"
    months_answered = PAST_MONTHS
    instances_class: ClassVar[type[InstanceList]]
    kind: ClassVar[str]
    is_webinar: ClassVar[bool]

    def __init__(self, sync: Sync, reported: ReportedOccurrences, instances: InstanceList) -> None:
        self._reported = reported
        self._instances = instances
        self._index = OccurrenceIndex()
        self._refusals: list[Refused] = []
        self.parents = (reported, instances)
        self.ways = Ways(REPORTS, INSTANCES, (reported.name, *(one.name for one in instances.parents)))

    @classmethod
    def parent_classes(cls) -> Sequence[type[Parent]]:
        return (ReportedOccurrences, cls.instances_class)

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        return (*OCCURRENCE, "type", "end_time")

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        # One of the two ways is enough.
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
            COST_WITHOUT_INSTANCES.format(kind=cls.kind): cls.instances_class.missing_scopes(permissions),
        }

    def oldest(self, today: date) -> date:
        return months_before(today, REPORT_MONTHS)

    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        passes = [c.instances for c in self._cursors if c.instances and not c.refused]
        self._instances.after = min((one.after for one in passes), default=0)
        reports = self._way(REPORTS, COST_WITHOUT_REPORTS, self._reports(), is_replaced=not passes)
        instances = self._way(INSTANCES, COST_WITHOUT_INSTANCES, self._instances.shared)
        if not passes:
            self._instances.parent.shared.leave()
        owed = read_again(self, are_owed=True)
        # Side by side, since the ways use up different limits, and so that the search gets on every day.
        yield from self._indexed(merge(owed, reports, instances) if passes else merge(owed, reports))
        if self._refusals and not passes:
            yield from self._indexed(instances)
        if len(self._refusals) == 2:
            raise Refused(
                f"Past {self.kind}s cannot be found: Zoom refuses both its reports and the list of instances."
                f" {self._refusals[0]} {self._refusals[1]}"
            )
        yield from self._indexed(read_again(self))

    @property
    def _cursors(self) -> list[DayCursor]:
        return [child.days for child in self.children if child.days]

    def _way(
        self, way: str, cost: str, events: Iterable[Event], *, is_replaced: bool = False
    ) -> Iterator[Event]:
        """What one way finds; it may be refused."""
        try:
            for event in events:
                yield event._replace(way=way) if isinstance(event, Row) else event
        except Refused as refused:
            self._refusals.append(refused)
            logger.warning(f"{cost.format(kind=self.kind)} {refused}")
            lists = (self._reported.name,) if way == REPORTS else (self._instances.name,)
            yield WayRefused(way, lists, is_replaced)

    def _indexed(self, events: Iterable[Event]) -> Iterator[Event]:
        return (self._index.add(event) if isinstance(event, Row) else event for event in events)

    def _reports(self) -> Iterator[Event]:
        """The occurrences in the reports, by month, each month in the order of their start."""
        month: list[Row] = []
        for event in self._reported.shared:
            if isinstance(event, Row):
                month += [event] if self.accepts(event, self._reported) else []
            else:
                if isinstance(event, Searched):
                    yield from _by_day(month, event)
                    month.clear()
                yield event

    def accepts(self, row: Row, one: Parent) -> bool:
        return one is not self._reported or (row.fields["type"] in WEBINAR_TYPES) == self.is_webinar


def _by_day(month: list[Row], searched: Searched) -> Iterator[Event]:
    """The occurrences of a month in the order of their start, and that each day has come."""
    day = ""
    for row in sorted(month, key=lambda row: str(row.fields["start_time"] or "")):
        start = str(row.fields["start_time"] or "")
        if start[:10] > day and searched.first < (began := utc_day(start)) < searched.end:
            day = start[:10]
            yield Searched(searched.first, began)
        yield row


class OccurrenceIndex:
    """The occurrences that have been found, by UUID, with the ways in which they were.

    A hundred thousand are known at once, so it holds a hash and a shared tuple for each.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, ...]] = {}

    def __repr__(self) -> str:
        return f"OccurrenceIndex({len(self._known)} known)"

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
