"""What the simulator notes and sends of each request, and the simulator as a process."""

import json
import subprocess
import sys
from pathlib import Path

import requests

from integration_tests.simulator.client import Client, Start, error
from integration_tests.zoom_simulator import Journal


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
    root = Path(__file__).parents[2]
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
