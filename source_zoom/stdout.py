"""Writes a sync's messages to stdout."""

import io
import sys
import threading
from typing import cast

from airbyte_cdk.logger import PRINT_BUFFER

from source_zoom.threads import start

FLUSH_SECONDS, MOST_LINES = 0.1, 256


class StdoutWriter:
    """Writes lines to stdout, many at a time, and none later than a tenth of a second; `_lock` guards them.

    The CDK's print buffer, which the log goes through, would decode and encode every record once more.
    """

    def __init__(self) -> None:
        assert sys.__stdout__
        self._stdout = sys.__stdout__
        # With PYTHONUNBUFFERED set, stdout itself may write only a part of what it is given.
        self._out = io.BufferedWriter(cast("io.RawIOBase", self._stdout.buffer))
        self._lines: list[bytes] = []
        self._lock = threading.RLock()
        self._closed = threading.Event()
        # Without a thread for it each line is written at once.
        self._most = MOST_LINES if start(self._flush_again_and_again, "stdout") else 1
        # It writes when something comes after a while, and no records come by there any more.
        PRINT_BUFFER.flush_interval = 0.0

    def write(self, line: bytes) -> None:
        with self._lock:
            self._lines.append(line)
            if len(self._lines) >= self._most:
                self.flush()

    def flush(self) -> None:
        with self._lock, PRINT_BUFFER.lock:
            self._out.write(b"".join(self._lines))
            self._lines.clear()
            self._out.flush()
            self._stdout.flush()

    def close(self) -> None:
        """Write what has not been written; stdout stays open."""
        self._closed.set()
        self.flush()
        with self._lock:
            self._out.detach()

    def _flush_again_and_again(self) -> None:
        # What came last is not to wait until something else comes, which can take minutes.
        while not self._closed.wait(FLUSH_SECONDS):
            try:
                self.flush()
            except (OSError, ValueError):
                # The next to write meets the same, and can say so.
                return
