"""Answers of the API as values: taken from an application or a process, kept, compressed, sent."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers

from portal.web.api_error import ApiError
from portal.web.outbox import PiecewiseResponse
from portal.web.static_site import accepts_gzip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpx
    from starlette.types import ASGIApp, Message, Scope

CACHE_CONTROL = "public, max-age=60, must-revalidate"  # as long as a page of the site
KEPT_BYTES = 32 << 20
_LARGEST_KEPT = 1 << 20
_WORTH_COMPRESSING = 1000  # bytes
_COMPRESSED_IN_PLACE = 64 << 10  # bytes; more would keep other requests waiting
_GZIP_LEVEL = 6
# What Datasette says that is true of the answer, whoever asks.
_KEPT_HEADERS = ("content-type", "link", "location", "content-disposition", "x-truncated")


@dataclass(slots=True)
class Answer:
    """One whole answer; `compressed` is made when the first visitor asks for it."""

    status: int
    headers: dict[str, str]
    body: bytes
    etag: str = field(init=False)
    compressed: bytes | None = None

    def __post_init__(self) -> None:
        self.etag = hashlib.blake2b(self.body, digest_size=12).hexdigest()

    @property
    def size(self) -> int:
        """Return about how many bytes of memory the answer may come to hold, its compressed form included."""
        return len(self.body) * 5 // 4 + 1000

    async def respond(self, request: Headers) -> PiecewiseResponse:
        """Return the response for these request headers: 304, compressed or plain."""
        if self.status != 200:
            return PiecewiseResponse(self.body, self.status, {**self.headers, "cache-control": "no-store"})
        compressing = len(self.body) > _WORTH_COMPRESSING and accepts_gzip(request.get("accept-encoding", ""))
        # The same answer compressed is other bytes: another strong ETag (RFC 9110, section 8.8.3.3).
        etag = f'"{self.etag}-gzip"' if compressing else f'"{self.etag}"'
        headers = {**self.headers, "etag": etag, "cache-control": CACHE_CONTROL, "vary": "Accept-Encoding"}
        if _has(request.get("if-none-match", ""), etag):
            del headers["content-type"]
            return PiecewiseResponse(None, 304, headers)
        if compressing:
            headers["content-encoding"] = "gzip"
            return PiecewiseResponse(await self._compress(), 200, headers)
        return PiecewiseResponse(self.body, 200, headers)

    async def _compress(self) -> bytes:
        if self.compressed is None:
            if len(self.body) > _COMPRESSED_IN_PLACE:
                self.compressed = await asyncio.to_thread(_compress, self.body)
            else:
                self.compressed = _compress(self.body)
        return self.compressed


def _compress(body: bytes) -> bytes:
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def _has(field_value: str, etag: str) -> bool:
    """Tell whether If-None-Match names the ETag, weakly compared as RFC 9110, section 13.1.2, wants it."""
    return field_value.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in field_value.split(",")]


class AnswerCache:
    """The answers of one release that were asked for last, up to KEPT_BYTES: the file behind them never changes."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str | bytes, ...], Answer] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[str | bytes, ...]) -> Answer | None:
        """Return the kept answer, if there is one."""
        answer = self._answers.get(key)
        if answer:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: tuple[str | bytes, ...], answer: Answer) -> None:
        """Keep a good answer that is not too large; forget those that were not asked for longest."""
        if answer.status != 200 or answer.size > _LARGEST_KEPT or key in self._answers:
            return
        self._answers[key] = answer
        self._bytes += _measure(key, answer)
        while self._bytes > KEPT_BYTES:
            self._bytes -= _measure(*self._answers.popitem(last=False))


def _measure(key: tuple[str | bytes, ...], answer: Answer) -> int:
    return answer.size + sum(map(len, key))  # an address may be longer than its answer


async def call(app: ASGIApp, scope: Scope) -> Answer:
    """Ask an ASGI application for a GET of `scope`; return its whole answer."""
    status, headers, body = 500, Headers(), bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], Headers(raw=_lower(message["headers"]))
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    await app({**scope, "method": "GET"}, receive, send)
    return _make_answer(status, headers, body)


def forward(scope: Scope) -> dict[str, Any]:
    """Return the arguments with which httpx asks another process for a GET of `scope`."""
    asked, query = Headers(scope=scope), scope["query_string"].decode("ascii")
    return {
        "url": f"http://query{scope['path']}" + (f"?{query}" if query else ""),
        "headers": {
            "host": asked.get("host", "localhost"),
            "x-forwarded-proto": scope["scheme"],
            "accept-encoding": "identity",
        },
    }


async def read_response(response: httpx.Response, most_mb: int) -> Answer:
    """Read the answer of another process; raise ApiError where it is larger than `most_mb`."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body.extend(chunk)
        if len(body) > most_mb << 20:
            raise ApiError("too-large", limit=most_mb)
    return _make_answer(response.status_code, Headers(response.headers), body)


def _make_answer(status: int, headers: Mapping[str, str], body: bytearray) -> Answer:
    kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    return Answer(status, kept, bytes(body))


def _lower(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return headers with names in lower case; Datasette writes capitals, against ASGI."""
    return [(name.lower(), value) for name, value in headers]
