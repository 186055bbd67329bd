"""Accounts that live: what Zoom writes, counts and lists only some time after an occurrence has ended."""

from dataclasses import replace

import pytest

from integration_tests.simulator.client import NOW, Client, Json, Start, user_id
from integration_tests.zoom_simulator import Clock, Simulator, Size, World, truth
from integration_tests.zoom_simulator.clock import HOUR, report_windows
from integration_tests.zoom_simulator.ids import KINDS, quote_uuid
from integration_tests.zoom_simulator.plans import UNLISTED, Occurrence

WEEK = {"from": "2026-03-09", "to": "2026-03-15"}
ROW = ("meetings", "participants", "meeting_minutes")


def later(simulator: Simulator, client: Client, hours: float) -> None:
    simulator.clock.advance(hours=hours)
    client.log_in()


def just_ended(world: World) -> Occurrence:
    """The instant meeting of user 0 that has ended half an hour before the clock begins."""
    return world.occurrence(world.series("meeting", 0, UNLISTED), 0)


def listed_of(client: Client, world: World, user: int = 0, **query: str) -> list[Json]:
    path = f"/report/users/{user_id(world, user)}/meetings"
    return client.rows(path, "meetings", **{**WEEK, "type": "past", **query})


def row_of(client: Client, world: World, user: int = 0, **query: str) -> Json:
    """What the report of hosts says about a user."""
    hosts = client.rows("/report/users", "users", **{**WEEK, "type": "active", **query})
    return next((host for host in hosts if host["id"] == user_id(world, user)), dict.fromkeys(ROW, 0))


def counted(rows: list[Json]) -> Json:
    """The row that a host with this list must have."""
    return {
        "meetings": len(rows),
        "participants": sum(row["participants_count"] for row in rows),
        "meeting_minutes": sum(row["duration"] for row in rows),
    }


def numbers(row: Json) -> Json:
    return {name: row[name] for name in ROW}


def everything(client: Client, world: World, user: int = 0, **query: str) -> list[Json]:
    return listed_of(client, world, user, **query) + listed_of(client, world, user, type="pastOne", **query)


def test_attendance_grows_with_the_rows_that_count_it(start: Start) -> None:
    simulator, client = start(Size(users=3, growth_hours=4, participants=40))
    world = simulator.world
    uuid = world.uuid(just_ended(world))
    report = f"/report/meetings/{quote_uuid(uuid)}"
    seen = []
    for _ in range(6):
        row = next(row for row in listed_of(client, world) if row["uuid"] == uuid)
        people = client.rows(f"{report}/participants", "participants")
        detail = client.get(report).json()
        assert all(person["join_time"] <= person["leave_time"] <= row["end_time"] for person in people)
        counts = ("participants_count", "duration", "end_time", "total_minutes")
        assert {name: row[name] for name in counts} == {name: detail[name] for name in counts}
        assert numbers(row_of(client, world)) == counted(everything(client, world))
        known = {parent["uuid"]: row for parent, row in truth.rows(world, "report_meetings")}
        assert known[uuid] == detail
        seen.append((row["participants_count"], row["duration"], len(people)))
        later(simulator, client, 1)
    assert seen == sorted(seen)
    assert len(set(seen)) == 5
    assert seen[-1][1] == just_ended(world).series.minutes


def views(client: Client, world: World) -> tuple[Json, Json]:
    """What the row of the first host says, and what his lists add up to."""
    return numbers(row_of(client, world)), counted(everything(client, world))


def test_lists_may_follow_their_rows_and_rows_their_lists(start: Start) -> None:
    size = Size(users=3, growth_hours=4, participants=40)
    accounts = [start(one) for one in (size, replace(size, list_lag_hours=5), replace(size, row_lag_hours=5))]
    seen = []
    for _ in range(16):
        seen.append([views(client, simulator.world) for simulator, client in accounts])
        for simulator, client in accounts:
            later(simulator, client, 1)
    for before, after in zip(seen, seen[5:], strict=False):
        (row, listed), (punctual_row, late_list), (late_row, punctual_list) = after
        assert row == listed == punctual_row == punctual_list
        assert late_list == late_row == before[0][0]
    assert any(late_list != row for _, (row, late_list), _ in seen)


def test_the_truth_waits_for_the_later_one_of_list_and_row(start: Start) -> None:
    for list_lag, row_lag in ((5, 0), (0, 5), (5, 3)):
        simulator, client = start(Size(users=3, list_lag_hours=list_lag, row_lag_hours=row_lag))
        uuid = simulator.world.uuid(just_ended(simulator.world))
        for hours, expected in ((0, False), (4, False), (1, True)):
            later(simulator, client, hours)
            assert (uuid in known_meetings(simulator)) is expected


def test_the_row_of_a_host_may_never_change(start: Start) -> None:
    simulator, client = start(Size(users=3, growth_hours=4, frozen_rows=1))
    rows, lists = zip(*(one_day_later(simulator, client) for _ in range(3)), strict=True)
    assert rows[0]["meetings"] == 1
    assert rows[0] == rows[1] == rows[2]
    assert lists[0] != lists[2]


def one_day_later(simulator: Simulator, client: Client) -> tuple[Json, Json]:
    later(simulator, client, 24)
    days = {"from": "2026-03-14", "to": "2026-03-20"}
    world = simulator.world
    return numbers(row_of(client, world, 0, **days)), counted(everything(client, world, 0, **days))


def test_a_share_of_the_rows_may_never_change() -> None:
    clock = Clock(NOW, running=False)
    size = Size(users=200, webinars_per_user=0)
    one, other = (World(1, replace(size, frozen_rows=share), clock) for share in (0, 0.1))
    days = clock.today().replace(day=1), clock.today()
    pairs = list(zip(one.hosts(*days, one.now()), other.hosts(*days, other.now()), strict=True))
    assert 0.05 < sum(row != frozen for row, frozen in pairs) / len(pairs) < 0.15


def test_a_part_of_the_occurrences_may_be_listed_late(start: Start) -> None:
    size = Size(users=3, past_occurrences=30)
    late_size = replace(size, late_listing_hours=50, late_listing=0.3)
    (punctual, client), (late, late_client) = start(size), start(late_size)
    hidden = uuids(everything(client, punctual.world)) - uuids(everything(late_client, late.world))
    assert 0 < len(hidden) < len(recent(punctual, hours=50))
    assert hidden < recent(punctual, hours=50)
    assert numbers(row_of(late_client, late.world)) == counted(everything(late_client, late.world))
    later(late, late_client, 50)
    assert hidden <= uuids(everything(late_client, late.world))


def test_what_is_listed_late_is_known_by_then_and_can_be_read_before(start: Start) -> None:
    simulator, client = start(Size(users=3, late_listing_hours=50, late_listing=1))
    uuid = simulator.world.uuid(just_ended(simulator.world))
    assert client.get(f"/report/meetings/{quote_uuid(uuid)}").status_code == 200
    for hours, expected in ((0, False), (49, False), (1, True)):
        later(simulator, client, hours)
        assert (uuid in known_meetings(simulator)) is expected
        assert (uuid in uuids(listed_of(client, simulator.world))) is expected


def uuids(rows: list[Json]) -> set[str]:
    return {row["uuid"] for row in rows}


def known_meetings(simulator: Simulator) -> set[str]:
    return {parent["uuid"] for parent, _ in truth.rows(simulator.world, "report_meetings")}


def recent(simulator: Simulator, hours: float) -> set[str]:
    """The occurrences of the first user that have ended in the last hours."""
    world, now = simulator.world, simulator.world.now()
    return {
        world.uuid(occurrence)
        for kind in KINDS
        for series in world.all_series(kind, 0)
        for occurrence in world.ended(series, now)
        if occurrence.end > now - hours * HOUR
    }


@pytest.mark.parametrize("without_solo", [False, True])
def test_rows_count_what_one_person_attended_or_not(start: Start, *, without_solo: bool) -> None:
    simulator, client = start(Size(users=8, rows_without_solo=without_solo))
    world = simulator.world
    month = {"from": "2026-02-15", "to": "2026-03-15"}
    hosts = [user for user in range(8) if world.is_licensed(user) and not world.is_deleted(user)]
    alone = {user: listed_of(client, world, user, **{**month, "type": "pastOne"}) for user in hosts}
    assert any(alone.values())
    for user in hosts:
        counted_too = [] if without_solo else alone[user]
        assert numbers(row_of(client, world, user, **month)) == counted(
            listed_of(client, world, user, **month) + counted_too
        )


def test_recurring_meetings_can_take_place_every_day_in_some_hours(start: Start) -> None:
    simulator, client = start(Size(users=6, unlisted_per_user=0, past_occurrences=2, daily_hours=6))
    world = simulator.world
    later(simulator, client, 24)
    held = []
    for day in ("2026-03-14", "2026-03-15"):
        window = {"from": day, "to": day}
        rows = [row for user in range(6) for row in listed_of(client, world, user, **window)]
        often = [row for row in rows if row["type"] in (3, 8, 9)]
        held.append({row["id"] for row in often})
        assert len(held[-1]) == len(often)
        # What has no fixed time may begin a tenth of a day earlier.
        assert all("10:00" <= row["start_time"][11:16] <= "18:30" for row in often)
    assert len(held[0] & held[1]) > 6


def test_a_meeting_is_listed_and_counted_once_it_has_ended(start: Start) -> None:
    simulator, client = start(Size(users=3, growth_hours=4))
    world = simulator.world
    running = next(
        occurrence
        for series in world.all_series("meeting", 0)
        for occurrence in world.occurrences(series, world.now(), world.now() + 8 * HOUR)
        if occurrence.start > world.now() and not occurrence.cancelled and not occurrence.solo
    )
    hours = (running.start - world.now()) / HOUR
    later(simulator, client, hours)
    before = row_of(client, world)
    later(simulator, client, (running.series.minutes - 1) / 60)
    assert world.uuid(running) not in {row["uuid"] for row in listed_of(client, world)}
    assert row_of(client, world)["meetings"] == before["meetings"]
    later(simulator, client, 1 / 60)
    assert world.uuid(running) in {row["uuid"] for row in listed_of(client, world)}
    assert row_of(client, world)["meetings"] > before["meetings"]


def test_the_row_of_a_host_is_what_his_lists_add_up_to(start: Start) -> None:
    simulator, client = start(Size(users=6, past_occurrences=20))
    world = simulator.world
    for first, last in list(report_windows(simulator.clock.today()))[-2:]:
        window = {"from": first.isoformat(), "to": last.isoformat()}
        rows = client.rows("/report/users", "users", type="active", **window)
        assert rows
        for row in rows:
            user = world.find_user(row["id"])
            assert user is not None
            assert numbers(row) == counted(everything(client, world, user, **window))
