"""Zoom's reports on the account itself, day by day: who signed in, who changed what, and how much was used.

Zoom gives the rows of its logs no key, so all that a row holds is its identity; equal ones are numbered. They
have the same time, so any window of days that has one of them has all.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from source_zoom.api.rate_limits import HEAVY
from source_zoom.api.scopes import Permissions
from source_zoom.engine.pages import Record
from source_zoom.engine.slices import ONE_DAY, Slice, Window
from source_zoom.engine.stream import REPORT_MONTHS, ZoomStream


class ReportActivities(ZoomStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/activities"""

    in_order = True
    months = months_answered = REPORT_MONTHS
    endpoint = "report/activities"
    record_key = "activity_logs"
    primary_key = "row_id"
    row_id_fields = ("email", "time", "type", "ip_address", "client_type", "version")
    cursor_field = "time"
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:user_activities:admin")


class ReportOperationLogs(ZoomStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/operationlogs"""

    in_order = True
    months = months_answered = REPORT_MONTHS
    endpoint = "report/operationlogs"
    record_key = "operation_logs"
    primary_key = "row_id"
    row_id_fields = ("time", "operator", "category_type", "action", "operation_detail")
    cursor_field = "time"
    rate_limit = HEAVY
    scopes = ("report:read:admin", "report:read:operation_logs:admin")


class ReportDailyUsage(ZoomStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/daily

    Zoom is asked for calendar months, and gives whole ones.
    """

    months = months_answered = REPORT_MONTHS
    endpoint = "report/daily"
    record_key = "dates"
    primary_key = "date"
    cursor_field = "date"
    rate_limit = HEAVY
    scopes = ("report:read:admin", "")
    page_size = None

    @classmethod
    def scope_warnings(cls, permissions: Permissions) -> Iterable[str]:
        if (
            permissions.granted.isdisjoint(cls.scopes)
            and permissions.granted
            and permissions.allow(cls.scopes)
        ):
            name = cls.stream_name()
            yield f"Zoom names no granular scope for {name}, so it may refuse this app the stream."

    def window_params(self, window: Window) -> Mapping[str, str]:
        return {"year": str(window.first.year), "month": str(window.first.month)}

    def read_list(self, found: Slice, query: Mapping[str, str]) -> Iterator[list[Record]]:
        assert found.window
        for days in _by_month(found.window):
            first, last = days.query.values()
            for page in super().read_list(replace(found, query=days.query), query):
                yield [record for record in page if first <= str(record["date"]) <= last]


def _by_month(days: Window) -> Iterator[Window]:
    """A window of a month at most, which can touch two calendar months."""
    turn = days.last.replace(day=1)
    if days.first < turn:
        yield Window(days.first, turn - ONE_DAY)
    yield Window(max(days.first, turn), days.last)
