"""Compares what the connector gave with the simulated account, row by row and field by field."""

import json
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from integration_tests.conftest import Output
from integration_tests.harness import Json, inherits_of
from integration_tests.zoom_simulator import Simulator, World, truth
from integration_tests.zoom_simulator.clock import report_windows
from integration_tests.zoom_simulator.ids import Kind
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS

CLASSES = {stream.stream_name(): stream for stream in STREAMS}
# The simulator's routes that lead to others, and the names under which the connector counts their requests.
LISTS = {
    "user_meetings": "user_meetings",
    "user_webinars": "user_webinars",
    "past_meeting_instances": "meeting_instances",
    "past_webinar_instances": "webinar_instances",
    "report_user_meetings": "reported_occurrences",
    "report_hosts": "report_hosts",
    "listed_summaries": "listed_summaries",
    "recordings": "listed_recordings",
}


def expected(
    simulator: Simulator,
    stream: type[ZoomStream],
    keep: Callable[[Json], bool] = lambda parent: True,
    *,
    host_secrets: bool = False,
    **options: Any,
) -> list[Json]:
    """The rows of the account with the columns that the stream says it inherits.

    `keep` chooses by the parent, or by the row itself where it has none.
    """
    left_out = () if host_secrets else stream.host_secrets
    return [
        {name: value for name, value in {**inherited(stream, parent), **row}.items() if name not in left_out}
        for parent, row in truth.rows(simulator.world, stream.stream_name(), url=simulator.url, **options)
        if keep(parent or row)
    ]


def inherited(stream: type[ZoomStream], parent: Json) -> Json:
    """The columns that a stream takes from its unit: from a row of the parent's, or from an item in one."""
    item = {f"{stream.items}.{name}": value for name, value in parent.get("item", {}).items()}
    fields = {**parent, **item}
    return {column: fields[field] for column, field in inherits_of(stream).items() if field in fields}


def canonical(rows: list[Json], leave_out: Collection[str] = ()) -> Counter[str]:
    kept = ({name: value for name, value in row.items() if name not in leave_out} for row in rows)
    return Counter(json.dumps(row, sort_keys=True) for row in kept)


def assert_complete(simulator: Simulator, output: Output, stream: type[ZoomStream]) -> None:
    """0 rows missing, 0 surplus, every field equal to what was served."""
    want = canonical(expected(simulator, stream))
    got = canonical(output.records(stream.stream_name()), {"row_id"})
    assert want, f"the account has no rows of {stream.stream_name()}"
    assert list((want - got).elements())[:2] == []
    assert list((got - want).elements())[:2] == []


def found_by(world: World, way: str, kind: Kind) -> set[str]:
    """The UUIDs of the past occurrences that this way alone leads to."""
    now = world.now()
    users = range(world.size.users)
    if way == "instances":
        listed = [series for user in users for series in world.own_listed(kind, user, now) if not series.gone]
        return {world.uuid(occurrence) for series in listed for occurrence in world.instances(series, now)}
    months = list(report_windows(world.clock.today()))
    found = (
        [world.history(*month, now) for month in months]
        if way == "history"
        else [world.reported(user, *month, now) for user in users for month in months]
    )
    return {world.uuid(one) for some in found for one in some if one.series.kind == kind}
