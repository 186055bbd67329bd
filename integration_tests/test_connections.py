"""How the connector talks to Zoom: timeouts, connections, compression, certificates, and its pace."""

import gc
import socket
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import pytest
import requests
from requests.adapters import HTTPAdapter

from integration_tests.completeness import CLASSES, assert_complete
from integration_tests.conftest import InProcess, Start, oauth, server_to_server, still_clock
from integration_tests.harness import Json
from integration_tests.zoom_simulator import Simulator, Size
from integration_tests.zoom_simulator.limits import Verdict
from source_zoom.api import auth, client, session
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


def test_a_reading_in_python_leaves_no_connection_open(start: Start, in_process: InProcess) -> None:
    simulator = start(1, SIZE, clock=still_clock(), plan="unlimited")
    host, port = urlsplit(simulator.url).hostname, urlsplit(simulator.url).port

    def is_open(one: object) -> bool:
        with suppress(OSError):
            return isinstance(one, socket.socket) and one.getpeername() == (host, port)
        return False

    assert in_process.read(server_to_server(simulator)).code == 0
    # What a sync has left in cycles is frozen, and so not found by the collector.
    gc.unfreeze()
    assert len({entry.connection for entry in simulator.journal.entries}) > 1
    assert [one for one in gc.get_objects() if is_open(one)] == []


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


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("kind", ["nothing", "a folder", "empty", "garbage"])
def test_a_bundle_without_certificates_is_said_at_once(
    start: Start,
    in_process: InProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    kind: str,
) -> None:
    bundle = tmp_path / "bundle"
    if kind == "a folder":
        bundle.mkdir()
    elif kind != "nothing":
        bundle.write_text("" if kind == "empty" else "certificate")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(bundle))
    simulator = start(1, SIZE, plan="unlimited")
    assert_refused(
        in_process,
        server_to_server(simulator),
        f"There are no certificates in {bundle}: correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE in the"
        " environment, or take it out.",
    )
    assert simulator.journal.entries == []


@pytest.mark.parametrize("proxy", ["http://[::1", "http://me:s3cr3t…@127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_said_at_once(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    simulator = start(1, SIZE, plan="unlimited")
    assert_refused(
        in_process,
        server_to_server(simulator),
        "The environment names a proxy whose address, name or password cannot be used: correct http_proxy,"
        " https_proxy or all_proxy.",
    )


def assert_refused(in_process: InProcess, config: Json, message: str) -> None:
    checked = in_process.check(config)
    assert checked.code == 0
    assert checked.of("CONNECTION_STATUS") == [{"status": "FAILED", "message": message}]
    output = in_process.read(config, ["users"])
    assert output.code == 1
    assert [(error["message"], error["failure_type"]) for error in output.errors] == [
        (message, "config_error")
    ]
    for one in (checked, output):
        assert "Traceback" not in one.text
        assert "s3cr3t" not in one.text


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    # The CDK's entry point replaces it there, for the whole process.
    monkeypatch.setattr(requests.Session, "send", requests.Session.send)
    monkeypatch.setenv("DEPLOYMENT_MODE", "cloud")


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "zoom.example"])
@pytest.mark.parametrize("key", ["token_url", "api_url"])
def test_airbyte_cloud_asks_no_private_address(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch, key: str, host: str
) -> None:
    def addresses(name: str, port: int) -> list[Any]:
        private = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "zoom.example": "10.1.2.3"}
        return [(0, 0, 0, "", (private.get(name, "1.2.3.4"), port))]

    simulator = start(1, SIZE, plan="unlimited")
    config = server_to_server(simulator)
    config[key] = f"https://{host}/v2" if host == "zoom.example" else config[key].replace("127.0.0.1", host)
    if key == "api_url":
        # With a token in the config the first request is one to the API.
        config["credentials"] = oauth(simulator)["credentials"] | {"access_token": "good"}
    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    assert_refused(
        in_process,
        config,
        f"{host} belongs to a private network, and Airbyte Cloud asks public addresses only: correct"
        " api_url or token_url.",
    )
    assert simulator.journal.entries == []


def test_airbyte_cloud_follows_no_redirect_to_a_private_address(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = start(1, SIZE, plan="unlimited")
    elsewhere = simulator.api_url.replace("127.0.0.1", "localhost") + "/users?elsewhere"
    simulator.faults.reply("/v2/users", 302, headers={"Location": elsewhere})
    monkeypatch.setattr(session, "is_cloud_environment", lambda: True)
    monkeypatch.setattr(session, "_is_private_url", lambda host, _: host == "localhost")
    in_process.without_waiting()
    output = in_process.read(server_to_server(simulator), ["users"])
    assert output.code == 1
    assert "the answer leads elsewhere" in output.errors[0]["message"]
    assert [entry for entry in simulator.journal.entries if "elsewhere" in entry.url] == []


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
    send = HTTPAdapter.send

    def without_date(self: HTTPAdapter, *arguments: Any, **options: Any) -> requests.Response:
        response = send(self, *arguments, **options)
        del response.headers["Date"]
        return response

    monkeypatch.setattr(HTTPAdapter, "send", without_date)
    simulator = start(1, SIZE, clock=still_clock(), plan="unlimited")
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
