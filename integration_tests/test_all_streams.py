"""All streams in one connection: a first sync, days of an account that lives, and syncs that are killed."""

import random
from collections import Counter

import pytest

from integration_tests.completeness import CLASSES
from integration_tests.conftest import STREAM_NAMES, InProcess, Start, still_clock
from integration_tests.outcomes import WITH_CURSOR, Syncs
from integration_tests.zoom_simulator import Size

SIZE = Size(users=6, past_occurrences=3)
# What costs a request for each occurrence, recording, call and summary.
HANGING = [name for name in WITH_CURSOR if "{" in CLASSES[name].endpoint or CLASSES[name].address]


@pytest.mark.storm
def test_three_days_after_a_first_sync_bring_everything_and_ask_for_nothing_twice(
    start: Start, in_process: InProcess
) -> None:
    simulator = start(1, SIZE, clock=still_clock(), plan="unlimited")
    syncs = Syncs(simulator, in_process, STREAM_NAMES)
    output = syncs.run()
    assert output.code == 0
    assert syncs.missing() == []
    first = Counter(entry.route for entry in simulator.journal.answered())
    syncs.run()
    again = Counter(entry.route for entry in simulator.journal.answered())
    assert sum(first[name] for name in HANGING) > 500
    assert sum(again[name] for name in HANGING) < 0.01 * sum(first[name] for name in HANGING)
    for _ in range(3):
        assert syncs.a_day_later().code == 0
        assert syncs.missing() == []
        urls = Counter(
            entry.url
            for entry in simulator.journal.answered()
            if entry.route in HANGING and "/" not in entry.id
        )
        assert max(urls.values()) == 1


@pytest.mark.storm
@pytest.mark.parametrize("seed", [1, 2])
def test_ten_syncs_that_are_killed_lose_nothing(start: Start, in_process: InProcess, seed: int) -> None:
    simulator = start(seed, SIZE, clock=still_clock(), plan="unlimited")
    syncs = Syncs(simulator, in_process, WITH_CURSOR)
    chance = random.Random(seed)
    for _ in range(10):
        syncs.run_and_kill(chance.random() ** 2)
        simulator.clock.advance(hours=chance.choice([0, 1, 7, 24]))
    assert syncs.missing()
    assert syncs.run().code == 0
    assert syncs.missing() == []


@pytest.mark.storm
def test_days_of_too_few_requests_get_on(start: Start, in_process: InProcess) -> None:
    """Each day allows two fifths of the requests of a label that a first sync takes."""
    simulator = start(3, SIZE, clock=still_clock(), plan="unlimited")
    whole = Syncs(simulator, in_process, WITH_CURSOR)
    assert whole.run().code == 0
    needed = Counter(entry.label for entry in simulator.journal.answered())
    simulator.limits.per_day = {label: 2 * needed[label] // 5 for label in ("HEAVY", "MEDIUM")}
    simulator.clock.advance(days=1)
    syncs = Syncs(simulator, in_process, WITH_CURSOR)
    codes = [syncs.run().code]
    while codes[-1] and len(codes) < 7:
        codes.append(syncs.a_day_later().code)
    assert codes == [*[1] * (len(codes) - 1), 0]
    assert syncs.missing() == []
