"""Where registration is off, Zoom's word for registrants and for questions of a meeting is the same."""

import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, repeat

import pytest

from integration_tests.completeness import CLASSES, assert_complete, canonical, expected
from integration_tests.conftest import Connector, InProcess, Output, Start, server_to_server, still_clock
from integration_tests.harness import CONNECTOR
from integration_tests.zoom_simulator import Simulator, Size, truth
from integration_tests.zoom_simulator.faults import Reply
from integration_tests.zoom_simulator.ids import KINDS, Kind
from integration_tests.zoom_simulator.journal import Entry
from integration_tests.zoom_simulator.plans import Series
from integration_tests.zoom_simulator.refusals import (
    NO_PERMISSION,
    UNKNOWN_CODE,
    Refusal,
    missing_scopes,
    no_meeting,
    refusal,
)
from source_zoom.api.errors import REGISTRATION_OFF

both_kinds = pytest.mark.parametrize("kind", KINDS)
WORDS = "Registration has not been enabled for this meeting: 5."


def registration(kind: Kind) -> tuple[str, str]:
    return f"{kind}_registrants", f"{kind}_questions"


def account(start: Start, **options: object) -> Simulator:
    return start(1, Size(users=6), clock=still_clock(), **{"plan": "unlimited", "latency": 0.02, **options})


def listed(simulator: Simulator, kind: Kind) -> list[Series]:
    world = simulator.world
    users = range(world.size.users)
    found = (series for user in users for series in world.own_listed(kind, user, world.now()))
    return [series for series in found if not series.gone]


def without_registration(simulator: Simulator, kind: Kind) -> set[int]:
    found = {series.id for series in listed(simulator, kind) if not series.pattern.registers}
    assert len(found) > 2
    return found


def asked(simulator: Simulator, routes: Sequence[str]) -> list[Entry]:
    return [entry for entry in simulator.journal.entries if entry.route in routes]


def requests_for(simulator: Simulator, routes: Sequence[str], numbers: set[int]) -> Counter[int]:
    return Counter(int(entry.id) for entry in asked(simulator, routes) if int(entry.id) in numbers)


@contextmanager
def meanwhile(do: Callable[[], None]) -> Iterator[None]:
    """Do this while something else is going on."""
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    yield
    thread.join(timeout=60)
    assert not thread.is_alive()


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)
    return is_so()


def assert_read(simulator: Simulator, output: Output, streams: Sequence[str]) -> None:
    assert output.code == 0
    assert output.statuses == dict.fromkeys(streams, "COMPLETE")
    for name in streams:
        assert_complete(simulator, output, CLASSES[name])


@both_kinds
@pytest.mark.parametrize("num_workers", [1, 9, 40])
def test_one_refusal_is_enough_for_both(
    start: Start, in_process: InProcess, kind: Kind, num_workers: int
) -> None:
    simulator = account(start)
    names = registration(kind)
    output = in_process.read(server_to_server(simulator, num_workers=num_workers), names)
    assert_read(simulator, output, names)
    off = without_registration(simulator, kind)
    assert requests_for(simulator, names, off) == Counter(dict.fromkeys(off, 1))
    urls = Counter(entry.url for entry in simulator.journal.answered())
    assert set(urls.values()) == {1}
    assert urls.total() == sum(truth.least_counts(simulator.world, names).values())


@both_kinds
def test_what_one_stream_was_told_counts_in_both(start: Start, in_process: InProcess, kind: Kind) -> None:
    simulator = account(start)
    names = registration(kind)
    output = in_process.read(server_to_server(simulator), names)
    off = len(without_registration(simulator, kind))
    for name in names:
        requests = len(simulator.journal.of(name))
        [summary] = [log for log in output.logs if f"Summary of {name}: " in log]
        assert f"{REGISTRATION_OFF}: {off}" in summary
        assert f" {requests} requests, " in summary
        # The example has Zoom's words, whoever heard them.
        assert any(
            re.search(rf"INFO {name}: skipped {kind}s/\d+/registrants.*: {REGISTRATION_OFF} \(HTTP 400", log)
            for log in output.logs
        )


@both_kinds
@pytest.mark.parametrize("of_two", [0, 1])
def test_who_is_alone_asks_for_itself(start: Start, in_process: InProcess, kind: Kind, of_two: int) -> None:
    simulator = account(start)
    name = registration(kind)[of_two]
    output = in_process.read(server_to_server(simulator), [name])
    assert_read(simulator, output, [name])
    off = without_registration(simulator, kind)
    assert requests_for(simulator, [name], off) == Counter(dict.fromkeys(off, 1))


def test_a_meeting_without_registration_costs_its_detail_its_polls_and_one_refusal(
    start: Start, in_process: InProcess
) -> None:
    simulator = account(start)
    names = ["meetings", "meeting_registrants", "meeting_polls", "meeting_questions"]
    output = in_process.read(server_to_server(simulator), names)
    assert_read(simulator, output, names)
    off = without_registration(simulator, "meeting")
    assert requests_for(simulator, names, off) == Counter(dict.fromkeys(off, 3))
    assert requests_for(simulator, ["meetings"], off) == Counter(dict.fromkeys(off, 1))
    assert requests_for(simulator, ["meeting_polls"], off) == Counter(dict.fromkeys(off, 1))


@both_kinds
@pytest.mark.parametrize("registers", [True, False])
def test_while_one_waits_for_its_answer_the_other_goes_on_with_other_meetings(
    start: Start, in_process: InProcess, kind: Kind, *, registers: bool
) -> None:
    simulator = account(start)
    names = registration(kind)
    number = next(one.id for one in listed(simulator, kind) if one.pattern.registers is registers)
    aim = simulator.faults.hang(rf"/{kind}s/{number}/registrants")
    of_it = sum(f"/{number}/registrants" in url for _, url in truth.least_urls(simulator.world, names))
    everything = sum(truth.least_counts(simulator.world, names).values())
    others_came: list[bool] = []

    def let_it_through() -> None:
        others_came.append(wait_until(lambda: len(simulator.journal.answered()) == everything - of_it))
        simulator.faults.forget(aim)

    with meanwhile(let_it_through):
        output = in_process.read(server_to_server(simulator), names)
    assert others_came == [True]
    assert_read(simulator, output, names)
    answered = [entry for entry in simulator.journal.answered() if entry.id == str(number)]
    assert len([entry for entry in answered if entry.route in names]) == of_it
    assert len(simulator.journal.answered()) == everything


@both_kinds
@pytest.mark.parametrize(
    "answer",
    [
        no_meeting(5),
        Refusal(403, f"<html>{WORDS}</html>"),
        Refusal(404, {"message": WORDS}),
        NO_PERMISSION,
        UNKNOWN_CODE,
        refusal(404, 404, "Meeting Poll not found"),
    ],
    ids=lambda answer: re.sub(r"\W+", "-", str(answer.body)),
)
def test_no_other_answer_holds_for_both(
    start: Start, in_process: InProcess, kind: Kind, answer: Refusal
) -> None:
    simulator = account(start)
    in_process.without_waiting()
    names = registration(kind)
    number = min(without_registration(simulator, kind))
    simulator.faults.reply(rf"/{kind}s/{number}/registrants", *answer)
    output = in_process.read(server_to_server(simulator), names)
    assert {entry.route for entry in asked(simulator, names) if entry.id == str(number)} == set(names)
    for name in names:
        assert_complete(simulator, output, CLASSES[name])


@both_kinds
@pytest.mark.parametrize(
    ("of_two", "answer"),
    [
        (0, missing_scopes("some:scope")),
        (1, missing_scopes("some:scope")),
        # That of the registrants would end the lists of meetings as well.
        (1, refusal(429, 429, "You have reached the maximum daily rate limit.")),
    ],
    ids=["scope of registrants", "scope of questions", "daily limit of questions"],
)
def test_a_stream_that_ends_costs_the_other_nothing(
    start: Start, in_process: InProcess, kind: Kind, of_two: int, answer: Refusal
) -> None:
    simulator = account(start)
    in_process.without_waiting()
    ended, other = registration(kind)[of_two], registration(kind)[1 - of_two]
    is_of_it = re.compile(rf"/{kind}s/\d+/registrants" + (r"\?", "/questions")[of_two]).search
    # It ends in the midst of its work.
    answers = chain([None] * 3, repeat(Reply(*answer)))
    simulator.faults.reply_for = lambda url: next(answers) if is_of_it(url) else None
    output = in_process.read(server_to_server(simulator), [ended, other])
    assert output.statuses == {ended: "INCOMPLETE", other: "COMPLETE"}
    assert_complete(simulator, output, CLASSES[other])


@both_kinds
def test_ten_minutes_of_failures_of_one_stream_lose_nothing_of_the_other(
    start: Start, in_process: InProcess, kind: Kind
) -> None:
    simulator = account(start)
    in_process.without_waiting()
    registrants, questions = registration(kind)
    number = next(one.id for one in listed(simulator, kind) if one.pattern.registers)
    simulator.faults.always(rf"/{kind}s/{number}/registrants\?", "500")
    output = in_process.read(server_to_server(simulator), [registrants, questions])
    assert output.statuses == {registrants: "INCOMPLETE", questions: "COMPLETE"}
    assert_complete(simulator, output, CLASSES[questions])
    want = expected(simulator, CLASSES[registrants], lambda parent: parent["id"] != number)
    assert canonical(output.records(registrants), set()) == canonical(want, set())


def test_a_signal_ends_a_sync_in_which_one_stream_waits_for_another(
    start: Start, connector: Connector
) -> None:
    simulator = account(start)
    names = registration("meeting")
    number = min(without_registration(simulator, "meeting"))
    simulator.faults.hang(rf"/meetings/{number}/registrants")
    others = sum(truth.least_counts(simulator.world, names).values()) - 1
    arguments = connector.read_arguments(server_to_server(simulator), names, [])
    command = [CONNECTOR, "read", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        with meanwhile(lambda: _end_after(process, simulator, others)):
            text, errors = process.communicate(timeout=120)
        assert process.returncode == -signal.SIGTERM
    assert errors == ""
    first = Output(process.returncode, text)
    assert {entry.route for entry in asked(simulator, names) if entry.id == str(number)} < set(names)
    simulator.faults.clear()
    second = connector.read(server_to_server(simulator), names, state=first.states)
    assert_read(simulator, second, names)


def _end_after(process: "subprocess.Popen[str]", simulator: Simulator, answers: int) -> None:
    wait_until(lambda: len(simulator.journal.answered()) == answers)
    process.send_signal(signal.SIGTERM)
