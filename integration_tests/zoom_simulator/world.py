"""The account: who is in it, which meetings and webinars they have, and when those took place.

Everything is computed from the seed, the size and the time whenever somebody asks. But for small caches
nothing is stored per meeting, so a world of 5,000 users takes hardly more memory than one of five.
"""

import math
from collections.abc import Iterator
from datetime import date, timedelta
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

GROUPS, ROLES_MADE = 12, 9


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
        self._history = lru_cache(maxsize=4)(self._find_history)
        # A list is asked for page by page.
        self._held_on = lru_cache(maxsize=16)(self._find_held_on)
        # Each page of a list, and each report of a host, goes through all that the host ever planned.
        self.all_series = lru_cache(maxsize=4096)(self._plan)

    def now(self) -> float:
        return self.clock.timestamp()

    def hash(self, word: str, *parts: int) -> int:
        return mix(self.seed, word, *parts)

    def is_drawn(self, share: float, word: str, *parts: int) -> bool:
        """Whether something belongs to a share of all: none at 0, every one at 1."""
        return share > 0 and (share >= 1 or self.hash(word, *parts) % 1_000_000 < share * 1_000_000)

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
        return user < 2 or self.is_former(user) or (user >= 5 and self.hash("webinar plan", user) % 5 < 2)

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

    @cached_property
    def former_hosts(self) -> range:
        """Users who were deleted from the account after they had hosted something."""
        first = max(5, self.size.users + self.size.pending_users)
        return range(first, first + self.size.former_hosts)

    @property
    def hosts_ever(self) -> tuple[int, ...]:
        return (*range(self.size.users), *self.former_hosts)

    def is_former(self, user: int) -> bool:
        """Whether only the history still knows what this user hosted."""
        return user in self.former_hosts

    # Groups and roles. Most of them are empty, as in accounts that have had many.

    def group_of(self, user: int) -> str:
        return self.ids.opaque("group", self.hash("name", user) % 3)

    def role_of(self, user: int) -> str:
        return "0" if user == 0 else "2"

    @cached_property
    def groups(self) -> dict[str, list[int]]:
        """Who is in each group."""
        found: dict[str, list[int]] = {self.ids.opaque("group", number): [] for number in range(GROUPS)}
        for user in range(self.size.users):
            found[self.group_of(user)].append(user)
        return found

    @cached_property
    def roles(self) -> dict[str, list[int]]:
        """Who has each role: first those that every account has, then those that it has made."""
        made = (self.ids.opaque("role", number) for number in range(ROLES_MADE))
        found: dict[str, list[int]] = {role: [] for role in ("0", "1", "2", *made)}
        for user in range(self.size.users):
            found[self.role_of(user)].append(user)
        return found

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
        if not self.is_drawn(self.size.with_registration, f"{kind} registration", user, slot):
            pattern = pattern._replace(registers=False)
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
        spread = 0.78
        if pattern.past == MANY and self.size.daily_hours:
            every, spread = DAY, self.size.daily_hours * HOUR / DAY
        phase = (0.02 + (choice >> 16 & 0xFFF) / 0xFFF * spread) * every // 60 * 60
        first = self.anchor - past * every + phase
        if (kind, user, slot) == ("meeting", 0, UNLISTED):
            # One meeting has just ended, so its attendance is still being written.
            first = self.anchor - minutes * 60 - HOUR // 2
        gone = pattern.may_be_gone and user % 3 == 0
        total = past if self.is_former(user) else past + pattern.ahead
        return Series(
            kind, user, slot, self.ids.numeric(kind, user, slot), pattern,
            first, every, past, total, minutes, gone,
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
        has_list = series.slot < UNLISTED and not self.is_former(series.user)
        return has_list and (never_held or now < series.last_end + keep * DAY)

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
        if place is None or not (place.user < self.size.users or self.is_former(place.user)):
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

    def has_instances(self, series: Series, now: float) -> bool:
        """Whether there is a list: of what never took place, Zoom has an empty one or knows nothing."""
        if series.gone:
            return False
        return bool(next(self.ended(series, now), None)) or (series.user + series.slot) % 2 == 0

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
        shown = now - self.size.list_lag_hours * HOUR
        return [occurrence for occurrence in self.held(user, first, last, shown) if occurrence.solo == solo]

    def held(
        self, user: int, first: date, last: date, now: float, *, by_end: bool | None = None
    ) -> list[Occurrence]:
        """What the reports by time know of a host; by the start or the end, or else as the size says."""
        by_end = self.size.reports_by_end if by_end is None else by_end
        now = self.reports_time(now)
        begin, end = self._report_midnight(first), min(self._report_midnight(last) + DAY, now)
        held = (
            occurrence
            for kind in KINDS
            for series in self.all_series(kind, user)
            if series.first < end and series.last_end > begin and not series.gone
            for occurrence in self.ended(series, now, begin, end)
            if begin <= self._reported_at(occurrence, by_end) < end and self._listed_at(occurrence) <= now
        )
        return sorted(held, key=lambda occurrence: (occurrence.start, occurrence.series.id))

    def reports_time(self, now: float) -> float:
        """The instant up to which the reports by time have come."""
        return now - self.size.report_delay_hours * HOUR

    def _listed_at(self, occurrence: Occurrence) -> float:
        """When an occurrence comes into the reports by time, but for what delays all of them."""
        hours, place = self.size.late_listing_hours, (occurrence.series.id, occurrence.number)
        is_late = hours and self.is_drawn(self.size.late_listing, "late listing", *place)
        return occurrence.end + (hours * HOUR if is_late else 0)

    def list_time(self, now: float) -> float:
        """The instant up to which the lists of hosts' past meetings have come."""
        return self.reports_time(now) - self.size.list_lag_hours * HOUR

    def row_time(self, now: float) -> float:
        """The instant up to which the rows of the hosts report have come."""
        return self.reports_time(now) - self.size.row_lag_hours * HOUR

    def is_recorded(self, occurrence: Occurrence) -> bool:
        return self.hash("recorded", occurrence.series.id, occurrence.number) % 4 > 0

    def recorded(self, first: date, last: date, now: float) -> list[Occurrence]:
        """What began on these days (UTC, both included) and was recorded, once Zoom has processed it."""
        processed = now - self.size.late_hours * HOUR
        return [
            occurrence
            for occurrence in self._held_on(first, last)
            if occurrence.end <= processed and self.is_recorded(occurrence)
        ]

    def summarized_at(self, occurrence: Occurrence) -> float:
        """When the summary of an occurrence is made, if it is; whoever edits it does so within a day."""
        choice = self.hash("summary", occurrence.series.id, occurrence.number)
        return math.inf if choice % 3 == 0 else occurrence.end + 60 * (10 + choice % 50)

    def summarized(self, first: date, last: date, now: float) -> list[Occurrence]:
        """What was summarized on these days (UTC, both included)."""
        begin, end = midnight(first), min(midnight(last) + DAY, now)
        return [
            occurrence
            for occurrence in self._held_on(first - timedelta(days=1), last)
            if begin <= self.summarized_at(occurrence) < end
        ]

    def _find_held_on(self, first: date, last: date) -> tuple[Occurrence, ...]:
        """What begins on these days (UTC), now or later."""
        begin, end = midnight(first), midnight(last) + DAY
        return tuple(
            occurrence
            for user in range(self.size.users)
            for kind in KINDS
            for series in self.all_series(kind, user)
            if series.first < end and series.last_end > begin and not series.gone
            for occurrence in self.occurrences(series, begin, end)
            if begin <= occurrence.start < end and not occurrence.cancelled
        )

    def held_on(self, first: date, last: date, now: float) -> list[Occurrence]:
        """What began on these days (UTC, both included) and is over."""
        return [occurrence for occurrence in self._held_on(first, last) if occurrence.end <= now]

    def report_span(self, first: date, last: date) -> tuple[float, float]:
        """The instants between which the days of a report lie (both included)."""
        return self._report_midnight(first), self._report_midnight(last) + DAY

    def _report_midnight(self, day: date) -> float:
        """When a day of the reports begins: by UTC, or by the account's time zone."""
        return midnight(day) - self.size.report_zone_hours * HOUR

    def _reported_at(self, occurrence: Occurrence, by_end: bool) -> float:
        """The instant by which the reports count an occurrence."""
        return occurrence.end if by_end else occurrence.start

    def known(self, kind: Kind, user: int, now: float) -> Iterator[Occurrence]:
        """The past occurrences of a host that a client can find and read."""
        return (found for found in self.found(kind, user, now) if self.is_readable(found, now))

    def found(self, kind: Kind, user: int, now: float) -> Iterator[Occurrence]:
        """The past occurrences of a host that a client can find, by reports, instances or history."""
        oldest_report = self._report_midnight(add_months(utc_date(now), -6))
        newest_report = self._report_midnight(utc_date(now)) + DAY
        # A client needs the host's row to come to the list, whichever of the two is late.
        latest_report, by_end = min(self.list_time(now), self.row_time(now)), self.size.reports_by_end
        former = self.is_former(user)
        if former:
            # Only the history knows of these. It goes by the start unless it is asked otherwise.
            latest_report, by_end = self.reports_time(now), False
        for series in self.all_series(kind, user):
            if series.gone:
                continue
            listed = self.is_listed(series, now)
            for occurrence in self.instances(series, now):
                is_in_time = oldest_report <= self._reported_at(occurrence, by_end) < newest_report
                in_reports = is_in_time and self._listed_at(occurrence) <= latest_report
                is_shown = not occurrence.solo and not (former and self._is_omitted(occurrence))
                if listed or (in_reports and is_shown):
                    yield occurrence

    def history(self, first: date, last: date, now: float, *, by_end: bool = False) -> tuple[Occurrence, ...]:
        """What the account's history has of these days: of all hosts, also of those who are gone."""
        return self._history(first, last, by_end, int(min(now, self._settled(last)) // 60))

    def _find_history(self, first: date, last: date, by_end: bool, minute: int) -> tuple[Occurrence, ...]:
        found = (
            occurrence
            for user in self.hosts_ever
            for occurrence in self.held(user, first, last, minute * 60, by_end=by_end)
            if not occurrence.solo and not self._is_omitted(occurrence)
        )
        return tuple(sorted(found, key=lambda occurrence: (occurrence.start, occurrence.series.id)))

    def _is_omitted(self, occurrence: Occurrence) -> bool:
        """Whether the history leaves it out, though nothing says why."""
        every = self.size.history_omits_every
        return every > 0 and self.hash("omitted", occurrence.series.id, occurrence.number) % every == 0

    def is_filtered_out(self, occurrence: Occurrence) -> bool:
        """Whether the history denies that it has polls or the like."""
        every = self.size.filter_omits_every
        return every > 0 and self.hash("filtered out", occurrence.series.id, occurrence.number) % every == 0

    def _settled(self, last: date) -> float:
        """When the reports up to a day can change no more: meetings last two hours at most."""
        size = self.size
        hours = 2 + size.report_delay_hours + size.growth_hours + size.row_lag_hours + size.late_listing_hours
        return self._report_midnight(last) + DAY + hours * HOUR

    def hosts(self, first: date, last: date, now: float) -> tuple[HostActivity, ...]:
        """Users who hosted something in these days, and how much."""
        # Counting is slow in a large world, hence a small cache. Meetings start on full minutes and last full
        # minutes, so an answer holds for a minute, and for ever once nothing can change.
        return self._activity(first, last, int(min(now, self._settled(last)) // 60))

    def _find_activity(self, first: date, last: date, minute: int) -> tuple[HostActivity, ...]:
        rows = (self._find_row(user, first, last, minute * 60) for user in range(self.size.users))
        return tuple(row for row in rows if row)

    def _find_row(self, user: int, first: date, last: date, now: float) -> HostActivity | None:
        """What the hosts report says about a user, if it knows of anything."""
        held = self.held(user, first, last, now - self.size.row_lag_hours * HOUR)
        if self.size.rows_without_solo:
            held = [occurrence for occurrence in held if not occurrence.solo]
        if not held:
            return None
        shown = self.row_time(now)
        if self.is_drawn(self.size.frozen_rows, "frozen row", user):
            # It counts the first occurrence that came, in its final state, and none after it.
            held, shown = [min(held, key=self._listed_at)], math.inf
        people = sum(self.head_count(occurrence, shown) for occurrence in held)
        spent = sum(self.written_minutes(occurrence, shown) for occurrence in held)
        return HostActivity(user, len(held), people, spent)

    def idle(self, active: tuple[HostActivity, ...]) -> list[HostActivity]:
        """Everybody whom the list of active hosts leaves out."""
        busy = {row.user for row in active}
        return [HostActivity(user, 0, 0, 0) for user in range(self.size.users) if user not in busy]

    def has_poll_results(self, occurrence: Occurrence) -> bool:
        series, share = occurrence.series, self.size.with_poll_results
        may_have = not occurrence.solo and series.pattern.polls == "on" and self.size.polls > 0
        return may_have and self.is_drawn(share, "poll results", series.id, occurrence.number)

    def has_qna(self, occurrence: Occurrence) -> bool:
        series, share = occurrence.series, self.size.with_qna
        # Of meetings few have questions and answers, even where most webinars do.
        may_have = not occurrence.solo and (series.kind == "webinar" or self._is_one_of_few("qa", occurrence))
        return may_have and self.is_drawn(share, "questions asked", series.id, occurrence.number)

    def has_survey(self, occurrence: Occurrence) -> bool:
        return not occurrence.solo and self._is_one_of_few("survey", occurrence)

    def _is_one_of_few(self, word: str, occurrence: Occurrence) -> bool:
        return self.hash(word, occurrence.series.id, occurrence.number) % 4 == 0

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

    def people(self, occurrence: Occurrence, now: float) -> list[Person]:
        """Those of whom Zoom knows by now that they were there."""
        everybody = self._everybody(occurrence)
        return everybody[: self._written_count(occurrence, len(everybody), now)]

    def _everybody(self, occurrence: Occurrence) -> list[Person]:
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

    def head_count(self, occurrence: Occurrence, now: float) -> int:
        """How many people Zoom knows of by now, without naming them."""
        if occurrence.solo:
            return 1
        if occurrence.series.pattern.registers:
            count = self.registrant_count(occurrence.series, "approved")
            others = sum(self.attends(occurrence, number) for number in range(count))
        else:
            others = self._guests(occurrence)
        return self._written_count(occurrence, 2 + others, now)

    def _written_count(self, occurrence: Occurrence, count: int, now: float) -> int:
        """How many of these people Zoom has written down by now: the first two at once."""
        at_once = min(count, 2)
        return at_once + math.floor((count - at_once) * self._written_share(occurrence, now))

    def written_minutes(self, occurrence: Occurrence, now: float) -> int:
        """The minutes that Zoom has written down by now."""
        return occurrence.series.minutes - math.ceil(5 * (1 - self._written_share(occurrence, now)))

    def written_end(self, occurrence: Occurrence, now: float) -> float:
        """The end that Zoom has written down by now: five minutes early at first."""
        return occurrence.start + self.written_minutes(occurrence, now) * 60

    def _written_share(self, occurrence: Occurrence, now: float) -> float:
        """How much of its attendance Zoom has written down by now."""
        if not self.size.growth_hours:
            return 1.0
        return min(1.0, max(0.0, (now - occurrence.end) / (self.size.growth_hours * HOUR)))

    def _guests(self, occurrence: Occurrence) -> int:
        """How many came who had not registered, where nobody has to."""
        draw = self.hash("guests", occurrence.series.id, occurrence.number)
        return draw % max(1, self.size.participants - 1)

    def absentees(self, occurrence: Occurrence) -> list[int]:
        """The approved registrants who did not come."""
        count = self.registrant_count(occurrence.series, "approved")
        return [number for number in range(count) if not self.attends(occurrence, number)]
