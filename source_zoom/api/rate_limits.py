"""Zoom's rate limits: one paced budget per label, and every wait of the connector.

Limits are per account and label, in requests per second and, for some, per day:
https://developers.zoom.us/docs/api/rate-limits/
"""

import heapq
import logging
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import count

logger = logging.getLogger("airbyte.source_zoom")

LABELS = LIGHT, MEDIUM, HEAVY = "LIGHT", "MEDIUM", "HEAVY"
# Requests that whole streams wait for, those that end what has been begun, and all others.
FIRST, SECOND, LAST = range(3)

PLANS: Mapping[str, Mapping[str, float]] = {
    "free": {LIGHT: 4, MEDIUM: 2, HEAVY: 1},
    "pro": {LIGHT: 30, MEDIUM: 20, HEAVY: 10},
    "business": {LIGHT: 80, MEDIUM: 60, HEAVY: 40},
}
A_DAY: Mapping[str, Mapping[str, int]] = {
    "free": {LIGHT: 6_000, MEDIUM: 2_000, HEAVY: 1_000},
    "pro": {HEAVY: 30_000},
    "business": {HEAVY: 60_000},
}

# Requests that leave evenly do not arrive evenly: at the full limit, Zoom would refuse some of them.
FASTEST = 0.94
CATCH_UP_SECONDS = 0.002
PAUSE_SECONDS = 0.1
MOST_CHANGES = 2
# How many more refusals than answers a label bears before it goes at Free, and when Pro is tried again.
REFUSALS, TRIAL_REFUSALS = 20, 5
# Zoom counts by the second: five without a refusal are no accident. A Free account refuses Pro's pace
# within seconds, so what has stood it for a minute was lowered for a burst.
QUIET_SECONDS, TRIAL_SECONDS = 5.0, 60.0
LONGEST_PAUSE = 60.0
DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Clock:
    """The local clock and the sleeper, in seconds, in one place so that tests can replace both."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Budget:
    """Lets the requests of one label leave at an even pace, those with the lowest `priority` first.

    Only the waiter at the head sleeps until the next slot, everybody else until woken: a hundred
    waiting threads cost no more than one.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        self.per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, int, threading.Event]] = []
        self._arrivals = count()
        self._next_slot = 0.0
        self.taken = 0
        self._closed: Exception | type[Exception] | None = None

    def take(self, priority: int) -> float:
        """Wait for the next slot. Returns the seconds waited; raises what the budget was closed with."""
        began = self._clock.now()
        ticket = (priority, next(self._arrivals), threading.Event())
        with self._lock:
            heapq.heappush(self._waiting, ticket)
        while True:
            with self._lock:
                if self._closed:
                    self._remove(ticket)
                    raise self._closed
                is_head = self._waiting[0] is ticket
                now = self._clock.now()
                if is_head and now >= self._next_slot:
                    # After a late request keep the full interval: Zoom counts per second, not on average.
                    interval = 1 / self.per_second
                    self._next_slot = max(self._next_slot + interval, now + interval - CATCH_UP_SECONDS)
                    self.taken += 1
                    self._remove(ticket)
                    return now - began
                pause = self._next_slot - now
                ticket[2].clear()
            if is_head:
                self._clock.sleep(pause)
            else:
                ticket[2].wait()

    def hold(self, seconds: float) -> None:
        """Let nobody pass for some time: Zoom has just refused a request of this label."""
        with self._lock:
            self._next_slot = max(self._next_slot, self._clock.now() + seconds)

    @property
    def is_closed(self) -> bool:
        """Whether nobody may pass any more."""
        return self._closed is not None

    def close(self, error: Exception | type[Exception]) -> None:
        """Let nobody pass any more."""
        with self._lock:
            self._closed = error
            for _, _, woken in self._waiting:
                woken.set()

    def _remove(self, ticket: tuple[int, int, threading.Event]) -> None:
        if self._waiting[0] is ticket:
            heapq.heappop(self._waiting)
        else:
            self._waiting.remove(ticket)
            heapq.heapify(self._waiting)
        if self._waiting:
            self._waiting[0][2].set()


@dataclass
class Guess:
    """Whether a label whose limit nobody names goes at Free: until `quiet` seconds pass without a refusal.

    `since` is the time of its last refusal at Free, or of its last rise to Pro.
    """

    patience: int = REFUSALS
    is_free: bool = False
    since: float = float("-inf")
    quiet: float = QUIET_SECONDS


class RateLimits:
    """The budgets of all labels, and what Zoom's answers teach about the account's plan.

    `share` is the percentage of Zoom's limits that this connector may use. Plan "auto" begins at Pro and
    follows the per-second limits that Zoom's answers name, with two changes of a label at most. Where they
    name none, a label of which more is refused than answered goes at Free until it has been quiet for a
    while: a burst of refusals costs seconds, and a Free account is tried with Pro more and more seldom.
    """

    def __init__(self, plan: str, share: int, clock: Clock) -> None:
        self._learns = plan == "auto"
        self._share = min(share / 100, FASTEST)
        self._clock = clock
        self._lock = threading.Lock()
        self._limits = dict(PLANS["pro" if self._learns else plan])
        self._budgets = {label: Budget(limit * self._share, clock) for label, limit in self._limits.items()}
        self._changes = Counter[str]()
        self._guesses = {label: Guess() for label in LABELS}
        self._are_named = self._is_said = False

    def budget(self, label: str) -> Budget:
        return self._budgets[label]

    def limit(self, label: str) -> float:
        """Zoom's own limit in requests per second, as far as it is known."""
        return self._limits[label]

    @property
    def plan(self) -> str:
        """The plan that has these limits, as far as they are known; "" where none has them."""
        return next((name for name, plan in PLANS.items() if plan[HEAVY] == self._limits[HEAVY]), "")

    def passed(self, label: str, headers: Mapping[str, str]) -> None:
        """Take notice of an answer that Zoom did not refuse for its rate limits."""
        self._learn(label, headers)
        self._guess(label, is_refused=False)

    def refused(self, label: str, headers: Mapping[str, str]) -> None:
        """Take notice of a refusal: hold the label for a moment, so that Zoom's window empties a little."""
        self._budgets[label].hold(PAUSE_SECONDS)
        self._learn(label, headers)
        self._guess(label, is_refused=True)

    def close(self, error: Exception | type[Exception]) -> None:
        """Let no request pass any more, whatever its label."""
        for budget in self._budgets.values():
            budget.close(error)

    def _learn(self, label: str, headers: Mapping[str, str]) -> None:
        if not self._learns or headers.get("X-RateLimit-Type", "").upper() != "QPS":
            return
        text = headers.get("X-RateLimit-Limit", "")
        # Nobody grants a million requests per second.
        limit = float(text) if re.fullmatch("[0-9]{1,6}", text) else 0.0
        if limit:
            self._are_named = True
            if limit != self._limits[label] or self._guesses[label].is_free:
                known = (plan for plan in PLANS.values() if plan[label] == limit)
                self._follow(next(known, {label: limit}))

    def _follow(self, limits: Mapping[str, float]) -> None:
        with self._lock:
            for label, limit in limits.items():
                self._guesses[label].is_free = False
                if limit != self._limits[label] and self._changes[label] < MOST_CHANGES:
                    self._changes[label] += 1
                    self._set(label, limit)

    def _guess(self, label: str, *, is_refused: bool) -> None:
        guess = self._guesses[label]
        now = self._clock.now()
        with self._lock:
            guess.patience = min(REFUSALS, guess.patience + (-1 if is_refused else 1))
            if guess.is_free and is_refused:
                guess.since = now
            elif guess.is_free and now >= guess.since + guess.quiet:
                guess.is_free, guess.since, guess.patience = False, now, TRIAL_REFUSALS
                self._set(label, PLANS["pro"][label])
            elif guess.patience <= 0 and self._learns and not (self._are_named or guess.is_free):
                is_again = now < guess.since + TRIAL_SECONDS
                guess.quiet = 2 * guess.quiet if is_again else QUIET_SECONDS
                guess.is_free, guess.since = True, now
                self._set(label, PLANS["free"][label])
            is_new = guess.is_free and not self._is_said
            self._is_said |= is_new
        if is_new:
            logger.warning(
                f"Zoom refuses most {label} requests and names no limit, so for a while they go at the pace"
                " of a Free account. Set rate_limit_plan to the account's plan."
            )

    def _set(self, label: str, limit: float) -> None:
        self._limits[label] = limit
        self._budgets[label].per_second = limit * self._share


def is_daily(headers: Mapping[str, str]) -> bool:
    """Whether a refusal names the limit of a day, and not that of a second."""
    return headers.get("X-RateLimit-Type", "").lower() == "daily-limit"


def retry_after_seconds(headers: Mapping[str, str]) -> float:
    """The seconds that a Retry-After asks for, in whichever of its forms: a number, or a date.

    https://www.rfc-editor.org/rfc/rfc9110#name-retry-after; Zoom's own form is an ISO date. 0 without one.
    A number of more than a day is cut to it: no limit of Zoom's lasts longer.
    """
    text = headers.get("Retry-After", "").strip()
    if not text or text.isdecimal():
        return min(float(text or 0), DAY_SECONDS)
    now = _moment(headers.get("Date", "")) or datetime.now(UTC)
    until = _moment(text) or now
    return max(0.0, (until - now).total_seconds())


def retry_after_text(headers: Mapping[str, str]) -> str:
    """When a Retry-After ends, in words; a day's requests come back at midnight if there is none."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return f"{datetime.now(UTC) + timedelta(seconds=retry_after_seconds(headers)):%Y-%m-%dT%H:%M:%SZ}"
    return text if _moment(text) else "00:00 UTC"


def _moment(text: str) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError, OverflowError):
            moment = parse(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


@dataclass
class RetryBudget:
    """Repeats within a bound of time: exponential pauses with full jitter.

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    clock: Clock
    seconds: float = 600.0
    _began: float | None = field(default=None, init=False)
    _attempts: int = field(default=0, init=False)

    def fresh(self) -> "RetryBudget":
        """The same bounds for another request."""
        return RetryBudget(self.clock, self.seconds)

    def begin(self) -> float:
        """Let the time run from now on, unless it does already; returns since when it does."""
        if self._began is None:
            self._began = self.clock.now()
        return self._began

    def wait_for_next(self, at_least: float = 0.0) -> bool:
        """Sleep before the next attempt, as long as Zoom asks if that leaves time for one.

        Returns whether there is another attempt: False once the time is used up.
        """
        left = self.begin() + self.seconds - self.clock.now()
        seconds = random.uniform(0, min(LONGEST_PAUSE, 2.0**self._attempts))
        self._attempts += 1
        if seconds > left:
            return False
        self.clock.sleep(max(seconds, min(at_least, left)))
        return True
