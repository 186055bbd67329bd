"""The simulator as an HTTP server."""

import asyncio
import socket
import struct
import threading
import zlib
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from . import truth
from .call import Redirect, Text
from .clock import Clock
from .errors import ZoomError
from .faults import Faults, Reply
from .ids import mix
from .journal import Entry, Journal
from .limits import RateLimits
from .oauth import OAuth, TokenError
from .paging import PageTokens, peek_offset, request_key
from .plans import Size
from .routes import API, GRANULAR_SCOPES, Route, answer, find_route
from .world import World

_AUTHORIZE = "/oauth/authorize"
_TOKEN = "/oauth/token"
_CONTROL = "/_simulator/"
_GZIP_FROM = 1024
_HTML = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
_TOO_FAST = {
    "code": 429,
    "message": "You have reached the maximum per-second rate limit for this API. Try again later.",
}
_FAULTY_ANSWERS: dict[str, tuple[int, Any]] = {
    "500": (500, {"code": 500, "message": "Internal server error."}),
    "502-html": (502, _HTML),
    "503": (503, {"code": 503, "message": "Service unavailable."}),
    "broken-json": (200, '{"page_size": 300, "meet'),
    "cut": (200, '{"page_size": 300, "next_page_token": "", "users": [{"id": "'),
    "429": (429, _TOO_FAST),
    "124": (401, {"code": 124, "message": "Access token is expired."}),
}


class Answer(NamedTuple):
    """What goes back: JSON, text when the body is a string, or whatever bytes it is."""

    status: int
    body: Any
    headers: Mapping[str, str] = {}
    route: str = "unknown"
    label: str = ""
    fault: str = ""
    id: str = ""


class Simulator:
    """A Zoom account at `url`, served by a thread of its own from `start` to `stop` or in a `with` block."""

    def __init__(
        self,
        seed: int = 1,
        size: Size | None = None,
        *,
        clock: Clock | None = None,
        plan: str = "business",
        daily_caps: Mapping[str, int] | None = None,
        limit_headers: bool = True,
        latency: float = 0.0,
        jitter: float = 0.0,
        scopes: Iterable[str] = GRANULAR_SCOPES,
        list_scopes: bool = True,
        token_lifetime: float = 3600,
        refresh_token: str | None = None,
        faults: Faults | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.world = World(seed, size, self.clock)
        self.faults = faults or Faults(seed)
        self.journal = journal or Journal()
        self.limits = RateLimits(plan, self.clock, daily_caps=daily_caps, send_headers=limit_headers)
        self.oauth = OAuth(
            self.clock, scopes, lifetime=token_lifetime, refresh_token=refresh_token, list_scopes=list_scopes
        )
        self.latency = latency
        self.jitter = jitter
        self._tokens = PageTokens(seed)
        self._port = 0
        self._served = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="zoom-simulator", daemon=True)
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        return self.url + API

    @property
    def token_url(self) -> str:
        return self.url + _TOKEN

    @property
    def facts(self) -> dict[str, str]:
        """What a client must know to get in."""
        return {
            "url": self.url,
            "api_url": self.api_url,
            "token_url": self.token_url,
            "client_id": self.oauth.client_id,
            "client_secret": self.oauth.client_secret,
            "account_id": self.oauth.account_id,
            "refresh_token": self.oauth.refresh_token,
        }

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise self._failure
        return self

    def stop(self) -> None:
        if self._thread.is_alive() and self._loop:
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._port = runner.addresses[0][1]
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._end.wait()
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query_text = request.raw_path.partition("?")
        query = dict(parse_qsl(query_text, keep_blank_values=True))
        if path.startswith(_CONTROL):
            return self._control(request, path.removeprefix(_CONTROL), query)
        self.journal.enter()
        try:
            key = request_key(path, query)
            token = query.get("next_page_token")
            url = f"{key}{'&' if '?' in key else '?'}page@{peek_offset(token)}" if token else key
            half = self._half_latency()
            if half:
                await asyncio.sleep(half)
            arrived = self.clock.timestamp()
            if path == _TOKEN:
                result = (await self._token(request, query))._replace(route="token", label="TOKEN")
            elif path == _AUTHORIZE:
                result = self._authorize(query)
            else:
                result = self._api(request, path, query, key, url)
            if result.fault == "slow":
                await asyncio.sleep(self.faults.slow_seconds)
            if half:
                await asyncio.sleep(half)
            self.journal.add(
                Entry(
                    request.method, request.raw_path, url, result.route, result.label,
                    result.status, result.fault, arrived, request.headers.get("User-Agent", ""),
                    request.headers.get("Accept-Encoding", ""), _port_of(request), result.id,
                )
            )  # fmt: skip
            if result.fault == "hang":
                await self._hang(request, _TOKEN if path == _TOKEN else url)
            return await self._send(request, result)
        finally:
            self.journal.leave()

    def _half_latency(self) -> float:
        self._served += 1
        if not self.latency:
            return 0.0
        swing = mix(self.world.seed, "latency", self._served) % 2001 / 1000 - 1
        return self.latency * (1 + self.jitter * swing) / 2

    def _authorize(self, query: Mapping[str, str]) -> Answer:
        try:
            location = self.oauth.authorize(query)
        except TokenError as error:
            return Answer(error.status, error.body, route="authorize")
        return Answer(302, "", {"Location": location}, "authorize")

    async def _token(self, request: web.BaseRequest, query: Mapping[str, str]) -> Answer:
        if request.method != "POST":
            return Answer(405, {"reason": "method not allowed", "error": "invalid_request"})
        fault = self.faults.always_for(_TOKEN) or self.faults.draw(_TOKEN, token=True)
        if fault and fault != "slow":
            return _faulty(fault)
        if reply := self.faults.reply_for(_TOKEN):
            return _aimed(reply)
        form = {**query, **dict(parse_qsl(await request.text()))}
        try:
            body = self.oauth.issue(request.headers.get("Authorization", ""), form, self.url)
        except TokenError as error:
            return Answer(error.status, error.body, fault=fault)
        return self._success(_TOKEN, body, fault)

    def _api(
        self, request: web.BaseRequest, path: str, query: Mapping[str, str], key: str, url: str
    ) -> Answer:
        found = find_route(path)
        if found is None:
            return Answer(404, {"code": -1, "message": f"the simulator has no route {request.method} {path}"})
        route, id_ = found
        if request.method == "GET":
            result = self._get(request, route, id_, query, key, url)
        else:
            result = Answer(405, {"code": 405, "message": "Method not allowed."})
        return result._replace(route=route.name, label=route.label, id=id_)

    def _get(
        self, request: web.BaseRequest, route: Route, id_: str, query: Mapping[str, str], key: str, url: str
    ) -> Answer:
        verdict = self.limits.check(route.label)
        if verdict.refusal:
            return Answer(429, {"code": 429, "message": verdict.refusal}, verdict.headers)
        authorization = request.headers.get("Authorization", "")
        fault = self.faults.always_for(url) or self._drawn(url, authorization)
        if fault and fault != "slow":
            if fault == "124":
                self.oauth.expire(authorization)
            return _faulty(fault)
        reply = self.faults.reply_for(url)
        if reply:
            result = _aimed(reply)
        else:
            try:
                self._admit(route, authorization)
                body = answer(self.world, self._tokens, route, id_, query, key, self.url)
                result = self._success(url, body, fault)
            except ZoomError as error:
                result = Answer(error.status, error.body, fault=fault)
        return result._replace(headers={**verdict.headers, **result.headers})

    def _drawn(self, url: str, authorization: str) -> str:
        fault = self.faults.draw(url)
        # A token that never did any work is not taken away, or a client could not get anywhere.
        return "" if fault == "124" and not self.oauth.was_used(authorization) else fault

    def _admit(self, route: Route, authorization: str) -> None:
        """Raise unless this token opens this route."""
        if route.open:
            return
        self.oauth.check_token(authorization)
        if accepted := (*route.granular_scopes, *route.classic_scopes):
            self.oauth.check_scopes(accepted)

    def _success(self, url: str, body: Any, fault: str) -> Answer:
        """A real answer, as a handler or the token endpoint gave it, after the changes aimed at it."""
        if isinstance(body, Text):
            return Answer(200, body.body, {"Content-Type": body.content_type}, fault=fault)
        if isinstance(body, Redirect):
            return Answer(302, "", {"Location": body.location}, fault=fault)
        body, is_changed = self.faults.changed(url, body)
        return Answer(200, body, fault=fault or ("change" if is_changed else ""))

    async def _send(self, request: web.BaseRequest, result: Answer) -> web.StreamResponse:
        if result.fault in ("reset", "hang"):
            return self._reset(request)
        text = isinstance(result.body, str)
        body = _bytes(result.body)
        html = text and result.status >= 400
        headers = {
            "Date": formatdate(self.clock.timestamp(), usegmt=True),
            "Content-Type": "text/html" if html else "application/json;charset=UTF-8",
            **result.headers,
        }
        if result.fault == "cut":
            return await self._cut(request, result.status, headers, body)
        is_raw = isinstance(result.body, bytes)
        if len(body) > _GZIP_FROM and not is_raw and "gzip" in request.headers.get("Accept-Encoding", ""):
            body = zlib.compress(body, 1, wbits=31)
            headers["Content-Encoding"] = "gzip"
        return web.Response(status=result.status, headers=headers, body=body)

    async def _hang(self, request: web.BaseRequest, url: str) -> None:
        """Wait until the client gives up or the aim is lifted; stopping ends the wait as well."""
        while self.faults.is_hanging(url) and request.transport and not request.transport.is_closing():
            await asyncio.sleep(0.02)

    def _reset(self, request: web.BaseRequest) -> web.Response:
        transport = request.transport
        if transport is not None:
            # Closing without lingering makes the system send RST instead of an orderly end.
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        return web.Response()

    async def _cut(
        self, request: web.BaseRequest, status: int, headers: Mapping[str, str], body: bytes
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            status=status, headers={**headers, "Content-Length": str(len(body) * 2)}
        )
        await response.prepare(request)
        await response.write(body)
        if request.transport is not None:
            request.transport.close()
        return response

    def _control(self, request: web.BaseRequest, command: str, query: Mapping[str, str]) -> web.Response:
        """Orders from outside the process; see the README for what they take."""
        streams = query["streams"].split(",") if "streams" in query else truth.STREAMS
        match request.method, command:
            case "GET", "journal":
                answer_: Any = self.journal.summary()
            case "POST", "journal/reset":
                self.journal.reset()
                answer_ = {}
            case "GET", "least":
                answer_ = truth.least_counts(self.world, streams)
            case "GET", "bound":
                answer_ = {"seconds": truth.bound(self.world, self.limits.per_second, streams)}
            case "GET", "rows":
                answer_ = {stream: sum(1 for _ in truth.rows(self.world, stream)) for stream in streams}
            case _:
                return web.Response(status=404, text=f"no such order: {request.method} {command}")
        return web.Response(body=orjson.dumps(answer_), content_type="application/json")


def _bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else orjson.dumps(body)


def _faulty(fault: str) -> Answer:
    status, body = _FAULTY_ANSWERS.get(fault, (0, ""))
    return Answer(status, body, fault=fault)


def _aimed(reply: Reply) -> Answer:
    if reply.status is None:
        return Answer(0, "", fault="hang")
    return Answer(reply.status, reply.body, reply.headers, fault="reply")


def _port_of(request: web.BaseRequest) -> int:
    peer = request.transport and request.transport.get_extra_info("peername")
    return peer[1] if peer else 0
