"""What is laid out for the account: its size, the patterns of its meetings, and what follows from them."""

from dataclasses import dataclass
from typing import NamedTuple

from .ids import Kind

# Unlisted meetings (instant or deleted ones) have slots from here on.
UNLISTED = 1 << 16


@dataclass(frozen=True)
class Size:
    """How much there is. The defaults give 20 users some 280 meetings and webinars, 480 past occurrences."""

    users: int = 20
    meetings_per_user: int = 14
    webinars_per_user: int = 5
    unlisted_per_user: int = 3
    past_occurrences: int = 6
    participants: int = 8
    cues: int = 0
    registrants: int = 6
    panelists: int = 3
    polls: int = 2
    pending_users: int = 2
    busy_user_meetings: int = 0
    busy_registrants: int = 0
    late_hours: float = 2.0
    report_delay_hours: float = 0.0
    daily_hours: float = 0.0
    report_zone_hours: int = 0
    reports_by_end: bool = False
    growth_hours: float = 0.0
    list_lag_hours: float = 0.0
    row_lag_hours: float = 0.0
    frozen_rows: float = 0.0
    late_listing_hours: float = 0.0
    late_listing: float = 0.25
    rows_without_solo: bool = False
    former_hosts: int = 0
    history_omits_every: int = 0
    filter_omits_every: int = 0
    with_poll_results: float = 1.0
    with_qna: float = 1.0
    with_registration: float = 1.0
    calls_a_day: float = 2 / 3
    phone_users_invited: int = 0


class Pattern(NamedTuple):
    """A kind of meeting: how often it was held (`past`; MANY: as the size says) and how often it will be.

    One that is `listed_twice` stands in its host's list two times.
    """

    type: int
    every: float
    past: int
    ahead: int
    registers: bool = False
    polls: str = "none"
    pmi: bool = False
    may_be_gone: bool = False
    listed_twice: bool = False


MANY = -1

# A user's meetings run through these in turn, so a world with the default size has all of them.
MEETINGS = (
    Pattern(8, 91, MANY, 4, registers=True, polls="on"),
    Pattern(8, 7, MANY, 30, registers=True, polls="on", listed_twice=True),
    Pattern(3, 25, MANY, 20),
    Pattern(2, 29, 1, 0, registers=True, polls="on"),
    Pattern(2, 29, 1, 0),
    Pattern(2, 20, 0, 1),
    Pattern(2, 20, 0, 1, registers=True, polls="on"),
    Pattern(3, 30, 0, 0),
    Pattern(2, 29, 1, 0, polls="on", pmi=True),
    Pattern(2, 20, 0, 1, polls="on", may_be_gone=True),
    # Held more than thirty days ago, so its id has expired and only reports know it.
    Pattern(2, 170, 1, 0, registers=True, polls="on"),
    Pattern(8, 7, 0, 10, registers=True),
    Pattern(2, 29, 1, 0, polls="off"),
    Pattern(2, 20, 0, 1, polls="off"),
)
WEBINARS = (
    Pattern(9, 30, MANY, 20, registers=True, polls="on"),
    Pattern(5, 29, 1, 0, registers=True, polls="on"),
    Pattern(5, 20, 0, 1, registers=True, polls="off"),
    Pattern(6, 91, MANY, 4),
    Pattern(9, 30, 0, 3, registers=True, polls="on", may_be_gone=True),
)
UNLISTED_MEETINGS = (
    Pattern(1, 120, 1, 0),
    Pattern(8, 30, MANY, 0, registers=True, polls="on"),
    Pattern(1, 120, 1, 0),
)
UNLISTED_WEBINARS = (Pattern(5, 120, 1, 0, registers=True, polls="on"),)


class Series(NamedTuple):
    """A meeting or webinar as planned, with all the times at which it takes place."""

    kind: Kind
    user: int
    slot: int
    id: int
    pattern: Pattern
    first: float
    every: float
    past: int
    total: int
    minutes: int
    gone: bool

    @property
    def recurring(self) -> bool:
        return self.pattern.type in (3, 6, 8, 9)

    @property
    def fixed_time(self) -> bool:
        return self.pattern.type not in (3, 6)

    @property
    def last_end(self) -> float:
        return self.first + max(self.total - 1, 0) * self.every + self.minutes * 60


class Occurrence(NamedTuple):
    """One time that a meeting or webinar took place, or will."""

    series: Series
    number: int
    start: float
    cancelled: bool
    solo: bool

    @property
    def end(self) -> float:
        return self.start + self.series.minutes * 60


class Person(NamedTuple):
    """Somebody in an occurrence: a colleague (by the number of the user), a registrant, or a plain guest."""

    number: int
    user: int | None
    registrant: int | None


class HostActivity(NamedTuple):
    """What the hosts report says about one user."""

    user: int
    meetings: int
    participants: int
    minutes: int
