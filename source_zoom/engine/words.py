"""Zoom's word about a row, which holds for several streams: one of them asks, and the others go by it."""

import threading
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from source_zoom.exceptions import Outcome, Settled, ZoomError

if TYPE_CHECKING:
    from source_zoom.engine.slices import Slice

# One answer can take ten minutes, and others that are waited for come long before it.
SECONDS_EACH = 0.1


class Word:
    """What Zoom says about a row that it refuses to several streams alike, so that one of them asks.

    That one holds the lock until Zoom has answered. The others go on with other rows meanwhile.
    """

    __slots__ = ("_refusal", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._refusal: tuple[Outcome, str, str] | None = None

    def pages(self, reason: str, asked: Iterator[Any]) -> Iterator[Any]:
        """The pages for who holds the lock; Settled, unasked, where others were refused for this reason."""
        try:
            if self._refusal and self._refusal[1] == reason:
                raise Settled(*self._refusal)
            first = list(islice(asked, 1))
        except Settled as settled:
            if settled.reason == reason:
                self._refusal = (settled.outcome, reason, str(settled))
            raise
        finally:
            self.lock.release()
        yield from chain(first, asked)


def in_turn(slices: Iterable["Slice"]) -> Iterator["Slice"]:
    """The slices; one about whose row another stream asks comes once that has its answer, others before."""
    waiting: list[Slice] = []
    failure: ZoomError | None = None
    try:
        for found in slices:
            if found.word is None and not waiting:
                yield found
                continue
            # So no more of them wait than others have under way.
            waiting.append(found)
            yield from _free(waiting, 0)
    except ZoomError as error:
        failure = error
    while waiting:
        yield from _free(waiting, SECONDS_EACH)
    if failure:
        raise failure


def _free(waiting: list["Slice"], seconds: float) -> Iterator["Slice"]:
    """Take out what may be asked for, after so many seconds of waiting for each at most."""
    for one in tuple(waiting):
        if one.word is None or one.word.lock.acquire(timeout=seconds):
            waiting.remove(one)
            yield one
