"""Surveys: people answer for days, so their days are read a second time later than others."""

from collections import Counter

import pytest

from integration_tests.conftest import InProcess, Start, still_clock
from integration_tests.outcomes import Syncs
from integration_tests.zoom_simulator import Size, truth


@pytest.mark.parametrize("kind", ["meeting", pytest.param("webinar", marks=pytest.mark.storm)])
def test_answers_of_the_days_after_are_read_once_and_an_earlier_second_reading_is_none(
    start: Start, in_process: InProcess, kind: str
) -> None:
    stream, other = f"report_{kind}_surveys", f"report_{kind}s"
    size = Size(users=8, webinars_per_user=6, daily_hours=2)
    simulator = start(1, size, clock=still_clock(), plan="unlimited")
    syncs = Syncs(simulator, in_process, [stream, other])
    simulator.faults.change(rf"/report/{kind}s/[^/]+/survey$", lambda body: {**body, "survey_answers": []})
    began = simulator.clock.today().isoformat()
    assert syncs.run().code == 0
    asked: Counter[tuple[str, object]] = Counter()

    def a_day_later() -> None:
        assert syncs.a_day_later().code == 0
        asked.update((entry.route, entry.id) for entry in simulator.journal.answered() if entry.id)

    for _ in range(4):
        a_day_later()
    ended = simulator.clock.today().isoformat()
    simulator.faults.clear()
    for _ in range(8):
        a_day_later()
    held = {
        parent["uuid"]
        for parent, _ in truth.rows(simulator.world, stream)
        if began < parent["start_time"] < ended and "/" not in parent["uuid"]
    }
    assert held
    want = Counter({unit: rows for unit, rows in syncs.truth().items() if unit[1] in held})
    assert syncs.missing(want) == []
    assert {asked[stream, uuid] for uuid in held} == {asked[other, uuid] for uuid in held} == {2}
    assert all(row["survey_id"] for row in syncs.latest[stream].values())
