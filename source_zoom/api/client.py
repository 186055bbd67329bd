"""Sends requests to Zoom: paced, signed, repeated as long as that can help, judged by `errors.py`."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any, NoReturn, assert_never
from urllib.parse import urlencode, urljoin, urlsplit

import requests
from airbyte_cdk.models import FailureType
from requests.exceptions import InvalidURL, SSLError
from urllib3.exceptions import HTTPError, LocationParseError

from source_zoom.api.auth import ZoomAuthenticator
from source_zoom.api.clock import ZoomClock
from source_zoom.api.errors import NOT_FOUND, Action, Verdict, advice, judge, scope_to_add
from source_zoom.api.rate_limits import (
    FIRST,
    LIGHT,
    MEDIUM,
    RateLimits,
    RetryBudget,
    is_daily,
    retry_after_seconds,
    retry_after_text,
)
from source_zoom.api.session import Answer, TooMuch, ZoomSession, is_safe
from source_zoom.config import Config
from source_zoom.counts import Summary
from source_zoom.exceptions import (
    CredentialsRefused,
    DailyLimitReached,
    HostDown,
    Outcome,
    PageTokenLost,
    Refused,
    ScopeMissing,
    Settled,
    StreamEnded,
    TooOld,
    Unread,
)

logger = logging.getLogger("airbyte.source_zoom")
request_logger = logger.getChild("requests")

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
FOREIGN_ATTEMPTS = OTHER_ATTEMPTS = 5
MOST_REDIRECTS = 5
# Whatever Zoom says to one of these, even that there is no such meeting, it does answer.
OTHERS: Sequence[tuple[str, Mapping[str, str], str]] = (
    ("users", {"page_size": "1"}, MEDIUM),
    ("meetings/1", {}, LIGHT),
)
# For so long nobody asks again whether Zoom answers for something else.
OTHERS_SECONDS = 10.0
UNANSWERED = (Action.RETRY, Action.SLOW_DOWN, Action.FOREIGN, Action.REFRESH)
# After so many resources in a row were given up, further ones of the endpoint get one attempt.
MOST_SPENT = 10
# So many resources, all of them refused alike and none answered, make an endpoint that the account lacks.
DENIALS = 10


@dataclass(frozen=True)
class Sync:
    """What the streams of one sync share."""

    config: Config
    session: ZoomSession
    authenticator: ZoomAuthenticator
    limits: RateLimits
    retries: RetryBudget
    clock: ZoomClock
    summary: Summary
    # Notified when a stream has generated another month of its slices.
    generated: threading.Condition


class ZoomClient:
    """Sends the requests of one endpoint, and is shared by all threads that read it.

    Its state needs no lock but for `_denied`: whether a request was answered (`is_answered`), how many
    resources were given up since (`_spent`), until when the rest of Zoom is taken to answer
    (`_others_until`), which resources were refused in words about the whole account.
    """

    def __init__(
        self,
        name: str,
        label: str,
        scopes: tuple[str, ...],
        sync: Sync,
        *,
        priority: int,
        is_account_wide: bool,
    ) -> None:
        self.is_answered = False
        self._spent = 0
        self._others_until = float("-inf")
        self.priority = priority
        self._name = name
        self._label = label
        self._scopes = scopes
        self._sync = sync
        # A list of the whole account is never gone or withheld: everything hangs on it.
        self._is_account_wide = is_account_wide
        self._denied: defaultdict[str, set[str]] = defaultdict(set)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"ZoomClient({self._name}, answered: {self.is_answered}, denied: {len(self._denied)})"

    def get(
        self, path: str, query: Mapping[str, Any], resource: str = "", *, is_text: bool = False
    ) -> Answer:
        """As `get_once`; what Zoom does not find is asked for in the other encoding before that is believed.

        Zoom documents that a UUID is encoded twice where it begins with a slash or holds two in a row, and
        others encode every slash twice.
        """
        try:
            return self.get_once(path, query, resource, is_text=is_text)
        except Settled as settled:
            if settled.reason not in NOT_FOUND or "2F" not in path:
                raise
            other = path.replace("%25", "%") if "%25" in path else path.replace("%", "%25")
            try:
                return self.get_once(other, query, resource, is_text=is_text)
            except (Settled, Unread):
                raise settled from None

    def get_once(
        self, path: str, query: Mapping[str, Any], resource: str = "", *, is_text: bool = False
    ) -> Answer:
        """Get one page of Zoom's, or the text at an address; `resource` names it in messages.

        Raises Settled, TooOld or PageTokenLost, as Zoom's own words say; Unread where this resource cannot
        be had; a StreamEnded where nothing of the endpoint can.
        """
        address = path if "://" in path else self._sync.config.api_base + path
        request = self._request(address, query)
        resource = f"GET {resource or path}"
        if "://" in path and not is_safe(path):
            words = "its address is not https, or not public"
            raise Unread(f"{resource} was not asked for: {words}.", words)
        retries = self._sync.retries.fresh()
        foreign = 0
        while True:
            token = self._sign(request, self._label, self.priority)
            verdict = self._attempt(request, path, is_text=is_text)
            if isinstance(verdict, Answer):
                self.is_answered = True
                return verdict
            # A 401 of something on the way looks like one of Zoom's, but for the code.
            is_foreign = verdict.action is Action.REFRESH and verdict.code is None
            foreign += is_foreign or verdict.action is Action.FOREIGN
            if foreign == FOREIGN_ATTEMPTS:
                self._give_up(verdict, resource, f"{foreign} attempts")
            self._act(verdict, resource, token, retries)

    def _attempt(self, request: requests.PreparedRequest, path: str, *, is_text: bool) -> Answer | Verdict:
        """The data that was asked for, or what is to do in its place."""
        try:
            answer = self._answer(request)
        except TooMuch:
            return Verdict(Action.FOREIGN, "the answer has no end", 0, None)
        except SSLError:
            return Verdict(Action.FOREIGN, "the certificate is not one to trust", 0, None)
        except (InvalidURL, LocationParseError):
            return Verdict(Action.FOREIGN, "the address is no address", 0, None)
        except (requests.RequestException, HTTPError) as error:
            return Verdict(Action.RETRY, "Zoom could not be reached", 0, None, type(error).__name__)
        verdict = self._noted(answer, judge(answer, path, is_text=is_text))
        if verdict is None or verdict.code is not None:
            self._sync.clock.observe(answer.headers)
        if verdict is None or verdict.action not in UNANSWERED:
            self._spent = 0
        return verdict or answer

    def deny(self) -> None:
        """Raise Refused where all that was asked of the endpoint was refused in words about the account."""
        for denial, resources in self._denied.items():
            if not self.is_answered:
                raise Refused(f"Zoom refused {min(resources)}: {denial}.")

    def _sign(self, request: requests.PreparedRequest, label: str, priority: int) -> str:
        """Wait until a request may go, and give it an access token, unless it goes to somebody else."""
        # Get the token before taking a rate-limit slot: threads that queue for a token with a slot taken
        # would all send at once.
        self._sync.authenticator.token()
        with self._sync.summary.waiting(f"the {label} rate limit"):
            waited = self._sync.limits.budget(label).take(priority)
        self._sync.summary.add(self._name, requests=1, waited=waited)
        if self._sync.config.is_zooms(str(request.url)):
            return self._sync.authenticator.sign(request)
        return ""

    def _answer(self, request: requests.PreparedRequest) -> Answer:
        """Send a request and read what comes; redirects are followed, without the token to other hosts."""
        for _ in range(1 + MOST_REDIRECTS):
            began = time.monotonic()
            with self._sync.summary.waiting("an answer of Zoom"):
                answer = self._send(request)
            seconds = time.monotonic() - began
            if request_logger.isEnabledFor(logging.DEBUG):
                extra = {"stream": self._name, "status": answer.status, "seconds": seconds}
                request_logger.debug("GET %s", self._shown(request), extra=extra)
            there = _led_to(str(request.url), answer)
            if not there:
                break
            # The next attempt asks at the first address again.
            request = request.copy()
            if urlsplit(there).netloc != urlsplit(str(request.url)).netloc:
                request.headers.pop("Authorization", None)
            request.url = there
        return answer

    def _shown(self, request: requests.PreparedRequest) -> str:
        """The address of a request, for the log."""
        is_of_the_api = str(request.url).startswith(self._sync.config.api_base)
        # Elsewhere the query may be all that it takes to read the same.
        return request.path_url if is_of_the_api else request.path_url.partition("?")[0]

    def _send(self, request: requests.PreparedRequest) -> Answer:
        # Of an endpoint that does not answer, nothing is worth the longest wait.
        longest = CONNECT_SECONDS if self._spent >= MOST_SPENT else self._sync.retries.seconds / 5
        timeout = (min(CONNECT_SECONDS, longest), min(READ_SECONDS, longest))
        return self._sync.session.send(request, timeout)

    def _noted(self, answer: Answer, verdict: Verdict | None) -> Verdict | None:
        """Take notice of what an answer says about rate limits; a daily one is told apart here."""
        pause = retry_after_seconds(answer.headers)
        if verdict is None or verdict.action not in (Action.SLOW_DOWN, Action.STOP_LABEL):
            self._sync.limits.passed(self._label, answer.headers)
            return verdict and replace(verdict, retry_after=pause)
        # A Retry-After longer than the retry budget means the daily limit.
        is_for_today = is_daily(answer.headers) or pause > self._sync.retries.seconds
        if verdict.action is Action.STOP_LABEL or is_for_today:
            reason = f"the daily rate limit is used up until {retry_after_text(answer.headers)}"
            return replace(verdict, action=Action.STOP_LABEL, reason=reason)
        self._sync.limits.refused(self._label, answer.headers)
        return replace(verdict, retry_after=pause)

    def _act(self, verdict: Verdict, resource: str, token: str, retries: RetryBudget) -> None:
        """Prepare for another attempt, or raise what ends them."""
        match verdict.action:
            case Action.RETRY | Action.SLOW_DOWN | Action.FOREIGN:
                self._wait(verdict, resource, retries)
            case Action.REFRESH:
                # A token that died under way says nothing about the next attempt.
                if self._sync.authenticator.refresh(token):
                    self._wait(verdict, resource, retries)
                else:
                    # But where every token dies, each thread in turn would begin its ten minutes.
                    retries.begin()
                    self._sync.summary.add(self._name, retries=1)
            case Action.RESTART:
                raise PageTokenLost(str(verdict))
            case Action.LATER:
                raise TooOld(str(verdict))
            case Action.EMPTY:
                raise self._gone(verdict)
            case Action.GONE if not self._is_account_wide:
                raise self._gone(verdict)
            case Action.WITHHELD if not self._is_account_wide:
                raise Settled(Outcome.WITHHELD, verdict.reason, str(verdict))
            case Action.SCOPE:
                wanted = advice([scope_to_add(verdict.message, self._scopes)])
                raise ScopeMissing(f"Zoom refused {resource}: {verdict}. {wanted}")
            case Action.STOP_LABEL:
                error = DailyLimitReached(f"Zoom refused {resource} ({self._label}): {verdict}.")
                self._sync.limits.budget(self._label).close(error)
                raise error
            case Action.DENIED:
                self._note_denial(verdict, resource)
                raise Unread(f"Zoom refused {resource}: {verdict}.", verdict.words, FailureType.config_error)
            case Action.UNREAD | Action.GONE | Action.WITHHELD:
                is_unknown = verdict.action is Action.UNREAD and verdict.code is not None
                kind = FailureType.config_error if verdict.status == 403 else FailureType.system_error
                sentence = f"Zoom refused {resource}: {verdict}."
                raise Unread(sentence, verdict.words, kind, is_unknown=is_unknown)
            case _:
                assert_never(verdict.action)

    def _gone(self, verdict: Verdict) -> Settled:
        """Note that Zoom has answered, and that there is nothing."""
        self.is_answered = True
        return Settled(Outcome.GONE, verdict.reason, str(verdict))

    def _note_denial(self, verdict: Verdict, resource: str) -> None:
        with self._lock:
            self._denied[str(verdict)].add(resource)
            if self._is_account_wide or len(self._denied[str(verdict)]) >= DENIALS:
                self.deny()

    def _wait(self, verdict: Verdict, resource: str, retries: RetryBudget) -> None:
        if self._spent >= MOST_SPENT:
            self._give_up(verdict, resource, "one attempt")
        with self._sync.summary.waiting("another attempt"):
            is_repeated = retries.wait_for_next(verdict.retry_after)
        if not is_repeated:
            self._give_up(verdict, resource, f"{self._sync.retries.seconds:.0f} s of retries")
        self._sync.summary.add(self._name, retries=1)

    def _give_up(self, verdict: Verdict, resource: str, tried: str) -> NoReturn:
        self._spent += 1
        is_token_refused = verdict.action is Action.REFRESH
        if not self._others_are_answered():
            sentence = f"Zoom could not be read in {tried}, neither {resource} nor the rest: {verdict}."
            down: StreamEnded = (
                CredentialsRefused(f"{sentence} Check the app, then reconnect.")
                if is_token_refused
                else HostDown(f"{sentence} Check the network, or try again later.")
            )
            self._sync.limits.close(down)
            raise down
        kind = FailureType.config_error if is_token_refused else FailureType.transient_error
        raise Unread(f"Gave up {resource} after {tried}: {verdict}.", verdict.words, kind)

    def _others_are_answered(self) -> bool:
        """Whether it is this resource alone that cannot be had: Zoom answers a request for something else."""
        clock = self._sync.retries.clock
        began = clock.now()
        if began < self._others_until:
            return True
        for path, query, label in islice(cycle(OTHERS), OTHER_ATTEMPTS):
            if clock.now() > began + self._sync.retries.seconds / 2:
                break
            request = self._request(self._sync.config.api_base + path, query)
            try:
                token = self._sign(request, label, FIRST)
                verdict = judge(self._answer(request))
            except DailyLimitReached:
                return True
            except (requests.RequestException, HTTPError, TooMuch):
                continue
            if verdict is None or verdict.action not in (Action.RETRY, Action.FOREIGN, Action.REFRESH):
                self._others_until = clock.now() + OTHERS_SECONDS
                return True
            if verdict.action is Action.REFRESH:
                self._sync.authenticator.refresh(token)
        return False

    def _request(self, address: str, query: Mapping[str, Any]) -> requests.PreparedRequest:
        return self._sync.session.request(f"{address}?{urlencode(query)}" if query else address)


def _led_to(address: str, answer: Answer) -> str:
    """Where a redirect leads; "" where an answer is none, or leads to nothing that could be asked."""
    if answer.status not in (301, 302, 303, 307, 308) or "Location" not in answer.headers:
        return ""
    try:
        there = urljoin(address, answer.headers["Location"])
        return there if is_safe(there) else ""
    except ValueError:
        return ""
