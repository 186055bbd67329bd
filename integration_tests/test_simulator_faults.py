"""The simulator refuses a part, changes answers, grants and revokes scopes, and counts what it was asked."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests

from integration_tests.zoom_simulator import Clock, Journal, Simulator, Size, refusals, truth
from integration_tests.zoom_simulator.paging import page_number
from integration_tests.zoom_simulator.routes import ROUTES

NOON = datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)
Json = dict[str, Any]


class Client:
    """As little of a client as a test needs."""

    def __init__(self, zoom: Simulator) -> None:
        self.zoom = zoom
        self.session = requests.Session()
        self.log_in()

    def log_in(self) -> str:
        """Take a new token, and say which scopes it lists."""
        app = self.zoom.oauth
        form = {"grant_type": "account_credentials", "account_id": app.account_id}
        answer = requests.post(
            self.zoom.token_url, data=form, auth=(app.client_id, app.client_secret), timeout=5
        ).json()
        self.session.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return str(answer["scope"])

    def get(self, path: str, **query: Any) -> requests.Response:
        """An address outside the API is whole, one inside is below its base."""
        url = path if path.startswith("http") else self.zoom.api_url + path
        return self.session.get(url, params=query, timeout=5)

    def pages(self, path: str, **query: Any) -> Iterator[Json]:
        token = ""
        while True:
            body = self.get(path, **query, **({"next_page_token": token} if token else {})).json()
            yield body
            token = body["next_page_token"]
            if not token:
                return

    def look(self, path: str, **query: Any) -> tuple[int, Any]:
        """HTTP status and Zoom's code."""
        answer = self.get(path, **query)
        return answer.status_code, answer.json().get("code")


Start = Callable[..., tuple[Simulator, Client]]


def simulators() -> Iterator[Start]:
    """A function that starts small simulators with a client each; they stop when it is let go."""
    started = []

    def begin(size: Size | None = None, **options: Any) -> tuple[Simulator, Client]:
        options = {"clock": Clock(NOON, running=False), "plan": "unlimited", **options}
        simulator = Simulator(1, size or Size(users=6), **options).start()
        started.append(simulator)
        return simulator, Client(simulator)

    yield begin
    for simulator in started:
        simulator.stop()


@pytest.fixture
def start() -> Iterator[Start]:
    yield from simulators()


def test_one_of_several_replies_can_be_lifted(start: Start) -> None:
    simulator, client = start()
    hosts = simulator.faults.reply(
        "/report/users", *refusals.NO_PERMISSION, headers={"X-Zoom-Trackingid": "7"}
    )
    simulator.faults.reply("/v2/users", *refusals.UNKNOWN_CODE)
    answer = client.get("/report/users")
    assert (answer.status_code, answer.json()["message"]) == (400, "No permission.")
    assert answer.headers["X-Zoom-Trackingid"] == "7"
    assert client.look("/users") == (400, 9999)
    simulator.faults.forget(hosts)
    assert client.look("/report/users") == (400, 300), "the real answer: from and to are missing"
    assert client.look("/users") == (400, 9999)
    simulator.faults.forget("/v2/users")
    assert client.get("/users").ok
    with pytest.raises(ValueError, match="nothing is aimed"):
        simulator.faults.forget("/v2/users")


def test_only_the_first_requests_may_be_hit(start: Start) -> None:
    simulator, client = start()
    simulator.faults.always("/v2/users", "503", times=2)
    simulator.faults.reply("/v2/users", *refusals.NO_PERMISSION, times=1)
    assert [client.get("/users").status_code for _ in range(4)] == [503, 503, 400, 200]


def test_only_one_page_may_be_hit(start: Start) -> None:
    simulator, client = start(Size(users=40))
    simulator.faults.reply(r"/v2/users\?", *refusals.UNKNOWN_CODE, page=2)
    first = client.get("/users", page_size=10, status="active").json()
    second = {"page_size": 10, "status": "active", "next_page_token": first["next_page_token"]}
    assert client.look("/users", **second) == (400, 9999)
    assert client.look("/users", page_size=10, page_number=2) == (400, 9999)
    assert client.get("/users", page_size=10, page_number=3).ok
    simulator.faults.clear()
    assert client.get("/users", **second).ok


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("/v2/users", 1),
        ("/v2/users?page_size=300&page@600", 3),
        ("/v2/users?page@60", 3),
        ("/v2/users?page_size=1000&page@300", 2),
        ("/v2/users?page_number=4&page_size=30", 4),
        ("/v2/users?page@invalid", 1),
    ],
)
def test_a_url_tells_the_page(url: str, page: int) -> None:
    assert page_number(url) == page


def test_a_request_hangs_until_it_is_let_go(start: Start) -> None:
    simulator, client = start()
    simulator.faults.hang("/v2/users", times=1)
    ends = []

    def ask() -> None:
        try:
            client.session.get(simulator.api_url + "/users", timeout=30)
        except requests.ConnectionError as error:
            ends.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not simulator.journal.of("users"):
        time.sleep(0.01)
    time.sleep(0.1)
    assert thread.is_alive()
    assert requests.get(simulator.api_url + "/users", timeout=5).status_code == 401, "others are served"
    simulator.faults.clear()
    thread.join(5)
    assert len(ends) == 1
    assert [(entry.status, entry.fault) for entry in simulator.journal.of("users")] == [
        (0, "hang"),
        (401, ""),
    ]


def test_the_client_may_give_up_on_a_request_that_hangs(start: Start) -> None:
    simulator, client = start()
    simulator.faults.reply("/v2/users", None)
    with pytest.raises(requests.Timeout):
        client.session.get(simulator.api_url + "/users", timeout=0.1)
    deadline = time.monotonic() + 5
    while simulator.journal.in_flight and time.monotonic() < deadline:
        time.sleep(0.01)
    assert simulator.journal.in_flight == 0


def test_real_answers_can_be_changed(start: Start) -> None:
    simulator, client = start()
    settings = client.get("/users").json()

    def without_ids(body: Json) -> None:
        for row in body["users"]:
            row.pop("id")
            row["group_ids"].clear()

    simulator.faults.change("/v2/users", without_ids, times=1)
    assert not any("id" in row for row in client.get("/users").json()["users"])
    assert client.get("/users").json() == settings, "what the world is made of stays as it is"
    simulator.faults.change("/v2/users", lambda body: {**body, "next_page_token": "wrong"})
    simulator.faults.change("/v2/users", lambda body: {k: v for k, v in body.items() if k != "users"})
    answer = client.get("/users").json()
    assert answer["next_page_token"] == "wrong"
    assert "users" not in answer
    assert client.look("/users", status="nonsense") == (400, 300), "refusals stay as they are"
    assert simulator.journal.faults == {"change": 2}
    assert len(simulator.journal.answered()) == 5
    simulator.faults.change("/oauth/token", lambda body: {**body, "scope": "none"})
    assert client.log_in() == "none"


REFUSALS = {
    "no host": (refusals.NO_HOST, 400, 3161),
    "paid": (refusals.paid_only("u"), 400, 200),
    "permission": (refusals.NO_PERMISSION, 400, 200),
    "user": (refusals.no_user("u"), 404, 1001),
    "meeting": (refusals.no_meeting(5), 404, 3001),
    "webinar": (refusals.no_meeting(5, "Webinar"), 404, 3001),
    "old": (refusals.OLD_REPORT, 400, 300),
    "unknown": (refusals.UNKNOWN_CODE, 400, 9999),
    "scopes": (refusals.missing_scopes("a:b:c"), 400, 4711),
    "plan": (refusals.NO_WEBINAR_PLAN, 400, 200),
    "hidden plan": (refusals.hidden_plan_missing("u"), 200, 200),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_in_zooms_words(start: Start, name: str) -> None:
    refusal, status, code = REFUSALS[name]
    simulator, client = start()
    simulator.faults.reply("/v2/users", *refusal)
    answer = client.get("/users")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]


def test_refusals_in_the_words_of_others(start: Start) -> None:
    simulator, client = start()
    simulator.faults.reply("/v2/users", *refusals.PROXY_PAGE, times=1)
    simulator.faults.reply("/v2/users", *refusals.EMPTY_NOT_FOUND)
    page = client.get("/users")
    assert (page.status_code, page.headers["Content-Type"]) == (403, "text/html")
    empty = client.get("/users")
    assert (empty.status_code, empty.content) == (404, b"")


def test_ready_made_words_are_those_of_the_routes(start: Start) -> None:
    simulator, client = start()
    user = simulator.world.ids.user
    assert client.get(f"/users/{user(2)}/meetings").json() == refusals.NO_HOST.body
    assert client.get(f"/users/{user(2)}/webinars").json() == refusals.NO_WEBINAR_PLAN.body
    assert client.get(f"/users/{user(3)}/webinars").json() == refusals.hidden_plan_missing(user(3)).body
    assert client.get(f"/users/{user(4)}/meetings").json() == refusals.no_user(user(4)).body
    assert client.get("/meetings/5").json() == refusals.no_meeting(5).body


def test_scopes_come_and_go_with_new_tokens(start: Start) -> None:
    scope = "report:read:list_users:admin"
    simulator, client = start()
    days = {"from": "2026-11-01", "to": "2026-11-20"}
    simulator.oauth.revoke(scope)
    assert client.get("/report/users", **days).ok, "a token keeps the scopes it was issued with"
    assert scope not in client.log_in().split()
    assert client.look("/report/users", **days) == (400, 4711)
    simulator.oauth.grant(scope)
    assert client.look("/report/users", **days) == (400, 4711)
    assert scope in client.log_in().split()
    assert client.get("/report/users", **days).ok


# The journal


def test_requests_are_counted_by_day_and_by_anything(start: Start) -> None:
    simulator, client = start(journal=Journal())
    ids = [row["id"] for _, row in truth.rows(simulator.world, "meetings")][:2]
    client.get(f"/meetings/{ids[0]}")
    simulator.clock.advance(days=1)
    client.log_in()
    for id_ in (*ids, ids[0]):
        client.get(f"/meetings/{id_}")
    journal, today, tomorrow = simulator.journal, date(2026, 11, 20), date(2026, 11, 21)
    assert journal.tally("day", route="meetings") == {today: 1, tomorrow: 3}
    assert journal.tally("id", day=tomorrow, route="meetings") == {str(ids[0]): 2, str(ids[1]): 1}
    assert journal.tally("label", "status", day=today) == {("TOKEN", 200): 1, ("LIGHT", 200): 1}
    assert journal.days[tomorrow, "meetings"] == 3
    uuid = next(parent["uuid"] for parent, _ in truth.rows(simulator.world, "report_meetings"))
    client.get(ROUTES["report_meetings"].url(uuid))
    assert journal.entries[-1].id == uuid


def test_days_are_counted_without_a_list_of_requests(start: Start) -> None:
    simulator, client = start(journal=Journal(keep=False))
    client.get("/users")
    assert simulator.journal.days == {(date(2026, 11, 20), "token"): 1, (date(2026, 11, 20), "users"): 1}
