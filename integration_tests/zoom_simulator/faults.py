"""Misbehaviour on purpose: drawn reproducibly, or aimed at one resource."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from zlib import crc32

import orjson

from .ids import mix
from .paging import page_number

KINDS = ("500", "502-html", "503", "reset", "cut", "broken-json", "slow", "429", "124")
_TOKEN_KINDS = {"500", "502-html", "503", "reset", "cut", "broken-json", "slow"}
_REMEMBERED_URLS = 50_000

Change = Callable[[Any], Any]
Effect = TypeVar("Effect")


class Reply(NamedTuple):
    """An answer that replaces the real one. Without a status the request hangs."""

    status: int | None
    body: Any
    headers: Mapping[str, str] = {}


@dataclass(eq=False)
class Aim(Generic[Effect]):
    """What happens to the requests that match, or to the first `left` of them; `Faults.forget` lifts it."""

    pattern: re.Pattern[str]
    effect: Effect
    left: int | None
    page: int | None

    def matches(self, url: str) -> bool:
        return bool(self.pattern.search(url)) and self.page in (None, page_number(url))

    def hits(self, url: str) -> bool:
        """Whether this request is one of its own; if so it is counted."""
        if self.left == 0 or not self.matches(url):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class _History(NamedTuple):
    attempts: int = 0
    in_a_row: int = 0


class Faults:
    """Which requests fail, and how.

    A draw depends on the seed, the URL and how often that URL was asked before, so a run can be repeated. No
    URL fails more than `max_in_a_row` times without a good answer in between: a patient client gets through.

    What is aimed hits every request whose path and query match, the first aim before the later ones; `times`
    limits it to so many requests, and `page` to that page of a list.
    """

    def __init__(
        self,
        seed: int = 1,
        rate: float = 0.0,
        kinds: Sequence[str] = KINDS,
        *,
        max_in_a_row: int = 8,
        slow_seconds: float = 0.5,
        tokens: bool = False,
    ) -> None:
        self.seed = seed
        self.rate = rate
        self.kinds = tuple(kinds)
        self.max_in_a_row = max_in_a_row
        self.slow_seconds = slow_seconds
        self.tokens = tokens
        for kind in self.kinds:
            _check(kind)
        self.clear()

    def clear(self) -> None:
        """Forget the aimed faults and what was drawn so far; the rate stays."""
        self._always: list[Aim[str]] = []
        self._replies: list[Aim[Reply]] = []
        self._changes: list[Aim[Change]] = []
        self._history: OrderedDict[str, _History] = OrderedDict()

    def always(
        self, path_regex: str, kind: str, *, times: int | None = None, page: int | None = None
    ) -> Aim[str]:
        """Let the requests fail in this way."""
        _check(kind)
        return _aimed(self._always, path_regex, kind, times, page)

    def reply(
        self,
        path_regex: str,
        status: int | None,
        body: Any = "",
        *,
        headers: Mapping[str, str] | None = None,
        times: int | None = None,
        page: int | None = None,
    ) -> Aim[Reply]:
        """Answer with this: JSON, text when it is a string, or bytes as they are."""
        return _aimed(self._replies, path_regex, Reply(status, body, headers or {}), times, page)

    def hang(self, path_regex: str, *, times: int | None = None, page: int | None = None) -> Aim[Reply]:
        """Never answer: the connection is cut when this is lifted or when the simulator stops."""
        return self.reply(path_regex, None, times=times, page=page)

    def change(
        self, path_regex: str, function: Change, *, times: int | None = None, page: int | None = None
    ) -> Aim[Change]:
        """Pass the JSON of real answers with HTTP 200 through a function.

        It may change what it is given, which is a copy, or return something else.
        """
        return _aimed(self._changes, path_regex, function, times, page)

    def forget(self, aim: Aim[Any] | str) -> None:
        """Lift one aim, or all those with this regex."""
        lists: tuple[list[Any], ...] = (self._always, self._replies, self._changes)
        gone = [one for aims in lists for one in aims if one is aim or one.pattern.pattern == aim]
        if not gone:
            raise ValueError(f"nothing is aimed at {aim!r}")
        for aims in lists:
            aims[:] = [one for one in aims if one not in gone]

    def reply_for(self, url: str) -> Reply | None:
        return next((aim.effect for aim in self._replies if aim.hits(url)), None)

    def always_for(self, url: str) -> str:
        return next((aim.effect for aim in self._always if aim.hits(url)), "")

    def is_hanging(self, url: str) -> bool:
        """Whether a request that was left without an answer is to be left so."""
        return any(aim.effect.status is None and aim.matches(url) for aim in self._replies)

    def changed(self, url: str, body: Any) -> tuple[Any, bool]:
        """The body after all changes that are aimed at it, and whether there were any."""
        functions = [aim.effect for aim in self._changes if aim.hits(url)]
        for function in functions:
            # Rows share parts with other rows, which must stay as they are.
            copy = orjson.loads(orjson.dumps(body))
            result = function(copy)
            body = copy if result is None else result
        return body, bool(functions)

    def draw(self, url: str, *, token: bool = False) -> str:
        """The kind of fault for this attempt at this URL, or an empty string."""
        if not self.rate or (token and not self.tokens):
            return ""
        kinds = [kind for kind in self.kinds if not token or kind in _TOKEN_KINDS]
        attempts, in_a_row = self._history.pop(url, _History())
        chance = mix(self.seed, "fault", attempts, crc32(url.encode()))
        fails = bool(kinds) and chance % 1_000_000 < self.rate * 1_000_000 and in_a_row < self.max_in_a_row
        self._history[url] = _History(attempts + 1, in_a_row + 1 if fails else 0)
        if len(self._history) > _REMEMBERED_URLS:
            self._history.popitem(last=False)
        return kinds[(chance >> 32) % len(kinds)] if fails else ""


def _aimed(
    aims: list[Aim[Effect]], path_regex: str, effect: Effect, times: int | None, page: int | None
) -> Aim[Effect]:
    aim = Aim(re.compile(path_regex), effect, times, page)
    aims.append(aim)
    return aim


def _check(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"no fault is called {kind!r}; there are {', '.join(KINDS)}")
