"""Says now and then how far a sync has come."""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from source_zoom.api.rate_limits import A_DAY, LABELS, RateLimits
from source_zoom.counts import Summary
from source_zoom.threads import start

logger = logging.getLogger("airbyte.source_zoom")


class ProgressLog:
    """Says every so many `seconds`, for as long as it is entered, how far a sync has come."""

    def __init__(
        self,
        summary: Summary,
        limits: RateLimits,
        done: Callable[[], str],
        left: Callable[[], str],
        seconds: float,
    ) -> None:
        self._summary = summary
        self._limits = limits
        self._left = left
        self._done = done
        self._seconds = seconds
        self._end = threading.Event()

    def __enter__(self) -> None:
        # Without a thread for it nothing is said.
        start(self._run, "progress")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()

    def _run(self) -> None:
        began = last = time.monotonic()
        before = dict.fromkeys(LABELS, 0)
        while not self._end.wait(self._seconds):
            now = time.monotonic()
            rates = []
            for label in LABELS:
                taken = self._limits.budget(label).taken
                rate = (taken - before[label]) / (now - last)
                rates.append(f"{label} {rate:.1f} of {self._limits.limit(label):g}")
                before[label] = taken
            last = now
            logger.info(
                f"Progress after {now - began:.0f} s: {self._done()}, {self._summary.records}"
                f" records, requests per second: {', '.join(rates)};{self._rest()}"
                f" waiting for {self._summary.waits or 'nothing'}"
            )

    def _rest(self) -> str:
        """How many requests were taken of those that Zoom allows in a day, and how much is left to do."""
        most = A_DAY.get(self._limits.plan, {})
        taken = (f"{self._limits.budget(label).taken:,} of {most[label]:,} {label}" for label in most)
        of_a_day = f" of a day's requests {', '.join(taken)};" if most else ""
        left = self._left()
        return f"{of_a_day} {left};" if left else of_a_day
