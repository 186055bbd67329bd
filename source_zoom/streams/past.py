"""Past occurrences: where they are found, and what Zoom keeps of each besides its reports.

Zoom answers a numeric id with the latest occurrence only, so every occurrence is found first, in two
ways, and then read by its UUID. The reports know instant, expired and deleted meetings of the last six
months; the instances know the occurrences of meetings that are still listed, up to 15 months back.
"""

import calendar
import logging
from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain, groupby
from typing import Any, ClassVar

import requests

from source_zoom.api.client import Sync
from source_zoom.api.errors import advice
from source_zoom.api.rate_limits import HEAVY, LIGHT, MEDIUM
from source_zoom.api.scopes import Permissions
from source_zoom.engine.cursor import Outlet, Progress, utc_day
from source_zoom.engine.sharing import merge
from source_zoom.engine.stream import Parent, Record, Slice, ZoomSubstream
from source_zoom.exceptions import Refused, StreamEnded, ZoomError
from source_zoom.streams.users import UserMeetings, Users, UserWebinars

logger = logging.getLogger("airbyte.source_zoom")

REPORT_MONTHS = 6
WEBINAR_TYPES = frozenset({5, 6, 9})
WITHOUT_HOSTS = (
    "Zoom does not say who hosted meetings, so every user is asked for every month, which can cost thousands"
    " of requests."
)
WITHOUT_REPORTS = "Without Zoom's reports, instant, expired and deleted {kind}s of the past are not found."
WITHOUT_INSTANCES = f"Without the instances, past {{kind}}s older than {REPORT_MONTHS} months are not found."
OCCURRENCE = ("start_time", "uuid", "id", "host_id")


class ReportHosts(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/users

    Who hosted anything in a month. Where Zoom refuses to say, every user is taken for a host.
    """

    parent_class = Users
    inherits = {"host_id": "id"}
    endpoint = "report/users"
    record_key = "users"
    primary_key = ["id", "from", "to"]
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:list_users:admin")
    params = {"type": "active"}
    slice_params = ("from", "to")

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        # Without its own scope, the sync takes longer and misses nothing.
        return cls.parent_class.missing_scopes(permissions)

    @classmethod
    def scope_warnings(cls, permissions: Permissions) -> Iterator[str]:
        if not permissions.allow(cls.scopes):
            yield f"{WITHOUT_HOSTS} {advice([permissions.to_add(cls.scopes)])}"

    def slices(self) -> Iterator[Slice]:
        today = self.sync.server_clock.now().date()
        return report_months(today, self.first_day(today))

    def parent_batches(self) -> Iterator[Iterable[Slice]]:
        return ((month,) for month in self.slices())

    def records_for_children(self, kept: Iterable[str]) -> Iterator[Record]:
        users = iter(self.parent.shared)
        # By the first answer Zoom's clock is known, and so are the months.
        first = next(users, None)
        try:
            yield from super().records_for_children(kept)
        except Refused as refused:
            logger.warning(f"{WITHOUT_HOSTS} {refused}")
            self.failures.clear()
            hosts = [user["id"] for user in chain([first] if first else [], users)]
            for month in self.slices():
                yield from ({"id": user, **month} for user in hosts)


class OccurrenceList(ZoomSubstream, ABC):
    """A list of past occurrences, which children ask for by `uuid` and which is sorted by `start_time`."""

    primary_key = "uuid"

    def parse_response(
        self, response: requests.Response, *, stream_slice: Slice | None = None, **_: Any
    ) -> list[Record]:
        occurrences = super().parse_response(response, stream_slice=stream_slice)
        for occurrence in occurrences:
            self._check(occurrence, "id", int, stream_slice)
            for name, parse in (("start_time", utc_day), ("type", int)):
                if occurrence.get(name):
                    self._check(occurrence, name, parse, stream_slice)
        return occurrences

    def _check(
        self, occurrence: Record, name: str, parse: Callable[[Any], object], stream_slice: Slice | None
    ) -> None:
        try:
            parse(occurrence.get(name))
        except (TypeError, ValueError, OverflowError):
            raise ZoomError(
                f"Zoom's answer to GET {self.path(stream_slice=stream_slice)} has an occurrence with an"
                f" invalid {name}: {occurrence.get(name)!r:.100}."
            ) from None


class ReportedOccurrences(OccurrenceList):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/users/{userId}/meetings

    Meetings and webinars in one list, told apart by `type`; only those with two participants or more. They
    are read month by month, so that a sync which ends early has read the older months completely.
    """

    parent: ReportHosts
    parent_class = ReportHosts
    inherits = {"host_id": "id", "from": "from", "to": "to"}
    endpoint = "report/users/{host_id}/meetings"
    record_key = "meetings"
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:user:admin")
    params = {"type": "past"}
    slice_params = ("from", "to")

    def parent_batches(self) -> Iterator[Iterable[Slice]]:
        return (month for _, month in groupby(self.slices(), key=lambda stream_slice: stream_slice["to"]))


class MeetingInstances(OccurrenceList):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/past_meetings/{meetingId}/instances"""

    parent_class = UserMeetings
    inherits = {"id": "id", "host_id": "host_id"}
    endpoint = "past_meetings/{id}/instances"
    record_key = "meetings"
    rate_limit = MEDIUM
    scopes = ("meeting:read:admin", "meeting:read:list_past_instances:admin")
    page_size = None


class WebinarInstances(OccurrenceList):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/instances"""

    parent_class = UserWebinars
    inherits = {"id": "id", "host_id": "host_id"}
    endpoint = "past_webinars/{id}/instances"
    record_key = "webinars"
    rate_limit = LIGHT
    scopes = ("webinar:read:admin", "webinar:read:list_past_instances:admin")
    page_size = None


class PastOccurrences(Parent, ABC):
    """The past occurrences of one kind of event, by UUID and day by day, the oldest first.

    Streams that have a state need the reports alone. A backfill needs the instances as well, and so does
    everybody where the reports are refused. One way refused is a warning that says what it costs; both
    refused is a Refused for every child. `is_complete` turns False with the first day of which something
    could not be found for another reason.
    """

    readers: Sequence["OccurrenceStream"]
    instances_class: ClassVar[type[ZoomSubstream]]
    kind: ClassVar[str]
    is_webinar: ClassVar[bool]

    def __init__(
        self, sync: Sync, users: Parent, reported: ReportedOccurrences, instances: ZoomSubstream
    ) -> None:
        self._sync = sync
        self._users = users
        self._reported = reported
        self._instances = instances
        self._refusals: list[Refused] = []
        self._failures: list[Exception] = []
        self.is_complete = True

    @classmethod
    def parent_classes(cls) -> Sequence[type[Parent]]:
        return (Users, ReportedOccurrences, cls.instances_class)

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        return (*OCCURRENCE, "type", "to")

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        # One of the two ways is enough.
        ways = cls._missing_by_way(permissions).values()
        return list(dict.fromkeys(chain(*ways))) if all(ways) else []

    @classmethod
    def scope_warnings(cls, permissions: Permissions) -> Iterator[str]:
        ways = cls._missing_by_way(permissions)
        if not all(ways.values()):
            yield from (f"{cost} {advice(missing)}" for cost, missing in ways.items() if missing)

    @classmethod
    def _missing_by_way(cls, permissions: Permissions) -> Mapping[str, list[str]]:
        return {
            WITHOUT_REPORTS.format(kind=cls.kind): ReportedOccurrences.missing_scopes(permissions),
            WITHOUT_INSTANCES.format(kind=cls.kind): cls.instances_class.missing_scopes(permissions),
        }

    def records_for_children(self, kept: Iterable[str]) -> Iterator[Record]:
        # Both ways begin with the users; by their answer Zoom's clock is known, and so is what readers need.
        next(iter(self._users.shared), None)
        self.first_day(self._sync.server_clock.now().date())
        of_kind = (o for o in self._reported.shared if (o["type"] in WEBINAR_TYPES) == self.is_webinar)
        reports = self._way(of_kind, WITHOUT_REPORTS)
        instances = self._way(self._instances.shared, WITHOUT_INSTANCES)
        found = _Found()
        if any(reader.progress.is_first_sync for reader in self.readers):
            # Both at once, because everything is needed and they use up different rate limits.
            found.update(merge(reports, instances))
        elif any(reader.progress.is_backfill for reader in self.readers):
            found.update(instances)
        for day, month in groupby(reports, key=lambda occurrence: occurrence["to"]):
            found.update(month)
            in_search = (self._failures, self._reported.failures, self._reported.parent.failures)
            self.is_complete = not any(in_search)
            yield from found.take_out(f"{day}~")
        if self._refusals:
            found.update(instances)
        self.is_complete = not self._failures
        yield from found.take_out("~")
        if len(self._refusals) == 2:
            raise Refused(
                f"Past {self.kind}s cannot be found: Zoom refuses both its reports and the list of instances."
                f" {self._refusals[0]} {self._refusals[1]}"
            )
        if self._failures:
            raise self._failures[0]

    def _way(self, records: Iterable[Record], cost: str) -> Iterator[Record]:
        """What one way finds; it may be refused, or fail at its end."""
        try:
            yield from records
        except Refused as refused:
            self._refusals.append(refused)
            logger.warning(f"{cost.format(kind=self.kind)} {refused}")
        except Exception as failure:
            self._failures.append(failure)


class _Found:
    """Occurrences by UUID, until they are taken out in the order of their start.

    A hundred thousand are held at once: a line takes a third of the memory of a dictionary, and sorts by
    the start. Of what has been taken out only the key stays, so that nothing is given out twice.
    """

    def __init__(self) -> None:
        self._lines: dict[int, str] = {}

    def update(self, occurrences: Iterable[Record]) -> None:
        for occurrence in occurrences:
            key = hash(occurrence["uuid"])
            # One way may know the start that the other does not.
            if self._lines.get(key, "\t").startswith("\t"):
                self._lines[key] = "\t".join(str(occurrence[name] or "") for name in OCCURRENCE)

    def take_out(self, before: str) -> Iterator[Record]:
        due = sorted((line for line in self._lines.values() if line and line < before), reverse=True)
        while due:
            start_time, uuid, number, host_id = due.pop().split("\t")
            self._lines[hash(uuid)] = ""
            yield {
                "start_time": start_time or None,
                "uuid": uuid,
                "id": int(number),
                "host_id": host_id or None,
            }


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


class OccurrenceStream(ZoomSubstream, ABC):
    """A list or an object that Zoom has for each past occurrence, read by the day of its start.

    Occurrences are handed out oldest first, after those that failed in earlier syncs. One that fails alone
    goes on the list of the next sync and holds nothing back.
    """

    parent: PastOccurrences  # type: ignore[assignment]
    cursor_field: str
    # A full refresh keeps the state as well, so a broken attempt goes on where it stopped.
    is_resumable = True
    progress: Progress

    def make_cursor(self, state: Mapping[str, Any], outlet: Outlet) -> Progress:
        config = self.sync.config
        self.progress = Progress(
            self.name, self.cursor_field, state, config.lookback_days, config.start_date, outlet
        )
        return self.progress

    def first_day(self, today: date) -> date:
        return self.progress.begin(today, oldest_report(today))

    def slices(self) -> Iterator[Slice]:
        occurrences = iter(self.parent.shared)
        earliest = next(occurrences, None)
        # From here on the parent knows today.
        first = self.first_day(self.sync.server_clock.now().date()).isoformat()
        for occurrence in self.progress.retries():
            yield self._slice(occurrence)
        for occurrence in chain([earliest] if earliest else [], occurrences):
            if not self.parent.is_complete:
                self.progress.hold()
            is_wanted = not occurrence["start_time"] or occurrence["start_time"] >= first
            if is_wanted and self.progress.hand_out(occurrence):
                yield self._slice(occurrence)
            if self._ended:
                return
        self.progress.all_handed_out()

    def read_pages(self, stream_slice: Slice) -> Iterator[list[Record]]:
        occurrence = {field: stream_slice[column] for column, field in self.inherits.items()}
        try:
            yield from super().read_pages(stream_slice)
        except StreamEnded:
            raise
        except Exception as error:
            self.progress.fail(occurrence, error)
            raise
        else:
            self.progress.finish(occurrence)

    def _slice(self, occurrence: Mapping[str, Any]) -> Slice:
        return {column: occurrence.get(field) for column, field in self.inherits.items()}


class MeetingPollResults(OccurrenceStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/past_meetings/{meetingId}/polls"""

    parent_class = PastMeetings
    inherits = {"meeting_uuid": "uuid", "meeting_id": "id", "meeting_start_time": "start_time"}
    cursor_field = "meeting_start_time"
    endpoint = "past_meetings/{meeting_uuid}/polls"
    record_key = "questions"
    primary_key = ["meeting_uuid", "row_id"]
    identity = ("name", "email", "question_details")
    rate_limit = MEDIUM
    scopes = ("meeting:read:admin", "meeting:read:list_poll_results:admin")
    page_size = None


class WebinarAbsentees(OccurrenceStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/absentees"""

    parent_class = PastWebinars
    inherits = {"webinar_uuid": "uuid", "webinar_id": "id", "webinar_start_time": "start_time"}
    cursor_field = "webinar_start_time"
    endpoint = "past_webinars/{webinar_uuid}/absentees"
    record_key = "registrants"
    primary_key = ["webinar_uuid", "id"]
    rate_limit = HEAVY
    scopes = ("webinar:read:admin", "webinar:read:list_absentees:admin")


class WebinarPollResults(OccurrenceStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/polls"""

    parent_class = PastWebinars
    inherits = {"webinar_uuid": "uuid", "webinar_id": "id", "webinar_start_time": "start_time"}
    cursor_field = "webinar_start_time"
    endpoint = "past_webinars/{webinar_uuid}/polls"
    record_key = "questions"
    primary_key = ["webinar_uuid", "row_id"]
    identity = ("name", "email", "question_details")
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:list_past_polls:admin")
    page_size = None


class WebinarQnaResults(OccurrenceStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/qa"""

    parent_class = PastWebinars
    inherits = {"webinar_uuid": "uuid", "webinar_id": "id", "webinar_start_time": "start_time"}
    cursor_field = "webinar_start_time"
    endpoint = "past_webinars/{webinar_uuid}/qa"
    record_key = "questions"
    primary_key = ["webinar_uuid", "row_id"]
    identity = ("name", "email", "question_details")
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:past_qa:admin")
    page_size = None


def oldest_report(today: date) -> date:
    """The first day that Zoom's reports still know."""
    year, month = divmod(today.year * 12 + today.month - 1 - REPORT_MONTHS, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def report_months(today: date, first: date) -> Iterator[dict[str, str]]:
    """The months to ask the reports for, as `from` and `to`, oldest first, from a day on to today."""
    first = max(first, oldest_report(today))
    while first <= today:
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        yield {"from": first.isoformat(), "to": min(last, today).isoformat()}
        first = last + timedelta(days=1)
