"""The connections to Zoom, one pool for all streams, and answers that are parsed once."""

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter

PIECE_BYTES = 2**20


class JsonResponse(requests.Response):
    """A response whose body is read in one piece, and parsed once, however often it is asked for."""

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        return super().iter_content(PIECE_BYTES, decode_unicode)

    @cached_property
    def body(self) -> Any:
        try:
            return orjson.loads(self.content)
        except ValueError:
            # Half of a character that takes two, as when a text is cut off, is no JSON to orjson.
            lenient = json.loads(self.content.decode("utf-8-sig", "replace"))
            return orjson.loads(json.dumps(lenient, ensure_ascii=False).encode("utf-8", "replace"))

    def json(self, **kwargs: Any) -> Any:
        """The parsed body; raises ValueError where it is not JSON."""
        return self.body


class _JsonAdapter(HTTPAdapter):
    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = super().build_response(req, resp)
        response.__class__ = JsonResponse
        return response


def make_session(connections: int, user_agent: str = "") -> requests.Session:
    """One session for all streams, with a pooled connection for every worker."""
    session = requests.Session()
    if user_agent:
        session.headers["User-Agent"] = user_agent
    adapter = _JsonAdapter(pool_connections=4, pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
