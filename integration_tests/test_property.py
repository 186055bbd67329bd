"""Whatever Zoom refuses, and whenever: what can be read is read, what cannot is said, and later it comes."""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_tests.completeness import CLASSES
from integration_tests.conftest import InProcess, Output, still_clock
from integration_tests.outcomes import (
    ALL,
    INSTEAD,
    KINDS_OF_STREAMS,
    LISTS_OF_THE_ACCOUNT,
    OF_ONE,
    UNREAD,
    WITH_CURSOR,
    WITHHELD,
    Reach,
    Syncs,
    at,
    behind,
    everywhere,
    incomplete,
    name_of,
    route_of,
    said,
    warned,
    with_second_page,
)
from integration_tests.zoom_simulator import Simulator, Size
from integration_tests.zoom_simulator.refusals import no_meeting, no_user, refusal
from source_zoom.engine.stream import ZoomStream

# Up to six syncs of each account: minutes.
pytestmark = pytest.mark.outcomes

BY_NAME = {name_of(kind): kind for kind in KINDS_OF_STREAMS}
GONE = {"too old": refusal(400, 12702, "Can not access meeting a year ago."), "nothing": no_meeting(5)}
GONE_USER = {"no user": no_user("somebody")}
WORDS = {**UNREAD, **WITHHELD, **GONE, **GONE_USER}
OFF = [
    *(name_of(kind) for kind in OF_ONE if "instances" in name_of(kind)),
    "reported_occurrences",
    "report_hosts",
]
SYNCS = 6


@dataclass(frozen=True)
class Trouble:
    """What Zoom refuses from one sync to another: of which list or stream, what, and in which words.

    place  which of the resources; None for all of them
    page   whether the refusal comes with the second page only
    """

    kind: str
    place: int | None
    words: str
    first: int = 0
    last: int = 0
    is_second_page: bool = False


@dataclass(frozen=True)
class Story:
    """An account and what happens to it, from sync to sync."""

    seed: int
    users: int = 4
    troubles: Sequence[Trouble] = ()
    # By sync: the lists and streams whose scopes are missing, the daily caps, where it is killed.
    without: dict[int, Sequence[str]] = field(default_factory=dict)
    caps: dict[int, dict[str, int]] = field(default_factory=dict)
    kills: dict[int, float] = field(default_factory=dict)
    hours: Sequence[int] = (24,) * (SYNCS - 1)


def words_for(kind: str, place: int | None) -> st.SearchStrategy[str]:
    """Words that Zoom might have for this: a user is gone in other words than a meeting is."""
    if place is None:
        return st.sampled_from(sorted(UNREAD))
    gone = (
        GONE_USER if "{user_id}" in BY_NAME[kind].endpoint or "{host_id}" in BY_NAME[kind].endpoint else GONE
    )
    return st.sampled_from(sorted({**UNREAD, **WITHHELD, **gone}))


@st.composite
def troubles(draw: st.DrawFn) -> Trouble:
    kind = draw(st.sampled_from([*map(name_of, [*OF_ONE, *OF_ONE]), *map(name_of, LISTS_OF_THE_ACCOUNT)]))
    is_one = "{" in BY_NAME[kind].endpoint
    place = draw(st.integers(0, 50)) if is_one and draw(st.integers(0, 5)) else None
    first = draw(st.integers(0, SYNCS - 1))
    return Trouble(
        kind,
        place,
        draw(words_for(kind, place)),
        first,
        draw(st.integers(first, SYNCS - 1)),
        is_second_page=bool(BY_NAME[kind].page_size and BY_NAME[kind].record_key) and draw(st.booleans()),
    )


def by_sync(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[int, Any]]:
    return st.dictionaries(st.integers(0, SYNCS - 1), values, max_size=2)


STORIES = st.builds(
    Story,
    seed=st.integers(1, 10_000),
    users=st.integers(1, 6),
    troubles=st.lists(troubles(), max_size=5),
    without=by_sync(st.lists(st.sampled_from([*OFF, *WITH_CURSOR]), min_size=1, max_size=3, unique=True)),
    caps=by_sync(
        st.dictionaries(st.sampled_from(["HEAVY", "MEDIUM"]), st.sampled_from([15, 60]), min_size=1)
    ),
    kills=by_sync(st.floats(0.05, 0.95)),
    hours=st.lists(st.integers(1, 72), max_size=SYNCS - 1),
)


class Told:
    """A story as it is told to the simulator: what is refused at present, and what ever was."""

    def __init__(self, story: Story, simulator: Simulator) -> None:
        self.story = story
        self.simulator = simulator
        self.ever: defaultdict[str, set[Any]] = defaultdict(set)
        self.gone: defaultdict[str, set[Any]] = defaultdict(set)
        self.is_capped = False
        self._per_day = dict(simulator.limits.per_day)
        self._scopes = simulator.oauth.scopes
        self._resources: dict[Trouble, Any] = {}
        self.patterns: dict[str, Trouble] = {}

    def begin(self, number: int) -> None:
        """Set up what a sync meets."""
        story, simulator = self.story, self.simulator
        self.lift()
        for trouble in story.troubles:
            if trouble.first <= number <= trouble.last:
                self._refuse(trouble)
        for name in story.without.get(number, ()):
            route = route_of(BY_NAME[name])
            simulator.oauth.revoke(*route.granular_scopes)
            self.ever[route.name] |= {"all"}
        self.is_capped = number in story.caps
        simulator.limits.per_day = {**self._per_day, **story.caps.get(number, {})}

    def lift(self) -> None:
        self.simulator.faults.clear()
        self.simulator.oauth.grant(*self._scopes)
        self.simulator.limits.per_day = self._per_day
        self.is_capped = False
        self.patterns = {}

    def _refuse(self, trouble: Trouble) -> None:
        kind = BY_NAME[trouble.kind]
        route, faults = route_of(kind), self.simulator.faults
        resource: Any = ""
        if trouble.place is not None:
            pool = sorted(Reach(self.simulator.world).asked(route.name), key=str)
            if trouble not in self._resources and pool:
                self._resources[trouble] = pool[trouble.place % len(pool)]
            if trouble not in self._resources:
                return
            resource = self._resources[trouble]
        pattern = everywhere(route) if trouble.place is None else at(route, resource)
        if trouble.is_second_page:
            pattern = with_second_page(faults, pattern)
        faults.reply(pattern, *WORDS[trouble.words])
        self.patterns[pattern] = trouble
        self.ever[route.name] |= {resource or "all"}
        if trouble.words in {**GONE, **GONE_USER}:
            self.gone[route.name] |= {resource or "all"}

    def left(self, refused: dict[str, set[Any]], first_sync: float = math.inf) -> Reach:
        lost: dict[str, Collection[Any]] = {
            route: ALL if "all" in ids else ids for route, ids in refused.items()
        }
        return Reach(self.simulator.world, lost, first_sync)

    def met(self) -> Iterator[Trouble]:
        """The troubles that the last sync has met."""
        urls = {entry.url for entry in self.simulator.journal.entries if entry.fault == "reply"}
        for pattern, trouble in self.patterns.items():
            if any(re.search(pattern, url) for url in urls):
                yield trouble


def assert_holds(story: Story, in_process: InProcess) -> None:
    size = Size(
        users=story.users, meetings_per_user=3, webinars_per_user=2, past_occurrences=2, unlisted_per_user=2
    )
    in_process.without_waiting()
    with Simulator(story.seed, size, clock=still_clock(), plan="unlimited") as simulator:
        told, syncs = Told(story, simulator), Syncs(simulator, in_process)
        for number in range(1 + len(story.hours)):
            simulator.clock.advance(hours=story.hours[number - 1] if number else 0)
            told.begin(number)
            one_sync(told, syncs, story.kills.get(number))
        told.lift()
        assert_all_comes(told, syncs)


def one_sync(told: Told, syncs: Syncs, killed_at: float | None) -> None:
    if killed_at is not None:
        syncs.run_and_kill(killed_at)
        return
    output = syncs.run()
    is_limited = any(entry.status == 429 for entry in told.simulator.journal.entries)
    assert "Traceback" not in output.text, output.text[output.text.index("Traceback") - 500 :][:3000]
    if not is_limited:
        want = told.left(told.ever, syncs.began).rows(syncs.streams)
        assert syncs.missing(syncs.without_alone(want)) == []
    assert_told(told, output, is_limited)
    assert_withheld_is_told(syncs, output)


def assert_told(told: Told, output: Output, is_limited: bool) -> None:
    """What could not be read makes its streams incomplete, or is a WARN, and is named."""
    is_short_of_scopes = told.simulator.oauth.scopes != told._scopes
    unread = [trouble for trouble in told.met() if trouble.words in UNREAD]
    if not unread and not is_limited and not is_short_of_scopes:
        assert incomplete(output) <= account_wide(told)
    assert output.code == bool(incomplete(output))
    for name in incomplete(output):
        assert name in output.errors[-1]["message"]
    for trouble in unread:
        kind = BY_NAME[trouble.kind]
        warnings = warned(output, kind, "(withheld|refused)")
        other_way = name_of(kind) in OFF and any(log.startswith(INSTEAD) for log in output.logs)
        assert warnings or other_way or incomplete(output) & behind(kind), trouble
        if kind.stream_name() in CLASSES and not warnings:
            assert name_of(kind) in incomplete(output), trouble


def account_wide(told: Told) -> set[str]:
    """The streams behind a list of the whole account that is refused in words about one of many."""
    kinds: list[type[ZoomStream]] = [BY_NAME[trouble.kind] for trouble in told.met()]
    return behind(*(kind for kind in kinds if kind in LISTS_OF_THE_ACCOUNT))


def assert_withheld_is_told(syncs: Syncs, output: Output) -> None:
    for name in set(WITH_CURSOR) & set(syncs.states) & set(output.statuses):
        for group in syncs.state(name).get("withheld", []):
            assert warned(output, group.get("list", name), "withheld"), (name, group)


def assert_all_comes(told: Told, syncs: Syncs) -> None:
    """Once nothing is refused any more: two daily syncs later, or after a week what was withheld."""
    was_withheld = False
    for day in range(10):
        output = syncs.a_day_later()
        was_withheld = was_withheld or "withheld" in str(syncs.states)
        want = syncs.without_alone(told.left(told.gone, syncs.began).rows(syncs.streams))
        missing = syncs.missing(want)
        if day > 0 and not missing:
            break
        assert day == 0 or was_withheld, (missing, output)
    assert missing == []
    assert output.code == 0, said(output)


# The fixed ones run with all other tests.
FIXED = {
    "parts": Story(
        1,
        troubles=[
            Trouble("reported_occurrences", 1, "unknown", 0, 2),
            Trouble("meeting_instances", 2, "a page", 0, 0),
            Trouble("report_meeting_participants", 3, "paid", 0, 3),
            Trouble("webinar_registrants", 0, "unknown", 0, 1, is_second_page=True),
            Trouble("users", None, "unknown", 1, 1),
        ],
        hours=(24, 5, 30),
    ),
    "ways": Story(
        2,
        troubles=[
            Trouble("report_hosts", None, "a page", 1, 2),
            Trouble("user_meetings", None, "no permission", 2, 2),
        ],
        without={0: ["reported_occurrences"], 1: ["meeting_instances", "report_meetings"]},
        kills={2: 0.4},
        hours=(24, 24, 1),
    ),
    "limits": Story(
        3,
        users=3,
        troubles=[
            Trouble("report_meetings", None, "no permission", 0, 0),
            Trouble("user_webinars", 0, "plan", 0, 1),
        ],
        caps={0: {"HEAVY": 15}, 1: {"HEAVY": 60, "MEDIUM": 15}},
        kills={0: 0.5, 3: 0.1},
        hours=(2, 24, 72),
    ),
}


@pytest.mark.parametrize("name", FIXED)
def test_what_is_refused_in_parts_comes_in_the_end(in_process: InProcess, name: str) -> None:
    assert_holds(FIXED[name], in_process)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STORIES)
def test_whatever_is_refused_comes_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, story: Story
) -> None:
    assert_holds(story, InProcess(tmp_path, monkeypatch))
