"""What is said where a day's HEAVY requests do not suffice for what is held in a day."""

import re
from dataclasses import replace

import pytest

from integration_tests.conftest import InProcess, Output, Start, still_clock
from integration_tests.outcomes import Syncs
from integration_tests.zoom_simulator import Size

SIZE = Size(users=12, daily_hours=3, past_occurrences=30)
STREAMS = ["report_meetings", "report_meeting_participants"]


def told(output: Output) -> list[str]:
    return [one for one in output.warnings if "it falls behind" in one]


def test_a_sync_that_gets_on_by_less_than_a_day_with_a_days_requests_says_so(
    start: Start, in_process: InProcess
) -> None:
    simulator = start(1, SIZE, clock=still_clock(), plan="unlimited")
    syncs = Syncs(simulator, in_process, STREAMS)
    assert told(syncs.run()) == []
    assert told(syncs.a_day_later()) == []
    needed = len([entry for entry in simulator.journal.answered() if entry.label == "HEAVY"])
    simulator.limits.per_day = {"HEAVY": needed // 2}
    simulator.clock.advance(days=1)
    output = syncs.run()
    assert output.code == 1
    (sentence,) = told(output)
    assert needed // 2 <= int(re.findall(r"after (\d+) HEAVY requests", sentence)[0]) < needed
    assert "report_meetings" in sentence
    assert re.search("brought it on by (1|less than a) day", sentence)


@pytest.mark.storm
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_first_sync_that_gets_on_says_nothing(start: Start, in_process: InProcess, share: float) -> None:
    simulator = start(1, replace(SIZE, daily_hours=0), clock=still_clock(), plan="unlimited")
    whole = Syncs(simulator, in_process, STREAMS)
    assert whole.run().code == 0
    needed = len([entry for entry in simulator.journal.answered() if entry.label == "HEAVY"])
    simulator.limits.per_day = {"HEAVY": int(share * needed)}
    simulator.clock.advance(days=1)
    syncs = Syncs(simulator, in_process, STREAMS)
    for _ in range(6):
        output = syncs.run()
        assert told(output) == []
        if output.code == 0:
            break
        simulator.clock.advance(days=1)
    assert output.code == 0
