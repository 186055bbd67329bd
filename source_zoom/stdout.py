"""Writes a sync's messages to stdout."""

import io
import sys
import time
from typing import cast

from airbyte_cdk.logger import PRINT_BUFFER

FLUSH_SECONDS, MOST_LINES = 0.1, 256


class StdoutWriter:
    """Writes lines to stdout, many at a time.

    The CDK's print buffer, which the log goes through, would decode and encode every record once more.
    """

    def __init__(self) -> None:
        assert sys.__stdout__
        self._stdout = sys.__stdout__
        # With PYTHONUNBUFFERED set, stdout itself may write only a part of what it is given.
        self._out = io.BufferedWriter(cast("io.RawIOBase", self._stdout.buffer))
        self._lines: list[bytes] = []
        self._flushed = time.monotonic()
        # It writes when something comes after a while, and no records come by there any more.
        PRINT_BUFFER.flush_interval = 0.0

    def write(self, line: bytes) -> None:
        self._lines.append(line)
        now = time.monotonic()
        if now - self._flushed >= FLUSH_SECONDS or len(self._lines) >= MOST_LINES:
            self._flushed = now
            self.flush()

    def flush(self) -> None:
        with PRINT_BUFFER.lock:
            self._out.write(b"".join(self._lines))
            self._out.flush()
            self._stdout.flush()
        self._lines.clear()

    def close(self) -> None:
        """Write what has not been written; stdout stays open."""
        self.flush()
        self._out.detach()
