"""docs/zoom.md against the code: streams, config, scopes, and each sentence that a user may meet."""

import ast
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from integration_tests.harness import cursor_of
from source_zoom.api.errors import RULES, Action, Rule
from source_zoom.api.scopes import Permissions
from source_zoom.config import Config, OAuthCredentials, ServerToServerCredentials
from source_zoom.engine.stream import ZoomStream
from source_zoom.source import lineage
from source_zoom.streams import STREAMS
from source_zoom.streams.users import Users

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "zoom.md").read_text()
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("integration_tests/**/*.md")]
NAMES = {stream.stream_name() for stream in STREAMS}
SCOPES = {
    ancestor.scopes[1]: ancestor.scopes[0]
    for ancestor in lineage(STREAMS)
    if issubclass(ancestor, ZoomStream)
}
ERRORS = (
    *("ConfigError", "CredentialsRefused", "DailyLimitReached"),
    *("HostDown", "Refused", "ScopeMissing", "ZoomError"),
)
# Functions that put a sentence into another: which of their arguments it is, and what is around it.
WRAPPERS = {"_warn": (0, "…: {}."), "_way": (1, "{} …")}


def section(title: str) -> str:
    level = re.findall(rf"^(#+) {re.escape(title)}$", PAGE, re.MULTILINE)[0]
    rest = PAGE.partition(f"\n{level} {title}\n")[2]
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[list[str]]:
    """The rows of the first table, without its head."""
    lines = text[text.index("\n|") + 1 :].partition("\n\n")[0].splitlines()
    assert set(lines[1]) <= set("| -:")
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def modules() -> Iterator[list[ast.AST]]:
    for path in (
        path
        for folder in (".", "api", "engine", "streams")
        for path in (ROOT / "source_zoom" / folder).glob("*.py")
    ):
        yield list(ast.walk(ast.parse(path.read_text())))


def sentences() -> Iterator[str]:
    """The sentences that the code makes errors, warnings and refusals of, with … for what is filled in."""
    for nodes in modules():
        texts: dict[str, str] = {}
        for node in nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() | ast.JoinedStr() as text):
                    texts[name] = template(text, {})
        # Parts of sentences, such as the name of a resource, are filled in.
        texts = {name: text for name, text in texts.items() if text.endswith(".")}
        for node in nodes:
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments):
                    if name in WRAPPERS:
                        position, around = WRAPPERS[name]
                        yield around.format(template(arguments[position], texts))
                    elif name in (*ERRORS, "warning") and arguments:
                        yield template(arguments[0], texts)
                case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=False), said])):
                    yield template(said, texts)


def template(text: ast.expr, texts: Mapping[str, str]) -> str:
    match text:
        case ast.Constant(value=str(value)):
            return re.sub(r"\{\w+\}", "…", value)
        case ast.JoinedStr(values=parts):
            return "".join(template(part, texts) for part in parts)
        case ast.FormattedValue(value=value):
            return template(value, texts)
        case ast.Name(id=name):
            return texts.get(name, "…")
    return "…"


def is_one_of(sentence: str, message: str) -> bool:
    """Whether a message is what a sentence with … for anything can say, from its first word to its last."""
    return re.fullmatch(".+".join(map(re.escape, sentence.split("…"))), message) is not None


def judged() -> list[Rule]:
    """What an answer of Zoom's can be judged as: the table, and what no row of it matches."""
    found = list(RULES)
    for node in chain.from_iterable(modules()):
        match node:
            case ast.Call(
                func=ast.Name(id="Verdict"),
                args=[ast.Attribute(attr=action), ast.Constant(value=str(reason)), status, *_],
            ):
                number = status.value if isinstance(status, ast.Constant) else None
                found.append(Rule(Action[action], reason, status=number or None))  # type: ignore[arg-type]
    return found


SENTENCES = {sentence for sentence in sentences() if re.search(r"\w{3}", sentence)}
MESSAGES = [message for message, _ in table(section("Messages"))]
JUDGED = judged()
SKIPPED = {rule.reason for rule in JUDGED if rule.action in (Action.SKIP, Action.BLOCKED)}
ENDING = {
    rule.reason
    for rule in JUDGED
    if rule.action in (Action.SCOPE, Action.REFUSED, Action.STOP_LABEL, Action.FAIL)
}


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.stream_name())
def test_each_stream_has_a_row(stream: type[ZoomStream]) -> None:
    row = next(row for row in table(section("Supported streams")) if row[0] == f"`{stream.stream_name()}`")
    assert row[2] == ", ".join(stream.key_fields())
    assert row[3] == (cursor_of(stream) or "none")
    assert row[5] == stream.rate_limit
    needed = {scope for scope in SCOPES if stream.missing_scopes(Permissions(SCOPES.keys() - {scope}))}
    named = set(re.findall(r"`(.+?)`", row[6]))
    assert named | set(Users.scopes[1:2]) == needed


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


def test_what_is_skipped_is_in_the_table_and_nothing_else() -> None:
    rows = table(section("What an error of Zoom means"))
    assert {reason for _, reason in rows} == SKIPPED
    for answer, reason in rows:
        rules = [rule for rule in JUDGED if rule.reason == reason]
        assert set(re.findall(r"\b\d{3,}\b", answer)) == {str(rule.code or rule.status) for rule in rules}
        patterns, quoted = {rule.message for rule in rules}, re.findall(r'"(.+?)"', answer) or [""]
        assert all(any(re.search(pattern, words, re.IGNORECASE) for words in quoted) for pattern in patterns)
        assert all(any(re.search(pattern, words, re.IGNORECASE) for pattern in patterns) for words in quoted)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.code], ids=lambda rule: rule.reason)
def test_each_code_is_explained(rule: Rule) -> None:
    assert rule.action is Action.RESTART or str(rule.code) in section("What an error of Zoom means")


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
