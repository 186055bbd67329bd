"""The lines on stdout stay whole, whoever else writes there and however little stdout takes at a time."""

import io
import sys
import threading
import time
from typing import Any

import pytest
from airbyte_cdk.logger import PRINT_BUFFER

from source_zoom.stdout import StdoutWriter


class Sluggish(io.RawIOBase):
    """Takes few bytes at a time, and not all at once, like a pipe whose reader is slow."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)[: self.most]
        for part in (piece[:3], piece[3:]):
            self.taken += part
            time.sleep(0.0005)
        return len(piece)


@pytest.fixture(params=["python", "python -u"])
def stdout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Sluggish:
    is_buffered = request.param == "python"
    sluggish = Sluggish(7 if is_buffered else 1_000_000)
    binary: Any = io.BufferedWriter(sluggish) if is_buffered else sluggish
    text = io.TextIOWrapper(binary, "utf-8", write_through=not is_buffered)
    monkeypatch.setattr(sys, "__stdout__", text)
    return sluggish


def test_nothing_is_lost_or_torn(stdout: Sluggish) -> None:
    def log() -> None:
        for number in range(20):
            PRINT_BUFFER.write(f"log {number}\n")

    lines = StdoutWriter()
    logger = threading.Thread(target=log)
    logger.start()
    for number in range(300):
        lines.write(f"record {number}\n".encode())
    logger.join()
    lines.close()
    written = stdout.taken.decode().splitlines()
    assert [line for line in written if line.startswith("rec")] == [f"record {n}" for n in range(300)]
    assert sorted(line for line in written if line.startswith("log")) == sorted(f"log {n}" for n in range(20))


def test_what_is_written_is_out_soon(stdout: Sluggish) -> None:
    lines = StdoutWriter()
    lines.write(b"record\n")
    until = time.monotonic() + 10
    while stdout.taken != b"record\n" and time.monotonic() < until:
        time.sleep(0.01)
    assert stdout.taken == b"record\n"
    lines.close()


def test_stdout_stays_open(stdout: Sluggish) -> None:
    StdoutWriter().close()
    assert sys.__stdout__
    sys.__stdout__.write("later\n")
    sys.__stdout__.flush()
    assert stdout.taken == b"later\n"
