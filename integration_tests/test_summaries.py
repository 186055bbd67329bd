"""Summaries: what becomes of those that are edited, in the trash, or kept back by a setting."""

import pytest

from integration_tests.conftest import InProcess, Start, still_clock
from integration_tests.harness import Json
from integration_tests.one_stream import missing, read
from integration_tests.outcomes import at, everywhere, route_of
from integration_tests.zoom_simulator import Simulator, Size, truth
from integration_tests.zoom_simulator.routes import ROUTES
from source_zoom.streams.summaries import ListedSummaries, MeetingSummaries

NAME = MeetingSummaries.stream_name()
TRASH = (
    403,
    {"code": 2305, "message": "The meeting summary has been moved to Trash and cannot be accessed."},
)
SETTINGS = [
    (
        400,
        {
            "code": 3000,
            "message": "Meeting summary disabled. To enable this feature, enable the Meeting Summary.",
        },
    ),
    (
        403,
        {
            "code": 2305,
            "message": "Not allowed to list an account's meeting summaries. To use this feature, …",
        },
    ),
    (
        403,
        {"code": 2305, "message": "Access to meeting summaries is restricted to specific IP address ranges."},
    ),
]


@pytest.fixture
def account(start: Start) -> Simulator:
    return start(1, Size(users=10), clock=still_clock(), plan="unlimited")


def uuids(account: Simulator) -> list[str]:
    return [row["meeting_uuid"] for _, row in truth.rows(account.world, NAME)]


def test_an_edit_within_the_lookback_comes_with_a_later_sync(
    account: Simulator, in_process: InProcess
) -> None:
    first = read(in_process, account, MeetingSummaries)
    assert missing(account, MeetingSummaries, first) == []
    account.clock.advance(days=1)
    before = {record["meeting_uuid"] for record in first.records(NAME) if "edited_summary" not in record}
    edited = [row["meeting_uuid"] for _, row in truth.rows(account.world, NAME) if "edited_summary" in row]
    assert before.intersection(edited)
    assert missing(account, MeetingSummaries, first)
    assert missing(account, MeetingSummaries, first, read(in_process, account, MeetingSummaries, first)) == []


def test_a_summary_in_the_trash_is_gone(account: Simulator, in_process: InProcess) -> None:
    uuid = uuids(account)[-1]
    account.faults.reply(at(ROUTES[NAME], uuid), *TRASH)
    output = read(in_process, account, MeetingSummaries)
    assert output.code == 0
    assert {record["meeting_uuid"] for record in output.records(NAME)} == {*uuids(account)} - {uuid}
    assert any("the summary is in the trash: 1" in log for log in output.logs)


@pytest.mark.parametrize("refusal", SETTINGS, ids=["disabled", "by e-mail only", "by address"])
def test_a_setting_that_keeps_all_summaries_back_is_named_after_one_request(
    account: Simulator, in_process: InProcess, refusal: tuple[int, Json]
) -> None:
    account.faults.reply(everywhere(route_of(ListedSummaries)), *refusal)
    output = read(in_process, account, MeetingSummaries)
    assert output.statuses == {NAME: "INCOMPLETE"}
    error = output.errors[0]
    assert error["failure_type"] == "config_error"
    assert refusal[1]["message"] in error["message"]
    assert len(account.journal.of(route_of(ListedSummaries).name)) == 1
