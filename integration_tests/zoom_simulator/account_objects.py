"""How groups, roles and tracking fields look as Zoom's JSON objects, and who is in them."""

from collections.abc import Sequence
from typing import Any

from .words import department, name
from .world import World

Json = dict[str, Any]

_ROLES = {
    "0": ("Owner", "Owner of the account."),
    "1": ("Admin", "May change most settings."),
    "2": ("Member", ""),
}


def groups(world: World) -> list[Json]:
    return [
        {"id": group, "name": f"Group {number}", "total_members": len(users)}
        for number, (group, users) in enumerate(world.groups.items())
    ]


def roles(world: World) -> list[Json]:
    found = []
    for number, (role, users) in enumerate(world.roles.items()):
        title, description = _ROLES.get(role, (f"Role {number}", "Made by an administrator."))
        found.append(
            {
                "id": role,
                "name": title,
                "description": description,
                "type": "common",
                "total_members": len(users),
            }
        )
    return found


def group_members(world: World, users: Sequence[int]) -> list[Json]:
    return [_member(world, user) for user in users]


def role_members(world: World, users: Sequence[int]) -> list[Json]:
    return [{**_member(world, user), "department": department(world, user)} for user in users]


def _member(world: World, user: int) -> Json:
    first, last = name(world.hash("name", user))
    return {
        "id": world.ids.user(user),
        "email": world.email(user),
        "first_name": first,
        "last_name": last,
        "type": 2 if world.is_licensed(user) else 1,
    }


def tracking_fields(world: World) -> list[Json]:
    return [
        {
            "id": world.ids.opaque("tracking field", number),
            "field": field,
            "recommended_values": values,
            "required": number == 0,
            "visible": True,
        }
        for number, (field, values) in enumerate((("Department", ["Sales", "R&D"]), ("Cost center", [])))
    ]
