"""Past occurrences: where they are found, and what Zoom keeps of each besides its reports.

Zoom answers a numeric id with the latest occurrence only, so every occurrence is found first, in two
ways, and then read by its UUID. The reports know instant, expired and deleted meetings of the last six
months; the instances know the occurrences of meetings that are still listed, up to 15 months back.
"""

import calendar
import logging
from abc import ABC
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, ClassVar

from airbyte_cdk.models import SyncMode

from source_zoom.client import Sync
from source_zoom.errors import Refused
from source_zoom.rate_limits import HEAVY, LIGHT, MEDIUM
from source_zoom.streams.base import Parent, Record, Slice, ZoomSubstream
from source_zoom.streams.sharing import merge
from source_zoom.streams.users import UserMeetings, Users, UserWebinars

logger = logging.getLogger("airbyte.source_zoom")

REPORT_MONTHS = 6
WEBINAR_TYPES = frozenset({5, 6, 9})


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

    def stream_slices(self, sync_mode: SyncMode, **_: Any) -> Iterator[Slice]:
        today = self.sync.server_clock.now().date()
        return report_months(today, self.sync.config.start_date)

    def records_for_children(self, kept: Iterable[str]) -> Iterator[Record]:
        # The users come first in any case: by their answer Zoom's clock is known, and so are the months.
        users = [user["id"] for user in self.parent.shared]
        try:
            yield from super().records_for_children(kept)
        except Refused as refused:
            logger.warning(
                "Zoom does not say who hosted meetings, so every user is asked for every month,"
                f" which can cost thousands of requests. {refused}"
            )
            for month in self.stream_slices(SyncMode.full_refresh):
                yield from ({"id": user, **month} for user in users)


class ReportedOccurrences(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/users/{userId}/meetings

    Meetings and webinars in one list, told apart by `type`; only those with two participants or more.
    """

    parent_class = ReportHosts
    inherits = {"host_id": "id", "from": "from", "to": "to"}
    endpoint = "report/users/{host_id}/meetings"
    record_key = "meetings"
    primary_key = "uuid"
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:user:admin")
    params = {"type": "past"}
    slice_params = ("from", "to")


class MeetingInstances(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/past_meetings/{meetingId}/instances"""

    parent_class = UserMeetings
    inherits = {"id": "id", "host_id": "host_id"}
    endpoint = "past_meetings/{id}/instances"
    record_key = "meetings"
    primary_key = "uuid"
    rate_limit = MEDIUM
    scopes = ("meeting:read:admin", "meeting:read:list_past_instances:admin")
    page_size = None


class WebinarInstances(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/instances"""

    parent_class = UserWebinars
    inherits = {"id": "id", "host_id": "host_id"}
    endpoint = "past_webinars/{id}/instances"
    record_key = "webinars"
    primary_key = "uuid"
    rate_limit = LIGHT
    scopes = ("webinar:read:admin", "webinar:read:list_past_instances:admin")
    page_size = None


class PastOccurrences(Parent, ABC):
    """The past occurrences of one kind of event: the union of both ways to find them, by UUID.

    One way refused is a warning that says what it costs; both refused is a Refused for every child.
    """

    instances_class: ClassVar[type[ZoomSubstream]]
    kind: ClassVar[str]
    is_webinar: ClassVar[bool]

    def __init__(self, sync: Sync, reported: Parent, instances: Parent) -> None:
        self._sync = sync
        self._reported = reported
        self._instances = instances

    @classmethod
    def parent_classes(cls) -> Sequence[type[Parent]]:
        return (ReportedOccurrences, cls.instances_class)

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        return ("uuid", "id", "type", "start_time", "host_id")

    def records_for_children(self, kept: Iterable[str]) -> Iterator[Record]:
        refusals: list[Refused] = []

        def way(parent: Parent, cost: str) -> Iterator[Record]:
            try:
                yield from parent.shared
            except Refused as refused:
                refusals.append(refused)
                logger.warning(f"Past {self.kind}s: {cost}. {refused}")

        reported = way(
            self._reported, f"without Zoom's reports, instant, expired and deleted {self.kind}s are not found"
        )
        instances = way(
            self._instances, f"without the instances, none older than {REPORT_MONTHS} months are found"
        )
        of_this_kind = (o for o in reported if (o["type"] in WEBINAR_TYPES) == self.is_webinar)
        start_date = str(self._sync.config.start_date or "")
        seen = set()
        for occurrence in merge(of_this_kind, instances):
            if occurrence["uuid"] not in seen and (occurrence["start_time"] or "~") >= start_date:
                seen.add(occurrence["uuid"])
                yield occurrence
        if len(refusals) == 2:
            raise Refused(
                f"Past {self.kind}s cannot be found: Zoom refuses both its reports and the list of instances."
                f" {refusals[0]} {refusals[1]}"
            )


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


class MeetingPollResults(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/past_meetings/{meetingId}/polls"""

    parent_class = PastMeetings
    inherits = {"meeting_uuid": "uuid", "meeting_id": "id", "meeting_start_time": "start_time"}
    endpoint = "past_meetings/{meeting_uuid}/polls"
    record_key = "questions"
    primary_key = ["meeting_uuid", "row_id"]
    identity = ("name", "email", "question_details")
    rate_limit = MEDIUM
    scopes = ("meeting:read:admin", "meeting:read:list_poll_results:admin")
    page_size = None


class WebinarAbsentees(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/absentees"""

    parent_class = PastWebinars
    inherits = {"webinar_uuid": "uuid", "webinar_id": "id", "webinar_start_time": "start_time"}
    endpoint = "past_webinars/{webinar_uuid}/absentees"
    record_key = "registrants"
    primary_key = ["webinar_uuid", "id"]
    rate_limit = HEAVY
    scopes = ("webinar:read:admin", "webinar:read:list_absentees:admin")


class WebinarPollResults(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/polls"""

    parent_class = PastWebinars
    inherits = {"webinar_uuid": "uuid", "webinar_id": "id", "webinar_start_time": "start_time"}
    endpoint = "past_webinars/{webinar_uuid}/polls"
    record_key = "questions"
    primary_key = ["webinar_uuid", "row_id"]
    identity = ("name", "email", "question_details")
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:list_past_polls:admin")
    page_size = None


class WebinarQnaResults(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/past_webinars/{webinarId}/qa"""

    parent_class = PastWebinars
    inherits = {"webinar_uuid": "uuid", "webinar_id": "id", "webinar_start_time": "start_time"}
    endpoint = "past_webinars/{webinar_uuid}/qa"
    record_key = "questions"
    primary_key = ["webinar_uuid", "row_id"]
    identity = ("name", "email", "question_details")
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:past_qa:admin")
    page_size = None


def report_months(today: date, start_date: date | None) -> Iterator[dict[str, str]]:
    """The months to ask the reports for, as `from` and `to`, oldest first: six months at most."""
    year, month = divmod(today.year * 12 + today.month - 1 - REPORT_MONTHS, 12)
    first = date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))
    first = max(first, start_date or first)
    while first <= today:
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        yield {"from": first.isoformat(), "to": min(last, today).isoformat()}
        first = last + timedelta(days=1)
