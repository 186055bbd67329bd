"""Recordings: the texts at the addresses of their files, who gets a token there, and what an app needs."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from integration_tests.completeness import assert_complete, expected
from integration_tests.conftest import InProcess, Output, Start, server_to_server, still_clock
from integration_tests.harness import Json, cursor_of
from integration_tests.one_stream import SIZE, read, state_of
from integration_tests.outcomes import Syncs
from integration_tests.zoom_simulator import Simulator, refusals, routes, truth
from integration_tests.zoom_simulator.call import Redirect
from integration_tests.zoom_simulator.recordings import download
from integration_tests.zoom_simulator.routes import ROUTES, Route
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams.recordings import ListedRecordings, Recordings
from source_zoom.streams.recordings import RecordingTranscripts as Texts

SECRET = "access_token=let-me-in"
DOWNLOADS = ROUTES[Texts.stream_name()]


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


# One file


def texts(account: Simulator) -> list[Json]:
    """The files that have a text, each with the UUID of its recording."""
    return [
        {**parent["item"], "uuid": parent["uuid"]}
        for parent, _ in truth.rows(account.world, Texts.stream_name())
    ]


def one_text(account: Simulator) -> tuple[Json, str]:
    """A file in the middle, and a regex for its requests."""
    found = texts(account)
    file = found[len(found) // 2]
    return file, re.escape(DOWNLOADS.url(file["id"])) + "([?]|$)"


def change_files(account: Simulator, change: Callable[[Json], None]) -> None:
    """Let all files that have an address be listed otherwise."""

    def change_all(body: Json) -> None:
        for recording in body["meetings"]:
            for file in recording["recording_files"]:
                if "download_url" in file:
                    change(file)

    account.faults.change("/accounts/me/recordings", change_all)


def test_a_text_that_is_refused_is_named_without_secrets_and_comes_later(
    account: Simulator, in_process: InProcess, sent: list[tuple[str, str]]
) -> None:
    in_process.without_waiting()
    # Addresses can hold something that lets others in.
    change_files(account, lambda file: file.update(download_url=f"{file['download_url']}?{SECRET}"))
    file, path = one_text(account)
    aim = account.faults.reply(path, *refusals.PROXY_PAGE)
    state: Output | None = None
    for attempts in (1, 2):
        broken = read(in_process, account, Texts, state)
        state = broken
        assert broken.code == 1
        assert broken.statuses == {Texts.stream_name(): "INCOMPLETE"}
        assert f"{Texts.stream_name()} of {file['uuid']} {file['id']}" in broken.errors[0]["message"]
        secrets = {token for _, token in sent if token} | {
            "/rec/download/",
            SECRET,
            account.oauth.client_secret,
        }
        public = [line for line in broken.text.splitlines() if not line.startswith('{"type":"RECORD"')]
        assert [secret for secret in secrets if secret in "\n".join(public)] == []
        assert state_of(broken, Texts)[cursor_of(Texts)] == (
            f"{account.clock.today() - timedelta(days=ListedRecordings.ways.days_open)}T00:00:00Z"
        )
        (entry,) = state_of(broken, Texts)["retry"]
        assert file["id"] in entry["units"][0]
        assert entry["attempts"] == attempts
        account.clock.advance(days=1)
    account.faults.forget(aim)
    healed = read(in_process, account, Texts, state)
    assert healed.code == 0
    assert file["id"] in {record["id"] for record in healed.records(Texts.stream_name())}
    assert "retry" not in state_of(healed, Texts)


def test_only_transcripts_and_captions_are_asked_for(account: Simulator, in_process: InProcess) -> None:
    output = read(in_process, account, Texts)
    assert output.code == 0
    assert {record["file_type"] for record in output.records(Texts.stream_name())} == {"TRANSCRIPT", "CC"}
    asked = account.journal.of(Texts.stream_name())
    assert len(asked) == len(texts(account))


@pytest.mark.parametrize(
    "text", ["Zoë: this is no WebVTT.", "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nHm."]
)
def test_what_no_parser_takes_comes_as_it_is(account: Simulator, in_process: InProcess, text: str) -> None:
    file, path = one_text(account)
    account.faults.reply(path, 200, text, headers={"Content-Type": "text/vtt"})
    output = read(in_process, account, Texts)
    assert output.code == 0
    (record,) = (record for record in output.records(Texts.stream_name()) if record["id"] == file["id"])
    assert record["content"] == text
    said = {"sequence_number": 1, "start": 1.0, "end": 2.0, "speaker": None, "text": "Hm."}
    assert record["cues"] == ([said] if text.startswith("WEBVTT") else None)


def test_a_file_that_is_not_ready_comes_with_a_later_sync(start: Start, in_process: InProcess) -> None:
    size = replace(SIZE, late_hours=12)
    account = start(1, size, clock=still_clock(), plan="unlimited")
    listed = [file for _, row in truth.rows(account.world, "recordings") for file in row["recording_files"]]
    waiting = {file["id"] for file in listed if file["status"] == "processing"}
    assert waiting
    first = read(in_process, account, Texts)
    assert first.code == 0
    assert any(f"there is nothing of it yet: {len(waiting)}" in log for log in first.logs)
    assert waiting.isdisjoint(record["id"] for record in first.records(Texts.stream_name()))
    account.clock.advance(days=1)
    second = read(in_process, account, Texts, first)
    assert second.code == 0
    assert waiting <= {record["id"] for record in second.records(Texts.stream_name())}


def test_recordings_are_empty_where_zoom_has_none(account: Simulator, in_process: InProcess) -> None:
    account.faults.reply("/accounts/me/recordings", 404, {"code": 3301, "message": "There is no recording."})
    output = in_process.read(server_to_server(account), [Recordings.stream_name(), Texts.stream_name()])
    assert output.code == 0
    assert not output.of("RECORD")


# Where a text is


SIGNED = Route("signed", "/signed/*", "", "", download, prefix="", open=True)


def elsewhere(simulator: Simulator) -> str:
    """The simulator under a name that is not that of the API."""
    return simulator.url.replace("127.0.0.1", "localhost")


def redirected(there: Callable[[str], str]) -> Route:
    return DOWNLOADS._replace(handler=lambda call: Redirect(there(call.id)))


def test_the_token_goes_to_zooms_own_host_and_not_where_it_redirects(
    start: Start, in_process: InProcess, sent: list[tuple[str, str]]
) -> None:
    foreign = start(1, SIZE, clock=still_clock())
    with routes.plugged(SIGNED, redirected(lambda id_: elsewhere(foreign) + SIGNED.url(id_))):
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
        move_files(account, lambda id_: elsewhere(foreign) + SIGNED.url(id_))
        assert len(read(in_process, account, Texts).records(Texts.stream_name())) == len(texts(account))
    assert {bool(token) for url, token in sent if "/signed/" in url} == {False}


def move_files(account: Simulator, there: Callable[[str], str]) -> None:
    """Let all files be somewhere else, by their IDs."""
    change_files(account, lambda file: file.update(download_url=there(file.get("id", ""))))


@pytest.mark.parametrize("host", ["files.zoom.us", "files.example.com"])
@pytest.mark.parametrize("is_redirect", [False, True], ids=["address", "redirect"])
def test_nothing_is_asked_for_where_others_can_listen(
    start: Start, in_process: InProcess, sent: list[tuple[str, str]], host: str, is_redirect: bool
) -> None:
    in_process.without_waiting()
    path = f"http://{host}/rec/"
    with routes.plugged(*([redirected(lambda id_: path + id_)] if is_redirect else [])):
        account = start(1, SIZE, clock=still_clock(), plan="unlimited")
        if not is_redirect:
            move_files(account, lambda id_: path + id_)
        output = in_process.read(server_to_server(account, start_date="2026-11-15"), [Texts.stream_name()])
    away = [(url, bool(token)) for url, token in sent if urlsplit(url).hostname != "127.0.0.1"]
    assert away == []
    assert output.statuses == {Texts.stream_name(): "INCOMPLETE"}
    assert host not in output.text


@pytest.mark.parametrize("proxies", ["", "files.example.com"])
@pytest.mark.parametrize(
    "there", ["https://localhost:99999/", "https://localhost:x/", "https://[x]/", "https://[::1", "x://"]
)
@pytest.mark.parametrize("is_redirect", [False, True], ids=["address", "redirect"])
def test_a_file_at_no_address_is_unread_and_asked_for_again(
    start: Start,
    in_process: InProcess,
    monkeypatch: pytest.MonkeyPatch,
    proxies: str,
    there: str,
    is_redirect: bool,
) -> None:
    monkeypatch.setenv("NO_PROXY", proxies)
    in_process.without_waiting()
    with routes.plugged(*([redirected(lambda id_: there)] if is_redirect else [])):
        account = start(1, SIZE, clock=still_clock(), plan="unlimited")
        if not is_redirect:
            move_files(account, lambda id_: there)
        output = in_process.read(server_to_server(account, start_date="2026-11-15"), [Texts.stream_name()])
    assert output.statuses == {Texts.stream_name(): "INCOMPLETE"}
    assert "Traceback" not in output.text
    assert output.states[-1]["stream"]["stream_state"]["retry"]


def test_a_redirect_in_a_circle_is_left_after_five(start: Start, in_process: InProcess) -> None:
    in_process.without_waiting()
    with routes.plugged(redirected(DOWNLOADS.url)):
        account = start(1, SIZE, clock=still_clock(), plan="unlimited")
        output = in_process.read(server_to_server(account, start_date="2026-11-15"), [Texts.stream_name()])
    assert output.statuses == {Texts.stream_name(): "INCOMPLETE"}
    asked = account.journal.tally("path", route=Texts.stream_name())
    assert set(asked.values()) == {5 * 6}


# What the app may read


def test_an_app_for_recordings_alone_passes_the_check_and_reads_them(
    start: Start, in_process: InProcess
) -> None:
    account = start(
        1, SIZE, clock=still_clock(), plan="unlimited", scopes={*Recordings.scopes[1:], *Texts.scopes[1:]}
    )
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
    assert len(account.journal.of(Recordings.stream_name())) == least


@pytest.mark.storm
def test_a_file_that_is_listed_before_it_is_there_is_asked_for_once_in_six_hours(
    account: Simulator, in_process: InProcess
) -> None:
    everything = texts(account)
    newest = max(everything, key=lambda file: str(file["recording_start"]))
    path = re.escape(DOWNLOADS.url(newest["id"])) + "([?]|$)"
    aim = account.faults.reply(
        path, 404, {"code": 3301, "message": "There is no recording for this session."}
    )
    syncs = Syncs(account, in_process, [Texts.stream_name()])
    hours = []
    for hour in range(20):
        output = syncs.run()
        assert output.code == 0
        assert output.statuses == {Texts.stream_name(): "COMPLETE"}
        hours += [hour for entry in account.journal.of(Texts.stream_name()) if entry.id == newest["id"]]
        account.clock.advance(hours=1)
    assert hours == [0, 6, 12, 18]
    account.faults.forget(aim)
    account.clock.advance(hours=6)
    assert newest["id"] in {record["id"] for record in syncs.run().records(Texts.stream_name())}
    for _ in range(3):
        account.clock.advance(hours=7)
        assert newest["id"] not in {record["id"] for record in syncs.run().records(Texts.stream_name())}


@pytest.mark.storm
def test_a_file_that_never_is_there_is_gone_in_the_end(account: Simulator, in_process: InProcess) -> None:
    newest = max(texts(account), key=lambda file: str(file["recording_start"]))
    path = re.escape(DOWNLOADS.url(newest["id"])) + "([?]|$)"
    account.faults.reply(path, 404, {"code": 3301, "message": "There is no recording for this session."})
    syncs = Syncs(account, in_process, [Texts.stream_name()])
    asked = []
    for _ in range(12):
        output = syncs.run()
        assert (output.code, output.warnings) == (0, [])
        asked.append(len([e for e in account.journal.of(Texts.stream_name()) if e.id == newest["id"]]))
        account.clock.advance(days=1)
    assert asked[0] == 1
    assert asked[-4:] == [0, 0, 0, 0]
    assert "retry" not in syncs.state(Texts.stream_name())


# Recordings user by user

OF_ACCOUNT, OF_USERS = (
    "cloud_recording:read:list_account_recordings:admin",
    "cloud_recording:read:list_user_recordings:admin",
)
WITHOUT = "The app may not read the list of the account's recordings"


def without_accounts_list(start: Start, **options: Any) -> Simulator:
    scopes = {*routes.GRANULAR_SCOPES} - {OF_ACCOUNT}
    return start(1, SIZE, clock=still_clock(), plan="unlimited", scopes=scopes, **options)


@pytest.mark.parametrize("names", [[Recordings], [Texts], [Recordings, Texts]], ids=len)
def test_without_the_accounts_list_those_of_the_users_bring_the_same(
    start: Start, in_process: InProcess, names: list[type[ZoomStream]]
) -> None:
    account = without_accounts_list(start)
    syncs = Syncs(account, in_process, [one.stream_name() for one in names])
    output = syncs.run()
    assert output.code == 0
    assert [warning for warning in output.warnings if warning.startswith(WITHOUT)] == [
        warning for warning in output.warnings if OF_ACCOUNT in warning
    ]
    assert len([warning for warning in output.warnings if warning.startswith(WITHOUT)]) == 1
    assert syncs.missing() == []
    asked = [entry.url for entry in account.journal.of("user_recordings")]
    assert len(asked) == len(set(asked)) > 12 * SIZE.users
    output = syncs.run()
    assert not output.of("RECORD")
    assert len(account.journal.of("user_recordings")) == SIZE.users
    syncs.a_day_later(2)
    assert syncs.missing() == []


def test_a_user_whose_list_fails_costs_his_recordings_alone(start: Start, in_process: InProcess) -> None:
    in_process.without_waiting()
    account = without_accounts_list(start)
    user = account.world.ids.user(0)
    aim = account.faults.reply(rf"/users/{user}/recordings", *refusals.UNKNOWN_CODE)
    syncs = Syncs(account, in_process, [Recordings.stream_name()])
    output = syncs.run()
    assert (output.code, output.statuses) == (1, {Recordings.stream_name(): "INCOMPLETE"})
    everything = expected(account, Recordings)
    assert {row["host_id"] for row in everything} > {user}
    want = {row["uuid"] for row in everything if row["host_id"] != user}
    assert {row["uuid"] for row in syncs.latest[Recordings.stream_name()].values()} == want
    account.faults.forget(aim)
    assert syncs.run().code == 0
    assert syncs.missing() == []
    assert "retry" not in syncs.state(Recordings.stream_name())


def test_without_any_list_it_is_a_matter_of_the_config(start: Start, in_process: InProcess) -> None:
    account = start(
        1,
        SIZE,
        clock=still_clock(),
        plan="unlimited",
        scopes={*routes.GRANULAR_SCOPES} - {OF_ACCOUNT, OF_USERS},
    )
    output = in_process.read(server_to_server(account), [Recordings.stream_name()])
    assert (output.code, output.errors[0]["failure_type"]) == (1, "config_error")
    assert OF_ACCOUNT in output.errors[0]["message"]
    assert not account.journal.of("user_recordings")


def test_two_rows_of_one_recording_unite_their_files(account: Simulator, in_process: InProcess) -> None:
    def in_pieces(body: Json) -> Json:
        rows = []
        for row in body["meetings"]:
            first, *rest = row["recording_files"]
            rows += [{**row, "recording_files": rest}, {**row, "recording_files": [first]}]
        return {**body, "meetings": rows}

    whole = {row["uuid"]: row for row in expected(account, Recordings)}
    account.faults.change("/accounts/me/recordings", in_pieces)
    syncs = Syncs(account, in_process, [Recordings.stream_name(), Texts.stream_name()])
    assert syncs.run().code == 0
    assert syncs.missing() == []
    got = {row["uuid"]: row for row in syncs.latest[Recordings.stream_name()].values()}

    def files(row: Json) -> list[str]:
        return sorted(str(file) for file in row["recording_files"])

    assert {uuid: files(row) for uuid, row in got.items()} == {
        uuid: files(row) for uuid, row in whole.items()
    }
    assert not syncs.run().of("RECORD")
