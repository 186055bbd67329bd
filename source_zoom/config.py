"""The user's configuration: checked, with defaults, and migrated from the shapes of older connectors."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    field_validator,
)

from source_zoom.exceptions import ConfigError

FLAT_KEYS = ("account_id", "client_id", "client_secret", "refresh_token", "access_token", "token_expiry_date")
# The key by which a flat config shows the kind of its credentials.
KINDS = {"refresh_token": "oauth2.0", "account_id": "server_to_server"}


def is_plain(text: str) -> bool:
    """Whether a text can go into a header, and is shown as it is."""
    return text.isascii() and text.isprintable()


def _pasted(text: str) -> str:
    # Anything else would break the header that it goes into.
    if not is_plain(text):
        raise ValueError("must be one line of printable ASCII: copy it from the app's page once more")
    return text


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("Input should be a valid string")
    return value


def _whole(value: object) -> object:
    # JSON Schema takes 2.0 for an integer.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Pasted = Annotated[str, AfterValidator(_pasted)]
Whole = Annotated[StrictInt, BeforeValidator(_whole)]


class OAuthCredentials(BaseModel):
    """A user's consent: a refresh token that Zoom replaces at each use."""

    auth_type: Literal["oauth2.0"]
    client_id: Pasted
    client_secret: Pasted
    refresh_token: Pasted
    access_token: Pasted = ""
    token_expiry_date: Annotated[datetime | None, BeforeValidator(_text)] = None

    @field_validator("token_expiry_date")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)

    def token_request(self) -> dict[str, str]:
        return {"grant_type": "refresh_token", "refresh_token": self.refresh_token}


class ServerToServerCredentials(BaseModel):
    """An app of the account itself: no refresh token, and any number of syncs at once."""

    auth_type: Literal["server_to_server"]
    account_id: Pasted
    client_id: Pasted
    client_secret: Pasted

    def token_request(self) -> dict[str, str]:
        return {"grant_type": "account_credentials", "account_id": self.account_id}


class Config(BaseModel):
    """What spec.json describes. `api_url` and `token_url` win over `environment`."""

    model_config = ConfigDict(extra="allow")

    credentials: Annotated[OAuthCredentials | ServerToServerCredentials, Field(discriminator="auth_type")]
    start_date: date | None = None
    lookback_days: Whole = Field(default=2, ge=0, le=3650)
    rate_limit_plan: Literal["auto", "free", "pro", "business"] = "auto"
    rate_limit_share: Whole = Field(default=90, ge=1, le=100)
    include_pending_users: StrictBool = False
    include_solo_meetings: StrictBool = False
    past_meetings_from: list[Literal["reports", "history", "instances"]] = Field(
        default=["reports", "history", "instances"], min_length=1
    )
    include_host_secrets: StrictBool = False
    environment: Literal["zoom.us", "zoomgov.com"] = "zoom.us"
    num_workers: Whole = Field(default=100, ge=1, le=400)
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
        if day > date.today() + timedelta(days=1):  # noqa: DTZ011  # by a day, zones make no difference
            raise ValueError("must not be in the future, where nothing has been held yet")
        return day

    @field_validator("api_url", "token_url")
    @classmethod
    def _leaks_nothing(cls, url: str) -> str:
        if not _is_address(url):
            raise ValueError(
                "must be an address like https://zoom.us/oauth/token, and a port a number to 65535"
            )
        if url and not is_private(url):
            raise ValueError("must begin with https:// (http:// is for this machine's own address only)")
        return url.rstrip("/")

    @property
    def api_base(self) -> str:
        """Where the API is, with the slash that joining a path to it needs."""
        return (self.api_url or f"https://api.{self.environment}/v2") + "/"

    def is_zooms(self, url: str) -> bool:
        """Whether an address is this environment's, so that the access token may go there."""
        if url.startswith(self.api_base):
            return True
        host = urlsplit(url).hostname or ""
        is_below = f".{host}".endswith(f".{self.environment}")
        return is_below or host == urlsplit(self.api_base).hostname

    @property
    def token_endpoint(self) -> str:
        return self.token_url or f"https://{self.environment}/oauth/token"


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent to an address."""
    parts = urlsplit(url)
    is_loopback = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    return is_loopback or (parts.scheme == "https" and bool(parts.hostname))


def _is_address(text: str) -> bool:
    try:
        # Reading the port checks it.
        _ = urlsplit(text).port
    except ValueError:
        return False
    return is_plain(text) and " " not in text


def userinfo(url: str) -> str:
    """The name and the password that stand before the host of an address, with their "@"."""
    try:
        return "".join(urlsplit(url).netloc.rpartition("@")[:2])
    except ValueError:
        # Of a proxy in the environment nobody knows whether its address is one.
        return ""


def parse(raw: Mapping[str, Any]) -> Config:
    """Check a migrated config. Raises ConfigError with a sentence for each mistake, and no values."""
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        mistakes = "; ".join(_sentence(mistake) for mistake in error.errors(include_input=False))
        raise ConfigError(f"The config is not valid: {mistakes}.") from None


def migrate(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the configs of tap-zoom and of Airbyte's former connector into the present shape.

    What is null or empty is left out, so is white space around a text, and a start date is a day. A config
    that needs none of this comes back equal. Raises ConfigError for JWT, which Zoom has ended.
    """
    config = _tidy(raw)
    if isinstance(start := config.get("start_date"), str):
        config["start_date"] = _day(start)
    if "jwt_token" in config:
        raise ConfigError(
            "Zoom ended JWT apps in 2023, so the key jwt_token cannot work: create a Server-to-Server OAuth"
            " app in the Zoom App Marketplace and configure its account_id, client_id and client_secret."
        )
    credentials = config.get("credentials")
    if credentials is None and ("client_id" in config or "client_secret" in config):
        flat = {key: config.pop(key) for key in FLAT_KEYS if key in config}
        # What is there counts before what was left empty.
        kinds = [KINDS[key] for keys in (flat, raw) for key in KINDS if key in keys]
        config["credentials"] = credentials = {**({"auth_type": kinds[0]} if kinds else {}), **flat}
    endpoint = config.pop("authorization_endpoint", None)
    if isinstance(credentials, Mapping):
        config["credentials"] = nested = _tidy(credentials)
        endpoint = nested.pop("authorization_endpoint", endpoint)
    if endpoint:
        config.setdefault("token_url", endpoint)
    return config


def _tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    stripped = {key: value.strip() if isinstance(value, str) else value for key, value in values.items()}
    return {key: value for key, value in stripped.items() if value not in (None, "")}


def _day(text: str) -> str:
    """The UTC day of a date-time, which the spec does not take; what is none stays as it is."""
    try:
        moment = datetime.fromisoformat(text) if re.match(r"\d{4}-\d\d-\d\d[T ]", text) else None
        # A time without a zone is UTC's.
        utc = moment.astimezone(UTC) if moment and moment.tzinfo else moment
    except (ValueError, OverflowError):
        utc = None
    return utc.date().isoformat() if utc else text


def unused_keys(config: Config, raw: Mapping[str, Any]) -> Iterator[str]:
    """The keys that a config has and nothing knows, as they are named to the user."""
    yield from (key for key in raw if key not in Config.model_fields)
    known = type(config.credentials).model_fields
    yield from (f"credentials.{key}" for key in raw["credentials"] if key not in known)


def _sentence(mistake: Mapping[str, Any]) -> str:
    # The discriminated union puts the chosen auth_type into the path; the user's config has no such key.
    path = ".".join(str(part) for part in mistake["loc"] if part not in ("oauth2.0", "server_to_server"))
    if path == "credentials":
        # pydantic's own sentences speak of tags, and quote what they found, which may be anything.
        return "credentials: must hold an auth_type, 'oauth2.0' or 'server_to_server', and what it needs"
    return f"{path or 'it'}: {mistake['msg'].removeprefix('Value error, ')}"
