import pytest

from source_zoom.config import migrate, parse
from source_zoom.exceptions import ConfigError

SERVER_TO_SERVER = {
    "auth_type": "server_to_server",
    "account_id": "account",
    "client_id": "id",
    "client_secret": "hush",
}
OAUTH = {"auth_type": "oauth2.0", "client_id": "id", "client_secret": "hush", "refresh_token": "refresh"}


def test_the_present_shape_is_left_as_it_is() -> None:
    for credentials in (SERVER_TO_SERVER, OAUTH):
        config = {"credentials": credentials, "start_date": "2026-01-31", "unknown": [1]}
        assert migrate(config) == config


def test_a_flat_config_of_tap_zoom_is_migrated() -> None:
    flat = {key: value for key, value in OAUTH.items() if key != "auth_type"}
    assert migrate({**flat, "user_agent": "me"}) == {"credentials": OAUTH, "user_agent": "me"}


def test_a_flat_config_of_the_former_connector_is_migrated() -> None:
    flat = {key: value for key, value in SERVER_TO_SERVER.items() if key != "auth_type"}
    migrated = migrate({**flat, "authorization_endpoint": "https://zoom.us/oauth/token"})
    assert migrated == {"credentials": SERVER_TO_SERVER, "token_url": "https://zoom.us/oauth/token"}


def test_a_nested_authorization_endpoint_becomes_the_token_url() -> None:
    nested = {**SERVER_TO_SERVER, "authorization_endpoint": "https://zoomgov.com/oauth/token"}
    migrated = migrate({"credentials": nested})
    assert migrated == {"credentials": SERVER_TO_SERVER, "token_url": "https://zoomgov.com/oauth/token"}


def test_jwt_gets_a_sentence() -> None:
    with pytest.raises(ConfigError, match="Zoom ended JWT apps in 2023"):
        migrate({"jwt_token": "old"})


def test_urls_follow_the_environment_unless_they_are_given() -> None:
    government = parse({"credentials": OAUTH, "environment": "zoomgov.com"})
    assert government.api_base == "https://api.zoomgov.com/v2/"
    assert government.token_endpoint == "https://zoomgov.com/oauth/token"
    given = parse(
        {"credentials": OAUTH, "api_url": "http://127.0.0.1:1/v2/", "token_url": "http://[::1]:1/t"}
    )
    assert given.api_base == "http://127.0.0.1:1/v2/"
    assert given.token_endpoint == "http://[::1]:1/t"


def test_empty_dates_of_the_ui_are_no_dates() -> None:
    config = parse(migrate({"credentials": {**OAUTH, "token_expiry_date": ""}, "start_date": ""}))
    assert config.start_date is None
    assert config.credentials.token_expiry_date is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T23:30:00", "2026-01-31"),
        ("2026-01-31 23:30:00", "2026-01-31"),
        ("2026-01-31T23:30:00.000Z", "2026-01-31"),
        ("2026-01-31T00:30:00+02:00", "2026-01-30"),
    ],
)
def test_a_start_date_with_a_time_is_its_day(given: str, day: str) -> None:
    migrated = migrate({"credentials": OAUTH, "start_date": given})
    assert migrated["start_date"] == day
    parse(migrated)
