"""The API of a release as its pages are served: with the release's own templates and the portal's SQL functions."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from datasette.plugins import pm
from starlette.applications import Starlette
from starlette.routing import Mount

from portal.api import API_SETTINGS, PortalDatasette
from portal.api_pages import FOLDER
from portal.sql_functions import register
from portal.static_site import StaticSite

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Strict enough that nothing inline runs or shows.
POLICY = b"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"


class ApiSite(PortalDatasette):
    """Datasette over one release."""

    def _prepare_connection(self, connection: sqlite3.Connection, database: str) -> None:
        super()._prepare_connection(connection, database)
        register(connection)


def open_site(release: Path) -> ApiSite:
    """Return the API of the release in a folder."""
    pm.get_plugin("datasette.handle_exception").rich = None  # no tracebacks of errors that are asked for
    return ApiSite(
        immutables=[str(release / "opendata.db")],
        metadata=json.loads((release / "datasette.json").read_text("utf-8")),
        settings=dict(API_SETTINGS),
        template_dir=str(release / FOLDER),
        cors=True,
    )


@contextmanager
def serve_site(release: Path) -> Iterator[str]:
    """Serve the site and the API of a release under a strict policy; give the address without a slash at the end."""
    datasette = open_site(release)

    async def answer_api(scope: Scope, receive: Receive, send: Send) -> None:
        await datasette.client.app(scope, receive, send)

    app = Starlette(routes=[Mount("/datasette", answer_api), Mount("/", StaticSite(release / "site"))])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(_add_policy(app), log_level="error"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _add_policy(app: ASGIApp) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"content-security-policy", POLICY)]
            await send(message)

        await app(scope, receive, send_with_policy)

    return guarded
