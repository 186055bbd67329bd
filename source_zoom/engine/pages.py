"""The pages of one list: followed, checked and finished."""

import logging
from array import array
from collections.abc import Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson
from airbyte_cdk.models import FailureType

from source_zoom.api.session import whole_number
from source_zoom.engine.row_ids import RowIds
from source_zoom.engine.slices import Slice
from source_zoom.exceptions import PageTokenLost, Unread

if TYPE_CHECKING:
    from source_zoom.engine.stream import ZoomStream

logger = logging.getLogger("airbyte.source_zoom")

Record = dict[str, Any]

RESTARTS = 5
MOST_IDLE_PAGES = 20


class Pages:
    """Reads one list of a stream, an object or a text, once; its state is of one thread.

    `_odd` are the rows that are of no use, each as the end of a sentence; `_left_out` counts those without a
    key where that is no failure, and `_came` all that came.
    """

    def __init__(self, stream: "ZoomStream", found: Slice, query: Mapping[str, str]) -> None:
        self._stream = stream
        self._found = found
        size = {"page_size": stream.page_size} if stream.record_key and stream.page_size else {}
        asked = dict(found.query)
        if found.window:
            del asked["from"], asked["to"]
            asked |= stream.window_params(found.window)
        self._query: dict[str, Any] = {**stream.params, **size, **asked, **query}
        # Within a slice only those fields of the key differ that are not the slice's.
        self._key_fields = [name for name in stream.key_fields() if name not in found.columns]
        self._odd: list[str] = []
        self._left_out = self._came = 0

    def __repr__(self) -> str:
        return f"Pages({self._found.name}, {self._came} rows)"

    def read(self) -> Iterator[list[Record]]:
        """The records by page; from the first page again, without what has been read, if Zoom asks so.

        Raises what the client does, and Unread where something of the list is of no use.
        """
        # Eight bytes a row: a list can have a hundred thousand, and many lists are read at a time.
        emitted = array("q")
        for _ in range(1 + RESTARTS):
            row_ids = RowIds(self._stream.row_id_fields)
            before = frozenset(emitted)
            self._odd, self._left_out, self._came = [], 0, 0
            try:
                for page, is_last in self._pages():
                    records = self._finished(page, row_ids)
                    fresh = [r for r in records if self._key(r) not in before] if before else records
                    if not is_last:
                        emitted.extend(map(self._key, fresh))
                    yield fresh
                self._count_left_out()
                self._judge_odd()
                return
            except PageTokenLost as lost:
                trouble = lost
            except RecursionError:
                sentence = f"Zoom's answer to GET {self._found.name} is nested too deep."
                raise Unread(sentence, "an answer that is nested too deep") from None
        raise Unread(
            f"Zoom lost its place in {self._found.name} {1 + RESTARTS} times: {trouble}.",
            "Zoom lost its place",
            FailureType.transient_error,
        )

    def _key(self, record: Record) -> int:
        return hash(tuple(map(record.get, self._key_fields)))

    def _count_left_out(self) -> None:
        stream = self._stream
        for _ in range(self._left_out):
            stream.sync.summary.skip(stream.name, stream.without_key, f"a row of {self._found.name}")

    def _judge_odd(self) -> None:
        if self._odd:
            why = f"{len(self._odd)} record(s) {self._odd[0]}"
            sentence = f"Zoom's answer to GET {self._found.name} has {why}. The others were read."
            raise Unread(sentence, f"records {self._odd[0]}")

    def _pages(self) -> Iterator[tuple[list[Record], bool]]:
        """Each page of the list, and whether it is the last; rows that are no objects are odd ones."""
        stream, found = self._stream, self._found
        if not stream.is_asked_for():
            yield [dict(found.columns)], True
            return
        asked, used, idle, previous = dict(self._query), set[str](), 0, None
        for number in count(1):
            answer = stream.client.get(found.path, asked, found.name, is_text=bool(stream.text_column))
            rows = self._rows(answer.fields, answer.text)
            # A page like the one before, or none, is no news.
            idle = idle + 1 if not rows or rows == previous else 0
            if idle and "page_number" in asked:
                sentence = f"Zoom counts more pages of {found.name} than it gives: page {number} has nothing."
                raise Unread(sentence, "a page that never came")
            if idle == MOST_IDLE_PAGES:
                sentence = f"Zoom's pages of {found.name} have no end: {idle} in a row brought nothing new."
                raise Unread(sentence, "pages without end")
            previous = rows
            self._came += len(rows)
            beside = {name: answer.fields[name] for name in stream.envelope if name in answer.fields}
            usable = [{**beside, **found.columns, **row} for row in rows if isinstance(row, dict) and row]
            self._odd += ["that are no objects"] * (len(rows) - len(usable))
            token = self._token(answer.fields, used)
            has_more = bool(token) or self._counts_more(answer.fields, number)
            yield usable, not has_more
            if not has_more:
                return
            # Where Zoom counts more pages than it gives tokens for, they go by numbers.
            following = {"next_page_token": token} if token else {"page_number": number + 1}
            asked = {**self._query, **following}

    def _token(self, body: Mapping[str, Any], used: set[str]) -> str:
        """The token of the next page, "" where there is none. Raises PageTokenLost where it came before."""
        token = body.get("next_page_token") if self._stream.page_size else None
        if token and not isinstance(token, str):
            sentence = f"Zoom's answer holds a page token that is no text: {token!r:.100}."
            raise Unread(sentence, "a page token that is no text")
        if token in used:
            raise PageTokenLost("the page token came a second time")
        used.update({token} if token else ())
        return token or ""

    def _counts_more(self, body: Mapping[str, Any], number: int) -> bool:
        """Whether Zoom counts pages after this one; fewer rows than it counts are a WARN, once a stream."""
        pages, total = (whole_number(body.get(name)) or 0 for name in ("page_count", "total_records"))
        if not self._stream.page_size or self._came >= total:
            return False
        if number < pages:
            return True
        if self._stream.is_first_warning():
            name, of = self._stream.name, self._found.name
            logger.warning(f"{name}: Zoom counts {total} records of {of}, and {self._came} came.")
        return False

    def _rows(self, body: Mapping[str, Any], text: bytes) -> list[Any]:
        """The rows of an answer. Raises Unread where it does not hold them in the documented shape."""
        stream = self._stream
        if stream.text_column:
            return [{stream.text_column: text.decode("utf-8-sig", "replace")}]
        rows = body.get(self._list_name(body), ...) if stream.record_key else [body] if body else ...
        if rows is None or (rows is ... and _is_empty_page(body)):
            return []
        if not isinstance(rows, list):
            where = f"a list of objects in {stream.record_key!r}" if stream.record_key else "an object"
            raise Unread(f"Zoom's answer to GET {self._found.name} does not hold {where}.", f"no {where}")
        if not stream.record_key:
            self._check_object(body)
        return rows

    def _list_name(self, body: Mapping[str, Any]) -> str:
        """The name under which an answer has the list: an empty one says nothing where another is full."""
        names = [name for name in (self._stream.record_key, *self._stream.former_keys) if name in body]
        return next(filter(body.get, names), next(iter(names), self._stream.record_key))

    def _check_object(self, record: Mapping[str, Any]) -> None:
        """Raises Unread where an answer is not of what was asked for: a captive portal's, say."""
        unit = self._found.unit
        others = [name for name in ("id", "uuid") if str(record.get(name, "")) != str(unit.get(name, ""))]
        is_anothers = any(name in record and name in unit for name in others)
        if is_anothers or not self._stream.columns() & record.keys():
            sentence = f"Zoom's answer to GET {self._found.name} is of something else."
            raise Unread(sentence, "an answer of something else")

    def _finished(self, records: list[Record], row_ids: RowIds) -> list[Record]:
        """The usable records of a page, with keys, and without what only the host should know."""
        stream = self._stream
        numbers = stream.number_fields()
        for record in records:
            for name in numbers:
                value = record.get(name)
                if isinstance(value, str) and (number := whole_number(value)) is not None:
                    record[name] = number
            stream.complete(record)
        if stream.row_id_fields:
            for record, row_id in zip(records, row_ids.of(records), strict=True):
                record["row_id"] = row_id
        if stream.host_secrets and not stream.sync.config.include_host_secrets:
            for record in records:
                for name in stream.host_secrets:
                    record.pop(name, None)
        can_be_written = _can_be_written(records)
        return [record for record in records if self._is_usable(record, can_be_written)]

    def _is_usable(self, record: Record, can_be_written: bool) -> bool:
        """Whether a record has a key, and what else children need; a sentence's end is noted if not."""
        why = self._stream.oddity(record)
        has_key = all(map(_is_key, map(record.get, self._key_fields)))
        if not has_key and self._stream.without_key:
            self._left_out += 1
            return False
        if not has_key:
            why = f"without {' and '.join(self._key_fields)}"
        elif not can_be_written and not _can_be_written(record):
            why = "that cannot be written"
        if why:
            self._odd.append(why)
        return not why


def _is_empty_page(body: Mapping[str, Any]) -> bool:
    """Whether a list without its rows says that it has none."""
    if "total_records" in body:
        return whole_number(body["total_records"]) == 0
    return bool(body.keys() & {"page_size", "page_count", "next_page_token"})


def _is_key(value: object) -> bool:
    """Whether a value can be part of a primary key."""
    return isinstance(value, str | int) and value != ""


def _can_be_written(value: object) -> bool:
    """Whether others can read it as JSON: half a character is none, nor is what is nested too deep."""
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True
