"""Names, departments, topics and other made-up words."""

from .plans import Series
from .world import World

_FIRST = ("Ada", "Björn", "Chloé", "Dmitri", "Emeka", "Fatima", "Grace", "Hiro", "Inês", "José", "Zoë", "李")
_LAST = (
    "Abe",
    "Brown",
    "Çelik",
    "Dvořák",
    "Eze",
    "Fischer",
    "García",
    "Haddad",
    "Ito",
    "Jansen",
    "Öz",
    "Wei",
)
_DEPARTMENTS = ("Sales", "R&D", "Support", "Legal", "")
_TOPICS = (
    "Weekly sync",
    "Design review",
    "Customer call",
    "All hands",
    "Onboarding",
    "Retro 🚀",
    "Q&A, part 1",
)
ATTRIBUTES = [{"key": "cbf_cywdkexrtqc73f97gd4w6g", "name": "Cost center", "value": "4711"}]
ANONYMOUS = "Anonymous Attendee"


def name(draw: int) -> tuple[str, str]:
    return _FIRST[draw % len(_FIRST)], _LAST[(draw >> 8) % len(_LAST)]


def full_name(draw: int) -> str:
    return " ".join(name(draw))


def user_name(world: World, user: int) -> str:
    return full_name(world.hash("name", user))


def department(world: World, user: int) -> str:
    return _DEPARTMENTS[world.hash("name", user) >> 16 & 3]


def topic(world: World, series: Series) -> str:
    return _TOPICS[world.hash("topic", series.id) % len(_TOPICS)]
