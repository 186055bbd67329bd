"""What the simulator's own tests share: a client of it, and where things are in its account."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import requests

from integration_tests.zoom_simulator import Simulator, World

NOW = datetime(2026, 3, 15, 12)  # noqa: DTZ001  # the simulator's times are UTC's and have no zone
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


Start = Callable[..., tuple[Simulator, Client]]


def error(response: requests.Response) -> tuple[int, int]:
    return response.status_code, response.json()["code"]


def user_id(world: World, user: int) -> str:
    return world.ids.user(user)


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
