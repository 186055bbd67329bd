"""The queries of docs/examples.md and the picture in docs/pyairbyte.md, run as their reader runs them."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from integration_tests.examples import PICTURE, QUERIES, ROOT, LoadedAccount, loaded
from integration_tests.harness import Json

pytestmark = pytest.mark.pyairbyte

Row = tuple[Any, ...]
STAY = ("join_time", "leave_time")
BAR = "{http://www.w3.org/2000/svg}path[@clip-path]"


@pytest.fixture(scope="module")
def account() -> Iterator[LoadedAccount]:
    with loaded() as account:
        yield account


def moment(text: str) -> datetime:
    """A time of Zoom's as the tables have it: UTC, without a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def attended(account: LoadedAccount) -> list[Json]:
    return [row for row in account.rows("report_meeting_participants") if row["status"] != "in_waiting_room"]


def sessions(account: LoadedAccount) -> dict[str, Json]:
    return {row["uuid"]: row for row in account.rows("report_meetings")}


def who_came(account: LoadedAccount) -> Iterator[Row]:
    stays = defaultdict(list)
    for stay in attended(account):
        stays[stay["meeting_uuid"], stay["name"], stay["user_email"]].append(stay)
    held = sessions(account)
    for (uuid, name, email), own in stays.items():
        session = held[uuid]
        first, last = min(stay["join_time"] for stay in own), max(stay["leave_time"] for stay in own)
        yield moment(session["start_time"]), session["topic"], name, email, moment(first), moment(last)


def who_did_not_come(account: LoadedAccount) -> Iterator[Row]:
    came = {
        (stay["meeting_uuid"], known)
        for stay in attended(account)
        for known in (stay["registrant_id"], stay["user_email"].lower())
    }
    registrants = account.rows("meeting_registrants")
    for uuid, session in sessions(account).items():
        for row in registrants:
            is_late = row["create_time"] > session["end_time"]
            is_invited = row["status"] == "approved" and row["meeting_id"] == session["id"] and not is_late
            if is_invited and not came & {(uuid, row["id"]), (uuid, row["email"])}:
                yield (
                    moment(session["start_time"]),
                    session["topic"],
                    *(row[name] for name in ("email", "first_name", "last_name")),
                )


def minutes_by_person(account: LoadedAccount) -> Iterator[Row]:
    """Second by second: each in which somebody was there at least once."""
    seconds: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    names: dict[str, str] = {}
    for stay in attended(account):
        ways = (stay["participant_user_id"], stay["registrant_id"], stay["user_email"].lower(), stay["name"])
        person = next(filter(None, ways))
        names[person] = max(names.get(person, ""), stay["name"])
        joined, left = (int(datetime.fromisoformat(stay[name]).timestamp()) for name in STAY)
        seconds[person][stay["meeting_uuid"]].update(range(joined, left))
    for person, name in names.items():
        visited = seconds[person].values()
        yield sum(map(len, visited)) // 60, len(visited), name, person


def sources(account: LoadedAccount) -> Iterator[Row]:
    topics = {row["id"]: row["topic"] for row in account.rows("webinars")}
    registered = Counter(row["webinar_id"] for row in account.rows("webinar_registrants"))
    for row in account.rows("webinar_tracking_sources"):
        of_link = (row[name] for name in ("source_name", "visitor_count", "registration_count"))
        yield topics[row["webinar_id"]], *of_link, registered[row["webinar_id"]]


def poll_answers(account: LoadedAccount) -> Iterator[Row]:
    given = Counter(
        (row["meeting_id"], entry["question"], entry["answer"])
        for row in account.rows("meeting_poll_results")
        for entry in row["question_details"]
    )
    return ((*answer, people) for answer, people in given.items())


def without_host(account: LoadedAccount) -> Iterator[Row]:
    states = {row["id"]: row["status"] for row in account.rows("users")} | {account.deleted: "gone"}
    for row in account.rows("meetings"):
        if (state := states[row["host_id"]]) != "active":
            start = moment(row["start_time"]) if row.get("start_time") else None
            yield state, row["host_email"], row["id"], row["topic"], start


def without_transcript(account: LoadedAccount) -> Iterator[Row]:
    for row in account.rows("recordings"):
        states = [file["status"] for file in row["recording_files"] if file["file_type"] == "TRANSCRIPT"]
        if states != ["completed"] or row["uuid"] == account.unread["uuid"]:
            yield moment(row["start_time"]), row["topic"], row["host_email"], "".join(states) or "none"


def sign_ins(account: LoadedAccount) -> Iterator[Row]:
    times = defaultdict(list)
    for row in account.rows("report_activities"):
        if row["type"] == "Sign in":
            times[row["email"], row["ip_address"]].append(moment(row["time"]))
    return ((*place, len(found), min(found), max(found)) for place, found in times.items())


ANSWERS: dict[str, Callable[[LoadedAccount], Iterator[Row]]] = {
    "Who came to a meeting?": who_came,
    "Who registered and did not come?": who_did_not_come,
    "How many minutes did each person attend?": minutes_by_person,
    "Where did registrants come from?": sources,
    "What was answered in polls?": poll_answers,
    "Which meetings have no host any more?": without_host,
    "Which recordings have no transcript?": without_transcript,
    "Who signed in from where?": sign_ins,
}


def test_each_block_of_the_page_is_tried() -> None:
    assert list(QUERIES) == list(ANSWERS)
    assert len(QUERIES) == 8
    assert (ROOT / "docs" / "examples.md").read_text().count("\n```") == 2 * len(QUERIES)


@pytest.mark.parametrize("title", ANSWERS)
def test_a_query_gives_what_the_account_has(account: LoadedAccount, title: str) -> None:
    want = sorted(ANSWERS[title](account), reverse="ORDER BY ALL DESC" in QUERIES[title])
    assert want
    assert account.answers[title] == json.loads(json.dumps(want, default=str))


def test_the_account_has_what_the_queries_look_at(account: LoadedAccount) -> None:
    assert {row[0] for row in without_host(account)} == {"gone", "inactive"}
    assert {row[3] for row in without_transcript(account)} == {"none", "processing", "completed"}


def heights(svg: str) -> list[float]:
    """How high each bar of the picture is, as a share of all."""
    paths = (path.attrib["d"] for path in ElementTree.fromstring(svg).iterfind(f".//{BAR}"))
    corners = ([float(y) for y in re.findall(r"[ML] [\d.]+ ([\d.]+)", path)] for path in paths)
    return shares([max(corner) - min(corner) for corner in corners])


def shares(numbers: Sequence[float]) -> list[float]:
    return [number / sum(numbers) for number in numbers]


def test_the_picture_shows_the_participants_of_each_month(account: LoadedAccount) -> None:
    months: Counter[tuple[int, int]] = Counter()
    for row in account.rows("report_meetings"):
        start = moment(row["start_time"])
        months[start.year, start.month] += row["participants_count"]
    first, last = (12 * year + month - 1 for year, month in (min(months), max(months)))
    people = [months[number // 12, number % 12 + 1] for number in range(first, last + 1)]
    assert len(people) > 10
    for svg in (account.picture(), PICTURE.read_text()):
        assert heights(svg) == pytest.approx(shares(people), abs=1e-4)
