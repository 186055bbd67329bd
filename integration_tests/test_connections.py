"""How the connector talks to Zoom: timeouts, connections, compression, certificates, and its pace."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import certifi
import pytest
import requests
from requests.adapters import HTTPAdapter

from integration_tests.completeness import CLASSES, assert_complete
from integration_tests.conftest import InProcess, Start, server_to_server, still_clock
from integration_tests.zoom_simulator import Clock, Simulator, Size
from integration_tests.zoom_simulator.limits import Verdict
from source_zoom.api import auth, client
from source_zoom.source import SourceZoom

SIZE = Size(users=3, past_occurrences=1)


def hang(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    """Let these requests wait until the simulator stops; the connector waits for a moment only."""
    simulator.faults.slow_seconds = 3600
    simulator.faults.always(pattern, "slow")
    monkeypatch.setattr(client, "READ_SECONDS", 0.1)
    monkeypatch.setattr(auth, "TIMEOUT_SECONDS", (10, 0.1))


def test_a_request_that_hangs_costs_its_own_rows_only(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = start(1, SIZE, clock=still_clock(), plan="unlimited")
    number = simulator.world.series("meeting", 0, 0).id
    hang(simulator, monkeypatch, rf"/meetings/{number}\?")
    in_process.without_waiting()
    output = in_process.read(server_to_server(simulator), ["users", "meetings", "meeting_polls"])
    assert output.code == 1
    assert output.statuses == {"users": "COMPLETE", "meetings": "INCOMPLETE", "meeting_polls": "COMPLETE"}
    assert "ReadTimeout" in output.errors[0]["message"]
    assert f"(1 not read: meetings/{number})" in output.errors[-1]["message"]
    assert number not in {row["id"] for row in output.records("meetings")}
    assert_complete(simulator, output, CLASSES["meeting_polls"])


def test_a_token_endpoint_that_hangs_ends_the_sync(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = start(1, SIZE, plan="unlimited")
    hang(simulator, monkeypatch, "/oauth/token")
    in_process.without_waiting()
    output = in_process.read(server_to_server(simulator), ["users"])
    assert output.code == 1
    assert [error["failure_type"] for error in output.errors] == ["transient_error"]
    assert "it could not be reached (ReadTimeout)" in output.errors[0]["message"]


def test_connections_are_kept_and_answers_compressed(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=6), clock=still_clock(), plan="unlimited")
    output = in_process.read(server_to_server(simulator, num_workers=12))
    assert output.code == 0
    entries = simulator.journal.entries
    assert len({entry.connection for entry in entries}) < 0.1 * len(entries)
    assert all("gzip" in entry.accept_encoding for entry in entries)


@pytest.mark.parametrize("bundle", ["", certifi.where()], ids=["no bundle", "a company's bundle"])
def test_certificates_are_always_checked(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch, bundle: str
) -> None:
    """Keys that other connectors know do nothing; a bundle in the environment is used."""
    checked = Counter[object]()
    send = HTTPAdapter.send

    def look(self: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        checked[options["verify"]] += 1
        return send(self, request, **options)

    monkeypatch.setattr(HTTPAdapter, "send", look)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    simulator = start(1, SIZE, plan="unlimited")
    config = server_to_server(simulator, verify=False, ssl_verify=False, verify_ssl=False, insecure=True)
    assert in_process.read(config, ["users"]).code == 0
    assert checked == {bundle or True: len(simulator.journal.entries)}


def test_the_share_of_the_rate_limits_sets_the_pace(start: Start, in_process: InProcess) -> None:
    simulator = start(1, SIZE, clock=still_clock(), plan="unlimited")
    config = server_to_server(simulator, rate_limit_plan="pro", rate_limit_share=10)
    assert SourceZoom()._sync(config).limits.budget("HEAVY").per_second == pytest.approx(1)
    in_process.without_waiting()
    began = in_process.timing["clock"]()
    assert in_process.read(config, ["meetings"]).code == 0
    requests_sent = simulator.journal.requests["LIGHT"]
    assert requests_sent > 20
    # Of Pro's 30 a second a tenth; nearly all of the time is slept, which costs the test none.
    assert in_process.timing["clock"]() - began > 0.95 * (requests_sent - 1) / 3


def test_answers_without_a_date_leave_the_local_clock(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = HTTPAdapter.build_response

    def without_date(self: HTTPAdapter, *arguments: Any) -> requests.Response:
        response = build(self, *arguments)
        del response.headers["Date"]
        return response

    monkeypatch.setattr(HTTPAdapter, "build_response", without_date)
    simulator = start(1, SIZE, clock=Clock(running=False), plan="unlimited")
    output = in_process.read(server_to_server(simulator), ["report_meetings", "report_webinars"])
    assert output.code == 0
    for name in ("report_meetings", "report_webinars"):
        assert_complete(simulator, output, CLASSES[name])


def test_a_daily_limit_stops_its_label_at_once(start: Start, in_process: InProcess) -> None:
    caps = {"HEAVY": 40}
    simulator = start(1, Size(users=6), clock=still_clock(), plan="unlimited", daily_caps=caps, latency=0.02)
    streams = ["meetings", "report_meetings", "report_meeting_participants"]
    output = in_process.read(server_to_server(simulator, num_workers=9), streams)
    assert output.code == 1
    assert output.statuses["meetings"] == "COMPLETE"
    assert_complete(simulator, output, CLASSES["meetings"])
    # Whoever was under way is refused as well, and nobody else: there are three workers for each label.
    assert 0 < simulator.journal.refused <= 9
    assert simulator.journal.requests["HEAVY"] == 40 + simulator.journal.refused


# A day ahead at least: a midnight that is minutes away is waited for like any short pause.
DAY_AFTER_TOMORROW = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT00:00:00Z")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-RateLimit-Type": "Daily-limit"},
        {"Retry-After": DAY_AFTER_TOMORROW},
        {"Retry-After": "40000"},
        {"Retry-After": "9" * 400},
    ],
    ids=["type", "date", "seconds", "digits"],
)
def test_a_daily_limit_is_known_by_its_headers_too(
    start: Start, in_process: InProcess, headers: dict[str, str]
) -> None:
    simulator = start(1, SIZE, plan="unlimited", latency=0.02)
    check = simulator.limits.check

    def refuse_light(label: str) -> Verdict:
        return Verdict("That was too much.", headers) if label == "LIGHT" else check(label)

    simulator.limits.check = refuse_light
    in_process.without_waiting()
    output = in_process.read(server_to_server(simulator, num_workers=9), ["users", "meetings"])
    assert output.code == 1
    assert output.statuses == {"users": "COMPLETE", "meetings": "INCOMPLETE"}
    assert {error["failure_type"] for error in output.errors} == {"transient_error"}
    assert "the daily rate limit is used up" in output.errors[0]["message"]
    assert simulator.journal.refused <= 9
