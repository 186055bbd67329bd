"""A twentieth stream is added in a copy of the project, in five places; the tests come by themselves."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

STREAM = '''

class MeetingInvitations(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/meetings/{meetingId}/invitation"""

    parent_class = UserMeetings
    inherits = {"meeting_id": "id"}
    endpoint = "meetings/{meeting_id}/invitation"
    primary_key = "meeting_id"
    rate_limit = LIGHT
    scopes = ("meeting:read:admin", "meeting:read:invitation:admin")
'''
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "meeting_id": {"description": "Added by the connector.", "type": ["null", "integer"]},
        "invitation": {"description": "The text of the invitation.", "type": ["null", "string"]},
    },
    "additionalProperties": True,
}
HANDLER = """def invitation(call: Call) -> Json:
    return {"invitation": f"Join us in {_planned(call).id}"}


class Route("""
ROUTE = """_TABLE = (
    Route("meeting_invitations", "/meetings/*/invitation", "LIGHT", "meeting:read:invitation", invitation),
"""
ROW = (
    "| `meeting_invitations` | The invitation | meeting_id | none | 1 for each meeting | LIGHT |"
    " `meeting:read:invitation:admin` |\n"
)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} in {path}"
    path.write_text(text.replace(old, new))


def test_a_twentieth_stream_takes_five_places(tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "demo-output", "build")
    copy = shutil.copytree(ROOT, tmp_path / "copy", ignore=ignore)

    meetings = copy / "source_zoom" / "streams" / "meetings.py"
    meetings.write_text(meetings.read_text() + STREAM)
    (copy / "source_zoom" / "schemas" / "meeting_invitations.json").write_text(json.dumps(SCHEMA))
    streams = copy / "source_zoom" / "streams" / "__init__.py"
    edit(streams, "import MeetingPolls,", "import MeetingInvitations, MeetingPolls,")
    edit(
        streams,
        "    MeetingQuestions,\n    Webinars,",
        "    MeetingQuestions,\n    MeetingInvitations,\n    Webinars,",
    )
    routes = copy / "integration_tests" / "zoom_simulator" / "routes.py"
    edit(routes, "class Route(", HANDLER)
    edit(routes, "_TABLE = (\n", ROUTE)
    edit(copy / "docs" / "zoom.md", "| `webinars` |", f"{ROW}| `webinars` |")

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-k",
            "meeting_invitations or MeetingInvitations",
        ],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "13 passed" in done.stdout
