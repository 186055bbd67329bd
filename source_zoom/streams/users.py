"""The users of an account, and the meetings and webinars that Zoom lists for each of them."""

from abc import ABC
from collections.abc import Iterable, Iterator
from typing import Any

import requests

from source_zoom.api.rate_limits import MEDIUM
from source_zoom.engine.stream import Record, Slice, ZoomStream, ZoomSubstream


class Users(ZoomStream):
    """https://developers.zoom.us/docs/api/users/#tag/users/GET/users

    Zoom lists one status at a time, and a pending user has no id yet. Host keys come only to who asks
    for them in place of the custom attributes, which takes a second pass.
    """

    endpoint = "users"
    record_key = "users"
    primary_key = "id"
    rate_limit = MEDIUM
    scopes = ("user:read:admin", "user:read:list_users:admin", "user:write:admin")
    params = {"include_fields": "custom_attributes"}
    slice_params = ("status",)
    host_secrets = ("host_key",)

    def slices(self) -> Iterator[Slice]:
        yield from self.parent_slices()
        if self.sync.config.include_pending_users:
            yield {"status": "pending"}

    def parent_slices(self) -> Iterator[Slice]:
        # A host who left the account still has meetings; nobody pending has any.
        yield {"status": "active"}
        yield {"status": "inactive"}

    def parse_response(self, response: requests.Response, **kwargs: Any) -> list[Record]:
        users = super().parse_response(response, **kwargs)
        for user in users:
            user["id"] = user.get("id") or f"pending:{user.get('email')}"
        return users

    def read_pages(self, stream_slice: Slice) -> Iterator[list[Record]]:
        host_keys = {}
        if self.sync.config.include_host_secrets:
            for page in self._read_list(stream_slice, {"include_fields": "host_key"}):
                host_keys.update({user["id"]: user["host_key"] for user in page if "host_key" in user})
        for page in super().read_pages(stream_slice):
            for user in page:
                if user["id"] in host_keys:
                    user["host_key"] = host_keys[user["id"]]
            yield page


class UserList(ZoomSubstream, ABC):
    """What Zoom lists for each user. The same meeting can be on the lists of several, and is taken once."""

    parent_class = Users
    inherits = {"user_id": "id"}
    primary_key = "id"

    def records_for_children(self, kept: Iterable[str]) -> Iterator[Record]:
        seen: set[int] = set()
        for record in super().records_for_children(kept):
            if record["id"] not in seen:
                seen.add(record["id"])
                yield record


class UserMeetings(UserList):
    """https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/users/{userId}/meetings"""

    endpoint = "users/{user_id}/meetings"
    record_key = "meetings"
    rate_limit = MEDIUM
    scopes = ("meeting:read:admin", "meeting:read:list_meetings:admin")
    params = {"type": "scheduled"}


class UserWebinars(UserList):
    """https://developers.zoom.us/docs/api/meetings/#tag/webinars/GET/users/{userId}/webinars"""

    endpoint = "users/{user_id}/webinars"
    record_key = "webinars"
    rate_limit = MEDIUM
    scopes = ("webinar:read:admin", "webinar:read:list_webinars:admin")
    params = {"type": "scheduled"}
