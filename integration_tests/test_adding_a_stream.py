"""Streams of two kinds are added, each in four places, and the tests come by themselves.

What they take stands in `plugged/`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from integration_tests.completeness import assert_complete
from integration_tests.conftest import InProcess, Start, still_clock
from integration_tests.harness import cursor_of
from integration_tests.one_stream import SIZE, read, state_of
from integration_tests.plugged import PLUGGED, ROOT, package_data, plugged
from integration_tests.plugged.routes import ROUTES
from integration_tests.zoom_simulator import Simulator, routes, truth
from scripts import docs
from source_zoom.engine.stream import ZoomStream

_, Details = PLUGGED
NAMES = [stream.stream_name() for stream in PLUGGED]
# Tests that look at every stream ask for one of these lists.
LISTS_OF_STREAMS = re.compile(r"\b(STREAMS|STREAM_NAMES|WITH_CURSOR|PAST|ENDPOINTS)\b")
NEW_TESTS = 10

every_one = pytest.mark.parametrize("stream", PLUGGED, ids=lambda stream: stream.stream_name())


@pytest.fixture(scope="module", autouse=True)
def _with_the_two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with plugged(package_data(tmp_path_factory.mktemp("source_zoom"))), routes.plugged(*ROUTES):
        yield


@pytest.fixture
def account(start: Start) -> Simulator:
    return start(1, SIZE, clock=still_clock(), plan="unlimited")


def files_over_every_stream() -> Iterator[str]:
    for folder in ("unit_tests", "integration_tests"):
        for path in sorted((ROOT / folder).rglob("test_*.py")):
            if path.name != "test_adding_a_stream.py" and LISTS_OF_STREAMS.search(path.read_text()):
                yield str(path.relative_to(ROOT))


@pytest.mark.storm
def test_streams_of_two_kinds_pass_the_tests_that_are_generated_for_them() -> None:
    wanted = [*NAMES, *(stream.__name__ for stream in PLUGGED)]
    command = [sys.executable, "-m", "pytest", "-rp", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *("-n2", "--dist=loadfile"), "-k", " or ".join(wanted), *files_over_every_stream()],
        cwd=ROOT,
        # Named by -p, it would come too late in the processes of xdist.
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_PLUGINS": "integration_tests.plugged.plugin"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    passed = re.findall(r"^PASSED (.+)$", done.stdout, re.MULTILINE)
    for stream in PLUGGED:
        own = re.compile(rf"[\[-]({stream.stream_name()}|{stream.__name__})\]")
        assert sum(bool(own.search(test)) for test in passed) >= NEW_TESTS, stream


@every_one
def test_the_docs_follow_from_the_declaration(stream: type[ZoomStream]) -> None:
    found, name = docs.pages(), stream.stream_name()
    assert f"\n### {name}\n" in found["docs/data-model.md"]
    assert f">{name}</text>" in found["docs/data-model.svg"]
    assert f"\n| [`{name}`](data-model.md#{name}) | " in found["docs/zoom.md"]
    assert f"\n{stream.scopes[1]}\n" in found["docs/zoom.md"]


@every_one
def test_every_row_arrives(account: Simulator, in_process: InProcess, stream: type[ZoomStream]) -> None:
    output = read(in_process, account, stream)
    assert output.code == 0
    assert_complete(account, output, stream)
    requests = [entry for entry in account.journal.answered() if entry.route != "token"]
    # The hosts' rows of the open days are for the next sync.
    rows = sum(entry.route == "report_hosts" and "from=2026-11-19" in entry.url for entry in requests)
    assert len(requests) - rows == sum(truth.least_counts(account.world, [stream.stream_name()]).values())
    assert rows <= 1


def test_a_second_sync_asks_for_the_days_since_the_state_and_for_what_is_due_again(
    account: Simulator, in_process: InProcess
) -> None:
    first = read(in_process, account, Details)
    assert state_of(first, Details)[cursor_of(Details)] == "2026-11-20T00:00:00Z"
    # The day that is two days old, and one more since nobody knows whose days Zoom means.
    oldest = "2026-11-18"
    account.clock.advance(days=1)
    account.journal.reset()
    second = read(in_process, account, Details, first)
    assert second.code == 0
    queries = [parse_qs(urlsplit(entry.url).query) for entry in account.journal.answered()]
    windows = {(query["from"][0], query["to"][0]) for query in queries if "from" in query}
    # The rows of hosts with which the next sync compares, and those that this one does.
    of_hosts = {("2026-11-20", "2026-11-21"), ("2026-11-19", "2026-11-21")}
    assert windows - of_hosts == {(oldest, "2026-11-21")}
    assert all(record[cursor_of(Details)] >= oldest for record in second.records(Details.stream_name()))
    assert second.records(Details.stream_name())
    assert state_of(second, Details)[cursor_of(Details)] == "2026-11-21T00:00:00Z"
