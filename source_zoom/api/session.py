"""The connections to Zoom, one pool for all streams, and answers that are parsed once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter


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
        """Read a response to its end, so that its connection is free again, and parse it."""
        content = response.raw.read(decode_content=True)
        body, text = None, content
        # A text for a person, whatever it says, is no JSON of Zoom's.
        if not response.headers.get("Content-Type", "").startswith("text/vtt"):
            try:
                body, text = parsed(content), b""
            except ValueError:
                body = None
        return cls(response.status_code, response.headers, body, text)


def parsed(content: bytes) -> Any:
    """The JSON in a body. Raises ValueError where there is none."""
    try:
        return orjson.loads(content)
    except ValueError:
        # Half of a character that takes two, as when a text is cut off, is no JSON to orjson.
        lenient = json.loads(content.decode("utf-8-sig", "replace"))
        return orjson.loads(json.dumps(lenient, ensure_ascii=False).encode("utf-8", "replace"))


def make_session(connections: int, user_agent: str = "") -> requests.Session:
    """One session for all streams, with a pooled connection for every worker."""
    session = requests.Session()
    if user_agent:
        session.headers["User-Agent"] = user_agent
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
