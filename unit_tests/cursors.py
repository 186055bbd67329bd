"""A cursor with what travels to it, made by hand."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from queue import Queue
from typing import Any

from airbyte_cdk.sources.message import InMemoryMessageRepository

from source_zoom.engine.cursor import VERSION, DayCursor, StateOutput
from source_zoom.engine.progress import Span
from source_zoom.engine.slices import ONE_DAY, Fields, Row, Searched, Slice, Ways, Window
from source_zoom.exceptions import Outcome, Settled, Unread

Json = dict[str, Any]

TODAY = date(2026, 11, 20)
OLDEST = date(2026, 5, 20)
REPORTS, INSTANCES, OF_USER, USERS = "reports", "instances", "report_of_user", "users"
BY_DAY = Ways(REPORTS)
BOTH = Ways(REPORTS, INSTANCES, (OF_USER,))
WINDOWS = Ways()


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


def slice_of(unit: Fields) -> Slice:
    return Slice(f"report/meetings/{unit.get('uuid')}", unit=unit)


def slices_of(unit: Fields, days: Window) -> list[Slice]:
    return [slice_of(unit)]


def key_of(name: str, unit: Fields) -> str:
    return f"{name}/{unit.get('id')}" if name else slice_of(unit).key


def cursor(
    state: Mapping[str, Any] | None = None,
    ways: Ways = BY_DAY,
    *,
    today: date = TODAY,
    lookback: int = 0,
    start_date: date = date.min,
    oldest: date = OLDEST,
    answered_from: date | None = None,
    closed: date | None = None,
    hour: int = 0,
) -> DayCursor:
    output = StateOutput(Queue(), InMemoryMessageRepository())
    span = Span(today, timedelta(days=lookback), start_date, oldest, closed or today, hour)
    one = DayCursor("report_meetings", "start_time", state or {}, span, ways, output, key_of)
    one.retries.start(lambda name: answered_from)
    return one


def until(text: str, **more: object) -> Json:
    """A state in which all days before one are done."""
    return {"start_time": f"2026-{text}T00:00:00Z", "version": VERSION, **more}


DONE = until("11-20")


def held(text: str, number: int = 1, *, way: str = REPORTS, host: str = "h", **more: Any) -> Row:
    """An occurrence, as a parent's row."""
    start = f"2026-{text}T10:00:00Z"
    fields = {"uuid": f"{host} {text} {number}", "id": number, "start_time": start, "host_id": host}
    return Row(fields, day(text), way)._replace(**more)


def timeless(number: int = 1, *, way: str = REPORTS) -> Row:
    fields = {"uuid": f"timeless {number}", "id": number, "start_time": None, "host_id": "h"}
    return Row(fields, None, way)


def found(row: Row) -> Slice:
    return replace(slice_of(row.fields), day=row.day)


def opened(one: DayCursor, *rows: Row) -> list[Slice]:
    """The slices of those rows that the cursor wants."""
    return [slice_ for row in rows if one.open(row, slice_ := found(row))]


def unread(words: str = "no") -> Unread:
    return Unread(f"Zoom refused it: {words}.", words)


def withheld(words: str = "Zoom offers this to paid plans only") -> Settled:
    return Settled(Outcome.WITHHELD, words, words)


def searched(first: str, last: str) -> Searched:
    return Searched(day(first), day(last) + ONE_DAY)


def list_of(number: int) -> Slice:
    return Slice(f"past_meetings/{number}/instances", unit={"id": number})


def report_of(user: str, window: Window) -> Slice:
    return Slice(f"{OF_USER}/{user}", window.query, unit={"id": user})


def states(one: DayCursor) -> list[Json]:
    """The states that have been put among the records."""
    found = []
    while not one._output.queue.empty():
        message: Any = one._output.queue.get()
        found.append(dict(message.state.stream.stream_state.__dict__))
    return found


def final_state(one: DayCursor) -> Json:
    one.ensure_at_least_one_state_emitted()
    message: Any = next(iter(one._output.messages.consume_queue()))
    state: Json = json.loads(json.dumps(message.state.stream.stream_state.__dict__))
    return state


def finished(one: DayCursor, *rows: Row) -> None:
    for slice_ in opened(one, *rows):
        one.finish(slice_)
