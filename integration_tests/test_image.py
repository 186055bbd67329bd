"""The image that `make image` built, run as the platform runs it: its own user, files mounted read-only."""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from integration_tests.completeness import assert_complete
from integration_tests.conftest import STREAM_NAMES, Connector, Json, server_to_server
from integration_tests.zoom_simulator import Clock, Simulator, Size
from source_zoom.streams import STREAMS

pytestmark = pytest.mark.image

IMAGE = "source-zoom:dev"
BUILDAH = ["buildah", "--storage-driver", "vfs"]
ROOT = Path(__file__).parent.parent

Start = Callable[..., Simulator]


class Engine(Protocol):
    def image_config(self) -> Json:
        """User, labels and the rest, as the image has them."""

    def connector(self, folder: Path) -> list[str]:
        """The command that runs the image with a folder that it may read only."""

    def command(self, *argv: str, user: str) -> list[str]:
        """The command that runs something else inside."""


class DockerEngine:
    def image_config(self) -> Json:
        return json.loads(output_of("docker", "image", "inspect", IMAGE))[0]["Config"]  # type: ignore[no-any-return]

    def connector(self, folder: Path) -> list[str]:
        return ["docker", "run", "--rm", "--network", "host", "--volume", f"{folder}:{folder}:ro", IMAGE]

    def command(self, *argv: str, user: str) -> list[str]:
        return ["docker", "run", "--rm", "--user", user, "--entrypoint", argv[0], IMAGE, *argv[1:]]


class BuildahEngine:
    def __init__(self, container: str) -> None:
        self._container = container

    def image_config(self) -> Json:
        return json.loads(output_of(*BUILDAH, "inspect", "--type", "image", IMAGE))["OCIv1"]["config"]  # type: ignore[no-any-return]

    def connector(self, folder: Path) -> list[str]:
        mounted = ["--volume", f"{folder}:{folder}:ro"]
        # buildah leaves the image's entry point out.
        return [*self._run(mounted), *self.image_config()["Entrypoint"]]

    def command(self, *argv: str, user: str) -> list[str]:
        return [*self._run(["--user", user]), *argv]

    def _run(self, options: list[str]) -> list[str]:
        return [*BUILDAH, "run", "--isolation", "chroot", *options, self._container, "--"]


def output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with contextlib.suppress(FileNotFoundError, subprocess.CalledProcessError):
        output_of("docker", "info")
        yield DockerEngine()
        return
    container = output_of(*BUILDAH, "from", IMAGE).strip()
    yield BuildahEngine(container)
    output_of(*BUILDAH, "rm", container)


@pytest.fixture
def image(engine: Engine, tmp_path: Path) -> Connector:
    # The image's user is another one than whoever runs the tests.
    tmp_path.chmod(0o755)
    return Connector(tmp_path, engine.connector(tmp_path))


@pytest.fixture
def account(start: Start) -> Simulator:
    clock = Clock(datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC), running=False)
    return start(1, Size(users=6), clock=clock, plan="unlimited")


def test_spec_is_that_of_the_package(image: Connector, connector: Connector) -> None:
    assert image.run("spec").of("SPEC") == connector.run("spec").of("SPEC")


def test_check(image: Connector, account: Simulator) -> None:
    config = server_to_server(account)
    assert image.check(config).of("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"
    config["credentials"]["client_secret"] = "another"
    assert image.check(config).of("CONNECTION_STATUS")[0]["status"] == "FAILED"


def test_discover_and_read_bring_every_row(image: Connector, account: Simulator) -> None:
    config = server_to_server(account)
    catalog = image.discover(config).of("CATALOG")[0]["streams"]
    assert [stream["name"] for stream in catalog] == STREAM_NAMES
    output = image.read(config)
    assert output.code == 0
    for stream in STREAMS:
        assert_complete(account, output, stream)
    states = [{key: state[key] for key in ("type", "stream")} for state in output.of("STATE")]
    account.journal.reset()
    again = image.read(config, ["report_meetings"], state=states)
    assert again.code == 0
    assert account.journal.of("past_meeting_instances") == []


def test_it_runs_as_a_user_who_may_write_nothing_of_it(engine: Engine) -> None:
    user = engine.image_config()["User"]
    assert int(output_of(*engine.command("id", "-u", user=user))) > 0
    assert (
        output_of(*engine.command("find", "/opt/source-zoom", "-writable", "-not", "-type", "l", user=user))
        == ""
    )


def test_the_labels_are_those_of_the_metadata(engine: Engine) -> None:
    metadata = (ROOT / "metadata.yaml").read_text()
    labels = engine.image_config()["Labels"]
    assert f"\n  dockerRepository: {labels['io.airbyte.name']}\n" in metadata
    assert f"\n  dockerImageTag: {labels['io.airbyte.version']}\n" in metadata


def test_it_carries_no_tests_compilers_or_caches(engine: Engine) -> None:
    files = [Path(line) for line in output_of(*engine.command("find", "/", "-xdev", user="0")).splitlines()]
    assert Path("/opt/source-zoom/bin/source-zoom") in files
    ours = [path for path in files if path.is_relative_to("/opt")]
    assert [path for path in ours if path.name in ("test", "tests", "pip", "integration_tests")] == []
    tools = {"cc", "c++", "gcc", "g++", "clang", "ld", "make"}
    assert [path for path in files if path.parent.name in ("bin", "sbin") and path.name in tools] == []
    caches = ("/root/.cache", "/home/airbyte/.cache", "/var/cache/apt", "/var/lib/apt/lists", "/build")
    assert [path for path in files if str(path.parent).startswith(caches)] == []
