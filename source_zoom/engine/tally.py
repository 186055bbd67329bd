"""Whether a stream is complete although some of what it needs could not be read."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from source_zoom.counts import Summary
from source_zoom.exceptions import Unread

MOST_REFUSED, REFUSED_SHARE = 10, 0.1


@dataclass
class Tally:
    """What became of the units of a stream and of each list that leads to it.

    A stream without a cursor cannot remember what it still has to read. So a few single resources that Zoom
    itself refuses, in words that no rule knows, do not fail it in every sync; whatever was not answered does.
    Changed by one thread, or under the lock of its owner.
    """

    summary: Summary
    units: Counter[str] = field(default_factory=Counter)
    refused: defaultdict[str, dict[str, Unread]] = field(default_factory=lambda: defaultdict(dict))
    first: Unread | None = None

    def count(self, name: str) -> None:
        """Note one unit of a list or stream, however it ended."""
        self.units[name] += 1

    def fail(self, name: str, resource: str, why: Unread, *, has_memory: bool) -> bool:
        """Note a unit that could not be read. Returns whether that makes the stream incomplete by itself."""
        if why.is_unknown and not has_memory:
            self.refused[name][resource] = why
            return False
        self.summary.fail(name, resource)
        self.first = self.first or why
        return True

    def conclude(self) -> Unread | None:
        """The error of the stream, once all units have ended; None where it is as complete as can be."""
        for name, resources in self.refused.items():
            if len(resources) > min(MOST_REFUSED, REFUSED_SHARE * self.units[name]):
                for resource, why in resources.items():
                    self.fail(name, resource, why, has_memory=True)
            else:
                for resource, why in resources.items():
                    self.summary.tolerate(name, resource, why.words)
        return self.first
