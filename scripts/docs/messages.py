"""The table of messages: the sentences of the sources, and what docs/messages.toml says is to be done."""

import re
import tomllib
from functools import cache
from pathlib import Path

from scripts.docs.markdown import table
from scripts.docs.sentences import ANYTHING, sentences

ADVICE = Path(__file__).parents[2] / "docs" / "messages.toml"
MISSING = "**Nobody has said yet what is to be done.**"


@cache
def advice() -> dict[str, str]:
    """What to do, by message, in the order of the page. Raises ValueError where one stands there twice."""
    rows = tomllib.loads(ADVICE.read_text())["message"]
    found = {row["says"]: row["do"] for row in rows}
    if len(found) < len(rows):
        raise ValueError(f"{ADVICE.name} has a message twice.")
    return found


def unexplained() -> list[str]:
    """The sentences about which nothing is said."""
    return sorted(one for one in sentences() if not any(is_one_of(one, message) for message in advice()))


def unsaid() -> list[str]:
    """The messages that no sentence of the sources can become."""
    return [message for message in advice() if not any(is_one_of(one, message) for one in sentences())]


def is_one_of(sentence: str, message: str) -> bool:
    """Whether a message is what a sentence with … for anything can say, from its first word to its last."""
    return re.fullmatch(".+".join(map(re.escape, sentence.split(ANYTHING))), message) is not None


def messages() -> str:
    gone = unsaid()
    known = [(message, what) for message, what in advice().items() if message not in gone]
    return table(["message", "what to do"], [*known, *((one, MISSING) for one in unexplained())])
