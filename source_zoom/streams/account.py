"""What an account has beside its users: groups and roles with who is in them, and tracking fields."""

from abc import ABC

from source_zoom.api.rate_limits import MEDIUM
from source_zoom.engine.pages import Record
from source_zoom.engine.stream import ZoomStream, ZoomSubstream
from source_zoom.streams.users import identify


class MemberList(ZoomSubstream, ABC):
    """Who is in a group or in a role. Who has not accepted an invitation has no id there either (assumed)."""

    record_key = "members"

    def complete(self, record: Record) -> None:
        identify(record)


class Groups(ZoomStream):
    """https://developers.zoom.us/docs/api/users/#tag/groups/GET/groups"""

    endpoint = "groups"
    record_key = "groups"
    primary_key = "id"
    rate_limit = MEDIUM
    scopes = ("group:read:admin", "group:read:list_groups:admin")


class GroupMembers(MemberList):
    """https://developers.zoom.us/docs/api/users/#tag/groups/GET/groups/{groupId}/members"""

    parent_class = Groups
    inherits = {"group_id": "id"}
    endpoint = "groups/{group_id}/members"
    primary_key = ["group_id", "id"]
    rate_limit = MEDIUM
    scopes = ("group:read:admin", "group:read:list_members:admin")


class Roles(ZoomStream):
    """https://developers.zoom.us/docs/api/users/#tag/roles/GET/roles"""

    endpoint = "roles"
    record_key = "roles"
    primary_key = "id"
    rate_limit = MEDIUM
    scopes = ("role:read:admin", "role:read:list_roles:admin")
    page_size = None


class RoleMembers(MemberList):
    """https://developers.zoom.us/docs/api/users/#tag/roles/GET/roles/{roleId}/members"""

    parent_class = Roles
    inherits = {"role_id": "id"}
    endpoint = "roles/{role_id}/members"
    primary_key = ["role_id", "id"]
    rate_limit = MEDIUM
    scopes = ("role:read:admin", "role:read:list_members:admin")


class TrackingFields(ZoomStream):
    """https://developers.zoom.us/docs/api/meetings/#tag/trackingfield/GET/tracking_fields"""

    endpoint = "tracking_fields"
    record_key = "tracking_fields"
    primary_key = "id"
    rate_limit = MEDIUM
    scopes = ("tracking_fields:read:admin", "tracking_field:read:list_tracking_fields:admin")
    page_size = None
