"""What the progress line says of the time that is left, against what the sync then takes."""

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer

from integration_tests.conftest import STREAM_NAMES, Start, configured_catalog, server_to_server, still_clock
from integration_tests.zoom_simulator import Simulator, Size, truth
from source_zoom import source as source_module
from source_zoom.api.rate_limits import HEAVY, LABELS, LIGHT, MEDIUM
from source_zoom.source import SourceZoom
from source_zoom.time_left import TimeLeft

SMALL = Size(users=1)
SPARSE = {"meetings_per_user": 2, "webinars_per_user": 1, "unlisted_per_user": 1, "past_occurrences": 1}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int, str]]:
    """Of each progress line the requests that are taken to be left, those sent, and what it says."""
    seen: list[tuple[float, int, str]] = []

    class Watched(TimeLeft):
        def __str__(self) -> str:
            sentence = super().__str__()
            seen.append(
                (sum(self.requests().values()), sum(self._sync.summary.requests().values()), sentence)
            )
            return sentence

    monkeypatch.setattr(source_module, "TimeLeft", Watched)
    return seen


def read(account: Simulator, state: list[Any] | None = None) -> list[Any]:
    """All streams, with a progress line five times a second; the states that it leads to."""
    catalog = ConfiguredAirbyteCatalogSerializer.load(configured_catalog(STREAM_NAMES))
    source = SourceZoom(progress_seconds=0.2)
    messages = source.read(logging.getLogger("airbyte"), server_to_server(account), catalog, state or [])
    return [message.state for message in messages if message.state]


@pytest.mark.storm
@pytest.mark.parametrize(("users", "size"), [(12, {}), (40, SPARSE), (6, {"unlisted_per_user": 30})])
def test_once_a_third_is_done_it_is_right_but_for_a_quarter_of_the_whole(
    start: Start, told: list[tuple[float, int, str]], users: int, size: Mapping[str, Any]
) -> None:
    account = start(1, Size(users=users, **size), clock=still_clock(), plan="unlimited")
    read(account)
    sent = sum(account.journal.requests.values()) - account.journal.token_requests
    late = [(left, sent - before) for left, before, sentence in told if sentence and before > sent / 3]
    assert len(late) > 2
    assert max(abs(left - really) for left, really in late) < 0.25 * sent, late


@pytest.mark.storm
def test_it_costs_a_request_a_month_and_page_at_most(
    start: Start, told: list[tuple[float, int, str]]
) -> None:
    account = start(1, Size(users=12), clock=still_clock(), plan="unlimited")
    read(account)
    least = sum(truth.least_counts(account.world).values())
    assert any(sentence for _, _, sentence in told)
    assert sum(account.journal.requests.values()) < 1.05 * least + 8


@pytest.mark.storm
def test_a_sync_that_goes_on_says_nothing_of_it(start: Start, told: list[tuple[float, int, str]]) -> None:
    account = start(1, Size(users=12), clock=still_clock(), plan="unlimited")
    states = {one.stream.stream_descriptor.name: one for one in read(account)}
    told.clear()
    account.clock.advance(days=1)
    read(account, list(states.values()))
    assert told
    assert {sentence for _, _, sentence in told} == {""}


@pytest.mark.parametrize(
    ("left", "sentence"),
    [
        ({LIGHT: 0, MEDIUM: 0, HEAVY: 0}, "about 0 min left at Zoom's limits"),
        ({LIGHT: 27 * 600, MEDIUM: 1, HEAVY: 1}, "about 10 min left at Zoom's limits"),
        ({LIGHT: 1, MEDIUM: 1, HEAVY: 9 * 3000}, "about 50 min left at Zoom's limits"),
        ({LIGHT: 1, MEDIUM: 1, HEAVY: 40_000}, "about 40,000 HEAVY requests left, more than a day allows"),
        ({}, ""),
    ],
)
def test_it_is_said_in_minutes_or_where_a_day_is_too_short_in_requests(
    start: Start, left: Mapping[str, float], sentence: str
) -> None:
    class Known(TimeLeft):
        def requests(self) -> Mapping[str, float]:
            return left

    assert set(left) in (set(), set(LABELS))
    sync = SourceZoom()._sync(server_to_server(start(1, SMALL), rate_limit_plan="pro"))
    assert str(Known([], sync)) == sentence
