"""Two streams are added in a copy of the project, each in five places; the tests come by themselves.

One hangs on listed meetings, the other on past occurrences.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

OF_LISTED = '''

class MeetingInvitations(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/meetings/{meetingId}/invitation"""

    parent_class = UserMeetings
    inherits = {"meeting_id": "id"}
    endpoint = "meetings/{meeting_id}/invitation"
    primary_key = "meeting_id"
    rate_limit = LIGHT
    scopes = ("meeting:read:admin", "meeting:read:invitation:admin")
'''
OF_PAST = '''

class PastMeetingDetails(OccurrenceStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/past_meetings/{meetingId}"""

    parent_class = PastMeetings
    inherits = {"meeting_uuid": "uuid", "meeting_id": "id", "meeting_start_time": "start_time"}
    cursor_field = "meeting_start_time"
    endpoint = "past_meetings/{meeting_uuid}"
    primary_key = "meeting_uuid"
    rate_limit = LIGHT
    scopes = ("meeting:read:admin", "meeting:read:past_meeting:admin")
'''
SCHEMAS = {
    "meeting_invitations": {"meeting_id": "integer", "invitation": "string"},
    "past_meeting_details": {
        "meeting_uuid": "string",
        "meeting_id": "integer",
        "meeting_start_time": "string",
        "topic": "string",
    },
}
HANDLERS = """def invitation(call: Call) -> Json:
    return {"invitation": f"Join us in {_planned(call).id}"}


def past_meeting(call: Call) -> Json:
    return {"topic": f"What was said in {_past(call, 'Gone.').series.id}"}


class Route("""
ROUTES = """_TABLE = (
    Route("meeting_invitations", "/meetings/*/invitation", "LIGHT", "meeting:read:invitation", invitation),
    Route("past_meeting_details", "/past_meetings/*", "LIGHT", "meeting:read:past_meeting", past_meeting),
"""
ROWS = """\
| `meeting_invitations` | The invitation | meeting_id | none | 1 for each meeting | LIGHT |\
 `meeting:read:list_meetings:admin`, `meeting:read:invitation:admin` |
| `past_meeting_details` | What was held | meeting_uuid | meeting_start_time | 1 for each | LIGHT |\
 `meeting:read:past_meeting:admin` |
"""


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} in {path}"
    path.write_text(text.replace(old, new))


def schema(columns: dict[str, str]) -> dict[str, object]:
    described = {
        name: {"description": "As Zoom has it.", "type": ["null", kind]} for name, kind in columns.items()
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": described,
        "additionalProperties": True,
    }


def test_a_stream_takes_five_places(tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns(
        ".*", "__pycache__", "*.egg-info", "demo-output", "build", "config", "out"
    )
    copy = shutil.copytree(ROOT, tmp_path / "copy", ignore=ignore)

    package = copy / "source_zoom"
    for module, text in (("meetings", OF_LISTED), ("past", OF_PAST)):
        path = package / "streams" / f"{module}.py"
        path.write_text(path.read_text() + text)
    for name, columns in SCHEMAS.items():
        (package / "schemas" / f"{name}.json").write_text(json.dumps(schema(columns)))
    streams = package / "streams" / "__init__.py"
    edit(streams, "import MeetingPolls,", "import MeetingInvitations, MeetingPolls,")
    edit(streams, "past import (\n", "past import (\n    PastMeetingDetails,\n")
    edit(
        streams,
        "    MeetingQuestions,\n    Webinars,",
        "    MeetingQuestions,\n    MeetingInvitations,\n    PastMeetingDetails,\n    Webinars,",
    )
    routes = copy / "integration_tests" / "zoom_simulator" / "routes.py"
    edit(routes, "class Route(", HANDLERS)
    edit(routes, "_TABLE = (\n", ROUTES)
    edit(copy / "docs" / "zoom.md", "| `webinars` |", f"{ROWS}| `webinars` |")
    edit(
        copy / "docs" / "zoom.md",
        "meeting:read:list_meetings:admin\nmeeting:read:list_past",
        "meeting:read:invitation:admin\nmeeting:read:list_meetings:admin\nmeeting:read:list_past",
    )
    edit(
        copy / "docs" / "zoom.md",
        "meeting:read:meeting:admin\nreport:",
        "meeting:read:meeting:admin\nmeeting:read:past_meeting:admin\nreport:",
    )

    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rp", "-k"),
            "meeting_invitations or MeetingInvitations or past_meeting_details or test_docs",
        ],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    passed = re.findall(r"^PASSED (.+)$", done.stdout, re.MULTILINE)
    for name in SCHEMAS:
        assert sum(name in test for test in passed) >= 10
