"""Signs requests with an access token and keeps it fresh, for both OAuth grants.

https://developers.zoom.us/docs/integrations/oauth/ and
https://developers.zoom.us/docs/internal-apps/s2s-oauth/
"""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError

from source_zoom.api.clock import ZoomClock
from source_zoom.api.rate_limits import RetryBudget, retry_after_seconds
from source_zoom.api.session import Answer, TooMuch, ZoomSession
from source_zoom.config import Config, OAuthCredentials, is_plain
from source_zoom.exceptions import CredentialsRefused, HostDown

OnTokensRotated = Callable[[dict[str, Any]], None]

TIMEOUT_SECONDS = (10, 60)
LAST_SECONDS = 3.0
USUAL_LIFETIME, LONGEST_LIFETIME = 3600.0, 86_400.0


class ZoomAuthenticator:
    """One access token for all threads, one token request however many of them need one.

    Zoom replaces the refresh token at each use, and the old one is dead from then on: the config with
    the new one goes to `on_tokens_rotated` before anything uses it. Refused credentials stay refused, so
    that a dead app costs one token request and not one for each stream.
    """

    def __init__(
        self,
        config: Config,
        raw_config: dict[str, Any],
        session: ZoomSession,
        retries: RetryBudget,
        on_tokens_rotated: OnTokensRotated,
        clock: ZoomClock,
    ) -> None:
        self.scopes: frozenset[str] = frozenset()
        self._config = config
        self._credentials = config.credentials
        self._raw_config = raw_config
        self._session = session
        self._retries = retries
        self._on_tokens_rotated = on_tokens_rotated
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._expires = 0.0
        self._refused: Exception | type[Exception] | None = None
        if isinstance(self._credentials, OAuthCredentials):
            self._token = self._credentials.access_token
            expiry, left = self._credentials.token_expiry_date, USUAL_LIFETIME
            if expiry:
                left = (expiry - datetime.now(UTC)).total_seconds()
            # Zoom refuses one that is dead before that, and it is renewed then.
            self._expires = self._retries.clock.now() + left

    def token(self) -> str:
        """A valid access token. Raises CredentialsRefused, or HostDown where Zoom gives none."""
        with self._lock:
            if not self._token or self._retries.clock.now() >= self._expires:
                self._renew()
            return self._token

    def sign(self, request: requests.PreparedRequest) -> str:
        """Put a valid access token into a request's headers, and return it."""
        token = self.token()
        request.headers["Authorization"] = f"Bearer {token}"
        return token

    def refresh(self, rejected: str) -> bool:
        """Replace a token that Zoom has rejected. Returns False where another thread already has."""
        with self._lock:
            is_current = self._token == rejected
            if is_current:
                self._renew()
            return is_current

    def close(self, error: type[Exception]) -> None:
        """Ask for no token any more. One that is asked for now is waited for: its config must be stored."""
        self._refused = error
        if self._lock.acquire(timeout=LAST_SECONDS):
            self._lock.release()

    def _renew(self) -> None:
        if self._refused:
            raise self._refused
        answer = self._request_token()
        self._token = answer["access_token"]
        lifetime = _seconds(answer.get("expires_in"))
        self._expires = self._retries.clock.now() + lifetime
        scopes = answer.get("scope")
        self.scopes = frozenset(scopes.split() if isinstance(scopes, str) else ())
        add_to_secrets(self._token)
        expiry = datetime.now(UTC) + timedelta(seconds=lifetime)
        self._hand_over(
            answer, access_token=self._token, token_expiry_date=expiry.isoformat(timespec="seconds")
        )

    def _hand_over(self, answer: Mapping[str, Any], **changes: str) -> None:
        """Hand over the config with what an answer changes in it, the next refresh token above all."""
        if not isinstance(self._credentials, OAuthCredentials):
            return
        if answer.get("refresh_token"):
            self._credentials.refresh_token = str(answer["refresh_token"])
            add_to_secrets(self._credentials.refresh_token)
        kept = {**self._raw_config["credentials"], "refresh_token": self._credentials.refresh_token}
        self._raw_config["credentials"] = kept | changes
        self._on_tokens_rotated(self._raw_config)

    def _request_token(self) -> Mapping[str, Any]:
        retries = self._retries.fresh()
        while True:
            asked = 0.0
            try:
                answer = self._session.send(self._request(), TIMEOUT_SECONDS)
            except (requests.RequestException, HTTPError, TooMuch) as error:
                trouble = f"it could not be reached ({type(error).__name__})"
            else:
                asked = retry_after_seconds(answer.headers)
                if answer.status < 400 and _is_usable(answer.fields.get("access_token")):
                    self._clock.observe(answer.headers)
                    return answer.fields
                if answer.fields.get("refresh_token"):
                    # The one that was sent is dead, whatever else is wrong.
                    self._hand_over(answer.fields)
                trouble = _trouble(answer)
                is_refusal = 400 <= answer.status < 500 and answer.status not in (408, 429)
                # Without a reason it is no answer of Zoom's, but of something on the way.
                if is_refusal and ("reason" in answer.fields or "error" in answer.fields):
                    self._refused = CredentialsRefused(
                        f"Zoom refused the credentials: {trouble}. {self._advice(answer.fields)}"
                    )
                    raise self._refused
            if not retries.wait_for_next(asked):
                self._refused = HostDown(
                    f"No access token from {self._config.token_endpoint} within {retries.seconds:.0f} s:"
                    f" {trouble}. Check the network, or try again later."
                )
                raise self._refused

    def _request(self) -> requests.PreparedRequest:
        request = self._session.request(self._config.token_endpoint)
        request.method = "POST"
        request.prepare_body(self._credentials.token_request(), None)
        request.prepare_auth(HTTPBasicAuth(self._credentials.client_id, self._credentials.client_secret))
        return request

    def _advice(self, answer: Mapping[str, Any]) -> str:
        if answer.get("error") == "invalid_client":
            return "Check client_id and client_secret against the app's page in the Zoom App Marketplace."
        if isinstance(self._credentials, OAuthCredentials):
            return (
                "A refresh token works once, and a newer authorization or another sync may have used it up:"
                " authorize the app again, or use a Server-to-Server OAuth app."
            )
        return "Check account_id, and that the app is a Server-to-Server OAuth app and is activated."


def _is_usable(token: object) -> bool:
    # What is wrong with a header is said with the header in it, so none is made of anything else.
    return isinstance(token, str) and is_plain(token) and token.split() == [token]


def _seconds(lifetime: Any) -> float:
    # Whatever else is wrong with an answer, the new refresh token in it is the only one that is left.
    is_usable = isinstance(lifetime, int | float) and 0 < lifetime <= LONGEST_LIFETIME
    return lifetime if is_usable else USUAL_LIFETIME


def _trouble(answer: Answer) -> str:
    # Token answers name `reason` and `error`, API answers `message`.
    fields = answer.fields
    found = map(fields.get, ("reason", "error", "message"))
    words = [word for word in found if word and isinstance(word, str)]
    if answer.status < 400 and isinstance(fields.get("access_token"), str):
        words = ["with an access token that is not one word of printable ASCII"]
    return f"HTTP {answer.status} {' / '.join(words) or 'without a reason'}"
