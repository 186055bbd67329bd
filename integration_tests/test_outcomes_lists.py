"""Lists that lead to streams: what fails in one costs what hangs on it, and the others are read."""

import re
from typing import Any

import pytest

from integration_tests.completeness import CLASSES
from integration_tests.conftest import STREAM_NAMES, InProcess, Start
from integration_tests.harness import Json
from integration_tests.outcomes import (
    LISTS,
    LISTS_OF_ONE,
    LISTS_OF_THE_ACCOUNT,
    OF_ONE,
    UNREAD,
    WITHHELD,
    Reach,
    Syncs,
    account,
    at,
    behind,
    concerned,
    costliest,
    everywhere,
    ids,
    incomplete,
    name_of,
    route_of,
    said,
    searches,
    warned,
)
from integration_tests.zoom_simulator import truth
from integration_tests.zoom_simulator.refusals import (
    OLD_REPORT,
    Refusal,
    no_meeting,
    no_user,
    refusal,
)
from source_zoom.engine.stream import ACCOUNT_AGE, REPORT_MONTHS, ZoomStream
from source_zoom.streams import STREAMS
from source_zoom.streams.history import ReportHistoryMeetings
from source_zoom.streams.users import Users

# Many syncs of many accounts: minutes.
pytestmark = pytest.mark.storm

READ_AND_PARENT = [kind for kind in LISTS if kind in STREAMS]
# What would be a word about one resource of many, and is none about a list of the whole account.
ANY_REFUSAL = {
    **UNREAD,
    **WITHHELD,
    "no user": no_user("somebody"),
    "nothing": no_meeting(5),
    "left": refusal(400, 1010, "User does not belong to this account."),
    "300": refusal(400, 300, "Invalid something."),
    "3001": refusal(400, 3001, "Not ended."),
}


def without(kind: type[ZoomStream], words: str) -> set[str]:
    """The streams that are incomplete without a list of the account.

    One that the account is not given at all is a way less to past occurrences: that is a WARN and a gap.
    """
    return behind(kind) - (set(truth.PAST) if words == "no permission" else set())


@pytest.mark.parametrize("words", ["unknown", "a page", "no permission", "500"])
@pytest.mark.parametrize(
    ("kind", "which"),
    [*((kind, "") for kind in READ_AND_PARENT), (Users, "(?=.*status=inactive)")],
    ids=lambda value: value if isinstance(value, str) else name_of(value),
)
def test_a_stream_that_others_hang_on_ends_incomplete_when_it_fails(
    start: Start, in_process: InProcess, kind: type[ZoomStream], words: str, which: str
) -> None:
    simulator = account(start)
    in_process.without_waiting()
    # Questions whether Zoom is up, and how far back there are rows, are for a row each.
    paged = rf"^/v2{route_of(kind).path}[?](?=.*page_size={kind.page_size}){which}"
    pattern = paged if kind.page_size else everywhere(route_of(kind))
    simulator.faults.reply(pattern, *UNREAD.get(words, Refusal(500, "")))
    output = Syncs(simulator, in_process, concerned(kind)).run()
    assert output.code == 1
    assert output.statuses[name_of(kind)] == "INCOMPLETE"
    of_stream = [e for e in output.errors if e.get("stream_descriptor", {}).get("name") == name_of(kind)]
    assert of_stream
    assert f"GET {route_of(kind).path.strip('/')}" in of_stream[0]["message"]
    assert incomplete(output) >= (behind(kind) if which else without(kind, words))


# Each refusal of one list that the search needs, and of each list two that mean other things elsewhere.
REFUSED_LISTS = [
    pytest.param(kind, words, id=f"{name_of(kind)}-{words}")
    for kind in LISTS_OF_THE_ACCOUNT
    for words in ANY_REFUSAL
    if kind is Users or words in ("nothing", "no permission")
]


@pytest.mark.parametrize(("kind", "words"), REFUSED_LISTS)
def test_a_refused_list_of_the_whole_account_is_no_empty_success(
    start: Start, in_process: InProcess, kind: type[ZoomStream], words: str
) -> None:
    if (name_of(kind), words) == ("report_hosts", "no permission"):
        pytest.skip("then every user is asked, which is a test of its own")
    simulator = account(start)
    in_process.without_waiting()
    aim = simulator.faults.reply(everywhere(route_of(kind)), *ANY_REFUSAL[words])
    syncs = Syncs(simulator, in_process, concerned(kind))
    output = syncs.run()
    assert output.code == 1
    assert incomplete(output) >= without(kind, words)
    is_way_refused = any(log.startswith("WARN Without the ") for log in output.logs)
    assert is_way_refused == (words == "no permission" and bool(behind(kind) & set(truth.PAST)))
    assert name_of(kind) in output.errors[-1]["message"] or route_of(kind).path.strip("/") in said(output)
    simulator.faults.forget(aim)
    assert syncs.a_day_later().code == 0
    if words == "no permission" and kind.months is not None:
        # One request has shown that the account is given it now.
        assert syncs.a_day_later().code == 0
    assert syncs.missing() == []


def test_hosts_whom_nobody_may_list_are_asked_one_by_one(start: Start, in_process: InProcess) -> None:
    simulator = account(start)
    for kind in LISTS_OF_THE_ACCOUNT:
        if kind not in STREAMS and behind(kind) & set(truth.PAST):
            simulator.faults.reply(everywhere(route_of(kind)), *UNREAD["no permission"])
    syncs = Syncs(simulator, in_process)
    output = syncs.run()
    assert output.code == 0
    assert syncs.missing() == []


@pytest.mark.parametrize("kind", ids(LISTS_OF_THE_ACCOUNT))
def test_a_month_beyond_the_reports_is_gone(
    start: Start, in_process: InProcess, kind: type[ZoomStream]
) -> None:
    """The one word that is believed of a list of the account: the window is too old."""
    if kind.months != REPORT_MONTHS:
        pytest.skip("it is no report")
    simulator = account(start)
    today = simulator.clock.today()
    simulator.faults.reply(rf"^/v2{route_of(kind).path}[?].*from=2026-05-20", *OLD_REPORT)
    syncs = Syncs(simulator, in_process)
    output = syncs.run()
    assert output.code == 0
    assert any(log.startswith("WARN ") and "2026-05-20" in log for log in output.logs)
    assert today.isoformat() == "2026-11-20"
    # The rest of that month is asked for all the same.
    assert syncs.asked(rf"^/v2{route_of(kind).path}[?].*from=2026-05-21")


def without_key(kind: type[ZoomStream]) -> Any:
    """Take the keys away from the first row of an answer, under whatever names they stand in it."""
    own = [name for name in kind.key_fields() if name not in kind.inherits and name != "row_id"]

    def change(body: Json) -> None:
        rows = body[kind.record_key] if kind.record_key else [body]
        keys = [rows[0][name] for name in own if name in rows[0]] if rows else []
        for name in [name for row in rows[:1] for name, value in row.items() if value in keys]:
            del rows[0][name]

    return change


def no_objects(kind: type[ZoomStream]) -> Any:
    def change(body: Json) -> None:
        body[kind.record_key][:0] = ["a text", 5, None, ["a list"]]

    return change


@pytest.mark.parametrize("kind", ids([kind for kind in OF_ONE + LISTS_OF_THE_ACCOUNT if kind.record_key]))
def test_rows_that_are_no_objects_cost_no_other_row(
    start: Start, in_process: InProcess, kind: type[ZoomStream]
) -> None:
    simulator = account(start)
    # What is a stream as well is read twice, and a question how far back there are rows comes to nothing.
    times = None if kind in READ_AND_PARENT or kind.months == ACCOUNT_AGE else 1
    simulator.faults.change(searches(route_of(kind)), no_objects(kind), times=times)
    syncs = Syncs(simulator, in_process, concerned(kind))
    output = syncs.run()
    assert syncs.missing() == []
    assert output.code == 1
    assert incomplete(output) == behind(kind)
    assert "that are no objects" in said(output)
    assert "The others were read." in said(output)


@pytest.mark.parametrize("kind", ids([kind for kind in LISTS if kind.record_key]))
def test_a_row_without_a_key_costs_what_hangs_on_it_alone(
    start: Start, in_process: InProcess, kind: type[ZoomStream]
) -> None:
    simulator = account(start)
    route = route_of(kind)
    lost: dict[str, Json] = {}
    take_key = without_key(kind)

    def change(body: Json) -> None:
        rows = body[kind.record_key]
        # What is a stream as well is read twice, and is to be the same both times.
        if rows and (not lost or rows[0] in lost.values()):
            lost["row"] = dict(rows[0])
            take_key(body)

    simulator.faults.change(searches(route), change)
    syncs = Syncs(simulator, in_process, concerned(kind))
    output = syncs.run()
    assert lost
    assert output.code == 1
    assert incomplete(output) == behind(kind)
    assert "The others were read." in said(output)
    missing = syncs.missing(left_without(syncs, kind, lost["row"]))
    assert missing == []
    simulator.faults.clear()
    assert syncs.a_day_later().code == 0
    assert syncs.missing() == []


def left_without(syncs: Syncs, kind: type[ZoomStream], row: Json) -> Any:
    """What there is to read when one row of a list has no key."""
    world = syncs.simulator.world
    # Its children are refused instead: what hangs on the row is not found by way of it.
    children = [name_of(child) for child in LISTS_OF_ONE if kind in child.parent_classes()]
    refused = {route_of(child).name: {row.get("id")} for child in LISTS_OF_ONE if name_of(child) in children}
    if kind in STREAMS:
        refused[name_of(kind)] = {row[kind.key_fields()[0]]}
    # What the history names is named by others as well.
    if not children and kind is not ReportHistoryMeetings:
        # The row is an occurrence or a meeting: nobody else may have named it.
        found = row[kind.key_fields()[0]]
        refused |= {name: {found} for name in STREAM_NAMES if behind(kind) & {name}}
    elif kind not in LISTS_OF_THE_ACCOUNT:
        refused |= {name: {row["id"]} for name in STREAM_NAMES if kind in CLASSES[name].parent_classes()}
    return Reach(world, refused).rows(syncs.streams)


@pytest.mark.parametrize("words", ["unknown", "a page"])
@pytest.mark.parametrize("kind", ids([kind for kind in OF_ONE if kind.record_key and kind.page_size]))
def test_a_refused_second_page_costs_that_page_alone(
    start: Start, in_process: InProcess, kind: type[ZoomStream], words: str
) -> None:
    simulator = account(start)
    in_process.without_waiting()
    route = route_of(kind)
    resource = costliest(simulator, route)
    # A made-up token says that there is another page, so none of the rows is on it.
    simulator.faults.change(at(route, resource), lambda body: {**body, "next_page_token": "one-more"})
    second = rf"^/v2{re.escape(route.url(resource))}[?].*page@invalid"
    simulator.faults.reply(second, *UNREAD[words])
    syncs = Syncs(simulator, in_process, concerned(kind))
    output = syncs.run()
    assert syncs.asked(second)
    if words == "unknown" and kind in STREAMS and not kind.has_cursor():
        # There is no state to remember one of many by, so it does not end every sync in an error.
        assert (output.code, warned(output, kind, "refused by Zoom")) == (0, 1)
    else:
        assert output.code == 1
        assert incomplete(output) == behind(kind)
        assert route.url(resource).lstrip("/") in said(output)
    # What has several queries is not asked for the second where the first one fails.
    variants = {(name_of(kind), resource)} if len(kind.query_variants) > 1 else set()
    assert set(syncs.missing()) <= variants
    simulator.faults.clear()
    assert syncs.a_day_later().code == 0
    assert syncs.missing() == []


@pytest.mark.parametrize("words", ["unknown", "a page"])
@pytest.mark.parametrize("kind", ids([kind for kind in LISTS_OF_THE_ACCOUNT if kind.page_size]))
def test_a_refused_second_page_of_the_account_costs_what_it_would_name(
    start: Start, in_process: InProcess, kind: type[ZoomStream], words: str
) -> None:
    simulator = account(start)
    in_process.without_waiting()
    pattern = everywhere(route_of(kind))
    simulator.faults.change(pattern, lambda body: {**body, "next_page_token": "one-more"})
    simulator.faults.reply(rf"{pattern}.*page@invalid", *UNREAD[words])
    syncs = Syncs(simulator, in_process, concerned(kind))
    output = syncs.run()
    assert output.code == 1
    assert incomplete(output) == behind(kind)
    assert route_of(kind).path.strip("/") in said(output)
    # The rows of the first pages have come, and what hangs on them.
    assert syncs.missing() == []
    simulator.faults.clear()
    assert syncs.a_day_later().code == 0
    assert syncs.missing() == []
