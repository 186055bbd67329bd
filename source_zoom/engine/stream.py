"""What all streams have in common: URLs, paging, parsing, and the way from a parent to its children."""

import logging
from abc import ABC, abstractmethod
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar
from urllib.parse import quote

import requests
from airbyte_cdk.models import FailureType, SyncMode
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, FinalStateCursor
from airbyte_cdk.sources.streams.http import HttpStream, HttpSubStream
from airbyte_cdk.sources.utils.casing import camel_to_snake

from source_zoom.api.client import Sync, ZoomClient
from source_zoom.api.errors import Skipped
from source_zoom.api.scopes import Permissions, Scopes
from source_zoom.engine.cursor import Outlet
from source_zoom.engine.row_ids import RowIds
from source_zoom.engine.sharing import Shared, read_ahead
from source_zoom.exceptions import PageTokenLost, StreamEnded, ZoomError

logger = logging.getLogger("airbyte.source_zoom")

Record = dict[str, Any]
Slice = Mapping[str, Any]

PARENT_THREADS = 16
RESTARTS = 5


class Parent(ABC):
    """Something whose records other streams need: read once for all of them, through `shared`."""

    shared: Iterable[Record] = ()
    readers: Sequence["Parent"] = ()

    @abstractmethod
    def __init__(self, sync: Sync, *parents: "Parent") -> None: ...

    @classmethod
    def parent_classes(cls) -> Sequence[type["Parent"]]:
        """The parents that the constructor takes, after the Sync."""
        return ()

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        """The fields that this one reads of its parents' records."""
        return ()

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        """The scopes without which this one cannot be read, its parents' first."""
        found = [scope for parent in cls.parent_classes() for scope in parent.missing_scopes(permissions)]
        return list(dict.fromkeys(found))

    @classmethod
    def scope_warnings(cls, permissions: Permissions) -> Iterable[str]:
        """What it costs to do without a scope that this one can do without."""
        return ()

    def share(self, readers: Sequence["Parent"]) -> None:
        """Let these children read the fields that they want of every record, asking Zoom once for all."""
        self.readers = readers
        kept = {field for reader in readers for field in reader.parent_fields()}
        self.shared = Shared(lambda: self.records_for_children(kept), len(readers))

    def first_day(self, today: date) -> date:
        """The first day (UTC) of which this one, or whoever reads from it, wants past occurrences."""
        return min((reader.first_day(today) for reader in self.readers), default=today)

    @abstractmethod
    def records_for_children(self, kept: Iterable[str]) -> Iterator[Record]:
        """Read the kept fields of every record."""


class ZoomStream(HttpStream, Parent, ABC):
    """A list or an object of Zoom's, declared by class attributes.

    endpoint      path below the API's base; `{name}` is a field of the slice
    record_key    where the answer holds the records; "" where the answer is the record
    primary_key   the fields that identify a record
    rate_limit    Zoom's label: LIGHT, MEDIUM or HEAVY
    scopes        (classic, granular): either lets the app read it, and so does any after them
    page_size     records a page; None where Zoom does not page
    params        query parameters of every request
    slice_params  fields of the slice that go into the query
    variants      queries whose answers together are the slice's records
    identity      the fields behind `row_id`, where Zoom gives no key
    host_secrets  fields that let their holder act as the host
    """

    endpoint: ClassVar[str]
    record_key: ClassVar[str] = ""
    rate_limit: ClassVar[str]
    scopes: ClassVar[Scopes]
    page_size: int | None = 300
    params: ClassVar[Mapping[str, str]] = {}
    slice_params: ClassVar[Sequence[str]] = ()
    variants: ClassVar[Sequence[Mapping[str, str]]] = ({},)
    identity: ClassVar[Sequence[str]] = ()
    host_secrets: ClassVar[Sequence[str]] = ()

    # The CDK's resumable full refresh reads a single page where streams run concurrently.
    is_resumable = False

    def __init__(self, sync: Sync, *parents: Parent) -> None:
        super().__init__(*parents)  # type: ignore[arg-type]  # HttpSubStream's parents are HttpStreams
        self.sync = sync
        self._http_client: ZoomClient = ZoomClient(
            self.name, self.rate_limit, self.scopes, sync, is_one_of_many="{" in self.endpoint
        )
        self._ended: StreamEnded | None = None
        self.failures: list[Exception] = []

    def make_cursor(self, state: Mapping[str, Any], outlet: Outlet) -> Cursor:
        """The keeper of the stream's state: for a full refresh, that it has been read."""
        return FinalStateCursor(self.name, self.namespace, outlet.messages)

    @classmethod
    def stream_name(cls) -> str:
        """The name in the catalog, for a class that is not built yet."""
        return camel_to_snake(cls.__name__)

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        own = [] if permissions.allow(cls.scopes) else [permissions.to_add(cls.scopes)]
        return list(dict.fromkeys([*super().missing_scopes(permissions), *own]))

    def probe(self) -> None:
        """Ask for something that is not there. Raises ScopeMissing if the app may not even ask."""
        self._http_client.send_request("GET", self.url_base + self.endpoint.format_map(defaultdict(int)))

    @property
    def url_base(self) -> str:
        return self.sync.config.api_base

    def path(self, *, stream_slice: Slice | None = None, **_: Any) -> str:
        return self.endpoint.format_map({name: encode(value) for name, value in (stream_slice or {}).items()})

    def request_params(
        self,
        stream_state: Mapping[str, Any] | None,
        stream_slice: Slice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        size = {"page_size": self.page_size} if self.record_key and self.page_size else {}
        from_slice = {name: stream_slice[name] for name in self.slice_params} if stream_slice else {}
        return {**self.params, **size, **from_slice, **(next_page_token or {})}

    def next_page_token(self, response: requests.Response) -> Mapping[str, Any] | None:
        token = response.json().get("next_page_token") if self.page_size else None
        if token and not isinstance(token, str):
            raise ZoomError(f"Zoom's answer holds a page token that is no text: {token!r:.100}.")
        return {"next_page_token": token} if token else None

    def parse_response(
        self, response: requests.Response, *, stream_slice: Slice | None = None, **_: Any
    ) -> list[Record]:
        body = response.json()
        records = body.get(self.record_key) if self.record_key else [body]
        if self.record_key and self.record_key in body and records is None:
            return []
        if not isinstance(records, list) or not all(isinstance(row, dict) and row for row in records):
            where = f"a list of objects in {self.record_key!r}" if self.record_key else "an object"
            resource = self.path(stream_slice=stream_slice)
            raise ZoomError(f"Zoom's answer to GET {resource} does not hold {where}.")
        inherited = stream_slice or {}
        return [{**inherited, **record} for record in records]

    def read_records(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_slice: Slice | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterator[Record]:
        """The records of one slice; overriding it keeps the CDK from reading the first page only."""
        for page in self.read_pages(stream_slice or {}):
            yield from page

    def read_pages(self, stream_slice: Slice) -> Iterator[list[Record]]:
        """The records of one slice, page by page."""
        for records in self._read_slice(stream_slice):
            self.sync.summary.add(self.name, records=len(records))
            yield records

    @abstractmethod
    def slices(self) -> Iterable[Slice]:
        """What to ask for, one by one."""

    def stream_slices(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[Slice]:
        # Not HttpSubStream's, which reads the parent anew for every child.
        return self.slices()

    def parent_slices(self) -> Iterable[Slice]:
        """The slices that children need."""
        return self.slices()

    def parent_batches(self) -> Iterable[Iterable[Slice]]:
        """The slices that children need, in batches of which one is read to its end before the next."""
        return (self.parent_slices(),)

    def share(self, readers: Sequence[Parent]) -> None:
        # Whole streams wait for these requests, nobody for those of a leaf.
        self._http_client.urgent = True
        super().share(readers)

    def records_for_children(self, kept: Iterable[str]) -> Iterator[Record]:
        """Several slices are read at a time; a failed one does not stop the others, and is raised last."""

        def read(stream_slice: Slice) -> list[Record]:
            pages = self._read_slice(stream_slice)
            try:
                return [{name: record.get(name) for name in kept} for page in pages for record in page]
            except StreamEnded:
                raise
            except Exception:
                self.sync.summary.fail(self.name, self.path(stream_slice=stream_slice))
                raise

        for batch in self.parent_batches():
            yield from read_ahead(read, batch, PARENT_THREADS, self.failures)
        if self.failures:
            raise self.failures[0]

    def _read_slice(self, stream_slice: Slice | None) -> Iterator[list[Record]]:
        """The pages of one slice. After what ends the whole stream, no slice asks for anything more."""
        if self._ended:
            raise self._ended
        try:
            for variant in self.variants:
                yield from self._read_list(stream_slice, variant)
        except Skipped as skipped:
            example = f"{self.path(stream_slice=stream_slice)}: {skipped}"
            self.sync.summary.skip(self.name, skipped.verdict.reason, example, skipped.level)
        except StreamEnded as ended:
            self._ended = ended
            raise

    def _read_list(self, stream_slice: Slice | None, query: Mapping[str, str]) -> Iterator[list[Record]]:
        """The pages of one list; from the first page again, without what has been read, if Zoom asks so."""
        # Eight bytes a row: a list can have a hundred thousand, and many lists are read at a time.
        emitted = array("q")
        # Within a slice only those fields of the key differ that are not the slice's.
        fields = [name for name in self.key_fields() if name not in (stream_slice or {})]

        def key(record: Record) -> int:
            return hash(tuple(map(record.get, fields)))

        for _ in range(1 + RESTARTS):
            row_ids = RowIds(self.identity)
            before = frozenset(emitted)
            keyless = 0
            try:
                for page, is_last in self._pages(stream_slice, query):
                    self._finish(page, row_ids)
                    records = [record for record in page if all(map(_is_key, map(record.get, fields)))]
                    keyless += len(page) - len(records)
                    fresh = [r for r in records if key(r) not in before] if before else records
                    if not is_last:
                        emitted.extend(map(key, fresh))
                    yield fresh
                if keyless:
                    raise ZoomError(
                        f"Zoom's answer to GET {self.path(stream_slice=stream_slice)} has {keyless} record(s)"
                        f" without {' and '.join(fields)}. The others were read."
                    )
                return
            except PageTokenLost as lost:
                trouble = lost
        raise ZoomError(
            f"Zoom lost its place in {self.path(stream_slice=stream_slice)} {1 + RESTARTS} times: {trouble}.",
            FailureType.transient_error,
        )

    def _pages(
        self, stream_slice: Slice | None, query: Mapping[str, str]
    ) -> Iterator[tuple[list[Record], bool]]:
        """Each page of a list, and whether it is the last."""
        token: Mapping[str, Any] | None = {}
        used: set[str] = set()
        while token is not None:
            records, token = self._page(stream_slice, {**query, **token})
            if token and token["next_page_token"] in used:
                raise PageTokenLost("the page token came a second time")
            used.update((token or {}).values())
            yield records, token is None

    def _page(
        self, stream_slice: Slice | None, query: Mapping[str, str]
    ) -> tuple[list[Record], Mapping[str, Any] | None]:
        """One page, and the token of the next. The answer itself is not kept while the page is used."""
        _, response = self._fetch_next_page(stream_slice, None, query)
        return self.parse_response(response, stream_slice=stream_slice), self.next_page_token(response)

    def _finish(self, records: list[Record], row_ids: RowIds) -> None:
        """Give keys to rows that have none, and take out what only the host should know."""
        if self.identity:
            for record, row_id in zip(records, row_ids.of(records), strict=True):
                record["row_id"] = row_id
        if self.host_secrets and not self.sync.config.include_host_secrets:
            for record in records:
                for name in self.host_secrets:
                    record.pop(name, None)

    @classmethod
    def key_fields(cls) -> Sequence[str]:
        """The primary key as a sequence, whether it is declared as one field or as several."""
        return (cls.primary_key,) if isinstance(cls.primary_key, str) else cls.primary_key  # type: ignore[return-value]


class ZoomSubstream(ZoomStream, HttpSubStream, ABC):
    """A list or an object that Zoom has for each record of a parent.

    parent_class  the stream of the parents; `source.py` builds it and hands it over
    inherits      column of the child -> field of the parent; the columns are the child's slice
    """

    parent: Parent  # type: ignore[assignment]  # PastOccurrences is no stream of the CDK's
    parent_class: ClassVar[type[Parent]]
    inherits: ClassVar[Mapping[str, str]]

    @classmethod
    def parent_classes(cls) -> Sequence[type[Parent]]:
        return (cls.parent_class,)

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        return cls.inherits.values()

    def slices(self) -> Iterator[Slice]:
        for record in self.parent.shared:
            if self._ended:
                return
            yield {column: record[field] for column, field in self.inherits.items()}


def _is_key(value: object) -> bool:
    """Whether a value can be part of a primary key."""
    return isinstance(value, str | int) and value != ""


def encode(value: object) -> str:
    """A value as a path segment: Zoom wants UUIDs that begin with "/" or hold "//" encoded twice.

    https://developers.zoom.us/docs/api/using-zoom-apis/#meeting-id-and-uuid
    """
    text = str(value)
    once = quote(text, safe="")
    return quote(once, safe="") if text.startswith("/") or "//" in text else once
