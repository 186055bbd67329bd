"""Users, the lists of their meetings and webinars, and how lists are paged."""

from collections import Counter
from datetime import UTC, datetime

from integration_tests.simulator.client import NOW, Client, Start, error, user_id
from integration_tests.zoom_simulator import Simulator, World, truth


def test_users_are_active_unless_asked_otherwise(client: Client) -> None:
    active = client.rows("/users", "users")
    assert {user["status"] for user in active} == {"active"}
    assert {user["status"] for user in client.rows("/users", "users", status="inactive")} == {"inactive"}
    assert not any("id" in user for user in client.rows("/users", "users", status="pending"))
    assert error(client.get("/users", status="gone")) == (400, 300)
    assert not any({"custom_attributes", "host_key"} & set(user) for user in active)
    assert "host_key" in client.rows("/users", "users", include_fields="host_key")[0]
    assert "custom_attributes" in client.rows("/users", "users", include_fields="custom_attributes")[0]
    assert error(client.get("/users", include_fields="custom_attributes,host_key")) == (400, 300)


def test_users_without_license_plan_or_account(client: Client, world: World) -> None:
    assert error(client.get(f"/users/{user_id(world, 2)}/meetings")) == (400, 3161)
    missing = client.get(f"/users/{user_id(world, 2)}/webinars")
    assert error(missing) == (400, 200)
    assert missing.json()["message"].startswith("Webinar plan is missing.")
    assert error(client.get(f"/users/{user_id(world, 3)}/webinars")) == (200, 200)
    gone = user_id(world, 4)
    assert gone in {user["id"] for user in client.rows("/users", "users")}
    assert error(client.get(f"/users/{gone}/meetings")) == (404, 1001)
    assert error(client.get(f"/users/{gone}/webinars")) == (404, 1001)
    assert client.get(f"/users/{world.email(0)}/meetings").status_code == 200


def test_an_alternative_host_lists_the_meeting_of_its_host(client: Client, world: World) -> None:
    first = {row["id"]: row for row in client.rows(f"/users/{user_id(world, 0)}/meetings", "meetings")}
    second = {row["id"]: row for row in client.rows(f"/users/{user_id(world, 1)}/meetings", "meetings")}
    shared = set(first) & set(second)
    assert len(shared) == 1
    assert second[shared.pop()]["host_id"] == user_id(world, 0)


def test_a_meeting_may_stand_twice_in_one_list(client: Client, world: World) -> None:
    rows = client.rows(f"/users/{user_id(world, 0)}/meetings", "meetings")
    times = Counter(row["id"] for row in rows)
    assert times[world.series("meeting", 0, 1).id] == 2
    assert times[world.series("meeting", 0, 0).id] == 1
    once = Counter(row["id"] for _, row in truth.rows(world, "meetings"))
    assert once[world.series("meeting", 0, 1).id] == 1


def test_types_of_lists(start: Start) -> None:
    simulator, client = start()
    world = simulator.world
    recurring, held, planned = (world.series("meeting", 0, slot) for slot in (0, 4, 5))
    webinar = world.series("webinar", 0, 2)

    def ids(type_: str, kind: str = "meeting") -> set[int]:
        return {
            row["id"] for row in client.rows(f"/users/{user_id(world, 0)}/{kind}s", f"{kind}s", type=type_)
        }

    assert ids("scheduled") >= ids("upcoming") | ids("previous_meetings")
    assert ids("upcoming") == ids("upcoming_meetings") >= {recurring.id, planned.id}
    assert ids("previous_meetings") >= {recurring.id, held.id}
    assert held.id not in ids("upcoming")
    assert planned.id not in ids("previous_meetings") | ids("live")
    assert error(client.get(f"/users/{user_id(world, 0)}/meetings", type="past")) == (400, 300)
    assert error(client.get(f"/users/{user_id(world, 0)}/webinars", type="live")) == (400, 300)

    simulator.clock.set(datetime.fromtimestamp(planned.first + 60, UTC))
    client.log_in()
    assert planned.id in ids("live") & ids("upcoming")
    assert {recurring.id, held.id}.isdisjoint(ids("live"))
    simulator.clock.advance(hours=3)
    client.log_in()
    assert planned.id in ids("previous_meetings") - ids("live") - ids("upcoming")

    # Six months back and six months ahead, but for webinars.
    simulator.clock.set(NOW)
    simulator.clock.advance(days=-250)
    assert planned.id in ids("scheduled") - ids("upcoming")
    assert webinar.id in ids("upcoming", "webinar")
    simulator.clock.advance(days=850)
    client.log_in()
    assert recurring.id in ids("scheduled") - ids("previous_meetings")


def test_pages(client: Client, zoom: Simulator, world: World) -> None:
    path = f"/users/{user_id(world, 0)}/meetings"
    first = client.get(path).json()
    assert (first["page_size"], len(first["meetings"])) == (30, 30)
    big = client.get(path, page_size=1000).json()
    assert (big["page_size"], len(big["meetings"]), big["page_count"]) == (300, 300, 2)
    assert big["total_records"] == len(client.rows(path, "meetings")) > 300
    for query in ({"page_size": 0}, {"page_size": -1}, {"page_size": "many"}, {"page_number": "x"}):
        assert error(client.get(path, **query)) == (400, 300)
        assert [item["field"] for item in client.get(path, **query).json()["errors"]] == list(query)
    token = first["next_page_token"]
    second = client.get(path, next_page_token=token).json()
    assert second["meetings"] == big["meetings"][30:60]
    other = f"/users/{user_id(world, 1)}/meetings"
    for wrong in (
        client.get(path, next_page_token=token, page_size=40),
        client.get(other, next_page_token=token),
        client.get(path, next_page_token="bogus"),
    ):
        assert error(wrong) == (400, 300)
        assert wrong.json()["message"] == "The next page token is invalid or expired."
    zoom.clock.advance(minutes=16)
    late = client.get(path, next_page_token=token)
    zoom.clock.advance(minutes=-16)
    assert error(late) == (400, 300)


def test_webinar_lists_accept_page_tokens(client: Client, world: World) -> None:
    path = f"/users/{user_id(world, 0)}/webinars"
    first = client.get(path, page_size=2).json()
    second = client.get(path, page_size=2, next_page_token=first["next_page_token"]).json()
    assert {row["id"] for row in first["webinars"]}.isdisjoint(row["id"] for row in second["webinars"])


def test_long_lists_of_registrants(client: Client, world: World) -> None:
    path = f"/meetings/{world.series('meeting', 0, 0).id}/registrants"
    approved = client.rows(path, "registrants")
    assert len({row["id"] for row in approved}) == 650
    assert {row["status"] for row in approved} == {"approved"}
    assert client.get(path, page_size=300).json()["page_count"] == 3


def test_lists_forget_what_has_expired(start: Start) -> None:
    simulator, client = start()
    path = f"/users/{user_id(simulator.world, 0)}/meetings"
    before = {row["id"] for row in client.rows(path, "meetings")}
    simulator.clock.advance(days=60)
    client.log_in()
    after = {row["id"]: row["type"] for row in client.rows(path, "meetings")}
    assert set(after) < before
    assert 2 not in after.values()
    assert error(client.get(f"/meetings/{(before - set(after)).pop()}")) == (404, 3001)
