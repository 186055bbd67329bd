"""Sends requests to Zoom: paced, signed, repeated as long as that can help, judged by `errors.py`."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import orjson
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.http_client import HttpClient
from requests.adapters import BaseAdapter, HTTPAdapter

from source_zoom.auth import ZoomAuthenticator
from source_zoom.config import Config
from source_zoom.errors import (
    Action,
    DailyLimitReached,
    HostDown,
    PageTokenLost,
    Refused,
    ScopeMissing,
    Skipped,
    Verdict,
    ZoomError,
    advice,
    judge,
    scope_to_add,
)
from source_zoom.rate_limits import MEDIUM, RateLimits, Retries, asked_pause
from source_zoom.summary import Summary

logger = logging.getLogger("airbyte.source_zoom")
request_logger = logger.getChild("requests")

CONNECT_SECONDS, READ_SECONDS = 10, 60
PIECE_BYTES = 2**20
BLOCKED_ATTEMPTS = 5


class JsonResponse(requests.Response):
    """A response whose body is read in one piece, and parsed once, however often it is asked for."""

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        return super().iter_content(PIECE_BYTES, decode_unicode)

    @cached_property
    def body(self) -> Any:
        try:
            return orjson.loads(self.content)
        except ValueError:
            # orjson knows no integer beyond 64 bits, neither when it reads nor when it writes.
            return orjson.loads(json.dumps(json.loads(self.content, parse_int=_at_most_64_bits)))

    def json(self, **kwargs: Any) -> Any:
        """The parsed body; raises ValueError where it is not JSON."""
        return self.body


def _at_most_64_bits(digits: str) -> int | float:
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(number)


class _JsonAdapter(HTTPAdapter):
    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = super().build_response(req, resp)
        response.__class__ = JsonResponse
        return response


def make_session(connections: int, user_agent: str = "") -> requests.Session:
    """One session for all streams, with a pooled connection for every worker."""
    session = requests.Session()
    if user_agent:
        session.headers["User-Agent"] = user_agent
    adapter = _JsonAdapter(pool_connections=4, pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class ServerClock:
    """Zoom's own time, taken from the `Date` of its first answer; until then the local clock's."""

    def __init__(self, local: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._local = local
        self._lock = threading.Lock()
        self._now: datetime | None = None

    def observe(self, response: requests.Response) -> None:
        if self._now is None and "Date" in response.headers:
            with self._lock, suppress(ValueError):
                self._now = self._now or parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)

    @property
    def is_known(self) -> bool:
        return self._now is not None

    def now(self) -> datetime:
        """The sync's "now" in UTC: it stays the same to the end of the sync."""
        if self._now is None:
            with self._lock:
                self._now = self._now or self._local()
        return self._now


@dataclass(frozen=True)
class Sync:
    """What the streams of one sync share."""

    config: Config
    session: requests.Session
    authenticator: ZoomAuthenticator
    limits: RateLimits
    retries: Retries
    server_clock: ServerClock
    summary: Summary

    def client(self, stream: str, label: str, scopes: tuple[str, ...]) -> "ZoomClient":
        return ZoomClient(stream, label, scopes, self)


class ZoomClient(HttpClient):
    """Sends the requests of one stream, and is shared by all its threads.

    `urgent` requests go before the others of their rate limit label: whole streams wait for them.
    """

    def __init__(self, stream: str, label: str, scopes: tuple[str, ...], sync: Sync) -> None:
        super().__init__(name=stream, logger=logger, session=sync.session)
        self.urgent = False
        self._label = label
        self._scopes = scopes
        self._authenticator = sync.authenticator
        self._limits = sync.limits
        self._retries = sync.retries
        self._server_clock = sync.server_clock
        self._summary = sync.summary

    def send_request(  # type: ignore[override]  # of HttpClient's arguments, those that a GET needs
        self, http_method: str, url: str, *, params: Mapping[str, str] | None = None, **_: Any
    ) -> tuple[requests.PreparedRequest, requests.Response]:
        """Get one page of Zoom's.

        Raises Skipped, PageTokenLost, a StreamEnded, or a ZoomError that names the resource.
        """
        request = self._request(url, params or {})
        retries = self._retries.fresh()
        while True:
            # Nobody waits for a token with a slot in hand: the requests would all leave at once afterwards.
            self._authenticator.token()
            with self._summary.waiting(f"the {self._label} rate limit"):
                waited = self._limits.budget(self._label).take(urgent=self.urgent)
            token = self._authenticator.sign(request)
            self._summary.add(self._name, requests=1, waited=waited)
            try:
                response = self._answer(request)
                verdict = self._judge(response)
            except requests.RequestException as error:
                verdict = Verdict(Action.RETRY, "Zoom could not be reached", 0, None, type(error).__name__)
            else:
                if verdict is None:
                    return request, response
            self._act(verdict, request, token, retries)

    def _answer(self, request: requests.PreparedRequest) -> requests.Response:
        began = time.monotonic()
        with self._summary.waiting("an answer of Zoom"):
            response = self._adapter.send(
                request, timeout=(CONNECT_SECONDS, READ_SECONDS), **self._environment
            )
            response.content  # noqa: B018  # reads the body, so that the connection is free again
        request_logger.debug(
            "GET %s",
            request.path_url,
            extra={
                "stream": self._name,
                "status": response.status_code,
                "seconds": time.monotonic() - began,
            },
        )
        return response

    def _judge(self, response: requests.Response) -> Verdict | None:
        self._server_clock.observe(response)
        verdict = judge(response)
        if verdict and verdict.action in (Action.SLOW_DOWN, Action.STOP_LABEL):
            # Nobody waits longer than for another attempt unless the day's requests are used up.
            if verdict.action is Action.STOP_LABEL or asked_pause(response.headers) > self._retries.seconds:
                until = response.headers.get("Retry-After", "00:00 UTC")
                reason = f"the daily rate limit is used up until {until}"
                return replace(verdict, action=Action.STOP_LABEL, reason=reason)
            self._limits.refused(self._label, response.headers)
        else:
            self._limits.passed(self._label, response.headers)
        return verdict and replace(verdict, pause=asked_pause(response.headers))

    def _act(self, verdict: Verdict, request: requests.PreparedRequest, token: str, retries: Retries) -> None:
        """Prepare for another attempt, or raise what ends them."""
        resource = f"GET {request.path_url.partition('?')[0]}"
        match verdict.action:
            case Action.SKIP:
                raise Skipped(verdict)
            case Action.RESTART:
                raise PageTokenLost(str(verdict))
            case Action.SCOPE:
                wanted = advice([scope_to_add(verdict.message, self._scopes)])
                raise ScopeMissing(f"Zoom refused {resource}: {verdict}. {wanted}")
            case Action.REFUSED:
                raise Refused(f"Zoom refused {resource}: {verdict}.")
            case Action.BLOCKED if retries.attempts >= BLOCKED_ATTEMPTS and not self.urgent:
                if self._others_are_answered():
                    raise Skipped(verdict)
            case Action.STOP_LABEL:
                error = DailyLimitReached(f"Zoom refused {resource} ({self._label}): {verdict}.")
                self._limits.budget(self._label).close(error)
                raise error
            case Action.FAIL:
                raise ZoomError(f"Zoom refused {resource}: {verdict}.")
            case Action.REFRESH if not self._authenticator.refresh(token):
                # The token died while the request was under way: that says nothing about the next attempt.
                self._summary.add(self._name, retries=1)
                return
        with self._summary.waiting("another attempt"):
            paused = retries.pause(verdict.pause)
        if paused is None:
            if not self._others_are_answered():
                down = HostDown(
                    f"Zoom could not be read for {retries.seconds:.0f} s, neither {resource} nor the rest:"
                    f" {verdict}. Check the network, or try again later."
                )
                self._limits.close(down)
                raise down
            lasting = verdict.action is Action.REFRESH
            raise ZoomError(
                f"Gave up {resource} after {retries.seconds:.0f} s of retries: {verdict}.",
                FailureType.config_error if lasting else FailureType.transient_error,
            )
        self._summary.add(self._name, retries=1)

    def _others_are_answered(self) -> bool:
        """Whether it is this resource alone that cannot be had: Zoom answers a request for something else."""
        request = self._request(f"{self._authenticator.api_base}users", {"page_size": "1"})
        self._limits.budget(MEDIUM).take(urgent=True)
        self._authenticator.sign(request)
        try:
            verdict = judge(self._answer(request))
        except requests.RequestException:
            return False
        return verdict is None or verdict.action not in (Action.RETRY, Action.BLOCKED)

    def _request(self, url: str, params: Mapping[str, str]) -> requests.PreparedRequest:
        # The session would take more time to prepare a request, with the cookies and the .netrc that Zoom
        # does not want, than it takes to send one.
        request = requests.PreparedRequest()
        request.method = "GET"
        request.url = f"{url}?{urlencode(params)}" if params else url
        request.headers = self._session.headers.copy()  # type: ignore[attr-defined]  # a CaseInsensitiveDict
        return request

    @cached_property
    def _adapter(self) -> BaseAdapter:
        return self._session.get_adapter(self._authenticator.api_base)

    @cached_property
    def _environment(self) -> Mapping[str, Any]:
        """The proxy and certificate settings of the environment, the same for every request."""
        return self._session.merge_environment_settings(self._authenticator.api_base, {}, None, None, None)
