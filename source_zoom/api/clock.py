"""Zoom's own day: the windows of reports and the days of a state are counted by it."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

# For so long after its end, Zoom may still list what was held on a day.
OPEN_FOR = timedelta(hours=6)


class ZoomClock:
    """The `Date` of Zoom's first answer in this sync; this machine's time where none has come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: datetime | None = None

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take notice of an answer's `Date`."""
        if self._first is None and "Date" in headers:
            with self._lock, suppress(ValueError, OverflowError):
                self._first = self._first or parsedate_to_datetime(headers["Date"]).astimezone(UTC)

    @property
    def is_known(self) -> bool:
        """Whether Zoom has said what time it is."""
        return self._first is not None

    @property
    def began(self) -> datetime:
        """When the sync began (UTC): the same from Zoom's first answer to the end of the sync."""
        return self._first or datetime.now(UTC)

    @property
    def today(self) -> date:
        """The sync's day (UTC)."""
        return self.began.date()

    @property
    def closed(self) -> date:
        """All days before this one ended so long before the sync that Zoom has listed what was held."""
        return (self.began - OPEN_FOR).date()

    @property
    def hour(self) -> int:
        """The hour (since 1970) in which the sync began."""
        return int(self.began.timestamp()) // 3600
