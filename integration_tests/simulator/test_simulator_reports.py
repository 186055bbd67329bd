"""Zoom's reports by time."""

import pytest

from integration_tests.simulator.client import Client, Start, user_id
from integration_tests.zoom_simulator import Size, World, truth
from integration_tests.zoom_simulator.ids import quote_uuid
from integration_tests.zoom_simulator.world import UNLISTED


@pytest.mark.parametrize("path", ["/report/users", "/report/users/{}/meetings"])
@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        ("2025-09-15", "2025-09-30", 200),
        ("2025-09-14", "2025-09-30", 400),
        ("2026-01-01", "2026-02-01", 200),
        ("2026-01-01", "2026-02-02", 400),
        ("2026-02-02", "2026-02-01", 400),
        ("2026-02-02", "", 400),
        ("", "2026-02-02", 400),
    ],
)
def test_report_windows(client: Client, world: World, path: str, first: str, last: str, status: int) -> None:
    query = {key: value for key, value in (("from", first), ("to", last)) if value}
    response = client.get(path.format(user_id(world, 0)), **query)
    assert response.status_code == status
    assert status == 200 or response.json()["code"] == 300
    assert status == 200 or "errors" in response.json() or "recent 6 months" in response.json()["message"]


def test_report_days_are_inclusive(client: Client, world: World) -> None:
    path = f"/report/users/{user_id(world, 0)}/meetings"
    month = client.rows(path, "meetings", **{"from": "2026-02-15", "to": "2026-03-14"})
    days = [str(row["start_time"])[:10] for row in month]
    for day in set(days):
        rows = client.rows(path, "meetings", **{"from": day, "to": day})
        assert len(rows) == days.count(day)
    assert {row["type"] for row in month} & {5, 6, 9}
    assert {row["type"] for row in month} & {1, 2, 3, 8}


def test_the_hosts_report_names_who_hosted(client: Client, world: World) -> None:
    window = {"from": "2026-02-15", "to": "2026-03-15"}
    active = {row["id"] for row in client.rows("/report/users", "users", type="active", **window)}
    idle = {row["id"] for row in client.rows("/report/users", "users", type="inactive", **window)}
    assert user_id(world, 1) in active
    assert active.isdisjoint(idle)
    assert len(active | idle) == 6
    assert {row["id"] for row in client.rows("/report/users", "users", **window)} == idle


def test_reports_may_list_an_occurrence_late(start: Start) -> None:
    simulator, client = start(Size(users=5, report_delay_hours=3))
    world = simulator.world
    just_ended = world.uuid(world.occurrence(world.series("meeting", 0, UNLISTED), 0))
    window = {"from": "2026-03-15", "to": "2026-03-15"}

    def reported() -> tuple[set[str], int, bool]:
        rows = client.rows(f"/report/users/{user_id(world, 0)}/meetings", "meetings", **window)
        hosts = client.rows("/report/users", "users", type="active", **window)
        known = {parent["uuid"] for parent, _ in truth.rows(world, "report_meetings")}
        held = sum(row["meetings"] for row in hosts if row["id"] == user_id(world, 0))
        return {row["uuid"] for row in rows}, held, just_ended in known

    before, held_before, was_known = reported()
    assert client.get(f"/report/meetings/{quote_uuid(just_ended)}").status_code == 200
    assert just_ended not in before
    assert not was_known
    simulator.clock.advance(hours=3)
    client.log_in()
    after, held_after, is_known = reported()
    assert just_ended in after
    assert held_after > held_before
    assert is_known
