"""Measures one read: the connector's console script against the simulator, each a process of its own."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from integration_tests.harness import (
    CONNECTOR,
    TAP,
    Json,
    configured,
    server_to_server_config,
    simulator_process,
)


@dataclass(frozen=True)
class Case:
    """What is read: the size of the account, its plan, the connector's config; no streams means all.

    `target` is the most that the time may be in bounds, 0 where there is no such goal.
    """

    title: str
    size: Mapping[str, float]
    plan: str = "business"
    config: Mapping[str, object] = field(default_factory=dict)
    streams: Sequence[str] = ()
    latency: float = 0.15
    jitter: float = 0.3
    as_singer: bool = False
    target: float = 0.0


@dataclass(frozen=True)
class Result:
    """What it took. Times in seconds, memory in MB; `bound` is the least time that the plan allows."""

    title: str
    wall: float
    cpu: float
    peak: float
    bound: float
    requests: int
    least: int
    refused: int
    records: int
    rows: int
    target: float

    @property
    def ratio(self) -> float:
        return self.wall / self.bound if self.bound else 0.0


def measure(case: Case) -> Result:
    """Run one case. Raises RuntimeError where the connector fails, or reads less than all there is."""
    with simulator(case) as account, tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        (files / "config.json").write_text(json.dumps(server_to_server_config(account, case.config)))
        make_catalog = singer_catalog if case.as_singer else catalog
        (files / "catalog.json").write_text(json.dumps(make_catalog(case, files / "config.json")))
        requests.post(f"{account['url']}/_simulator/journal/reset", timeout=60)
        output = files / "messages.jsonl"
        began = time.monotonic()
        usage = read([TAP] if case.as_singer else [CONNECTOR, "read"], files, output)
        wall = time.monotonic() - began
        with output.open("rb") as lines:
            records = sum(line.startswith(b'{"type":"RECORD"') for line in lines)
        rows = sum(ask(account, "rows", case).values())
        if records != rows:
            raise RuntimeError(f"{case.title}: {records} records of {rows}, so its times mean nothing.")
        journal = ask(account, "journal", case)
        return Result(
            title=case.title,
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            peak=usage.ru_maxrss / 1000,
            bound=ask(account, "bound", case)["seconds"],
            requests=sum(n for label, n in journal["requests_by_label"].items() if label != "TOKEN"),
            least=sum(ask(account, "least", case).values()),
            refused=journal["refused"],
            records=records,
            rows=rows,
            target=case.target,
        )


def simulator(case: Case) -> AbstractContextManager[Json]:
    options = {**case.size, "plan": case.plan, "latency": case.latency, "jitter": case.jitter}
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    # In an account whose clock runs, meetings would end while it is read.
    return simulator_process("--counts-only", "--stands-still", *arguments)


def catalog(case: Case, config_file: Path) -> Json:
    done = subprocess.run([CONNECTOR, "discover", "--config", config_file], capture_output=True, check=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    streams = next(message["catalog"]["streams"] for message in messages if message["type"] == "CATALOG")
    return {
        "streams": [
            configured(stream) for stream in streams if stream["name"] in (case.streams or [stream["name"]])
        ]
    }


def singer_catalog(case: Case, config_file: Path) -> Json:
    done = subprocess.run([TAP, "--config", config_file, "--discover"], capture_output=True, check=True)
    found: Json = json.loads(done.stdout)
    for stream in found["streams"]:
        stream["metadata"][0]["metadata"]["selected"] = stream["stream"] in (
            case.streams or [stream["stream"]]
        )
    return found


def read(command: Sequence[str], files: Path, output: Path) -> Any:
    """Read into a file. Returns the resources that the process used, start-up included."""
    arguments = ["--config", str(files / "config.json"), "--catalog", str(files / "catalog.json")]
    log = files / "log"
    with output.open("wb") as stdout, log.open("wb") as stderr:
        process = subprocess.Popen([*command, *arguments], stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"Exit code {process.returncode} of {command[0]}: {log.read_text()[-1000:]}")
    return usage


def ask(account: Json, order: str, case: Case) -> Json:
    query = {"streams": ",".join(case.streams)} if case.streams else {}
    answer: Json = requests.get(f"{account['url']}/_simulator/{order}", query, timeout=600).json()
    return answer
