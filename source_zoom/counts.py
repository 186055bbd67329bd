"""What a sync does: counted stream by stream, said now and then while it runs and in full at the end."""

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

logger = logging.getLogger("airbyte.source_zoom")

NAMED_FAILURES = 10


@dataclass
class StreamCounts:
    """Counts of one stream; `waited` is in seconds, over all threads."""

    records: int = 0
    requests: int = 0
    retries: int = 0
    waited: float = 0.0
    skips: Counter[str] = field(default_factory=Counter)
    failed: dict[str, None] = field(default_factory=dict)
    tolerated: dict[str, str] = field(default_factory=dict)
    withheld: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def failures(self) -> str:
        """The resources that could not be read: how many, and the first of them by name."""
        return f"{len(self.failed)} not read: {_named(self.failed)}" if self.failed else ""

    def __str__(self) -> str:
        skipped = ", ".join(f"{reason}: {number}" for reason, number in sorted(self.skips.items()))
        return (
            f"{self.records} records, {self.requests} requests, {self.skips.total()} skipped"
            f"{f' ({skipped})' if skipped else ''}, {self.retries} retries,"
            f" {self.waited:.1f} s waited for rate limits{f', {self.failures}' if self.failed else ''}"
        )


class Summary:
    """The counts of every stream of a sync, safe to change from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: defaultdict[str, StreamCounts] = defaultdict(StreamCounts)
        # By thread, so that none waits for another one to say that it waits.
        self._waiting: dict[int, str] = {}

    def add(
        self, stream: str, *, records: int = 0, requests: int = 0, retries: int = 0, waited: float = 0.0
    ) -> None:
        with self._lock:
            counts = self._streams[stream]
            counts.records += records
            counts.requests += requests
            counts.retries += retries
            counts.waited += waited

    def skip(self, stream: str, reason: str, example: str) -> None:
        """Count a resource of which Zoom gives nothing; the first one for each reason is logged."""
        with self._lock:
            counts = self._streams[stream]
            counts.skips[reason] += 1
            is_first = counts.skips[reason] == 1
        if is_first:
            logger.info(f"{stream}: skipped {example}. More skips for this reason are only counted.")

    def fail(self, stream: str, resource: str) -> None:
        """Count a resource that could not be read, once, however many read it."""
        with self._lock:
            self._streams[stream].failed[resource] = None

    def tolerate(self, stream: str, resource: str, why: str) -> None:
        """Count a resource that Zoom refused, and that does not make its stream incomplete."""
        with self._lock:
            self._streams[stream].tolerated[resource] = why

    def withhold(self, stream: str, resource: str, why: str, number: int = 1) -> None:
        """Count what Zoom withholds: a resource, or `number` of them."""
        with self._lock:
            self._streams[stream].withheld[resource] = (number, why)

    def requests(self) -> dict[str, int]:
        """How many requests each stream and list took."""
        with self._lock:
            return {name: counts.requests for name, counts in self._streams.items()}

    def failures(self) -> dict[str, str]:
        """How many resources could not be read, and which, of each stream and list with such resources."""
        with self._lock:
            return {name: counts.failures for name, counts in self._streams.items() if counts.failed}

    def warnings(self) -> Iterator[str]:
        """A sentence for each stream and list of which something is missing although it is complete."""
        with self._lock:
            for name, counts in sorted(self._streams.items()):
                if counts.withheld:
                    number = sum(number for number, _ in counts.withheld.values())
                    _, why = next(iter(counts.withheld.values()))
                    yield (
                        f"{name}: {number} withheld by Zoom: {_named(counts.withheld)} ({why}). They are"
                        " asked for again, once a week where there is a state."
                    )
                if counts.tolerated:
                    why = next(iter(counts.tolerated.values()))
                    number = len(counts.tolerated)
                    yield f"{name}: {number} refused by Zoom: {_named(counts.tolerated)} ({why})."

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Count this thread among those that wait for something."""
        self._waiting[threading.get_ident()] = what
        try:
            yield
        finally:
            self._waiting.pop(threading.get_ident(), None)

    @property
    def records(self) -> int:
        with self._lock:
            return sum(counts.records for counts in self._streams.values())

    @property
    def waits(self) -> str:
        """What threads wait for at the moment, and how many of them."""
        waiting = Counter(self._waiting.copy().values())
        return ", ".join(f"{what} ({number})" for what, number in waiting.most_common())

    def lines(self) -> Iterable[str]:
        """One line for each stream that sent a request."""
        with self._lock:
            return [f"Summary of {name}: {counts}" for name, counts in sorted(self._streams.items())]


def _named(resources: Iterable[str]) -> str:
    """The first of some resources by name."""
    names = list(resources)
    rest = ", …" if len(names) > NAMED_FAILURES else ""
    return f"{', '.join(names[:NAMED_FAILURES])}{rest}"
