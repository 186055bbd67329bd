"""docs/zoom.md against the code: streams, config, scopes, and each sentence that a user may meet."""

import ast
import inspect
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from importlib.metadata import version
from itertools import chain, product
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from airbyte_cdk.sources.message import InMemoryMessageRepository
from jsonschema import Draft7Validator
from pydantic_core import PydanticUndefined

from integration_tests import harness
from integration_tests.harness import cursor_of
from source_zoom import exceptions
from source_zoom.api.errors import RULES, Action, Rule
from source_zoom.api.scopes import Permissions
from source_zoom.config import Config, OAuthCredentials, ServerToServerCredentials, migrate
from source_zoom.engine.cursor import DayCursor, Span, StateOutput
from source_zoom.engine.slices import Ways
from source_zoom.engine.stream import REPORT_MONTHS, ZoomStream, ZoomSubstream, months_before
from source_zoom.exceptions import Outcome
from source_zoom.source import with_parents
from source_zoom.streams import STREAMS
from source_zoom.streams.past import INSTANCES, REPORTS
from source_zoom.streams.users import Users

ROOT = Path(__file__).parent.parent
PAGE = harness.page()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("integration_tests/**/*.md")]
NAMES = {stream.stream_name() for stream in STREAMS}
SCOPES = {
    ancestor.scopes[1]: ancestor.scopes[0]
    for ancestor in with_parents(STREAMS)
    if issubclass(ancestor, ZoomStream)
}
ERRORS = {
    name
    for name, kind in vars(exceptions).items()
    if isinstance(kind, type) and issubclass(kind, exceptions.ZoomError)
}
LOGGED = ("info", "warning", "error", "critical")
# Functions that put a sentence into another: which of their arguments it is, and what is around it.
WRAPPERS = {"_warn": (0, "…: {}."), "_way": (1, "{} …")}
ANYTHING = "…"
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


class Module:
    """What stands in a module, and what its names stand for where they are used.

    `owners` says in which function a node is; `texts` holds what is assigned to a name in a function, or
    outside of all of them: None for what is no text, as for a parameter.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.nodes = list(ast.walk(tree))
        self.owners: dict[ast.AST, ast.AST] = {}
        self.texts: defaultdict[tuple[ast.AST | None, str], list[ast.expr | None]] = defaultdict(list)
        # Outer functions come before those in them.
        for function in (node for node in self.nodes if isinstance(node, ast.FunctionDef)):
            self.owners |= dict.fromkeys(ast.walk(function), function)
            for parameter in ast.walk(function.args):
                if isinstance(parameter, ast.arg):
                    self.texts[function, parameter.arg].append(None)
        for node in self.nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.texts[self.owners.get(node), name].append(value)

    def sentences(self) -> Iterator[str]:
        """The sentences that errors, warnings and refusals are made of, with … for what is filled in."""
        for node in self.nodes:
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments):
                    if name in WRAPPERS:
                        position, around = WRAPPERS[name]
                        yield from map(around.format, self.templates(arguments[position]))
                    elif name in {*ERRORS, *LOGGED} and arguments:
                        yield from self.templates(arguments[0])
                case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=False), said])):
                    yield from self.templates(said)
                case ast.Yield(value=ast.JoinedStr() as said):
                    yield from self.templates(said)

    def templates(self, text: ast.expr | None) -> list[str]:
        """What a text can be: several where it depends on a condition."""
        match text:
            case ast.Constant(value=str(value)):
                return [re.sub(r"\{\w+\}", ANYTHING, value)]
            case ast.JoinedStr(values=parts):
                return ["".join(chosen) for chosen in product(*map(self.templates, parts))]
            case ast.FormattedValue(value=value):
                return self.templates(value)
            case ast.IfExp(body=body, orelse=other):
                return self.templates(body) + self.templates(other)
            case ast.Name(id=name):
                assigned = self.texts.get((self.owners.get(text), name)) or self.texts.get((None, name), [])
                # What a name had been before may be part of what it becomes.
                texts = [None if value and _names(value, name) else value for value in assigned]
                found = [template for value in texts for template in self.templates(value)]
                return [ANYTHING] if ANYTHING in found else found or [ANYTHING]
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return ADVICE.get(name, [ANYTHING])
        return [ANYTHING]

    def advice(self) -> Iterator[tuple[str, list[str]]]:
        """The functions that return nothing but sentences, which others put behind theirs."""
        for function in (node for node in self.nodes if isinstance(node, ast.FunctionDef)):
            returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
            found = [template for value in returned for template in self.templates(value)]
            if found and all(template.endswith(".") and len(template) > 1 for template in found):
                yield function.name, found


def _names(text: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(text))


def modules() -> Iterator[Module]:
    for folder in (".", "api", "engine", "streams"):
        for path in sorted((ROOT / "source_zoom" / folder).glob("*.py")):
            yield Module(ast.parse(path.read_text()))


def is_one_of(sentence: str, message: str) -> bool:
    """Whether a message is what a sentence with … for anything can say, from its first word to its last."""
    return re.fullmatch(".+".join(map(re.escape, sentence.split("…"))), message) is not None


def judged() -> list[Rule]:
    """What an answer of Zoom's can be judged as: the table, and what no row of it matches."""
    found = list(RULES)
    for node in chain.from_iterable(module.nodes for module in MODULES):
        match node:
            case ast.Call(
                func=ast.Name(id="Verdict"),
                args=[ast.Attribute(attr=action), ast.Constant(value=str(reason)), *_],
            ):
                found.append(Rule(Action[action], reason))
    return found


ADVICE: dict[str, list[str]] = {}
MODULES = list(modules())
ADVICE |= dict(chain.from_iterable(module.advice() for module in MODULES))
SENTENCES = {
    sentence for module in MODULES for sentence in module.sentences() if re.search(r"\w{3}", sentence)
}
MESSAGES = [message for message, _ in table(section("Messages"))]
JUDGED = judged()
ENDING = {
    rule.reason
    for rule in JUDGED
    if MEANINGS[rule.action] in ("unread", "a later window", "the stream ends", "the label stops")
}


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.stream_name())
def test_each_stream_has_a_row(stream: type[ZoomStream]) -> None:
    row = next(row for row in table(section("Supported streams")) if row[0] == f"`{stream.stream_name()}`")
    assert row[2] == ", ".join(stream.key_fields())
    assert row[3] == (cursor_of(stream) or "none")
    assert row[5] == stream.rate_limit
    needed = {scope for scope in SCOPES if stream.missing_scopes(Permissions(SCOPES.keys() - {scope}))}
    # The one that nearly every stream needs stands in the head of the table.
    named, besides = set(re.findall(r"`(.+?)`", row[6])), set(Users.scopes[1:2])
    assert named - besides == needed - besides


def test_no_row_is_of_a_stream_that_is_none() -> None:
    rows = table(section("Supported streams"))
    assert [row[0].strip("`") for row in rows] == [stream.stream_name() for stream in STREAMS]


def test_each_config_field_has_a_row_with_its_default() -> None:
    rows = {name: row for row in table(section("Configuration")) for name in re.findall(r"`(\w+)`", row[0])}
    assert set(rows) == set(Config.model_fields)
    for model in (OAuthCredentials, ServerToServerCredentials):
        assert all(f"`{name}`" in rows["credentials"][1] for name in model.model_fields)
    for name, field in Config.model_fields.items():
        if field.default is PydanticUndefined:
            assert rows[name][2] == "required"
        elif field.default in (None, ""):
            assert "`" not in rows[name][2]
        else:
            assert rows[name][2] == f"`{str(field.default).lower()}`"


def test_the_flat_config_on_the_page_is_no_config_of_the_form_and_becomes_the_other() -> None:
    flat, nested = map(json.loads, re.findall(r"```json\n(.+?)```", section("Configuration"), re.DOTALL))
    spec = json.loads((ROOT / "source_zoom" / "spec.json").read_text())["connectionSpecification"]
    assert [Draft7Validator(spec).is_valid(config) for config in (flat, nested)] == [False, True]
    assert migrate(flat) == nested


def test_the_list_of_scopes_is_that_of_the_code() -> None:
    text = section("Scopes")
    assert re.findall(r"```\n(.+?)```", text, re.DOTALL)[0].split() == sorted(SCOPES)
    assert all(f"`{classic}`" in text for classic in SCOPES.values())


def test_the_scopes_of_each_way_to_past_occurrences_are_those_of_the_code() -> None:
    """One way is enough; a scope without which nothing is missed is behind an "and"."""
    past = [stream for stream in STREAMS if cursor_of(stream)]
    ways = [re.findall(r"`(.+?)`", scopes.partition("; and")[0]) for _, scopes in table(section("Scopes"))]
    without = Permissions({Users.scopes[1], *(stream.scopes[1] for stream in past)})
    missing = {scope for stream in past for scope in stream.missing_scopes(without)}
    assert {scope for way in ways for scope in way} == missing
    reports, *instances = ways
    for way in instances:
        granted = SCOPES.keys() - {*reports, *way}
        needing = {stream.stream_name() for stream in past if stream.missing_scopes(Permissions(granted))}
        kind = way[0].partition(":")[0]
        assert needing == {stream.stream_name() for stream in past if kind in stream.stream_name()}


@pytest.mark.parametrize("sentence", sorted(SENTENCES))
def test_each_sentence_is_among_the_messages(sentence: str) -> None:
    assert any(is_one_of(sentence, message) for message in MESSAGES)


@pytest.mark.parametrize("message", MESSAGES)
def test_each_message_is_in_the_code(message: str) -> None:
    assert MESSAGES.count(message) == 1
    assert any(is_one_of(sentence, message) for sentence in SENTENCES)
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
    state: Mapping[str, Any] = json.loads(re.findall(r"```json\n(.+?)```", section("State"), re.DOTALL)[0])
    return state


def test_the_state_is_one_that_the_connector_takes_and_writes() -> None:
    given = state_on_the_page()
    (name,) = {cursor_of(stream) for stream in STREAMS} & given.keys()
    today = date.fromisoformat(given["read_on"])
    span = Span(today, timedelta(days=2), oldest=months_before(today, REPORT_MONTHS))
    output = StateOutput(Queue(), InMemoryMessageRepository())
    cursor = DayCursor("any", name, given, span, Ways(REPORTS, INSTANCES), output)
    # Written only where they are so again.
    of_the_sync_before = {"refused": cursor.refused, "known": given["known"]}
    assert {**cursor.state, **of_the_sync_before} == given


def test_each_key_of_the_state_has_a_row() -> None:
    rows = [name for row in table(section("State")) for name in re.findall(r"`(.+?)`", row[0])]
    cursors = {cursor_of(stream) for stream in STREAMS if cursor_of(stream)}
    assert cursors <= set(rows)
    assert [name for name in rows if name not in cursors] == [
        name for name in state_on_the_page() if name not in cursors
    ]


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
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = [name for row in table(text) for name in re.findall(r"`(\w+)`", row[0])]
    assert len(rows) == len(set(rows))
    own = (attributes(ZoomStream) | attributes(ZoomSubstream)) - {"parent"}
    assert own <= set(rows)
    assert all(hasattr(ZoomSubstream, name) or name in own for name in rows)


def test_the_changelog_has_this_version() -> None:
    newest = table(section("Changelog"))[0]
    assert newest[0] == version("source-zoom")


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
