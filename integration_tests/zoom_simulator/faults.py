"""Misbehaviour on purpose: drawn reproducibly, or aimed at one resource."""

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple
from zlib import crc32

from .ids import mix

KINDS = ("500", "502-html", "503", "reset", "cut", "broken-json", "slow", "429", "124")
_TOKEN_KINDS = {"500", "502-html", "503", "reset", "cut", "broken-json", "slow"}
_REMEMBERED_URLS = 50_000


class Reply(NamedTuple):
    """An answer that replaces the real one."""

    status: int
    body: Any


class _History(NamedTuple):
    attempts: int = 0
    in_a_row: int = 0


class Faults:
    """Which requests fail, and how.

    A draw depends on the seed, the URL and how often that URL was asked before, so a run can be repeated. No
    URL fails more than `max_in_a_row` times without a good answer in between: a patient client gets through.
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
        self._always: list[tuple[re.Pattern[str], str]] = []
        self._replies: list[tuple[re.Pattern[str], Reply]] = []
        self._history: OrderedDict[str, _History] = OrderedDict()

    def always(self, path_regex: str, kind: str) -> None:
        """Let every request whose path and query match fail in this way, for ever."""
        _check(kind)
        self._always.append((re.compile(path_regex), kind))

    def reply(self, path_regex: str, status: int, body: Any) -> None:
        """Answer every request whose path and query match with this: JSON, or text when it is a string."""
        self._replies.append((re.compile(path_regex), Reply(status, body)))

    def reply_for(self, url: str) -> Reply | None:
        return next((reply for pattern, reply in self._replies if pattern.search(url)), None)

    def always_for(self, url: str) -> str:
        return next((kind for pattern, kind in self._always if pattern.search(url)), "")

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


def _check(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"no fault is called {kind!r}; there are {', '.join(KINDS)}")
