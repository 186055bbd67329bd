"""Sends requests to Zoom: paced, signed, repeated as long as that can help, judged by `errors.py`."""

import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import urlencode

import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.http_client import HttpClient
from requests.adapters import BaseAdapter

from source_zoom.api.auth import ZoomAuthenticator
from source_zoom.api.errors import Action, Skipped, Verdict, advice, judge, scope_to_add
from source_zoom.api.rate_limits import MEDIUM, RateLimits, Retries, asked_moment, asked_pause, is_daily
from source_zoom.config import Config
from source_zoom.counts import Summary
from source_zoom.exceptions import (
    CredentialsRefused,
    DailyLimitReached,
    HostDown,
    PageTokenLost,
    Refused,
    ScopeMissing,
    ZoomError,
)

logger = logging.getLogger("airbyte.source_zoom")
request_logger = logger.getChild("requests")

CONNECT_SECONDS, READ_SECONDS = 10, 60
BLOCKED_ATTEMPTS = OTHER_ATTEMPTS = 5


class ServerClock:
    """Zoom's own time, taken from the `Date` of its first answer; until then the local clock's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: datetime | None = None

    def observe(self, response: requests.Response) -> None:
        if self._now is None and "Date" in response.headers:
            with self._lock, suppress(ValueError):
                self._now = self._now or parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)

    def now(self) -> datetime:
        """The sync's "now" in UTC: it stays the same to the end of the sync."""
        with self._lock:
            self._now = self._now or datetime.now(UTC)
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


class ZoomClient(HttpClient):
    """Sends the requests of one stream, and is shared by all its threads.

    `urgent` requests go before the others of their rate limit label: whole streams wait for them. With
    `is_one_of_many` the stream has many resources, so that it can do without one that a proxy refuses.
    """

    def __init__(
        self, stream: str, label: str, scopes: tuple[str, ...], sync: Sync, *, is_one_of_many: bool
    ) -> None:
        super().__init__(name=stream, logger=logger, session=sync.session)
        self.urgent = False
        self._label = label
        self._scopes = scopes
        self._sync = sync
        self._is_one_of_many = is_one_of_many

    def send_request(  # type: ignore[override]  # of HttpClient's arguments, those that a GET needs
        self, http_method: str, url: str, *, params: Mapping[str, str] | None = None, **_: Any
    ) -> tuple[requests.PreparedRequest, requests.Response]:
        """Get one page of Zoom's.

        Raises Skipped, PageTokenLost, a StreamEnded, or a ZoomError that names the resource.
        """
        request = self._request(url, params or {})
        retries = self._sync.retries.fresh()
        blocked = 0
        while True:
            token = self._sign(request, self._label, urgent=self.urgent)
            try:
                response = self._answer(request)
                verdict = self._judge(response)
            except requests.RequestException as error:
                verdict = Verdict(Action.RETRY, "Zoom could not be reached", 0, None, type(error).__name__)
            else:
                if verdict is None:
                    return request, response
            if verdict.action is Action.BLOCKED:
                blocked += 1
                if blocked == BLOCKED_ATTEMPTS and self._is_one_of_many and self._others_are_answered():
                    raise Skipped(verdict)
            self._act(verdict, request, token, retries)

    def _sign(self, request: requests.PreparedRequest, label: str, *, urgent: bool) -> str:
        """Wait until a request may go, and give it an access token."""
        # Nobody waits for a token with a slot in hand: the requests would all leave at once afterwards.
        self._sync.authenticator.token()
        with self._sync.summary.waiting(f"the {label} rate limit"):
            waited = self._sync.limits.budget(label).take(urgent=urgent)
        self._sync.summary.add(self._name, requests=1, waited=waited)
        return self._sync.authenticator.sign(request)

    def _answer(self, request: requests.PreparedRequest) -> requests.Response:
        began = time.monotonic()
        with self._sync.summary.waiting("an answer of Zoom"):
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
        self._sync.server_clock.observe(response)
        verdict = judge(response)
        if verdict is None or verdict.action not in (Action.SLOW_DOWN, Action.STOP_LABEL):
            self._sync.limits.passed(self._label, response.headers)
            return verdict and replace(verdict, pause=asked_pause(response.headers))
        pause = asked_pause(response.headers)
        # Nobody waits longer than for another attempt unless the day's requests are used up.
        is_for_today = is_daily(response.headers) or pause > self._sync.retries.seconds
        if verdict.action is Action.STOP_LABEL or is_for_today:
            reason = f"the daily rate limit is used up until {asked_moment(response.headers)}"
            return replace(verdict, action=Action.STOP_LABEL, reason=reason)
        self._sync.limits.refused(self._label, response.headers)
        return replace(verdict, pause=pause)

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
            case Action.STOP_LABEL:
                error = DailyLimitReached(f"Zoom refused {resource} ({self._label}): {verdict}.")
                self._sync.limits.budget(self._label).close(error)
                raise error
            case Action.FAIL:
                raise ZoomError(f"Zoom refused {resource}: {verdict}.")
            case Action.REFRESH if not self._sync.authenticator.refresh(token):
                # The token died while the request was under way: that says nothing about the next attempt.
                self._sync.summary.add(self._name, retries=1)
                return
        with self._sync.summary.waiting("another attempt"):
            is_repeated = retries.pause(verdict.pause)
        if not is_repeated:
            self._give_up(verdict, resource)
        self._sync.summary.add(self._name, retries=1)

    def _give_up(self, verdict: Verdict, resource: str) -> NoReturn:
        seconds = f"{self._sync.retries.seconds:.0f} s"
        is_token_refused = verdict.action is Action.REFRESH
        if not self._others_are_answered():
            sentence = f"Zoom could not be read for {seconds}, neither {resource} nor the rest: {verdict}."
            down = (
                CredentialsRefused(f"{sentence} Check the app, then reconnect.")
                if is_token_refused
                else HostDown(f"{sentence} Check the network, or try again later.")
            )
            self._sync.limits.close(down)
            raise down
        raise ZoomError(
            f"Gave up {resource} after {seconds} of retries: {verdict}.",
            FailureType.config_error if is_token_refused else FailureType.transient_error,
        )

    def _others_are_answered(self) -> bool:
        """Whether it is this resource alone that cannot be had: Zoom answers a request for something else."""
        request = self._request(f"{self._sync.config.api_base}users", {"page_size": "1"})
        for _ in range(OTHER_ATTEMPTS):
            try:
                token = self._sign(request, MEDIUM, urgent=True)
                verdict = judge(self._answer(request))
            except DailyLimitReached:
                return True
            except requests.RequestException:
                continue
            if verdict is None or verdict.action not in (Action.RETRY, Action.BLOCKED, Action.REFRESH):
                return True
            if verdict.action is Action.REFRESH:
                self._sync.authenticator.refresh(token)
        return False

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
        return self._session.get_adapter(self._sync.config.api_base)

    @cached_property
    def _environment(self) -> Mapping[str, Any]:
        """The proxy and certificate settings of the environment, the same for every request."""
        return self._session.merge_environment_settings(self._sync.config.api_base, {}, None, None, None)
