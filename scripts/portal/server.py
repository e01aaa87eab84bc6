"""The server: one release at a time, its site at / and its Datasette under /datasette/, in one process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.websockets import WebSocketClose

from portal.api import API_PREFIX
from portal.compression import DOWNLOADS, compress
from portal.live_release import BrokenReleaseError, ReleaseSwitch
from portal.static_site import refuse_method

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# On every answer. A Content-Security-Policy belongs here.
SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
API_METHODS = ("GET", "HEAD", "OPTIONS")  # OPTIONS: a browser asks before a request from another site
# Pages made to stand in frames of other sites.
EMBEDS = ("/embed/", "/en/embed/")
BAD_ADDRESS = "Địa chỉ không hợp lệ. / Bad address.\n"
NOT_BUILT = "Chưa có bản công bố ở {path}. Hãy chạy: make build / No release is published at {path}. Run: make build"
BROKEN = (
    "Bản công bố ở {path} không mở được ({error}). Hãy chạy: make build / "
    "The release at {path} cannot be opened ({error}). Run: make build"
)


class PortalNotBuiltError(Exception):
    """There is no release to serve; the message says how to make one, in Vietnamese and English."""


def create_app(published: Path) -> ASGIApp:
    """Return the portal that serves the release `published` points at, now and after every switch.

    Raises PortalNotBuiltError where there is none, or a broken one.
    """
    try:
        switch = ReleaseSwitch(published)
    except OSError as error:
        raise PortalNotBuiltError(NOT_BUILT.format(path=published)) from error
    except BrokenReleaseError as error:
        raise PortalNotBuiltError(BROKEN.format(path=published, error=error)) from error
    return _guard(_route(switch))


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

    async def lead_to_api(request: Request) -> Response:
        query = request.url.query
        return RedirectResponse(API_PREFIX + (f"?{query}" if query else ""))

    async def answer_api(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in API_METHODS:
            await refuse_method(API_METHODS)(scope, receive, send)
            return
        with switch.use() as release:
            await release.api.client.app(scope, receive, send)

    async def answer_site(scope: Scope, receive: Receive, send: Send) -> None:
        with switch.use() as release:
            await compress(release.site)(scope, receive, send)

    routes = [
        Route("/health", report_health),
        Route(API_PREFIX.rstrip("/"), lead_to_api),
        Mount(API_PREFIX.rstrip("/"), answer_api),
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
        elif is_trick(scope["path"]):
            await PlainTextResponse(BAD_ADDRESS, 400)(scope, receive, _add_headers(scope, send))
        else:
            await app(scope, receive, _add_headers(scope, send))

    return guarded


def is_trick(path: str) -> bool:
    """Tell whether a decoded path could mean another host or another folder to whoever reads it next."""
    return not path.startswith("/") or path.startswith("//") or "\\" in path or "\0" in path or ".." in path.split("/")


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
            # Scripts of other sites may read these.
            if scope["path"].startswith(DOWNLOADS):
                headers["Access-Control-Allow-Origin"] = "*"
        await send(message)

    return send_with_headers
