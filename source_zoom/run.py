"""The entry point of the console script `source-zoom`: Airbyte's spec, check, discover and read."""

import argparse
import ctypes
import gc
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from typing import cast

import orjson
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER, init_logger, is_platform_debug_log_enabled
from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteErrorTraceMessage,
    AirbyteMessage,
    FailureType,
    Status,
    Type,
)
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_zoom.api.rate_limits import Clock
from source_zoom.engine.reader import Stopped
from source_zoom.exceptions import ZoomError, out_of_memory
from source_zoom.process import end, run_and_exit
from source_zoom.source import SourceZoom
from source_zoom.stdout import StdoutWriter

NAME = "source-zoom"
LAST_SECONDS = 4

M_ARENA_MAX = -8  # of malloc.h


def main(
    argv: Sequence[str] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Run one Airbyte command and return the exit code; messages go to stdout, a line each.

    `clock` and `sleep` are in seconds; every wait of the connector goes through them.
    """
    arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
    logger = init_logger("airbyte")
    for handler in logging.getLogger().handlers:
        handler.addFilter(drop_traceback)
    if arguments.command == "estimate":
        # Its answer is for people.
        logger.setLevel(logging.WARNING)
    entrypoint = AirbyteEntrypoint(SourceZoom(Clock(clock, sleep)))
    if arguments.debug or is_platform_debug_log_enabled():
        # The entrypoint has a logger of its own, which none of those here comes under.
        logger.setLevel(logging.DEBUG)
    with PRINT_BUFFER:
        try:
            write_answer(entrypoint, arguments)
        except AirbyteTracedException as error:
            if arguments.command == "check" and error.failure_type == FailureType.config_error:
                PRINT_BUFFER.write(_line(_failed(error)).decode())
                return 0
            PRINT_BUFFER.write(_line(error.as_airbyte_message()).decode())
            return 1
        except MemoryError:
            PRINT_BUFFER.write(_line(out_of_memory().as_airbyte_message()).decode())
            return 1
        except Stopped as stopped:
            return stopped.code
    return 0


def write_answer(entrypoint: AirbyteEntrypoint, arguments: argparse.Namespace) -> None:
    """Run a command, and write what it says as it comes."""
    match arguments.command:
        case "estimate":
            for line in estimate(entrypoint, arguments):
                PRINT_BUFFER.write(f"{line}\n")
        case "read":
            tune_memory()
            with stop_on_signal(cast("SourceZoom", entrypoint.source)), closing(StdoutWriter()) as lines:
                for message in messages(entrypoint, arguments):
                    lines.write(_line(message))
        case _:
            for message in messages(entrypoint, arguments):
                PRINT_BUFFER.write(_line(message).decode())


def script() -> None:
    """What the installed console script calls."""
    run_and_exit(main)


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command and its files. The CDK's parser logs first, and offers what this source has no use for."""
    debug = argparse.ArgumentParser(add_help=False)
    debug.add_argument("--debug", action="store_true", help="log each request")
    config = argparse.ArgumentParser(add_help=False, parents=[debug])
    config.add_argument("--config", required=True, metavar="FILE", help="the config, as JSON")
    parser = argparse.ArgumentParser(
        NAME, description="Reads a Zoom account for Airbyte: one message a line."
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {version(NAME)}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    commands.add_parser("spec", parents=[debug], help="say what a config holds")
    commands.add_parser("check", parents=[config], help="try the credentials, and name the scopes they lack")
    commands.add_parser("discover", parents=[config], help="list the streams and their columns")
    commands.add_parser("estimate", parents=[config], help="say how many requests a sync will take, by a few")
    read = commands.add_parser("read", parents=[config], help="read the streams of a configured catalog")
    read.add_argument("--catalog", required=True, metavar="FILE", help="the configured catalog, as JSON")
    read.add_argument("--state", metavar="FILE", help="the states that an earlier sync ended with, as JSON")
    arguments = parser.parse_args(argv)
    if not arguments.command:
        parser.print_help()
        parser.exit()
    return arguments


@contextmanager
def stop_on_signal(source: SourceZoom) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C end the reading: what has been read is written, the last states included."""

    def stop(number: int, _: object) -> None:
        # Where the reader of our output has stopped reading it, nothing else would end this process.
        signal.signal(signal.SIGALRM, lambda *_: end(128 + number))
        signal.alarm(LAST_SECONDS)
        source.stop(128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def messages(entrypoint: AirbyteEntrypoint, arguments: argparse.Namespace) -> Iterator[AirbyteMessage]:
    """The messages of a command, as objects: what `entrypoint.run` writes as text.

    That would also make a temporary folder, which a read-only system has no place for and nobody needs.
    """
    source = cast("SourceZoom", entrypoint.source)
    spec = source.spec(entrypoint.logger)
    if arguments.command == "spec":
        yield AirbyteMessage(type=Type.SPEC, spec=spec)
        return
    config = source.configure(source.read_config(arguments.config), "")
    try:
        yield from source.message_repository.consume_queue()
        match arguments.command:
            case "check":
                yield from entrypoint.check(spec, config)
            case "discover":
                yield from entrypoint.discover(spec, config)
            case _:
                catalog, state = source.read_catalog(arguments.catalog), source.read_state(arguments.state)
                yield from entrypoint.read(spec, config, catalog, state)
    except Exception:
        yield from source.message_repository.consume_queue()
        raise
    yield from source.message_repository.consume_queue()


def estimate(entrypoint: AirbyteEntrypoint, arguments: argparse.Namespace) -> Iterator[str]:
    """The lines of the command that is none of Airbyte's."""
    source = cast("SourceZoom", entrypoint.source)
    return source.estimate(source.configure(source.read_config(arguments.config), ""))


def tune_memory() -> None:
    """Tune the collector and the allocator for a process that reads until it ends."""
    # The imports leave half a million objects; a collector that walks them again and again finds nothing.
    gc.freeze()
    # One arena a thread would keep 25 MB of bodies that are long gone. Only glibc has arenas.
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def _line(message: AirbyteMessage) -> bytes:
    record = message.record
    if record is None:
        if message.trace and message.trace.error:
            _hide_secrets(message.trace.error)
        return f"{AirbyteEntrypoint.airbyte_message_to_string(message)}\n".encode()
    # The CDK's serializer looks at every field of every message, and takes most of the time of a record.
    data = {"stream": record.stream, "data": record.data, "emitted_at": record.emitted_at}
    return orjson.dumps({"type": "RECORD", "record": data}, option=orjson.OPT_APPEND_NEWLINE)


def _hide_secrets(error: AirbyteErrorTraceMessage) -> None:
    # The CDK does so for the log, and for all errors but those of streams that are read side by side.
    error.message = filter_secrets(error.message)
    error.internal_message = error.internal_message and filter_secrets(error.internal_message)
    error.stack_trace = error.stack_trace and filter_secrets(error.stack_trace)


def _failed(error: AirbyteTracedException) -> AirbyteMessage:
    status = AirbyteConnectionStatus(status=Status.FAILED, message=str(error))
    return AirbyteMessage(type=Type.CONNECTION_STATUS, connectionStatus=status)


def drop_traceback(record: logging.LogRecord) -> bool:
    """Leave the traceback out of the log where one sentence says what is wrong."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if isinstance(error, ZoomError):
        record.msg, record.args, record.exc_info = "%s: %s", (record.getMessage(), error), None
    return True
