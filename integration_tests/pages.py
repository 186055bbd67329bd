"""What stands in the pages of the docs as code, for the tests that run it as their reader does."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    *(f"docs/{one.name}" for one in ROOT.glob("docs/*.md")),
)


class Block(NamedTuple):
    """A piece of code in a page, under the last heading before it."""

    page: str
    heading: str
    language: str
    text: str


def all_blocks() -> list[Block]:
    """Those of all pages, in order; what has no language is a drawing or a list, and no code."""
    return [block for page in PAGES for block in _blocks_of(page)]


def by_heading(page: str, language: str) -> dict[str, str]:
    """The texts of a page that has one under each heading."""
    return {one.heading: one.text for one in _blocks_of(page) if one.language == language}


def blocks(page: str, heading: str, language: str = "sh") -> list[str]:
    """The texts of those under one heading. Raises LookupError where there is none."""
    found = [one.text for one in _blocks_of(page) if (one.heading, one.language) == (heading, language)]
    if not found:
        raise LookupError(f"{page} has no {language} under {heading!r}.")
    return found


def _blocks_of(page: str) -> list[Block]:
    found, heading = [], ""
    pieces = re.finditer(
        r"^```(?P<language>\w*)\n(?P<text>.*?)^```$|^#+ (?P<heading>[^\n]+)$",
        (ROOT / page).read_text(),
        re.DOTALL | re.MULTILINE,
    )
    for piece in pieces:
        heading = piece["heading"] or heading
        if piece["language"]:
            found.append(Block(page, heading, piece["language"], piece["text"]))
    return found
