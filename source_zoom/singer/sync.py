"""What the tap does with a config: discover, test, or read, through the connector's own entry point."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing

import orjson
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import AirbyteMessage, Status
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_zoom.api.rate_limits import Clock
from source_zoom.engine.reader import Stopped
from source_zoom.exceptions import out_of_memory
from source_zoom.run import stop_on_signal, tune_memory
from source_zoom.singer.catalog import FULL_TABLE, INCREMENTAL, Selection, TapStream, configured, select
from source_zoom.singer.catalog import tap_streams as offered
from source_zoom.singer.config_file import ConfigFile, from_environment, read_json
from source_zoom.singer.conform import Json
from source_zoom.singer.logs import to_stderr
from source_zoom.singer.messages import Translator
from source_zoom.singer.state import State, read_state
from source_zoom.source import SourceZoom
from source_zoom.stdout import StdoutWriter

logger = logging.getLogger("airbyte.source_zoom")


def run(
    arguments: argparse.Namespace,
    config: str | None,
    settings: Mapping[str, Json],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> int:
    """Do what the command line asks for, and return the exit code; a sentence on stderr where it cannot.

    `config` is the config file, if there is one; `settings` are those that the environment may hold.
    """
    to_stderr()
    try:
        file = ConfigFile(config, from_environment(settings))
        source = SourceZoom(Clock(clock, sleep), file.save_tokens, user_agent=file.user_agent)
        return _Tap(file, source, arguments, clock).run()
    except Stopped as stopped:
        return stopped.code
    except AirbyteTracedException as error:
        logger.critical(error.message)
    except MemoryError:
        logger.critical(out_of_memory().message)
    except BrokenPipeError:
        raise
    except OSError as error:
        logger.critical(f"The tap cannot go on: {error}.")
    except Exception:
        logger.critical("The tap has failed, and should not have: please report this.", exc_info=True)
    return 1


class _Tap:
    def __init__(
        self,
        file: ConfigFile,
        source: SourceZoom,
        arguments: argparse.Namespace,
        now: Callable[[], float],
    ) -> None:
        self._arguments = arguments
        self._now = now
        self._key_mode = file.key_mode
        self._source = source
        self._entrypoint = AirbyteEntrypoint(source)
        # With --dev, too: Zoom may refuse the access token, and then the refresh token is used after all.
        if not arguments.discover:
            file.check_writable()
        self._config = source.configure(file.for_airbyte(dev=arguments.dev), "")

    def run(self) -> int:
        streams = offered(self._source.discover(logger, self._config).streams, self._key_mode)
        if self._arguments.discover:
            catalog = {"streams": [stream.entry() for stream in streams]}
            sys.stdout.write(orjson.dumps(catalog, option=orjson.OPT_INDENT_2).decode() + "\n")
            return 0
        if self._arguments.test:
            return self._test()
        self._sync(self._selections(streams))
        return 0

    def _test(self) -> int:
        for message in self._entrypoint.check(self._source.spec(logger), self._config):
            if message.connectionStatus and message.connectionStatus.status != Status.SUCCEEDED:
                logger.critical(message.connectionStatus.message)
                return 1
        return 0

    def _selections(self, streams: Sequence[TapStream]) -> list[Selection]:
        path = self._arguments.catalog or self._arguments.properties
        if path:
            return select(read_json("catalog", path), streams)
        return [Selection(stream, INCREMENTAL if stream.cursor_field else FULL_TABLE) for stream in streams]

    def _sync(self, selections: Sequence[Selection]) -> None:
        if not selections:
            logger.warning(
                "The catalog selects no stream, so nothing is read: set selected to true in the metadata of"
                " each stream that you want, or leave the catalog out to read all of them."
            )
        path = self._arguments.state
        state = State(read_state(path) if path else {})
        tune_memory()
        with stop_on_signal(self._source), closing(StdoutWriter()) as lines:
            translator = Translator(selections, state, self._key_mode, lines.write, self._now)
            translator.begin()
            try:
                for message in self._messages(selections, state):
                    translator.translate(message)
                    if message.state:
                        lines.flush()
            finally:
                translator.write_state()

    def _messages(self, selections: Sequence[Selection], state: State) -> Iterable[AirbyteMessage]:
        if not selections:
            return ()
        spec = self._source.spec(logger)
        return self._entrypoint.read(
            spec, self._config, configured(selections), state.for_airbyte(selections)
        )
