"""The user's configuration: checked, with defaults, and migrated from the shapes of older connectors."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from source_zoom.exceptions import ConfigError

FLAT_KEYS = ("account_id", "client_id", "client_secret", "refresh_token", "access_token", "token_expiry_date")


class OAuthCredentials(BaseModel):
    """A user's consent: a refresh token that Zoom replaces at each use."""

    auth_type: Literal["oauth2.0"]
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1)
    refresh_token: str = Field(min_length=1)
    access_token: str = ""
    token_expiry_date: datetime | None = None

    @field_validator("token_expiry_date", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("token_expiry_date")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)

    def token_request(self) -> dict[str, str]:
        return {"grant_type": "refresh_token", "refresh_token": self.refresh_token}


class ServerToServerCredentials(BaseModel):
    """An app of the account itself: no refresh token, and any number of syncs at once."""

    auth_type: Literal["server_to_server"]
    account_id: str = Field(min_length=1)
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1)

    def token_request(self) -> dict[str, str]:
        return {"grant_type": "account_credentials", "account_id": self.account_id}


class Config(BaseModel):
    """What spec.json describes. `api_url` and `token_url` win over `environment`."""

    model_config = ConfigDict(extra="allow")

    credentials: Annotated[OAuthCredentials | ServerToServerCredentials, Field(discriminator="auth_type")]
    start_date: date | None = None
    lookback_days: int = Field(default=2, ge=0, le=3650)
    rate_limit_plan: Literal["auto", "free", "pro", "business"] = "auto"
    rate_limit_share: int = Field(default=90, ge=1, le=100)
    include_pending_users: bool = False
    include_host_secrets: bool = False
    environment: Literal["zoom.us", "zoomgov.com"] = "zoom.us"
    num_workers: int = Field(default=100, ge=1, le=400)
    api_url: str = ""
    token_url: str = ""

    @field_validator("start_date", mode="before")
    @classmethod
    def _plain_date(cls, value: object) -> object:
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            day = date.min
        if day.isoformat() != value:
            raise ValueError("must be a day like 2026-01-31")
        # Tomorrow is somewhere else's today.
        if day > date.today() + timedelta(days=1):
            raise ValueError("must not be in the future, where nothing has been held yet")
        return day

    @field_validator("api_url", "token_url")
    @classmethod
    def _leaks_nothing(cls, url: str) -> str:
        if url and not is_private(url):
            raise ValueError("must begin with https:// (http:// is for this machine's own address only)")
        return url.rstrip("/")

    @property
    def api_base(self) -> str:
        """Where the API is, with the slash that joining a path to it needs."""
        return (self.api_url or f"https://api.{self.environment}/v2") + "/"

    def is_zooms(self, url: str) -> bool:
        """Whether an address is this environment's, so that the access token may go there."""
        host = urlsplit(url).hostname or ""
        is_below = f".{host}".endswith(f".{self.environment}")
        return url.startswith(self.api_base) or is_below or host == urlsplit(self.api_base).hostname

    @property
    def token_endpoint(self) -> str:
        return self.token_url or f"https://{self.environment}/oauth/token"


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent to an address."""
    parts = urlsplit(url)
    is_loopback = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    return is_loopback or (parts.scheme == "https" and bool(parts.hostname))


def userinfo(url: str) -> str:
    """The name and the password that stand before the host of an address, with their "@"."""
    return "".join(urlsplit(url).netloc.rpartition("@")[:2])


def parse(raw: Mapping[str, Any]) -> Config:
    """Check a migrated config. Raises ConfigError with a sentence for each mistake, and no values."""
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        mistakes = "; ".join(_sentence(mistake) for mistake in error.errors(include_input=False))
        raise ConfigError(f"The config is not valid: {mistakes}.") from None


def migrate(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the configs of tap-zoom and of Airbyte's former connector into the present shape.

    A config that already has it comes back equal. Raises ConfigError for JWT, which Zoom has ended.
    """
    config = dict(raw)
    if not config.get("start_date", True):
        # A form may send an empty field.
        del config["start_date"]
    if "jwt_token" in config:
        raise ConfigError(
            "Zoom ended JWT apps in 2023, so the key jwt_token cannot work: create a Server-to-Server OAuth"
            " app in the Zoom App Marketplace and configure its account_id, client_id and client_secret."
        )
    credentials = config.get("credentials")
    if credentials is None and ("client_id" in config or "client_secret" in config):
        flat = {key: config.pop(key) for key in FLAT_KEYS if key in config}
        kind = "oauth2.0" if "refresh_token" in flat else "server_to_server"
        config["credentials"] = credentials = {"auth_type": kind, **flat}
    endpoint = config.pop("authorization_endpoint", None)
    if isinstance(credentials, Mapping) and "authorization_endpoint" in credentials:
        nested = dict(credentials)
        endpoint = nested.pop("authorization_endpoint") or endpoint
        config["credentials"] = nested
    if endpoint:
        config.setdefault("token_url", endpoint)
    return config


def _sentence(mistake: Mapping[str, Any]) -> str:
    # The discriminated union puts the chosen auth_type into the path; the user's config has no such key.
    path = ".".join(str(part) for part in mistake["loc"] if part not in ("oauth2.0", "server_to_server"))
    if path == "credentials":
        # pydantic's own sentences speak of tags, and quote what they found, which may be anything.
        return "credentials: must hold an auth_type, 'oauth2.0' or 'server_to_server', and what it needs"
    return f"{path or 'it'}: {mistake['msg'].removeprefix('Value error, ')}"
