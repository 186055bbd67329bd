"""The examples for many accounts: CronJobs are rendered, and their jobs run; Terraform is only read."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import hcl2
import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft7Validator

from integration_tests.conftest import Start, server_to_server, still_clock
from integration_tests.harness import CONNECTOR, Json
from integration_tests.postgresql import postgresql, table
from integration_tests.test_incremental import attended_alone
from integration_tests.test_pyairbyte import rows_by_key
from integration_tests.test_singer_consumers import text
from integration_tests.zoom_simulator import Simulator, Size
from integration_tests.zoom_simulator.routes import GRANULAR_SCOPES
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS
from source_zoom.streams.reports import ReportMeetingParticipants, ReportMeetings
from source_zoom.streams.users import Users

pytestmark = pytest.mark.pyairbyte

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "kubernetes"
ACCOUNTS = sorted(folder.name for folder in (EXAMPLE / "accounts").iterdir())
# Where the image has what is elsewhere here.
IMAGE = {"/opt/pyairbyte": ROOT / ".pyairbyte", "/app": EXAMPLE}
# The oldest Kubernetes that has all that the manifests use, and the newest.
KUBERNETES = ("1.31", kubernetes_validate.latest_version())
SECONDS = 300
SMALL = Size(users=3)
# The streams that globex reads.
FEW: tuple[type[ZoomStream], ...] = (Users, ReportMeetings, ReportMeetingParticipants)

Rows = Counter[tuple[Any, ...]]


def render(folder: Path, accounts: Mapping[str, Json], database: Json) -> list[Json]:
    """What kubectl would send to Kubernetes, with these configs."""
    shutil.copytree(EXAMPLE, folder)
    (folder / "base" / "database.json").write_text(json.dumps(database))
    for name in ACCOUNTS:
        config = folder / "accounts" / name / "config.json"
        config.write_text(json.dumps(accounts.get(name, {})))
    rendered = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=True)
    assert rendered.stderr == ""
    return list(yaml.safe_load_all(rendered.stdout))


class Job:
    """The job of a CronJob as a process: mounts are folders, and the image is what is installed here."""

    def __init__(self, root: Path, documents: list[Json], account: str) -> None:
        self._root = root
        objects = {(one["kind"], one["metadata"]["name"]): one for one in documents}
        template = objects["CronJob", f"{account}-source-zoom"]["spec"]["jobTemplate"]["spec"]["template"]
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        (container,) = template["spec"]["containers"]
        self._places = dict(IMAGE)
        for mount in container["volumeMounts"]:
            folder = root / mount["mountPath"].lstrip("/")
            folder.mkdir(parents=True)
            self._places[mount["mountPath"]] = folder
            if secret := volumes[mount["name"]].get("secret"):
                for name, value in objects["Secret", secret["secretName"]]["data"].items():
                    (folder / name).write_bytes(base64.b64decode(value))
        environment = {one["name"]: self._here(one["value"]) for one in container["env"]}
        environment["PATH"] = f"{Path(CONNECTOR).parent}:/usr/bin:/bin"
        if "PYTHONPATH" in os.environ:
            environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        self._log = root.with_suffix(".log")
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [self._here(word) for word in (*container["command"], *container["args"])],
                env=environment,
                cwd=root,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _here(self, value: str) -> str:
        for place, folder in self._places.items():
            if value == place or value.startswith(f"{place}/"):
                return f"{folder}{value.removeprefix(place)}"
        return value

    def end(self, code: int = 0) -> str:
        """Wait for its end. Returns what it said."""
        self.process.wait(timeout=SECONDS)
        said = self._log.read_text()
        assert self.process.returncode == code, said[-5000:]
        # All else is read-only in the container.
        assert sorted(path.name for path in self._root.iterdir()) == ["secrets", "tmp"]
        return said


class Cluster:
    """Starts the jobs of CronJobs, and stops at the end what still runs."""

    def __init__(self, folder: Path, documents: list[Json]) -> None:
        self._folder = folder
        self._documents = documents
        self._jobs: list[Job] = []

    def start(self, account: str) -> Job:
        self._jobs.append(Job(self._folder / f"job-{len(self._jobs)}", self._documents, account))
        return self._jobs[-1]

    def run(self, account: str, code: int = 0) -> str:
        return self.start(account).end(code)

    def stop(self) -> None:
        for job in self._jobs:
            if job.process.poll() is None:
                job.process.kill()
                job.process.wait()


@pytest.fixture
def port() -> Iterator[int]:
    with postgresql() as port:
        yield port


@pytest.fixture
def cluster(tmp_path: Path, port: int) -> Iterator[Callable[..., Cluster]]:
    """Deploy the CronJobs of these accounts, with one database for all."""
    database = {"host": "127.0.0.1", "port": port, "database": "postgres"}
    database |= {"username": "postgres", "password": "x"}
    deployed: list[Cluster] = []

    def deploy(changes: Json | None = None, **accounts: Simulator) -> Cluster:
        configs = {name: server_to_server(account, **(changes or {})) for name, account in accounts.items()}
        deployed.append(Cluster(tmp_path, render(tmp_path / "kubernetes", configs, database)))
        return deployed[-1]

    yield deploy
    for cluster in deployed:
        cluster.stop()


def key_of(stream: type[ZoomStream]) -> list[str]:
    """The columns of the key that Zoom gives; `row_id` is the connector's own."""
    return [name for name in stream.key_fields() if name != "row_id"]


def stored(port: int, schema: str, stream: type[ZoomStream]) -> Rows:
    """How many rows a table has for each key."""
    rows = table(port, schema, stream.stream_name())
    return Counter(tuple(text(row[name]) for name in key_of(stream)) for row in rows)


def as_stored(rows: Rows, stream: type[ZoomStream]) -> Rows:
    """The account's rows as `stored` has them; where `row_id` alone is the key, how many there are."""
    found: Rows = Counter()
    for key, count in rows.items():
        found[tuple(map(text, key)) if key_of(stream) else ()] += count
    return found


def assert_holds(port: int, schema: str, rows: Mapping[type[ZoomStream], Rows]) -> None:
    for stream, want in rows.items():
        assert stored(port, schema, stream) == as_stored(want, stream), stream


def states(port: int, schema: str) -> set[str]:
    """The streams of which the database has a state."""
    return {row["stream_name"] for row in table(port, schema, "_airbyte_state")}


def test_kubernetes_takes_the_manifests(tmp_path: Path) -> None:
    documents = render(tmp_path / "kubernetes", {}, {})
    for version in KUBERNETES:
        for document in documents:
            kubernetes_validate.validate(document, version, strict=True)
    cronjobs = [one for one in documents if one["kind"] == "CronJob"]
    assert [one["metadata"]["name"] for one in cronjobs] == [f"{name}-source-zoom" for name in ACCOUNTS]
    assert len({one["spec"]["schedule"] for one in cronjobs}) == len(ACCOUNTS)


def test_the_image_has_what_the_manifests_start(tmp_path: Path) -> None:
    dockerfile = (EXAMPLE / "Dockerfile").read_text()
    documents = render(tmp_path / "kubernetes", {}, {})
    for cronjob in (one for one in documents if one["kind"] == "CronJob"):
        (container,) = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        assert f"\nENTRYPOINT {json.dumps(container['command'])}\n" in dockerfile
    copied = [
        name
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE)
        for name in line.split()
    ]
    sent = (EXAMPLE / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in copied} == {line for line in sent if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)


def terraform(file: str) -> Json:
    """A Terraform file: its blocks by kind, with the quotes around names and texts."""
    found: Json = hcl2.loads((ROOT / "examples" / "terraform" / file).read_text())
    return found


def test_terraform_makes_connections_of_this_connector() -> None:
    main, account = terraform("main.tf"), terraform("account/main.tf")
    ((_, module),) = main["module"][0].items()
    inputs = {name.strip('"') for variable in account["variable"] for name in variable}
    assert module.keys() - {"source", "for_each", "__is_block__"} == inputs
    (chosen,) = account["locals"]
    for name in ("incremental", "full"):
        streams = {stream.strip('"') for stream in chosen[name]}
        cursors = {
            stream.stream_name() for stream in STREAMS if stream.has_cursor() == (name == "incremental")
        }
        assert streams <= cursors
    source = account["resource"][0]['"airbyte_source_custom"']['"zoom"']
    fields = re.findall(r"(\w+) = (?:var|\")", source["configuration"])
    config = {"credentials": {**dict.fromkeys(fields, "x"), "auth_type": "server_to_server"}}
    spec = json.loads((ROOT / "source_zoom" / "spec.json").read_text())["connectionSpecification"]
    Draft7Validator(spec).validate(config)
    assert len(fields) == 4


def test_the_second_sync_of_each_account_goes_on_from_its_first(
    start: Start, cluster: Callable[..., Cluster], port: int
) -> None:
    clock = still_clock()
    acme = start(1, Size(users=6), clock=clock, plan="unlimited")
    globex = start(2, SMALL, clock=clock, plan="unlimited")
    jobs = cluster(acme=acme, globex=globex)

    assert "Summary of report_meetings: " in jobs.run("acme")
    jobs.run("globex")
    before = {stream: rows_by_key(acme, stream) for stream in STREAMS}
    of_globex = {stream: rows_by_key(globex, stream) for stream in FEW}
    assert_holds(port, "zoom_acme", before)
    assert_holds(port, "zoom_globex", of_globex)
    assert states(port, "zoom_globex") == {stream.stream_name() for stream in FEW}

    first = len(acme.journal.answered())
    clock.advance(days=7)
    acme.journal.reset()
    jobs.run("acme")
    # What Zoom has let expire stays in the tables.
    expired = attended_alone(acme)
    assert_holds(port, "zoom_acme", {s: before[s] | rows_by_key(acme, s, expired) for s in STREAMS})
    assert_holds(port, "zoom_globex", of_globex)
    assert acme.journal.of("past_meeting_instances") == []
    assert len(acme.journal.answered()) < first


def test_a_stream_that_fails_costs_no_other_its_rows_and_state(
    start: Start, cluster: Callable[..., Cluster], port: int
) -> None:
    scopes = set(GRANULAR_SCOPES) - {ReportMeetingParticipants.scopes[1]}
    account = start(1, SMALL, clock=still_clock(), plan="unlimited", scopes=scopes)
    jobs = cluster(globex=account)
    assert ReportMeetingParticipants.scopes[1] in jobs.run("globex", code=1)
    assert_holds(
        port, "zoom_globex", {stream: rows_by_key(account, stream) for stream in (Users, ReportMeetings)}
    )
    assert "report_meetings" in states(port, "zoom_globex")
    first = len(account.journal.answered())
    account.journal.reset()
    jobs.run("globex", code=1)
    assert len(account.journal.answered()) < first / 2


def test_sigterm_ends_a_sync_and_the_next_goes_on(
    start: Start, cluster: Callable[..., Cluster], port: int
) -> None:
    # Without a limit all months would be read at once, and the state would have no time to move.
    account = start(1, Size(users=12), clock=still_clock(), plan="business", latency=0.05)
    jobs = cluster({"rate_limit_plan": "business"}, globex=account)
    asked = partial(account.journal.of, ReportMeetingParticipants.stream_name())
    job = jobs.start("globex")
    while len(asked()) < 180 and job.process.poll() is None:
        time.sleep(0.1)
    job.process.send_signal(signal.SIGTERM)
    job.end(code=128 + signal.SIGTERM)
    want = {stream: rows_by_key(account, stream) for stream in FEW}
    read = stored(port, "zoom_globex", ReportMeetingParticipants)
    assert 0 < read.total() < want[ReportMeetingParticipants].total()
    kept = [json.loads(row["state_json"]) for row in table(port, "zoom_globex", "_airbyte_state")]
    searching = [
        state["stream"]["stream_state"]["instances"]["after"]
        for state in kept
        if "instances" in state["stream"]["stream_state"]
    ]
    account.limits.per_second = {}
    account.journal.reset()
    jobs.run("globex")
    assert_holds(port, "zoom_globex", want)
    # What the instances alone know is read in the order of the meetings' ids, before all else.
    lists = [int(entry.path.split("/")[-2]) for entry in account.journal.of("past_meeting_instances")]
    assert bool(lists) == bool(searching)
    assert all(number > min(searching) for number in lists)
