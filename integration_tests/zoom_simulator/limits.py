"""Zoom's rate limits: per label, by the second and by the day, for the whole account."""

from collections import Counter, deque
from collections.abc import Mapping
from datetime import timedelta
from time import monotonic
from typing import NamedTuple

from .clock import Clock, iso, midnight

LABELS = ("LIGHT", "MEDIUM", "HEAVY")
_UNLIMITED = 100_000
_PER_SECOND = "You have reached the maximum per-second rate limit for this API. Try again later."
_PER_DAY = (
    "You have reached the maximum daily rate limit for this API. Refer to the response header for details on "
    "when you can make another request."
)


class Plan(NamedTuple):
    """Requests per second and per day for each label; a label that is missing has no limit."""

    per_second: Mapping[str, int]
    per_day: Mapping[str, int]


PLANS = {
    "free": Plan(
        dict(zip(LABELS, (4, 2, 1), strict=True)), dict(zip(LABELS, (6000, 2000, 1000), strict=True))
    ),
    "pro": Plan(dict(zip(LABELS, (30, 20, 10), strict=True)), {"HEAVY": 30_000}),
    "business": Plan(dict(zip(LABELS, (80, 60, 40), strict=True)), {"HEAVY": 60_000}),
    "unlimited": Plan({}, {}),
}


class Verdict(NamedTuple):
    """Whether a request may pass, and what its answer's headers say about it."""

    refusal: str
    headers: dict[str, str]


class RateLimits:
    """Counts requests; refused ones do not count."""

    def __init__(
        self,
        plan: str,
        clock: Clock,
        *,
        daily_caps: Mapping[str, int] | None = None,
        send_headers: bool = True,
    ) -> None:
        self.per_second, per_day = PLANS[plan]
        self.per_day = {**per_day, **(daily_caps or {})}
        self._clock = clock
        self._send_headers = send_headers
        self._recent: dict[str, deque[float]] = {label: deque() for label in LABELS}
        self._today = clock.today()
        self._used_today = Counter[str]()

    def check(self, label: str) -> Verdict:
        """Count a request of this label, or refuse it; what has no label has no limit."""
        if not label:
            return Verdict("", {})
        today = self._clock.today()
        if today != self._today:
            self._today, self._used_today = today, Counter()
        cap = self.per_day.get(label)
        if cap is not None and self._used_today[label] >= cap:
            reset = iso(midnight(today + timedelta(days=1)))
            return Verdict(_PER_DAY, self._headers(label, "Daily-limit", cap, 0) | self._retry_after(reset))
        limit = self.per_second.get(label)
        if limit is None:
            self._used_today[label] += 1
            return Verdict("", self._headers(label, "QPS", _UNLIMITED, _UNLIMITED - 1))
        recent, now = self._recent[label], monotonic()
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) >= limit:
            return Verdict(_PER_SECOND, self._headers(label, "QPS", limit, 0))
        recent.append(now)
        self._used_today[label] += 1
        return Verdict("", self._headers(label, "QPS", limit, limit - len(recent)))

    def _headers(self, label: str, type_: str, limit: int, remaining: int) -> dict[str, str]:
        if not self._send_headers:
            return {}
        return {
            "X-RateLimit-Category": label.capitalize(),
            "X-RateLimit-Type": type_,
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(remaining),
        }

    def _retry_after(self, moment: str) -> dict[str, str]:
        return {"Retry-After": moment} if self._send_headers else {}
