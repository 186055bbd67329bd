"""Faults on demand and at random."""

import time

import pytest
import requests

from integration_tests.simulator.client import Start
from integration_tests.zoom_simulator import Faults
from integration_tests.zoom_simulator.faults import KINDS


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
