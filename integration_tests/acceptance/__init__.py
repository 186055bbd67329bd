"""What the acceptance tests read and compare with: an account that is the same on every day, and files."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from integration_tests.conftest import still_clock
from integration_tests.harness import cursor_of
from integration_tests.zoom_simulator import Simulator, Size, truth
from source_zoom.streams import STREAMS

FOLDER = Path(__file__).parent
EXPECTED_RECORDS = FOLDER / "expected_records.jsonl"
WITH_CURSOR = [stream for stream in STREAMS if cursor_of(stream)]
# The cursor is the start of a past occurrence.
PAST = [stream for stream in STREAMS if stream.stream_name() in truth.PAST]


def account() -> Simulator:
    return Simulator(1, Size(users=1), clock=still_clock(), plan="unlimited")


def load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def states(day: date) -> list[dict[str, Any]]:
    """A state for each stream with a cursor, which has read everything before a day."""
    return [
        {
            "type": "STREAM",
            "stream": {
                "stream_descriptor": {"name": stream.stream_name()},
                "stream_state": {cursor_of(stream): f"{day}T00:00:00Z", "version": 2},
            },
        }
        for stream in WITH_CURSOR
    ]


def incremental_catalog(streams: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Those of the discovered streams that can be read incrementally, configured so."""
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": "incremental",
                "cursor_field": stream["default_cursor_field"],
                "destination_sync_mode": "append_dedup",
                "primary_key": stream["source_defined_primary_key"],
            }
            for stream in streams
            if "incremental" in stream["supported_sync_modes"]
        ]
    }
