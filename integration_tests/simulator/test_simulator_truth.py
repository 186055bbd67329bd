"""What the account holds, found by a walk through the API, and its rows against the schemas."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from integration_tests.completeness import CLASSES
from integration_tests.harness import inherits_of
from integration_tests.simulator.client import NOW, Client, Json, Start, listed
from integration_tests.zoom_simulator import Clock, Size, World, objects, truth
from integration_tests.zoom_simulator.clock import report_windows
from integration_tests.zoom_simulator.ids import KINDS, Kind, quote_uuid
from integration_tests.zoom_simulator.routes import ROUTES
from integration_tests.zoom_simulator.units import Account, Each, Items, Months

# Lists that are asked for with instants in place of days, and objects whose only list is none of rows.
BY_INSTANTS, WHOLE = ("listed_summaries", "phone_sms_sessions"), ("phone_recording_transcripts",)
SCHEMAS = Path(__file__).parents[2] / "source_zoom" / "schemas"


class Walk:
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
                    kind = "webinar" if row["type"] in (5, 6, 9) else "meeting"
                    past[kind][row["uuid"]] = row["start_time"]
                    self._add("report_user_meetings", row["id"], [row])
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
        for route in ROUTES.values():
            if isinstance(route.units, Account) and route.name not in self.rows:
                self._read(route.name, "")
            if isinstance(route.units, Months):
                for first, last in report_windows(now.date(), route.units.back):
                    times = ("T00:00:00Z", "T23:59:59Z") if route.name in BY_INSTANTS else ("", "")
                    days = {"from": f"{first}{times[0]}", "to": f"{last}{times[1]}"}
                    calendar = {"year": str(first.year), "month": str(first.month)}
                    self._read(route.name, "", **days, **calendar)
            if isinstance(route.units, Months) and all("date" in row for _, row in self.rows[route.name]):
                oldest = min(report_windows(now.date(), route.units.back))[0].isoformat()
                of_months, self.rows[route.name] = self.rows[route.name], []
                self.rows[route.name] = [one for one in of_months if one[1]["date"] >= oldest]
        for route in ROUTES.values():
            if isinstance(route.units, Each):
                for _, parent in self.rows[route.units.of]:
                    self._read(route.name, parent[route.units.key])
            if isinstance(route.units, Items):
                for _, parent in self.rows[route.units.of]:
                    for item in filter(route.units.wanted, parent[route.units.items]):
                        answer = self.client.session.get(item[route.units.address], timeout=5)
                        self._add(route.name, parent["id"], [{"content": answer.content.decode()}])

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
            self._read(stream, id_)

    def _read(self, stream: str, id_: Any, **query: str) -> None:
        path = ROUTES[stream].url(id_)
        body = self.client.get(path, **query).json()
        lists = [key for key, value in body.items() if isinstance(value, list)]
        if len(lists) == 1 and stream not in WHOLE:
            beside = {name: body[name] for name in ("survey_id", "survey_name") if name in body}
            rows = self.client.rows(path, lists[0], **query)
            self._add(stream, id_, [{**beside, **row} for row in rows])
        else:
            self._add_single(stream, id_, path, **query)

    def _add(self, stream: str, parent: Any, rows: list[Json]) -> None:
        self.rows[stream] += [(parent, row) for row in rows]

    def _add_single(self, stream: str, parent: Any, path: str, **query: Any) -> None:
        response = self.client.get(path, **query)
        self._add(stream, parent, [response.json()] if response.status_code == 200 else [])


def test_truth_is_what_a_walk_through_the_api_finds(start: Start) -> None:
    simulator, client = start(Size(users=6, busy_registrants=301, report_delay_hours=30))
    found = Walk(client, NOW).rows
    assert not simulator.journal.unknown_paths
    for stream in truth.STREAMS:
        units = ROUTES[stream].units
        key = units.key if isinstance(units, Each) else "uuid" if stream in truth.PAST else "id"
        of_account = isinstance(units, Account | Months)
        # What a reader makes of a text does not come with it.
        own = ("content",) if isinstance(units, Items) else ()
        expected = [
            (
                "" if of_account else parent.get(key, row.get("id", "")),
                {name: row[name] for name in own or row},
            )
            for parent, row in truth.rows(simulator.world, stream, url=simulator.url)
        ]
        assert _bag(found[stream]) == _bag(expected), stream
        assert expected, stream


def _bag(rows: list[tuple[Any, Json]]) -> Counter[str]:
    return Counter(json.dumps([parent, row], sort_keys=True) for parent, row in rows)


def test_the_least_urls_are_distinct_answered_and_sufficient(start: Start) -> None:
    simulator, client = start()
    least = [url for _, url in truth.least_urls(simulator.world, url=simulator.url)]
    assert len(least) == len(set(least)) == sum(truth.least_counts(simulator.world).values())
    simulator.journal.reset()
    for url in least:
        # Files have addresses of their own.
        client.session.get(url if "://" in url else simulator.api_url + url, timeout=5)
    assert len(simulator.journal.answered()) == len(least)
    labels = {label: n for label, n in simulator.journal.requests.items() if label}
    assert labels == truth.least_counts(simulator.world)
    assert truth.least_counts(simulator.world, ["users"]) == {"MEDIUM": 2}
    for registers, requests_needed in ((True, 3), (False, 1)):
        path = f"/meetings/{listed(simulator.world, 'meeting', registers=registers)}/registrants?"
        assert sum(url.startswith(path) for url in least) == requests_needed
        questions = (
            f"/meetings/{listed(simulator.world, 'meeting', registers=registers)}/registrants/questions"
        )
        assert least.count(questions) == registers
    everybody = truth.least_counts(simulator.world, ["report_meetings"], hosts_report=False)["HEAVY"]
    world, now = simulator.world, simulator.world.now()
    past = sum(len(list(world.found("meeting", user, now))) for user in range(world.size.users))
    assert past > len(list(truth.rows(world, "report_meetings")))
    assert everybody == past + 7 * (world.size.users + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_either_of_two_labels_can_carry_is_in_the_bound_of_both(kind: Kind) -> None:
    world = World(1, Size(users=5), Clock(NOW, running=False))
    names = [f"{kind}_registrants", f"{kind}_questions"]
    first, last = (truth.least_counts(world, names, choice=choice) for choice in (0, -1))
    alone = [Counter(url for _, url in truth.least_urls(world, [name])) for name in names]
    now = world.now()
    off = sum(
        not series.gone and not series.pattern.registers
        for user in range(world.size.users)
        for series in world.own_listed(kind, user, now)
    )
    assert sum(first.values()) == sum(last.values()) == (alone[0] | alone[1]).total() - off
    assert first["MEDIUM"] - last["MEDIUM"] == last["LIGHT"] - first["LIGHT"] == off > 0
    assert truth.bound(world, {"LIGHT": 1, "MEDIUM": 1000}, names) == last["LIGHT"] - off
    assert truth.bound(world, {"LIGHT": 1000, "MEDIUM": 1}, names) == last["MEDIUM"]
    evenly = {label: (first[label] + last[label]) / 2 for label in first}
    assert truth.bound(world, evenly, names) == pytest.approx(1)  # type: ignore[arg-type]


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


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the schemas are not there")
def test_rows_have_the_fields_of_the_schemas_and_fit_them() -> None:
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
        # Some of what a connector adds is also in Zoom's rows.
        added = {name for name, field in inherits_of(CLASSES[stream]).items() if name != field}
        found = {field for row in rows for field in _fields(row)}
        assert found - added == _expected_fields(schema) - added, stream


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
