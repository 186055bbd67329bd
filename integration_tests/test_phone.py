"""Zoom Phone: both shapes of November 2026, what hangs on calls and recordings, and accounts without it."""

from collections import Counter
from datetime import timedelta
from itertools import cycle
from urllib.parse import parse_qs, urlsplit

import pytest

from integration_tests.completeness import CLASSES, assert_complete, canonical, expected
from integration_tests.conftest import InProcess, Start, server_to_server, still_clock
from integration_tests.harness import Json, cursor_of
from integration_tests.one_stream import SIZE, missing, read, rows
from integration_tests.outcomes import Syncs, at, everywhere, route_of
from integration_tests.zoom_simulator import Simulator, Size, refusals, truth
from integration_tests.zoom_simulator.faults import Faults
from integration_tests.zoom_simulator.journal import Entry
from integration_tests.zoom_simulator.refusals import Refusal, refusal
from integration_tests.zoom_simulator.routes import CLASSIC_SCOPES, GRANULAR_SCOPES, ROUTES
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS
from source_zoom.streams.phone import (
    PhoneCallElements,
    PhoneCallHistory,
    PhoneRecordings,
    PhoneRecordingTranscripts,
    PhoneSmsSessions,
    PhoneUsers,
)

PHONE = [stream.stream_name() for stream in STREAMS if stream.product == PhoneUsers.product]
CALLS, ELEMENTS = PhoneCallHistory.stream_name(), PhoneCallElements.stream_name()
TEXTS, SESSIONS = PhoneRecordingTranscripts.stream_name(), PhoneSmsSessions.stream_name()
ALL_OF_PHONE = r"^/v2/phone/"
OF_CALLS, OF_ELEMENTS = (everywhere(route_of(stream)) for stream in (PhoneCallHistory, PhoneCallElements))
FIRST_PAGES, LATER_PAGES = (rf"^/v2/phone/call_history\?{seen}" for seen in ("(?!.*page@)", ".*page@"))

every_one = pytest.mark.parametrize("stream", [CLASSES[name] for name in PHONE], ids=PHONE)


@pytest.fixture
def account(start: Start) -> Simulator:
    return start(1, SIZE, clock=still_clock(), plan="unlimited")


def busy(start: Start, calls_a_day: float, **options: object) -> Simulator:
    """An account with many calls and little else."""
    size = Size(
        users=3, meetings_per_user=0, webinars_per_user=0, unlisted_per_user=0, calls_a_day=calls_a_day
    )
    return start(1, size, clock=still_clock(), plan="unlimited", **options)


def asked(account: Simulator, stream: type[ZoomStream]) -> list[Entry]:
    return [entry for entry in account.journal.of(route_of(stream).name) if entry.answered]


def test_they_come_after_all_others() -> None:
    assert [stream.stream_name() for stream in STREAMS][-len(PHONE) :] == PHONE
    assert len(PHONE) == 8


# The change of November 2026


def before(body: Json, name: str = "call_logs") -> Json:
    """An answer as it was before the change."""
    return renamed(body, {"call_history": name, "call_elements": "call_path"}, KEYS)


def since(body: Json) -> Json:
    """An answer in which nothing is left of what was before the change."""
    return renamed(body, {}, ("id",))


KEYS = ("call_history_uuid", "call_element_id")


def renamed(body: Json, names: Json, without: tuple[str, ...]) -> Json:
    body = {names.get(name, name): value for name, value in body.items()}
    for value in body.values():
        for row in value if isinstance(value, list) else ():
            for name in without:
                row.pop(name, None)
    return body


def without_old_ids(records: list[Json]) -> Counter[str]:
    return canonical(records, {"id"})


@pytest.mark.parametrize("name", ["call_logs", "call_log"])
def test_a_backfill_in_which_the_names_change_from_page_to_page_has_each_call_once(
    start: Start, in_process: InProcess, name: str
) -> None:
    account = busy(start, calls_a_day=20)
    account.faults.change(FIRST_PAGES, lambda body: before(body, name))
    account.faults.change(LATER_PAGES, since)
    output = read(in_process, account, PhoneCallHistory)
    assert output.code == 0
    assert output.warnings == []
    assert len(asked(account, PhoneCallHistory)) > 2 * 6
    records, want = output.records(CALLS), expected(account, PhoneCallHistory)
    assert {"id" in record for record in records} == {True, False}
    assert Counter(record["call_history_uuid"] for record in records) == Counter(row["id"] for row in want)
    assert without_old_ids(records) == without_old_ids(want)


def test_parts_of_calls_have_the_same_keys_in_both_shapes(account: Simulator, in_process: InProcess) -> None:
    turns = cycle((before, since))

    def in_turn(body: Json) -> Json:
        return next(turns)(body)

    account.faults.change(OF_ELEMENTS, in_turn)
    output = read(in_process, account, PhoneCallElements)
    assert output.code == 0
    records, want = output.records(ELEMENTS), expected(account, PhoneCallElements)
    assert {"id" in record for record in records} == {True, False}
    assert without_old_ids(records) == without_old_ids(want)


def test_a_connection_that_has_read_the_old_names_goes_on_with_the_new_ones(
    account: Simulator, in_process: InProcess
) -> None:
    syncs = Syncs(account, in_process, [CALLS, ELEMENTS])
    account.faults.change(OF_CALLS, before)
    account.faults.change(OF_ELEMENTS, before)
    assert syncs.run().code == 0
    account.faults.clear()
    account.faults.change(OF_CALLS, since)
    account.faults.change(OF_ELEMENTS, since)
    output = syncs.run()
    assert output.code == 0
    # The rows of the open days are other ones now, but the calls are not.
    assert asked(account, PhoneCallElements) == []
    assert output.records(CALLS)
    assert syncs.counts() == syncs.truth()
    account.clock.advance(days=3)
    assert syncs.run().code == 0
    assert syncs.missing() == []


def test_blanks_at_the_end_of_a_reason_go(account: Simulator, in_process: InProcess) -> None:
    reasons = {"answered_by_other   ": "answered_by_other", " a b\t": " a b", "": "", None: None, 5: 5}
    given = iter([*reasons] * 100)

    def change(body: Json) -> None:
        for row in body["call_elements"]:
            row["result_reason"] = next(given)

    account.faults.change(OF_ELEMENTS, change)
    output = read(in_process, account, PhoneCallElements)
    assert output.code == 0
    assert {record["result_reason"] for record in output.records(ELEMENTS)} == set(reasons.values())


# The parts of calls


def calls_of(entries: list[Entry]) -> Counter[str]:
    """How often the parts of each call were asked for."""
    return Counter(entry.id for entry in entries)


def test_the_parts_of_a_day_of_300_calls_are_asked_for_once(start: Start, in_process: InProcess) -> None:
    account = busy(start, calls_a_day=300)
    syncs = Syncs(account, in_process, [CALLS, ELEMENTS], start_date="2026-11-18")
    first = syncs.run()
    assert first.code == 0
    known = {record["call_history_uuid"]: record for record in first.records(CALLS)}
    of_elements = calls_of(asked(account, PhoneCallElements))
    assert len(of_elements) > 300
    assert set(of_elements.values()) == {1}
    again = syncs.run()
    assert again.code == 0
    assert asked(account, PhoneCallElements) == []
    assert again.records(CALLS) == again.records(ELEMENTS) == []
    # An hour later there are new calls, and earlier ones have turned out to be recorded.
    account.clock.advance(hours=1)
    later = syncs.run()
    assert later.code == 0
    come = {record["call_history_uuid"]: record for record in later.records(CALLS)}
    assert 0 < len(come.keys() - known.keys()) < len(come) < 40
    assert calls_of(asked(account, PhoneCallElements)) == Counter(come.keys())
    assert all(come[key] != known[key] for key in come.keys() & known.keys())
    wanted = [row for row in expected(account, PhoneCallElements) if row["call_start_time"] >= "2026-11-18"]
    assert canonical(list(syncs.latest[ELEMENTS].values())) == canonical(wanted)


def test_the_parts_of_a_call_that_is_over_for_days_are_never_asked_for_again(
    account: Simulator, in_process: InProcess
) -> None:
    syncs = Syncs(account, in_process, [ELEMENTS])
    syncs.run()
    often: Counter[str] = Counter()
    for _ in range(8):
        assert syncs.a_day_later().code == 0
        often += calls_of(asked(account, PhoneCallElements))
    assert often
    # When it is over, and when Zoom has processed its recording.
    assert max(often.values()) <= 2
    assert syncs.missing() == []
    assert asked_days(account, PhoneCallHistory) == {str(account.clock.today() - timedelta(days=4))}


def asked_days(account: Simulator, stream: type[ZoomStream]) -> set[str]:
    """The first days of the windows of the last sync."""
    return {parse_qs(urlsplit(entry.url).query)["from"][0][:10] for entry in asked(account, stream)}


# Recordings and their transcripts


def test_recordings_reach_back_farther_than_calls(account: Simulator, in_process: InProcess) -> None:
    output = in_process.read(server_to_server(account), [PhoneRecordings.stream_name(), CALLS])
    oldest = {
        name: min(record[cursor_of(CLASSES[name])] for record in output.records(name))
        for name in (PhoneRecordings.stream_name(), CALLS)
    }
    assert oldest[PhoneRecordings.stream_name()] < "2026-05-01" < "2026-05-20" <= oldest[CALLS]


def with_transcript(account: Simulator) -> list[str]:
    listed = truth.rows(account.world, PhoneRecordings.stream_name())
    return [row["id"] for _, row in listed if "transcript_download_url" in row]


def test_a_transcript_is_asked_for_where_there_is_one_and_comes_as_it_is(
    account: Simulator, in_process: InProcess
) -> None:
    own = {"type": "zoom_transcript", "ver": 1}
    account.faults.change(everywhere(ROUTES[TEXTS]), lambda body: {**body, **own})
    output = read(in_process, account, PhoneRecordingTranscripts)
    assert output.code == 0
    recordings = [row for _, row in truth.rows(account.world, PhoneRecordings.stream_name())]
    texts = with_transcript(account)
    assert 0 < len(texts) < len(recordings)
    assert calls_of(asked(account, PhoneRecordingTranscripts)) == Counter(texts)
    want = [{**row, **own} for row in expected(account, PhoneRecordingTranscripts)]
    assert canonical(output.records(TEXTS)) == canonical(want)


def test_a_transcript_that_comes_days_after_its_recording_comes_with_a_later_sync(
    start: Start, in_process: InProcess
) -> None:
    account = start(
        1, Size(users=2, meetings_per_user=1, late_hours=60), clock=still_clock(), plan="unlimited"
    )
    outputs = [read(in_process, account, PhoneRecordingTranscripts)]
    for _ in range(8):
        account.clock.advance(days=1)
        outputs.append(read(in_process, account, PhoneRecordingTranscripts, outputs[-1]))
        assert missing(account, PhoneRecordingTranscripts, *outputs) == []
    assert sum(len(output.records(TEXTS)) for output in outputs[1:]) > 1
    often = Counter(record["recording_id"] for output in outputs for record in output.records(TEXTS))
    assert set(often.values()) == {1}


NO_TRANSCRIPT = [refusal(404, 300, "Nothing here.")] + [
    refusal(400, code, "Something about it.") for code in (404, 12000, 12001, 12002, 12003)
]


@pytest.mark.parametrize("answer", NO_TRANSCRIPT, ids=lambda answer: f"{answer.status}-{answer.body['code']}")
def test_a_transcript_that_zoom_does_not_have_is_gone(
    account: Simulator, in_process: InProcess, answer: Refusal
) -> None:
    id_ = with_transcript(account)[-1]
    account.faults.reply(at(ROUTES[TEXTS], id_), *answer)
    first = read(in_process, account, PhoneRecordingTranscripts)
    assert first.code == 0
    assert any("the recording has no transcript: 1" in log for log in first.logs)
    assert {record["recording_id"] for record in first.records(TEXTS)} == {*with_transcript(account)} - {id_}
    account.journal.reset()
    assert read(in_process, account, PhoneRecordingTranscripts, first).code == 0
    assert account.journal.of(TEXTS) == []


def test_a_page_that_is_not_zooms_says_nothing_about_a_transcript(
    account: Simulator, in_process: InProcess
) -> None:
    in_process.without_waiting()
    id_ = with_transcript(account)[-1]
    account.faults.reply(at(ROUTES[TEXTS], id_), *refusals.EMPTY_NOT_FOUND)
    broken = read(in_process, account, PhoneRecordingTranscripts)
    assert broken.statuses == {TEXTS: "INCOMPLETE"}
    assert id_ in broken.errors[0]["message"]
    account.faults.clear()
    healed = read(in_process, account, PhoneRecordingTranscripts, broken)
    assert healed.code == 0
    assert missing(account, PhoneRecordingTranscripts, broken, healed) == []


# SMS sessions


def test_a_session_in_which_something_happens_comes_again_under_its_key(
    account: Simulator, in_process: InProcess
) -> None:
    outputs = [read(in_process, account, PhoneSmsSessions)]
    for _ in range(15):
        account.clock.advance(days=2)
        outputs.append(read(in_process, account, PhoneSmsSessions, outputs[-1]))
        assert outputs[-1].code == 0
    since_first = "2026-11-20"
    want = [row for row in expected(account, PhoneSmsSessions) if row["last_access_time"] >= since_first]
    got = [row for row in rows(PhoneSmsSessions, *outputs) if row["last_access_time"] >= since_first]
    assert canonical(got) == canonical(want)
    came = Counter(record["session_id"] for output in outputs for record in output.records(SESSIONS))
    assert max(came.values()) >= 3
    every = [record for output in outputs for record in output.records(SESSIONS)]
    assert len({(record["session_id"], record["last_access_time"]) for record in every}) == len(every)


@pytest.mark.parametrize("lookback", [0, 2])
def test_a_session_that_zoom_lists_six_days_late_is_not_missed(
    account: Simulator, in_process: InProcess, lookback: int
) -> None:
    config = server_to_server(account, lookback_days=lookback)
    listed = [row for _, row in truth.rows(account.world, SESSIONS)]
    late = max(listed, key=lambda row: row["last_access_time"])

    def hide(body: Json) -> None:
        body["sms_sessions"] = [
            row
            for row in body["sms_sessions"]
            if row["session_id"] != late["session_id"] or row["last_access_time"] != late["last_access_time"]
        ]

    account.faults.change(everywhere(ROUTES[SESSIONS]), hide)
    first = in_process.read(config, [SESSIONS])
    account.clock.advance(days=6)
    account.faults.clear()
    # By then something may have happened in the session itself.
    shown = {row["session_id"]: row["last_access_time"] for _, row in truth.rows(account.world, SESSIONS)}
    account.journal.reset()
    second = in_process.read(config, [SESSIONS], state=first.states)
    assert late["session_id"] not in {record["session_id"] for record in first.records(SESSIONS)}
    assert {
        record["session_id"]: record["last_access_time"] for record in second.records(SESSIONS)
    }.items() >= {(late["session_id"], shown[late["session_id"]])}
    assert asked_days(account, PhoneSmsSessions) <= {"2026-11-12", "2026-11-13"}


def filters(account: Simulator, *, answered: bool = True) -> Counter[str]:
    """By which time Zoom was asked to count, and how often."""
    entries = account.journal.of(SESSIONS)
    queries = [parse_qs(urlsplit(entry.url).query) for entry in entries if (entry.status == 200) == answered]
    return Counter(query.get("filter_type", [""])[0] for query in queries)


def test_zoom_is_not_told_by_which_time_to_count_unless_it_wants_to_be(
    account: Simulator, in_process: InProcess
) -> None:
    assert_complete(account, read(in_process, account, PhoneSmsSessions), PhoneSmsSessions)
    assert set(filters(account)) == {""}


WITHOUT_FILTER = r"^/v2/phone/sms/sessions\?(?!.*filter_type)"


@pytest.mark.parametrize("words", ["Invalid parameter: filter_type.", "Validation Failed."])
def test_where_zoom_wants_a_time_it_is_the_last_message(
    account: Simulator, in_process: InProcess, words: str
) -> None:
    account.faults.reply(WITHOUT_FILTER, 400, {"code": 300, "message": words})
    output = read(in_process, account, PhoneSmsSessions)
    assert output.code == 0
    assert_complete(account, output, PhoneSmsSessions)
    assert output.warnings == []
    assert filters(account) == {"last_message_time": 7}
    assert 1 <= filters(account, answered=False)[""] <= 7


def test_a_month_that_is_refused_either_way_is_named_in_the_first_words(
    account: Simulator, in_process: InProcess
) -> None:
    month = r"^/v2/phone/sms/sessions\?(?=.*from=2026-08-01)"
    account.faults.reply(rf"{month}(?!.*filter_type)", 400, {"code": 300, "message": "Not this month."})
    account.faults.reply(rf"{month}(?=.*filter_type)", 400, {"code": 300, "message": "Nor so."})
    output = read(in_process, account, PhoneSmsSessions)
    assert output.statuses == {SESSIONS: "INCOMPLETE"}
    assert "Not this month." in output.errors[0]["message"]
    assert set(filters(account)) == {""}
    lost = missing(account, PhoneSmsSessions, output)
    assert lost
    assert all('"last_access_time": "2026-08-' in row for row in lost)


# Users


def test_a_page_of_users_holds_a_hundred_and_who_has_no_id_is_left_out_and_counted(
    start: Start, in_process: InProcess
) -> None:
    size = Size(
        users=130, meetings_per_user=0, webinars_per_user=0, unlisted_per_user=0, phone_users_invited=3
    )
    account = start(1, size, clock=still_clock(), plan="unlimited")
    output = read(in_process, account, PhoneUsers)
    assert output.code == 0
    assert output.statuses == {PhoneUsers.stream_name(): "COMPLETE"}
    assert output.warnings == []
    assert_complete(account, output, PhoneUsers)
    entries = asked(account, PhoneUsers)
    assert len(entries) == 2
    assert all("page_size=100" in entry.url for entry in entries)
    (summary,) = (log for log in output.logs if "Summary of phone_users: " in log)
    assert f"3 skipped ({PhoneUsers.without_key}: 3)" in summary


# An account without Zoom Phone


WITHOUT_PHONE = [
    refusals.NO_PHONE,
    refusal(400, 2031, "It is not there."),
    refusal(403, 300, "Zoom Phone has not been enabled for this account."),
]
without_phone = pytest.mark.parametrize("answer", WITHOUT_PHONE, ids=["as seen", "by code", "by words"])


@without_phone
def test_a_check_says_in_one_line_that_there_is_no_zoom_phone(
    account: Simulator, in_process: InProcess, answer: Refusal
) -> None:
    account.faults.reply(ALL_OF_PHONE, *answer)
    check = in_process.check(server_to_server(account))
    assert check.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    (warning,) = (warning for warning in check.warnings if "granular scope" not in warning)
    assert warning.startswith(f"Zoom refuses Zoom Phone, so {', '.join(PHONE)} cannot be read. Zoom refused ")
    assert "Zoom Phone is not enabled for the account" in warning
    assert sum(entry.url.startswith("/v2/phone/") for entry in account.journal.entries) == 1


def test_a_check_of_an_app_for_zoom_phone_alone_fails_where_there_is_none(
    start: Start, in_process: InProcess
) -> None:
    for scopes in (GRANULAR_SCOPES, CLASSIC_SCOPES):
        own = {scope for scope in scopes if scope.startswith("phone:")}
        account = start(1, SIZE, clock=still_clock(), plan="unlimited", scopes=own)
        assert in_process.check(server_to_server(account)).of("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"
        account.faults.reply(ALL_OF_PHONE, *refusals.NO_PHONE)
        (status,) = in_process.check(server_to_server(account)).of("CONNECTION_STATUS")
        assert status["status"] == "FAILED"
        assert "Zoom Phone is not enabled for the account" in status["message"]


def test_a_check_without_a_scope_for_it_asks_nothing_of_zoom_phone(
    start: Start, in_process: InProcess
) -> None:
    others = {scope for scope in GRANULAR_SCOPES if not scope.startswith("phone:")}
    account = start(1, SIZE, clock=still_clock(), plan="unlimited", scopes=others)
    account.faults.reply(ALL_OF_PHONE, *refusals.NO_PHONE)
    check = in_process.check(server_to_server(account))
    assert check.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert not any("Zoom refuses" in warning for warning in check.warnings)
    assert not any(entry.url.startswith("/v2/phone/") for entry in account.journal.entries)


@without_phone
def test_without_zoom_phone_its_streams_say_so_after_one_request_each_and_others_are_read(
    account: Simulator, in_process: InProcess, answer: Refusal
) -> None:
    account.faults.reply(ALL_OF_PHONE, *answer)
    syncs = Syncs(account, in_process, [*PHONE, "groups", "report_activities"])
    for _ in range(2):
        output = syncs.run()
        assert {name for name, status in output.statuses.items() if status != "COMPLETE"} == set(PHONE)
        own = {e["stream_descriptor"]["name"]: e for e in output.errors if "stream_descriptor" in e}
        assert set(own) == set(PHONE)
        assert {error["failure_type"] for error in own.values()} == {"config_error"}
        assert all("Zoom Phone is not enabled for the account" in e["message"] for e in own.values())
        entries = [entry for entry in account.journal.entries if entry.url.startswith("/v2/phone/")]
        assert len(entries) <= len(PHONE)
        lists = {ELEMENTS: CALLS, TEXTS: PhoneRecordings.stream_name()}
        most = Counter(lists.get(name, name) for name in PHONE)
        assert Counter(entry.route for entry in entries) <= most
        account.clock.advance(days=1)
    account.faults.clear()
    # One request tells that there is one now, and the next sync reads.
    assert syncs.run().code == 0
    assert syncs.run().code == 0
    assert syncs.missing() == []


@every_one
def test_one_stream_alone_ends_after_one_request_without_zoom_phone(
    account: Simulator, in_process: InProcess, stream: type[ZoomStream]
) -> None:
    account.faults.reply(ALL_OF_PHONE, *refusals.NO_PHONE)
    output = read(in_process, account, stream)
    assert output.statuses == {stream.stream_name(): "INCOMPLETE"}
    assert output.errors[0]["failure_type"] == "config_error"
    assert len([entry for entry in account.journal.entries if entry.url.startswith("/v2/phone/")]) == 1


# Sync after sync


def test_syncs_of_all_of_them_bring_what_a_first_one_would(start: Start, in_process: InProcess) -> None:
    account = start(
        4, Size(users=3, meetings_per_user=1, calls_a_day=3), clock=still_clock(), plan="unlimited"
    )
    syncs = Syncs(account, in_process, PHONE)
    assert syncs.run().code == 0
    for hours in (5, 7, 30, 1, 50, 24, 90):
        account.clock.advance(hours=hours)
        assert syncs.run().code == 0
    # What is older than six months by now has come before, and Zoom lists it no more.
    for name in PHONE:
        want = canonical(expected(account, CLASSES[name]))
        got = canonical(list(syncs.latest[name].values()))
        assert list((want - got).elements()) == [], name


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_costs_no_row(start: Start, in_process: InProcess, seed: int) -> None:
    in_process.without_waiting()
    faults = Faults(seed, 0.2, tokens=True, slow_seconds=0.01)
    account = start(seed, SIZE, clock=still_clock(), plan="unlimited", faults=faults)
    output = in_process.read(server_to_server(account), PHONE)
    assert output.code == 0
    for name in PHONE:
        assert_complete(account, output, CLASSES[name])
    assert len({entry.fault for entry in account.journal.entries} - {""}) > 4


def heavy_requests(account: Simulator) -> int:
    """How many Zoom has let pass."""
    return sum(entry.label == "HEAVY" for entry in account.journal.answered())


def test_calls_share_the_heavy_requests_of_a_day_with_the_reports_and_get_on_each_day(
    start: Start, in_process: InProcess
) -> None:
    account = busy(start, calls_a_day=60)
    names = [CALLS, "report_activities", "report_operation_logs"]
    needed = truth.least_counts(account.world, names)["HEAVY"]
    account.limits.per_day = {"HEAVY": needed // 3}
    syncs = Syncs(account, in_process, names)
    cursors: list[str] = []
    output = syncs.run()
    while output.code and len(cursors) < 8:
        assert {error["failure_type"] for error in output.errors} == {"transient_error"}
        assert heavy_requests(account) <= needed // 3
        cursors.append(syncs.state(CALLS)[cursor_of(PhoneCallHistory)])
        output = syncs.a_day_later()
    assert output.code == 0
    assert len(cursors) >= 2
    assert cursors == sorted(cursors)
    assert cursors[0] < cursors[-1]
    want = [row for row in expected(account, PhoneCallHistory) if row["start_time"] >= "2026-06"]
    got = {row["call_history_uuid"]: row for row in syncs.latest[CALLS].values()}
    assert [row for row in want if got.get(row["call_history_uuid"]) != row] == []
