"""What one connection may take: time to ask, room for the head of a request, time to read, a share of all connections.

A proxy in front of the portal keeps such limits for its own clients; this server has them without one, too.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections import Counter
from functools import cache, lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.responses import JSONResponse

from portal.web.api_error import PROBLEM_TYPE, ApiError
from portal.web.whole_answers import WholeAnswersProtocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope, Send

REQUEST_SECONDS = 10.0  # from the first byte of a request, or from the connection, to its last byte
READ_SECONDS = 20.0  # in which a visitor must take what waits for it, some 50 KB
MOST_HEAD_BYTES = 128 << 10
MOST_CONNECTIONS = 100  # of one client and server process
MOST_CROWD = 1000  # connections or requests of one server process; what is asked beyond them gets 503
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_NETWORK_BITS = 64  # who has one address of IPv6 has all of its network


@lru_cache(maxsize=10_000)
def name_client(host: str) -> str:
    """Return who stands behind an address, for limits: an address of IPv4, or a network of 64 bits of IPv6."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a socket of this machine
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed[: _NETWORK_BITS // 8].ljust(16, b"\0"), _NETWORK_BITS)))


def is_of_this_machine(host: str) -> bool:
    """Tell whether all clients of a proxy may stand behind an address: that of this machine, or a socket's none."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


@cache
def write_refusal(code: str) -> bytes:
    """Return the whole answer to what is no request, so that no application ever sees it; `code` says why."""
    error = ApiError(code)
    body = json.dumps(error.write_body(), ensure_ascii=False).encode()
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\ncontent-type: {PROBLEM_TYPE}\r\n"
        f"content-length: {len(body)}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n"
        "access-control-allow-origin: *\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


def quote_target(request: bytes) -> bytes:
    """Return the beginning of a request with the bytes of its first line that are no ASCII written as %XX.

    curl and R send the letters of an address as they were typed (`?q=lúa`), which HTTP does not know.
    """
    line, end, rest = request.partition(b"\n")
    return _BEYOND_ASCII.sub(lambda sign: b"%%%02X" % sign[0][0], line) + end + rest


async def _refuse_crowd(scope: Scope, receive: Receive, send: Send) -> None:
    error = ApiError("crowded")
    headers = {"Cache-Control": "no-store", "Retry-After": "2", "Access-Control-Allow-Origin": "*"}
    await JSONResponse(error.write_body(), error.status, headers, PROBLEM_TYPE)(scope, receive, send)


class PatientProtocol(WholeAnswersProtocol):
    """uvicorn's protocol with an end to its patience."""

    _open: ClassVar[Counter[str]] = Counter()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._name = ""
        self._asking: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._between = True  # what comes next is the first line of a request

    def connection_made(self, transport: Any) -> None:
        """Begin a connection, unless its client has many."""
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        self._name = name_client(host)
        self._open[self._name] += 1
        if self._open[self._name] > MOST_CONNECTIONS and not is_of_this_machine(host):
            self.transport.abort()
        else:
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._stop_waiting()
        self.resume_writing()
        self._open[self._name] -= 1
        if not self._open[self._name]:
            del self._open[self._name]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, up to the longest head."""
        if self._asking:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse("head-too-long")
                return
        super().data_received(quote_target(data) if self._between and not data.isascii() else data)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's words, in English alone
        """Refuse what is no request."""
        self._refuse("no-request")

    def _refuse(self, code: str) -> None:
        self.transport.write(write_refusal(code))
        self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._between = False
        super().on_message_begin()
        self.scope["state"]["abort"] = self.transport.abort
        self._expect_request()

    def on_headers_complete(self) -> None:
        """Give a request to the application, unless too many are there: uvicorn would say so in English alone."""
        application = self.app
        if max(len(self.connections), len(self.tasks)) >= MOST_CROWD:
            self.app = _refuse_crowd
        super().on_headers_complete()
        self.app = application

    def on_message_complete(self) -> None:
        """Have the whole request."""
        self._between = True
        self._stop_waiting()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Wait for a visitor that reads slowly."""
        super().pause_writing()
        self._reading = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the visitor has read."""
        if self._reading:
            self._reading.cancel()
            self._reading = None
        super().resume_writing()

    def _expect_request(self) -> None:
        self._stop_waiting()
        self._head_bytes = 0
        self._asking = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._asking:
            self._asking.cancel()
            self._asking = None
