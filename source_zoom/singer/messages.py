"""Translates Airbyte's messages into Singer's.

https://github.com/singer-io/getting-started/blob/master/docs/SPEC.md
"""

import logging
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import orjson
from airbyte_cdk.models import AirbyteMessage, AirbyteRecordMessage, AirbyteStreamStatus, AirbyteTraceMessage

from source_zoom.singer.catalog import INCREMENTAL, KeyMode, Selection
from source_zoom.singer.conform import Json, Object
from source_zoom.singer.logs import metric
from source_zoom.singer.state import State

logger = logging.getLogger("airbyte.source_zoom")

# As it stands in JSON; after a backslash that is itself escaped it is the text of six letters.
NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

# A STATE holds the state of every stream, and a target may store all it has before it takes note of one.
STATE_SECONDS = 10.0


class _Stream:
    """One selected stream on its way out."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.records = 0
        self.is_new = True
        self._schema = selection.stream.schema
        self._fields = Object(self._schema, (), selection.dropped, self._widen)

    def _widen(self) -> None:
        self.is_new = True

    def schema_line(self) -> bytes:
        """A SCHEMA message; `is_new` says that the last one is out of date."""
        self.is_new = False
        stream = self.selection.stream
        bookmarks = [stream.cursor_field] if self.selection.method == INCREMENTAL else []
        return _line(
            {
                "type": "SCHEMA",
                "stream": stream.name,
                "schema": self._schema,
                "key_properties": stream.keys,
                **({"bookmark_properties": bookmarks} if bookmarks else {}),
            }
        )

    def conform(self, record: Json) -> None:
        for column, source in self.selection.stream.copies.items():
            record[column] = record.get(source)
        self._fields.conform(record)
        self.records += 1


class _OldKeys(_Stream):
    """A stream with tap-zoom's keys, which are no keys: some are empty, and some come twice."""

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self._seen: set[int] = set()

    def conform(self, record: Json) -> None:
        super().conform(record)
        keys = self.selection.stream.keys
        for key in keys:
            if record.get(key) is None:
                record[key] = ""
        # Hashes, not the keys: a million of them are to fit into memory.
        self._seen.add(hash(tuple(record[key] for key in keys)))

    @property
    def collisions(self) -> int:
        """How many records have the key of another."""
        return self.records - len(self._seen)


class Translator:
    """Airbyte's messages in, Singer's lines out through `write`; what is no message goes to the log.

    A STATE is due when a stream ends, and where one lasts longer, every `STATE_SECONDS` of `now`.
    """

    def __init__(
        self,
        selections: Iterable[Selection],
        state: State,
        key_mode: KeyMode,
        write: Callable[[bytes], None],
        now: Callable[[], float],
    ) -> None:
        kind = _OldKeys if key_mode is KeyMode.TAP_ZOOM else _Stream
        self._streams = {selection.stream.name: kind(selection) for selection in selections}
        self._state = state
        self._write = write
        self._now = now
        self._wrote_state = now()
        self._unfinished = list(self._streams)
        self._emitted_at = -1
        self._time_extracted = ""

    def begin(self) -> None:
        """A SCHEMA for each stream, also for one without records, and the STATE that it begins with."""
        for stream in self._streams.values():
            self._write(stream.schema_line())
        if self._streams:
            self.write_state()

    def translate(self, message: AirbyteMessage) -> None:
        """Write what a message says: a STATE where one is due, or a RECORD after the SCHEMA that it needs."""
        if message.record:
            self._record(message.record)
        elif message.state and message.state.stream:
            selection = self._streams[message.state.stream.stream_descriptor.name].selection
            if selection.method == INCREMENTAL:
                self._state.remember(selection, message.state)
                if self._now() - self._wrote_state >= STATE_SECONDS:
                    self.write_state()
        elif message.trace:
            self._trace(message.trace)

    def write_state(self) -> None:
        """The whole state, with the first of the streams that have not come to their end."""
        self._wrote_state = self._now()
        currently_syncing = next(iter(self._unfinished), None)
        self._write(_line({"type": "STATE", "value": self._state.value(currently_syncing)}))

    def _record(self, record: AirbyteRecordMessage) -> None:
        stream = self._streams[record.stream]
        stream.conform(record.data)
        if stream.is_new:
            self._write(stream.schema_line())
        if record.emitted_at != self._emitted_at:
            moment = datetime.fromtimestamp(record.emitted_at / 1000, UTC)
            self._emitted_at = record.emitted_at
            self._time_extracted = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._write(
            _line(
                {
                    "type": "RECORD",
                    "stream": record.stream,
                    "record": record.data,
                    "time_extracted": self._time_extracted,
                }
            )
        )

    def _trace(self, trace: AirbyteTraceMessage) -> None:
        if trace.error:
            logger.error(trace.error.message)
        elif trace.stream_status and trace.stream_status.status in (
            AirbyteStreamStatus.COMPLETE,
            AirbyteStreamStatus.INCOMPLETE,
        ):
            name = trace.stream_status.stream_descriptor.name
            stream = self._streams[name]
            self._unfinished.remove(name)
            self.write_state()
            metric("counter", "record_count", stream.records, {"endpoint": name})
            if isinstance(stream, _OldKeys) and stream.collisions:
                logger.warning(
                    f"{name}: {stream.collisions} of {stream.records} records have the keys of another"
                    f" ({', '.join(stream.selection.stream.keys)}), so a table keeps one of them:"
                    " key_mode lossless keeps all."
                )


def _line(message: Json) -> bytes:
    line = orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
    # PostgreSQL has no NUL in a text, so one in a user's name would end the whole load.
    return NUL.sub(rb"\1", line) if b"\\u0000" in line else line
