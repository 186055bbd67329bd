"""Counts what it costs to read an account again: unchanged, after news, and every hour of a day.

The simulator's clock stands still and is moved by hand, so a day takes a minute. No time is measured.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integration_tests.conftest import InProcess
from integration_tests.outcomes import Syncs, behind
from integration_tests.zoom_simulator import Clock, Simulator, Size, World
from source_zoom.streams.answers import (
    ReportMeetingQna,
    ReportMeetingSurveys,
    ReportWebinarQna,
    ReportWebinarSurveys,
)
from source_zoom.streams.past import ReportedOccurrences

# Meetings are held for nine hours from here on, and Zoom goes on writing their attendance for two more.
MORNING = datetime(2026, 11, 20, 8, 0, 1, tzinfo=UTC)
LIVING: Mapping[str, Any] = {"daily_hours": 9, "growth_hours": 2}
ANSWERS = (ReportMeetingQna, ReportMeetingSurveys, ReportWebinarQna, ReportWebinarSurveys)
# From the morning to the first sync, and from there to the news.
HOURS_BEFORE, MINUTES_UNTIL_NEWS = 8, 55


@dataclass(frozen=True)
class Again:
    """An account of this size, which is read again and again with all streams of past occurrences.

    hosts      who of its users hold meetings
    unchanged  the most requests that a sync may take where nothing has changed
    reports    the most reports of meetings that one may ask for after news, 0 where there is no such goal
    hours      for so long it is read every hour at the end
    """

    account: str
    hosts: int
    size: Mapping[str, Any]
    unchanged: int
    reports: int = 0
    hours: int = 0

    @property
    def title(self) -> str:
        return f"{self.account}, read again"


class Step(NamedTuple):
    """What one sync took, or several.

    reports   reports of meetings that were asked for
    state     bytes of the largest state of a stream
    target    the most that it may take, and whether that was met
    """

    what: str
    requests: int
    heavy: int
    reports: int
    records: int
    state: int
    target: str = ""

    def held_to(self, most: str, *, is_met: bool) -> "Step":
        return self._replace(target=f"{most}: {'met' if is_met else 'missed'}")


@dataclass(frozen=True)
class Course:
    """The syncs of one account, in order."""

    steps: Sequence[Step]


def read_again(case: Again) -> Course:
    """Take an account through all steps. Raises RuntimeError where a sync fails, or a row has not come."""
    clock = Clock(MORNING, running=False)
    size = Size(**LIVING, **case.size)
    with (
        Simulator(4, size, clock=clock, plan="unlimited") as simulator,
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        if (hosts := _hosts(simulator.world)) != case.hosts:
            raise RuntimeError(f"{case.title}: it has {hosts} hosts.")
        clock.advance(hours=HOURS_BEFORE)
        connector = InProcess(Path(folder), patch)
        connector.without_waiting()
        # Of questions, answers and surveys the page on how often to sync speaks by themselves.
        streams = sorted(behind(ReportedOccurrences) - {one.stream_name() for one in ANSWERS})
        syncs = Syncs(simulator, connector, streams)
        steps = list(_steps(case, syncs))
        if missing := syncs.missing():
            raise RuntimeError(f"{case.title}: {missing[0]} has not come, so its counts mean nothing.")
        return Course(steps)


def _steps(case: Again, syncs: Syncs) -> Iterator[Step]:
    clock, world = syncs.simulator.clock, syncs.simulator.world
    yield _sync(syncs, f"{case.account}: first sync")
    # At the same instant: while attendance is being written, there is news in a minute.
    step = _sync(syncs, f"{case.account}: at once again, unchanged")
    is_met = step.requests <= case.unchanged and not step.records
    yield step.held_to(f"{case.unchanged} requests, 0 records", is_met=is_met)
    before = _meetings_of_today(world)
    clock.advance(minutes=MINUTES_UNTIL_NEWS)
    after = _meetings_of_today(world)
    new, grown = len(after.keys() - before.keys()), sum(after[uuid] != row for uuid, row in before.items())
    news = f"{new:,} meetings new and {grown:,} grown, of {len(after):,}"
    step = _sync(syncs, f"{case.account}: {MINUTES_UNTIL_NEWS} minutes later, {news}")
    is_met = step.reports <= case.reports
    yield step.held_to(f"{case.reports} reports of meetings", is_met=is_met) if case.reports else step
    if day := list(_hourly(case.hours, syncs)):
        yield _sum(f"{case.account}: {case.hours} syncs, one an hour", day)
        yield max(day, key=lambda step: step.heavy)._replace(what=f"{case.account}: the dearest of these")


def _hourly(hours: int, syncs: Syncs) -> Iterator[Step]:
    for _ in range(hours):
        syncs.simulator.clock.advance(hours=1)
        yield _sync(syncs, "an hour later")


def _sync(syncs: Syncs, what: str) -> Step:
    output, journal = syncs.run(), syncs.simulator.journal
    if output.code:
        raise RuntimeError(f"{what}: exit code {output.code}, so its counts mean nothing. {output!r}")
    states = [json.dumps(syncs.state(name), separators=(",", ":")) for name in syncs.streams]
    return Step(
        what,
        requests=sum(journal.requests.values()) - journal.token_requests,
        heavy=journal.requests["HEAVY"],
        reports=len(journal.of("report_meetings")),
        records=output.record_counts.total(),
        state=max(map(len, states)),
    )


def _sum(what: str, steps: Sequence[Step]) -> Step:
    return Step(
        what,
        requests=sum(step.requests for step in steps),
        heavy=sum(step.heavy for step in steps),
        reports=sum(step.reports for step in steps),
        records=sum(step.records for step in steps),
        state=max(step.state for step in steps),
    )


def _hosts(world: World) -> int:
    """Who holds meetings on the day on which the clock starts, or on the next."""
    days, end = (MORNING.date(), MORNING.date() + timedelta(days=1)), MORNING + timedelta(days=2)
    return sum(bool(world.held(user, *days, end.timestamp())) for user in range(world.size.users))


def _meetings_of_today(world: World) -> dict[str, tuple[int, int]]:
    """What the hosts' lists say by now of each meeting of the day: how many came, and for how long."""
    today, now = world.clock.today(), world.now()
    return {
        world.uuid(held): (world.head_count(held, now), world.written_minutes(held, now))
        for user in range(world.size.users)
        for held in world.reported(user, today, today, now)
        if held.series.kind == "meeting"
    }
