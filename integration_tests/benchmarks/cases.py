"""What is measured: accounts, plans and configs. A title here is a row of the table."""

from integration_tests.benchmarks.measure import Case

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
EVENTS = ("report_meeting_participants", "report_webinar_participants")


def _limited(title: str, size: dict[str, int], plan: str, **config: object) -> Case:
    return Case(title, size, plan, config)


def _free_running(title: str, size: dict[str, int], *streams: str) -> Case:
    return Case(title, size, "unlimited", streams=streams, latency=0.0, jitter=0.0)


LIMITS = (
    _limited(
        "Business, 100 users, share 100", HUNDRED_USERS, "business",
        rate_limit_plan="business", rate_limit_share=100,
    ),
    _limited("Business, 100 users, share 90", HUNDRED_USERS, "business", rate_limit_plan="business"),
    _limited(
        "Business, 20 users, share 100", TWENTY_USERS, "business",
        rate_limit_plan="business", rate_limit_share=100,
    ),
    _limited("Business, 100 users, auto", HUNDRED_USERS, "business"),
    _limited(
        "Pro, 100 users, share 100", HUNDRED_SMALL_USERS, "pro",
        rate_limit_plan="pro", rate_limit_share=100,
    ),
    _limited("Pro, 100 users, share 90", HUNDRED_SMALL_USERS, "pro", rate_limit_plan="pro"),
    _limited("Pro, 100 users, auto", HUNDRED_SMALL_USERS, "pro"),
    _limited("Free, 1 user, share 100", ONE_USER, "free", rate_limit_plan="free", rate_limit_share=100),
    _limited("Free, 1 user, share 90", ONE_USER, "free", rate_limit_plan="free"),
    _limited("Business, 32 users, auto", REPORTED, "business"),
)  # fmt: skip

COST = (
    _free_running("small requests, all streams", {"users": 100}),
    _free_running("participants, 100,000 rows", {"users": 2, "participants": 9000}, *EVENTS),
    _free_running("participants, 1,000,000 rows", {"users": 20, "participants": 9000}, *EVENTS),
)

GROWTH = tuple(
    _free_running(f"all streams, {users} users", {"users": users, "participants": 100})
    for users in (15, 60, 240)
)
