"""What a sync did, stream by stream: counted while it runs, said in one log line each at the end."""

import logging
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

logger = logging.getLogger("airbyte.source_zoom")


@dataclass
class StreamCounts:
    """Counts of one stream; `waited` is in seconds, over all threads."""

    records: int = 0
    requests: int = 0
    retries: int = 0
    waited: float = 0.0
    skips: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        skipped = ", ".join(f"{reason}: {number}" for reason, number in sorted(self.skips.items()))
        return (
            f"{self.records} records, {self.requests} requests, {self.skips.total()} skipped"
            f"{f' ({skipped})' if skipped else ''}, {self.retries} retries,"
            f" {self.waited:.1f} s waited for rate limits"
        )


class Summary:
    """The counts of every stream of a sync, safe to change from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: dict[str, StreamCounts] = {}

    def add(
        self, stream: str, *, records: int = 0, requests: int = 0, retries: int = 0, waited: float = 0.0
    ) -> None:
        with self._lock:
            counts = self._streams.setdefault(stream, StreamCounts())
            counts.records += records
            counts.requests += requests
            counts.retries += retries
            counts.waited += waited

    def skip(self, stream: str, reason: str, example: str) -> None:
        """Count a skipped resource; the first one for each reason is logged as the example."""
        with self._lock:
            counts = self._streams.setdefault(stream, StreamCounts())
            counts.skips[reason] += 1
            is_first = counts.skips[reason] == 1
        if is_first:
            logger.info(f"{stream}: skipped {example}. More skips for this reason are only counted.")

    def lines(self) -> Iterable[str]:
        """One line for each stream that sent a request."""
        with self._lock:
            return [f"Summary of {name}: {counts}" for name, counts in sorted(self._streams.items())]
