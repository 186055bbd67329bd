"""The image that `make image` built, run as the platform runs it: its own user, files mounted read-only."""

import contextlib
import hashlib
import json
import os
import re
import shlex
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

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
from integration_tests.packages import GPL, left_out, locked, normal
from integration_tests.pages import blocks
from integration_tests.zoom_simulator import Simulator, Size
from source_zoom.streams import STREAMS

pytestmark = pytest.mark.image

IMAGE = "source-zoom"
BUILDAH = ["buildah", "--storage-driver", "vfs"]
ROOT = Path(__file__).parent.parent

SITE_PACKAGES = "/opt/source-zoom/lib/python3*/site-packages"
# Neither root nor the image's user, and without a home: only root can give a file to another.
SOMEBODY = "4711:4712" if os.geteuid() == 0 else f"{os.getuid()}:{os.getgid()}"

# gcc-14 and x86_64-linux-gnu-gcc-14 as well.
TOOL = re.compile(r"(.+-)?(cc|c\+\+|gcc|g\+\+|cpp|clang|as|ld|ld\.\w+|make|cargo|rustc)(-[\d.]+)?")
CACHES = ("/var/cache/apt", "/var/lib/apt/lists", "/build")
# In MB: what was measured, and a tenth of it. Somebody should see what a new dependency brings.
LARGEST = 63


class Engine(Protocol):
    def image_config(self, tag: str = "dev") -> Json:
        """User, labels and the rest, as the image has them."""

    def connector(self, folder: Path, *, user: str = "", tap: bool = False) -> list[str]:
        """The command that runs the image with a folder that it may read only, as /config and as itself."""

    def command(self, *argv: str, user: str) -> list[str]:
        """The command that runs something else inside."""


class DockerEngine:
    def image_config(self, tag: str = "dev") -> Json:
        (image,) = json.loads(output_of("docker", "image", "inspect", f"{IMAGE}:{tag}"))
        return image["Config"]  # type: ignore[no-any-return]

    def connector(self, folder: Path, *, user: str = "", tap: bool = False) -> list[str]:
        options = ["--network", "host", "--workdir", "/", *mounted(folder)]
        options += ["--user", user] if user else []
        options += ["--entrypoint", "tap-zoom"] if tap else []
        return ["docker", "run", "--rm", *options, f"{IMAGE}:dev"]

    def command(self, *argv: str, user: str) -> list[str]:
        return ["docker", "run", "--rm", "--user", user, "--entrypoint", argv[0], f"{IMAGE}:dev", *argv[1:]]


class BuildahEngine:
    def __init__(self, container: str) -> None:
        self._container = container

    def image_config(self, tag: str = "dev") -> Json:
        image = json.loads(output_of(*BUILDAH, "inspect", "--type", "image", f"{IMAGE}:{tag}"))
        return image["OCIv1"]["config"]  # type: ignore[no-any-return]

    def connector(self, folder: Path, *, user: str = "", tap: bool = False) -> list[str]:
        options = ["--workingdir", "/", *mounted(folder), *(["--user", user] if user else [])]
        # buildah leaves the image's entry point out.
        return [*self._run(options), *(["tap-zoom"] if tap else self.image_config()["Entrypoint"])]

    def command(self, *argv: str, user: str) -> list[str]:
        return [*self._run(["--user", user]), *argv]

    def _run(self, options: list[str]) -> list[str]:
        return [*BUILDAH, "run", "--isolation", "chroot", *options, self._container, "--"]


def mounted(folder: Path) -> list[str]:
    return [word for place in (folder, "/config") for word in ("--volume", f"{folder}:{place}:ro")]


def output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with contextlib.suppress(FileNotFoundError, subprocess.CalledProcessError):
        output_of("docker", "info")
        yield DockerEngine()
        return
    container = output_of(*BUILDAH, "from", f"{IMAGE}:dev").strip()
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


def test_a_mistake_is_a_sentence(
    engine: Engine, image: Connector, account: Simulator, tmp_path: Path
) -> None:
    config = server_to_server(account)
    good = image.read_arguments(config, ["users"], [])
    broken = image.file("broken.json", "{")
    wrong = {**config, "credentials": {**config["credentials"], "client_secret": "another"}}
    mistakes: list[list[str | Path]] = [
        ["check", "--config", "/config/none.json"],
        ["check", "--config", broken],
        ["check", "--config", image.file("odd.json", {"start_date": "soon"})],
        ["discover", "--config", broken],
        ["read", *good[:3], "/config/none.json"],
        ["read", *good[:3], broken],
        ["read", *good, "--state", broken],
        ["read", "--config", image.file("wrong.json", wrong), *good[2:]],
    ]
    for mistake in mistakes:
        command = [*engine.connector(tmp_path), *map(str, mistake)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        output = Output(done.returncode, done.stdout)
        assert output.errors or output.of("CONNECTION_STATUS")[0]["status"] == "FAILED", mistake
        # To stderr buildah says that a command has failed.
        assert not re.search("Traceback|No module named", done.stdout + done.stderr), mistake


def test_the_tap_reads_what_the_connector_reads(
    engine: Engine, image: Connector, account: Simulator, tmp_path: Path
) -> None:
    output = image.read(server_to_server(account))
    tap = [*engine.connector(tmp_path, tap=True), "--config", str(tmp_path / "config.json")]
    messages = [json.loads(line) for line in output_of(*tap).splitlines()]
    tapped = Counter(message["stream"] for message in messages if message["type"] == "RECORD")
    assert tapped == output.record_counts


@pytest.mark.parametrize("command", ["source-zoom spec", "tap-zoom --about"])
def test_anybody_may_run_it_without_a_home(engine: Engine, command: str) -> None:
    argv = ["env", "--unset=HOME", *command.split()]
    assert "client_secret" in output_of(*engine.command(*argv, user=SOMEBODY))


def test_the_commands_of_the_readme(engine: Engine, account: Simulator, tmp_path: Path) -> None:
    """As they stand there, but that `docker run` is whatever runs images here."""
    commands = "".join(blocks("README.md", "With docker run")).replace("make image\n", "")
    for name in ("bin", "config", "out"):
        (tmp_path / name).mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    real = shlex.join(engine.connector(tmp_path / "config", user=SOMEBODY))
    options = f"run --rm --user {SOMEBODY} -v {tmp_path}/config:/config:ro -w / source-zoom"
    scripts = {
        "docker": f'[ "$1 $2 $3 $4 $5 $6 $7 $8 $9" = "{options}" ] || exit 1\nshift 9\nexec {real} "$@"\n',
        # Root, who builds with buildah, could read every file.
        "id": f"echo {SOMEBODY} | cut -d : -f $([ $1 = -u ] && echo 1 || echo 2)\n",
    }
    for name, script in scripts.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}")
        (tmp_path / "bin" / name).chmod(0o755)
    config = tmp_path / "config" / "config.json"
    config.write_text(json.dumps(server_to_server(account)))
    config.chmod(0o600)
    os.chown(config, *map(int, SOMEBODY.split(":")))
    done = subprocess.run(
        ["sh", "-ec", commands],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
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


def packages_inside(engine: Engine) -> dict[str, str]:
    listed = output_of(*engine.command("sh", "-c", f"ls -d {SITE_PACKAGES}/*.dist-info", user="0"))
    parts = (Path(line).stem.rpartition("-") for line in listed.split())
    return {normal(name): number for name, _, number in parts if name != "source_zoom"}


def test_it_holds_the_locked_dependencies_but_for_what_is_left_out(engine: Engine) -> None:
    inside = output_of(*engine.command("sh", "-c", f"echo {SITE_PACKAGES}", user="0"))
    (minor,) = re.findall(r"/python(3\.\d+)/", inside)
    wanted = locked({"python_version": minor, "python_full_version": f"{minor}.0"})
    assert packages_inside(engine) == {
        name: number for name, number in wanted.items() if name not in left_out()
    }


def test_nothing_remains_of_what_is_left_out(engine: Engine) -> None:
    listed = output_of(*engine.command("sh", "-c", f"ls {SITE_PACKAGES}", user="0")).split()
    assert {"airbyte_cdk", "source_zoom"} < set(listed)
    gone = {"grpc", "google", "markdown_it", "proto", "setuptools", "pkg_resources", "ulid"} | set(left_out())
    assert gone & {normal(name) for name in listed} == set()


def test_it_is_small(engine: Engine) -> None:
    du = ["du", "--summarize", "--apparent-size", "--block-size=1M", "/opt/source-zoom"]
    assert int(output_of(*engine.command(*du, user="0")).split()[0]) <= LARGEST


def test_it_has_two_commands(engine: Engine) -> None:
    found = output_of(*engine.command("ls", "/opt/source-zoom/bin", user="0")).split()
    assert {name for name in found if not name.startswith("python")} == {"source-zoom", "tap-zoom"}


def test_the_licence_of_each_package_is_inside(engine: Engine) -> None:
    notices = output_of(*engine.command("cat", "/opt/source-zoom/THIRD_PARTY_NOTICES", user="0"))
    _, *parts = re.split(r"^=+\n(?=\S+ \S+\nLicence: )", notices, flags=re.MULTILINE)
    licences = {}
    for part in parts:
        head, _, text = part.partition("\n\n")
        name, number = head.splitlines()[0].split()
        licences[normal(name), number] = head.splitlines()[1]
        assert re.search(r"licen[cs]e|permission|redistribution", text, re.IGNORECASE), name
    assert licences.keys() == set(packages_inside(engine).items())
    assert [line for line in licences.values() if GPL.search(line)] == []
    assert "LICENSE-MPL-2.0" in notices


def test_it_runs_as_a_user_who_may_write_nothing_of_it(engine: Engine) -> None:
    user = engine.image_config()["User"]
    assert int(output_of(*engine.command("id", "-u", user=user))) > 0
    assert (
        output_of(*engine.command("find", "/opt/source-zoom", "-writable", "-not", "-type", "l", user=user))
        == ""
    )


def test_the_labels_are_those_of_the_metadata(engine: Engine) -> None:
    metadata = (ROOT / "metadata.yaml").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    labels = engine.image_config()["Labels"]
    assert f"\n  dockerRepository: {labels['io.airbyte.name']}\n" in metadata
    assert f"\n  dockerImageTag: {labels['io.airbyte.version']}\n" in metadata
    wanted = {
        "title": project["name"],
        "version": labels["io.airbyte.version"],
        "description": project["description"],
        "licenses": project["license"],
        "source": project["urls"]["Repository"],
        "documentation": project["urls"]["Documentation"],
    }
    assert {name: labels[f"org.opencontainers.image.{name}"] for name in wanted} == wanted


def test_it_has_the_version_as_a_tag(engine: Engine) -> None:
    config = engine.image_config()
    assert engine.image_config(config["Labels"]["io.airbyte.version"]) == config
    assert engine.image_config("latest") == config


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
