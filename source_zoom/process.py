"""How a console script ends its process."""

import io
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

STOPPED = 128 + signal.SIGTERM


def run_and_exit(command: Callable[[], int]) -> NoReturn:
    """Run a command and end the process with its exit code, quietly where it was stopped."""
    # Nobody could read what the logging module has to say about a closed output.
    logging.raiseExceptions = False
    # The messages are UTF-8, whatever the locale or PYTHONIOENCODING wants.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = _run(command)
        print(end="", flush=True)
    except (BrokenPipeError, KeyboardInterrupt):
        code = STOPPED
    except (OSError, ValueError):
        # The disk is full, or stdout has been closed when it was.
        code = 1
    end(code)


def end(code: int) -> NoReturn:
    """End the process at once, as its caller expects: where SIGTERM has stopped it, by that signal."""
    # As PID 1, in a container, a process does not die of a signal that it sends itself.
    if code == STOPPED and os.getpid() != 1:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
    # The interpreter would wait for every thread that waits for Zoom, or for room in a queue.
    os._exit(code)


def _run(command: Callable[[], int]) -> int:
    try:
        return command()
    except BrokenPipeError:
        raise
    except Exception:
        # The CDK's hook makes an error message of it, for the platform.
        sys.excepthook(*sys.exc_info())
        return 1
