"""Routes with their rows can be plugged into the simulator, and large accounts are cheap to serve."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from integration_tests.test_simulator_faults import NOON, Start, simulators
from integration_tests.zoom_simulator import Clock, Size, World, routes, truth
from integration_tests.zoom_simulator.call import Call, Redirect, Text
from integration_tests.zoom_simulator.clock import iso, report_windows
from integration_tests.zoom_simulator.errors import ZoomError
from integration_tests.zoom_simulator.ids import KINDS
from integration_tests.zoom_simulator.plans import Occurrence, Series
from integration_tests.zoom_simulator.routes import CLASSIC_SCOPES, GRANULAR_SCOPES, ROUTES, Route
from integration_tests.zoom_simulator.units import Ask, Items, Listed, Months, Past, View, Window

LARGE = Size(
    users=1000,
    meetings_per_user=2,
    webinars_per_user=0,
    unlisted_per_user=0,
    past_occurrences=1,
    participants=2,
)
Json = dict[str, Any]


@pytest.fixture
def start() -> Iterator[Start]:
    yield from simulators()


# Archives: the account's, asked by months, with files at addresses of their own.


def archives_of(view: View, window: Window) -> Iterator[Json]:
    for user in range(view.world.size.users):
        for occurrence in view.world.held(user, *window, view.now):
            yield archive(view, occurrence)


def ask_archives(view: View, window: Window) -> list[Ask]:
    return [Ask(total=sum(1 for _ in archives_of(view, window)))]


def archive(view: View, occurrence: Occurrence) -> Json:
    uuid = view.world.uuid(occurrence)
    address = view.url + DOWNLOAD.url(uuid)
    return {
        "uuid": uuid,
        "id": occurrence.series.id,
        "start_time": iso(occurrence.start),
        "recording_files": [
            {"id": f"video {uuid}", "file_type": "MP4", "download_url": f"{address}.mp4"},
            {"id": uuid, "file_type": "TRANSCRIPT", "download_url": address},
        ],
    }


def list_archives(call: Call) -> Json:
    window = call.window(months_back=15)
    return call.page("meetings", list(archives_of(call.view, window)), dict)


def text_of(uuid: str) -> str:
    return f"WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nZoë: {uuid}\n"


def found(call: Call) -> str:
    if not any(call.world.find_occurrence(kind, call.id, call.now) for kind in KINDS):
        raise ZoomError(404, 3301, f"There is no archive of {call.id}.")
    return call.id


def download(call: Call) -> Redirect:
    return Redirect(call.url + SIGNED.url(found(call)))


def signed(call: Call) -> Text:
    return Text(text_of(found(call)), "text/vtt")


def is_transcript(file: Json) -> bool:
    return bool(file["file_type"] == "TRANSCRIPT")


SCOPE = "archiving:read:list_archived_files:admin"
ARCHIVES = Route(
    "archives", "/accounts/me/archives", "MEDIUM", SCOPE, list_archives,
    Months(archives_of, back=15, asked=ask_archives), classic="archive:read:admin",
)  # fmt: skip
FILES = Route("archived_files", "", "", SCOPE, list_archives,
              Items("archives", "recording_files", lambda view, parent, file: [file]))  # fmt: skip
DOWNLOAD = Route(
    "archived_texts", "/archives/download/*", "", SCOPE, download,
    Items("archives", "recording_files", lambda view, parent, file: [{"text": text_of(parent["uuid"])}],
          address="download_url", wanted=is_transcript),
    prefix="",
)  # fmt: skip
SIGNED = Route("signed", "/signed/*", "", "", signed, prefix="", open=True)


def resource(url: str) -> tuple[str, str]:
    """The path and the first day of a URL, whole or not."""
    parts = urlsplit(url)
    return parts.path.removeprefix("/v2"), dict(parse_qsl(parts.query)).get("from", "")


def test_routes_of_months_and_of_files_can_be_plugged_in(start: Start) -> None:
    before = list(ROUTES), list(truth.STREAMS), list(GRANULAR_SCOPES), list(CLASSIC_SCOPES)
    with routes.plugged(ARCHIVES, FILES, DOWNLOAD, SIGNED):
        assert list(truth.STREAMS) == [*before[1], "archives", "archived_files", "archived_texts"]
        assert set(GRANULAR_SCOPES) - set(before[2]) == {SCOPE}
        assert set(CLASSIC_SCOPES) - set(before[3]) == {"archive:read:admin"}
        simulator, client = start()
        world, url = simulator.world, simulator.url
        served = [
            row
            for first, last in report_windows(simulator.clock.today(), 15)
            for page in client.pages("/accounts/me/archives", page_size=300, **{"from": first, "to": last})
            for row in page["meetings"]
        ]
        expected = list(truth.rows(world, "archives", url=url))
        assert expected == [({}, row) for row in served]
        files = list(truth.rows(world, "archived_files", url=url))
        assert len(files) == 2 * len(served)
        assert all(parent["item"] == row in parent["recording_files"] for parent, row in files)
        texts = list(truth.rows(world, "archived_texts", url=url))
        assert len(texts) == len(served) > 20
        for parent, row in texts:
            answer = client.get(parent["item"]["download_url"])
            assert answer.headers["Content-Type"] == "text/vtt"
            assert answer.content.decode() == row["text"]
        least = [least_url for _, least_url in truth.least_urls(world, ["archived_texts"], url=url)]
        asked = [e.url for e in simulator.journal.entries if e.route in ("archives", "archived_texts")]
        assert Counter(map(resource, least)) == Counter(map(resource, asked))
        assert truth.least_counts(world, ["archived_files"]) == {"MEDIUM": 16}
        assert client.look("/accounts/me/archives", **{"from": "2025-08-19", "to": "2025-08-30"}) == (
            400,
            300,
        )
    after = list(ROUTES), list(truth.STREAMS), list(GRANULAR_SCOPES), list(CLASSIC_SCOPES)
    assert after == before
    assert client.look("/accounts/me/archives") == (404, -1)


def test_a_file_wants_the_bearer_token_and_the_scope_unless_it_is_open(start: Start) -> None:
    with routes.plugged(ARCHIVES, DOWNLOAD, SIGNED):
        simulator, client = start()
        parent, _ = next(truth.rows(simulator.world, "archived_texts", url=simulator.url))
        address = parent["item"]["download_url"]
        assert requests.get(address, timeout=5).json()["code"] == 124
        lead = client.session.get(address, allow_redirects=False, timeout=5)
        assert lead.status_code == 302
        assert requests.get(lead.headers["Location"], timeout=5).text.startswith("WEBVTT")
        simulator.oauth.revoke(SCOPE)
        client.log_in()
        assert client.look(address) == (400, 4711)
        assert client.look(simulator.url + DOWNLOAD.url("nothing")) == (400, 4711)
        assert [entry.status for entry in simulator.journal.of("signed")] == [200]


def test_streams_of_listed_meetings_and_of_past_occurrences_take_one_row_of_the_table(start: Start) -> None:
    def invitation(view: View, series: Series) -> list[Json]:
        return [{"invitation": f"Join us in {series.id}"}]

    def past(view: View, occurrence: Occurrence) -> list[Json]:
        return [{"uuid": view.world.uuid(occurrence), "start_time": iso(occurrence.start)}]

    def serve_invitation(call: Call) -> Json:
        if not call.world.find_listed(int(call.id), call.now):
            raise ZoomError(404, 3001, "Gone.")
        return {"invitation": f"Join us in {call.id}"}

    def serve_past(call: Call) -> Json:
        occurrence = call.world.find_occurrence(call.kind, call.id, call.now)
        if not occurrence or not call.world.is_readable(occurrence, call.now):
            raise ZoomError(404, 3001, "Gone.")
        return past(call.view, occurrence)[0]

    added = (
        Route("meeting_invitations", "/meetings/*/invitation", "LIGHT", "meeting:read:invitation",
              serve_invitation, Listed(invitation)),
        Route("past_meetings", "/past_meetings/*", "LIGHT", "meeting:read:past_meeting",
              serve_past, Past(past)),
    )  # fmt: skip
    with routes.plugged(*added):
        assert truth.PLANNED["meeting_invitations"] == truth.PAST["past_meetings"] == "meeting"
        simulator, client = start()
        for name, key in (("meeting_invitations", "id"), ("past_meetings", "uuid")):
            expected = list(truth.rows(simulator.world, name))
            assert expected
            assert [(p, client.get(ROUTES[name].url(p[key])).json()) for p, _ in expected] == expected
            urls = {url for _, url in truth.least_urls(simulator.world, [name])}
            assert urls >= {ROUTES[name].url(parent[key]) for parent, _ in expected}


def test_one_object_per_unit_needs_no_rows_function() -> None:
    route = Route("meeting_surveys", "/meetings/*/survey", "LIGHT", "", lambda call: {"about": call.id})
    with routes.plugged(route):
        world = World(1, Size(users=3), Clock(NOON, running=False))
        assert all(row == {"about": str(parent["id"])} for parent, row in truth.rows(world, route.name))
    paged = route._replace(handler=lambda call: call.page("surveys", [], dict))
    with routes.plugged(paged), pytest.raises(TypeError, match="must say its rows"):
        list(truth.rows(world, paged.name))


def test_a_finder_is_no_stream() -> None:
    with pytest.raises(KeyError, match="no stream"):
        list(truth.rows(World(), "report_hosts"))


def test_scopes_stand_in_the_route() -> None:
    route = Route("x", "/x", "LIGHT", "a:b:c:master d:e:f", list_archives, classic="archive:read:admin")
    assert route.granular_scopes == ("a:b:c:master", "d:e:f", "d:e:f:admin")
    assert route.classic_scopes == ("archive:read:admin",)
    assert ROUTES["users"].classic_scopes == ("user:read", "user:read:admin", "user:write:admin")


# Large accounts


def busy_seconds(action: Callable[[], object]) -> float:
    """The best of three, so that what else the machine does counts less."""
    times = []
    for _ in range(3):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return min(times)


def test_a_large_account_is_cheap_to_serve(start: Start) -> None:
    simulator, client = start(LARGE)
    days = {"from": "2026-11-01", "to": "2026-11-20"}
    assert client.get("/report/users", type="active", page_size=300, **days).json()["total_records"] > 900
    users = [simulator.world.ids.user(user) for user in range(100)]
    assert busy_seconds(lambda: client.get("/report/users", type="active", page_size=300, **days)) < 0.1
    assert busy_seconds(lambda: [client.get(f"/users/{user}/meetings") for user in users]) < 100 * 0.02
    # The search alone is dearer than a small daily cap.
    assert truth.least_counts(simulator.world, ["report_meetings"])["HEAVY"] > 3000


def test_one_user_may_have_thousands_of_meetings(start: Start) -> None:
    simulator, client = start(Size(users=2, busy_user_meetings=2500))
    path = f"/users/{simulator.world.ids.user(0)}/meetings"
    listed = sum(len(page["meetings"]) for page in client.pages(path, page_size=300))
    assert listed >= 2500 * 0.9
    assert busy_seconds(lambda: client.get(path, page_size=300)) < 0.1
