"""What the app may read: the scopes that Zoom has granted against those that streams need.

https://developers.zoom.us/docs/integrations/oauth-scopes/
"""

from collections.abc import Set
from dataclasses import dataclass

Scopes = tuple[str, ...]


@dataclass(frozen=True)
class Permissions:
    """`granted` as the token lists them, empty where it lists none; `refused` as Zoom's answers say."""

    granted: Set[str] = frozenset()
    refused: Set[Scopes] = frozenset()

    def allow(self, scopes: Scopes) -> bool:
        """Whether one of these scopes is granted, as far as is known."""
        # The owner of a master account gets the same scopes under another ending.
        granted = {scope.replace(":master", ":admin") for scope in self.granted}
        # Where nobody knows the granular one, whoever may read what is akin asks Zoom.
        akin = f"{scopes[0].partition(':')[0]}:"
        is_unknown = not scopes[1] and any(scope.startswith(akin) for scope in granted)
        return scopes not in self.refused and (not granted or is_unknown or not granted.isdisjoint(scopes))

    def to_add(self, scopes: Scopes) -> str:
        """Which of (classic, granular) to add: an app has scopes of one kind only."""
        is_classic = self.granted and all(scope.count(":") < 3 for scope in self.granted)
        return scopes[0] if is_classic or not scopes[1] else scopes[1]

    @property
    def is_user_managed(self) -> bool:
        """Whether the app sees no more than the one user who installed it."""
        return bool(self.granted) and not any(scope.endswith((":admin", ":master")) for scope in self.granted)
