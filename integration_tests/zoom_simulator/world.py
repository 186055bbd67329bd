"""The account: who is in it, which meetings and webinars they have, and when those took place.

Everything is computed from the seed, the size and the time whenever somebody asks. But for small caches
nothing is stored per meeting, so a world of 5,000 users takes hardly more memory than one of five.
"""

import math
from collections.abc import Iterator
from datetime import date
from functools import cached_property, lru_cache

from .clock import DAY, HOUR, Clock, add_months, midnight, months_before, utc_date
from .ids import KINDS, Ids, Kind, Place, mix
from .plans import (
    MANY,
    MEETINGS,
    UNLISTED,
    UNLISTED_MEETINGS,
    UNLISTED_WEBINARS,
    WEBINARS,
    HostActivity,
    Occurrence,
    Pattern,
    Person,
    Series,
    Size,
)

# Whoever imports the world may take its meetings and their occurrences from here as well.
__all__ = ["UNLISTED", "Occurrence", "Series", "Size", "World"]


class World:
    """A Zoom account as a pure function of (seed, size, time)."""

    def __init__(self, seed: int = 1, size: Size | None = None, clock: Clock | None = None) -> None:
        self.seed = seed
        self.size = size or Size()
        self.clock = clock or Clock()
        self.ids = Ids(seed)
        # Plans are laid out around the instant at which the clock began; from there time only reveals them.
        self.anchor = self.clock.started // 60 * 60
        self._activity = lru_cache(maxsize=16)(self._find_activity)
        # Each page of a list, and each report of a host, goes through all that the host ever planned.
        self.all_series = lru_cache(maxsize=4096)(self._plan)

    def now(self) -> float:
        return self.clock.timestamp()

    def hash(self, word: str, *parts: int) -> int:
        return mix(self.seed, word, *parts)

    # Users. The first five have fixed parts to play, so that no world lacks one of them.

    def is_active(self, user: int) -> bool:
        return user != 1 and (user < 5 or self.hash("left", user) % 7 > 0)

    def is_licensed(self, user: int) -> bool:
        """Whether the user may host meetings."""
        return user != 2

    def is_deleted(self, user: int) -> bool:
        """Whether the user is listed, but gone by the time somebody asks for their things."""
        return user == 4

    def has_webinars(self, user: int) -> bool:
        return user < 2 or (user >= 5 and self.hash("webinar plan", user) % 5 < 2)

    def hides_missing_plan(self, user: int) -> bool:
        """Whether the missing webinar plan is told in the body of an HTTP 200."""
        return user == 3

    @cached_property
    def active_users(self) -> tuple[int, ...]:
        return tuple(user for user in range(self.size.users) if self.is_active(user))

    @cached_property
    def inactive_users(self) -> tuple[int, ...]:
        return tuple(user for user in range(self.size.users) if not self.is_active(user))

    @property
    def pending_users(self) -> tuple[int, ...]:
        return tuple(range(self.size.users, self.size.users + self.size.pending_users))

    def email(self, user: int) -> str:
        return f"user{user}@acme.example"

    def find_user(self, text: str) -> int | None:
        """The user with this id or email, unless deleted."""
        local, _, domain = text.partition("@")
        if domain == "acme.example" and local.startswith("user") and local[4:].isdecimal():
            user: int | None = int(local[4:])
        else:
            user = self.ids.user_at(text)
        return user if user is not None and user < self.size.users and not self.is_deleted(user) else None

    # Meetings and webinars

    def _pattern(self, kind: Kind, slot: int) -> Pattern:
        if slot >= UNLISTED:
            unlisted = UNLISTED_MEETINGS if kind == "meeting" else UNLISTED_WEBINARS
            return unlisted[(slot - UNLISTED) % len(unlisted)]
        patterns = MEETINGS if kind == "meeting" else WEBINARS
        return patterns[slot % len(patterns)]

    def _slots(self, kind: Kind, user: int) -> tuple[int, int]:
        """How many slots the user has: planned ones and unlisted ones."""
        if self.is_deleted(user) or not self.is_licensed(user):
            return 0, 0
        if kind == "webinar":
            return (self.size.webinars_per_user, 1) if self.has_webinars(user) else (0, 0)
        if user == 0 and self.size.busy_user_meetings:
            return self.size.busy_user_meetings, self.size.unlisted_per_user
        return self.size.meetings_per_user + self.hash("slots", user) % 3, self.size.unlisted_per_user

    def series(self, kind: Kind, user: int, slot: int) -> Series:
        pattern = self._pattern(kind, slot)
        choice = self.hash(kind, user, slot)
        every = pattern.every * DAY
        if slot == 1 and kind == "meeting" and user % 5 == 0:
            every = DAY
        elif slot == 0 and kind == "webinar" and user % 5 == 0:
            every = 7 * DAY
        past = pattern.past
        if past == MANY:
            most = self.size.past_occurrences
            past = most if pattern.every == 91 else max(1, most - choice % most)
        minutes = (30, 45, 60, 90)[choice >> 8 & 3]
        phase = (0.02 + (choice >> 16 & 0xFFF) / 0xFFF * 0.78) * every // 60 * 60
        first = self.anchor - past * every + phase
        if (kind, user, slot) == ("meeting", 0, UNLISTED):
            # One meeting has just ended, so its attendance is still being written.
            first = self.anchor - minutes * 60 - HOUR // 2
        gone = pattern.may_be_gone and user % 3 == 0
        return Series(
            kind, user, slot, self.ids.numeric(kind, user, slot), pattern,
            first, every, past, past + pattern.ahead, minutes, gone,
        )  # fmt: skip

    def _plan(self, kind: Kind, user: int) -> tuple[Series, ...]:
        """Everything the user ever planned or started."""
        planned, unlisted = self._slots(kind, user)
        slots = (*range(planned), *range(UNLISTED, UNLISTED + unlisted))
        return tuple(self.series(kind, user, slot) for slot in slots)

    def is_listed(self, series: Series, now: float) -> bool:
        """Lists hold what is planned and has not expired: 30 days after the end, 365 days when recurring."""
        keep = 365 if series.recurring else 30
        never_held = series.total == 0
        return series.slot < UNLISTED and (never_held or now < series.last_end + keep * DAY)

    def own_listed(self, kind: Kind, user: int, now: float) -> Iterator[Series]:
        """What the user's list holds and the user hosts: over all users, each listed meeting exactly once."""
        return (series for series in self.all_series(kind, user) if self.is_listed(series, now))

    def listed(self, kind: Kind, user: int, now: float) -> list[Series]:
        """What the user's list holds; an alternative host finds somebody else's meeting in it too."""
        own = [
            series
            for series in self.own_listed(kind, user, now)
            for _ in range(2 if series.pattern.listed_twice else 1)
        ]
        shared = self.shared_with(kind, user)
        return [*own, shared] if shared else own

    def is_upcoming(self, series: Series, now: float) -> bool:
        """Whether it takes place now, or again: meetings show there six months ahead, webinars always."""
        ahead = months_before(now, -6) if series.kind == "meeting" else math.inf
        nearby = self.occurrences(series, now - 2 * series.every)
        return any(occurrence.end > now and occurrence.start <= ahead for occurrence in nearby)

    def was_held_lately(self, series: Series, now: float) -> bool:
        """Whether it took place in the last six months."""
        oldest = months_before(now, 6)
        return any(occurrence.start >= oldest for occurrence in self.ended(series, now, oldest))

    def is_live(self, series: Series, now: float) -> bool:
        nearby = self.occurrences(series, now - 2 * series.every)
        return any(occurrence.start <= now < occurrence.end for occurrence in nearby)

    def shared_with(self, kind: Kind, user: int) -> Series | None:
        """The meeting of a colleague for which this user is an alternative host."""
        host = user - 1
        if user % 4 != 1 or min(self._slots(kind, user)[0], self._slots(kind, host)[0]) < 2:
            return None
        return self.series(kind, host, 1)

    def alternative_host(self, series: Series) -> int | None:
        user = series.user + 1
        shared = self.shared_with(series.kind, user) if user < self.size.users else None
        return user if shared is not None and shared.id == series.id else None

    def find_series(self, place: Place | None) -> Series | None:
        """The meeting or webinar at a place that an id pointed to, listed or not."""
        if place is None or place.user >= self.size.users:
            return None
        planned, unlisted = self._slots(place.kind, place.user)
        if not (place.slot < planned or UNLISTED <= place.slot < UNLISTED + unlisted):
            return None
        return self.series(place.kind, place.user, place.slot)

    def find_listed(self, id_: int, now: float) -> Series | None:
        """The meeting or webinar with this id, while it exists."""
        series = self.find_series(self.ids.place_of_number(id_))
        return series if series and self.is_listed(series, now) and not series.gone else None

    # Occurrences

    def occurrence(self, series: Series, number: int) -> Occurrence:
        choice = self.hash("occurrence", series.id, number)
        start = series.first + number * series.every
        if not series.fixed_time and number:
            start -= choice % 97 / 97 * 0.1 * series.every // 60 * 60
        cancelled = series.fixed_time and series.recurring and number > 0 and choice >> 8 & 15 == 0
        always_solo = series.slot == 4 and series.user % 5 == 0
        solo = always_solo or (series.slot != UNLISTED and choice >> 16 & 15 == 0)
        return Occurrence(series, number, start, cancelled, solo)

    def uuid(self, occurrence: Occurrence) -> str:
        series = occurrence.series
        return self.ids.uuid(series.kind, series.user, series.slot, occurrence.number)

    def occurrences(self, series: Series, since: float = 0, until: float = math.inf) -> Iterator[Occurrence]:
        """All of them, past and future, in order of time; without those that are surely older or younger."""
        skipped = max(0, int((since - series.first) // series.every))
        # One without a fixed time may begin a tenth of the distance early.
        last = min(series.total - 1, (until - series.first) / series.every + 0.1)
        return (self.occurrence(series, number) for number in range(skipped, math.floor(last) + 1))

    def ended(
        self, series: Series, now: float, since: float = 0, until: float = math.inf
    ) -> Iterator[Occurrence]:
        """Those that have taken place."""
        for occurrence in self.occurrences(series, since, min(now, until)):
            if occurrence.end > now:
                return
            if not occurrence.cancelled:
                yield occurrence

    def next_number(self, series: Series, now: float) -> int:
        """The number of the occurrence to come, or that is under way."""
        if series.last_end <= now:
            return series.total
        nearby = self.occurrences(series, since=now - 2 * series.every)
        return next((occurrence.number for occurrence in nearby if occurrence.end > now), series.total)

    def instances(self, series: Series, now: float) -> list[Occurrence]:
        """Those the instances endpoints show: ended, and not older than fifteen months."""
        oldest = months_before(now, 15)
        return [occurrence for occurrence in self.ended(series, now, oldest) if occurrence.start >= oldest]

    def find_occurrence(self, kind: Kind, text: str, now: float) -> Occurrence | None:
        """The ended occurrence with this UUID, or the latest one of a numeric id."""
        place = self.ids.place_of_number(int(text)) if text.isdecimal() else self.ids.place_of_uuid(text)
        series = self.find_series(place)
        if place is None or series is None or series.kind != kind or series.gone:
            return None
        if text.isdecimal():
            return max(self.ended(series, now), key=lambda occurrence: occurrence.number, default=None)
        if place.number >= series.total:
            return None
        occurrence = self.occurrence(series, place.number)
        return occurrence if occurrence.end <= now and not occurrence.cancelled else None

    def is_readable(self, occurrence: Occurrence, now: float) -> bool:
        """Past and report endpoints refuse what is older than a year."""
        return occurrence.start >= months_before(now, 12)

    def reported(
        self, user: int, first: date, last: date, now: float, *, solo: bool = False
    ) -> list[Occurrence]:
        """What a report over these days (both included) shows of a host, of any kind.

        Attended by two people at least, or by one alone: nobody gets both in one answer.
        """
        return [occurrence for occurrence in self.held(user, first, last, now) if occurrence.solo == solo]

    def held(self, user: int, first: date, last: date, now: float) -> list[Occurrence]:
        now -= self.size.report_delay_hours * HOUR
        begin, end = self._report_midnight(first), min(self._report_midnight(last) + DAY, now)
        held = (
            occurrence
            for kind in KINDS
            for series in self.all_series(kind, user)
            if series.first < end and series.last_end > begin and not series.gone
            for occurrence in self.ended(series, now, begin, end)
            if begin <= self._reported_at(occurrence) < end
        )
        return sorted(held, key=lambda occurrence: (occurrence.start, occurrence.series.id))

    def _report_midnight(self, day: date) -> float:
        """When a day of the reports begins: by UTC, or by the account's time zone."""
        return midnight(day) - self.size.report_zone_hours * HOUR

    def _reported_at(self, occurrence: Occurrence) -> float:
        """The instant by which the reports count an occurrence."""
        return occurrence.end if self.size.reports_by_end else occurrence.start

    def known(self, kind: Kind, user: int, now: float) -> Iterator[Occurrence]:
        """The past occurrences of a host that a client can find and read."""
        return (found for found in self.found(kind, user, now) if self.is_readable(found, now))

    def found(self, kind: Kind, user: int, now: float) -> Iterator[Occurrence]:
        """The past occurrences of a host that a client can find, by reports or by instances."""
        oldest_report = self._report_midnight(add_months(utc_date(now), -6))
        newest_report = self._report_midnight(utc_date(now)) + DAY
        latest_report = now - self.size.report_delay_hours * HOUR
        for series in self.all_series(kind, user):
            if series.gone:
                continue
            listed = self.is_listed(series, now)
            for occurrence in self.instances(series, now):
                is_in_time = oldest_report <= self._reported_at(occurrence) < newest_report
                in_reports = is_in_time and occurrence.end <= latest_report and not occurrence.solo
                if listed or in_reports:
                    yield occurrence

    def hosts(self, first: date, last: date, now: float) -> tuple[HostActivity, ...]:
        """Users who hosted something in these days, and how much."""
        # Counting is slow in a large world, hence a small cache. Meetings start on full minutes and last full
        # minutes, two hours at most, so an answer holds for a minute, and for ever once the days are over.
        settled = self._report_midnight(last) + DAY + (2 + self.size.report_delay_hours) * HOUR
        return self._activity(first, last, int(min(now, settled) // 60))

    def _find_activity(self, first: date, last: date, minute: int) -> tuple[HostActivity, ...]:
        rows = []
        for user in range(self.size.users):
            held = self.held(user, first, last, minute * 60)
            if held:
                people = [self.head_count(occurrence) for occurrence in held]
                spent = sum(occurrence.series.minutes for occurrence in held)
                rows.append(HostActivity(user, len(held), sum(people), spent))
        return tuple(rows)

    def idle(self, active: tuple[HostActivity, ...]) -> list[HostActivity]:
        """Everybody whom the list of active hosts leaves out."""
        busy = {row.user for row in active}
        return [HostActivity(user, 0, 0, 0) for user in range(self.size.users) if user not in busy]

    # People

    def registrant_count(self, series: Series, status: str) -> int:
        if not series.pattern.registers:
            return 0
        if status == "approved":
            busy = series.slot == series.user == 0
            return (busy and self.size.busy_registrants) or 1 + self.hash(
                status, series.id
            ) % self.size.registrants
        return self.hash(status, series.id) % 3

    def registrant_id(self, series: Series, status: str, number: int) -> str:
        word = {"approved": "registrant", "pending": "registrant pending", "denied": "registrant denied"}[
            status
        ]
        return self.ids.opaque(word, series.id, number)

    def attends(self, occurrence: Occurrence, registrant: int) -> bool:
        draw = self.hash("attends", occurrence.series.id, occurrence.number, registrant)
        return not occurrence.solo and draw % 3 > 0

    def people(self, occurrence: Occurrence) -> list[Person]:
        """Who was there: the host and, unless nobody else came, a colleague and registrants or guests."""
        series = occurrence.series
        people = [Person(0, series.user, None)]
        if occurrence.solo:
            return people
        people.append(Person(1, (series.user + 1) % self.size.users, None))
        if series.pattern.registers:
            came = (
                n for n in range(self.registrant_count(series, "approved")) if self.attends(occurrence, n)
            )
            return people + [Person(number, None, registrant) for number, registrant in enumerate(came, 2)]
        for number in range(2, 2 + self._guests(occurrence)):
            draw = self.hash("guest", series.id, occurrence.number, number)
            people.append(Person(number, draw % self.size.users if draw >> 32 & 1 else None, None))
        return people

    def head_count(self, occurrence: Occurrence) -> int:
        """How many people there are, without naming them."""
        if occurrence.solo:
            return 1
        if occurrence.series.pattern.registers:
            count = self.registrant_count(occurrence.series, "approved")
            return 2 + sum(self.attends(occurrence, number) for number in range(count))
        return 2 + self._guests(occurrence)

    def _guests(self, occurrence: Occurrence) -> int:
        """How many came who had not registered, where nobody has to."""
        draw = self.hash("guests", occurrence.series.id, occurrence.number)
        return draw % max(1, self.size.participants - 1)

    def absentees(self, occurrence: Occurrence) -> list[int]:
        """The approved registrants who did not come."""
        count = self.registrant_count(occurrence.series, "approved")
        return [number for number in range(count) if not self.attends(occurrence, number)]
