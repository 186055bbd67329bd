"""What cannot be read costs its own rows only, and is named."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from integration_tests.conftest import InProcess, server_to_server
from integration_tests.zoom_simulator import Simulator, Size, truth

Start = Callable[..., Simulator]


def parents(simulator: Simulator, stream: str) -> list[Any]:
    return list(dict.fromkeys(parent["id"] for parent, _ in truth.rows(simulator.world, stream)))


def test_a_resource_that_fails_for_ever_costs_its_own_rows_only(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=6), plan="unlimited")
    broken = parents(simulator, "meeting_registrants")[3]
    simulator.faults.always(rf"/meetings/{broken}/registrants\?", "500")
    in_process.without_waiting()
    output = in_process.read(server_to_server(simulator), ["users", "meeting_registrants"])
    assert output.code == 1
    want = Counter(parent["id"] for parent, _ in truth.rows(simulator.world, "meeting_registrants"))
    del want[broken]
    assert Counter(row["meeting_id"] for row in output.records("meeting_registrants")) == want
    assert output.statuses == {"users": "COMPLETE", "meeting_registrants": "INCOMPLETE"}
    of_stream, of_sync = output.errors
    assert of_stream["message"].startswith(
        f"Gave up GET /v2/meetings/{broken}/registrants after 600 s of retries: Zoom has a server error"
    )
    assert of_sync["message"] == (
        f"Not read completely: meeting_registrants (1 not read: meetings/{broken}/registrants)."
        " The errors above say why."
    )
    assert {error["failure_type"] for error in output.errors} == {"transient_error"}


def test_many_failures_make_one_error_that_names_ten(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=6), plan="unlimited")
    broken = parents(simulator, "meeting_questions")[:12]
    for number in broken:
        simulator.faults.reply(
            rf"/meetings/{number}/registrants/questions", 400, {"code": 999, "message": "No."}
        )
    output = in_process.read(server_to_server(simulator), ["meeting_questions"])
    assert output.code == 1
    assert len(output.errors) == 2
    assert "Zoom refused the request (HTTP 400, code 999: No.)" in output.errors[0]["message"]
    message = output.errors[1]["message"]
    assert message.startswith("Not read completely: meeting_questions (12 not read: meetings/")
    assert sum(f"meetings/{number}/registrants/questions" in message for number in broken) == 10
    assert ", …). The errors above say why." in message
    assert {row["meeting_id"] for row in output.records("meeting_questions")}.isdisjoint(broken)
