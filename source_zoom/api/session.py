"""The connections to Zoom, one pool for all streams, and answers that are parsed once."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter

MOST_BYTES, MOST_SECONDS, PIECE = 64 << 20, 600.0, 1 << 16


class TooMuch(Exception):
    """An answer that is larger, or takes longer, than any of Zoom's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of Zoom's, or of something on the way.

    status   HTTP's
    headers  found whatever their case
    body     the JSON in it, parsed; None where there is none
    text     what came instead of JSON, as bytes
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    text: bytes = b""

    @property
    def fields(self) -> Mapping[str, Any]:
        """The body where it is an object, else nothing."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def is_html(self) -> bool:
        return "html" in self.headers.get("Content-Type", "") or self.text.lstrip()[:1] == b"<"

    @classmethod
    def of(cls, response: requests.Response) -> "Answer":
        """Read a response to its end, so that its connection is free again, and parse it.

        Raises TooMuch where it has no end in reasonable size or time, and what requests and urllib3 raise.
        """
        content = _content(response)
        body, text = None, content
        # A text for a person, whatever it says, is no JSON of Zoom's.
        if not response.headers.get("Content-Type", "").startswith("text/vtt"):
            try:
                body, text = parsed(content), b""
            except ValueError:
                body = None
        return cls(response.status_code, response.headers, body, text)


def _content(response: requests.Response) -> bytes:
    """The body, unpacked, piece by piece as it comes: what is packed well or drips could go on for ever."""
    began = time.monotonic()
    pieces: list[bytes] = []
    size = 0
    while piece := response.raw.read1(PIECE, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES or time.monotonic() - began > MOST_SECONDS:
            response.close()
            raise TooMuch
    return b"".join(pieces)


def parsed(content: bytes) -> Any:
    """The JSON in a body. Raises ValueError where there is none."""
    try:
        return orjson.loads(content)
    except ValueError:
        # Half of a character that takes two, as when a text is cut off, is no JSON to orjson.
        try:
            lenient = json.loads(content.decode("utf-8-sig", "replace"))
            return orjson.loads(json.dumps(lenient, ensure_ascii=False).encode("utf-8", "replace"))
        except RecursionError:
            raise ValueError("nested too deep") from None


def whole_number(value: object, most_digits: int = 18) -> int | None:
    """A number that may come as text; None where it is none, or has more digits than any of Zoom's."""
    text = str(value) if isinstance(value, str | int) else ""
    is_number = text.isascii() and text.isdecimal() and len(text) <= most_digits
    return int(text) if is_number else None


def make_session(connections: int, user_agent: str = "") -> requests.Session:
    """One session for all streams, with a pooled connection for every worker."""
    session = requests.Session()
    if user_agent:
        session.headers["User-Agent"] = user_agent
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
