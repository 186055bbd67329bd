"""Zoom's rate limits: one paced budget per label, and every wait of the connector.

Limits are per account and label, in requests per second and, for some, per day:
https://developers.zoom.us/docs/api/rate-limits/
"""

import heapq
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

LIGHT, MEDIUM, HEAVY = "LIGHT", "MEDIUM", "HEAVY"

PLANS: Mapping[str, Mapping[str, float]] = {
    "free": {LIGHT: 4, MEDIUM: 2, HEAVY: 1},
    "pro": {LIGHT: 30, MEDIUM: 20, HEAVY: 10},
    "business": {LIGHT: 80, MEDIUM: 60, HEAVY: 40},
}


# Requests that leave evenly do not arrive evenly: at the full limit, Zoom would refuse some of them.
FASTEST = 0.95


@dataclass(frozen=True)
class Timer:
    """The local clock and the sleeper, in seconds, in one place so that tests can replace both."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Budget:
    """Hands out the requests of one label at an even pace; urgent requests go first.

    Only the waiter at the head sleeps until the next slot, everybody else until woken: a hundred
    waiting threads cost no more than one.
    """

    def __init__(self, per_second: float, timer: Timer) -> None:
        self.per_second = per_second
        self._timer = timer
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, int, threading.Event]] = []
        self._arrivals = count()
        self._next_slot = 0.0
        self._closed: Exception | None = None

    def take(self, *, urgent: bool) -> float:
        """Wait for the next slot. Returns the seconds waited; raises what the budget was closed with."""
        began = self._timer.clock()
        ticket = (0 if urgent else 1, next(self._arrivals), threading.Event())
        with self._lock:
            heapq.heappush(self._waiting, ticket)
        while True:
            with self._lock:
                if self._closed:
                    self._leave(ticket)
                    raise self._closed
                is_head = self._waiting[0] is ticket
                now = self._timer.clock()
                if is_head and now >= self._next_slot:
                    self._next_slot = max(self._next_slot + 1 / self.per_second, now)
                    self._leave(ticket)
                    return now - began
                pause = self._next_slot - now
                ticket[2].clear()
            if is_head:
                self._timer.sleep(pause)
            else:
                ticket[2].wait()

    def pause(self, seconds: float) -> None:
        """Let nobody pass for some time: Zoom has just refused a request of this label."""
        with self._lock:
            self._next_slot = max(self._next_slot, self._timer.clock() + seconds)

    def close(self, error: Exception) -> None:
        """Let nobody pass any more."""
        with self._lock:
            self._closed = error
            for _, _, woken in self._waiting:
                woken.set()

    def _leave(self, ticket: tuple[int, int, threading.Event]) -> None:
        if self._waiting[0] is ticket:
            heapq.heappop(self._waiting)
        else:
            self._waiting.remove(ticket)
            heapq.heapify(self._waiting)
        if self._waiting:
            self._waiting[0][2].set()


class RateLimits:
    """The budgets of all labels, and what Zoom's answers teach about the account's plan.

    `share` is the percentage of Zoom's limits that this connector may use. Plan "auto" begins at Pro
    and follows the per-second limits that Zoom's answers name. `workers` are the threads that read.
    """

    def __init__(self, plan: str, share: int, timer: Timer, workers: int) -> None:
        self._learns = plan == "auto"
        self._share = min(share / 100, FASTEST)
        # Each label has workers of its own, or all of them would soon wait for the slowest label.
        self._rooms = {label: threading.Semaphore(max(1, workers // len(PLANS["pro"]))) for label in PLANS["pro"]}
        limits = PLANS["pro" if self._learns else plan]
        self._budgets = {label: Budget(limit * self._share, timer) for label, limit in limits.items()}

    def budget(self, label: str) -> Budget:
        return self._budgets[label]

    def room(self, label: str) -> threading.Semaphore:
        """Counts the slices of this label that may still be taken in hand."""
        return self._rooms[label]

    def learn(self, label: str, headers: Mapping[str, str]) -> None:
        """Take the limit from an answer's headers, and the other labels' from the plan that has it."""
        if not self._learns or headers.get("X-RateLimit-Type", "").upper() != "QPS":
            return
        text = headers.get("X-RateLimit-Limit", "")
        limit = float(text) if text.isdigit() else 0.0
        if not limit or self._budgets[label].per_second == limit * self._share:
            return
        self._budgets[label].per_second = limit * self._share
        for plan in PLANS.values():
            if plan[label] == limit:
                for other, budget in self._budgets.items():
                    budget.per_second = plan[other] * self._share


@dataclass
class Retries:
    """Repeats within a bound of time: exponential pauses with full jitter.

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    timer: Timer
    seconds: float = 600.0
    longest_pause: float = 60.0
    _began: float | None = field(default=None, init=False)
    _attempts: int = field(default=0, init=False)

    def fresh(self) -> "Retries":
        """The same bounds for another request."""
        return Retries(self.timer, self.seconds, self.longest_pause)

    def pause(self) -> float | None:
        """Sleep before the next attempt. Returns the seconds slept, None once the time is used up."""
        now = self.timer.clock()
        self._began = now if self._began is None else self._began
        seconds = random.uniform(0, min(self.longest_pause, 2.0**self._attempts))
        self._attempts += 1
        if now + seconds - self._began > self.seconds:
            return None
        self.timer.sleep(seconds)
        return seconds
