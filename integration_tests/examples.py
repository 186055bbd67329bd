"""The account that docs/examples.md and the picture in docs/pyairbyte.md are tried on, read by PyAirbyte.

`.venv/bin/python -m integration_tests.examples` draws docs/attendance.svg anew.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integration_tests.completeness import CLASSES, expected
from integration_tests.conftest import server_to_server, still_clock
from integration_tests.harness import CONNECTOR, Json
from integration_tests.pages import blocks, by_heading
from integration_tests.zoom_simulator import Simulator, Size, refusals

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".pyairbyte" / "bin" / "python"
PICTURE = ROOT / "docs" / "attendance.svg"
QUERIES = by_heading("docs/examples.md", "sql")
(DRAWING,) = blocks("docs/pyairbyte.md", "A plot", "python")
STREAMS = (
    "users",
    "meetings",
    "meeting_registrants",
    "meeting_poll_results",
    "report_meetings",
    "report_meeting_participants",
    "webinars",
    "webinar_registrants",
    "webinar_tracking_sources",
    "recordings",
    "recording_transcripts",
    "report_activities",
)
SCRIPT = """
import json
import sys
from pathlib import Path

import airbyte as ab

order = json.load(sys.stdin)
config = json.loads(Path("config.json").read_text())
source = ab.get_source("source-zoom", local_executable=Path(order["connector"]), config=config)
source.select_streams(order["streams"])
cache = ab.new_local_cache("zoom", cache_dir="cache")
source.read(cache=cache)
cache.execute_sql(order["statements"])
answers = {}
for title, sql in order["queries"].items():
    answers[title] = [list(row.values()) for row in cache.run_sql_query(sql)]
Path("answers.json").write_text(json.dumps(answers, default=str))
"""
NO_TEXT = refusals.refusal(404, 3301, "There is no recording for this meeting.")
# Drawn twice, the picture is the same.
SETTINGS = "svg.hashsalt: attendance\n"


class LoadedAccount:
    """The account, what the queries have answered, and the picture."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self._simulator = simulator
        self._emails = {
            row["id"]: row["email"] for row in expected(simulator, CLASSES["meeting_registrants"])
        }
        self.deleted = next(row["id"] for row in self.rows("users") if row["email"].startswith("user5@"))
        self.unread = next(filter(transcript, self.rows("recordings")))
        self._folder = folder
        (folder / "config.json").write_text(json.dumps(server_to_server(simulator)))
        (folder / "matplotlibrc").write_text(SETTINGS)
        for path, change in self._changes.values():
            simulator.faults.change(path, all_rows(change))
        simulator.faults.reply(f"/rec/download/{transcript(self.unread)}", *NO_TEXT)

    @property
    def _changes(self) -> Mapping[str, tuple[str, Callable[[Json], None]]]:
        """What the simulated account lacks, and a query must not stumble over: by stream, path and change."""
        return {
            "report_meeting_participants": ("/report/meetings/.+/participants", self._participant),
            "meeting_registrants": (r"/v2/meetings/\d+/registrants", registrant),
            "meeting_poll_results": ("/past_meetings/.+/polls", respondent),
            "recordings": ("/accounts/me/recordings", recording),
            "report_activities": ("/report/activities", activity),
        }

    def _participant(self, row: Json) -> None:
        """Some never get in; some who have registered are known by their e-mail address alone."""
        draw = letters(row["name"])
        if draw % 5 == 0:
            row["status"] = "in_waiting_room"
        if draw % 3 == 0 and row["registrant_id"] in self._emails:
            row.update(user_email=self._emails[row["registrant_id"]].upper(), registrant_id="")

    def rows(self, stream: str) -> list[Json]:
        """What the account has, as it was served."""
        rows: list[Json] = json.loads(json.dumps(expected(self._simulator, CLASSES[stream])))
        _, change = self._changes.get(stream, ("", lambda row: None))
        for row in rows:
            change(row)
        return rows

    def load(self) -> None:
        """Yesterday everything, and today the users, of which one has been deleted since."""
        yesterday = "UPDATE users SET _airbyte_extracted_at = _airbyte_extracted_at - INTERVAL 1 DAY"
        self._run(STREAMS, [yesterday], {})
        self._simulator.faults.change("/v2/users[?]", self._delete)
        self._run(["users"], [], QUERIES)

    def _delete(self, body: Json) -> None:
        body["users"] = [user for user in body["users"] if user.get("id") != self.deleted]

    def _run(self, streams: Sequence[str], statements: list[str], queries: Mapping[str, str]) -> None:
        order = {"connector": CONNECTOR, "streams": streams, "statements": statements, "queries": queries}
        done = subprocess.run(
            [PYTHON, "-c", SCRIPT + (DRAWING if queries else "")],
            input=json.dumps(order),
            cwd=self._folder,
            env={**os.environ, "AIRBYTE_OFFLINE_MODE": "1", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def answers(self) -> dict[str, list[list[Any]]]:
        found: dict[str, list[list[Any]]] = json.loads((self._folder / "answers.json").read_text())
        return found

    def picture(self) -> str:
        """Without who has drawn it and when, and without an address."""
        drawn = (self._folder / "attendance.svg").read_text()
        drawn = re.sub(r" *<metadata>.*?</metadata>\n", "", drawn, flags=re.DOTALL)
        return re.sub(r"<!DOCTYPE.*?>\n", "", drawn, flags=re.DOTALL)


def all_rows(change: Callable[[Json], None]) -> Callable[[Json], None]:
    """The change of a page, whose rows are its only list."""

    def changed(page: Json) -> None:
        (rows,) = (value for value in page.values() if isinstance(value, list))
        for row in rows:
            change(row)

    return changed


def transcript(recording: Json) -> str:
    """The id of the file, or nothing."""
    of_type = {file["file_type"]: file for file in recording["recording_files"]}
    return str(of_type["TRANSCRIPT"]["id"]) if "TRANSCRIPT" in of_type else ""


def letters(text: str) -> int:
    return sum(map(ord, text))


def registrant(row: Json) -> None:
    """Some register late."""
    if letters(row["id"]) % 4 == 0:
        row["create_time"] = "2026-06-01T12:00:00Z"


def respondent(row: Json) -> None:
    """Some answer a second question."""
    if letters(row["name"]) % 2 == 0:
        row["question_details"].append({"question": "Shall we do it again?", "answer": "Yes; next week"})


def recording(row: Json) -> None:
    """Some have no transcript."""
    if row["id"] % 5 == 0:
        row["recording_files"] = [
            file for file in row["recording_files"] if file["file_type"] != "TRANSCRIPT"
        ]


def activity(row: Json) -> None:
    """In the morning people are elsewhere."""
    if row["time"][11:13] < "09":
        row["ip_address"] = row["ip_address"].replace("192.0.2.", "198.51.100.")


@contextmanager
def loaded() -> Iterator[LoadedAccount]:
    """The account as PyAirbyte has read it, all queries answered and the picture drawn."""
    # So late that some transcripts are still being made.
    size = Size(users=6, late_hours=9 * 24)
    with (
        Simulator(1, size, clock=still_clock(), plan="unlimited") as simulator,
        tempfile.TemporaryDirectory() as folder,
    ):
        account = LoadedAccount(simulator, Path(folder))
        account.load()
        yield account


def main() -> None:
    with loaded() as account:
        PICTURE.write_text(account.picture())


if __name__ == "__main__":
    main()
