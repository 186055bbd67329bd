"""Signing in: both grants, the consent in the UI, rotation, old config shapes, and what a bad config gets."""

import tempfile
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import jinja2
import pytest
import requests
from jsonschema import Draft7Validator

from integration_tests.conftest import (
    STREAM_NAMES,
    Connector,
    InProcess,
    Start,
    configured_catalog,
    oauth,
    server_to_server,
)
from integration_tests.harness import Json
from integration_tests.zoom_simulator import Simulator, Size

SMALL = Size(users=5)


@pytest.fixture
def account(start: Start) -> Simulator:
    return start(1, SMALL, plan="unlimited")


def test_spec_is_one_message(connector: Connector) -> None:
    output = connector.run("spec")
    assert output.code == 0
    assert len(output.of("SPEC")) == 1


def test_no_command_needs_a_folder_for_files_of_its_own(
    account: Simulator, in_process: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    config = server_to_server(account)
    outputs = [in_process.run("spec"), in_process.check(config), in_process.discover(config)]
    assert [output.code for output in [*outputs, in_process.read(config, ["users"])]] == [0, 0, 0, 0]
    for output, kind in zip(outputs, ("SPEC", "CONNECTION_STATUS", "CATALOG"), strict=True):
        assert output.of(kind)


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
        {"LC_ALL": "POSIX"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=str,
)
def test_no_encoding_of_stdout_costs_a_line(
    account: Simulator, connector: Connector, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = server_to_server(account, **{"größe→": 1})
    checked = connector.check(config)
    assert (checked.code, checked.of("CONNECTION_STATUS")) == (0, [{"status": "SUCCEEDED"}])
    read = connector.read(config, ["users", "bücher→"])
    assert read.code == 1
    assert "names the stream 'bücher→'" in read.errors[0]["message"]
    for output in (checked, read):
        assert any("has the key größe→" in log for log in output.logs)


def test_the_spec_takes_both_kinds_of_credentials_and_no_other(
    account: Simulator, in_process: InProcess
) -> None:
    validator = Draft7Validator(in_process.run("spec").of("SPEC")[0]["connectionSpecification"])
    for config in (server_to_server(account), oauth(account, start_date="2026-01-31")):
        assert list(validator.iter_errors(config)) == []
        for key in ("auth_type", "client_id", "client_secret"):
            incomplete = {name: value for name, value in config["credentials"].items() if name != key}
            assert list(validator.iter_errors({**config, "credentials": incomplete}))


def test_discover_is_the_same_twice_and_has_every_key(account: Simulator, connector: Connector) -> None:
    first, second = (connector.discover(server_to_server(account)) for _ in range(2))
    assert first.code == 0
    catalogs = [
        next(line for line in output.text.splitlines() if '"CATALOG"' in line) for output in (first, second)
    ]
    assert catalogs[0] == catalogs[1]
    streams = first.of("CATALOG")[0]["streams"]
    assert [stream["name"] for stream in streams] == STREAM_NAMES
    assert all(stream["source_defined_primary_key"] for stream in streams)
    assert all(stream["json_schema"]["properties"] for stream in streams)
    assert account.journal.entries == []


@pytest.mark.parametrize("credentials", [server_to_server, oauth])
def test_check_succeeds(
    account: Simulator, connector: Connector, credentials: Callable[[Simulator], Json]
) -> None:
    output = connector.check(credentials(account))
    assert output.code == 0
    assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]


def test_old_shapes_pass_check_with_a_control_message(account: Simulator, in_process: InProcess) -> None:
    credentials = server_to_server(account)["credentials"]
    del credentials["auth_type"]
    former = {**credentials, "authorization_endpoint": account.token_url, "api_url": account.api_url}
    nested = {
        "credentials": {
            **credentials, "auth_type": "server_to_server", "authorization_endpoint": account.token_url
        },
        "api_url": account.api_url,
    }  # fmt: skip
    for config in (former, nested):
        output = in_process.check(config)
        assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
        controls = output.of("CONTROL")
        assert [control["connectorConfig"]["config"] for control in controls] == [
            {
                "credentials": {"auth_type": "server_to_server", **credentials},
                "api_url": account.api_url,
                "token_url": account.token_url,
            }
        ]


def test_a_tap_zoom_config_is_migrated_and_its_token_rotated(
    account: Simulator, in_process: InProcess
) -> None:
    flat = {key: value for key, value in oauth(account)["credentials"].items() if key != "auth_type"}
    output = in_process.check({**flat, "api_url": account.api_url, "token_url": account.token_url})
    assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    migrated, rotated = (control["connectorConfig"]["config"] for control in output.of("CONTROL"))
    assert migrated["credentials"] == {"auth_type": "oauth2.0", **flat}
    assert rotated["credentials"]["refresh_token"] != flat["refresh_token"]


def test_the_rotated_token_is_handed_over_before_anything_else(
    account: Simulator, connector: Connector
) -> None:
    output = connector.read(oauth(account), ["users"])
    assert output.code == 0
    kinds = [message["type"] for message in output.messages]
    assert kinds.count("CONTROL") == 1
    assert kinds.index("CONTROL") < kinds.index("RECORD")
    config = output.of("CONTROL")[0]["connectorConfig"]["config"]
    assert config["credentials"]["refresh_token"] == account.oauth.refresh_token
    again = connector.read(config, ["users"])
    assert again.record_counts == output.record_counts


@pytest.mark.parametrize("written", ["by the connector", "by hand"])
def test_a_valid_access_token_is_used_without_a_token_request(
    account: Simulator, in_process: InProcess, written: str
) -> None:
    rotated = in_process.check(oauth(account)).of("CONTROL")[0]["connectorConfig"]["config"]
    if written == "by hand":
        del rotated["credentials"]["token_expiry_date"]
    account.journal.reset()
    assert in_process.check(rotated).of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    output = in_process.read(rotated, ["users", "report_meetings"])
    assert output.code == 0
    assert output.record_counts["report_meetings"] > 0
    assert account.journal.token_requests == 0
    assert output.of("CONTROL") == []


def test_a_refused_access_token_costs_one_refresh(account: Simulator, in_process: InProcess) -> None:
    config = oauth(account)
    config["credentials"]["access_token"] = "worn out"
    config["credentials"]["token_expiry_date"] = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    in_process.without_waiting()
    output = in_process.read(config, ["users", "meetings", "webinars"])
    assert output.code == 0
    assert account.journal.token_requests == 1
    assert len(output.of("CONTROL")) == 1


def test_a_token_that_zoom_rejects_in_mid_sync_costs_one_refresh(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=10), plan="unlimited", latency=0.02)
    check = simulator.oauth.check_token
    checks = iter(range(1_000_000))

    def reject_once(authorization: str) -> None:
        if next(checks) == 100:
            simulator.oauth.expire(authorization)
        check(authorization)

    simulator.oauth.check_token = reject_once
    in_process.without_waiting()
    output = in_process.read(server_to_server(simulator))
    assert output.code == 0
    assert simulator.journal.token_requests == 2
    rejected = [entry for entry in simulator.journal.entries if entry.status == 401]
    assert rejected


def test_a_wrong_secret_fails_once_and_shows_no_secret(account: Simulator, connector: Connector) -> None:
    config = server_to_server(account)
    config["credentials"]["client_secret"] = "wr0ng-s3cret"
    checked = connector.check(config)
    assert checked.code == 0
    status = checked.of("CONNECTION_STATUS")[0]
    assert status["status"] == "FAILED"
    assert status["message"].startswith(
        "Zoom refused the credentials: HTTP 400 Invalid client_id or client_secret"
    )
    account.journal.reset()
    read = connector.read(config)
    assert read.code == 1
    assert [error["failure_type"] for error in read.errors] == ["config_error"]
    assert account.journal.token_requests == 1
    assert len(account.journal.entries) == 1
    assert "wr0ng-s3cret" not in checked.text + read.text
    assert "Traceback" not in checked.text + read.text


def test_a_dead_refresh_token_says_what_to_do(account: Simulator, in_process: InProcess) -> None:
    config = oauth(account)
    assert in_process.check(config).of("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"
    status = in_process.check(config).of("CONNECTION_STATUS")[0]
    assert status["status"] == "FAILED"
    assert "authorize the app again" in status["message"]


@pytest.mark.parametrize(
    "changes", [{"expires_in": None}, {"expires_in": "soon"}, {"scope": ["users"]}, {"scope": None}]
)
def test_an_odd_token_answer_loses_no_refresh_token(
    account: Simulator, in_process: InProcess, changes: Json
) -> None:
    issue = account.oauth.issue
    account.oauth.issue = lambda *request: {**issue(*request), **changes}
    output = in_process.read(oauth(account), ["users"])
    assert output.code == 0
    config = output.of("CONTROL")[0]["connectorConfig"]["config"]
    assert config["credentials"]["refresh_token"] == account.oauth.refresh_token


@pytest.mark.parametrize("body", [[], {"access_token": None}, {"access_token": 5}, "<html></html>"])
def test_a_token_answer_without_a_token_is_asked_for_again(
    account: Simulator, in_process: InProcess, body: object
) -> None:
    in_process.without_waiting()
    account.faults.reply("/oauth/token", 200, body)
    output = in_process.read(server_to_server(account), ["users"])
    assert output.code == 1
    assert [error["message"] for error in output.errors] == [
        f"No access token from {account.token_url} within 600 s: HTTP 200 without a reason."
        " Check the network, or try again later."
    ]


@pytest.mark.parametrize(
    "token", ["s3cr3t\nmark", "s3cr3t\r\nmark", "s3cr3t\0mark", " s3cr3t", "s3cr3t…", "s3cr3t mark", "\n", ""]
)
@pytest.mark.parametrize("credentials", [server_to_server, oauth])
def test_a_token_that_no_header_can_hold_is_not_shown_and_costs_no_refresh_token(
    account: Simulator, in_process: InProcess, credentials: Callable[[Simulator], Json], token: str
) -> None:
    issue = account.oauth.issue
    account.oauth.issue = lambda *request: {**issue(*request), "access_token": token}
    in_process.without_waiting()
    for command in ("check", "read"):
        arguments = in_process.read_arguments(credentials(account), ["users"], [])
        output = in_process.run(command, "--debug", *arguments[: 4 if command == "read" else 2])
        assert output.code == (1 if command == "read" else 0)
        assert "HTTP 200 with an access token that is not one word of printable ASCII" in output.text
        assert "s3cr3t" not in output.text
        assert "mark" not in output.text
        assert "Traceback" not in output.text
        if credentials is oauth:
            config = output.of("CONTROL")[-1]["connectorConfig"]["config"]
            assert config["credentials"]["refresh_token"] == account.oauth.refresh_token


def test_a_token_that_no_header_can_hold_is_asked_for_again(
    account: Simulator, in_process: InProcess
) -> None:
    issue = account.oauth.issue
    odd = iter([{"access_token": "one\ntwo"}])
    account.oauth.issue = lambda *request: {**issue(*request), **next(odd, {})}
    in_process.without_waiting()
    output = in_process.read(oauth(account), ["users"])
    assert output.code == 0
    assert account.journal.token_requests == 2
    config = output.of("CONTROL")[-1]["connectorConfig"]["config"]
    assert config["credentials"]["refresh_token"] == account.oauth.refresh_token


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00", "9999-12-31T23:59:59-05:00"])
def test_an_absurd_expiry_date_is_no_trouble(account: Simulator, in_process: InProcess, moment: str) -> None:
    config = oauth(account)
    config["credentials"] |= {"access_token": "old", "token_expiry_date": moment}
    assert in_process.read(config, ["users"]).code == 0


def test_a_rotated_token_is_said_to_need_a_keeper(account: Simulator, in_process: InProcess) -> None:
    output = in_process.read(oauth(account), ["users"])
    assert any("Nobody stores it with docker run" in log for log in output.logs)
    assert not any("Nobody stores it" in log for log in in_process.read(server_to_server(account)).logs)


def test_a_user_managed_app_fails_check(start: Start, in_process: InProcess) -> None:
    simulator = start(1, SMALL, plan="unlimited", scopes=["user:read:list_users", "meeting:read:meeting"])
    status = in_process.check(server_to_server(simulator)).of("CONNECTION_STATUS")[0]
    assert status["status"] == "FAILED"
    assert "user-managed" in status["message"]


def test_an_unreachable_host_is_named(account: Simulator, in_process: InProcess) -> None:
    config = server_to_server(account, token_url="http://127.0.0.1:9/oauth/token")
    in_process.without_waiting()
    output = in_process.check(config)
    assert output.code == 0
    message = output.of("CONNECTION_STATUS")[0]["message"]
    assert "http://127.0.0.1:9/oauth/token" in message
    assert "Traceback" not in output.text


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("config", "{", "is not a valid Airbyte config"),
        ("config", "[]", "is not a valid Airbyte config"),
        ("config", {"jwt_token": "t"}, "Zoom ended JWT apps"),
        ("config", {"credentials": {"auth_type": "oauth2.0"}}, "credentials.client_id: Field required"),
        ("catalog", "{", "is not a valid Airbyte catalog"),
        ("catalog", {"streams": [{"no": 1}]}, "is not a valid Airbyte catalog"),
        ("state", "not JSON", "is not a valid Airbyte state"),
        ("state", [{"foo": 1}], "is not a valid Airbyte state"),
    ],
)
def test_a_broken_input_file_gets_one_sentence(
    account: Simulator, in_process: InProcess, name: str, content: object, sentence: str
) -> None:
    good = {"config": server_to_server(account), "catalog": configured_catalog(["users"]), "state": []}
    contents = {**good, name: content}
    files = {key: in_process.file(f"{key}.json", value) for key, value in contents.items()}
    output = in_process.run("read", *(word for key, path in files.items() for word in (f"--{key}", path)))
    assert output.code == 1
    assert len(output.errors) == 1
    assert output.errors[0]["failure_type"] == "config_error"
    assert sentence in output.errors[0]["message"]
    assert "Traceback" not in output.text
    assert account.journal.entries == []


def test_a_file_that_is_not_there_is_named(connector: Connector) -> None:
    output = connector.run("discover", "--config", "nowhere.json")
    assert output.code == 1
    assert output.errors[0]["message"] == "There is no config file nowhere.json: check the path."


def test_an_unknown_stream_is_named_and_others_are_read(account: Simulator, in_process: InProcess) -> None:
    output = in_process.read(server_to_server(account), ["users", "recording"])
    assert output.code == 1
    assert output.statuses["users"] == "COMPLETE"
    assert output.records("users")
    assert "names the stream 'recording'" in output.errors[0]["message"]
    assert "Traceback" not in output.text


def test_the_consent_in_the_ui_leads_to_credentials_that_read(
    account: Simulator, in_process: InProcess
) -> None:
    """What the platform does with advanced_auth: fill the templates, exchange the code, fill the config."""
    auth = in_process.run("spec").of("SPEC")[0]["advanced_auth"]
    flow = auth["oauth_config_specification"]
    templates = flow["oauth_connector_input_specification"]
    values = {
        "client_id": account.oauth.client_id,
        "client_secret": account.oauth.client_secret,
        "redirect_uri": "https://airbyte.example/auth_flow?kind=source&id=7",
        "state": "a b&c",
    }
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.filters["b64encode"] = lambda text: b64encode(text.encode()).decode()

    def filled(template: str) -> str:
        context = {f"{name}_value": value for name, value in values.items()}
        context |= {f"{name}_param": urlencode({name: value}) for name, value in values.items()}
        return environment.from_string(template).render(context)

    def simulated(url: str) -> str:
        return url.replace("https://zoom.us", account.url)

    consent = requests.get(simulated(filled(templates["consent_url"])), allow_redirects=False, timeout=10)
    assert consent.status_code == 302
    back = parse_qs(urlsplit(consent.headers["Location"]).query)
    assert back["state"] == [values["state"]]
    values["auth_code"] = back["code"][0]
    exchange: Json = {
        "url": simulated(filled(templates["access_token_url"])),
        "headers": {name: filled(value) for name, value in templates["access_token_headers"].items()},
        "data": {name: filled(value) for name, value in templates["access_token_params"].items()},
        "timeout": 10,
    }
    answer = requests.post(**exchange)
    assert answer.status_code == 200
    assert requests.post(**exchange).status_code == 400, "a code is good for one use"
    given = {name: answer.json()[name] for name in templates["extract_output"]}
    given["expires_in"] = (datetime.now(UTC) + timedelta(seconds=given["expires_in"])).isoformat()

    config: Json = {"api_url": account.api_url, "token_url": account.token_url, "credentials": {}}
    group, key = auth["predicate_key"]
    config[group][key] = auth["predicate_value"]
    outputs = flow["complete_oauth_output_specification"]["properties"]
    for name, output in outputs.items():
        group, key = output["path_in_connector_config"]
        config[group][key] = given[output.get("path_in_oauth_response", [name])[0]]
    for name, output in flow["complete_oauth_server_output_specification"]["properties"].items():
        group, key = output["path_in_connector_config"]
        config[group][key] = values[name]

    account.journal.reset()
    output = in_process.read(config, ["users"])
    assert output.code == 0
    assert len(output.records("users")) == SMALL.users
    assert account.journal.token_requests == 0, "the access token of the consent is good for an hour"
