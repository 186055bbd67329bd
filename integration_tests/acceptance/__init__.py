"""What the acceptance tests read and compare with: an account that is the same on every day, and files."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integration_tests.zoom_simulator import Clock, Simulator, Size

FOLDER = Path(__file__).parent
EXPECTED_RECORDS = FOLDER / "expected_records.jsonl"


def account() -> Simulator:
    clock = Clock(datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC), running=False)
    return Simulator(1, Size(users=1), clock=clock, plan="unlimited")


def load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())
