"""What the lists lead to that could not be read in earlier syncs and are due in this one."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from source_zoom.engine.parents import PARENT_THREADS, Parent, read_ahead
from source_zoom.engine.retries import AGAIN, Key, Retry
from source_zoom.engine.slices import Closed, Event, Retried, Row, Slice
from source_zoom.exceptions import DailyLimitReached, Outcome, Refused

if TYPE_CHECKING:
    from source_zoom.engine.stream import ZoomStream

UNREAD = (Outcome.UNREAD, Outcome.WITHHELD)


def read_again(parent: Parent, *, are_owed: bool = False) -> Iterator[Event]:
    """The rows to which the lists on the retry lists of a parent's children lead, and that each has come.

    `are_owed`: those for which the requests of an earlier day did not suffice, in place of those that failed.
    """
    due: dict[Key, Retry] = {}
    for cursor in (child.days for child in parent.children if child.days):
        for key, entry in cursor.due_lists(are_owed=are_owed):
            due[key] = replace(entry, days=entry.days.hull(due.get(key, entry).days))
    limit: DailyLimitReached | None = None
    for event in read_ahead(partial(_read, parent), due.items(), PARENT_THREADS):
        if isinstance(event, Closed) and isinstance(event.why, DailyLimitReached):
            limit = event.why
        yield event
    if limit:
        raise limit


def _read(parent: Parent, owed: tuple[Key, Retry]) -> list[Event]:
    key, entry = owed
    lists = cast("list[ZoomStream]", [*parent.lists(), parent])
    one = next(one for one in lists if one.name == key[0])
    found: list[Event] = []
    # The newest month comes first: while it is refused, the others are not asked for.
    for again in one.slices_again(entry.unit, entry.days):
        try:
            events = _led_to(parent, one, again)
        except Refused:
            # Its way is refused, and has said so; the entry stays for the day when it no longer is.
            return found
        for event in events:
            if isinstance(event, Row):
                found.append(event._replace(way=AGAIN, of=key))
            elif isinstance(event, Closed):
                found.append(event._replace(of=key))
        closed = next(event for event in events if isinstance(event, Closed) and event.list == one.name)
        if closed.outcome is None or (closed.outcome in UNREAD and not entry.is_owed):
            return found
    return [*found, Retried(key)]


def _led_to(parent: Parent, one: "ZoomStream", found: Slice) -> list[Event]:
    """What a slice of a list leads to, through other lists if need be."""
    lists = [*parent.lists(), *([parent] if parent.is_list else [])]
    following = next((child for child in one.children if child in lists), None)
    readers = [following] if following else parent.children if one is parent else [parent]
    fields = {field for reader in readers for field in reader.parent_fields()}
    events = one.read_for_children(tuple(fields), found)
    if not following:
        return [event for event in events if not isinstance(event, Row) or parent.accepts(event, one)]
    led_to: list[Event] = [event for event in events if not isinstance(event, Row)]
    for row in (event for event in events if isinstance(event, Row)):
        led_to += _led_to(
            parent, cast("ZoomStream", following), cast("ZoomStream", following).slice_of(row.fields)
        )
    return led_to
