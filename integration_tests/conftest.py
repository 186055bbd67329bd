"""A simulated account for a test, and the connector as the user runs it: as a process of its own."""

import contextlib
import heapq
import io
import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from integration_tests.harness import CONNECTOR, Json, configured, cursor_of, server_to_server_config
from integration_tests.zoom_simulator import Clock, Simulator
from source_zoom.run import main
from source_zoom.streams import STREAMS

STREAM_NAMES = [stream.stream_name() for stream in STREAMS]
# Meetings begin and end on full minutes: for most of a minute nothing changes in an account that starts here.
NOON = datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)

Start = Callable[..., Simulator]

# One user of the simulated account may not host meetings, and some have no webinar plan.
ALWAYS_WITHHELD = re.compile(
    r"user_(meetings|webinars): \d+ withheld by Zoom: (users/[\w-]+/\1(, )?)+(…)? "
    r"\((the user may not host meetings|the host has no webinar plan)\)\."
)
ALWAYS_WITHHELD_LISTS = ("user_meetings", "user_webinars")

# The modules of the tests' own assertions, so that a failing one shows its values.
pytest.register_assert_rewrite("integration_tests.completeness")


def still_clock() -> Clock:
    """A clock that stands still, so that every look at the account sees the same, on every day."""
    return Clock(NOON, running=False)


@dataclass(frozen=True, repr=False)
class Output:
    """What one run of the console script gave."""

    code: int
    text: str

    LONGEST_REPR = 3000

    def __repr__(self) -> str:
        """What the reader of a failed assertion wants to know, and not the megabytes that were written."""
        try:
            said = "\n".join(self._told())
        except (ValueError, LookupError, TypeError):
            said = f"exit code {self.code}, and no messages of the protocol: {self.text}"
        return f"<Output: {shortened(said, self.LONGEST_REPR)}>"

    def _told(self) -> Iterator[str]:
        yield f"exit code {self.code}"
        # The last error sums up the others.
        for error in [*self.errors[-1:], *self.errors[:-1]][:4]:
            yield shortened(f"{error.get('failure_type')}: {error['message']}", 400)
        yield f"statuses {self.statuses}"
        yield f"records {dict(self.record_counts)}"
        yield from (shortened(log, 400) for log in self.logs if not log.startswith(("INFO", "DEBUG")))

    @cached_property
    def messages(self) -> list[Json]:
        # Some characters inside a message end a line elsewhere.
        return [json.loads(line) for line in self.text.split("\n") if line]

    def of(self, kind: str) -> list[Json]:
        key = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
        return [message[key] for message in self.messages if message["type"] == kind]

    def records(self, stream: str) -> list[Json]:
        return [record["data"] for record in self.of("RECORD") if record["stream"] == stream]

    @property
    def record_counts(self) -> Counter[str]:
        return Counter(record["stream"] for record in self.of("RECORD"))

    @property
    def statuses(self) -> dict[str, str]:
        """The last status of each stream."""
        updates = [trace["stream_status"] for trace in self.of("TRACE") if trace["type"] == "STREAM_STATUS"]
        return {update["stream_descriptor"]["name"]: update["status"] for update in updates}

    @property
    def states(self) -> list[Json]:
        """The state file that the platform would hand to the next sync: the last state of each stream."""
        last = {state["stream"]["stream_descriptor"]["name"]: state for state in self.of("STATE")}
        return [{key: state[key] for key in ("type", "stream")} for state in last.values()]

    @property
    def errors(self) -> list[Json]:
        return [trace["error"] for trace in self.of("TRACE") if trace["type"] == "ERROR"]

    @property
    def logs(self) -> list[str]:
        return [f"{log['level']} {log['message']}" for log in self.of("LOG")]

    @property
    def warnings(self) -> list[str]:
        """What the user is warned of, besides what an account of three users or more always withholds."""
        warnings = (log.removeprefix("WARN ") for log in self.logs if log.startswith("WARN "))
        return [warning for warning in warnings if not ALWAYS_WITHHELD.match(warning)]


def without_usual(state: Json) -> Json:
    """A stream's state without the open days, what was left out, and the lists that are always withheld.

    The latter in an account of three users or more.
    """
    left = [group for group in state.get("withheld", []) if group.get("list") not in ALWAYS_WITHHELD_LISTS]
    usual = ("withheld", "open", "reread", "left_out")
    return {name: value for name, value in state.items() if name not in usual} | (
        {"withheld": left} if left else {}
    )


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the connector gave to a failure's report: pytest's own lines hold 240 characters of it."""
    report = yield
    if report.failed and call.excinfo:
        report.sections += [("What the connector gave", repr(output)) for output in outputs_in(call.excinfo)]
    return report


def outputs_in(failure: pytest.ExceptionInfo[BaseException]) -> list[Output]:
    """The outputs that the functions on the way to a failure looked at."""
    values = [value for frame in failure.traceback for value in frame.frame.f_locals.values()]
    return list({id(value): value for value in values if isinstance(value, Output)}.values())


class Connector:
    """The console script, with its input files in a folder of the test."""

    def __init__(self, folder: Path, script: Sequence[str] = (CONNECTOR,)) -> None:
        self._folder = folder
        self._script = script

    def run(self, command: str, *arguments: str | Path) -> Output:
        done = subprocess.run(
            [*self._script, command, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.stderr == ""
        return Output(done.returncode, done.stdout)

    def file(self, name: str, content: object) -> Path:
        path = self._folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def check(self, config: Json) -> Output:
        return self.run("check", "--config", self.file("config.json", config))

    def discover(self, config: Json) -> Output:
        return self.run("discover", "--config", self.file("config.json", config))

    def read(
        self, config: Json, streams: Sequence[str] = STREAM_NAMES, *, state: Sequence[Json] = ()
    ) -> Output:
        return self.run("read", *self.read_arguments(config, streams, state))

    def read_arguments(self, config: Json, streams: Sequence[str], state: Sequence[Json]) -> list[str | Path]:
        catalog = self.file("catalog.json", configured_catalog(streams))
        arguments: list[str | Path] = ["--config", self.file("config.json", config), "--catalog", catalog]
        return [*arguments, "--state", self.file("state.json", list(state))] if state else arguments


def sync_modes(name: str) -> list[str]:
    has_cursor = any(cursor_of(stream) for stream in STREAMS if stream.stream_name() == name)
    return ["full_refresh", "incremental"] if has_cursor else ["full_refresh"]


def configured_catalog(streams: Sequence[str]) -> Json:
    return {
        "streams": [
            configured({"name": name, "json_schema": {}, "supported_sync_modes": sync_modes(name)})
            for name in streams
        ]
    }


def server_to_server(simulator: Simulator, **changes: object) -> Json:
    return server_to_server_config(simulator.facts, changes)


def oauth(simulator: Simulator, **changes: object) -> Json:
    return {
        **server_to_server(simulator),
        "credentials": {
            "auth_type": "oauth2.0",
            "client_id": simulator.oauth.client_id,
            "client_secret": simulator.oauth.client_secret,
            "refresh_token": simulator.oauth.refresh_token,
        },
        **changes,
    }


class TimeLapse:
    """A clock that runs `faster`, a thousand times, while somebody sleeps.

    Threads that sleep side by side wake in the order of their deadlines, as they would by a real clock, and
    not after the sum of their sleeps.
    """

    def __init__(self, faster: int = 1000) -> None:
        self._faster = faster
        self._lock = threading.Lock()
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._arrivals = count()
        self._ahead = 0.0

    def clock(self) -> float:
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        sleeper = (self.clock() + seconds, next(self._arrivals), threading.Event())
        has_waited = False
        with self._lock:
            heapq.heappush(self._sleepers, sleeper)
        while True:
            with self._lock:
                is_first = self._sleepers[0] is sleeper
                left = max(0.0, sleeper[0] - self.clock())
                if is_first and has_waited:
                    self._ahead += left
                    heapq.heappop(self._sleepers)
                    if self._sleepers:
                        self._sleepers[0][2].set()
                    return
                sleeper[2].clear()
            has_waited = not sleeper[2].wait(left / self._faster if is_first else None)


class InProcess(Connector):
    """The same entry point without a process of its own: saves its start, and can do without waiting."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        self._monkeypatch = monkeypatch
        self.timing: dict[str, Any] = {}

    def without_waiting(self, faster: int = 1000) -> None:
        """From now on a sleep takes next to no time, and moves the clock."""
        lapse = TimeLapse(faster)
        self.timing = {"clock": lapse.clock, "sleep": lapse.sleep}

    def run(self, command: str, *arguments: str | Path) -> Output:
        written = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        with self._monkeypatch.context() as patch, contextlib.redirect_stdout(written):
            # The CDK's print buffer writes to the original stdout.
            patch.setattr(sys, "__stdout__", written)
            code = main([command, *map(str, arguments)], **self.timing)
        return Output(code, written.buffer.getvalue().decode())


@pytest.fixture
def in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    return InProcess(tmp_path, monkeypatch)


@pytest.fixture
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no request go to another machine: nobody listens where it would have to pass."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")


@pytest.fixture
def connector(tmp_path: Path) -> Connector:
    return Connector(tmp_path)


@pytest.fixture
def start() -> Iterator[Start]:
    """Start simulators; at the end they stop, and none may have met a path it does not know."""
    started: list[Simulator] = []

    def start(*arguments: Any, **options: Any) -> Simulator:
        simulator = Simulator(*arguments, **options)
        simulator.__enter__()
        started.append(simulator)
        return simulator

    yield start
    for simulator in started:
        simulator.__exit__(None, None, None)
    assert [path for simulator in started for path in simulator.journal.unknown_paths] == []
