"""The command line of `source-zoom`."""

from importlib.metadata import version

import pytest

from source_zoom.run import main, parse_arguments


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("argv", [(), ("--help",)], ids=["nothing", "help"])
def test_help_comes_alone(capsys: pytest.CaptureFixture[str], argv: tuple[str, ...]) -> None:
    text = printed(capsys, *argv)
    assert text.startswith("usage: source-zoom ")
    assert all(f"\n    {command} " in text for command in ("spec", "check", "discover", "read"))


@pytest.mark.parametrize("command", ["check", "discover", "read"])
def test_commands_offer_what_this_source_uses_and_nothing_else(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    text = printed(capsys, command, "--help")
    assert "--config FILE" in text
    assert "manifest" not in text
    assert "components" not in text


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "--version") == f"source-zoom {version('source-zoom')}\n"


def test_the_files_of_read_are_those_that_airbyte_names() -> None:
    found = parse_arguments(["read", "--config", "c", "--catalog", "d", "--state", "s", "--debug"])
    assert vars(found) == {"command": "read", "config": "c", "catalog": "d", "state": "s", "debug": True}
    assert parse_arguments(["read", "--config", "c", "--catalog", "d"]).state is None


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["read", "--config", "c"])
    assert ended.value.code == 2
    assert "--catalog" in capsys.readouterr().err
