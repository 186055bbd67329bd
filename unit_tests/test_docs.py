"""What people have written into the docs by hand, against the code."""

import ast
import inspect
import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from airbyte_cdk.sources.message import InMemoryMessageRepository
from jsonschema import Draft7Validator

from integration_tests.harness import cursor_of
from integration_tests.pages import blocks
from scripts.docs.messages import advice
from scripts.docs.sentences import judged
from source_zoom.api.errors import Action
from source_zoom.api.scopes import Permissions
from source_zoom.config import migrate, parse, unused_keys
from source_zoom.engine.cursor import DayCursor, StateOutput
from source_zoom.engine.parents import Parent
from source_zoom.engine.progress import Span
from source_zoom.engine.slices import Ways
from source_zoom.engine.stream import REPORT_MONTHS, ZoomStream, ZoomSubstream, months_before
from source_zoom.exceptions import Outcome
from source_zoom.source import with_parents
from source_zoom.streams import STREAMS
from source_zoom.streams.past import INSTANCES, REPORTS, PastOccurrences
from source_zoom.streams.users import Users

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "zoom.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("integration_tests/**/*.md")]
NAMES = {stream.stream_name() for stream in STREAMS}
SCOPES = {
    ancestor.scopes[1]: ancestor.scopes[0]
    for ancestor in with_parents(STREAMS)
    if issubclass(ancestor, ZoomStream) and ancestor.scopes[1]
}
# What the page calls each action, in the table of Zoom's errors.
MEANINGS = {
    Action.RETRY: "repeated",
    Action.SLOW_DOWN: "repeated",
    Action.REFRESH: "a new token",
    Action.RESTART: "the list again",
    Action.LATER: "a later window",
    Action.EMPTY: "an empty list",
    Action.GONE: "gone",
    Action.WITHHELD: "withheld",
    Action.DENIED: "unread",
    Action.UNREAD: "unread",
    Action.FOREIGN: "unread",
    Action.SCOPE: "the stream ends",
    Action.STOP_LABEL: "the label stops",
}


def section(title: str, page: str = PAGE) -> str:
    level = re.findall(rf"^(#+) {re.escape(title)}$", page, re.MULTILINE)[0]
    rest = page.partition(f"\n{level} {title}\n")[2]
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[list[str]]:
    """The rows of the first table, without its head."""
    lines = text[text.index("\n|") + 1 :].partition("\n\n")[0].splitlines()
    assert set(lines[1]) <= set("| -:")
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


MESSAGES = list(advice())
JUDGED = judged()
ENDING = {
    rule.reason
    for rule in JUDGED
    if MEANINGS[rule.action] in ("unread", "a later window", "the stream ends", "the label stops")
}


def test_the_flat_config_on_the_page_is_no_config_of_the_form_and_becomes_the_other() -> None:
    flat, nested = map(json.loads, blocks("docs/zoom.md", "Configuration", "json"))
    spec = json.loads((ROOT / "source_zoom" / "spec.json").read_text())["connectionSpecification"]
    assert [Draft7Validator(spec).is_valid(config) for config in (flat, nested)] == [False, True]
    assert migrate(flat) == nested


def test_the_config_of_the_tap_has_its_own_setting_and_those_of_the_connector() -> None:
    (text,) = blocks("docs/tap-zoom.md", "Config", "json")
    # A real one is no ellipsis.
    config = json.loads(text.replace("…", "x"))
    assert config.pop("key_mode") == "lossless"
    migrated = migrate(config)
    assert list(unused_keys(parse(migrated), migrated)) == []


def is_of_the_past(parent: type[Parent]) -> bool:
    return issubclass(parent, PastOccurrences)


def test_the_scopes_of_each_way_to_past_occurrences_are_those_of_the_code() -> None:
    """One way is enough; a scope without which nothing is missed is behind an "and"."""
    past = [stream for stream in STREAMS if any(map(is_of_the_past, stream.parent_classes()))]
    ways = [re.findall(r"`(.+?)`", scopes.partition("; and")[0]) for _, scopes in table(section("Scopes"))]
    without = Permissions({Users.scopes[1], *(stream.scopes[1] for stream in past)})
    missing = {scope for stream in past for scope in stream.missing_scopes(without)}
    assert {scope for way in ways for scope in way} == missing
    reports, history, *instances = ways
    for way in instances:
        granted = SCOPES.keys() - {*reports, *history, *way}
        needing = {stream.stream_name() for stream in past if stream.missing_scopes(Permissions(granted))}
        kind = way[0].partition(":")[0]
        assert needing == {stream.stream_name() for stream in past if kind in stream.stream_name()}


@pytest.mark.parametrize("message", MESSAGES)
def test_each_refusal_among_the_messages_has_a_reason_of_the_table(message: str) -> None:
    if refusal := re.match(r"Zoom refused …(?: \(…\))?: ([^…].*?)(?: until …)? \(…\)\.", message):
        assert refusal[1] in ENDING


@pytest.mark.parametrize("reason", sorted(ENDING))
def test_what_ends_a_stream_or_a_slice_is_among_the_messages(reason: str) -> None:
    assert any(f": {reason}" in message for message in MESSAGES)


def test_each_answer_of_zooms_is_in_the_table_with_what_it_means_and_nothing_else() -> None:
    rows = table(section("What an error of Zoom means"))
    assert {(reason, meaning.partition(":")[0]) for _, reason, meaning in rows} == {
        (rule.reason, MEANINGS[rule.action]) for rule in JUDGED
    }
    for answer, reason, _ in rows:
        rules = [rule for rule in JUDGED if rule.reason == reason]
        numbers = {str(rule.code or rule.status) for rule in rules if rule.code or rule.status}
        assert set(re.findall(r"\b\d{3,}\b", answer)) == numbers
        patterns, quoted = {rule.message for rule in rules}, re.findall(r'"(.+?)"', answer) or [""]
        assert all(any(re.search(pattern, words, re.IGNORECASE) for words in quoted) for pattern in patterns)
        assert all(any(re.search(pattern, words, re.IGNORECASE) for pattern in patterns) for words in quoted)


def test_each_action_has_a_name_on_the_page() -> None:
    assert set(MEANINGS) == set(Action)


def test_the_outcomes_are_those_of_the_code() -> None:
    rows = table(section("What becomes of what Zoom refuses"))
    assert [row[0] for row in rows] == [outcome.name.lower().replace("_", " ") for outcome in Outcome]


def state_on_the_page() -> Mapping[str, Any]:
    state: Mapping[str, Any] = json.loads(*blocks("docs/zoom.md", "State", "json"))
    return state


def test_the_state_is_one_that_the_connector_takes_and_writes() -> None:
    given = state_on_the_page()
    (name,) = {cursor_of(stream) for stream in STREAMS} & given.keys()
    today = date.fromisoformat(given["instances"]["began"])
    span = Span(today, timedelta(days=2), oldest=months_before(today, REPORT_MONTHS), closed=today)
    output = StateOutput(Queue(), InMemoryMessageRepository())
    cursor = DayCursor("any", name, given, span, Ways(REPORTS, INSTANCES), output)
    # Written only where they are so again.
    of_the_sync_before = {"refused": cursor.refused, "known": given["known"]}
    assert {**cursor.state, **of_the_sync_before} == given


def test_each_key_of_the_state_has_a_row() -> None:
    cursors, *rows = (re.findall(r"`(.+?)`", row[0]) for row in table(section("State")))
    (cursor,) = set(cursors) & state_on_the_page().keys()
    assert [cursor, *chain(*rows)] == list(state_on_the_page())


def test_the_readme_asks_of_streams_that_there_are() -> None:
    rows = table(section("What you can ask your warehouse", (ROOT / "README.md").read_text()))
    named = {name for row in rows for name in re.findall(r"`(.+?)`", row[1])}
    assert named <= {stream.stream_name() for stream in STREAMS}
    # What only describes these is left out.
    assert {stream.stream_name() for stream in STREAMS if cursor_of(stream)} <= named


def test_the_architecture_names_each_key_of_the_state() -> None:
    rows = [row[0] for row in table(section("State", ARCHITECTURE))]
    cursors = {cursor_of(stream) for stream in STREAMS}
    assert rows == ["the cursor field" if name in cursors else f"`{name}`" for name in state_on_the_page()]


def test_the_architecture_names_each_file() -> None:
    layout = re.findall(r"```\n(source_zoom/.+?)```", ARCHITECTURE, re.DOTALL)[0]
    package = ROOT / "source_zoom"
    files = [path for path in package.rglob("*.py") if path.parent != package / "streams"]
    named = re.findall(r"^ +(\w+\.py) ", layout, re.MULTILINE)
    assert sorted(named) == sorted(path.name for path in files if not path.name.startswith("__"))


def attributes(kind: type[object]) -> set[str]:
    """What a declaration can say: the class variables of a base class."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef)
    return {
        node.target.id
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def test_each_attribute_of_a_declaration_is_explained() -> None:
    text = section("Adding a stream", (ROOT / "CONTRIBUTING.md").read_text())
    rows = [name for row in table(text) for name in re.findall(r"`(\w+)`", row[0])]
    assert len(rows) == len(set(rows))
    own = (attributes(ZoomStream) | attributes(ZoomSubstream)) - {"parent"}
    assert own <= set(rows)
    assert all(hasattr(ZoomSubstream, name) or name in own for name in rows)


def test_the_changelog_has_this_version() -> None:
    newest = table(section("Changelog"))[0]
    assert newest[0] == version("source-zoom")


def test_the_requests_of_a_day_are_those_that_were_measured() -> None:
    page = (ROOT / "docs" / "benchmark.md").read_text()
    measured = {row[0]: row[2] for row in table(page[page.index("\n| what | requests | of which HEAVY") :])}
    rows = table(section("How often can I sync?"))
    for hosts, _, unchanged, _, dearest, day, *_ in rows[:-1]:
        assert unchanged == measured[f"{hosts} hosts, rows as lists: at once again, unchanged"]
        assert dearest == measured[f"{hosts} hosts: the dearest of these"]
        assert day == measured[f"{hosts} hosts: 24 syncs, one an hour"]
    for _, _, _, average, _, day, *shares in rows:
        assert number(average) == round(number(day) / 24)
        assert shares == [f"{100 * number(day) / limit:.0f} %" for limit in (30_000, 60_000)]
    thousand, computed = ([row[i] for i in (0, 1, 2, 4, 5)] for row in rows[-2:])
    assert [number(cell) for cell in computed] == [10 * number(cell) for cell in thousand]


def number(cell: str) -> int:
    return int(cell.replace(",", ""))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'href="(.+?)"', text)
    for link in links:
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target.read_text()), link


def anchors(text: str) -> set[str]:
    """How GitHub names the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
