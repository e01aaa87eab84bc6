"""Compression of the API's answers on their way; files of the site have their compressed form from the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

DOWNLOADS = "/data/"
_API = "/datasette/"
# A few per cent larger than with the slowest level, and ready in half the time.
_LEVEL = 6


def compress(app: ASGIApp) -> ASGIApp:
    """Return `app` with its answers under the API's prefix compressed for whoever asks for it."""
    compressing = GZipMiddleware(app, compresslevel=_LEVEL)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(_API):
            await compressing(scope, receive, _tell_forms_apart(send))
        else:
            await app(scope, receive, send)

    return answer


def _tell_forms_apart(send: Send) -> Send:
    """Return a `send` that says which bytes go out: caches keep both forms, and no range mixes them.

    The same answer compressed is other bytes, so its ETag is weak and parts of it are not offered
    (RFC 9110, sections 8.8.1 and 14.3); nginx does the same.
    """

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers["vary"] = "Accept-Encoding"
            if "content-encoding" in headers:
                del headers["accept-ranges"]
                if etag := headers.get("etag"):
                    headers["etag"] = f"W/{etag.removeprefix('W/')}"
            message["headers"] = headers.raw
        await send(message)

    return send_with_headers
