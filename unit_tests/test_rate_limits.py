import math
import threading
import time
import unittest
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from source_zoom.api.clock import ZoomClock
from source_zoom.api.rate_limits import (
    FIRST,
    HEAVY,
    LAST,
    LIGHT,
    MEDIUM,
    PLANS,
    SECOND,
    Budget,
    Clock,
    RateLimits,
    RetryBudget,
    is_daily,
    retry_after_seconds,
    retry_after_text,
)


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)


def test_requests_are_spread_evenly() -> None:
    fake = FakeTime()
    budget = Budget(10, fake.clock)
    times = []
    for _ in range(21):
        budget.take(LAST)
        times.append(fake.now)
    assert times[-1] - times[0] == pytest.approx(2.0, abs=0.15)


def test_a_late_start_does_not_become_a_burst() -> None:
    fake = FakeTime()
    budget = Budget(10, fake.clock)
    budget.take(LAST)
    fake.now += 60
    began = fake.now
    for _ in range(11):
        budget.take(LAST)
    assert fake.now - began >= 0.85


def test_requests_go_by_priority() -> None:
    budget = Budget(50, Clock())
    budget.hold(0.3)
    order: list[int] = []

    def take(priority: int) -> None:
        budget.take(priority)
        order.append(priority)

    arrivals = [LAST, LAST, SECOND, LAST, SECOND, FIRST, FIRST]
    threads = [threading.Thread(target=take, args=(priority,)) for priority in arrivals]
    for thread in threads:
        thread.start()
        time.sleep(0.005)
    for thread in threads:
        thread.join(timeout=10)
    assert order == [FIRST, FIRST, SECOND, SECOND, LAST, LAST, LAST]


def test_a_closed_budget_raises_in_every_waiter() -> None:
    budget = Budget(1, Clock())
    budget.hold(0.2)
    raised = []

    def take() -> None:
        try:
            budget.take(LAST)
        except KeyError as error:
            raised.append(error)

    threads = [threading.Thread(target=take) for _ in range(5)]
    for thread in threads:
        thread.start()
    budget.close(KeyError("no more"))
    for thread in threads:
        thread.join(timeout=10)
    assert len(raised) == 5


def test_a_closed_budget_lets_nobody_pass_later() -> None:
    budget = Budget(1, Clock())
    budget.close(KeyError("no more"))
    with pytest.raises(KeyError):
        budget.take(FIRST)


def test_a_closed_account_closes_every_label() -> None:
    limits = RateLimits("pro", 90, FakeTime().clock)
    limits.close(KeyError("no more"))
    for label in (LIGHT, MEDIUM, HEAVY):
        with pytest.raises(KeyError):
            limits.budget(label).take(FIRST)


def test_a_shorter_hold_does_not_shorten_a_longer_one() -> None:
    fake = FakeTime()
    budget = Budget(10, fake.clock)
    budget.hold(5)
    budget.hold(1)
    assert budget.take(LAST) == pytest.approx(5)


def named(limit: float) -> dict[str, str]:
    return {"X-RateLimit-Type": "QPS", "X-RateLimit-Limit": f"{limit:g}"}


def rates(limits: RateLimits) -> list[float]:
    return [limits.budget(label).per_second for label in (LIGHT, MEDIUM, HEAVY)]


def test_auto_begins_at_pro_and_learns_the_plan() -> None:
    limits = RateLimits("auto", 50, Clock())
    assert rates(limits) == [15, 10, 5]
    limits.passed(LIGHT, named(80))
    assert rates(limits) == [40, 30, 20]
    limits.refused(HEAVY, named(1))
    assert rates(limits) == [2, 1, 0.5]


def test_auto_follows_a_limit_of_no_plan_for_its_label_alone() -> None:
    limits = RateLimits("auto", 50, Clock())
    limits.passed(MEDIUM, named(50))
    assert rates(limits) == [15, 25, 5]


def test_auto_changes_its_mind_twice_at_most() -> None:
    limits = RateLimits("auto", 50, Clock())
    for limit in (80, 4, 80, 30, 80):
        limits.passed(LIGHT, named(limit))
    assert rates(limits) == [2, 1, 0.5]


def ask(
    limits: RateLimits,
    fake: FakeTime,
    label: str,
    per_second: float,
    *,
    answers: float = math.inf,
    seconds: float = math.inf,
    burst: Sequence[int] = (),
) -> tuple[int, int]:
    """Ask an account that names no limits, until there are so many answers or so many seconds are over.

    The requests of a burst, by their number, are refused in any case. Returns the answers and the refusals.
    """
    answered: deque[float] = deque()
    end = fake.now + seconds
    passed = refused = 0
    while passed < answers and fake.now < end:
        limits.budget(label).take(LAST)
        while answered and answered[0] <= fake.now - 1:
            answered.popleft()
        if len(answered) >= per_second or passed + refused in burst:
            refused += 1
            limits.refused(label, {})
        else:
            passed += 1
            answered.append(fake.now)
            limits.passed(label, {})
    return passed, refused


def refuse(limits: RateLimits, label: str, times: int) -> None:
    for _ in range(times):
        limits.refused(label, {})


@pytest.mark.parametrize(("label", "per_second"), PLANS["free"].items())
def test_a_free_account_that_names_no_limits_is_settled_at_free(label: str, per_second: float) -> None:
    fake = FakeTime()
    limits = RateLimits("auto", 90, fake.clock)
    passed, refused = ask(limits, fake, label, per_second, seconds=3600)
    assert passed > 0.89 * per_second * 3600
    assert refused < 0.03 * passed
    # By now Pro is tried about once an hour.
    _, later = ask(limits, fake, label, per_second, seconds=3600)
    assert later < 20
    assert limits.limit(label) == per_second


@pytest.mark.parametrize(("label", "per_second"), PLANS["pro"].items())
def test_a_burst_of_refusals_costs_seconds(label: str, per_second: float) -> None:
    fake = FakeTime()
    answers = 36 * 0.9 * per_second
    ask(RateLimits("auto", 90, fake.clock), fake, label, per_second, answers=answers)
    undisturbed, fake.now = fake.now - 100, 100
    limits = RateLimits("auto", 90, fake.clock)
    passed, refused = ask(limits, fake, label, per_second, answers=answers, burst=range(100, 120))
    assert (passed, refused) == (answers, 20)
    assert limits.limit(label) == per_second
    assert 1.15 < (fake.now - 100) / undisturbed < 1.25


def test_only_a_label_that_is_refused_goes_down_and_only_when_more_is_refused_than_answered() -> None:
    limits = RateLimits("auto", 50, FakeTime().clock)
    for _ in range(100):
        limits.refused(HEAVY, {})
        limits.passed(HEAVY, {})
        limits.passed(HEAVY, {})
    refuse(limits, HEAVY, 19)
    assert rates(limits) == [15, 10, 5]
    refuse(limits, HEAVY, 1)
    assert rates(limits) == [15, 10, 0.5]
    refuse(limits, HEAVY, 100)
    assert rates(limits) == [15, 10, 0.5]


def seconds_at_free(limits: RateLimits, fake: FakeTime) -> int:
    """How long HEAVY still stays at Free if it is refused no more."""
    began = fake.now
    while limits.limit(HEAVY) == 1 and fake.now < began + 1000:
        fake.now += 1
        limits.passed(HEAVY, {})
    return round(fake.now - began)


def test_a_label_rises_after_some_quiet_and_later_each_time_that_it_falls_again() -> None:
    fake = FakeTime()
    limits = RateLimits("auto", 90, fake.clock)
    refuse(limits, HEAVY, 20)
    fake.now += 4
    limits.refused(HEAVY, {})
    assert seconds_at_free(limits, fake) == 5
    for quiet in (10, 20, 40, 80):
        fake.now += 50
        refuse(limits, HEAVY, 4)
        assert limits.limit(HEAVY) == 10
        refuse(limits, HEAVY, 1)
        assert seconds_at_free(limits, fake) == quiet
    fake.now += 61
    refuse(limits, HEAVY, 5)
    assert seconds_at_free(limits, fake) == 5


def test_a_sync_says_once_that_it_guesses() -> None:
    limits = RateLimits("auto", 90, FakeTime().clock)
    with unittest.TestCase().assertLogs("airbyte.source_zoom", "WARNING") as logs:
        refuse(limits, HEAVY, 40)
        refuse(limits, LIGHT, 40)
    assert [record.getMessage() for record in logs.records] == [
        "Zoom refuses most HEAVY requests and names no limit, so for a while they go at the pace of a Free"
        " account. Set rate_limit_plan to the account's plan."
    ]


@pytest.mark.parametrize("label", [LIGHT, HEAVY])
def test_a_limit_that_zoom_names_ends_a_guess(label: str) -> None:
    fake = FakeTime()
    limits = RateLimits("auto", 50, fake.clock)
    refuse(limits, HEAVY, 20)
    limits.passed(label, named(PLANS["free"][label]))
    fake.now += 600
    limits.passed(HEAVY, {})
    assert rates(limits) == [2, 1, 0.5]


def test_auto_does_not_guess_once_zoom_has_named_a_limit() -> None:
    limits = RateLimits("auto", 50, Clock())
    limits.passed(LIGHT, named(30))
    for _ in range(100):
        limits.refused(LIGHT, {})
    assert rates(limits) == [15, 10, 5]


def test_a_refusal_holds_its_label_for_a_moment() -> None:
    fake = FakeTime()
    limits = RateLimits("pro", 100, fake.clock)
    limits.refused(HEAVY, {})
    began = fake.now
    limits.budget(LIGHT).take(LAST)
    assert fake.now == began
    limits.budget(HEAVY).take(LAST)
    assert fake.now - began == pytest.approx(0.1)


def test_the_full_limit_is_never_quite_used() -> None:
    assert rates(RateLimits("business", 100, Clock())) == pytest.approx([75.2, 56.4, 37.6])
    assert rates(RateLimits("business", 90, Clock())) == pytest.approx([72, 54, 36])


def test_a_daily_limit_or_an_odd_header_teaches_nothing() -> None:
    limits = RateLimits("auto", 90, Clock())
    for headers in (
        {"X-RateLimit-Type": "Daily-limit", "X-RateLimit-Limit": "6000"},
        {"X-RateLimit-Type": "QPS", "X-RateLimit-Limit": "many"},
        {"X-RateLimit-Type": "QPS", "X-RateLimit-Limit": "²"},
        {"X-RateLimit-Type": "QPS", "X-RateLimit-Limit": "0"},
        {"X-RateLimit-Type": "QPS", "X-RateLimit-Limit": "9" * 400},
        {"X-RateLimit-Type": "QPS"},
        {},
    ):
        limits.passed(LIGHT, headers)
    assert limits.budget(LIGHT).per_second == pytest.approx(27)


@pytest.mark.parametrize("plan", PLANS)
def test_an_explicit_plan_is_obeyed(plan: str) -> None:
    limits = RateLimits(plan, 50, Clock())
    limits.passed(LIGHT, named(50))
    refuse(limits, LIGHT, 100)
    assert limits.budget(LIGHT).per_second == PLANS[plan][LIGHT] / 2


def test_retries_end_with_their_time() -> None:
    fake = FakeTime()
    retries = RetryBudget(fake.clock, seconds=600)
    began = fake.now
    while retries.wait_for_next():
        pass
    assert 500 < fake.now - began <= 600
    assert all(pause <= 60 for pause in fake.slept)
    assert fake.slept[0] <= 1


def test_whoever_asks_for_more_time_than_there_is_gets_all_of_it() -> None:
    fake = FakeTime()
    retries = RetryBudget(fake.clock, seconds=30)
    assert retries.wait_for_next(at_least=900)
    assert fake.slept == [30]
    assert not retries.wait_for_next(at_least=900)


def test_each_request_has_a_time_of_its_own() -> None:
    fake = FakeTime()
    retries = RetryBudget(fake.clock, seconds=30)
    assert retries.wait_for_next(at_least=900)
    assert not retries.wait_for_next(at_least=900)
    assert retries.fresh().wait_for_next()


def test_a_refusal_for_the_day_is_told_from_one_for_the_second() -> None:
    assert is_daily({"X-RateLimit-Type": "Daily-limit"})
    assert not is_daily(named(30))
    assert not is_daily({})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z"),
        ("", "00:00 UTC"),
        ("soon", "00:00 UTC"),
    ],
)
def test_until_when_a_retry_after_asks_to_wait(text: str, moment: str) -> None:
    assert retry_after_text({"Retry-After": text}).startswith(moment)


@pytest.mark.parametrize(("text", "seconds"), [("3600", 3600), ("9" * 5000, 86_400)])
def test_a_retry_after_in_seconds_is_told_as_a_moment(text: str, seconds: int) -> None:
    until = datetime.fromisoformat(retry_after_text({"Retry-After": text}))
    assert abs((until - datetime.now(UTC)).total_seconds() - seconds) < 60


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("77", 77),
        ("Sun, 22 Nov 2026 10:01:17 GMT", 77),
        ("2026-11-22T10:01:17Z", 77),
        ("2026-11-22T00:00:00Z", 0),
        ("9" * 400, 86400),
        ("-77", 0),
        ("²", 0),
        (f"Sun, 22 Nov {10**30} 10:01:17 GMT", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_what_a_retry_after_asks_for(text: str, seconds: float) -> None:
    assert retry_after_seconds({"Retry-After": text, "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}) == seconds


DIGITS = st.sampled_from(["0", "-1", "77", "9" * 400, "9" * 5000, "²", "٣"]) | st.integers().map(str)
DATES = st.datetimes(timezones=st.just(UTC) | st.timezones()).map(datetime.isoformat)
# Also in the shape of a date, with numbers that are none of a date's.
HTTP_DATES = st.builds("Sun, {} Nov {} {}:01:17 {}".format, DIGITS, DIGITS, DIGITS, DIGITS | st.just("GMT"))
TEXTS = DIGITS | DATES | HTTP_DATES | st.text()
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Retry-After": TEXTS,
        "Date": TEXTS,
        "X-RateLimit-Type": st.sampled_from(["QPS", "Daily-limit"]) | TEXTS,
        "X-RateLimit-Limit": TEXTS,
    },
)


@settings(max_examples=150, deadline=None)
@given(HEADERS)
@example({"Date": f"Sun, 22 Nov {10**30} 10:01:17 GMT"})
@example({"X-RateLimit-Type": "QPS", "X-RateLimit-Limit": "²"})
@example({"Retry-After": "9" * 400})
def test_no_header_is_an_error_or_a_wait_beyond_the_time_for_retries(headers: dict[str, str]) -> None:
    fake = FakeTime()
    limits = RateLimits("auto", 90, fake.clock)
    limits.passed(LIGHT, headers)
    limits.refused(LIGHT, headers)
    assert 0 < limits.budget(LIGHT).per_second < 1_000_000
    ZoomClock().observe(headers)
    assert retry_after_text(headers)
    assert RetryBudget(fake.clock, seconds=600).wait_for_next(retry_after_seconds(headers))
    limits.budget(LIGHT).take(LAST)
    assert fake.now - 100 <= 601
