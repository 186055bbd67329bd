"""A page of a proxy or a captive portal is no word of Zoom's: what it hides is unread, and never gone."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from integration_tests.conftest import InProcess, Output, Start
from integration_tests.outcomes import (
    FOREIGN,
    KINDS_OF_STREAMS,
    LISTS,
    OF_ONE,
    Reach,
    Syncs,
    account,
    at,
    behind,
    concerned,
    costliest,
    everywhere,
    incomplete,
    name_of,
    route_of,
    said,
)
from integration_tests.zoom_simulator import Simulator
from integration_tests.zoom_simulator.faults import Aim
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS

# Many syncs of many accounts: minutes.
pytestmark = pytest.mark.storm

ATTEMPTS, PATIENT, MOST_SECONDS = 5, 10, 600
OF_ONE_IN_STREAMS = [kind for kind in OF_ONE if kind in STREAMS]


def with_words(kinds: Sequence[type[ZoomStream]]) -> list[Any]:
    """Each of these with one kind of page, all kinds in turn."""
    words = list(FOREIGN)
    return [
        pytest.param(kind, words[place % len(words)], id=f"{name_of(kind)}-{words[place % len(words)]}")
        for place, kind in enumerate(kinds)
    ]


def assert_comes_once_it_is_lifted(
    simulator: Simulator, syncs: Syncs, kinds: Collection[type[ZoomStream]], aims: Sequence[Aim[Any]]
) -> Output:
    """Unread and named while it lasts, in no more than five attempts; everything is there a day later."""
    output = syncs.run()
    assert output.code == 1
    assert incomplete(output) == behind(*kinds) & set(syncs.streams)
    asked = Counter[str]()
    for aim in aims:
        asked |= syncs.asked(aim.pattern.pattern)
    # What is a stream as well as a list is read for both.
    readers = 2 if set(kinds) & set(STREAMS) & set(LISTS) else 1
    # After ten in a row, one attempt is enough for the others.
    assert set(asked.values()) <= set(range(1, ATTEMPTS * readers + 1))
    assert asked.total() >= ATTEMPTS * min(PATIENT, readers * len(asked))
    assert syncs.seconds < MOST_SECONDS
    assert "a proxy or a firewall refuses it" in said(output)
    assert not any("a proxy or a firewall" in log and "skipped" in log for log in output.logs)
    for aim in aims:
        simulator.faults.forget(aim)
    later = syncs.a_day_later()
    assert later.code == 0
    assert syncs.missing() == []
    return output


@pytest.mark.parametrize(("kind", "words"), with_words(OF_ONE))
def test_one_resource_behind_a_proxy_is_unread(
    start: Start, in_process: InProcess, kind: type[ZoomStream], words: str
) -> None:
    simulator = account(start)
    in_process.without_waiting()
    route = route_of(kind)
    resource = costliest(simulator, route)
    aim = simulator.faults.reply(at(route, resource), *FOREIGN[words])
    syncs = Syncs(simulator, in_process, concerned(kind))
    left = Reach(simulator.world, {route.name: {resource}}).rows(syncs.streams)
    output = assert_comes_once_it_is_lifted(simulator, syncs, [kind], [aim])
    assert route.url(resource).lstrip("/") in said(output)
    first = Syncs(simulator, in_process, syncs.streams)
    first.take(output)
    assert first.missing(left) == []


@pytest.mark.parametrize("words", FOREIGN)
def test_one_resource_of_every_endpoint_behind_a_proxy_is_unread(
    start: Start, in_process: InProcess, words: str
) -> None:
    simulator = account(start, users=8)
    in_process.without_waiting()
    aims = [
        simulator.faults.reply(at(route_of(kind), costliest(simulator, route_of(kind))), *FOREIGN[words])
        for kind in OF_ONE_IN_STREAMS
    ]
    assert_comes_once_it_is_lifted(simulator, Syncs(simulator, in_process), OF_ONE_IN_STREAMS, aims)


@pytest.mark.parametrize(("kind", "words"), with_words(KINDS_OF_STREAMS))
def test_an_endpoint_behind_a_proxy_is_unread(
    start: Start, in_process: InProcess, kind: type[ZoomStream], words: str
) -> None:
    simulator = account(start)
    in_process.without_waiting()
    pattern = everywhere(route_of(kind))
    if name_of(kind) == "users":
        # Whether Zoom can be reached at all is asked there, too: for one row.
        pattern = r"^/v2/users[?].*status="
    aim = simulator.faults.reply(pattern, *FOREIGN[words])
    streams = concerned(kind) if kind in LISTS else ["users", name_of(kind)]
    assert_comes_once_it_is_lifted(simulator, Syncs(simulator, in_process, streams), [kind], [aim])


@pytest.mark.parametrize("way", ["reports", "instances", "lists"])
@pytest.mark.parametrize("words", FOREIGN)
def test_a_way_behind_a_proxy_is_unread(start: Start, in_process: InProcess, words: str, way: str) -> None:
    simulator = account(start)
    in_process.without_waiting()
    kinds = [kind for kind in LISTS if kind not in STREAMS and is_of(way, kind)]
    aims = [simulator.faults.reply(everywhere(route_of(kind)), *FOREIGN[words]) for kind in kinds]
    assert_comes_once_it_is_lifted(simulator, Syncs(simulator, in_process), kinds, aims)


def is_of(way: str, kind: type[ZoomStream]) -> bool:
    """Whether a list belongs to a way of finding past occurrences."""
    path = route_of(kind).path
    found = {"reports": path.startswith("/report/"), "instances": path.endswith("/instances")}
    return found.get(way, path.startswith("/users/"))
