"""How a console script ends its process."""

import logging
import os
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

STOPPED = 128 + signal.SIGTERM


def leave(command: Callable[[], int]) -> NoReturn:
    """Run a command and end the process with its exit code, quietly where it was stopped."""
    # Nobody could read what the logging module has to say about a closed output.
    logging.raiseExceptions = False
    try:
        code = command()
        # Where a sync could not write its last lines, stdout is closed by now.
        with suppress(ValueError):
            print(end="", flush=True)
    except (BrokenPipeError, KeyboardInterrupt):
        code = STOPPED
    except Exception:
        traceback.print_exc()
        code = 1
    # The interpreter would wait for every thread that waits for Zoom, or for room in a queue.
    os._exit(code)
