"""What happens when the app lacks a scope: who suffers, who does not, and what is said."""

import pytest

from integration_tests.conftest import InProcess, Start, server_to_server, still_clock
from integration_tests.harness import cursor_of
from integration_tests.zoom_simulator import Size, truth
from integration_tests.zoom_simulator.ids import Kind
from integration_tests.zoom_simulator.routes import CLASSIC_SCOPES, GRANULAR_SCOPES, ROUTES
from source_zoom.engine.stream import ZoomStream
from source_zoom.source import with_parents
from source_zoom.streams import STREAMS

SIZE = Size(users=3, meetings_per_user=6, webinars_per_user=3, unlisted_per_user=1, past_occurrences=1)


def of_listed(kind: Kind) -> set[str]:
    """The streams that hang on the meetings or webinars in users' lists."""
    return {
        stream.stream_name() for stream in STREAMS if kind in stream.stream_name() and not cursor_of(stream)
    }


# What the scope of a list that is no stream is needed for.
NEEDED_BY = {
    "meeting:read:list_meetings:admin": of_listed("meeting"),
    "webinar:read:list_webinars:admin": of_listed("webinar"),
    "meeting:read:list_summaries:admin": {"meeting_summaries"},
    "report:read:list_users:admin": set(),
    "report:read:user:admin": set(),
    "meeting:read:list_past_instances:admin": set(),
    "webinar:read:list_past_instances:admin": set(),
    "cloud_recording:read:list_account_recordings:admin": set(),
    "cloud_recording:read:list_user_recordings:admin": set(),
}
# Past occurrences, and recordings, are found without these as well.
FOUND_ANYWAY = {
    "user:read:list_users:admin": {stream.stream_name() for stream in STREAMS if cursor_of(stream)},
    "report:read:list_history_meetings:admin": {
        stream.stream_name() for stream in STREAMS if stream.stream_name() in truth.PAST
    },
    "cloud_recording:read:list_account_recordings:admin": {"recordings", "recording_transcripts"},
}
# The scopes whose endpoints can be tried: a file has its address from a list.
TRIED = {scope for one in with_parents(STREAMS) if getattr(one, "endpoint", "") for scope in one.scopes}  # type: ignore[attr-defined]
NO_MEETING_INSTANCES = ["Without the instances, past meetings older than 6 months are not found."]
NO_WEBINAR_INSTANCES = ["Without the instances, past webinars older than 6 months are not found."]
NO_REPORTS = [
    "Without Zoom's reports, instant, expired and deleted meetings of the past are not found.",
    "Without Zoom's reports, instant, expired and deleted webinars of the past are not found.",
]
NO_HISTORY = [
    "Without the account's history, past meetings of hosts who have left are not found.",
    "Without the account's history, past webinars of hosts who have left are not found.",
]
NO_HOSTS = [
    "Zoom does not say who hosted meetings, so every user is asked for every month, which can cost thousands"
    " of requests."
]
USER_BY_USER = [
    "The app may not read the list of the account's recordings, so those of each user are asked for, month by"
    " month, which can cost thousands of requests."
]
# What the streams that can do without a scope miss.
COSTS = {
    "cloud_recording:read:list_account_recordings:admin": USER_BY_USER,
    "meeting:read:list_meetings:admin": NO_MEETING_INSTANCES,
    "webinar:read:list_webinars:admin": NO_WEBINAR_INSTANCES,
    "meeting:read:list_past_instances:admin": NO_MEETING_INSTANCES,
    "webinar:read:list_past_instances:admin": NO_WEBINAR_INSTANCES,
    "report:read:user:admin": NO_REPORTS,
    "report:read:list_history_meetings:admin": NO_HISTORY,
    "report:read:list_users:admin": NO_HOSTS,
    "user:read:list_users:admin": NO_MEETING_INSTANCES + NO_WEBINAR_INSTANCES,
}


def to_add(scope: str) -> str:
    return f"Add `{scope}` to the app, then reconnect."


def sentence(stream: str, scope: str) -> str:
    return f"The app may not read {stream}. {to_add(scope)}"


def costs(scope: str) -> list[str]:
    return [f"{cost} {to_add(scope)}" for cost in COSTS.get(scope, [])]


def streams_that_need(scope: str) -> set[str]:
    """Those with this scope, those that hang on one of them, and those that a list with it leads to."""
    own = {stream for stream in STREAMS if admin(ROUTES[stream.stream_name()].granular_scopes) == [scope]}
    behind = {stream.stream_name() for stream in STREAMS if own & with_parents([stream])}
    return behind - FOUND_ANYWAY.get(scope, set()) | NEEDED_BY.get(scope, set())


def admin(scopes: object) -> list[str]:
    return sorted(scope for scope in scopes if scope.endswith(":admin"))  # type: ignore[attr-defined]


def test_every_scope_of_the_account_is_needed_for_something() -> None:
    assert set(admin(GRANULAR_SCOPES)) == {
        scope for scope in admin(GRANULAR_SCOPES) if streams_that_need(scope) or scope in NEEDED_BY
    }


@pytest.mark.parametrize("scope", admin(GRANULAR_SCOPES))
@pytest.mark.parametrize("list_scopes", [True, False], ids=["listed", "not listed"])
def test_a_missing_scope_costs_only_the_streams_that_need_it(
    start: Start, in_process: InProcess, scope: str, list_scopes: bool
) -> None:
    simulator = start(
        1,
        SIZE,
        clock=still_clock(),
        plan="unlimited",
        scopes=set(GRANULAR_SCOPES) - {scope},
        list_scopes=list_scopes,
    )
    config = server_to_server(simulator)
    suffering = streams_that_need(scope)

    status = in_process.check(config)
    said = status.of("CONNECTION_STATUS")[0]
    warnings = [warning for warning in status.warnings if "names no granular scope" not in warning]
    assert said == {"status": "SUCCEEDED"}
    told = suffering if list_scopes or scope in TRIED else set()
    names = ", ".join(stream.stream_name() for stream in STREAMS if stream.stream_name() in told)
    assert sorted(warnings) == sorted([*([sentence(names, scope)] if told else []), *costs(scope)])

    witnesses = {"meeting_polls", "webinar_polls", "report_webinars", "meeting_poll_results"}
    streams = sorted(suffering | witnesses | FOUND_ANYWAY.get(scope, set()) & {"recordings"})
    simulator.journal.reset()
    output = in_process.read(config, streams)
    assert {name for name, status in output.statuses.items() if status != "COMPLETE"} == suffering
    assert output.code == bool(suffering)
    for name in suffering:
        error = next(e for e in output.errors if e["stream_descriptor"]["name"] == name)
        assert error["failure_type"] == "config_error"
        assert to_add(scope) in error["message"]
        # A list that leads to others as well is asked for their sake.
        if list_scopes and scope not in COSTS:
            assert error["message"] == sentence(name, scope)
            assert simulator.journal.of(name) == []
    for name in set(streams) - suffering:
        assert output.records(name)
    if costs(scope) and not suffering:
        assert any(log.startswith("WARN") and scope in log for log in output.logs)


@pytest.mark.parametrize("list_scopes", [True, False], ids=["listed", "not listed"])
def test_an_app_that_may_read_no_stream_fails_the_check(
    start: Start, in_process: InProcess, list_scopes: bool
) -> None:
    others = {"marketplace:read:list_apps:admin"}
    simulator = start(1, SIZE, plan="unlimited", scopes=others, list_scopes=list_scopes)
    [said] = in_process.check(server_to_server(simulator)).of("CONNECTION_STATUS")
    assert said["status"] == "FAILED"
    assert said["message"].startswith("The Zoom app may read none of the streams. Add `")
    needed = {scope for stream in STREAMS for scope in admin(ROUTES[stream.stream_name()].granular_scopes)}
    named = {scope for scope in admin(GRANULAR_SCOPES) if f"`{scope}`" in said["message"]}
    assert named >= (needed if list_scopes else needed & TRIED)


def test_classic_scopes_are_enough_and_are_named(start: Start, in_process: InProcess) -> None:
    simulator = start(1, SIZE, plan="unlimited", scopes=set(CLASSIC_SCOPES) - {"report:read:admin"})
    status = in_process.check(server_to_server(simulator))
    assert status.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    warnings = {log.removeprefix("WARN ") for log in status.logs if log.startswith("WARN")}
    scope = "report:read:admin"
    assert warnings == {
        sentence(", ".join(s.stream_name() for s in STREAMS if scope in s.scopes), scope),
        *(f"{cost} {to_add(scope)}" for cost in NO_REPORTS + NO_HISTORY + NO_HOSTS),
    }


def test_scopes_of_a_master_account_are_enough(start: Start, in_process: InProcess) -> None:
    simulator = start(1, SIZE, plan="unlimited", scopes={"user:read:list_users:master"})
    simulator.oauth.check_scopes = lambda accepted: None
    output = in_process.read(server_to_server(simulator), ["users", "meetings"])
    assert output.statuses == {"users": "COMPLETE", "meetings": "INCOMPLETE"}


def test_a_few_requests_tell_what_the_app_may_read(start: Start, in_process: InProcess) -> None:
    listed = start(1, SIZE, plan="unlimited")
    assert in_process.check(server_to_server(listed)).of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    # A token, a page of users, and one of each product that an account may lack.
    few = 2 + len({stream.product for stream in STREAMS} - {""})
    assert len(listed.journal.entries) == few
    silent = start(1, SIZE, plan="unlimited", list_scopes=False)
    assert in_process.check(server_to_server(silent)).of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    endpoints = [one for one in with_parents(STREAMS) if issubclass(one, ZoomStream) and one.endpoint]
    assert len(silent.journal.entries) == few + len(endpoints)
