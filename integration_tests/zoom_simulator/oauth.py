"""The token endpoint, and what access tokens are good for."""

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .clock import Clock
from .errors import ZoomError
from .refusals import missing_scopes


class TokenError(Exception):
    """A refusal in the token endpoint's own shape."""

    def __init__(self, reason: str, error: str = "invalid_request", status: int = 400) -> None:
        super().__init__(reason)
        self.status = status
        self.body = {"reason": reason, "error": error}


@dataclass
class _Token:
    expires: float
    scopes: frozenset[str]
    uses: int = 0


class OAuth:
    """One app with its credentials, scopes and living tokens."""

    client_id = "simulated-client-id"
    client_secret = "simulated-client-secret"
    account_id = "simulated-account-id"

    def __init__(
        self,
        clock: Clock,
        scopes: Iterable[str],
        *,
        lifetime: float = 3600,
        refresh_token: str | None = None,
        list_scopes: bool = True,
    ) -> None:
        self.scopes = frozenset(scopes)
        self.lifetime = lifetime
        self.refresh_token = refresh_token or f"refresh-{secrets.token_urlsafe(24)}"
        self._clock = clock
        self._list_scopes = list_scopes
        self._tokens: dict[str, _Token] = {}
        self._admitted: _Token | None = None
        self._codes: dict[str, str] = {}

    def grant(self, *scopes: str) -> None:
        """Add scopes to the app. Tokens keep those with which they were issued."""
        self.scopes |= frozenset(scopes)

    def revoke(self, *scopes: str) -> None:
        """Take scopes away from the app. Tokens keep those with which they were issued."""
        self.scopes -= frozenset(scopes)

    def authorize(self, query: Mapping[str, str]) -> str:
        """Where a user who consents is sent: the app's redirect URI with a code that is good for one use."""
        if query.get("client_id") != self.client_id or query.get("response_type") != "code":
            raise TokenError("Invalid client_id or response_type")
        if not query.get("redirect_uri"):
            raise TokenError("Invalid redirect")
        if "scope" in query and set(query["scope"].split()) != self.scopes:
            raise TokenError("Invalid scope", "invalid_scope")
        code, uri = secrets.token_urlsafe(24), query["redirect_uri"]
        self._codes[code] = uri
        answer = urlencode({"code": code, "state": query.get("state", "")})
        return f"{uri}{'&' if '?' in uri else '?'}{answer}"

    def issue(self, authorization: str, form: Mapping[str, str], api_url: str) -> dict[str, Any]:
        """Answer a token request; the refresh token that was used dies."""
        self._check_client(authorization)
        match form.get("grant_type"):
            case "account_credentials":
                if not form.get("account_id"):
                    raise TokenError("Invalid Account Id")
                if form["account_id"] != self.account_id:
                    raise TokenError("Account does not exist")
                return self._answer(api_url)
            case "refresh_token":
                if form.get("refresh_token") != self.refresh_token:
                    raise TokenError("Invalid Token!")
                return self._answer_with_refresh_token(api_url)
            case "authorization_code":
                redirect_uri = self._codes.pop(form.get("code", ""), None)
                if redirect_uri is None:
                    raise TokenError("Invalid authorization code")
                if form.get("redirect_uri") != redirect_uri:
                    raise TokenError("Redirect URI mismatch")
                return self._answer_with_refresh_token(api_url)
            case _:
                raise TokenError("unsupported grant type", "unsupported_grant_type")

    def _check_client(self, authorization: str) -> None:
        scheme, _, value = authorization.partition(" ")
        try:
            given = base64.b64decode(value, validate=True).decode() if scheme.lower() == "basic" else ""
        except ValueError:
            given = ""
        if given != f"{self.client_id}:{self.client_secret}":
            raise TokenError("Invalid client_id or client_secret", "invalid_client")

    def _answer_with_refresh_token(self, api_url: str) -> dict[str, Any]:
        self.refresh_token = f"refresh-{secrets.token_urlsafe(24)}"
        return {**self._answer(api_url), "refresh_token": self.refresh_token}

    def _answer(self, api_url: str) -> dict[str, Any]:
        now = self._clock.timestamp()
        self._tokens = {text: token for text, token in self._tokens.items() if token.expires > now}
        access_token = secrets.token_urlsafe(48)
        self._tokens[access_token] = _Token(now + self.lifetime, self.scopes)
        answer = {
            "access_token": access_token,
            "token_type": "bearer",
            "expires_in": int(self.lifetime),
            "api_url": api_url,
        }
        return {**answer, "scope": " ".join(sorted(self.scopes))} if self._list_scopes else answer

    def check_token(self, authorization: str) -> None:
        """Raise unless this is the bearer header of a living token."""
        scheme, _, text = authorization.partition(" ")
        token = self._tokens.get(text) if scheme.lower() == "bearer" else None
        if token is None:
            raise ZoomError(401, 124, "Invalid access token.")
        if token.expires <= self._clock.timestamp():
            raise ZoomError(401, 124, "Access token is expired.")
        token.uses += 1
        self._admitted = token

    def check_scopes(self, accepted: tuple[str, ...]) -> None:
        """Raise unless the token that was checked last has one of these."""
        scopes = self._admitted.scopes if self._admitted else self.scopes
        if scopes.isdisjoint(accepted):
            status, body = missing_scopes(*accepted)
            raise ZoomError(status, body["code"], body["message"])

    def was_used(self, authorization: str) -> bool:
        """Whether the token of this header has been honoured before."""
        token = self._tokens.get(authorization.partition(" ")[2])
        return token is not None and token.uses > 0

    def expire(self, authorization: str) -> None:
        """Let the token of this header die early."""
        token = self._tokens.get(authorization.partition(" ")[2])
        if token is not None:
            token.expires = self._clock.timestamp()
