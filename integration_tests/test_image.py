"""The image that `make image` built, run as the platform runs it: its own user, files mounted read-only."""

import contextlib
import hashlib
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import pytest
from packaging.requirements import Requirement

from integration_tests.completeness import assert_complete
from integration_tests.conftest import (
    STREAM_NAMES,
    Connector,
    Output,
    Start,
    server_to_server,
    still_clock,
)
from integration_tests.harness import Json
from integration_tests.zoom_simulator import Simulator, Size
from source_zoom.streams import STREAMS

pytestmark = pytest.mark.image

IMAGE = "source-zoom:dev"
BUILDAH = ["buildah", "--storage-driver", "vfs"]
ROOT = Path(__file__).parent.parent

SITE_PACKAGES = "/opt/source-zoom/lib/python3*/site-packages"
# gcc-14 and x86_64-linux-gnu-gcc-14 as well.
TOOL = re.compile(r"(.+-)?(cc|c\+\+|gcc|g\+\+|cpp|clang|as|ld|ld\.\w+|make|cargo|rustc)(-[\d.]+)?")
CACHES = ("/var/cache/apt", "/var/lib/apt/lists", "/build")


class Engine(Protocol):
    def image_config(self) -> Json:
        """User, labels and the rest, as the image has them."""

    def connector(self, folder: Path) -> list[str]:
        """The command that runs the image with a folder that it may read only, as /config and as itself."""

    def command(self, *argv: str, user: str) -> list[str]:
        """The command that runs something else inside."""


class DockerEngine:
    def image_config(self) -> Json:
        return json.loads(output_of("docker", "image", "inspect", IMAGE))[0]["Config"]  # type: ignore[no-any-return]

    def connector(self, folder: Path) -> list[str]:
        mounted = [word for place in (folder, "/config") for word in ("--volume", f"{folder}:{place}:ro")]
        return ["docker", "run", "--rm", "--network", "host", "--workdir", "/", *mounted, IMAGE]

    def command(self, *argv: str, user: str) -> list[str]:
        return ["docker", "run", "--rm", "--user", user, "--entrypoint", argv[0], IMAGE, *argv[1:]]


class BuildahEngine:
    def __init__(self, container: str) -> None:
        self._container = container

    def image_config(self) -> Json:
        return json.loads(output_of(*BUILDAH, "inspect", "--type", "image", IMAGE))["OCIv1"]["config"]  # type: ignore[no-any-return]

    def connector(self, folder: Path) -> list[str]:
        mounted = [word for place in (folder, "/config") for word in ("--volume", f"{folder}:{place}:ro")]
        # buildah leaves the image's entry point out.
        return [*self._run(["--workingdir", "/", *mounted]), *self.image_config()["Entrypoint"]]

    def command(self, *argv: str, user: str) -> list[str]:
        return [*self._run(["--user", user]), *argv]

    def _run(self, options: list[str]) -> list[str]:
        return [*BUILDAH, "run", "--isolation", "chroot", *options, self._container, "--"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


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
    return start(1, Size(users=6), clock=still_clock(), plan="unlimited")


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
    account.journal.reset()
    again = image.read(config, ["report_meetings"], state=output.states)
    assert again.code == 0
    assert account.journal.of("past_meeting_instances") == []


def test_the_commands_of_the_readme(engine: Engine, account: Simulator, tmp_path: Path) -> None:
    """As they stand there, but that `docker run` is whatever runs images here."""
    page = (ROOT / "README.md").read_text().partition("\n## With docker run\n")[2].partition("\n## ")[0]
    commands = "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).replace("make image\n", "")
    for name in ("bin", "config", "out"):
        (tmp_path / name).mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    docker = tmp_path / "bin" / "docker"
    real = shlex.join(engine.connector(tmp_path / "config"))
    options = f"run --rm -v {tmp_path}/config:/config:ro -w / source-zoom"
    docker.write_text(
        f'#!/bin/sh\n[ "$1 $2 $3 $4 $5 $6 $7" = "{options}" ] || exit 1\nshift 7\nexec {real} "$@"\n'
    )
    docker.chmod(0o755)
    (tmp_path / "config" / "config.json").write_text(json.dumps(server_to_server(account)))
    done = subprocess.run(
        ["sh", "-ec", commands],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{docker.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, more = (
        Output(0, (tmp_path / "out" / f"{name}.jsonl").read_text()) for name in ("messages", "more")
    )
    for stream in STREAMS:
        assert_complete(account, first, stream)
    # Nothing is new in an account that stands still.
    assert more.record_counts["report_meetings"] == 0 < first.record_counts["report_meetings"]
    assert more.record_counts["users"] == first.record_counts["users"]


def test_it_was_built_of_these_sources(engine: Engine) -> None:
    """An image that `make image` built before the last change would pass for the present one."""
    package = output_of(*engine.command("sh", "-c", f"echo {SITE_PACKAGES}/source_zoom", user="0")).strip()
    inside = output_of(
        *engine.command(
            "find", package, "-type", "f", "-not", "-name", "*.pyc", "-exec", "sha256sum", "{}", "+", user="0"
        )
    )
    found = {
        name.strip().removeprefix(f"{package}/"): digest
        for digest, _, name in (line.partition(" ") for line in inside.splitlines())
    }
    here = ROOT / "source_zoom"
    files = [path for path in here.rglob("*") if path.suffix in (".py", ".json")]
    assert found == {
        str(path.relative_to(here)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_it_holds_the_locked_dependencies_and_nothing_else(engine: Engine) -> None:
    lines = (ROOT / "requirements" / "runtime.txt").read_text().splitlines()
    locked = [Requirement(line.partition("\\")[0]) for line in lines if re.match(r"\w", line)]
    listed = output_of(*engine.command("sh", "-c", f"ls -d {SITE_PACKAGES}/*.dist-info", user="0"))
    minor = re.findall(r"/python(3\.\d+)/", listed)[0]
    environment = {"python_version": minor, "python_full_version": f"{minor}.0"}
    wanted = {
        (normal(r.name), next(iter(r.specifier)).version)
        for r in locked
        if not r.marker or r.marker.evaluate(environment)
    }
    found = {Path(line).stem.rpartition("-") for line in listed.split()}
    assert {(normal(name), number) for name, _, number in found} - {
        ("source-zoom", version("source-zoom"))
    } == wanted


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
    # The folders of apt are those of the base, and so are its empty locks in them.
    listed = output_of(*engine.command("find", "/", "-xdev", "-type", "f", "-not", "-empty", user="0"))
    files = [Path(line) for line in listed.splitlines()]
    assert Path("/opt/source-zoom/bin/source-zoom") in files
    ours = [path for path in files if path.is_relative_to("/opt")]
    unwanted = {"test", "tests", "pip", "integration_tests"}
    assert [path for path in ours if unwanted & set(path.parts)] == []
    assert [path for path in files if path.parent.name in ("bin", "sbin") and TOOL.fullmatch(path.name)] == []
    assert [path for path in files if ".cache" in path.parts or any(map(path.is_relative_to, CACHES))] == []
