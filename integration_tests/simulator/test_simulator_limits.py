"""Rate limits, latency, and requests side by side."""

import asyncio
import threading
from typing import Any

import pytest

from integration_tests.simulator.client import NOW, Start, listed
from integration_tests.zoom_simulator import Clock, limits
from integration_tests.zoom_simulator.limits import RateLimits


def test_limits_by_the_second(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(limits, "monotonic", lambda: now)
    simulator, client = start(plan="free")
    path = f"/meetings/{listed(simulator.world, 'meeting')}"
    answers = [client.get(path) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    headers = answers[0].headers
    assert (headers["X-RateLimit-Category"], headers["X-RateLimit-Type"]) == ("Light", "QPS")
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("4", "3")
    assert answers[-1].headers["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in answers[-1].headers
    assert "per-second" in answers[-1].json()["message"]
    assert (simulator.journal.requests["LIGHT"], simulator.journal.answers["LIGHT"]) == (5, 4)
    assert client.get("/users").status_code == 200
    now = 101.0
    assert client.get(path).status_code == 200


def test_refused_requests_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(limits, "monotonic", lambda: now)
    free = RateLimits("free", Clock(NOW, running=False), daily_caps={"MEDIUM": 4})

    def passed(times: int) -> int:
        return sum(not free.check("MEDIUM").refusal for _ in range(times))

    assert passed(10) == 2
    now = 100.9
    assert passed(10) == 0
    now = 101.0
    assert passed(10) == 2
    now = 200.0
    assert "daily" in free.check("MEDIUM").refusal


def test_limits_by_the_day(start: Start) -> None:
    simulator, client = start(daily_caps={"MEDIUM": 3})
    assert [client.get("/users").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/users")
    assert refused.headers["X-RateLimit-Type"] == "Daily-limit"
    assert refused.headers["Retry-After"] == "2026-03-16T00:00:00Z"
    assert "daily" in refused.json()["message"]
    assert client.get(f"/meetings/{listed(simulator.world, 'meeting')}").status_code == 200
    simulator.clock.advance(hours=12)
    client.log_in()
    assert client.get("/users").status_code == 200


def test_headers_can_be_left_out_and_unlimited_says_so(start: Start) -> None:
    _, client = start(limit_headers=False)
    assert not any(name.lower().startswith("x-ratelimit") for name in client.get("/users").headers)
    _, client = start()
    assert client.get("/users").headers["X-RateLimit-Limit"] == "100000"


def test_half_of_the_latency_passes_before_a_request_counts(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator, client = start(latency=0.4)
    events: list[object] = []
    check = simulator.limits.check

    async def sleep(seconds: float) -> None:
        events.append(seconds)

    def count(label: str) -> Any:
        events.append(label)
        return check(label)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(simulator.limits, "check", count)
    client.get("/users")
    assert events == [0.2, "MEDIUM", 0.2]
    simulator.jitter = 0.5
    for _ in range(20):
        client.get("/users")
    naps = [event for event in events[3:] if isinstance(event, float)]
    assert len(set(naps)) == 20
    assert 0.1 <= min(naps) < 0.2 < max(naps) <= 0.3


def test_requests_are_served_side_by_side(start: Start) -> None:
    simulator, client = start(latency=0.2)
    threads = [threading.Thread(target=client.get, args=("/users",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert simulator.journal.max_in_flight > 1
    assert len({entry.connection for entry in simulator.journal.of("users")}) > 1
