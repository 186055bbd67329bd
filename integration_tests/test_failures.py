"""What cannot be read costs its own rows only, and is named."""

import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from integration_tests.completeness import CLASSES, assert_complete, canonical, expected
from integration_tests.conftest import InProcess, Output, Start, oauth, server_to_server, still_clock
from integration_tests.zoom_simulator import Simulator, Size, truth
from integration_tests.zoom_simulator.faults import Reply
from integration_tests.zoom_simulator.ids import quote_uuid
from integration_tests.zoom_simulator.refusals import PROXY_PAGE
from source_zoom import source
from source_zoom.api.errors import (
    NO_MEETING,
    NO_REGISTRATION,
    NO_USER,
    OF_NOBODY_ELSE,
    RULES,
    Action,
    Rule,
)
from source_zoom.engine import retries
from source_zoom.streams.meetings import MeetingQuestions, MeetingRegistrants


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
        f"Gave up GET meetings/{broken}/registrants after 600 s of retries: Zoom has a server error"
    )
    assert of_sync["message"] == (
        f"Not read completely: meeting_registrants (1 not read: meetings/{broken}/registrants)."
        " The errors above say why."
    )
    assert {error["failure_type"] for error in output.errors} == {"transient_error"}


def test_a_list_that_fails_is_named_and_costs_what_hangs_on_it(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=6), plan="unlimited")
    rows = [row for _, row in truth.rows(simulator.world, "meetings")]
    host = rows[0]["host_id"]
    simulator.faults.reply(rf"/users/{host}/meetings", 400, {"code": 999, "message": "No."})
    output = in_process.read(server_to_server(simulator), ["meetings", "meeting_polls"])
    assert output.code == 1
    assert output.errors[-1]["message"] == (
        f"Not read completely: meetings, meeting_polls, user_meetings (1 not read: users/{host}/meetings)."
        " The errors above say why."
    )
    got = {record["id"] for record in output.records("meetings")}
    # Some of the host's are on the list of a co-host, too.
    assert {row["id"] for row in rows if row["host_id"] != host} <= got < {row["id"] for row in rows}


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


MESSAGES = {
    r"\bpaid\b": "Only available for Paid account.",
    r"webinar (plan|subscription|feature)": "Webinar plan is missing.",
    r"cannot access (webinar|meeting)": "Cannot access meeting information.",
    NO_REGISTRATION: "Registration has not been enabled for this meeting: 5.",
    NO_MEETING: "Meeting 5 is not found or has expired.",
    NO_USER: "User does not exist: u.",
    OF_NOBODY_ELSE: "It is not there.",
    r"recent \d+ months": "You can only get data within the recent 6 months.",
    r"zoom phone\b.* not (been )?enabled": "Zoom Phone has not been enabled for this account.",
    r"": "So it is.",
}
GAVE_UP = "Gave up GET meetings/{id}/registrants/questions after 600 s of retries: {why}."
SAID = {
    Action.RETRY: GAVE_UP,
    Action.REFRESH: GAVE_UP,
    Action.SLOW_DOWN: GAVE_UP,
    Action.DENIED: "Zoom refused GET meetings/{id}/registrants/questions: {why}.",
    Action.SCOPE: "Zoom refused GET meetings/{id}/registrants/questions: {why}."
    " Add `meeting:read:list_registration_questions:admin` to the app, then reconnect.",
    Action.STOP_LABEL: "Zoom refused GET meetings/{id}/registrants/questions (LIGHT):"
    " the daily rate limit is used up until 00:00 UTC (HTTP {status}, code {code}: {message}).",
    Action.RESTART: "Zoom lost its place in meetings/{id}/registrants/questions 6 times: {why}.",
}
KIND = {
    Action.RETRY: "transient_error",
    Action.REFRESH: "config_error",
    Action.SLOW_DOWN: "transient_error",
    Action.DENIED: "config_error",
    Action.SCOPE: "config_error",
    Action.STOP_LABEL: "transient_error",
    Action.RESTART: "transient_error",
}
ENDS_THE_STREAM = {Action.SCOPE, Action.STOP_LABEL}
# What is no failure, and a word of the line that says it.
SAID_TO_BE = {
    Action.GONE: "INFO meeting_questions: skipped meetings/",
    Action.EMPTY: "INFO meeting_questions: skipped meetings/",
    Action.LATER: "WARN meeting_questions: meetings/",
    Action.WITHHELD: "WARN meeting_questions: 1 withheld by Zoom: meetings/",
}
UNKNOWN = "WARN meeting_questions: 1 refused by Zoom: meetings/"


def is_of_others(rule: Rule, path: str) -> bool:
    """Whether a row of the table says nothing about what is asked for under this path."""
    return re.search(rule.path, path) is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.status}-{rule.code}-{rule.message}")
def test_each_row_of_the_table(start: Start, in_process: InProcess, rule: Rule) -> None:
    """One meeting answers like this for ever. Everything else arrives, and it is said what did not."""
    simulator = start(1, Size(users=2), plan="unlimited")
    in_process.without_waiting()
    number = parents(simulator, "meeting_questions")[-1]
    status, code = rule.status or 400, rule.code or 1
    message = MESSAGES.get(rule.message, rule.message)
    # This word alone holds for the registrants as well.
    is_shared = rule.reason == MeetingQuestions.refused_alike
    path = rf"/meetings/{number}/registrants{'' if is_shared else '/questions'}"
    simulator.faults.reply(path, status, {"code": code, "message": message})
    output = in_process.read(
        server_to_server(simulator), ["users", "meeting_questions", "meeting_registrants"]
    )
    everyone = set(parents(simulator, "meeting_questions"))
    got = {row["meeting_id"] for row in output.records("meeting_questions")}
    why = f"{rule.reason} (HTTP {status}, code {code}: {message})"
    is_elsewhere = is_of_others(rule, "meetings/5/registrants/questions")
    if is_elsewhere or rule.action in SAID_TO_BE:
        assert output.code == 0
        assert output.errors == []
        # What is said of a user is no word about a meeting. Of a reason only the first example is shown.
        begin, reason = (UNKNOWN, "Zoom refused") if is_elsewhere else (SAID_TO_BE[rule.action], rule.reason)
        assert any(log.startswith(begin) and reason in log for log in output.logs)
    else:
        assert output.code == 1
        said = SAID[rule.action].format(id=number, why=why, status=status, code=code, message=message)
        assert output.errors[0]["message"] == said
        assert output.errors[0]["failure_type"] == KIND[rule.action]
        assert output.statuses["meeting_questions"] == "INCOMPLETE"
    if rule.action not in ENDS_THE_STREAM:
        assert got == everyone - {number}
    assert number not in got
    assert output.statuses["users"] == "COMPLETE"
    assert output.statuses["meeting_registrants"] == "COMPLETE"
    registrants = expected(simulator, MeetingRegistrants, lambda row: not is_shared or row["id"] != number)
    assert canonical(output.records("meeting_registrants"), set()) == canonical(registrants, set())
    assert "Traceback" not in output.text


# What the state keeps of an occurrence; of what could not be read in any other way, that it is to be retried.
KEPT = {
    Action.GONE: "",
    Action.EMPTY: "",
    Action.LATER: "",
    Action.WITHHELD: "withheld",
    Action.SCOPE: "refused",
    Action.STOP_LABEL: "",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.status}-{rule.code}-{rule.message}")
def test_what_a_state_keeps_of_each_row_of_the_table(start: Start, in_process: InProcess, rule: Rule) -> None:
    """One occurrence answers like this, and then as all others do."""
    simulator = start(1, Size(users=2), clock=still_clock(), plan="unlimited")
    in_process.without_waiting()
    uuid = next(parent["uuid"] for parent, _ in truth.rows(simulator.world, "report_meetings"))
    body = {"code": rule.code or 1, "message": MESSAGES.get(rule.message, rule.message)}
    simulator.faults.reply(rf"/report/meetings/{re.escape(quote_uuid(uuid))}$", rule.status or 400, body)
    output = in_process.read(server_to_server(simulator), ["report_meetings"])
    got = {row["uuid"] for row in output.records("report_meetings")}
    state = output.states[0]["stream"]["stream_state"]
    kept = "retry" if is_of_others(rule, "report/meetings/5") else KEPT.get(rule.action, "retry")
    assert output.code == (kept in ("retry", "refused") or rule.action in ENDS_THE_STREAM)
    assert [name for name in ("retry", "withheld", "refused") if name in state] == [kept] * bool(kept)
    assert uuid not in got
    if rule.action not in ENDS_THE_STREAM:
        assert got == {row["uuid"] for _, row in truth.rows(simulator.world, "report_meetings")} - {uuid}
        assert state["start_time"] == f"{simulator.clock.today()}T00:00:00Z"
        assert all(uuid in unit for group in state.get(kept, []) for unit in group["units"])
    simulator.faults.clear()
    simulator.clock.advance(days=7)
    healed: set[str] = set()
    # After a refusal of everything the first sync only finds out that it is over.
    for _ in range(2):
        output = in_process.read(server_to_server(simulator), ["report_meetings"], state=output.states)
        assert output.code == 0
        healed |= {row["uuid"] for row in output.records("report_meetings")}
    assert (uuid in healed) == bool(kept or rule.action in ENDS_THE_STREAM)
    assert not {"retry", "withheld", "refused"} & set(output.states[0]["stream"]["stream_state"])


def read_with_one_blocked(simulator: Simulator, in_process: InProcess, pattern: str, *streams: str) -> Output:
    in_process.without_waiting()
    simulator.faults.reply(pattern, 403, "<html>Blocked by the company's proxy</html>")
    return in_process.read(server_to_server(simulator), streams)


def test_a_resource_that_a_proxy_refuses_is_read_when_the_proxy_lets_it_through(
    start: Start, in_process: InProcess
) -> None:
    simulator = start(1, Size(users=4), clock=still_clock(), plan="unlimited")
    uuid = next(parent["uuid"] for parent, _ in truth.rows(simulator.world, "report_meetings"))
    pattern = rf"/report/meetings/{re.escape(uuid.replace('=', '%3D').replace('+', '%2B'))}"
    output = read_with_one_blocked(simulator, in_process, pattern, "report_meetings")
    assert output.code == 1
    assert output.statuses == {"report_meetings": "INCOMPLETE"}
    everything = {row["uuid"] for _, row in truth.rows(simulator.world, "report_meetings")}
    assert everything - {row["uuid"] for row in output.records("report_meetings")} == {uuid}
    assert "after 5 attempts: a proxy or a firewall refuses it" in output.errors[0]["message"]
    simulator.faults.clear()
    later = in_process.read(server_to_server(simulator), ["report_meetings"], state=output.states)
    assert later.code == 0
    assert uuid in {row["uuid"] for row in later.records("report_meetings")}


def test_a_list_that_a_proxy_refuses_holds_up_nothing(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=4), clock=still_clock(), plan="unlimited")
    number = parents(simulator, "report_meetings")[0]
    began = time.monotonic()
    pattern = rf"/past_meetings/{number}/instances"
    output = read_with_one_blocked(simulator, in_process, pattern, "report_meetings")
    assert output.code == 1
    assert in_process.timing["clock"]() - began < 120
    assert f"meeting_instances (1 not read: past_meetings/{number}/instances)" in output.errors[-1]["message"]
    state = output.of("STATE")[-1]["stream"]["stream_state"]
    assert state["start_time"] == f"{simulator.clock.today()}T00:00:00Z"
    assert [entry["list"] for entry in state["retry"]] == ["meeting_instances"]


def test_the_list_of_hosts_is_not_skipped(start: Start, in_process: InProcess) -> None:
    """Every meeting of a month hangs on it."""
    simulator = start(1, Size(users=4), clock=still_clock(), plan="unlimited")
    output = read_with_one_blocked(simulator, in_process, r"/report/users\?", "report_meetings")
    assert output.code == 1
    assert output.errors[0]["message"].startswith("Gave up GET report/users?from=")
    # What it would have led to is on the list for the next sync.
    state = output.of("STATE")[-1]["stream"]["stream_state"]
    assert "report_hosts" in [entry["list"] for entry in state["retry"]]


def test_one_page_of_html_after_other_trouble_is_no_skip(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=2), plan="unlimited")
    in_process.without_waiting()
    path = f"/meetings/{parents(simulator, 'meeting_questions')[0]}/registrants/questions"
    fates = iter(["503"] * 6 + ["html"])
    is_html = False

    def always_for(url: str) -> str:
        nonlocal is_html
        fate = next(fates, "") if path in url else ""
        is_html = fate == "html"
        return "" if is_html else fate

    simulator.faults.always_for = always_for
    simulator.faults.reply_for = lambda url: Reply(403, "<html></html>") if is_html else None
    output = in_process.read(server_to_server(simulator), ["meeting_questions"])
    assert next(fates, None) is None
    assert output.code == 0
    assert_complete(simulator, output, CLASSES["meeting_questions"])


@pytest.mark.parametrize("pattern", ["/v2/", "/v2/users"])
def test_a_proxy_that_refuses_everything_leaves_no_empty_success(
    start: Start, in_process: InProcess, pattern: str
) -> None:
    simulator = start(1, Size(users=4), plan="unlimited")
    output = read_with_one_blocked(simulator, in_process, pattern, "users", "meeting_polls")
    assert output.code == 1
    assert set(output.statuses.values()) == {"INCOMPLETE"}
    assert "a proxy or a firewall refuses it (HTTP 403: no message)" in output.errors[0]["message"]


def test_a_host_that_is_down_ends_the_sync_within_one_retry_budget(
    start: Start, in_process: InProcess
) -> None:
    simulator = start(1, Size(users=12), plan="unlimited")
    in_process.without_waiting()
    began = in_process.timing["clock"]()
    simulator.faults.always("/v2/(meetings|webinars|past|report)", "503")
    simulator.faults.always("page_size=1$", "503")
    output = in_process.read(server_to_server(simulator))
    assert output.code == 1
    assert set(output.statuses.values()) - {"COMPLETE"} == {"INCOMPLETE"}
    assert output.errors[0]["message"].startswith("Zoom could not be read in 600 s of retries, neither GET ")
    assert {error["failure_type"] for error in output.errors} == {"transient_error"}
    assert in_process.timing["clock"]() - began < 1.2 * 600
    assert len(output.errors) <= len(output.statuses) + 1


def test_a_bad_resource_and_a_shaky_network_are_no_dead_host(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=2), plan="unlimited")
    in_process.without_waiting()
    number = parents(simulator, "meeting_questions")[0]
    simulator.faults.always(rf"/meetings/{number}/registrants/questions", "500")
    draw = simulator.faults.always_for
    asked = iter(range(1_000_000))
    # Of the questions whether Zoom is up the first one fails.
    simulator.faults.always_for = lambda url: (
        "reset" if url.endswith("page_size=1") and next(asked) == 0 else draw(url)
    )
    output = in_process.read(server_to_server(simulator), ["users", "meeting_questions"])
    assert next(asked) == 1
    assert output.errors[0]["message"].startswith("Gave up GET meetings/")
    assert output.statuses == {"users": "COMPLETE", "meeting_questions": "INCOMPLETE"}


def test_a_bad_resource_of_one_label_survives_the_daily_limit_of_another(
    start: Start, in_process: InProcess
) -> None:
    lists = truth.least_counts(Simulator(1, Size(users=4)).world, ["meetings"])["MEDIUM"]
    simulator = start(1, Size(users=4), plan="unlimited", daily_caps={"MEDIUM": lists})
    in_process.without_waiting()
    everyone = [row["id"] for _, row in truth.rows(simulator.world, "meetings")]
    simulator.faults.always(rf"/v2/meetings/{everyone[0]}\?", "500")
    output = in_process.read(server_to_server(simulator), ["meetings", "meeting_registrants"])
    assert output.code == 1
    messages = {error["message"][:40] for error in output.errors}
    assert any(message.startswith(f"Gave up GET meetings/{everyone[0]}") for message in messages)
    assert {record["id"] for record in output.records("meetings")} == set(everyone[1:])


def test_tokens_that_zoom_rejects_for_ever_end_the_sync_once(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=4), plan="unlimited")
    in_process.without_waiting()
    simulator.faults.always("/v2/(users.*page_size=1$|meetings)", "124")
    output = in_process.read(server_to_server(simulator), ["meetings", "meeting_polls", "meeting_questions"])
    assert output.code == 1
    assert {error["failure_type"] for error in output.errors} == {"config_error"}
    assert output.errors[0]["message"].startswith(
        "Zoom could not be read in 600 s of retries, neither GET meetings/"
    )
    assert output.errors[0]["message"].endswith("Check the app, then reconnect.")
    assert len(output.errors) <= len(output.statuses) + 1


@pytest.mark.parametrize("trouble", ["503", "a proxy's page"])
def test_a_part_of_zoom_that_is_down_costs_ten_times_its_patience(
    start: Start, in_process: InProcess, trouble: str
) -> None:
    simulator = start(1, Size(users=8), plan="unlimited")
    in_process.without_waiting()
    if trouble == "503":
        simulator.faults.always("/v2/report/meetings/", trouble)
    else:
        simulator.faults.reply("/v2/report/meetings/", *PROXY_PAGE)
    before = len(list(truth.rows(simulator.world, "report_meetings")))
    assert before > 60
    output = in_process.read(server_to_server(simulator, num_workers=6), ["users", "report_meetings"])
    assert output.statuses == {"users": "COMPLETE", "report_meetings": "INCOMPLETE"}
    urls = Counter(entry.url for entry in simulator.journal.of("report_meetings"))
    # Those in hand when the tenth had used up its time are patient as well.
    assert sum(number > 1 for number in urls.values()) <= 10 + 6
    assert len(urls) >= before
    # Whether Zoom is there at all is not asked for each of them.
    assert len(simulator.journal.of("users")) < before / 2
    simulator.faults.clear()
    healed = in_process.read(server_to_server(simulator), ["report_meetings"], state=output.states)
    assert healed.code == 0
    assert len(healed.records("report_meetings")) >= before


def test_a_full_retry_list_ends_the_stream_and_leaves_its_state(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = start(1, Size(users=8), clock=still_clock(), plan="unlimited")
    in_process.without_waiting()
    monkeypatch.setattr(retries, "MOST_UNITS", 15)
    simulator.faults.always("/v2/report/meetings/", "503")
    output = in_process.read(server_to_server(simulator, num_workers=3), ["users", "report_meetings"])
    assert output.statuses == {"users": "COMPLETE", "report_meetings": "INCOMPLETE"}
    message = "More than 15 resources could not be read, so the state stays where it is."
    assert any(message in error["message"] for error in output.errors)
    # What is in hand is asked for to its end, and nothing else.
    assert 10 < len({entry.url for entry in simulator.journal.of("report_meetings")}) <= 15 + 3
    [state] = [s for s in output.states if s["stream"]["stream_descriptor"]["name"] == "report_meetings"][-1:]
    assert state["stream"]["stream_state"].get("start_time", "") < "2026-11"
    simulator.faults.clear()
    healed = in_process.read(server_to_server(simulator), ["report_meetings"], state=output.states)
    assert healed.code == 0
    want = {row["uuid"] for _, row in truth.rows(simulator.world, "report_meetings")}
    assert {record["uuid"] for record in healed.records("report_meetings")} == want


def test_a_check_that_nobody_answers_ends_soon(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes twice as long as it is to repeat its requests, so half a minute makes a minute."""
    simulator = start(1, Size(users=1), plan="unlimited")
    simulator.faults.hang("/v2/")
    monkeypatch.setattr(source, "CHECK_RETRY_SECONDS", 2.0)
    began = time.monotonic()
    status = in_process.check(server_to_server(simulator)).of("CONNECTION_STATUS")[0]
    assert status["status"] == "FAILED"
    assert status["message"].startswith("Zoom could not be read in 2 s of retries")
    assert time.monotonic() - began < 3 * 2.0
    simulator.faults.clear()


def test_a_block_of_one_path_is_no_dead_host(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=4), plan="unlimited")
    in_process.without_waiting()
    simulator.faults.reply(r"/v2/users\?", *PROXY_PAGE)
    output = in_process.read(server_to_server(simulator), ["users", "report_meetings"])
    assert output.statuses == {"users": "INCOMPLETE", "report_meetings": "INCOMPLETE"}
    assert output.errors[0]["message"].startswith("Gave up GET users?status=")
    # The reports do without the users.
    assert output.records("report_meetings")


def test_a_token_endpoint_that_is_down_ends_the_sync_after_one_budget(
    start: Start, in_process: InProcess
) -> None:
    simulator = start(1, Size(users=2), plan="unlimited")
    in_process.without_waiting()
    simulator.faults.always("/oauth/token", "503")
    output = in_process.read(server_to_server(simulator))
    assert output.code == 1
    assert len(output.errors) == 1
    assert output.errors[0]["failure_type"] == "transient_error"
    assert output.errors[0]["message"] == (
        f"No access token from {simulator.token_url} within 600 s: HTTP 503 Service unavailable.."
        " Check the network, or try again later."
    )
    assert simulator.journal.entries[-1].route == "token"


def test_a_proxy_before_the_token_endpoint_is_no_wrong_secret(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=2), plan="unlimited")
    in_process.without_waiting()
    simulator.faults.reply("/oauth/token", 403, "<html>Blocked</html>")
    output = in_process.read(server_to_server(simulator), ["users"])
    assert output.code == 1
    assert [(error["message"], error["failure_type"]) for error in output.errors] == [
        (
            f"No access token from {simulator.token_url} within 600 s: HTTP 403 without a reason."
            " Check the network, or try again later.",
            "transient_error",
        )
    ]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_zoom_is_given_the_time_it_asks_for(start: Start, in_process: InProcess, form: str) -> None:
    simulator = start(1, Size(users=2), plan="unlimited")
    in_process.without_waiting()
    slept: list[float] = []
    move = in_process.timing["sleep"]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        move(seconds)

    in_process.timing["sleep"] = sleep
    check = simulator.limits.check
    calls = iter(range(1_000_000))

    def refuse_once(label: str) -> Any:
        verdict = check(label)
        if next(calls) != 3:
            return verdict
        asked = (
            "77" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=77), True)
        )
        return verdict._replace(refusal="Slow down.", headers={"Retry-After": asked})

    simulator.limits.check = refuse_once
    output = in_process.read(server_to_server(simulator), ["meetings"])
    assert output.code == 0
    assert_complete(simulator, output, CLASSES["meetings"])
    assert any(75 <= seconds <= 78 for seconds in slept)


def test_a_refresh_token_that_is_lost_on_the_way_back_is_one_config_error(
    start: Start, in_process: InProcess
) -> None:
    """Zoom has replaced the token, and its answer never arrived: the old one is dead."""
    simulator = start(1, Size(users=2), plan="unlimited")
    in_process.without_waiting()
    issue = simulator.oauth.issue

    def issue_and_lose(*arguments: Any, **options: Any) -> Any:
        issue(*arguments, **options)
        raise ConnectionResetError

    simulator.oauth.issue = issue_and_lose
    config = oauth(simulator)
    lost = in_process.timing["sleep"]

    def sleep(seconds: float) -> None:
        simulator.oauth.issue = issue
        lost(seconds)

    in_process.timing["sleep"] = sleep
    output = in_process.read(config, ["users", "meetings"])
    assert output.code == 1
    assert [error["failure_type"] for error in output.errors] == ["config_error"]
    assert output.errors[0]["message"] == (
        "Zoom refused the credentials: HTTP 400 Invalid Token! / invalid_request. A refresh token works once,"
        " and a newer authorization or another sync may have used it up: authorize the app again, or use a"
        " Server-to-Server OAuth app."
    )


def test_two_syncs_with_one_refresh_token_end_in_one_message(start: Start, in_process: InProcess) -> None:
    """The other sync has used the refresh token up, and its new access token has ended ours."""
    simulator = start(1, Size(users=2), plan="unlimited")
    config = oauth(simulator)
    check = simulator.oauth.check_token
    checks = iter(range(1_000_000))

    def end_after_ten(authorization: str) -> None:
        if next(checks) == 10:
            simulator.oauth.expire(authorization)
            simulator.oauth.refresh_token = "the other's"
        check(authorization)

    simulator.oauth.check_token = end_after_ten
    output = in_process.read(config, ["meetings", "webinars"])
    assert output.code == 1
    assert {error["failure_type"] for error in output.errors} == {"config_error"}
    assert any("another sync may have used it up" in error["message"] for error in output.errors)
    assert simulator.journal.token_requests == 2
