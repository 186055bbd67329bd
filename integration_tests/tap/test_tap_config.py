"""The config of `tap-zoom`: what it takes, what it refuses, and the tokens that it writes there."""

import errno
import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import Start, oauth, server_to_server
from integration_tests.harness import TAP, Json
from integration_tests.singer_harness import Tap, Tapped, selected
from integration_tests.zoom_simulator import Size

GOOD: Json = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}


@pytest.mark.parametrize(("shape", "is_mount"), [("flat", False), ("nested", False), ("nested", True)])
def test_a_rotated_token_is_in_the_file_before_it_is_used(
    start: Start, tap: Tap, monkeypatch: pytest.MonkeyPatch, shape: str, is_mount: bool
) -> None:
    if is_mount:
        monkeypatch.setattr(Path, "replace", busy)
    simulator = start(1, Size(users=2), plan="unlimited")
    config = {**oauth(simulator), "key_mode": "lossless", "mine": {"deep": [1, 2]}}
    if shape == "flat":
        credentials = config.pop("credentials")
        config = {**{key: credentials[key] for key in credentials if key != "auth_type"}, **config}
    real = tap.folder / "real.json"
    real.write_text(json.dumps(config))
    real.chmod(0o640)
    link = tap.folder / "config.json"
    link.symlink_to(real)

    def tokens() -> Json:
        content = json.loads(real.read_text())
        found: Json = content if shape == "flat" else content["credentials"]
        return found

    check = simulator.limits.check
    known = set()

    def look(label: str) -> Any:
        known.add(tokens()["refresh_token"] == simulator.oauth.refresh_token)
        return check(label)

    simulator.limits.check = look
    issue = simulator.oauth.issue

    def issue_late(*arguments: Any, **options: Any) -> Any:
        real.write_text(json.dumps({**json.loads(real.read_text()), "theirs": "changed while the tap ran"}))
        return issue(*arguments, **options)

    simulator.oauth.issue = issue_late
    config["theirs"] = "changed while the tap ran"
    catalog = tap.file("catalog.json", selected("users"))
    for _ in range(2):
        output = tap.run("--config", str(link), "--catalog", catalog)
        assert output.code == 0
    assert known == {True}
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tap.folder.iterdir()) == ["catalog.json", "config.json", "real.json"]
    left = json.loads(real.read_text())
    (left if shape == "flat" else left["credentials"]).pop("access_token")
    (left if shape == "flat" else left["credentials"]).pop("token_expiry_date")
    (left if shape == "flat" else left["credentials"])["refresh_token"] = "rotated"
    (config if shape == "flat" else config["credentials"])["refresh_token"] = "rotated"
    # As text, to compare the order of the keys, too.
    assert json.dumps(left) == json.dumps(config)
    assert simulator.oauth.refresh_token not in output.err


def busy(path: Path, target: Path) -> Path:
    """What the operating system says about a file that is a mount of its own."""
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def test_a_config_that_cannot_be_written_in_full_stays_as_it_is(
    start: Start, tap: Tap, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    path = Path(tap.file("config.json", oauth(simulator)))
    before = path.read_text()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    output = tap.run("--config", str(path))
    assert output.code == 1
    assert output.log[-1] == (
        f"CRITICAL The config file {path} could not be written: No space left on device. It holds a refresh"
        " token that Zoom has replaced: authorize the app again."
    )
    assert path.read_text() == before
    assert list(tap.folder.iterdir()) == [path]


def test_dev_begins_with_the_access_token_of_the_config(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=2), plan="unlimited")
    config = oauth(simulator)
    catalog = tap.catalog(config, "users")
    assert tap.read(config, catalog=catalog).code == 0
    signed_in = json.loads((tap.folder / "config.json").read_text())
    del signed_in["credentials"]["token_expiry_date"]
    before = len(simulator.journal.entries)
    assert tap.read(signed_in, "--dev", catalog=catalog).code == 0
    assert "token" not in {entry.route for entry in simulator.journal.entries[before:]}


def test_the_user_agent_of_the_config_is_sent(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    config = {**server_to_server(simulator), "user_agent": "acme-etl (data@acme.example)"}
    assert tap.read(config, catalog=tap.catalog(config, "users")).code == 0
    assert {entry.user_agent for entry in simulator.journal.entries} == {"acme-etl (data@acme.example)"}


def test_the_connection_can_be_tested(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    config = server_to_server(simulator)
    fine = tap.read(config, "--test")
    assert (fine.code, fine.out) == (0, "")
    config["credentials"]["client_secret"] = "wrong"
    refused = tap.read(config, "--test")
    assert (refused.code, refused.out) == (1, "")
    assert "CRITICAL Zoom refused the credentials: HTTP 400 Invalid client_id or client_secret" in refused.err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no config file {path}: check the path."),
        ("{", "The config file {path} is not JSON (line 1)."),
        ([], "The config file {path} must hold a JSON object."),
        (
            {},
            "The config is not valid: credentials: must hold an auth_type, 'oauth2.0' or 'server_to_server',"
            " and what it needs.",
        ),
        (
            {**GOOD, "client_secret": ""},
            "The config is not valid: credentials.client_secret: Field required.",
        ),
        ({**GOOD, "key_mode": "best"}, "The config is not valid: key_mode: must be lossless or tap_zoom."),
        (
            {**GOOD, "user_agent": "one\ntwo"},
            "The config is not valid: user_agent: must be one line of printable ASCII.",
        ),
        (
            {**GOOD, "rate_limit_plan": "gold"},
            "The config is not valid: rate_limit_plan: Input should be 'auto', 'free', 'pro' or 'business'.",
        ),
    ],
)
def test_a_bad_config_is_one_sentence(tap: Tap, content: object, sentence: str) -> None:
    path = str(tap.folder / "config.json")
    if content is not None:
        tap.file("config.json", content)
    output = tap.run("--config", path)
    assert (output.code, output.out) == (1, "")
    assert output.log == [f"CRITICAL {sentence.format(path=path)}"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (GOOD, "--dev uses the config's access_token: add one, or leave --dev out."),
        (
            {"account_id": "a", "client_id": "c", "client_secret": "s", "access_token": "t"},
            "--dev is for OAuth apps with a refresh_token; a Server-to-Server OAuth app gets its tokens by"
            " itself: leave --dev out.",
        ),
    ],
)
def test_dev_wants_an_access_token(tap: Tap, content: Json, sentence: str) -> None:
    output = tap.run("--dev", "--config", tap.file("config.json", content))
    assert (output.code, output.out) == (1, "")
    assert output.log == [f"CRITICAL {sentence}"]


@pytest.mark.parametrize("flags", [[], ["--dev"], ["--test"]], ids=str)
def test_a_config_from_a_pipe_is_refused_before_its_token_is_used(start: Start, flags: list[str]) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    before = simulator.oauth.refresh_token
    config = oauth(simulator)
    config["credentials"]["access_token"] = "expired"
    output = from_a_pipe(config, *flags)
    assert (output.code, output.out) == (1, "")
    assert output.log == [
        "CRITICAL The config comes from /dev/stdin, which is no file, so it cannot keep the new refresh token"
        " that Zoom gives out at each use: put it into a file, or use a Server-to-Server OAuth app."
    ]
    assert simulator.oauth.refresh_token == before
    assert simulator.journal.entries == []


def test_a_config_without_a_refresh_token_may_come_from_a_pipe(start: Start) -> None:
    simulator = start(1, Size(users=1), plan="unlimited")
    assert from_a_pipe(server_to_server(simulator), "--test").code == 0
    assert from_a_pipe(oauth(simulator), "--discover").code == 0


def from_a_pipe(config: Json, *flags: str) -> Tapped:
    command = [TAP, "--config", "/dev/stdin", *flags]
    done = subprocess.run(command, input=json.dumps(config), capture_output=True, text=True, check=False)
    return Tapped(done.returncode, done.stdout, done.stderr)


def test_a_config_that_cannot_be_written_is_refused_before_its_token_is_used(
    tap: Tap, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere, so the answer of the operating system is replaced.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    path = tap.file("config.json", GOOD)
    output = tap.run("--config", path)
    assert (output.code, output.out) == (1, "")
    assert output.log == [
        f"CRITICAL The config file {path} or its folder cannot be written to, and Zoom replaces the refresh"
        " token at each use: make both writable, or use a Server-to-Server OAuth app."
    ]
    assert tap.run("--discover", "--config", path).code == 0


def test_the_config_may_come_from_the_environment(
    start: Start, tap: Tap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with taps of singer-sdk; it wins over a file."""
    simulator = start(1, Size(users=1), plan="unlimited")
    config = server_to_server(simulator)
    for name, value in {
        **config["credentials"],
        "token_url": config["token_url"],
        "api_url": config["api_url"],
        "lookback_days": "3",
        "include_pending_users": "Yes",
        "start_date": "",
        "user_agent": "of the environment",
    }.items():
        monkeypatch.setenv(f"TAP_ZOOM_{name.upper()}", value)
    assert tap.run("--config=ENV", "--test").code == 0
    path = tap.file("config.json", {"user_agent": "of the file", "num_workers": 5})
    assert tap.run("--config", path, "--config", "ENV", "--test").code == 0
    assert {entry.user_agent for entry in simulator.journal.entries} == {"of the environment"}
    assert tap.run("--config", path, "--test").code == 1
    monkeypatch.setenv("TAP_ZOOM_LOOKBACK_DAYS", "few")
    output = tap.run("--config=ENV", "--test")
    assert (output.code, output.out) == (1, "")
    assert output.log == [
        "CRITICAL The environment variable TAP_ZOOM_LOOKBACK_DAYS must hold an integer, as JSON."
    ]


def test_a_refresh_token_of_the_environment_is_not_used(tap: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_ZOOM_REFRESH_TOKEN", "r")
    path = tap.file("config.json", {"client_id": "c", "client_secret": "s"})
    output = tap.run("--config", path, "--config", "ENV")
    assert (output.code, output.out) == (1, "")
    assert output.log == [
        "CRITICAL The config comes from the environment, which is no file, so it cannot keep the new refresh"
        " token that Zoom gives out at each use: put it into a file, or use a Server-to-Server OAuth app."
    ]
