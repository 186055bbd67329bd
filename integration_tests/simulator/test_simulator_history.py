"""The account's history of past meetings and webinars."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from integration_tests.simulator.client import Client, Json, Start, error, user_id
from integration_tests.zoom_simulator import Simulator, Size, World, truth
from integration_tests.zoom_simulator.clock import report_windows
from integration_tests.zoom_simulator.history import FEATURES
from integration_tests.zoom_simulator.ids import KINDS, quote_uuid
from integration_tests.zoom_simulator.refusals import no_group

PATH = "/report/history_meetings"
MONTH = {"from": "2026-02-15", "to": "2026-03-15"}


def history(client: Client, **query: str) -> list[Json]:
    return client.rows(PATH, "history_meetings", **{**MONTH, **query})


def uuids(rows: list[Json]) -> set[str]:
    return {row["meeting_uuid"] for row in rows}


def whole_history(simulator: Simulator, client: Client, **query: str) -> list[Json]:
    return [
        row
        for first, last in report_windows(simulator.clock.today())
        for row in history(client, **{"from": first.isoformat(), "to": last.isoformat(), **query})
    ]


def reported(simulator: Simulator, client: Client) -> set[str]:
    """The UUIDs in the lists of all hosts whom the report of hosts names."""
    return {
        row["uuid"]
        for first, last in report_windows(simulator.clock.today())
        for window in ({"from": first.isoformat(), "to": last.isoformat()},)
        for host in client.rows("/report/users", "users", type="active", **window)
        for row in client.rows(f"/report/users/{host['id']}/meetings", "meetings", **window)
    }


def gone_hosts(simulator: Simulator) -> set[str]:
    """The e-mail addresses of those who are in no list of users any more."""
    return {simulator.world.email(user) for user in simulator.world.former_hosts}


def test_the_history_has_what_the_lists_of_all_hosts_have(start: Start) -> None:
    simulator, client = start(Size(users=6))
    rows = whole_history(simulator, client)
    assert len(rows) == len(uuids(rows))
    assert uuids(rows) == reported(simulator, client)


def test_a_row_agrees_with_the_report_of_the_occurrence(start: Start) -> None:
    _, client = start(Size(users=6, growth_hours=4))
    rows = history(client)
    assert {row["type"] for row in rows} == {kind.capitalize() for kind in KINDS}
    for row in rows:
        report = client.get(f"/report/{row['type'].lower()}s/{quote_uuid(row['meeting_uuid'])}").json()
        same = {"start_time": "start_time", "end_time": "end_time", "duration": "duration", "topic": "topic"}
        same |= {"meeting_id": "id", "participants": "participants_count", "host_email": "user_email"}
        same |= {"total_participant_minutes": "total_minutes", "host_display_name": "user_name"}
        assert {name: row[name] for name in same} == {name: report[other] for name, other in same.items()}
        assert not any("host_id" in name for name in row)


def test_the_history_is_paged_and_counts_nothing(start: Start) -> None:
    _, client = start(Size(users=30, past_occurrences=60))
    first = client.get(PATH, **MONTH, page_size=1000).json()
    assert set(first) == {"next_page_token", "page_size", "history_meetings"}
    assert first["page_size"] == len(first["history_meetings"]) == 300
    assert len(history(client)) > 300


def test_the_history_can_be_asked_for_a_part(start: Start) -> None:
    simulator, client = start(Size(users=6))
    world, everything = simulator.world, history(client)
    kinds = [history(client, meeting_type=kind) for kind in KINDS]
    assert [{row["type"] for row in rows} for rows in kinds] == [{"Meeting"}, {"Webinar"}]
    assert uuids(kinds[0]) | uuids(kinds[1]) == uuids(everything)
    for feature in FEATURES:
        with_it = history(client, meeting_feature=feature)
        assert uuids(with_it) == {row["meeting_uuid"] for row in everything if row["feature_used"][feature]}
    one = everything[0]
    assert uuids(history(client, search_key=str(one["meeting_id"]))) == {
        row["meeting_uuid"] for row in everything if row["meeting_id"] == one["meeting_id"]
    }
    assert {row["topic"] for row in history(client, search_key=one["topic"].upper())} == {one["topic"]}
    for group in world.groups:
        inside = {world.email(user) for user in range(6) if world.group_of(user) == group}
        of_group = {row["host_email"] for row in history(client, group_id=group)}
        assert of_group == inside & {row["host_email"] for row in everything}


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_type_selects_what_has_such_data(start: Start, kind: str) -> None:
    _, client = start(Size(users=6))
    with_polls = uuids(history(client, meeting_type=kind, report_type="poll"))
    everything = uuids(history(client, meeting_type=kind, report_type="all"))
    assert with_polls < everything
    for uuid in everything:
        answers = client.get(f"/past_{kind}s/{quote_uuid(uuid)}/polls").json()["questions"]
        assert bool(answers) == (uuid in with_polls)
    for report_type in ("survey", "resource", "reaction"):
        assert uuids(history(client, meeting_type=kind, report_type=report_type)) < everything


def test_days_go_by_start_or_by_end(start: Start) -> None:
    _, client = start(Size(users=6, past_occurrences=60))
    month = history(client)
    over_midnight = next(row for row in month if row["start_time"][:10] < row["end_time"][:10])
    for date_type, other in (("start_time", "end_time"), ("end_time", "start_time")):
        day = over_midnight[date_type][:10]
        rows = history(client, date_type=date_type, **{"from": day, "to": day})
        assert over_midnight["meeting_uuid"] in uuids(rows)
        assert {row[date_type][:10] for row in rows} == {day}
        day = over_midnight[other][:10]
        rows = history(client, date_type=date_type, **{"from": day, "to": day})
        assert over_midnight["meeting_uuid"] not in uuids(rows)
    assert uuids(history(client, date_type="start_time")) == uuids(month)


def test_what_the_history_refuses(start: Start) -> None:
    _, client = start(Size(users=3))
    for wrong in (
        {"meeting_type": "call"},
        {"report_type": "polls"},
        {"date_type": "end"},
        {"meeting_feature": "magic"},
        {"from": "2026-02-01", "to": "2026-03-02"},
        {"from": "2025-09-14", "to": "2025-09-30"},
        {"from": ""},
        {"next_page_token": "forged"},
    ):
        assert error(client.get(PATH, **{**MONTH, **wrong})) == (400, 300)
    refused = client.get(PATH, **MONTH, group_id="nobody's")
    assert (refused.status_code, refused.json()) == no_group("nobody's")


@pytest.mark.parametrize("scope", ["report:read:admin", "report:read:list_history_meetings:admin"])
def test_either_scope_opens_the_history(start: Start, scope: str) -> None:
    _, client = start(Size(users=3), scopes=[scope])
    assert history(client)
    _, client = start(Size(users=3), scopes=["report:read:user:admin"])
    assert error(client.get(PATH, **MONTH)) == (400, 4711)


def test_only_the_history_knows_of_hosts_who_are_gone(start: Start) -> None:
    simulator, client = start(Size(users=4, former_hosts=3))
    world, emails = simulator.world, gone_hosts(simulator)
    theirs = [row for row in whole_history(simulator, client) if row["host_email"] in emails]
    assert {row["host_email"] for row in theirs} == emails
    assert {row["type"] for row in theirs} == {kind.capitalize() for kind in KINDS}
    assert uuids(theirs).isdisjoint(reported(simulator, client))
    for status in ("active", "inactive", "pending"):
        assert emails.isdisjoint(row["email"] for row in client.rows("/users", "users", status=status))
    for user in world.former_hosts:
        assert error(client.get(f"/users/{user_id(world, user)}/meetings")) == (404, 1001)
        assert error(client.get(f"/report/users/{user_id(world, user)}/meetings", **MONTH)) == (404, 1001)
    for row in theirs:
        kind = row["type"].lower()
        assert client.get(f"/report/{kind}s/{quote_uuid(row['meeting_uuid'])}").status_code == 200
        assert error(client.get(f"/{kind}s/{row['meeting_id']}")) == (404, 3001)
        assert error(client.get(f"/past_{kind}s/{row['meeting_id']}/instances")) == (404, 3001)


def known(world: World, kind: str) -> dict[str, object]:
    return {parent["uuid"]: parent["host_id"] for parent, _ in truth.rows(world, f"report_{kind}s")}


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_has_what_gone_hosts_held_and_nothing_else_in_addition(start: Start, kind: str) -> None:
    size = Size(users=4, late_listing_hours=30)
    simulator, client = start(replace(size, former_hosts=3))
    without = start(size)[0]
    emails = gone_hosts(simulator)
    rows = [row for row in whole_history(simulator, client) if row["host_email"] in emails]
    theirs = uuids([row for row in rows if row["type"].lower() == kind])
    found, others = known(simulator.world, kind), known(without.world, kind)
    assert set(found) == theirs | set(others)
    assert {found[uuid] for uuid in theirs} == {None}
    asked = {url for _, url in truth.least_urls(simulator.world, filtered=False)}
    assert sum(url.startswith(PATH) for url in asked) == len(list(report_windows(simulator.clock.today())))


def test_the_history_may_omit_every_nth_occurrence(start: Start) -> None:
    size = Size(users=12, former_hosts=4)
    (whole, client), (gappy, gappy_client) = start(size), start(replace(size, history_omits_every=4))
    everything, rest = uuids(whole_history(whole, client)), uuids(whole_history(gappy, gappy_client))
    assert rest < everything
    assert 0.15 < 1 - len(rest) / len(everything) < 0.35
    lost = set(known(whole.world, "meeting")) - set(known(gappy.world, "meeting"))
    assert lost
    assert lost <= everything - rest
    assert reported(whole, client) == reported(gappy, gappy_client)


@pytest.mark.parametrize("report_type", ["poll", "qa"])
def test_the_filter_may_omit_what_has_such_data(start: Start, report_type: str) -> None:
    size = Size(users=12)
    (_, client), (_, gappy_client) = start(size), start(replace(size, filter_omits_every=2))
    everything = uuids(history(client, report_type=report_type))
    rest = uuids(history(gappy_client, report_type=report_type))
    assert rest < everything
    assert 0.35 < len(rest) / len(everything) < 0.65
    assert history(gappy_client) == history(client)


def test_an_account_may_have_few_polls_and_questions(start: Start) -> None:
    simulator, client = start(Size(users=12, past_occurrences=20, with_poll_results=0.04, with_qna=0.04))
    generous = World(1, Size(users=12, past_occurrences=20), simulator.clock)
    rows = whole_history(simulator, client)
    for report_type, streams in {
        "poll": ("meeting_poll_results", "webinar_poll_results"),
        "qa": ("webinar_qna_results",),
    }.items():
        some, all_ = (occurrences_of(world, streams) for world in (simulator.world, generous))
        assert some < all_
        assert 0.01 < len(some) / len(all_) < 0.1
        selected = uuids(whole_history(simulator, client, report_type=report_type))
        kinds = {stream.partition("_")[0].capitalize() for stream in streams}
        listed = uuids([row for row in rows if row["type"] in kinds])
        assert some & listed == selected & listed
    assert len(list(truth.rows(generous, "meeting_polls"))) == len(
        list(truth.rows(simulator.world, "meeting_polls"))
    )


def occurrences_of(world: World, streams: Iterable[str]) -> set[str]:
    return {parent["uuid"] for stream in streams for parent, _ in truth.rows(world, stream)}


@pytest.mark.parametrize("kind", KINDS)
def test_an_account_may_have_little_registration(start: Start, kind: str) -> None:
    simulator, client = start(Size(users=40, meetings_per_user=28, with_registration=0.1))
    generous = World(1, Size(users=40, meetings_per_user=28), simulator.clock)
    some, all_ = (
        {parent["id"] for parent, _ in truth.rows(world, f"{kind}_questions")}
        for world in (simulator.world, generous)
    )
    assert some < all_
    assert 0.02 < len(some) / len(all_) < 0.2
    assert client.get(f"/{kind}s/{next(iter(some))}/registrants").status_code == 200
    refused = client.get(f"/{kind}s/{next(iter(all_ - some))}/registrants")
    assert "has not registration required" in refused.json()["message"]


def test_what_is_listed_late_is_late_in_the_history_too(start: Start) -> None:
    simulator, client = start(Size(users=3, late_listing_hours=50, late_listing=1))
    _, punctual_client = start(Size(users=3))
    late = uuids(history(punctual_client)) - uuids(history(client))
    assert late
    simulator.clock.advance(hours=50)
    client.log_in()
    assert late <= uuids(history(client))
