"""Page tokens: opaque, bound to one request, dead after fifteen minutes, and remembered nowhere."""

import base64
import re
from collections.abc import Mapping
from hashlib import blake2b
from urllib.parse import urlencode

LIFETIME = 15 * 60
DEFAULT_SIZE = 30
LARGEST_SIZE = 300


def request_key(path: str, query: Mapping[str, str]) -> str:
    """A request without its place in the list: what a page token is bound to."""
    return f"{path}?{urlencode(sorted((k, v) for k, v in query.items() if k != 'next_page_token'))}".rstrip(
        "?"
    )


class PageTokens:
    """Tokens that carry their offset and the time of issue under a keyed digest."""

    def __init__(self, seed: int) -> None:
        self._secret = f"pages of world {seed}".encode()

    def issue(self, key: str, offset: int, now: float) -> str:
        body = f"{offset}.{int(now)}"
        return base64.urlsafe_b64encode(f"{body}.{self._seal(key, body)}".encode()).decode().rstrip("=")

    def offset(self, token: str, key: str, now: float) -> int | None:
        """Where the token's page starts, or None for a token that is forged, foreign or too old."""
        try:
            offset, issued, seal = (
                base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(".")
            )
            valid = seal == self._seal(key, f"{offset}.{issued}") and now - int(issued) <= LIFETIME
        except ValueError:
            return None
        return int(offset) if valid else None

    def _seal(self, key: str, body: str) -> str:
        return blake2b(f"{key} {body}".encode(), key=self._secret, digest_size=9).hexdigest()


_PLACE = re.compile(r"[?&](page_size|page_number|page)[=@](\d+)")


def page_number(url: str) -> int:
    """Which page of its list a request is for, where `page@offset` stands for its token."""
    place = {name: int(number) for name, number in _PLACE.findall(url)}
    if "page" in place:
        return place["page"] // min(place.get("page_size") or DEFAULT_SIZE, LARGEST_SIZE) + 1
    return place.get("page_number", 1)


def peek_offset(token: str) -> str:
    """The offset a token claims: it names the page in the journal, as tokens differ from run to run."""
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(".")[0]
    except ValueError:
        return "invalid"
