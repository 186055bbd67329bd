"""Measures what trouble costs: an account is read without it and with it, both by a simulated clock.

The connector waits a minute for an answer, and repeats for ten what may yet be answered: by the real clock
a row would take half an hour. So it runs in this process with all its own times, and when it sleeps its clock
moves on: waits count in full, and work as long as it takes. The simulator has no latency and refuses nothing
by itself, as it counts in real seconds; no answer names a limit, so `auto` keeps to the pace of Pro.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from integration_tests.conftest import InProcess, TimeLapse, server_to_server, still_clock
from integration_tests.zoom_simulator import Simulator, Size, truth
from integration_tests.zoom_simulator.faults import Faults
from source_zoom.api.rate_limits import Clock


@dataclass(frozen=True)
class Trouble:
    """What is aimed at an account of this size.

    `faster` is how many times faster than the real clock the simulated one runs in a sleep. While one thread
    works the sleeps of others go by: at a thousand times, as in tests, a millisecond of work would make it
    late by up to a second. The less is to be measured, the slower it has to be.
    """

    title: str
    size: Mapping[str, Any]
    aim: Callable[[Faults], object]
    faster: int = 20


@dataclass(frozen=True)
class Run:
    """One read, in seconds of the simulated clock.

    hits        when a request met trouble, in order
    streams     how many were read, of which those in `incomplete` are not COMPLETE
    """

    seconds: float
    requests: int
    records: int
    hits: Sequence[float]
    streams: int
    incomplete: Sequence[str]


@dataclass(frozen=True)
class Cost:
    """The same read without the trouble and with it."""

    title: str
    without: Run
    run: Run

    @property
    def ratio(self) -> float:
        return self.run.seconds / self.without.seconds

    @property
    def lasted(self) -> float:
        """The seconds from the first request that met trouble to the last."""
        return self.run.hits[-1] - self.run.hits[0]


def compare(trouble: Trouble) -> Cost:
    """Read both. Raises RuntimeError where a COMPLETE stream lacks a row, or the trouble never came."""
    without = _read(trouble, lambda _: None)
    run = _read(trouble, trouble.aim)
    if without.incomplete or without.hits or not run.hits:
        raise RuntimeError(f"{trouble.title}: {without} and {run} cannot be compared.")
    return Cost(trouble.title, without, run)


def _read(trouble: Trouble, aim: Callable[[Faults], object]) -> Run:
    size = Size(**trouble.size)
    with (
        Simulator(size=size, clock=still_clock(), plan="unlimited", limit_headers=False) as simulator,
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        aim(simulator.faults)
        connector = InProcess(Path(folder), patch)
        lapse = TimeLapse(trouble.faster)
        connector.timing = {"clock": lapse.clock, "sleep": lapse.sleep}
        clock = Clock(lapse.clock, lapse.sleep)
        hits: list[float] = []
        patch.setattr(HTTPAdapter, "send", _watched(HTTPAdapter.send, clock, hits))
        began = clock.now()
        output = connector.read(server_to_server(simulator))
        seconds = clock.now() - began
        incomplete = sorted(name for name, status in output.statuses.items() if status != "COMPLETE")
        for name in output.statuses.keys() - set(incomplete):
            rows = sum(1 for _ in truth.rows(simulator.world, name))
            if output.record_counts[name] != rows:
                raise RuntimeError(f"{output.record_counts[name]} of {rows} {name}: its times mean nothing.")
        journal = simulator.journal
        return Run(
            seconds=seconds,
            requests=len(journal.entries) - journal.token_requests,
            records=output.record_counts.total(),
            hits=sorted(hits),
            streams=len(output.statuses),
            incomplete=incomplete,
        )


def _watched(send: Callable[..., requests.Response], clock: Clock, hits: list[float]) -> Any:
    """Note when trouble is met. A connection that ends without an answer stands for one that stays open.

    Its time passes on the simulated clock before the read fails: a real one would take real seconds, while
    that clock ran on for everybody else.
    """

    def send_and_note(*request: Any, **options: Any) -> requests.Response:
        try:
            response = send(*request, **options)
        except requests.ConnectionError:
            hits.append(clock.now())
            clock.sleep(options["timeout"][1])
            raise requests.ReadTimeout from None
        if response.status_code == 429 or response.status_code >= 500:
            hits.append(clock.now())
        return response

    return send_and_note
