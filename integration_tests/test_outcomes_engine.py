"""What the engine promises: to cursors, to whoever adds an action, and to the memory of a large account."""

import ast
import gc
import re
from collections import Counter
from inspect import getsource
from textwrap import dedent
from typing import Any

import pytest
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, FinalStateCursor

from integration_tests.conftest import InProcess, Start
from integration_tests.outcomes import (
    OF_ONE,
    UNREAD,
    WITH_CURSOR,
    Syncs,
    account,
    at,
    costliest,
    ids,
    name_of,
    route_of,
)
from integration_tests.zoom_simulator.faults import Reply
from integration_tests.zoom_simulator.refusals import Refusal, no_meeting, paid_only
from source_zoom.api import client
from source_zoom.api.errors import Action
from source_zoom.engine.cursor import DayCursor
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS

REFUSALS: dict[str, tuple[Refusal, bool]] = {
    **{words: (refusal, False) for words, refusal in UNREAD.items()},
    "server error": (Refusal(500, ""), False),
    "gone": (no_meeting(5), True),
    "withheld": (paid_only("somebody"), True),
}


# One of each kind at once, and the others among the storms.
AT_ONCE = ("gone",)


@pytest.mark.parametrize(
    "words",
    [words if words in AT_ONCE else pytest.param(words, marks=pytest.mark.storm) for words in REFUSALS],
)
def test_only_what_has_an_end_is_closed(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """The CDK's contract for cursors: a partition that could not be read is not closed. One a stream."""
    simulator = account(start)
    in_process.without_waiting()
    refusal, is_closed = REFUSALS[words]
    refused: dict[str, str] = {}
    for kind in OF_ONE:
        if kind in STREAMS:
            resource = costliest(simulator, route_of(kind))
            simulator.faults.reply(at(route_of(kind), resource), *refusal)
            refused[name_of(kind)] = route_of(kind).url(resource).lstrip("/")
    closed = recorded(monkeypatch)
    Syncs(simulator, in_process).run()
    assert {name for name, path in refused.items() if closed[name, path]} == (
        set(refused) if is_closed else set()
    )
    # Everything else was closed, and once.
    assert {name for name, _ in closed} >= set(refused)
    assert max(number for (name, _), number in closed.items() if name in refused) == 1


def test_what_a_page_is_missing_of_is_not_closed(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = account(start)
    in_process.without_waiting()
    refused: dict[str, str] = {}
    for kind in OF_ONE:
        if kind in STREAMS and kind.page_size and kind.record_key:
            resource = costliest(simulator, route_of(kind))
            pattern = at(route_of(kind), resource)
            simulator.faults.change(pattern, lambda body: {**body, "next_page_token": "one-more"})
            simulator.faults.reply(rf"{pattern.removesuffix('([?]|$)')}.*page@invalid", *UNREAD["unknown"])
            refused[name_of(kind)] = route_of(kind).url(resource).lstrip("/")
    closed = recorded(monkeypatch)
    Syncs(simulator, in_process).run()
    assert refused
    assert [name for name, path in refused.items() if closed[name, path]] == []


def recorded(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """The partitions that cursors are told to close, by stream and path."""
    closed = Counter[tuple[str, str]]()

    def record(kind: type[Cursor]) -> None:
        close = kind.close_partition

        def close_and_record(self: Cursor, partition: Any) -> None:
            closed[partition.stream_name(), partition.slice.path] += 1
            close(self, partition)

        monkeypatch.setattr(kind, "close_partition", close_and_record)

    for kind in (DayCursor, FinalStateCursor):
        record(kind)
    return closed


def test_every_action_has_a_case() -> None:
    """What is forgotten is an error of the type checker, and not a silent retry."""
    act = ast.parse(dedent(getsource(client.ZoomClient._act)))
    [match] = [node for node in ast.walk(act) if isinstance(node, ast.Match)]
    last = match.cases[-1]
    assert isinstance(last.pattern, ast.MatchAs)
    assert last.pattern.pattern is None
    assert "assert_never(" in ast.unparse(last)
    cases = " ".join(ast.unparse(case.pattern) for case in match.cases)
    assert [action.name for action in Action if not re.search(rf"Action\.{action.name}\b", cases)] == []


@pytest.mark.parametrize("kind", ids([kind for kind in STREAMS if name_of(kind) in WITH_CURSOR]))
def test_an_incremental_sync_lists_no_planned_meetings(
    start: Start, in_process: InProcess, kind: type[ZoomStream]
) -> None:
    simulator = account(start)
    syncs = Syncs(simulator, in_process, [name_of(kind)])
    assert syncs.run().code == 0
    assert syncs.a_day_later().code == 0
    asked = Counter(entry.route for entry in simulator.journal.entries)
    # But for a host whose list is withheld, which is asked for once a week.
    assert asked["user_meetings"] + asked["user_webinars"] <= 3
    assert asked["past_meeting_instances"] + asked["past_webinar_instances"] == 0


@pytest.mark.storm
def test_a_long_list_of_meetings_is_not_held_for_a_reader_that_never_begins(
    start: Start, in_process: InProcess
) -> None:
    """The list of planned meetings leads to the instances as well, but those are not gone through."""
    simulator = account(start, users=3, busy_user_meetings=900)
    streams = ["meetings", "report_meetings"]
    syncs = Syncs(simulator, in_process, streams)
    assert syncs.run().code == 0
    total = len([unit for unit in syncs.rows if unit[0] == "meetings"])
    held: list[int] = []
    asked = 0

    def count_links(url: str) -> Reply | None:
        nonlocal asked
        asked += url.startswith("/v2/meetings/")
        if asked == total - 50 and url.startswith("/v2/meetings/"):
            held.append(sum(type(one).__name__ == "_Link" for one in gc.get_objects()))
        return None

    simulator.faults.reply_for = count_links
    simulator.clock.advance(days=1)
    gc.unfreeze()
    gc.collect()
    assert syncs.run().code == 0
    assert held
    assert held[0] < total // 3
