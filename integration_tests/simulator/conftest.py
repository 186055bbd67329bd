"""Simulators for the simulator's own tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration_tests.simulator.client import NOW, Client
from integration_tests.zoom_simulator import Clock, Simulator, Size, World


@pytest.fixture(scope="module")
def zoom() -> Iterator[Simulator]:
    """A world that stands still; tests must leave it as it was."""
    size = Size(users=6, busy_registrants=650, busy_user_meetings=340)
    with Simulator(1, size, clock=Clock(NOW, running=False), plan="unlimited") as simulator:
        yield simulator
        assert not simulator.journal.unknown_paths


@pytest.fixture(scope="module")
def client(zoom: Simulator) -> Client:
    return Client(zoom)


@pytest.fixture(scope="module")
def world(zoom: Simulator) -> World:
    return zoom.world


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[Simulator, Client]]]:
    """Small simulators of one's own, with any options."""
    running: list[Simulator] = []

    def _start(size: Size | None = None, **options: Any) -> tuple[Simulator, Client]:
        options = {"plan": "unlimited", "clock": Clock(NOW, running=False), **options}
        simulator = Simulator(1, size or Size(users=5), **options).start()
        running.append(simulator)
        return simulator, Client(simulator)

    yield _start
    for simulator in running:
        simulator.stop()
