"""The entry point of the console script `source-zoom`: Airbyte's spec, check, discover and read."""

import logging
import sys
import time
from collections.abc import Callable, Sequence

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER, init_logger
from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    FailureType,
    Status,
    Type,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_zoom.errors import ZoomError
from source_zoom.rate_limits import Timer
from source_zoom.source import SourceZoom


def main(
    argv: Sequence[str] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Run one Airbyte command and return the exit code; messages go to stdout, a line each.

    `clock` and `sleep` are in seconds; every wait of the connector goes through them.
    """
    init_logger("airbyte")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_sentence_only)
    entrypoint = AirbyteEntrypoint(SourceZoom(Timer(clock, sleep)))
    arguments = entrypoint.parse_args(list(sys.argv[1:] if argv is None else argv))
    if not arguments.command:
        entrypoint.parse_args(["--help"])
    with PRINT_BUFFER:
        try:
            for message in entrypoint.run(arguments):
                print(f"{message}\n", end="")
        except AirbyteTracedException as error:
            if arguments.command == "check" and error.failure_type == FailureType.config_error:
                print(f"{_failed(error)}\n", end="")
                return 0
            error.emit_message()
            return 1
    return 0


def script() -> None:
    """What the installed console script calls."""
    sys.exit(main())


def _failed(error: AirbyteTracedException) -> str:
    status = AirbyteConnectionStatus(status=Status.FAILED, message=str(error))
    return AirbyteEntrypoint.airbyte_message_to_string(
        AirbyteMessage(type=Type.CONNECTION_STATUS, connectionStatus=status)
    )


def _sentence_only(record: logging.LogRecord) -> bool:
    """Leave the traceback out of the log where one sentence says what is wrong."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if isinstance(error, ZoomError):
        record.msg, record.args, record.exc_info = "%s: %s", (record.getMessage(), error), None
    return True
