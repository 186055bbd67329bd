"""Tokens, the consent, and scopes."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integration_tests.simulator.client import Start, error, user_id
from integration_tests.zoom_simulator import Size, truth
from integration_tests.zoom_simulator.routes import CLASSIC_SCOPES, GRANULAR_SCOPES, ROUTES


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
    scopes = {**app, "redirect_uri": uri, "scope": "user:read:admin"}
    for wrong in ({**app, "client_id": "no"}, {**app, "response_type": "token"}, app, scopes):
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
    size = Size(
        users=1,
        meetings_per_user=2,
        webinars_per_user=2,
        unlisted_per_user=1,
        past_occurrences=1,
        former_hosts=1,
    )
    simulator, client = start(size, scopes=CLASSIC_SCOPES, list_scopes=False)
    assert "scope" not in client.token().json()
    for _, url in truth.least_urls(simulator.world, url=simulator.url):
        answer = client.session.get(url if "://" in url else simulator.api_url + url, timeout=5)
        assert '"code":4711' not in answer.text
    # Those of users are asked for in place of the account's.
    assert {entry.route for entry in simulator.journal.answered()} == ROUTES.keys() - {"user_recordings"}
