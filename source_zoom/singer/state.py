"""The Singer state: Airbyte's states as they are, under a bookmark for each stream that people can read."""

import json
import logging
from collections.abc import Iterable
from typing import Any

from airbyte_cdk.models import AirbyteStateMessage, AirbyteStateMessageSerializer

from source_zoom.engine.cursor import VERSION
from source_zoom.exceptions import ConfigError
from source_zoom.singer.catalog import INCREMENTAL, Selection, TapStream
from source_zoom.singer.config_file import read_json
from source_zoom.singer.conform import Json

logger = logging.getLogger("airbyte.source_zoom")


def read_state(path: str) -> Any:
    """The state in a file, also in one as a target, `meltano state get` or this tap's output has it."""
    given = read_json("state", path, _last, "check the path, or leave --state out to read everything")
    if isinstance(given, dict) and given.get("type") == "STATE":
        return given.get("value")
    if isinstance(given, dict) and "singer_state" in given:
        return given["singer_state"]
    return given


def _last(content: bytes) -> Any:
    """The JSON of a file. Targets write a line for each state that they have stored: the last one counts."""
    text = content.decode("utf-8-sig").strip()
    first, end = json.JSONDecoder().raw_decode(text)
    if end == len(text):
        return first
    *before, last = text.split("\n")
    # As many lines as there are, so that an error names the right one.
    return json.loads("\n" * len(before) + last)


class State:
    """What the tap was given and what has come since; STATE messages carry all of it each time.

    `{"currently_syncing": …, "bookmarks": {stream: {cursor field: instant}}, "airbyte_state": […]}`. Streams
    that are not read keep theirs, and so do keys of others, old tap-zoom's among them. A bookmark that
    somebody has changed or deleted wins over Airbyte's state of that stream; alone it is enough.
    """

    def __init__(self, given: Any) -> None:
        self._rest = dict(given) if isinstance(given, dict) else {}
        bookmarks = self._rest.pop("bookmarks", None) or {}
        states = self._rest.pop("airbyte_state", None) or []
        if not isinstance(given, dict) or not isinstance(bookmarks, dict) or not isinstance(states, list):
            raise ConfigError(
                'The state is not a Singer state: it must be an object, with "bookmarks" an object and'
                ' "airbyte_state" a list where it has them.'
            )
        self._bookmarks = bookmarks
        try:
            self._states: dict[str, Json] = {
                state["stream"]["stream_descriptor"]["name"]: state for state in states
            }
            for name, state in self._states.items():
                state["stream"]["stream_state"].update(bookmarks.get(name) or {})
                AirbyteStateMessageSerializer.load(state)
        except Exception:
            # The serializer raises its own types, and none of them says more than this.
            raise ConfigError(
                'The state\'s "airbyte_state" is not what this tap has written: take it and the bookmarks out'
                " of the state to read everything again."
            ) from None

    def for_airbyte(self, selections: Iterable[Selection]) -> list[AirbyteStateMessage]:
        """The states of the streams that go on from one."""
        return [
            AirbyteStateMessageSerializer.load(state)
            for selection in selections
            if selection.method == INCREMENTAL and (state := self._state(selection.stream))
        ]

    def _state(self, stream: TapStream) -> Json | None:
        bookmark = self._bookmarks.get(stream.name)
        if not bookmark:
            return None
        if stream.name in self._states:
            return self._states[stream.name]
        if not isinstance(bookmark, dict) or stream.cursor_field not in bookmark:
            logger.warning(f"{stream.name}: its bookmark is not one of this tap's, so everything is read.")
            return None
        values = {stream.cursor_field: bookmark[stream.cursor_field], "version": VERSION}
        descriptor = {"name": stream.name}
        return {
            "type": "STREAM",
            "stream": {"stream_descriptor": descriptor, "stream_state": values},
        }

    def remember(self, selection: Selection, message: AirbyteStateMessage) -> None:
        """Take over a stream's new state; one that has not come anywhere yet makes no bookmark."""
        name, cursor_field = selection.stream.name, selection.stream.cursor_field
        state = AirbyteStateMessageSerializer.dump(message)
        values = state["stream"]["stream_state"]
        self._bookmarks.pop(name, None)
        if cursor_field in values:
            self._bookmarks[name] = {cursor_field: values[cursor_field]}
        self._states[name] = {"type": state["type"], "stream": state["stream"]}

    def value(self, currently_syncing: str | None) -> Json:
        """What a STATE message holds."""
        return {
            **self._rest,
            "currently_syncing": currently_syncing,
            **({"bookmarks": self._bookmarks} if self._bookmarks else {}),
            **({"airbyte_state": list(self._states.values())} if self._states else {}),
        }
