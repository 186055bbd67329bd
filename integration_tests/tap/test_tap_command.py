"""`tap-zoom` as a command: its flags, its exit codes, and what it is without."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from integration_tests.completeness import CLASSES, expected
from integration_tests.conftest import Start, server_to_server, still_clock
from integration_tests.harness import TAP, Json
from integration_tests.singer_harness import Tap, Tapped
from integration_tests.zoom_simulator import Simulator, Size

WITHOUT_CDK = """
import contextlib, sys
from source_zoom.singer.tap import main
with contextlib.suppress(SystemExit):
    main(sys.argv[1:])
sys.exit("airbyte_cdk" in sys.modules)
"""


def without_cdk(*flags: str) -> str:
    """What the tap prints, if that takes no import of the CDK."""
    command = [sys.executable, "-c", WITHOUT_CDK, *flags]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_about_version_and_help_come_without_the_cdk() -> None:
    about = json.loads(without_cdk("--about", "--format", "json"))
    assert about["name"] == "tap-zoom"
    assert about["description"] == "A Singer tap that reads a Zoom account completely."
    assert not re.search(r"airbyte|connector|second choice|order|group", json.dumps(about), re.IGNORECASE)
    assert {"catalog", "discover", "state", "properties"} <= set(about["capabilities"])
    settings = about["settings"]["properties"]
    assert settings["key_mode"]["enum"] == ["lossless", "tap_zoom"]
    assert "required" not in about["settings"]
    for secret in (
        settings["credentials"]["oneOf"][0]["properties"]["client_secret"],
        settings["client_secret"],
    ):
        assert secret["secret"] is True
        assert secret["writeOnly"] is True
        assert "airbyte_secret" not in secret
    assert {"account_id", "client_id", "refresh_token"} <= set(settings)
    text = subprocess.run([TAP, "--about"], capture_output=True, text=True, check=True).stdout
    assert f"version: {about['version']}\n" in text
    assert without_cdk("--version") == f"tap-zoom {about['version']}\n"
    assert "--discover" in without_cdk("--help")


def test_what_python_warns_programmers_of_is_not_for_those_who_run_the_tap(tap: Tap, config: Json) -> None:
    command = [TAP, "--config", tap.file("config.json", config), "--discover"]
    # As Meltano starts its taps.
    environment = {**os.environ, "PYTHONWARNINGS": "once"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert Tapped(done.returncode, done.stdout, done.stderr).log == []


def test_what_fails_costs_its_own_rows_and_the_exit_code(start: Start, tap: Tap) -> None:
    simulator = start(1, Size(users=2), clock=still_clock(), plan="unlimited")
    number = expected(simulator, CLASSES["meetings"])[0]["id"]
    simulator.faults.reply(rf"/v2/meetings/{number}\?", 200, [])
    config = server_to_server(simulator)
    output = tap.read(config, catalog=tap.catalog(config, "meetings", "users"))
    assert output.code == 1
    assert len(output.records("users")) == len(expected(simulator, CLASSES["users"]))
    rows = {row["id"] for row in expected(simulator, CLASSES["meetings"])}
    assert {record["id"] for record in output.records("meetings")} == rows - {number}
    assert output.log[-1] == (
        f"CRITICAL Not read completely: meetings (1 not read: meetings/{number}). The errors above say why."
    )
    assert f"ERROR Zoom refused GET meetings/{number}" in output.err
    assert output.state["currently_syncing"] is None
    assert "Traceback" not in output.err


def test_a_closed_pipe_ends_the_tap_without_a_word(account: Simulator, tap: Tap, config: Json) -> None:
    path = tap.file("config.json", config)
    with subprocess.Popen(
        [TAP, "--config", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == -signal.SIGTERM
    assert "Traceback" not in err
    assert "Broken pipe" not in err


def test_a_pipe_closed_before_anything_was_written_is_left_without_a_word() -> None:
    command = [TAP, "--about"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == -signal.SIGTERM


def test_a_full_disk_ends_the_tap_at_once(tap: Tap, config: Json) -> None:
    """Though threads wait for room in the queue that nobody empties any more."""
    command = [TAP, "--config", tap.file("config.json", config)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "CRITICAL The tap cannot go on: [Errno 28] No space left on device."
    )


@pytest.mark.parametrize(
    ("what", "advice"),
    [("catalog", "check the path"), ("state", "check the path, or leave --state out to read everything")],
)
def test_a_missing_file_is_one_sentence(tap: Tap, config: Json, what: str, advice: str) -> None:
    path = str(tap.folder / "gone.json")
    output = tap.read(config, f"--{what}", path)
    assert (output.code, output.out) == (1, "")
    assert output.log == [f"CRITICAL There is no {what} file {path}: {advice}."]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ((), "the following arguments are required: -c/--config"),
        (("--discover",), "the following arguments are required: -c/--config"),
        (("--config",), "argument -c/--config: expected one argument"),
        (("--config", "c", "--config", "d"), "argument -c/--config: takes one file, and ENV beside it"),
        (("--config", "c", "--colour"), "unrecognized arguments: --colour"),
        (("--about", "--format", "xml"), "argument --format: invalid choice: 'xml' (choose from"),
    ],
)
def test_a_bad_flag_is_one_sentence_and_the_usage(flags: tuple[str, ...], sentence: str) -> None:
    done = subprocess.run([TAP, *flags], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"tap-zoom: error: {sentence}" in done.stderr
    assert "Traceback" not in done.stderr
