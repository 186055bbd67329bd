"""What happens when the app lacks a scope: who suffers, who does not, and what is said."""

import pytest

from integration_tests.conftest import STREAM_NAMES, InProcess, Start, server_to_server, still_clock
from integration_tests.harness import cursor_of
from integration_tests.zoom_simulator import Size
from integration_tests.zoom_simulator.ids import Kind
from integration_tests.zoom_simulator.routes import CLASSIC_SCOPES, GRANULAR_SCOPES, ROUTES
from source_zoom.engine.stream import ZoomStream
from source_zoom.source import with_parents
from source_zoom.streams import STREAMS
from source_zoom.streams.users import Users

SIZE = Size(users=3, meetings_per_user=6, webinars_per_user=3, unlisted_per_user=1, past_occurrences=1)


def of_listed(kind: Kind) -> set[str]:
    """The streams that hang on the meetings or webinars in users' lists."""
    return {
        stream.stream_name() for stream in STREAMS if kind in stream.stream_name() and not cursor_of(stream)
    }


# What a scope of a parent or of the discovery is needed for, besides a stream of its own.
NEEDED_BY = {
    "user:read:list_users:admin": {
        stream.stream_name() for stream in STREAMS if Users in with_parents([stream])
    },
    "meeting:read:list_meetings:admin": of_listed("meeting"),
    "webinar:read:list_webinars:admin": of_listed("webinar"),
    "report:read:list_users:admin": set(),
    "report:read:user:admin": set(),
    "meeting:read:list_past_instances:admin": set(),
    "webinar:read:list_past_instances:admin": set(),
}
# Where the token does not say beforehand that nobody may list users, the reports find what is past.
FOUND_ANYWAY = {
    "user:read:list_users:admin": {stream.stream_name() for stream in STREAMS if cursor_of(stream)},
}
NO_MEETING_INSTANCES = ["Without the instances, past meetings older than 6 months are not found."]
NO_WEBINAR_INSTANCES = ["Without the instances, past webinars older than 6 months are not found."]
NO_REPORTS = [
    "Without Zoom's reports, instant, expired and deleted meetings of the past are not found.",
    "Without Zoom's reports, instant, expired and deleted webinars of the past are not found.",
]
NO_HOSTS = [
    "Zoom does not say who hosted meetings, so every user is asked for every month, which can cost thousands"
    " of requests."
]
# What the streams that can do without a scope miss.
COSTS = {
    "meeting:read:list_meetings:admin": NO_MEETING_INSTANCES,
    "webinar:read:list_webinars:admin": NO_WEBINAR_INSTANCES,
    "meeting:read:list_past_instances:admin": NO_MEETING_INSTANCES,
    "webinar:read:list_past_instances:admin": NO_WEBINAR_INSTANCES,
    "report:read:user:admin": NO_REPORTS,
    "report:read:list_users:admin": NO_HOSTS,
}


def to_add(scope: str) -> str:
    return f"Add `{scope}` to the app, then reconnect."


def sentence(stream: str, scope: str) -> str:
    return f"The app may not read {stream}. {to_add(scope)}"


def costs(scope: str) -> list[str]:
    return [f"{cost} {to_add(scope)}" for cost in COSTS.get(scope, [])]


def streams_that_need(scope: str) -> set[str]:
    own = {name for name in STREAM_NAMES if scope in ROUTES[name].granular_scopes}
    return own | NEEDED_BY.get(scope, set())


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
    warnings = [log.removeprefix("WARN ") for log in status.logs if log.startswith("WARN")]
    if suffering == set(STREAM_NAMES):
        assert said["status"] == "FAILED"
        assert said["message"].startswith("The Zoom app may read none of the streams. Add `")
        assert f"`{scope}`" in said["message"]
    else:
        assert said == {"status": "SUCCEEDED"}
        assert sorted(warnings) == sorted([*(sentence(name, scope) for name in suffering), *costs(scope)])

    witnesses = {"meeting_polls", "webinar_polls", "report_webinars", "meeting_poll_results"}
    streams = sorted(suffering | witnesses)
    if not list_scopes:
        suffering -= FOUND_ANYWAY.get(scope, set())
    simulator.journal.reset()
    output = in_process.read(config, streams)
    assert {name for name, status in output.statuses.items() if status != "COMPLETE"} == suffering
    assert output.code == bool(suffering)
    for name in suffering:
        error = next(e for e in output.errors if e["stream_descriptor"]["name"] == name)
        assert error["failure_type"] == "config_error"
        assert to_add(scope) in error["message"]
        if list_scopes:
            assert error["message"] == sentence(name, scope)
            assert simulator.journal.of(name) == []
    for name in set(streams) - suffering:
        assert output.records(name)
    if scope in NEEDED_BY and not suffering:
        assert any(log.startswith("WARN") and scope in log for log in output.logs)


def test_classic_scopes_are_enough_and_are_named(start: Start, in_process: InProcess) -> None:
    simulator = start(1, SIZE, plan="unlimited", scopes=set(CLASSIC_SCOPES) - {"report:read:admin"})
    status = in_process.check(server_to_server(simulator))
    assert status.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    warnings = {log.removeprefix("WARN ") for log in status.logs if log.startswith("WARN")}
    scope = "report:read:admin"
    assert warnings == {
        *(sentence(stream.stream_name(), scope) for stream in STREAMS if scope in stream.scopes),
        *(f"{cost} {to_add(scope)}" for cost in NO_REPORTS + NO_HOSTS),
    }


def test_scopes_of_a_master_account_are_enough(start: Start, in_process: InProcess) -> None:
    simulator = start(1, SIZE, plan="unlimited", scopes={"user:read:list_users:master"})
    simulator.oauth.check_scopes = lambda accepted: None
    output = in_process.read(server_to_server(simulator), ["users", "meetings"])
    assert output.statuses == {"users": "COMPLETE", "meetings": "INCOMPLETE"}


def test_a_few_requests_tell_what_the_app_may_read(start: Start, in_process: InProcess) -> None:
    listed = start(1, SIZE, plan="unlimited")
    assert in_process.check(server_to_server(listed)).of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert len(listed.journal.entries) == 2
    silent = start(1, SIZE, plan="unlimited", list_scopes=False)
    assert in_process.check(server_to_server(silent)).of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    endpoints = [one for one in with_parents(STREAMS) if issubclass(one, ZoomStream) and one.endpoint]
    assert len(silent.journal.entries) == 2 + len(endpoints)
