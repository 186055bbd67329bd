"""The users of an account, and the meetings and webinars that Zoom lists for each of them."""

from abc import ABC
from collections.abc import Iterable, Iterator, Sequence

from source_zoom.api.rate_limits import MEDIUM
from source_zoom.engine.pages import Record
from source_zoom.engine.slices import Event, Row, Slice
from source_zoom.engine.stream import ZoomStream, ZoomSubstream


def identify(record: Record) -> None:
    """Give an id to a user who has not accepted the invitation yet, and so has none of Zoom's."""
    if not record.get("id") and record.get("email"):
        record["id"] = f"pending:{record['email']}"


class Users(ZoomStream):
    """https://developers.zoom.us/docs/api/users/#tag/users/GET/users

    Zoom lists one status at a time, and a pending user has no id yet. Whoever is activated or leaves between
    two lists comes twice in this order, and in any other not at all. Host keys come only to who asks for
    them in place of the custom attributes, which takes a second pass.
    """

    in_order = True

    endpoint = "users"
    record_key = "users"
    primary_key = "id"
    rate_limit = MEDIUM
    scopes = ("user:read:admin", "user:read:list_users:admin", "user:write:admin")
    params = {"include_fields": "custom_attributes"}
    host_secrets = ("host_key",)

    def own_slices(self) -> Iterator[Slice]:
        if self.sync.config.include_pending_users:
            yield self._of_status("pending")
        yield from self.parent_slices()

    def parent_slices(self) -> Iterator[Slice]:
        # A host who left the account still has meetings; nobody pending has any.
        yield self._of_status("active")
        yield self._of_status("inactive")

    def _of_status(self, status: str) -> Slice:
        return Slice(self.endpoint, {"status": status}, {"status": status})

    def complete(self, record: Record) -> None:
        if record.get("status") == "pending":
            identify(record)

    def read_pages(self, found: Slice) -> Iterator[list[Record]]:
        host_keys = {}
        if self.sync.config.include_host_secrets:
            for page in self.read_list(found, {"include_fields": "host_key"}):
                host_keys.update({user["id"]: user["host_key"] for user in page if "host_key" in user})
        for page in super().read_pages(found):
            for user in page:
                if user["id"] in host_keys:
                    user["host_key"] = host_keys[user["id"]]
            yield page


class UserList(ZoomSubstream, ABC):
    """What Zoom lists for each user. The same meeting can be on the lists of several, and is taken once."""

    parent_class = Users
    inherits = {"user_id": "id"}
    primary_key = "id"

    @classmethod
    def number_fields(cls) -> Sequence[str]:
        return ("id",)

    def events(self, kept: Iterable[str]) -> Iterator[Event]:
        seen: set[int] = set()
        for event in super().events(kept):
            if not isinstance(event, Row):
                yield event
            elif event.fields["id"] not in seen:
                seen.add(event.fields["id"])
                yield event


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
