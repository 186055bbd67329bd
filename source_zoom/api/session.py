"""The connections to Zoom, one pool for all streams, and answers that are parsed once."""

import json
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from airbyte_cdk.entrypoint import _is_private_url
from airbyte_cdk.utils import is_cloud_environment
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidURL

from source_zoom.config import is_private
from source_zoom.exceptions import ConfigError

MOST_BYTES, MOST_SECONDS, PIECE = 64 << 20, 600.0, 1 << 16
# Zoom's own hosts, and one or two where files lie.
MOST_POOLS = 4


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

    @property
    def is_text(self) -> bool:
        """Whether it holds a text; half a JSON is none."""
        return bool(self.text) and not self.is_html and "json" not in self.headers.get("Content-Type", "")

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


class _Adapter(HTTPAdapter):
    """Sends without what requests does anew each time: finding the pool of a host, and taking its cookies."""

    def __init__(self, connections: int) -> None:
        super().__init__(pool_connections=MOST_POOLS, pool_maxsize=connections)
        self._pools: dict[str, Any] = {}

    def get_connection_with_tls_context(self, request: Any, *of: Any, **settings: Any) -> Any:
        # Others may close while this one asks.
        origin, pools = _origin(request.url), self._pools
        pool = pools.get(origin) or super().get_connection_with_tls_context(request, *of, **settings)
        if len(pools) < MOST_POOLS:
            pools[origin] = pool
        return pool

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.headers, response.raw = resp.status, resp.headers, resp
        return response

    def close(self) -> None:
        # A pool closes its connections when nobody holds it any more.
        super().close()
        self._pools = {}


class ZoomSession:
    """The connections to Zoom, one pool for all streams; every request goes through `send`."""

    def __init__(self, connections: int, user_agent: str = "") -> None:
        self._session = requests.Session()
        if user_agent:
            self._session.headers["User-Agent"] = user_agent
        self._adapter = _Adapter(connections)
        self._environment = cache(self._read_environment)

    def request(self, url: str) -> requests.PreparedRequest:
        """A GET request with the headers that all requests have."""
        # The session would take more time to prepare a request, with the cookies and the .netrc that Zoom
        # does not want, than it takes to send one.
        request = requests.PreparedRequest()
        request.method, request.url = "GET", url
        request.headers = self._session.headers.copy()  # type: ignore[attr-defined]  # a CaseInsensitiveDict
        return request

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> Answer:
        """Send a request; a redirect is an answer. Raises what `Answer.of`, requests and urllib3 raise.

        Raises ConfigError where the config or the environment must be changed before anything can be sent.
        """
        url = str(request.url)
        if _is_internal(url):
            raise ConfigError(
                f"{urlsplit(url).hostname} belongs to a private network, and Airbyte Cloud asks public"
                " addresses only: correct api_url or token_url."
            )
        try:
            environment = self._environment(_origin(url))
        except ValueError as error:
            raise InvalidURL(str(error)) from None
        return Answer.of(self._adapter.send(request, timeout=timeout, **environment))

    def close(self) -> None:
        """Close the connections that nobody uses; a request that comes all the same opens one."""
        self._adapter.close()

    def _read_environment(self, url: str) -> Mapping[str, Any]:
        """The proxy and certificate settings that the environment has for an address."""
        settings = self._session.merge_environment_settings(url, {}, True, None, None)
        try:
            for proxy in settings["proxies"].values():
                self._adapter.proxy_headers(proxy)
        except ValueError:
            raise ConfigError(
                "The environment names a proxy whose address, name or password cannot be used: correct"
                " http_proxy, https_proxy or all_proxy."
            ) from None
        if isinstance(settings["verify"], str) and not _has_certificates(settings["verify"]):
            raise ConfigError(
                f"There are no certificates in {settings['verify']}: correct REQUESTS_CA_BUNDLE or"
                " CURL_CA_BUNDLE in the environment, or take it out."
            )
        return settings


def _origin(url: str) -> str:
    """An address up to its path: the same for all that can use the same connections."""
    return re.split("(?<=[^/:])[/?#]", url, maxsplit=1)[0]


def is_safe(url: str) -> bool:
    """Whether something may be sent to an address that Zoom gave."""
    try:
        return is_private(url) and not _is_internal(url)
    except ValueError:
        return False


def _is_internal(url: str) -> bool:
    """Whether an address lies in the network of Airbyte Cloud, where nobody's connector may look around.

    The CDK's own guard is in a method of requests' sessions, which would take more time than the sending.
    """
    if not is_cloud_environment():
        return False
    parts = urlsplit(url)
    try:
        return _is_private_url(parts.hostname or "", parts.port or 443)
    except (OSError, ValueError):
        # A name that is not found, or a port that is none, is told by those who send.
        return False


def _has_certificates(path: str) -> bool:
    """Whether a bundle, or a folder of certificates that are named by their hashes, holds any."""
    if Path(path).is_dir():
        return any(Path(path).glob("*.[0-9]"))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:
        return False
    return True
