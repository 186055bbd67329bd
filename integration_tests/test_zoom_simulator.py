"""The simulator keeps Zoom's rules: each test here fails when one of them is dropped."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from integration_tests.zoom_simulator import (
    Clock,
    Faults,
    Journal,
    Simulator,
    Size,
    World,
    limits,
    objects,
    truth,
)
from integration_tests.zoom_simulator.clock import report_windows
from integration_tests.zoom_simulator.faults import KINDS
from integration_tests.zoom_simulator.ids import needs_double_encoding, quote_uuid
from integration_tests.zoom_simulator.limits import RateLimits
from integration_tests.zoom_simulator.routes import CLASSIC_SCOPES, GRANULAR_SCOPES, ROUTES
from integration_tests.zoom_simulator.world import UNLISTED

NOW = datetime(2026, 3, 15, 12)
SCHEMAS = Path(__file__).parents[1] / "source_zoom" / "schemas"
Json = dict[str, Any]


class Client:
    """As little of a client as a test needs; it knows nothing about worlds."""

    def __init__(self, zoom: Simulator) -> None:
        self.zoom = zoom
        self.session = requests.Session()
        self.log_in()

    def token(self, **form: str) -> requests.Response:
        app = self.zoom.oauth
        form = form or {"grant_type": "account_credentials", "account_id": app.account_id}
        return requests.post(
            self.zoom.token_url, data=form, auth=(app.client_id, app.client_secret), timeout=5
        )

    def log_in(self) -> None:
        self.session.headers["Authorization"] = f"Bearer {self.token().json()['access_token']}"

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.zoom.api_url + path, params=query, timeout=5)

    def rows(self, path: str, key: str, **query: Any) -> list[Json]:
        found: list[Json] = []
        token = ""
        while True:
            page = self.get(
                path, **query, page_size=300, **({"next_page_token": token} if token else {})
            ).json()
            found += page.get(key, [])
            token = page.get("next_page_token", "")
            if not token:
                return found


class Account:
    """Everything that a walk through the API brings to light."""

    def __init__(self, client: Client, now: datetime) -> None:
        self.client = client
        self.rows = defaultdict[str, list[tuple[Any, Json]]](list)
        users = [
            user
            for status in ("active", "inactive")
            for user in client.rows("/users", "users", status=status, include_fields="custom_attributes")
        ]
        self.rows["users"] = [("", user) for user in users]
        past: dict[str, dict[str, str]] = {"meeting": {}, "webinar": {}}
        for first, last in report_windows(now.date()):
            window = {"from": first.isoformat(), "to": last.isoformat()}
            for host in client.rows("/report/users", "users", type="active", **window):
                for row in client.rows(
                    f"/report/users/{host['id']}/meetings", "meetings", type="past", **window
                ):
                    past["webinar" if row["type"] in (5, 6, 9) else "meeting"][row["uuid"]] = row[
                        "start_time"
                    ]
        for kind in ("meeting", "webinar"):
            listed = {
                row["id"] for user in users for row in client.rows(f"/users/{user['id']}/{kind}s", f"{kind}s")
            }
            for id_ in listed:
                self._read_listed(kind, id_)
                instances = client.get(f"/past_{kind}s/{id_}/instances").json()
                past[kind] |= {row["uuid"]: row["start_time"] for row in instances.get(f"{kind}s", [])}
            readable = [uuid for uuid, start in past[kind].items() if start >= "2025-03-15T12"]
            for uuid in readable:
                self._read_past(kind, uuid)
            self._read_others(kind, truth.PLANNED, listed)
            self._read_others(kind, truth.PAST, readable)

    def _read_listed(self, kind: str, id_: int) -> None:
        path = f"/{kind}s/{id_}"
        for name in ("polls", "panelists", "tracking_sources") if kind == "webinar" else ("polls",):
            self._add(f"{kind}_{name}", id_, self.client.rows(f"{path}/{name}", name))
        for status in ("approved", "pending", "denied"):
            self._add(
                f"{kind}_registrants",
                id_,
                self.client.rows(f"{path}/registrants", "registrants", status=status),
            )
        self._add_single(f"{kind}s", id_, path, show_previous_occurrences="true")
        self._add_single(f"{kind}_questions", id_, f"{path}/registrants/questions")

    def _read_past(self, kind: str, uuid: str) -> None:
        quoted = quote_uuid(uuid)
        past, report = f"/past_{kind}s/{quoted}", f"/report/{kind}s/{quoted}"
        self._add(f"{kind}_poll_results", uuid, self.client.rows(f"{past}/polls", "questions"))
        if kind == "webinar":
            self._add("webinar_qna_results", uuid, self.client.rows(f"{past}/qa", "questions"))
            self._add("webinar_absentees", uuid, self.client.rows(f"{past}/absentees", "registrants"))
        self._add_single(f"report_{kind}s", uuid, report)
        people = self.client.rows(f"{report}/participants", "participants", include_fields="registrant_id")
        self._add(f"report_{kind}_participants", uuid, people)

    def _read_others(self, kind: str, streams: Mapping[str, str], ids: Iterable[Any]) -> None:
        """The streams that the walk has no way of its own to: what their routes say, or the list in it."""
        others = {name for name in streams if streams[name] == kind} - set(self.rows)
        for stream, id_ in product(others, ids):
            path = ROUTES[stream].url(id_)
            lists = [key for key, value in self.client.get(path).json().items() if isinstance(value, list)]
            if len(lists) == 1:
                self._add(stream, id_, self.client.rows(path, lists[0]))
            else:
                self._add_single(stream, id_, path)

    def _add(self, stream: str, parent: Any, rows: list[Json]) -> None:
        self.rows[stream] += [(parent, row) for row in rows]

    def _add_single(self, stream: str, parent: Any, path: str, **query: Any) -> None:
        response = self.client.get(path, **query)
        self._add(stream, parent, [response.json()] if response.status_code == 200 else [])


@pytest.fixture(scope="module")
def zoom() -> Iterator[Simulator]:
    """A world that stands still; tests must leave it as it was."""
    size = Size(users=6, busy_registrants=650, busy_user_meetings=340)
    with Simulator(1, size, clock=Clock(NOW, running=False), plan="unlimited") as simulator:
        yield simulator
        assert not simulator.journal.unknown_paths


@pytest.fixture(scope="module")
def client(zoom: Simulator) -> Client:
    return Client(zoom)


@pytest.fixture(scope="module")
def world(zoom: Simulator) -> World:
    return zoom.world


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[Simulator, Client]]]:
    """Small simulators of one's own, with any options."""
    running: list[Simulator] = []

    def _start(size: Size | None = None, **options: Any) -> tuple[Simulator, Client]:
        options = {"plan": "unlimited", "clock": Clock(NOW, running=False), **options}
        simulator = Simulator(1, size or Size(users=5), **options).start()
        running.append(simulator)
        return simulator, Client(simulator)

    yield _start
    for simulator in running:
        simulator.stop()


Start = Callable[..., tuple[Simulator, Client]]


def error(response: requests.Response) -> tuple[int, int]:
    return response.status_code, response.json()["code"]


def user_id(world: World, user: int) -> str:
    return world.ids.user(user)


# What the account holds


def test_truth_is_what_a_walk_through_the_api_finds(start: Start) -> None:
    simulator, client = start(Size(users=6, busy_registrants=301, report_delay_hours=30))
    found = Account(client, NOW).rows
    assert not simulator.journal.unknown_paths
    for stream in truth.STREAMS:
        key = "uuid" if stream in truth.PAST else "id"
        expected = [
            (parent.get(key, row.get("id", "")), row) for parent, row in truth.rows(simulator.world, stream)
        ]
        if stream == "users":
            expected = [("", row) for _, row in expected]
        assert _bag(found[stream]) == _bag(expected), stream
        assert expected, stream


def _bag(rows: list[tuple[Any, Json]]) -> Counter[str]:
    return Counter(json.dumps([parent, row], sort_keys=True) for parent, row in rows)


def test_the_least_urls_are_distinct_answered_and_sufficient(start: Start) -> None:
    simulator, client = start()
    least = [url for _, url in truth.least_urls(simulator.world)]
    assert len(least) == len(set(least)) == sum(truth.least_counts(simulator.world).values())
    simulator.journal.reset()
    for url in least:
        client.get(url)
    assert len(simulator.journal.answered()) == len(least)
    labels = {label: n for label, n in simulator.journal.requests.items() if label}
    assert labels == truth.least_counts(simulator.world)
    assert truth.least_counts(simulator.world, ["users"]) == {"MEDIUM": 2}
    for registers, requests_needed in ((True, 3), (False, 1)):
        path = f"/meetings/{listed(simulator.world, 'meeting', registers=registers)}/registrants?"
        assert sum(url.startswith(path) for url in least) == requests_needed
    everybody = truth.least_counts(simulator.world, ["report_meetings"], hosts_report=False)["HEAVY"]
    world, now = simulator.world, simulator.world.now()
    past = sum(len(list(world.found("meeting", user, now))) for user in range(world.size.users))
    assert past > len(list(truth.rows(world, "report_meetings")))
    assert everybody == past + 7 * world.size.users


def test_a_world_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    def picture(seed: int) -> str:
        world = World(seed, Size(users=5), Clock(NOW, running=False))
        return json.dumps([list(truth.rows(world, stream)) for stream in truth.STREAMS])

    assert picture(1) == picture(1)
    assert picture(1) != picture(2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_small_world_has_every_oddity(seed: int) -> None:
    world = World(seed, Size(users=5), Clock(NOW, running=False))
    now = world.now()
    users = [row for _, row in truth.rows(world, "users", pending_users=True)]
    assert {row["status"] for row in users} == {"active", "inactive", "pending"}
    assert all(("id" in row) == (row["status"] != "pending") for row in users)
    assert any(info["license_option"] > 2**53 for row in users for info in row["license_info_list"])
    listed = [row for _, row in truth.rows(world, "meetings")]
    assert {row["type"] for row in listed} == {2, 3, 8}
    assert all(2**32 < row["id"] < 10**11 for row in listed)
    assert any("pmi" in row for row in listed)
    assert {row["type"] for _, row in truth.rows(world, "webinars")} == {5, 6, 9}
    assert {row["type"] for _, row in truth.rows(world, "report_meetings")} == {1, 2, 3, 8}
    uuids = [row["uuid"] for _, row in truth.rows(world, "report_meetings")]
    assert any(uuid.startswith("/") for uuid in uuids)
    assert any("//" in uuid for uuid in uuids)
    assert any("+" in uuid for uuid in uuids)
    people = Counter(json.dumps(row) for _, row in truth.rows(world, "report_meeting_participants"))
    rows = [json.loads(text) for text in people]
    assert max(people.values()) > 1
    assert any(row["id"] == row["participant_user_id"] == row["user_email"] == "" for row in rows)
    assert any(row["bo_mtg_id"] for row in rows)
    assert any(row["status"] == "in_waiting_room" for row in rows)
    joins: dict[tuple[str, str], set[str]] = {}
    for parent, row in truth.rows(world, "report_meeting_participants"):
        joins.setdefault((parent["uuid"], row["id"] or row["user_id"]), set()).add(row["user_id"])
    assert any(len(ids) > 1 for ids in joins.values())
    assert not any(row["user_id"].isdecimal() for _, row in truth.rows(world, "report_webinar_participants"))
    anonymous = Counter(
        (parent["uuid"], row["name"], row["email"])
        for parent, row in truth.rows(world, "meeting_poll_results")
    )
    assert any(
        name == "Anonymous Attendee" and email == "" and n > 1 for (_, name, email), n in anonymous.items()
    )
    ages = [
        (now - o.start) / 86400
        for u in range(5)
        for s in world.all_series("meeting", u)
        for o in world.ended(s, now)
    ]
    assert max(ages) > 460
    assert any(366 < age < 455 for age in ages)
    assert any(o.solo for u in range(5) for o in world.known("meeting", u, now))


def test_ids_lead_back_to_their_places_in_a_large_world() -> None:
    world = World(1, Size(users=5000), Clock(NOW, running=False))
    series = world.series("meeting", 4321, 7)
    assert world.find_series(world.ids.place_of_number(series.id)) == series
    assert world.ids.user_at(world.ids.user(4999)) == 4999
    assert world.ids.user_at("A" * 22) is None
    assert world.ids.place_of_uuid("A" * 22 + "==") is None


# Users and lists


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


# Meetings and webinars


def listed(world: World, kind: Any, **wanted: Any) -> int:
    """The id of a listed meeting or webinar with this pattern."""
    return next(
        series.id
        for user in range(world.size.users)
        for series in world.own_listed(kind, user, world.now())
        if all(getattr(series.pattern, key) == value for key, value in wanted.items())
        and not series.gone
        and not series.pattern.may_be_gone
    )


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


# Past occurrences


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


# Reports by time


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
    assert status == 200 or response.json()["errors"][0]["field"] in ("from", "to")


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


# Tokens and scopes


def test_both_grants_in_form_or_query(start: Start) -> None:
    simulator, client = start(refresh_token="first")
    app = simulator.oauth
    answer = client.token().json()
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 3600)
    assert answer["api_url"] == simulator.url
    assert set(answer["scope"].split()) == set(GRANULAR_SCOPES)
    assert "refresh_token" not in answer
    query = {"grant_type": "account_credentials", "account_id": app.account_id}
    auth = (app.client_id, app.client_secret)
    assert requests.post(simulator.token_url, params=query, auth=auth, timeout=5).status_code == 200
    second = client.token(grant_type="refresh_token", refresh_token="first").json()["refresh_token"]
    dead = client.token(grant_type="refresh_token", refresh_token="first")
    assert (dead.status_code, dead.json()) == (400, {"reason": "Invalid Token!", "error": "invalid_request"})
    assert client.token(grant_type="refresh_token", refresh_token=second).status_code == 200
    assert client.token(grant_type="password").json()["error"] == "unsupported_grant_type"
    assert client.token(grant_type="account_credentials").json()["reason"] == "Invalid Account Id"
    stranger = client.token(grant_type="account_credentials", account_id="x")
    assert (stranger.status_code, stranger.json()["reason"]) == (400, "Account does not exist")
    bad = requests.post(simulator.token_url, data=query, auth=(app.client_id, "no"), timeout=5)
    assert (bad.status_code, bad.json()["error"]) == (400, "invalid_client")
    assert simulator.journal.token_requests == 10


def test_a_consent_is_good_for_one_use_and_one_redirect_uri(start: Start) -> None:
    simulator, client = start()
    app = {"client_id": simulator.oauth.client_id, "response_type": "code"}
    consent = f"{simulator.url}/oauth/authorize"
    uri = "https://example.com/back?x=1"

    def code() -> str:
        query = {**app, "redirect_uri": uri, "state": "s 1"}
        answer = client.session.get(consent, params=query, allow_redirects=False, timeout=5)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(uri)
        sent = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert sent["state"] == ["s 1"]
        return sent["code"][0]

    form = {"grant_type": "authorization_code", "redirect_uri": uri}
    first = code()
    assert "refresh_token" in client.token(**form, code=first).json()
    assert client.token(**form, code=first).json()["reason"] == "Invalid authorization code"
    elsewhere = client.token(**{**form, "redirect_uri": "https://example.com/other"}, code=code())
    assert (elsewhere.status_code, elsewhere.json()["reason"]) == (400, "Redirect URI mismatch")
    for wrong in ({**app, "client_id": "no"}, {**app, "response_type": "token"}, app):
        assert client.session.get(consent, params=wrong, timeout=5).status_code == 400


def test_tokens_expire(start: Start) -> None:
    simulator, client = start(token_lifetime=600)
    client.log_in()
    simulator.clock.advance(seconds=599)
    assert client.get("/users").status_code == 200
    simulator.clock.advance(seconds=1)
    late = client.get("/users")
    assert (*error(late), late.json()["message"]) == (401, 124, "Access token is expired.")
    client.session.headers["Authorization"] = "Bearer unknown"
    assert error(client.get("/users")) == (401, 124)
    client.session.headers.pop("Authorization")
    assert error(client.get("/users")) == (401, 124)


def test_scopes(start: Start) -> None:
    simulator, client = start(scopes=["user:read:admin", "meeting:read:list_meetings:admin"])
    assert client.get("/users").status_code == 200
    assert client.get(f"/users/{user_id(simulator.world, 0)}/meetings").status_code == 200
    denied = client.get(f"/users/{user_id(simulator.world, 0)}/webinars")
    assert error(denied) == (400, 4711)
    assert "does not contain scopes:[" in denied.json()["message"]
    assert "webinar:read:list_webinars:admin" in denied.json()["message"]


@pytest.mark.parametrize("scope", ["user:read", "user:read:admin", "user:write:admin"])
def test_each_documented_scope_of_users_opens_them(start: Start, scope: str) -> None:
    _, client = start(scopes=[scope])
    assert client.get("/users").status_code == 200


def test_classic_scopes_open_everything(start: Start) -> None:
    size = Size(users=1, meetings_per_user=2, webinars_per_user=2, unlisted_per_user=1, past_occurrences=1)
    simulator, client = start(size, scopes=CLASSIC_SCOPES, list_scopes=False)
    assert "scope" not in client.token().json()
    for _, url in truth.least_urls(simulator.world):
        assert client.get(url).json().get("code") != 4711
    assert {entry.route for entry in simulator.journal.answered()} == set(ROUTES)


# Rate limits


def test_limits_by_the_second(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "monotonic", lambda: now)
    now = 100.0
    simulator, client = start(plan="free")
    path = f"/meetings/{listed(simulator.world, 'meeting')}"
    answers = [client.get(path) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    headers = answers[0].headers
    assert (headers["X-RateLimit-Category"], headers["X-RateLimit-Type"]) == ("Light", "QPS")
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("4", "3")
    assert answers[-1].headers["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in answers[-1].headers
    assert "per-second" in answers[-1].json()["message"]
    assert (simulator.journal.requests["LIGHT"], simulator.journal.answers["LIGHT"]) == (5, 4)
    assert client.get("/users").status_code == 200
    now = 101.0
    assert client.get(path).status_code == 200


def test_refused_requests_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "monotonic", lambda: now)
    free = RateLimits("free", Clock(NOW, running=False), daily_caps={"MEDIUM": 4})

    def passed(times: int) -> int:
        return sum(not free.check("MEDIUM").refusal for _ in range(times))

    now = 100.0
    assert passed(10) == 2
    now = 100.9
    assert passed(10) == 0
    now = 101.0
    assert passed(10) == 2
    now = 200.0
    assert "daily" in free.check("MEDIUM").refusal


def test_limits_by_the_day(start: Start) -> None:
    simulator, client = start(daily_caps={"MEDIUM": 3})
    assert [client.get("/users").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/users")
    assert refused.headers["X-RateLimit-Type"] == "Daily-limit"
    assert refused.headers["Retry-After"] == "2026-03-16T00:00:00Z"
    assert "daily" in refused.json()["message"]
    assert client.get(f"/meetings/{listed(simulator.world, 'meeting')}").status_code == 200
    simulator.clock.advance(hours=12)
    client.log_in()
    assert client.get("/users").status_code == 200


def test_headers_can_be_left_out_and_unlimited_says_so(start: Start) -> None:
    _, client = start(limit_headers=False)
    assert not any(name.lower().startswith("x-ratelimit") for name in client.get("/users").headers)
    _, client = start()
    assert client.get("/users").headers["X-RateLimit-Limit"] == "100000"


def test_half_of_the_latency_passes_before_a_request_counts(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator, client = start(latency=0.4)
    events: list[object] = []
    check = simulator.limits.check

    async def sleep(seconds: float) -> None:
        events.append(seconds)

    def count(label: str) -> Any:
        events.append(label)
        return check(label)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(simulator.limits, "check", count)
    client.get("/users")
    assert events == [0.2, "MEDIUM", 0.2]
    simulator.jitter = 0.5
    for _ in range(20):
        client.get("/users")
    naps = [event for event in events[3:] if isinstance(event, float)]
    assert len(set(naps)) == 20
    assert 0.1 <= min(naps) < 0.2 < max(naps) <= 0.3


def test_requests_are_served_side_by_side(start: Start) -> None:
    simulator, client = start(latency=0.2)
    threads = [threading.Thread(target=client.get, args=("/users",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert simulator.journal.max_in_flight > 1
    assert len({entry.connection for entry in simulator.journal.of("users")}) > 1


def test_the_journal_tells_connections_and_encodings(start: Start) -> None:
    simulator, client = start()
    for _ in range(2):
        client.get("/users")
    requests.get(f"{simulator.api_url}/users", headers={"Accept-Encoding": "identity"}, timeout=5)
    first, second, other = simulator.journal.of("users")
    assert first.connection == second.connection != other.connection
    assert "gzip" in first.accept_encoding
    assert other.accept_encoding == "identity"


def test_answers_carry_the_simulators_date_and_may_be_compressed(client: Client) -> None:
    answer = client.get("/users")
    assert answer.headers["Date"] == "Sun, 15 Mar 2026 12:00:00 GMT"
    assert answer.headers["Content-Encoding"] == "gzip"
    plain = client.session.get(answer.url, headers={"Accept-Encoding": "identity"}, timeout=5)
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == answer.json()


# Faults


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_fault(start: Start, kind: str) -> None:
    simulator, client = start(faults=Faults(slow_seconds=0.2))
    client.get("/users")
    simulator.faults.always("^/v2/users", kind)
    begun = time.monotonic()
    try:
        answer = client.get("/users")
        seen = _look(answer)
    except requests.exceptions.ChunkedEncodingError:
        seen = "cut"
    except requests.exceptions.ConnectionError:
        seen = "reset"
    assert seen == ("slow" if kind == "slow" else kind)
    assert kind != "slow" or time.monotonic() - begun >= 0.2
    entry = simulator.journal.entries[-1]
    assert entry.fault == kind
    assert entry.answered == (kind == "slow")
    simulator.faults.clear()
    if kind == "124":
        assert client.get("/users").status_code == 401
        client.log_in()
    assert client.get("/users").status_code == 200


def _look(answer: requests.Response) -> str:
    if answer.status_code == 200:
        try:
            answer.json()
        except ValueError:
            return "broken-json"
        return "slow"
    if answer.status_code == 401:
        return str(answer.json()["code"])
    if answer.status_code == 429:
        assert not any(name.lower().startswith("x-ratelimit") for name in answer.headers)
    return "502-html" if answer.text.startswith("<html") else str(answer.status_code)


def test_faults_are_drawn_reproducibly_and_end() -> None:
    urls = [f"/v2/meetings/{number}" for number in range(40)]

    def draws(seed: int) -> list[str]:
        faults = Faults(seed, 0.5)
        return [faults.draw(url) for _ in range(3) for url in urls]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert set(draws(1)) == {"", *KINDS}
    hopeless = Faults(1, 1.0, ["500"], max_in_a_row=3)
    assert [bool(hopeless.draw("/v2/users")) for _ in range(8)] == [True, True, True, False] * 2
    with pytest.raises(ValueError, match="no fault is called"):
        Faults(1, 0.1, ["fire"])


def test_a_patient_client_gets_through(start: Start) -> None:
    simulator, client = start(faults=Faults(3, 0.6, ["500", "503", "429", "124"], max_in_a_row=4))
    for _ in range(3):
        for _ in range(20):
            status = client.get("/users").status_code
            if status == 200:
                break
            if status == 401:
                client.log_in()
        assert status == 200
    assert simulator.journal.faults.total() > 0


def test_a_new_token_is_honoured_once_before_it_dies_early(start: Start) -> None:
    _, client = start(faults=Faults(1, 1.0, ["124"]))
    for _ in range(2):
        client.log_in()
        assert [client.get("/users").status_code for _ in range(3)] == [200, 401, 401]


def test_faults_of_the_token_endpoint_spare_the_refresh_token(start: Start) -> None:
    simulator, client = start(refresh_token="first")
    simulator.faults.rate, simulator.faults.kinds, simulator.faults.tokens = 1.0, ("503",), True
    assert client.token(grant_type="refresh_token", refresh_token="first").status_code == 503
    simulator.faults.rate = 0.0
    assert client.token(grant_type="refresh_token", refresh_token="first").status_code == 200


def test_a_reply_replaces_the_answer(start: Start) -> None:
    simulator, client = start()
    simulator.faults.reply("/users", 200, [1, 2])
    assert client.get("/users").json() == [1, 2]
    simulator.faults.clear()
    assert "users" in client.get("/users").json()


# The journal and the process


def test_the_journal_knows_what_happened(start: Start) -> None:
    simulator, client = start()
    page = client.get("/users", page_size=1).json()
    for _ in range(2):
        client.get("/users", page_size=1, next_page_token=page["next_page_token"])
    journal = simulator.journal
    assert journal.by_url().most_common(1)[0] == ("/v2/users?page_size=1&page@1", 2)
    assert journal.counts["users", 200] == len(journal.answered()) == journal.answers["MEDIUM"] == 3
    assert [entry.label for entry in journal.of("users")] == ["MEDIUM"] * 3
    unknown = client.get("/nothing/here")
    assert error(unknown) == (404, -1)
    assert "has no route" in unknown.json()["message"]
    assert list(journal.unknown_paths) == ["/v2/nothing/here"]
    assert client.session.post(simulator.api_url + "/users", timeout=5).status_code == 405
    journal.reset()
    assert not journal.entries


def test_a_journal_may_keep_counts_only(start: Start) -> None:
    simulator, client = start(journal=Journal(keep=False))
    client.get("/users")
    assert simulator.journal.counts["users", 200] == 1
    assert not simulator.journal.entries


def test_a_simulator_in_a_process_of_its_own() -> None:
    package = "integration_tests.zoom_simulator"
    command = [sys.executable, "-m", package, "--users=5", "--now=2026-03-15T12:00"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [*command, "--until-stdin-closes"], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        assert set(facts) == {
            "url", "api_url", "token_url", "client_id", "client_secret", "account_id", "refresh_token",
        }  # fmt: skip
        auth = (facts["client_id"], facts["client_secret"])
        form = {"grant_type": "refresh_token", "refresh_token": facts["refresh_token"]}
        assert requests.post(facts["token_url"], data=form, auth=auth, timeout=5).status_code == 200
        orders = facts["url"] + "/_simulator/"
        assert requests.get(orders + "least", params={"streams": "users"}, timeout=5).json() == {"MEDIUM": 2}
        assert requests.get(orders + "rows", params={"streams": "users"}, timeout=5).json() == {"users": 5}
        assert requests.get(orders + "bound", params={"streams": "users"}, timeout=5).json()["seconds"] > 0
        assert requests.get(facts["api_url"] + "/users", timeout=5).status_code == 401
        summary = requests.get(orders + "journal", timeout=5).json()
        assert (summary["requests"], summary["token_requests"]) == (2, 1)
        requests.post(orders + "journal/reset", timeout=5)
        assert requests.get(orders + "journal", timeout=5).json()["requests"] == 0
        assert requests.get(orders + "clock", timeout=5).status_code == 404
        process.stdin.close()
        assert process.wait(timeout=5) == 0


# Fields


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the schemas are not there")
def test_rows_have_every_field_of_the_schemas_and_fit_them() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    world = World(1, Size(users=5), Clock(NOW, running=False))
    for stream in truth.STREAMS:
        schema = _resolved(json.loads((SCHEMAS / f"{stream}.json").read_text()))
        rows = [row for _, row in truth.rows(world, stream)]
        if stream == "users":
            # Only one extra field can be asked for, and the truth has the other one.
            rows.append(objects.user(world, 0, "host_key"))
        validator = jsonschema.Draft7Validator(schema)
        for row in rows:
            assert not list(validator.iter_errors(row)), stream
        missing = _expected_fields(schema) - {field for row in rows for field in _fields(row)}
        assert not missing, stream


def _resolved(schema: Any) -> Any:
    """A schema with its references replaced by what they name."""
    if isinstance(schema, list):
        return [_resolved(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        file, _, pointer = schema["$ref"].partition("#")
        target = json.loads((SCHEMAS / "shared" / file).read_text())
        for step in filter(None, pointer.split("/")):
            target = target[step]
        return _resolved(target)
    return {key: _resolved(value) for key, value in schema.items()}


def _expected_fields(schema: Json, prefix: str = "") -> set[str]:
    """The paths of all properties, less those that a connector adds itself."""
    found: set[str] = set()
    for name, part in schema.get("properties", {}).items():
        if not str(part.get("description", "")).startswith("Added by the connector"):
            found |= {prefix + name} | _expected_fields(part, f"{prefix}{name}.")
            found |= _expected_fields(part.get("items", {}), f"{prefix}{name}[].")
    return found


def _fields(row: Json, prefix: str = "") -> Iterator[str]:
    for name, value in row.items():
        yield prefix + name
        if isinstance(value, dict):
            yield from _fields(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from _fields(item, f"{prefix}{name}[].")
