"""What the tests of `tap-zoom` start with: the command, an account, and a config of it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_tests.conftest import server_to_server, still_clock
from integration_tests.harness import Json
from integration_tests.singer_harness import Tap
from integration_tests.zoom_simulator import Simulator, Size


@pytest.fixture
def tap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tap]:
    requests = logging.getLogger("airbyte.source_zoom.requests")
    level, filters = requests.level, list(requests.filters)
    yield Tap(tmp_path, monkeypatch)
    requests.setLevel(level)
    requests.filters[:] = filters


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with Simulator(1, Size(users=3), clock=still_clock(), plan="unlimited") as simulator:
        yield simulator


@pytest.fixture
def config(account: Simulator) -> Json:
    return server_to_server(account)
