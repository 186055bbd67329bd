"""Whatever answers come in place of Zoom's: nothing breaks, hangs or leaks, and no row is missing unsaid."""

import json
import math
import re
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
import pytest
from airbyte_cdk.sources.utils.schema_helpers import ResourceSchemaLoader
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from integration_tests.conftest import STREAM_NAMES, InProcess, Output, oauth, server_to_server, still_clock
from integration_tests.harness import Json
from integration_tests.outcomes import (
    ALL,
    INSTEAD,
    KINDS_OF_STREAMS,
    LISTS,
    Reach,
    Syncs,
    at,
    behind,
    everywhere,
    free_what_syncs_left,
    incomplete,
    name_of,
    route_of,
    with_second_page,
)
from integration_tests.test_secrets import MARK, collect, marked, public
from integration_tests.zoom_simulator import Simulator, Size
from integration_tests.zoom_simulator import refusals as zooms
from integration_tests.zoom_simulator.faults import Aim, Reply
from integration_tests.zoom_simulator.routes import ROUTES
from source_zoom.api.errors import RULES, Action, Rule
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams.recordings import ListedRecordings

TOKEN = "token"
BY_ROUTE: Mapping[str, type[ZoomStream]] = {
    **{route_of(kind).name: kind for kind in KINDS_OF_STREAMS if kind.is_asked_for()},
    # What is asked for in place of the account's list.
    "user_recordings": ListedRecordings,
}
ENDPOINTS = [*(route.name for route in ROUTES.values() if route.path), TOKEN]
SMALL = Size(
    users=2,
    meetings_per_user=2,
    webinars_per_user=1,
    unlisted_per_user=1,
    past_occurrences=1,
    participants=2,
    registrants=2,
    pending_users=0,
)
VALIDATORS = {
    name: Draft7Validator(ResourceSchemaLoader("source_zoom").get_schema(name)) for name in STREAM_NAMES
}

MINUTE, TEN_MINUTES = 60, 600
# After so many resources that have used up their time, further ones of an endpoint get one attempt.
MOST_SPENT = 10
# No example takes a tenth of it on a machine that does nothing else.
DEADLINE = 120

# What is to be taken away from an answer.
GONE = "(nothing)"
# Objects that are drawn say so, wherever they come to.
DRAWN = {"drawn": True}


@dataclass(frozen=True)
class Odd:
    """An odd answer, and which requests get it.

    answer  what comes in place of Zoom's answer, or what is changed in it
    place   which of the endpoint's resources; None for all
    times   how many requests; None for all
    """

    endpoint: str
    answer: Reply | Json
    place: int | None = None
    times: int | None = None
    is_second_page: bool = False


# What is drawn

STATUSES = [
    *(200, 200, 201, 202, 203, 204, 205, 206, 226, 299),
    *(300, 301, 302, 303, 304, 305, 307, 308, 399),
    *(
        400,
        400,
        401,
        402,
        403,
        404,
        404,
        405,
        406,
        407,
        408,
        409,
        410,
        411,
        412,
        413,
        414,
        415,
        416,
        417,
        418,
    ),
    *(421, 422, 423, 424, 425, 426, 428, 429, 429, 431, 444, 451, 499),
    *(500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 522, 524, 530, 599),
]
SCALARS: Sequence[Any] = [
    *(None, True, False, 0, 1, 5, -1, 2.5, 10**30, -(10**30), math.nan, math.inf),
    *("", "0", "5", "-1", " 7 ", "x", "٣", "\x00", "\ud83d", "\u2028", "<html>", "2026-01-01T00:00:00Z"),
    *([], {}, [[]], [{}], {"a": {"b": [None]}}),
]
CODES: Sequence[Any] = [
    *sorted({rule.code for rule in RULES if rule.code is not None}),
    *(
        GONE,
        None,
        True,
        0,
        -1,
        1,
        5.0,
        429,
        500,
        503,
        999,
        9999,
        10**12,
        10**400,
        "",
        "0",
        "3001",
        "x",
        "1" * 30,
    ),
    *([], [3001], {"a": 1}),
]
SAYINGS: Sequence[Any] = [
    zooms.PLAN_MISSING,
    zooms.HIDDEN_PLAN_MISSING.format("somebody"),
    zooms.HOSTING_NOT_ALLOWED,
    zooms.NO_USER.format("somebody"),
    zooms.NO_PERMISSION.body["message"],
    zooms.OLD_REPORT.body["message"],
    zooms.no_meeting(5).body["message"],
    zooms.paid_only("somebody").body["message"],
    zooms.missing_scopes("user:read:admin").body["message"],
    "Account does not exist.",
    "Can not access meeting a year ago.",
    "Cannot access webinar info.",
    "Registration has not been enabled for this meeting.",
    "Webinar ID is invalid or not end.",
    "Meeting Poll not found",
    "The next page token is invalid or expired.",
    "You have reached the maximum daily rate limit for this API.",
    "Access denied for this account.",
    "Something new.",
    f"Bearer {MARK}",
    f"https://zoom.us/j/1?pwd={MARK}",
    f"The secret is {MARK}-client.",
    f'{{"password": "{MARK}", "passcode":"{MARK}"}}',
    {"password": MARK},
    *SCALARS,
]
ERRORS = st.fixed_dictionaries(
    {"code": st.sampled_from(CODES), "message": st.sampled_from(SAYINGS)},
    optional={"errors": st.sampled_from([[], [{"field": "id", "message": "Invalid field."}], "x", None])},
)
ITEMS = st.sampled_from(
    [
        *(None, 1, "x", True, [], [1], {}),
        DRAWN,
        *({**DRAWN, "id": value} for value in SCALARS),
        *({**DRAWN, "uuid": value, "id": 5} for value in SCALARS),
        *({**DRAWN, "uuid": "a/b==", "id": 5, "start_time": value, "type": 2} for value in SCALARS),
        *({**DRAWN, "uuid": "abc==", "id": 6, "type": value} for value in SCALARS),
    ]
)
COUNTS = ("page_count", "page_number", "page_size", "total_records", "next_page_token")
ENVELOPES = st.dictionaries(st.sampled_from(COUNTS), st.sampled_from([GONE, *SCALARS]), max_size=3)
TEXTS: Sequence[bytes] = [
    b"",
    b" ",
    b"\x00",
    b"{",
    b'{"code": 3001, "message": "Meeting does not exist',
    b'{"code": 124, "mess',
    b'{"users": [{"id": "a"}',
    b'{"a": 1} {"b": 2}',
    b"[" * 100_000,
    b'{"message": ' + b"[" * 900 + b"]" * 900 + b', "code": 300}',
    b'{"next_page_token": ' + b"[" * 1000 + b"]" * 1000 + b"}",
    b"1" * 10_000,
    b'{"code": 1' + b"0" * 5_000 + b"}",
    b"null",
    b'"text"',
    b"7",
    b"<html><body>Blocked</body></html>",
    b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    b"error code: 1020",
    b"upstream connect error or disconnect/reset before headers",
    b"\xff\xfe\x00\x01\x80",
    b"\x1f\x8b\x08\x00garbage",
    '{"code": 3001, "message": "Meeting does not exist: 5."}'.encode("utf-16"),
    '{"code": 300, "message": "für"}'.encode("latin-1"),
    b'\xef\xbb\xbf{"code": 300, "message": "With a BOM."}',
]
HEADERS: Mapping[str, Sequence[str]] = {
    "Retry-After": [
        *("", "-1", "0", "1.5", "5", "61", "600", "601", "100000", "9" * 400, "1e9", "soon", "²", "5, 6"),
        *("2026-11-20T12:00:30Z", "2026-11-21T00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01"),
        *("Wed, 21 Oct 2065 07:28:00 GMT", "Mon, 99 Foo 2026 99:99:99 GMT", "0001-01-01T00:00:00+14:00"),
    ],
    "X-RateLimit-Type": ["QPS", "qps", "Daily-limit", "DAILY-LIMIT", "", "x"],
    "X-RateLimit-Limit": ["", "0", "1", "5", "-5", "999999", "9" * 30, "1.5", "x"],
    "X-RateLimit-Remaining": ["", "0", "-1", "x"],
    "Date": [
        *("", "x", "today", "Fri, 31 Dec 9999 23:59:59 -2300", "Mon, 01 Jan 0001 00:00:00 +2300"),
        *("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 20 Nov 2026 12:00:01", "99999999999999999999"),
    ],
    "Content-Type": ["", "x", "text/html", "text/vtt", "application/json; charset=utf-16", "image/png", ";;"],
    "Content-Encoding": ["gzip", "deflate", "br", "zstd", "identity", "x", "gzip, gzip, gzip", ""],
    "Location": [
        *("", "/", "?", "#", "//", "https://", "http://[::1", "https://[x]/", "https://127.0.0.1:99999/"),
        *("http://127.0.0.1:x/", "https://127.0.0.1:9/", "ftp://127.0.0.1/", "file:///etc/passwd", "a\tb"),
        *("//127.0.0.1:9/x", "http://.", "https://..localhost/", "javascript:1", "data:,x", "/v2/users"),
        *(f"https://me:{MARK}@127.0.0.1:9/", "https://" + "a" * 300, "/" + "a" * 5_000, "https://xn--/"),
    ],
}


def as_json(value: Any) -> bytes:
    if isinstance(value, dict):
        value = {key: one for key, one in value.items() if not isinstance(one, str) or one != GONE}
    return json.dumps(value).encode()


def wrong_shapes(endpoint: str) -> st.SearchStrategy[Any]:
    """JSON that is not, or only nearly, what the endpoint answers."""
    if endpoint == TOKEN:
        reasons = st.sampled_from([GONE, *SAYINGS])
        return st.fixed_dictionaries({}, optional={"reason": reasons, "error": reasons, "message": reasons})
    kind = BY_ROUTE[endpoint]
    values = st.sampled_from([GONE, *SCALARS])
    if not kind.record_key:
        names = st.sampled_from(sorted(kind.columns()))
        return st.dictionaries(names, values, max_size=3).map(lambda fields: {**fields, **DRAWN})
    rows = st.one_of(values, st.lists(ITEMS, max_size=3))
    return st.builds(lambda rows, envelope: {kind.record_key: rows, **envelope}, rows, ENVELOPES)


def replies(endpoint: str) -> st.SearchStrategy[Reply]:
    headers = st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) for name, values in HEADERS.items()}
    )
    bodies = st.one_of(
        ERRORS.map(as_json),
        ERRORS.map(as_json),
        wrong_shapes(endpoint).map(as_json),
        st.sampled_from(SCALARS).map(as_json),
        st.sampled_from(TEXTS),
        st.builds(lambda body, length: body[:length], ERRORS.map(as_json), st.integers(0, 40)),
    )
    return st.builds(Reply, st.sampled_from(STATUSES), bodies, st.one_of(st.just({}), st.just({}), headers))


def changes(endpoint: str) -> st.SearchStrategy[Json]:
    """Fields of a real answer, and what they become; a list is added to what is there."""
    values = st.sampled_from([GONE, *filter(is_plain, SCALARS)])
    if endpoint == TOKEN:
        # Whether a token fits into a header is for other tests.
        names = ("expires_in", "scope", "token_type", "api_url", "refresh_token")
        return st.dictionaries(st.sampled_from(names), values, min_size=1)
    key = BY_ROUTE[endpoint].record_key
    fields: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(COUNTS, values)
    if key:
        fields[key] = st.one_of(values, st.lists(ITEMS.filter(is_plain), min_size=1, max_size=3))
    codes, sayings = (st.sampled_from([*filter(is_plain, values)]) for values in (CODES, SAYINGS))
    return st.fixed_dictionaries({}, optional={**fields, "code": codes, "message": sayings}).filter(bool)


def is_plain(value: Any) -> bool:
    """Whether the simulator can put a value into an answer of its own."""
    try:
        return bool(orjson.loads(orjson.dumps(value)) == value)
    except TypeError:
        return False


@st.composite
def odds(draw: st.DrawFn) -> Odd:
    endpoint = draw(st.sampled_from(ENDPOINTS))
    is_one = endpoint != TOKEN and "*" in ROUTES[endpoint].path
    has_pages = endpoint != TOKEN and bool(BY_ROUTE[endpoint].record_key and BY_ROUTE[endpoint].page_size)
    is_second_page = has_pages and draw(st.integers(0, 5)) == 0
    is_reply = is_second_page or draw(st.integers(0, 3)) > 0
    answer: Reply | Json = draw(replies(endpoint)) if is_reply else draw(changes(endpoint))
    return Odd(
        endpoint,
        answer,
        draw(st.integers(0, 20)) if is_one and draw(st.booleans()) else None,
        None if is_second_page else draw(st.one_of(st.none(), st.integers(1, 6))),
        is_second_page=is_second_page,
    )


# What may come of it


def parsed(body: bytes) -> Any:
    """The JSON in a body; None where there is none."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def fields_of(odd: Odd) -> Json:
    """What is known of the answer's fields."""
    if not isinstance(odd.answer, Reply):
        return odd.answer
    body = parsed(odd.answer.body) if odd.answer.status not in (204, 304) else None
    return body if isinstance(body, dict) else {}


def code_of(odd: Odd) -> int | None:
    """A number of Zoom's: whole, and no longer than any of them."""
    found = re.fullmatch("[0-9]{1,9}", str(fields_of(odd).get("code", "")), re.ASCII)
    return int(found[0]) if found else None


def rules(odd: Odd) -> Iterator[Rule]:
    """The words of Zoom's that an answer may be."""
    code, message = code_of(odd), str(fields_of(odd).get("message", ""))
    if code is not None:
        for rule in RULES:
            if rule.code in (None, code) and re.search(rule.message, message, re.IGNORECASE):
                yield rule


OF_ALL = {Action.DENIED, Action.SCOPE}
GIVES_NOTHING = {Action.GONE, Action.EMPTY, Action.WITHHELD, Action.LATER}


def is_word(odd: Odd) -> bool:
    """Whether Zoom itself says in known words that it does not give something."""
    kind = BY_ROUTE[odd.endpoint]
    actions = {rule.action for rule in rules(odd)}
    # Zoom's refusals of one of the ways to past occurrences are warnings, and so are a few in unknown words.
    refused = OF_ALL if kind in LISTS else set()
    if "{" not in kind.endpoint:
        return bool(actions & {Action.LATER, Action.EMPTY, *refused})
    is_unknown = not ROUTES[odd.endpoint].finder and not kind.has_cursor() and bool(code_of(odd))
    return bool(actions & {*GIVES_NOTHING, *refused}) or is_unknown


def is_data(odd: Odd) -> bool:
    """Whether an answer may be taken for the data: a page without an error whose rows, if any, are a list."""
    fields, kind = fields_of(odd), BY_ROUTE[odd.endpoint]
    if fields.get("code") not in (None, GONE, 0, "", "0", False, [], {}):
        return False
    if not isinstance(odd.answer, Reply):
        return fields.get(kind.record_key, ...) in (None, GONE) or fields.get("next_page_token") == GONE
    if not 200 <= (odd.answer.status or 0) < 300 or not fields.keys() - {"code", "message", "errors"}:
        return False
    if not kind.record_key:
        return bool(fields.keys() & kind.columns())
    rows = fields.get(kind.record_key)
    return rows is None or isinstance(rows, list)


def heard_by(odd: Odd) -> list[str]:
    """The endpoints of whose resources an answer may be a word: its own, and what Zoom refuses alike."""
    kind = BY_ROUTE[odd.endpoint]
    if kind.refused_alike not in {rule.reason for rule in rules(odd)}:
        return [odd.endpoint]
    parents, reason = kind.parent_classes(), kind.refused_alike
    return [n for n, k in BY_ROUTE.items() if (k.parent_classes(), k.refused_alike) == (parents, reason)]


def may_take_ten_minutes(odd: Odd) -> bool:
    """Whether an answer is one that may be otherwise when the request is repeated later."""
    code, answer = code_of(odd), odd.answer
    is_slow = code is not None and (code in (124, 408, 429) or code >= 500)
    if not isinstance(answer, Reply):
        return is_slow
    status = answer.status or 0
    legible = b'"code": 124' in answer.body
    # Where it leads elsewhere, it depends on what is there.
    named = {"Retry-After", "Content-Encoding", "Location"} & answer.headers.keys()
    return status >= 500 or status in (401, 408, 429) or is_slow or legible or bool(named)


def is_of_all(odd: Odd) -> bool:
    """Whether an answer is about more than its endpoint: the app, a rate limit, or whether Zoom answers."""
    status = odd.answer.status if isinstance(odd.answer, Reply) else 200
    return odd.endpoint == TOKEN or 429 in (status, code_of(odd))


class Told:
    """Odd answers as they are given, with who got them and when by the connector's clock."""

    def __init__(self, simulator: Simulator, odds: Sequence[Odd], clock: Callable[[], float]) -> None:
        self.simulator = simulator
        self.urls: defaultdict[int, set[str]] = defaultdict(set)
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.odds = list(odds)
        self._clock = clock
        for number, odd in enumerate(self.odds):
            self._aim(number, odd)

    def _aim(self, number: int, odd: Odd) -> None:
        faults = self.simulator.faults
        pattern = "^/oauth/token$"
        if odd.endpoint != TOKEN:
            route = ROUTES[odd.endpoint]
            pool = (
                sorted(Reach(self.simulator.world).asked(route.name), key=str)
                if odd.place is not None
                else []
            )
            pattern = at(route, pool[(odd.place or 0) % len(pool)]) if pool else everywhere(route)
        if odd.is_second_page:
            pattern = with_second_page(faults, pattern)
        aim: Aim[Any]
        if isinstance(odd.answer, Reply):
            aim = faults.reply(pattern, *odd.answer[:2], headers=odd.answer.headers, times=odd.times)
        else:
            aim = faults.change(pattern, changed_by(odd), times=odd.times)
        hits = aim.hits

        def noted(url: str) -> bool:
            is_hit = hits(url)
            if is_hit:
                self.urls[number].add(url)
                self.times[url].append(self._clock())
            return is_hit

        aim.hits = noted

    def met(self) -> Iterator[Odd]:
        return (odd for number, odd in enumerate(self.odds) if self.urls[number])

    def lost_to(self, excuse: Callable[[Odd], bool]) -> dict[str, Any]:
        """By endpoint, the resources that had an answer with such an excuse."""
        lost: defaultdict[str, set[Any]] = defaultdict(set)
        for number, odd in enumerate(self.odds):
            if odd.endpoint != TOKEN and self.urls[number] and excuse(odd):
                if OF_ALL & {rule.action for rule in rules(odd)}:
                    lost[odd.endpoint] |= {"all"}
                for entry in self.simulator.journal.of(odd.endpoint):
                    if entry.url in self.urls[number]:
                        for endpoint in heard_by(odd):
                            lost[endpoint] |= {entry.id or "all", entry.id.isdecimal() and int(entry.id)}
        return {endpoint: ALL if "all" in ids else ids for endpoint, ids in lost.items()}

    def seconds_of(self, number: int) -> float:
        """The longest that one resource may be asked for, over and over, because of an odd answer."""
        odd = self.odds[number]
        # Without a token nothing can be read, so every answer without one is asked for again.
        return TEN_MINUTES if odd.endpoint == TOKEN or may_take_ten_minutes(odd) else MINUTE

    def most_seconds(self) -> float:
        """The longest that a reading may take by the connector's clock."""
        # At a limit that an answer names, which may be one request per second.
        paced = 1.2 * len(self.simulator.journal.entries)
        refused = (self.seconds_of(number) * min(MOST_SPENT, len(urls)) for number, urls in self.urls.items())
        return MINUTE + paced + sum(refused)

    def too_long(self) -> list[str]:
        """The resources that were asked for longer than they may be."""
        # These are read by several, one after the other.
        several = ("/oauth/", "/v2/users?")
        return [
            url
            for url, times in self.times.items()
            if not url.startswith(several)
            and times[-1] - times[0]
            > MINUTE + sum(self.seconds_of(number) for number, urls in self.urls.items() if url in urls)
        ]


def changed_by(odd: Odd) -> Callable[[Json], Json]:
    def change(body: Json) -> Json:
        for name, value in odd.answer.items():  # type: ignore[union-attr]  # it is no Reply
            if value == GONE:
                body.pop(name, None)
            elif isinstance(value, list) and value and isinstance(body.get(name), list):
                body[name] += value
            else:
                body[name] = value
        return body

    return change


@contextmanager
def deadline(seconds: int, what: object) -> Iterator[None]:
    """Fail if this has no end: waits in the main thread are broken off."""

    def fail(*_: int | FrameType | None) -> None:
        raise TimeoutError(f"no end after {seconds} s: {what}")

    before = signal.signal(signal.SIGALRM, fail)
    # Once more where the end of a thread is waited for, too.
    signal.setitimer(signal.ITIMER_REAL, seconds, 5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def assert_weathers(
    in_process: InProcess, odds: Sequence[Odd], credentials: Callable[[Simulator], Json]
) -> None:
    in_process.without_waiting()
    free_what_syncs_left()
    with Simulator(1, SMALL, clock=still_clock(), plan="unlimited") as simulator:
        told = Told(simulator, odds, in_process.timing["clock"])
        config = marked(simulator, credentials(simulator))
        secrets = collect(simulator)
        syncs = Syncs(simulator, in_process)
        began = in_process.timing["clock"]()
        with deadline(DEADLINE, odds):
            output = in_process.read(config)
        seconds = in_process.timing["clock"]() - began
        assert "Traceback" not in output.text
        assert "stack_trace" not in output.text
        assert [secret for secret in secrets if secret in public(output.text)] == []
        assert seconds < told.most_seconds()
        assert told.too_long() == []
        assert_records_are_valid(output)
        assert_ends_as_it_should(told, output)
        assert_nothing_is_missing_unsaid(told, syncs, output)


def assert_records_are_valid(output: Output) -> None:
    for record in output.of("RECORD"):
        data = record["data"]
        if "drawn" not in data:
            assert [error.message for error in VALIDATORS[record["stream"]].iter_errors(data)] == []


def assert_ends_as_it_should(told: Told, output: Output) -> None:
    """What is incomplete is told by the exit code and an error, and it is what the odd answers are for."""
    unread = incomplete(output) | (set(STREAM_NAMES) - set(output.statuses))
    assert output.code == bool(unread)
    assert bool(output.errors) == bool(unread)
    hit = list(told.met())
    are_probes = {"users", "meetings"} <= {odd.endpoint for odd in hit}
    if not are_probes and not any(map(is_of_all, hit)):
        assert unread <= behind(*(BY_ROUTE[odd.endpoint] for odd in hit))


def assert_nothing_is_missing_unsaid(told: Told, syncs: Syncs, output: Output) -> None:
    complete = [name for name, status in output.statuses.items() if status == "COMPLETE"]
    if not complete or any(
        isinstance(odd.answer, Reply) and odd.endpoint == TOKEN and "Date" in odd.answer.headers
        for odd in told.met()
    ):
        # Zoom's own clock says which days there are.
        return
    syncs.take(Output(0, "\n".join(line for line in output.text.split("\n") if '"drawn":true' not in line)))

    def missing(excuse: Callable[[Odd], bool]) -> bool:
        want = Reach(told.simulator.world, told.lost_to(excuse)).rows(complete)
        return bool(want) and bool(syncs.missing(want))

    assert not missing(lambda odd: is_data(odd) or is_word(odd))
    if missing(is_data):
        names = [name_of(BY_ROUTE[odd.endpoint]) for odd in told.met() if odd.endpoint != TOKEN]
        said = [f" {name}: " for name in names]
        assert any(log.startswith(INSTEAD) or any(one in log for one in said) for log in output.logs)


@pytest.fixture(autouse=True)
def _nobody_else(nobody_else: None) -> None:
    """Redirects may lead anywhere."""


EXAMPLES = st.lists(odds(), min_size=1, max_size=3)
ACCOUNTS = st.sampled_from([server_to_server, server_to_server, oauth])
unchecked = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def everywhere_at_once(answer: Reply, **which: Any) -> list[Odd]:
    return [Odd(endpoint, answer, **which) for endpoint in ENDPOINTS if endpoint != TOKEN]


PORTAL = Reply(302, b"", {"Location": "http://[::1"})
TOO_DEEP = Reply(400, b'{"code": 300, "message": ' + b"[" * 1000 + b"]" * 1000 + b"}")
NO_REGISTRATION = Reply(400, as_json({"code": 3000, "message": "Registration has not been enabled."}))
PASSWORD = Reply(400, as_json({"code": 9999, "message": json.dumps({"password": MARK})}))


@pytest.mark.storm
@example([Odd("webinar_questions", NO_REGISTRATION)], server_to_server)
@example(everywhere_at_once(PORTAL, times=2), server_to_server)
@example(everywhere_at_once(TOO_DEEP, place=1), server_to_server)
@example([Odd("report_meetings", Reply(400, b'{"code": 124}'))], oauth)
@example([Odd("report_hosts", TOO_DEEP), Odd(TOKEN, TOO_DEEP, times=1)], oauth)
@example(everywhere_at_once(PASSWORD, place=0), server_to_server)
@example(
    [Odd("meetings", Reply(404, b"<html>no</html>", {"Retry-After": "soon"}), place=0)], server_to_server
)
# Drawn alike each time, and not made smaller where they fail: that is for the many.
@settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=unchecked,
)
@given(odds=EXAMPLES, credentials=ACCOUNTS)
def test_no_answer_breaks_a_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odds: list[Odd], credentials: Callable[[Simulator], Json]
) -> None:
    assert_weathers(InProcess(tmp_path, monkeypatch), odds, credentials)


@pytest.mark.outcomes
@settings(max_examples=400, deadline=None, suppress_health_check=unchecked)
@given(odds=EXAMPLES, credentials=ACCOUNTS)
def test_no_answer_of_many_breaks_a_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odds: list[Odd], credentials: Callable[[Simulator], Json]
) -> None:
    assert_weathers(InProcess(tmp_path, monkeypatch), odds, credentials)
