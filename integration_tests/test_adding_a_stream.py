"""Streams of four kinds are added, each in five places, and the tests come by themselves.

What they take stands in `plugged/`. Also tested here are the two kinds that the connector has no
stream of yet: months of the account, and texts behind addresses.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from integration_tests.completeness import HOST_SECRETS, assert_complete, canonical, expected
from integration_tests.conftest import InProcess, Output, Start, server_to_server, still_clock
from integration_tests.harness import Json, cursor_of
from integration_tests.plugged import PLUGGED, ROOT, package_data, plugged
from integration_tests.plugged.routes import ROUTES, SCOPE, TRANSCRIPTS, text_of
from integration_tests.zoom_simulator import Simulator, Size, refusals, routes, truth
from integration_tests.zoom_simulator.call import Call, Redirect, Text
from integration_tests.zoom_simulator.ids import quote_uuid
from integration_tests.zoom_simulator.routes import Route
from source_zoom.engine.stream import ZoomStream

_, Details, Recordings, Texts = PLUGGED
NAMES = [stream.stream_name() for stream in PLUGGED]
# Tests that look at every stream ask for one of these lists.
LISTS_OF_STREAMS = re.compile(r"\b(STREAMS|STREAM_NAMES|PAST|ENDPOINTS)\b")
NEW_TESTS = 10
SIZE = Size(users=3, meetings_per_user=4, webinars_per_user=2, unlisted_per_user=1, past_occurrences=4)
SECRET = "access_token=let-me-in"


def each_of(*streams: type[ZoomStream]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stream", streams, ids=lambda stream: stream.stream_name())


by_months = each_of(Recordings, Texts)


@pytest.fixture(scope="module", autouse=True)
def _with_the_four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with plugged(package_data(tmp_path_factory.mktemp("source_zoom"))), routes.plugged(*ROUTES):
        yield


@pytest.fixture
def account(start: Start) -> Simulator:
    return start(1, SIZE, clock=still_clock(), plan="unlimited")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Each address that the connector has asked, and the token with it; only this machine can be reached."""
    requested: list[tuple[str, str]] = []
    send = HTTPAdapter.send

    def spy(self: HTTPAdapter, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> Any:
        url = str(request.url)
        if "/oauth/token" not in url:
            requested.append((url, request.headers.get("Authorization", "")))
        if urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
            raise requests.ConnectionError
        return send(self, request, *arguments, **options)

    monkeypatch.setattr(HTTPAdapter, "send", spy)
    return requested


def read(
    connector: InProcess, simulator: Simulator, stream: type[ZoomStream], before: Output | None = None
) -> Output:
    state = before.states if before else ()
    return connector.read(server_to_server(simulator), [stream.stream_name()], state=state)


def state_of(output: Output, stream: type[ZoomStream]) -> Json:
    (state,) = output.states
    assert state["stream"]["stream_descriptor"]["name"] == stream.stream_name()
    found: Json = state["stream"]["stream_state"]
    return found


def rows(stream: type[ZoomStream], *outputs: Output) -> list[Json]:
    """The last of the records with each key."""
    found = {
        tuple(record[part] for part in stream.key_fields()): record
        for output in outputs
        for record in output.records(stream.stream_name())
    }
    return list(found.values())


def missing(simulator: Simulator, stream: type[ZoomStream], *outputs: Output) -> list[str]:
    want = canonical(expected(simulator, stream), HOST_SECRETS)
    return list((want - canonical(rows(stream, *outputs), set())).elements())


# The generated tests


def files_over_every_stream() -> Iterator[str]:
    for folder in ("unit_tests", "integration_tests"):
        for path in sorted((ROOT / folder).rglob("test_*.py")):
            if path.name != "test_adding_a_stream.py" and LISTS_OF_STREAMS.search(path.read_text()):
                yield str(path.relative_to(ROOT))


@pytest.mark.storm
def test_streams_of_four_kinds_pass_the_tests_that_are_generated_for_them() -> None:
    wanted = [*NAMES, *(stream.__name__ for stream in PLUGGED), "test_docs and (row or list)"]
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


# All four


@each_of(*PLUGGED)
def test_every_row_arrives(account: Simulator, in_process: InProcess, stream: type[ZoomStream]) -> None:
    output = read(in_process, account, stream)
    assert output.code == 0
    assert_complete(account, output, stream)
    requests = [entry for entry in account.journal.answered() if entry.route != "token"]
    assert len(requests) == sum(truth.least_counts(account.world, [stream.stream_name()]).values())


@each_of(Details, Recordings, Texts)
def test_a_second_sync_asks_for_the_days_since_the_state_less_the_lookback(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    first = read(in_process, account, stream)
    assert state_of(first, stream)[cursor_of(stream)] == "2026-11-20T00:00:00Z"
    # Two days of lookback, and one more since nobody knows whose days Zoom means.
    oldest = "2026-11-17"
    account.clock.advance(days=1)
    account.journal.reset()
    second = read(in_process, account, stream, first)
    assert second.code == 0
    queries = [parse_qs(urlsplit(entry.url).query) for entry in account.journal.answered()]
    windows = {(query["from"][0], query["to"][0]) for query in queries if "from" in query}
    assert windows == {(oldest, "2026-11-21")}
    assert all(record[cursor_of(stream)] >= oldest for record in second.records(stream.stream_name()))
    assert second.records(stream.stream_name())
    assert state_of(second, stream)[cursor_of(stream)] == "2026-11-21T00:00:00Z"


@by_months
def test_two_syncs_bring_everything(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    first = read(in_process, account, stream)
    account.clock.advance(days=3)
    assert missing(account, stream, first)
    assert missing(account, stream, first, read(in_process, account, stream, first)) == []


@by_months
def test_a_start_date_is_the_first_day_that_is_asked_for(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    config = server_to_server(account, start_date="2026-09-15")
    output = in_process.read(config, [stream.stream_name()])
    asked = sorted(
        parse_qs(urlsplit(entry.url).query)["from"][0] for entry in account.journal.of("recordings")
    )
    # With the day before, since nobody knows whose days Zoom means.
    first = "2026-09-14"
    assert asked == [first, "2026-10-01", "2026-11-01"]
    is_filtered = stream is Texts
    want = [
        row
        for row in expected(account, stream)
        if row[cursor_of(stream)] >= ("2026-09-15" if is_filtered else first)
    ]
    assert canonical(output.records(stream.stream_name()), set()) == canonical(want, set())


AUGUST = "accounts/me/recordings?from=2026-08-01&to=2026-08-31"


def month(first: str) -> str:
    """Matches the requests for the rows of a month, and not those that look how far back there are any."""
    return rf"/accounts/me/recordings\?(?=.*page_size=300)(?=.*from={first})"


@by_months
def test_a_month_that_fails_holds_nothing_back_and_comes_later(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    in_process.without_waiting()
    account.faults.reply(month("2026-08-01"), *refusals.PROXY_PAGE)
    broken = read(in_process, account, stream)
    assert broken.code == 1
    assert broken.statuses == {stream.stream_name(): "INCOMPLETE"}
    assert any(AUGUST in error["message"] for error in broken.errors)
    lost = missing(account, stream, broken)
    assert lost
    assert all(f'"{cursor_of(stream)}": "2026-08-' in row for row in lost)
    state = state_of(broken, stream)
    assert state[cursor_of(stream)] == "2026-11-20T00:00:00Z"
    assert [(entry["from"], entry["to"]) for entry in state["retry"]] == [("2026-08-01", "2026-08-31")]
    account.faults.clear()
    account.clock.advance(days=1)
    account.journal.reset()
    healed = read(in_process, account, stream, broken)
    assert healed.code == 0
    assert missing(account, stream, broken, healed) == []
    assert "retry" not in state_of(healed, stream)
    assert len(account.journal.of("recordings")) == 2


@by_months
def test_the_error_of_a_stream_names_the_month(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    in_process.without_waiting()
    account.faults.reply(month("2026-08-01"), *refusals.PROXY_PAGE)
    errors = read(in_process, account, stream).errors
    (own,) = (e for e in errors if e.get("stream_descriptor", {}).get("name") == stream.stream_name())
    assert AUGUST in own["message"]


@by_months
def test_a_daily_limit_is_crossed_in_a_few_days(
    start: Start, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    account = start(1, SIZE, clock=still_clock(), plan="unlimited")
    needed = truth.least_counts(account.world, [stream.stream_name()])["MEDIUM"]
    account.limits.per_day = {"MEDIUM": 3 * needed // 4}
    outputs: list[Output] = []
    cursor = ""
    for _ in range(3):
        outputs.append(read(in_process, account, stream, outputs[-1] if outputs else None))
        if outputs[-1].code == 0:
            break
        assert outputs[-1].errors[0]["failure_type"] == "transient_error"
        assert "retry" not in state_of(outputs[-1], stream)
        before, cursor = cursor, state_of(outputs[-1], stream)[cursor_of(stream)]
        assert before < cursor
        account.clock.advance(days=1)
    assert outputs[-1].code == 0
    assert len(outputs) > 1
    assert missing(account, stream, *outputs) == []


# One unit


def unit_of(account: Simulator, stream: type[ZoomStream]) -> tuple[str, str]:
    """The UUID of a unit in the middle, and a regex for its requests."""
    found = list(truth.rows(account.world, stream.stream_name()))
    uuid = found[len(found) // 2][0]["uuid"]
    return uuid, re.escape(routes.ROUTES[stream.stream_name()].url(uuid))


def with_secrets(account: Simulator) -> None:
    """Let the addresses of files hold something that lets others in."""

    def add(body: Json) -> None:
        for recording in body["meetings"]:
            for file in recording["recording_files"]:
                file["download_url"] += f"?{SECRET}"

    account.faults.change("/accounts/me/recordings", add)


@each_of(Details, Texts)
def test_one_that_is_refused_is_named_without_secrets_and_comes_later(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream], sent: list[tuple[str, str]]
) -> None:
    in_process.without_waiting()
    with_secrets(account)
    uuid, path = unit_of(account, stream)
    aim = account.faults.reply(f"{path}([?]|$)", *refusals.PROXY_PAGE)
    state: Output | None = None
    for attempts in (1, 2):
        broken = read(in_process, account, stream, state)
        state = broken
        assert broken.code == 1
        assert broken.statuses == {stream.stream_name(): "INCOMPLETE"}
        named = f"{stream.stream_name()} of {uuid} text {uuid}" if stream.address else quote_uuid(uuid)
        assert named in broken.errors[0]["message"]
        secrets = {token for _, token in sent if token} | {
            "/rec/download/",
            SECRET,
            account.oauth.client_secret,
        }
        assert [secret for secret in secrets if secret in broken.text] == []
        assert state_of(broken, stream)[cursor_of(stream)] == f"{account.clock.today()}T00:00:00Z"
        (entry,) = state_of(broken, stream)["retry"]
        assert uuid in entry["units"][0]
        assert entry["attempts"] == attempts
        account.clock.advance(days=1)
    account.faults.forget(aim)
    healed = read(in_process, account, stream, state)
    assert healed.code == 0
    assert any(uuid in record.values() for record in healed.records(stream.stream_name()))
    assert "retry" not in state_of(healed, stream)


def test_others_than_the_wanted_files_are_not_asked_for(account: Simulator, in_process: InProcess) -> None:
    assert read(in_process, account, Texts).code == 0
    asked = account.journal.of(Texts.stream_name())
    assert len(asked) == len(expected(account, Texts))
    assert not any(".mp4" in entry.url for entry in asked)


# Where a text is


def signed(call: Call) -> Text:
    return Text(text_of(call.id), "text/vtt")


SIGNED = Route("signed", "/signed/*", "", "", signed, prefix="", open=True)


def elsewhere(simulator: Simulator) -> str:
    """The simulator under a name that is not that of the API."""
    return simulator.url.replace("127.0.0.1", "localhost")


def redirected(there: Callable[[str], str]) -> Route:
    return TRANSCRIPTS._replace(handler=lambda call: Redirect(there(call.id)))


def test_the_token_goes_to_zooms_own_host_and_not_where_it_redirects(
    start: Start, in_process: InProcess, sent: list[tuple[str, str]]
) -> None:
    foreign = start(1, SIZE, clock=still_clock())
    with routes.plugged(SIGNED, redirected(lambda uuid: elsewhere(foreign) + SIGNED.url(uuid))):
        account = start(1, SIZE, clock=still_clock(), plan="unlimited")
        output = read(in_process, account, Texts)
        assert output.code == 0
        assert_complete(account, output, Texts)
        assert len(foreign.journal.of("signed")) == len(output.records(Texts.stream_name()))
    by_host = {urlsplit(url).netloc: set[bool]() for url, _ in sent}
    for url, token in sent:
        by_host[urlsplit(url).netloc].add(bool(token))
    assert by_host == {urlsplit(account.url).netloc: {True}, urlsplit(elsewhere(foreign)).netloc: {False}}


def test_a_host_that_is_not_zooms_gets_no_token(
    start: Start, in_process: InProcess, sent: list[tuple[str, str]]
) -> None:
    with routes.plugged(SIGNED):
        account, foreign = (start(1, SIZE, clock=still_clock(), plan="unlimited") for _ in range(2))
        move_files(account, lambda uuid: elsewhere(foreign) + SIGNED.url(uuid))
        assert len(read(in_process, account, Texts).records(Texts.stream_name())) == len(
            expected(account, Texts)
        )
    assert {bool(token) for url, token in sent if "/signed/" in url} == {False}


def move_files(account: Simulator, there: Callable[[str], str]) -> None:
    """Let all files be somewhere else, by the UUID of the recording."""

    def change(body: Json) -> None:
        for recording in body["meetings"]:
            for file in recording["recording_files"]:
                file["download_url"] = there(recording["uuid"])

    account.faults.change("/accounts/me/recordings", change)


@pytest.mark.parametrize("host", ["files.zoom.us", "files.example.com"])
@pytest.mark.parametrize("is_redirect", [False, True], ids=["address", "redirect"])
def test_nothing_is_asked_for_where_others_can_listen(
    start: Start, in_process: InProcess, sent: list[tuple[str, str]], host: str, is_redirect: bool
) -> None:
    in_process.without_waiting()
    path = f"http://{host}/rec/"
    with routes.plugged(*([redirected(lambda uuid: path + quote_uuid(uuid))] if is_redirect else [])):
        account = start(1, SIZE, clock=still_clock(), plan="unlimited")
        if not is_redirect:
            move_files(account, lambda uuid: path + quote_uuid(uuid))
        output = in_process.read(server_to_server(account, start_date="2026-11-15"), [Texts.stream_name()])
    away = [(url, bool(token)) for url, token in sent if urlsplit(url).hostname != "127.0.0.1"]
    assert away == []
    assert output.statuses == {Texts.stream_name(): "INCOMPLETE"}
    assert host not in output.text


def test_a_redirect_in_a_circle_is_left_after_five(start: Start, in_process: InProcess) -> None:
    in_process.without_waiting()
    with routes.plugged(redirected(lambda uuid: TRANSCRIPTS.url(uuid))):
        account = start(1, SIZE, clock=still_clock(), plan="unlimited")
        output = in_process.read(server_to_server(account, start_date="2026-11-15"), [Texts.stream_name()])
    assert output.statuses == {Texts.stream_name(): "INCOMPLETE"}
    asked = account.journal.tally("path", route=Texts.stream_name())
    assert set(asked.values()) == {5 * 6}


# What the app may read


def test_an_app_for_recordings_alone_passes_the_check_and_reads_them(
    start: Start, in_process: InProcess
) -> None:
    account = start(1, SIZE, clock=still_clock(), plan="unlimited", scopes={SCOPE})
    output = in_process.read(server_to_server(account), [Recordings.stream_name(), Texts.stream_name()])
    assert output.code == 0
    assert_complete(account, output, Texts)
    check = in_process.check(server_to_server(account))
    assert check.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]


def test_a_check_asks_for_no_address_before_it_has_one(start: Start, in_process: InProcess) -> None:
    account = start(1, SIZE, clock=still_clock(), plan="unlimited", list_scopes=False)
    check = in_process.check(server_to_server(account))
    assert check.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert list(account.journal.unknown_paths) == []


def test_a_list_that_is_also_a_parent_is_read_once(account: Simulator, in_process: InProcess) -> None:
    names = [Recordings.stream_name(), Texts.stream_name()]
    output = in_process.read(server_to_server(account), names)
    assert output.code == 0
    assert_complete(account, output, Recordings)
    assert_complete(account, output, Texts)
    least = truth.least_counts(account.world, [Recordings.stream_name()])["MEDIUM"]
    # Once for itself and once for those that hang on it, as the list of users.
    assert len(account.journal.of(Recordings.stream_name())) <= 2 * least
