"""How a console script ends its process."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

STOPPED = 128 + signal.SIGTERM


def leave(command: Callable[[], int]) -> NoReturn:
    """Run a command and end the process with its exit code, quietly where it was stopped."""
    # Nobody could read what the logging module has to say about a closed output.
    logging.raiseExceptions = False
    try:
        code = command()
    except (BrokenPipeError, KeyboardInterrupt):
        code = STOPPED
    if code == STOPPED:
        # The interpreter would wait for every thread that waits for Zoom.
        os._exit(STOPPED)
    sys.exit(code)
