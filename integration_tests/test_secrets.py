"""No secret in any log, error or trace, whatever goes wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from integration_tests.conftest import Connector, InProcess, Start, oauth, server_to_server
from integration_tests.harness import Json
from integration_tests.zoom_simulator import Simulator, Size
from integration_tests.zoom_simulator.faults import KINDS, Faults

MARK = "s3cr3t-mark"


def marked(simulator: Simulator, config: Json) -> Json:
    """The same account with secrets that a search finds; tokens that the simulator draws are collected."""
    simulator.oauth.client_secret = f"{MARK}-client"
    config["credentials"]["client_secret"] = simulator.oauth.client_secret
    if "refresh_token" in config["credentials"]:
        simulator.oauth.refresh_token = config["credentials"]["refresh_token"] = f"{MARK}-refresh"
    return config


def collect(simulator: Simulator) -> set[str]:
    """Every token that the simulator gives out from now on."""
    given = {MARK}
    issue = simulator.oauth.issue

    def remember(*arguments: Any, **options: Any) -> Any:
        answer = issue(*arguments, **options)
        given.update(answer[key] for key in ("access_token", "refresh_token") if key in answer)
        return answer

    simulator.oauth.issue = remember
    return given


def public(text: str) -> str:
    """What is not a record or a config that is handed over: those hold what the user asked for."""
    return "\n".join(
        line
        for line in text.splitlines()
        if not line.startswith('{"type":"RECORD"') and '"type":"CONTROL"' not in line
    )


REPLIES = [
    (400, {"code": 300, "message": "Bad start_url https://zoom.us/s/1?zak=s3cr3t-mark passcode s3cr3t-mark"}),
    (401, {"code": 999, "message": "Not accepted: Authorization: Bearer s3cr3t-mark."}),
    (404, {"code": 3001, "message": "Meeting does not exist: https://zoom.us/j/1?pwd=s3cr3t-mark."}),
    (400, {"code": 300, "message": '{"password": "s3cr3t-mark", "pwd":"s3cr3t-mark"}'}),
    (400, {"code": 300, "message": {"password": "s3cr3t-mark"}}),
    (200, {"meetings": "s3cr3t-mark", "agenda": "s3cr3t-mark"}),
]


@pytest.mark.parametrize("credentials", [server_to_server, oauth])
@pytest.mark.parametrize("kind", [*KINDS, "wrong secret", "all"])
def test_no_failure_shows_a_secret(
    start: Start, in_process: InProcess, credentials: Callable[[Simulator], Json], kind: str
) -> None:
    faults = Faults(1, 0.3, KINDS if kind == "all" else [kind]) if kind != "wrong secret" else None
    simulator = start(1, Size(users=1), plan="unlimited", faults=faults)
    simulator.faults.slow_seconds = 0.01
    config = marked(simulator, credentials(simulator))
    given = collect(simulator)
    if kind == "wrong secret":
        config["credentials"]["client_secret"] = f"{MARK}-wrong"
    in_process.without_waiting()
    checked = in_process.check(config)
    if rotated := checked.of("CONTROL"):
        config = rotated[-1]["connectorConfig"]["config"]
    read = in_process.run("read", "--debug", *in_process.read_arguments(config, ["users", "meetings"], []))
    assert ("GET /v2/users?" in read.text) == (kind != "wrong secret")
    for output in (checked, read):
        assert output.messages
        assert [secret for secret in given if secret in public(output.text)] == []
    assert len(given) > 1 or kind == "wrong secret"


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: str(reply[0]))
def test_no_answer_of_zoom_puts_a_secret_into_the_log(
    start: Start, in_process: InProcess, reply: tuple[int, Json]
) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    simulator.faults.reply(r"/users/[^/]+/meetings|/v2/meetings/", *reply)
    output = in_process.read(server_to_server(simulator), ["meetings", "meeting_polls"])
    assert MARK not in public(output.text)


@pytest.mark.parametrize("way", ["--debug", "LOG_LEVEL"])
def test_the_debug_log_of_a_read_names_each_request_and_shows_no_secret(
    start: Start, connector: Connector, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    elsewhere = simulator.api_url.replace("127.0.0.1", "localhost") + f"/meetings/1?signature={MARK}"
    simulator.faults.reply("signature=", 404, {"code": 3001, "message": "Meeting does not exist."})
    simulator.faults.reply("/v2/meetings/", 302, headers={"Location": elsewhere})
    config = marked(simulator, server_to_server(simulator))
    given = collect(simulator)
    arguments = connector.read_arguments(config, ["users", "meetings"], [])
    if way == "LOG_LEVEL":
        monkeypatch.setenv("LOG_LEVEL", "debug")
        output = connector.run("read", *arguments)
        lines = [log.removeprefix("DEBUG ") for log in output.logs if log.startswith("DEBUG")]
    else:
        output = connector.run("read", "--debug", *arguments)
        lines = [message["message"] for message in output.messages if message["type"] == "DEBUG"]
    assert any(line.startswith("GET /v2/users?") for line in lines)
    assert any(line.partition(" ///")[0] == "GET /v2/meetings/1" for line in lines)
    assert [secret for secret in given if secret in public(output.text)] == []


def test_the_error_of_a_stream_shows_no_secret(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    config = marked(simulator, server_to_server(simulator))
    simulator.faults.reply(r"/users/[^/]+/meetings", 400, {"code": 9, "message": f"What is {MARK}-client?"})
    output = in_process.read(config, ["meetings"])
    assert "What is ****?" in output.errors[0]["message"]
    assert MARK not in public(output.text)


def test_a_password_in_an_address_is_not_shown(
    start: Start, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    monkeypatch.setenv("http_proxy", f"http://me:{MARK}@127.0.0.1:9")
    config = server_to_server(simulator, token_url=f"http://me:{MARK}@127.0.0.1:9/oauth/token")
    simulator.faults.reply("/v2/users", 400, {"code": 9, "message": f"Via http://me:{MARK}@127.0.0.1:9"})
    in_process.without_waiting()
    assert "No access token from http://****127.0.0.1:9/oauth/token" in in_process.check(config).text
    for found in (config, server_to_server(simulator)):
        output = in_process.read(found, ["users"])
        assert output.errors
        assert MARK not in output.text


def test_files_that_are_broken_are_not_quoted(start: Start, in_process: InProcess) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    config = marked(simulator, server_to_server(simulator))
    for credentials in (
        f"{MARK}",
        [MARK],
        {**config["credentials"], "auth_type": MARK},
        {**config["credentials"], "account_id": {"a": MARK}},
    ):
        output = in_process.check({**config, "credentials": credentials})
        assert output.of("CONNECTION_STATUS")[0]["status"] == "FAILED"
        assert MARK not in output.text
    for text in (f'{{"client_secret": "{MARK}"', f'["{MARK}"]', f'"{MARK}"'):
        path = in_process.file("broken.json", text)
        output = in_process.run("check", "--config", path)
        assert MARK not in output.text
        assert "Traceback" not in output.text
