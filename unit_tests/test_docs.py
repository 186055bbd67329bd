"""docs/zoom.md against the code: streams, config, scopes, and each sentence that a user may meet."""

import ast
import re
from pathlib import Path

import pytest

from source_zoom.config import Config, OAuthCredentials, ServerToServerCredentials
from source_zoom.errors import RULES, Action, Rule
from source_zoom.source import lineage
from source_zoom.streams import STREAMS
from source_zoom.streams.base import ZoomStream
from source_zoom.streams.past import OccurrenceStream

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "zoom.md").read_text()
NAMES = {stream.stream_name() for stream in STREAMS}
ERRORS = (
    *("ConfigError", "CredentialsRefused", "DailyLimitReached"),
    *("HostDown", "Refused", "ScopeMissing", "ZoomError"),
)


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def table(text: str) -> list[list[str]]:
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    assert rows
    return rows


def templates(*names: str) -> set[str]:
    """The sentences that the code makes errors, warnings and refusals of, with … for what is filled in."""
    found = set()
    for path in [*(ROOT / "source_zoom").glob("*.py"), *(ROOT / "source_zoom" / "streams").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[text, *_]) if (
                    name in names
                ):
                    found.add(template(text))
                case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=False), text])) if "False" in names:
                    found.add(template(text))
    return {sentence for sentence in found if re.search(r"\w{3}", sentence)}


def template(text: ast.expr) -> str:
    match text:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in parts)
    return ""


def begins(pattern: str, text: str) -> bool:
    """Whether a text begins as a pattern with … for anything says."""
    return re.match(".+".join(map(re.escape, pattern.strip(" .…").split("…"))), text) is not None


SENTENCES = templates(*ERRORS, "warning", "False")
MESSAGES = [row[0] for row in table(section("Troubleshooting").partition("\n### ")[0])[2:]]


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.stream_name())
def test_each_stream_has_a_row(stream: type[ZoomStream]) -> None:
    row = next(row for row in table(section("Streams")) if row[0] == f"`{stream.stream_name()}`")
    assert row[2] == ", ".join(stream.key_fields())
    assert row[3] == (stream.cursor_field if issubclass(stream, OccurrenceStream) else "none")
    assert row[5:] == [stream.rate_limit, f"`{stream.scopes[1]}`"]


def test_no_row_is_of_a_stream_that_is_none() -> None:
    header, line, *rows = table(section("Streams"))
    assert {row[0].strip("`") for row in rows} == NAMES
    assert header[0] == "stream"
    assert line[0].startswith("-")


def test_each_config_field_has_a_row() -> None:
    text = section("Configuration")
    _, _, *rows = table(text)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row[0])} == set(Config.model_fields)
    for model in (OAuthCredentials, ServerToServerCredentials):
        assert all(f"`{name}`" in rows[0][1] for name in model.model_fields)
    defaults = {row[0].strip("`"): row[2].strip("`") for row in rows}
    for name in ("lookback_days", "rate_limit_plan", "rate_limit_share", "environment", "num_workers"):
        assert defaults[name] == str(Config.model_fields[name].default)


def test_the_list_of_scopes_is_that_of_the_code() -> None:
    listed = re.findall(r"```\n(.*?)```", section("Scopes"), re.DOTALL)[0].split()
    asking = [ancestor for ancestor in lineage(STREAMS) if issubclass(ancestor, ZoomStream)]
    assert listed == sorted({ancestor.scopes[1] for ancestor in asking})
    assert all(f"`{ancestor.scopes[0]}`" in section("Scopes") for ancestor in asking)


@pytest.mark.parametrize("sentence", sorted(SENTENCES))
def test_each_sentence_is_in_the_troubleshooting(sentence: str) -> None:
    assert any(begins(message, sentence) or begins(sentence, message) for message in MESSAGES)


@pytest.mark.parametrize("message", MESSAGES)
def test_each_message_in_the_troubleshooting_is_in_the_code(message: str) -> None:
    assert any(begins(message, sentence) or begins(sentence, message) for sentence in SENTENCES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.reason)
def test_each_reason_is_explained(rule: Rule) -> None:
    waited_for = (Action.RETRY, Action.REFRESH, Action.SLOW_DOWN, Action.RESTART)
    assert rule.action in waited_for or f"{rule.reason} |" in section("Troubleshooting")


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "docs/zoom.md", "docs/pyairbyte.md", "docs/tap-zoom.md"]
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("https://")]
    for link in links:
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


def anchors(text: str) -> set[str]:
    """How GitHub names the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
