"""Recordings in Zoom's cloud, and what was said in them."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from source_zoom.api.client import Sync
from source_zoom.api.errors import advice
from source_zoom.api.rate_limits import MEDIUM
from source_zoom.api.scopes import Permissions
from source_zoom.engine.again import read_again
from source_zoom.engine.pages import Record
from source_zoom.engine.parents import PARENT_THREADS, Parent, read_ahead, whole
from source_zoom.engine.slices import Event, Fields, Row, Slice, Ways, encode, utc_day
from source_zoom.engine.stream import ACCOUNT_AGE, FIRST_MONTH, ZoomStream, ZoomSubstream
from source_zoom.engine.words import Word
from source_zoom.exceptions import ScopeMissing
from source_zoom.streams.users import Users

logger = logging.getLogger("airbyte.source_zoom")

OF_USERS = ("recording:read:admin", "cloud_recording:read:list_user_recordings:admin")
COST_BY_USER = (
    "The app may not read the list of the account's recordings, so those of each user are asked for, month by"
    " month, which can cost thousands of requests."
)
FILES = "recording_files"
FILE = (
    "id",
    "file_type",
    "file_extension",
    "file_size",
    "recording_type",
    "recording_start",
    "recording_end",
)
OF_FILE = {name: f"recording_files.{name}" for name in FILE}


class ListedRecordings(ZoomStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/cloud-recording/GET/accounts/{accountId}/recordings

    Zoom takes the word "me" here, and refuses the account's own ID to all but master accounts. Where it
    refuses this as well, the recordings of each user are asked for, from the month on in which he was made.
    """

    months = ACCOUNT_AGE
    endpoint = "accounts/me/recordings"
    record_key = "meetings"
    primary_key = "uuid"
    cursor_field = "start_time"
    rate_limit = MEDIUM
    scopes = ("account:read:admin", "cloud_recording:read:list_account_recordings:admin")
    ways = Ways(days_open=7, changes=("recording_files.file_size", "recording_files.status"))

    @classmethod
    def parent_classes(cls) -> Sequence[type[Parent]]:
        return (Users,)

    @classmethod
    def parent_fields(cls) -> Iterable[str]:
        return ("id", "created_at")

    @classmethod
    def missing_scopes(cls, permissions: Permissions) -> list[str]:
        own = [] if permissions.allow(cls.scopes) else [permissions.to_add(cls.scopes)]
        can_do_without = permissions.allow(OF_USERS) and not Users.missing_scopes(permissions)
        return [] if can_do_without else own

    @classmethod
    def scope_warnings(cls, permissions: Permissions) -> Iterator[str]:
        if not permissions.allow(cls.scopes) and not cls.missing_scopes(permissions):
            yield f"{COST_BY_USER} {advice([permissions.to_add(cls.scopes)])}"

    def __init__(self, sync: Sync, users: Parent) -> None:
        super().__init__(sync)
        self.parents = (users,)
        self._users = users

    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        # Where the account's list comes, nobody needs the users; where it does not, they are read anew.
        self._users.shared.leave()
        try:
            yield from super().events(kept)
        except ScopeMissing as refused:
            logger.warning(f"{COST_BY_USER} {refused}")
            self.ask_for_each(OF_USERS)
            yield from self._of_every_user(kept)

    def _of_every_user(self, kept: Iterable[str]) -> Iterator[Event]:
        # Whoever is missing may have recordings: no day would have been searched.
        users = yield from whole(self._users)
        since = {str(user.fields["id"]): _month_of(user.fields) for user in users}
        self.begin_with(min(since.values(), default=self.sync.clock.today))
        read = partial(self.read_for_children, tuple(kept))
        for month, searched in self.months_in_turn():
            slices = (
                replace(self.slice_of({"id": user}), query=month.query, day=max(month.first, searched.first))
                for user, first in since.items()
                if first <= month.last
            )
            yield from read_ahead(read, slices, PARENT_THREADS)
            yield searched
        yield from read_again(self)

    def slice_of(self, unit: Fields, day: date | None = None, word: Word | None = None) -> Slice:
        if not unit:
            return super().slice_of(unit, day, word)
        return Slice(f"users/{encode(unit['id'])}/recordings", unit=unit, day=day, word=word)

    def read_for_children(self, kept: Sequence[str], found: Slice) -> list[Event]:
        rows: dict[object, Row] = {}
        others: list[Event] = []
        for event in super().read_for_children(kept, found):
            if not isinstance(event, Row):
                others.append(event)
            elif first := rows.get(event.fields["uuid"]):
                # Of what was recorded in several pieces Zoom may give several rows.
                files = [*(first.fields.get(FILES) or ()), *(event.fields.get(FILES) or ())]
                rows[event.fields["uuid"]] = first._replace(fields={**first.fields, FILES: files})
            else:
                rows[event.fields["uuid"]] = event
        return [*rows.values(), *others]


def _month_of(user: Fields) -> date:
    """The first day of the month in which a user was made, as far as Zoom says so."""
    try:
        return utc_day(user["created_at"]).replace(day=1)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return FIRST_MONTH


class Recordings(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/cloud-recording/GET/accounts/{accountId}/recordings"""

    parent_class = ListedRecordings
    inherits = {"uuid": "uuid", "start_time": "start_time"}
    primary_key = "uuid"
    cursor_field = "start_time"
    rate_limit = MEDIUM
    scopes = ListedRecordings.scopes
    host_secrets = ("recording_play_passcode", "password", "download_access_token")


class RecordingTranscripts(ZoomSubstream):
    """https://developers.zoom.us/docs/api/meetings/#tag/cloud-recording/GET/meetings/{meetingId}/recordings"""

    parent_class = ListedRecordings
    items = FILES
    only = {"recording_files.file_type": ("TRANSCRIPT", "CC")}
    address = "recording_files.download_url"
    text_column = "content"
    inherits = {"recording_uuid": "uuid", "recording_start_time": "start_time", **OF_FILE}
    primary_key = ["recording_uuid", "id"]
    cursor_field = "recording_start_time"
    rate_limit = MEDIUM
    scopes = ("recording:read:admin", "cloud_recording:read:list_recording_files:admin")

    def complete(self, record: Record) -> None:
        try:
            record["cues"] = list(_cues(record["content"]))
        except (MalformedCaptionError, MalformedFileError):
            record["cues"] = None


def _cues(content: str) -> Iterator[dict[str, Any]]:
    """What was said, by whom: Zoom puts the speaker's name before the first colon."""
    for number, caption in enumerate(webvtt.from_string(content).captions, 1):
        speaker, colon, text = caption.text.partition(": ")
        yield {
            "sequence_number": number,
            "start": caption.start_time.in_milliseconds() / 1000,
            "end": caption.end_time.in_milliseconds() / 1000,
            "speaker": caption.voice or (speaker if colon else None),
            "text": text if colon and not caption.voice else caption.text,
        }
