"""The main job from start to end: check, discover and read every stream through the console script.

Without a config it reads a simulated account; with `--config` a real one.
"""

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integration_tests.harness import configured, server_to_server_config, simulator_process

COMMAND = [sys.executable, "-m", "source_zoom"]
OUTPUT = Path("demo-output")
SUMMARY = re.compile(
    r"Summary of (?P<stream>\w+): (?P<records>\d+) records, (?P<requests>\d+) requests,"
    r" (?P<skipped>\d+) skipped(?: \((?P<why>.*)\))?, (?P<retries>\d+) retries"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, help="a config of a real Zoom account")
    parser.add_argument("--users", type=int, default=15, help="users of the simulated account")
    arguments = parser.parse_args()
    OUTPUT.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        config = arguments.config
        if config is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            config = folder / "config.json"
            config.write_text(json.dumps(stack.enter_context(simulated_account(arguments.users))))
        return run(config)


@contextlib.contextmanager
def simulated_account(users: int) -> Iterator[dict[str, Any]]:
    """The config of a simulated account, for as long as the simulator runs."""
    with simulator_process("--users", str(users), "--plan", "business", "--latency", "0.05") as facts:
        print(f"A simulated Zoom account of {users} users at {facts['url']}")
        yield server_to_server_config(facts, {})


def run(config: Path) -> int:
    """Run the three commands one after the other; the exit code is the first that is not 0."""
    code, messages = collect("check", "--config", str(config))
    status: dict[str, Any] = next(
        (m["connectionStatus"] for m in messages if m["type"] == "CONNECTION_STATUS"), {}
    )
    print(f"check: {status.get('status', 'no answer')} {status.get('message') or ''}")
    if code or status.get("status") != "SUCCEEDED":
        return code or 1
    code, messages = collect("discover", "--config", str(config))
    streams: list[dict[str, Any]] = next(
        (m["catalog"]["streams"] for m in messages if m["type"] == "CATALOG"), []
    )
    print(f"discover: {len(streams)} streams")
    catalog = OUTPUT / "catalog.json"
    catalog.write_text(json.dumps({"streams": [configured(stream) for stream in streams]}))
    return code or read(config, catalog)


def collect(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def read(config: Path, catalog: Path) -> int:
    """Read every stream into a file, with progress on a terminal, and end with a table."""
    records: Counter[str] = Counter()
    done: dict[str, str] = {}
    summaries: list[dict[str, str]] = []
    errors: list[str] = []
    began = time.monotonic()
    path = OUTPUT / "messages.jsonl"
    command = [*COMMAND, "read", "--config", str(config), "--catalog", str(catalog)]
    with path.open("w") as file, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            file.write(line)
            message = json.loads(line)
            match message["type"]:
                case "RECORD":
                    records[message["record"]["stream"]] += 1
                case "LOG" if found := SUMMARY.match(message["log"]["message"]):
                    summaries.append(found.groupdict(default=""))
                case "TRACE" if message["trace"]["type"] == "ERROR":
                    errors.append(message["trace"]["error"]["message"])
                case "TRACE" if message["trace"]["type"] == "STREAM_STATUS":
                    status = message["trace"]["stream_status"]
                    done[status["stream_descriptor"]["name"]] = status["status"]
            if sys.stdout.isatty():
                show_progress(records, done, time.monotonic() - began)
    if sys.stdout.isatty():
        print()
    print_table(summaries, records, done)
    for error in dict.fromkeys(errors):
        print(f"ERROR: {error}")
    seconds = time.monotonic() - began
    requests = sum(int(summary["requests"]) for summary in summaries)
    skipped = sum(int(summary["skipped"]) for summary in summaries)
    print(
        f"\n{records.total():,} records of {len(done)} streams, {requests:,} requests,"
        f" {skipped:,} skipped, {seconds:.0f} s. Messages: {path}"
    )
    return process.returncode


def show_progress(records: Counter[str], done: dict[str, str], seconds: float) -> None:
    finished = sum(status in ("COMPLETE", "INCOMPLETE") for status in done.values())
    text = f"{finished}/{len(done)} streams done, {records.total():,} records, {seconds:.0f} s"
    print(f"\r{text:<70}", end="", flush=True)


def print_table(summaries: list[dict[str, str]], records: Counter[str], done: dict[str, str]) -> None:
    """A row for each stream, then one for each list that was needed to find their parents."""
    by_name = {summary["stream"]: summary for summary in summaries}
    print(f"\n{'stream':<28}{'status':<11}{'records':>8}{'requests':>9}  skipped, and why")
    for name in [*done, *(name for name in by_name if name not in done)]:
        summary = by_name.get(name, {"requests": "0", "skipped": "0", "why": ""})
        why = f"{summary['skipped']} ({summary['why']})" if summary["why"] else ""
        count = f"{records[name]:,}" if name in done else "-"
        print(f"{name:<28}{done.get(name, '(finding)'):<11}{count:>8}{summary['requests']:>9}  {why}")


if __name__ == "__main__":
    sys.exit(main())
