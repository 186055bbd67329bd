"""What is measured: accounts, plans and configs. A title here is a row of the table."""

import re
from itertools import count

from integration_tests.benchmarks.again import Again
from integration_tests.benchmarks.measure import Case
from integration_tests.benchmarks.trouble import Trouble
from integration_tests.zoom_simulator.faults import Faults

HUNDRED_USERS = {"users": 100, "past_occurrences": 3}
HUNDRED_SMALL_USERS = {
    "users": 100,
    "meetings_per_user": 2,
    "webinars_per_user": 1,
    "unlisted_per_user": 1,
    "past_occurrences": 1,
}
TWENTY_USERS = {"users": 20, "meetings_per_user": 42}
ONE_USER = {"users": 1}
# Like the account of https://github.com/airbytehq/airbyte/issues/83259: 21,613 records in 2 h 26 min.
REPORTED = {"users": 32, "participants": 36, "registrants": 18}
FREE, PRO, BUSINESS = ({"rate_limit_plan": plan} for plan in ("free", "pro", "business"))
FULL = {"rate_limit_share": 100}
MILLION_ROWS = {"users": 20, "participants": 9000}
RECORDED = ("recordings", "recording_transcripts")
EVENTS = ("report_meeting_participants", "report_webinar_participants")


def _free_running(title: str, size: dict[str, int], *streams: str, as_singer: bool = False) -> Case:
    return Case(title, size, "unlimited", streams=streams, latency=0.0, jitter=0.0, as_singer=as_singer)


LIMITS = (
    Case("Business, 100 users, share 100", HUNDRED_USERS, "business", {**BUSINESS, **FULL}, target=1.15),
    Case("Business, 100 users, share 90", HUNDRED_USERS, "business", BUSINESS, target=1.25),
    Case("Business, 20 users, share 100", TWENTY_USERS, "business", {**BUSINESS, **FULL}, target=1.25),
    Case("Business, 100 users, auto", HUNDRED_USERS, "business", target=1.35),
    Case("Pro, 100 users, share 100", HUNDRED_SMALL_USERS, "pro", {**PRO, **FULL}, target=1.15),
    Case("Pro, 100 users, share 90", HUNDRED_SMALL_USERS, "pro", PRO, target=1.25),
    Case("Pro, 100 users, auto", HUNDRED_SMALL_USERS, "pro", target=1.25),
    Case("Free, 1 user, share 100", ONE_USER, "free", {**FREE, **FULL}, target=1.15),
    Case("Free, 1 user, share 90", ONE_USER, "free", FREE, target=1.25),
    Case("Business, 32 users, auto", REPORTED, "business"),
)

COST = (
    _free_running("small requests, all streams", {"users": 100}),
    _free_running("participants, 100,000 rows", {"users": 2, "participants": 9000}, *EVENTS),
    _free_running("participants, 1,000,000 rows", MILLION_ROWS, *EVENTS),
    _free_running("the same through tap-zoom", MILLION_ROWS, *EVENTS, as_singer=True),
    _free_running("500 transcripts of 60 kB", {"users": 12, "cues": 820}, *RECORDED),
    _free_running("1,700 transcripts of 60 kB: 100 MB", {"users": 40, "cues": 820}, *RECORDED),
)

GROWTH = tuple(
    _free_running(f"all streams, {users} users", {"users": users, "participants": 100})
    for users in (15, 60, 240)
)


def _burst(faults: Faults) -> None:
    """Refuse a label twenty times in a row, in the midst of the sync: enough to send it to Free's pace."""
    asked = count()
    is_heavy = re.compile("^/v2/report/|/absentees").search
    faults.always_for = lambda url: "429" if is_heavy(url) and 200 <= next(asked) < 220 else ""


TROUBLES = (
    Trouble(
        "burst: HEAVY requests in a row get a 429 without headers", HUNDRED_SMALL_USERS, _burst, faster=5
    ),
    Trouble(
        "outage: /report/meetings/* answers 503 all the time",
        HUNDRED_SMALL_USERS,
        lambda faults: faults.always("^/v2/report/meetings/", "503"),
    ),
    Trouble(
        "hanging: /meetings/*/registrants never answers",
        HUNDRED_SMALL_USERS,
        lambda faults: faults.always(r"^/v2/meetings/\d+/registrants\?", "reset"),
    ),
)

TWENTY_HOSTS = {
    "users": 22,
    "meetings_per_user": 50,
    "webinars_per_user": 1,
    "unlisted_per_user": 0,
    "past_occurrences": 2,
    "participants": 30,
    "registrants": 20,
}
THOUSAND_HOSTS = {
    "users": 1456,
    "meetings_per_user": 0,
    "webinars_per_user": 0,
    "unlisted_per_user": 0,
    "past_occurrences": 1,
    "participants": 4,
    "registrants": 4,
}
LISTED_ONLY = {"rows_without_solo": True}

AGAIN = (
    Again("20 hosts", 20, TWENTY_HOSTS, unchanged=12, reports=80, hours=24),
    Again("20 hosts, rows as lists", 20, {**TWENTY_HOSTS, **LISTED_ONLY}, unchanged=12, reports=80),
    # Ten, and one for 300 of the 2,600 meetings of the open days.
    Again("1,000 hosts", 1000, THOUSAND_HOSTS, unchanged=19, hours=24),
    Again("1,000 hosts, rows as lists", 1000, {**THOUSAND_HOSTS, **LISTED_ONLY}, unchanged=19),
)
