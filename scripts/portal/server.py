"""The server: one release at a time, its site at / and its Datasette under /datasette/, in one process."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.websockets import WebSocketClose

from portal.api.api import API_PREFIX
from portal.live_release import ReleaseSwitch
from portal.web.api_error import PROBLEM_TYPE, ApiError
from portal.web.metrics import answer_metrics, measure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from portal.live_release import LiveRelease

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors "
)
# On every answer.
SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": f"{_POLICY}'self'",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
METHODS = "GET, HEAD, OPTIONS"
# What a browser asks before a script of another site may ask: the same everywhere but below /api/, which takes POST.
PREFLIGHT: Mapping[str, str] = {
    "Allow": METHODS,
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
    "Cache-Control": "no-store",
}
# As hosts are written; anything else would stand in links to the next page.
_HOST = re.compile(rb"[\w.:\[\]~%-]{0,255}", re.ASCII)
# A backslash, control characters, and the sign that stands where bytes were no UTF-8.
_UNREADABLE = re.compile(r"[\\\0-\x1f\x7f\ufffd]")
# What scripts of other sites may read beside what they always may.
EXPOSED_HEADERS = "Link, ETag, Content-Disposition, Content-Range, X-Release, X-Truncated, Retry-After"
# Pages made to stand in frames of other sites.
EMBEDS = ("/embed/", "/en/embed/")


def create_app(published: Path) -> ASGIApp:
    """Return the portal that serves the release `published` points at, now and after every switch.

    Raises PortalNotBuiltError where there is none, or a broken one.
    """
    return measure(_guard(_route(ReleaseSwitch(published))))


def _route(switch: ReleaseSwitch) -> Starlette:
    """Return the application that knows which part answers which address."""

    @asynccontextmanager
    async def live(_app: Starlette) -> AsyncIterator[None]:
        await switch.current.warm_up()
        watcher = asyncio.create_task(switch.watch())
        yield
        watcher.cancel()
        await switch.close()

    async def report_health(_request: Request) -> Response:
        with switch.use() as release:
            return JSONResponse({"status": "ok", "release": release.id}, headers={"Cache-Control": "no-store"})

    async def lead_to_folder(request: Request) -> Response:
        query = request.url.query
        return RedirectResponse(f"{request.scope['path']}/" + (f"?{query}" if query else ""))

    async def report_metrics(_request: Request) -> Response:
        return answer_metrics()

    async def answer_api(scope: Scope, receive: Receive, send: Send) -> None:
        with switch.use() as release:
            await release.api(scope, receive, _name_release(release, send))

    async def answer_ckan(scope: Scope, receive: Receive, send: Send) -> None:
        with switch.use() as release:
            await release.ckan(scope, receive, _name_release(release, send))

    async def answer_site(scope: Scope, receive: Receive, send: Send) -> None:
        with switch.use() as release:
            await release.site(scope, receive, _name_release(release, send))

    routes = [
        Route("/health", report_health),
        Route("/metrics", report_metrics),
        Route(API_PREFIX.rstrip("/"), lead_to_folder),
        Route("/api", lead_to_folder),
        Mount(API_PREFIX.rstrip("/"), answer_api),
        Mount("/api", answer_ckan),
        Mount("/", answer_site),
    ]
    return Starlette(routes=routes, lifespan=live)


def _guard(app: ASGIApp) -> ASGIApp:
    """Stand before `app`: refuse addresses that are tricks, put the headers on every answer."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        elif scope["type"] != "http":
            await app(scope, receive, send)
        elif is_trick(scope["path"]) or not _HOST.fullmatch(dict(scope["headers"]).get(b"host", b"")):
            await _refuse(ApiError("bad-address"))(scope, receive, _add_headers(scope, send))
        elif scope["method"] == "OPTIONS" and not scope["path"].startswith("/api/"):
            await Response(None, 204, PREFLIGHT)(scope, receive, _add_headers(scope, send))
        else:
            await app(scope, receive, _add_headers(scope, send))

    return guarded


def _refuse(error: ApiError) -> Response:
    """Return what a proxy in front says as well."""
    return JSONResponse(error.write_body(), error.status, {"Cache-Control": "no-store"}, PROBLEM_TYPE)


def is_trick(path: str) -> bool:
    """Tell whether a decoded path could mean another host or another folder to whoever reads it next."""
    return (
        not path.startswith("/")
        or "//" in path
        or _UNREADABLE.search(path) is not None
        or any(part.partition(";")[0] == ".." for part in path.split("/"))  # some servers cut from `;` on
    )


def _name_release(release: LiveRelease, send: Send) -> Send:
    """Return a `send` that says which release answered: to whoever cites a figure by its id, to nginx by its stamp."""

    async def send_with_name(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Release"], headers["X-Release-Stamp"] = release.id, release.file_stamp
        await send(message)

    return send_with_name


def _add_headers(scope: Scope, send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            # Datasette writes its names in capitals, against ASGI: they would not be recognised.
            message["headers"] = [(name.lower(), value) for name, value in message.get("headers", ())]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if scope["path"].startswith(EMBEDS):
                del headers["X-Frame-Options"]
                headers["Content-Security-Policy"] = f"{_POLICY}*"
            # Everything here is public and for reading: scripts of other sites may.
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        await send(message)

    return send_with_headers
