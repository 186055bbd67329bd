"""Meetings and webinars, and their past occurrences."""

from typing import Any
from urllib.parse import quote

from integration_tests.simulator.client import Client, Start, error, listed, user_id
from integration_tests.zoom_simulator import World
from integration_tests.zoom_simulator.ids import needs_double_encoding, quote_uuid


def test_details(client: Client, world: World) -> None:
    path = f"/meetings/{world.series('meeting', 0, 1).id}"
    ahead = client.get(path).json()
    everything = client.get(path, show_previous_occurrences="true").json()
    assert len(everything["occurrences"]) > len(ahead["occurrences"]) > 0
    assert ahead["start_url"]
    assert ahead["dynamic_host_key"]
    assert "start_time" not in client.get(f"/meetings/{listed(world, 'meeting', type=3)}").json()


def test_a_deleted_meeting_is_gone_everywhere(client: Client, world: World) -> None:
    common = ("", "/registrants", "/polls", "/registrants/questions")
    for kind, paths in {"meeting": common, "webinar": (*common, "/panelists", "/tracking_sources")}.items():
        series = next(s for s in world.own_listed(kind, 0, world.now()) if s.gone)  # type: ignore[arg-type]
        ids = {row["id"] for row in client.rows(f"/users/{user_id(world, 0)}/{kind}s", f"{kind}s")}
        assert series.id in ids
        for path in paths:
            assert error(client.get(f"/{kind}s/{series.id}{path}")) == (404, 3001)
        assert error(client.get(f"/past_{kind}s/{series.id}/instances")) == (404, 3001)


def test_registration_and_polls_can_be_off(client: Client, world: World) -> None:
    closed = listed(world, "meeting", registers=False)
    no_registrants = client.get(f"/meetings/{closed}/registrants")
    assert error(no_registrants) == (400, 300)
    assert no_registrants.json()["message"] == f"This meeting has not registration required: {closed}"
    no_questions = client.get(f"/meetings/{closed}/registrants/questions")
    assert error(no_questions) == (400, 3000)
    assert no_questions.json()["message"] == f"Registration has not been enabled for this meeting: {closed}."
    closed_webinar = f"/webinars/{listed(world, 'webinar', registers=False)}/registrants"
    assert error(client.get(closed_webinar)) == (400, 300)
    assert "has not registration required" in client.get(closed_webinar).json()["message"]
    assert error(client.get(f"{closed_webinar}/questions")) == (400, 3000)
    assert error(client.get(f"/meetings/{listed(world, 'meeting', polls='off')}/polls")) == (400, 4400)
    assert error(client.get(f"/webinars/{listed(world, 'webinar', polls='off')}/polls")) == (400, 4400)
    assert error(client.get(f"/meetings/{listed(world, 'meeting', polls='none')}/polls")) == (404, 404)
    assert client.get(f"/webinars/{listed(world, 'webinar', polls='none')}/polls").json()["polls"] == []


def test_ids_of_the_other_kind(client: Client, world: World) -> None:
    webinar, meeting = listed(world, "webinar"), listed(world, "meeting")
    assert error(client.get(f"/meetings/{webinar}")) == (400, 3000)
    assert error(client.get(f"/meetings/{webinar}/registrants")) == (400, 300)
    assert error(client.get(f"/webinars/{meeting}")) == (400, 300)
    assert error(client.get(f"/report/webinars/{meeting}")) == (404, 3001)


def past_uuids(world: World, kind: Any = "meeting") -> list[str]:
    return [world.uuid(o) for user in range(6) for o in world.known(kind, user, world.now())]


def test_uuids_must_be_encoded_by_the_rule(client: Client, world: World) -> None:
    uuids = past_uuids(world)
    awkward = [uuid for uuid in uuids if needs_double_encoding(uuid)]
    plain = [uuid for uuid in uuids if "/" in uuid and uuid not in awkward]
    assert awkward
    assert plain
    for uuid in awkward:
        once = quote(uuid, safe="")
        assert client.get(f"/report/meetings/{quote(once, safe='')}").json()["uuid"] == uuid
        wrong = client.get(f"/report/meetings/{once}")
        assert error(wrong) == (404, 3001)
        assert wrong.json()["message"] == f"Meeting {once} not found or has expired."
        assert error(client.get(f"/past_webinars/{once}/qa")) == (404, 3001)
    for uuid in plain:
        once = quote(uuid, safe="")
        assert client.get(f"/report/meetings/{once}").json()["uuid"] == uuid
        assert client.get(f"/report/meetings/{quote(once, safe='')}").json()["uuid"] == uuid


def test_a_number_means_the_latest_occurrence(client: Client, world: World) -> None:
    id_ = world.series("meeting", 0, 1).id
    instances = client.get(f"/past_meetings/{id_}/instances").json()["meetings"]
    latest = max(instances, key=lambda row: str(row["start_time"]))
    assert len(instances) > 1
    assert client.get(f"/report/meetings/{id_}").json()["uuid"] == latest["uuid"]
    assert client.get(f"/past_meetings/{id_}/polls").json()["uuid"] == latest["uuid"]


def test_instances_reach_back_fifteen_months_and_the_rest_a_year(client: Client, world: World) -> None:
    series = world.series("meeting", 0, 0)
    rows = client.get(f"/past_meetings/{series.id}/instances").json()["meetings"]
    assert len(rows) < sum(1 for _ in world.ended(series, world.now()))
    assert min(row["start_time"] for row in rows) >= "2024-12-15"
    old = [row["uuid"] for row in rows if row["start_time"] < "2025-03-15"]
    assert old
    for path, message in (
        ("/report/meetings/{}", "Can not access meeting a year ago."),
        ("/report/meetings/{}/participants", "Can not access meeting a year ago."),
        ("/past_meetings/{}/polls", "Can not access a meeting a year ago."),
    ):
        refused = client.get(path.format(quote_uuid(old[0])))
        assert error(refused) == (400, 12702)
        assert refused.json()["message"] == message


def test_what_was_never_held_has_no_instances(client: Client, world: World) -> None:
    answers = {
        client.get(f"/past_meetings/{series.id}/instances").status_code
        for series in world.own_listed("meeting", 0, world.now())
        if not series.past and series.slot < 20 and not series.gone
    }
    assert answers == {200, 404}


def test_an_occurrence_exists_once_it_has_ended(start: Start) -> None:
    simulator, client = start()
    world = simulator.world
    path = f"/past_meetings/{world.series('meeting', 0, 1).id}/instances"
    uuid = client.get(f"/meetings/{world.series('meeting', 0, 1).id}").json()["uuid"]
    assert error(client.get(f"/report/meetings/{quote_uuid(uuid)}")) == (404, 3001)
    before = client.get(path).json()["meetings"]
    simulator.clock.advance(days=2)
    client.log_in()
    after = client.get(path).json()["meetings"]
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert client.get(f"/meetings/{world.series('meeting', 0, 1).id}").json()["uuid"] != uuid


def test_a_lonely_host_is_not_reported(client: Client, world: World) -> None:
    alone = next(
        o for o in world.known("meeting", 0, world.now()) if o.solo and o.start > world.now() - 20 * 86400
    )
    quoted = quote_uuid(world.uuid(alone))
    assert client.get(f"/report/meetings/{quoted}").status_code == 200
    assert client.get(f"/report/meetings/{quoted}/participants").json()["participants"] == []
    path = f"/report/users/{user_id(world, 0)}/meetings"
    rows = client.rows(path, "meetings", **{"from": "2026-02-15", "to": "2026-03-15"})
    assert rows
    assert world.uuid(alone) not in {row["uuid"] for row in rows}


def test_attendance_is_final_after_two_hours(start: Start) -> None:
    simulator, client = start()
    occurrence = next(
        simulator.world.ended(simulator.world.series("meeting", 0, 1 << 16), simulator.world.now())
    )
    path = f"/report/meetings/{quote_uuid(simulator.world.uuid(occurrence))}/participants"
    early = client.get(path).json()["participants"]
    simulator.clock.advance(hours=2)
    client.log_in()
    late = client.get(path).json()["participants"]
    assert early != late
    assert any(row["duration"] == 0 and row["status"] == "in_meeting" for row in early)
    final = [{**row, "leave_time": "", "duration": 0} for row in late]
    assert [{**row, "leave_time": "", "duration": 0} for row in early] == final


def test_registrant_ids_only_on_request(client: Client, world: World) -> None:
    path = f"/report/meetings/{world.series('meeting', 0, 1).id}/participants"
    assert not any("registrant_id" in row for row in client.get(path).json()["participants"])
    asked = client.get(path, include_fields="registrant_id").json()["participants"]
    assert all("registrant_id" in row for row in asked)


def test_absentees(client: Client, world: World) -> None:
    held = client.get(f"/past_webinars/{world.series('webinar', 0, 0).id}/absentees", page_size=300).json()
    assert held["total_records"] > 0
    assert held["registrants"][0]["status"] == "approved"
    closed = next(o for o in world.known("webinar", 0, world.now()) if not o.series.pattern.registers)
    assert error(client.get(f"/past_webinars/{quote_uuid(world.uuid(closed))}/absentees")) == (400, 3000)
