"""What the tests of `tap-zoom` share: running it, and the account's rows as it has to give them."""

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from integration_tests.acceptance import WITH_CURSOR
from integration_tests.conftest import ALWAYS_WITHHELD, TimeLapse
from integration_tests.harness import Json
from source_zoom.singer.tap import main

INCREMENTAL = {stream.stream_name() for stream in WITH_CURSOR}

# What tap-zoom 2.1.1 has.
OLD_KEYS = {
    "users": ["id"],
    "meetings": ["uuid"],
    "meeting_registrants": ["meeting_id", "id"],
    "meeting_polls": ["meeting_id", "id"],
    "meeting_poll_results": ["meeting_uuid", "email"],
    "meeting_questions": ["meeting_id"],
    "webinars": ["uuid"],
    "webinar_panelists": ["webinar_id", "id"],
    "webinar_registrants": ["webinar_id", "id"],
    "webinar_absentees": ["webinar_uuid", "id"],
    "webinar_polls": ["webinar_id", "id"],
    "webinar_poll_results": ["webinar_uuid", "email"],
    "webinar_questions": ["webinar_id"],
    "webinar_tracking_sources": ["webinar_id", "id"],
    "webinar_qna_results": ["webinar_uuid", "email"],
    "report_meetings": ["uuid"],
    "report_meeting_participants": ["meeting_id", "id"],
    "report_webinars": ["uuid"],
    "report_webinar_participants": ["webinar_id", "id"],
}
# The streams in which tap-zoom has the id of the meeting or webinar as text.
TEXT_IDS = {name for name in OLD_KEYS if name.startswith("report_")} | {
    "meetings",
    "meeting_registrants",
    "meeting_polls",
    "meeting_questions",
    "webinar_panelists",
    "webinar_registrants",
    "webinar_polls",
    "webinar_questions",
    "webinar_tracking_sources",
}


@dataclass(frozen=True)
class Tapped:
    """What one run of the tap gave."""

    code: int
    out: str
    err: str

    @cached_property
    def messages(self) -> list[Json]:
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind: str) -> list[Json]:
        return [message for message in self.messages if message["type"] == kind]

    def records(self, stream: str) -> list[Json]:
        return [message["record"] for message in self.of("RECORD") if message["stream"] == stream]

    def schema(self, stream: str) -> Json:
        return [message for message in self.of("SCHEMA") if message["stream"] == stream][-1]

    @property
    def state(self) -> Json:
        value: Json = self.of("STATE")[-1]["value"]
        return value

    def metrics(self, name: str) -> list[Json]:
        points = [
            json.loads(line.removeprefix("INFO METRIC: "))
            for line in self.err.splitlines()
            if "METRIC" in line
        ]
        return [point for point in points if point["metric"] == name]

    @property
    def log(self) -> list[str]:
        noise = ("METRIC", "MemoryMonitor")
        return [line for line in self.err.splitlines() if not any(word in line for word in noise)]

    @property
    def warnings(self) -> list[str]:
        """What the user is warned of, besides what an account of three users or more always withholds."""
        warnings = (line.removeprefix("WARNING ") for line in self.log if line.startswith("WARNING "))
        return [warning for warning in warnings if not ALWAYS_WITHHELD.match(warning)]


class Tap:
    """The command in this process, without waiting; its files in a folder of the test."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self.lapse = TimeLapse()

    def file(self, name: str, content: object) -> str:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def run(self, *arguments: str) -> Tapped:
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True), io.StringIO()
        with (
            self._monkeypatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.setattr(sys, "__stdout__", out)
            code = main(arguments, self.lapse.clock, self.lapse.sleep)
        return Tapped(code, out.buffer.getvalue().decode(), err.getvalue())

    def read(self, config: Json, *arguments: str, catalog: object = None, state: object = None) -> Tapped:
        files = [] if catalog is None else ["--catalog", self.file("catalog.json", catalog)]
        files += [] if state is None else ["--state", self.file("state.json", state)]
        return self.run("--config", self.file("config.json", config), *files, *arguments)

    def catalog(self, config: Json, *names: str, **metadata: object) -> Json:
        """What the tap discovers, with these streams selected."""
        discovered: Json = json.loads(self.read(config, "--discover").out)
        for stream in discovered["streams"]:
            root(stream).update(metadata, selected=stream["stream"] in names)
        return discovered


def selected(name: str, **metadata: object) -> Json:
    """A catalog with nothing but what selects one stream."""
    root = {"breadcrumb": [], "metadata": {"selected": True, **metadata}}
    return {"streams": [{"tap_stream_id": name, "metadata": [root]}]}


def root(entry: Json) -> Json:
    found: Json = next(part["metadata"] for part in entry["metadata"] if part["breadcrumb"] == [])
    return found


def field(entry: Json, *breadcrumb: str) -> Json:
    """The metadata of a field, added where there is none."""
    path = list(breadcrumb)
    if path not in [part["breadcrumb"] for part in entry["metadata"]]:
        entry["metadata"].append({"breadcrumb": path, "metadata": {}})
    found: Json = next(part["metadata"] for part in entry["metadata"] if part["breadcrumb"] == path)
    return found


def entry(catalog: Json, name: str) -> Json:
    found: Json = next(stream for stream in catalog["streams"] if stream["stream"] == name)
    return found


def as_singer(stream: str, row: Json) -> Json:
    """A row of the account as the tap's columns have it, in the key mode `lossless`."""
    row = json.loads(json.dumps(row))
    if stream == "meetings":
        row["meeting_id"] = row["id"]
    if stream == "report_webinars":
        row["user_id"] = row["host_id"]
    for answer in row.get("question_details", []):
        if answer.get("date_time"):
            answer["date_time"] = answer["date_time"].replace(" ", "T") + "+00:00"
    for part in (row, *row.get("recording_files", [])):
        part.update({name: None for name, value in part.items() if name.endswith("_time") and value == ""})
    return dict(row)
