"""The static site of one release: files, folder addresses, languages, how long a browser may keep them."""

from __future__ import annotations

import mimetypes
import re
import stat
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio.to_thread
from starlette.datastructures import Headers, QueryParams
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from portal.asset import ASSETS, digest_asset

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from starlette.types import Scope

SITE_METHODS = ("GET", "HEAD")
SHORT_CACHE = "public, max-age=60, must-revalidate"  # a correction is seen within a minute
LONG_CACHE = "public, max-age=31536000, immutable"  # a hash in the name: another content is another file
# /assets/javascripts/bundle.79ae519e.min.js, /en/assets/…; a date of eight digits is not a hash.
_HASHED_ASSET = re.compile(r"(?:/en)?/assets/.*\.(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,64}\.[^/]+", re.IGNORECASE)
NOT_FOUND = "Không tìm thấy trang này. / This page was not found.\n"
WRONG_METHOD = "Chỉ nhận {methods}. / Only {methods}.\n"

# Whatever the tables of the machine say; Starlette adds the character set to text.
MEDIA_TYPES: Mapping[str, str] = {
    ".csv": "text/csv",
    ".css": "text/css",
    ".geojson": "application/geo+json",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".parquet": "application/vnd.apache.parquet",
    ".svg": "image/svg+xml",
    ".ttl": "text/turtle",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
}
_PYTHON_TYPES = mimetypes.MimeTypes()


def name_media_type(name: str) -> str:
    """Return the media type of a file name, without character set."""
    known = MEDIA_TYPES.get(PurePath(name).suffix.lower())
    return known or _PYTHON_TYPES.guess_type(name)[0] or "application/octet-stream"


def name_cache_control(address: str) -> str:
    """Return the Cache-Control of a file that was found at `address`."""
    return LONG_CACHE if _HASHED_ASSET.fullmatch(address) else SHORT_CACHE


def _choose_cache(scope: Scope, file: Path, status: os.stat_result) -> str:
    """Return the Cache-Control of a file: long also where the address names the version that the file really has.

    A page of the release before asks for another one: its answer must not be kept under that name.
    """
    if scope["path"].startswith(ASSETS):
        asked = QueryParams(scope["query_string"]).get("v")
        if asked and asked == _digest_asset(file, status.st_mtime_ns, status.st_size):
            return LONG_CACHE
    return name_cache_control(scope["path"])


@lru_cache(maxsize=256)
def _digest_asset(file: Path, _changed: int, _size: int) -> str:
    return digest_asset(file)


def refuse_method(methods: tuple[str, ...]) -> Response:
    """Return the answer to a method that is not among `methods`."""
    allowed = ", ".join(methods)
    return PlainTextResponse(WRONG_METHOD.format(methods=allowed), 405, {"Allow": allowed})


class StaticSite(StaticFiles):
    """Starlette's static files (ETag, Last-Modified, ranges, nothing outside the folder) with our addresses.

    `/x` of a folder leads to `/x/` on the host that was asked, `/x/` of a file is not found, and an address
    that is not found gets the page of its language.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one request; `path` is relative and normal."""
        if scope["method"] not in SITE_METHODS:
            return refuse_method(SITE_METHODS)
        index = str(PurePath(path, "index.html"))
        file, status = await self._find(index if scope["path"].endswith("/") else path)
        if status and stat.S_ISREG(status.st_mode):
            return self.file_response(file, status, scope)
        if status and (await self._find(index))[1]:
            return _redirect_to_folder(path, scope)
        return await self._answer_not_found(scope)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Answer with a file, or with 304 where the visitor has it."""
        found = status_code == 200
        response = FileResponse(
            full_path,
            status_code=status_code,
            headers={"Cache-Control": _choose_cache(scope, Path(full_path), stat_result) if found else SHORT_CACHE},
            media_type=name_media_type(str(full_path)),
            stat_result=stat_result,
        )
        if found and self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response

    async def _answer_not_found(self, scope: Scope) -> Response:
        english = scope["path"] == "/en" or scope["path"].startswith("/en/")
        page, status = await self._find("en/404.html" if english else "404.html")
        if status is None:
            return PlainTextResponse(NOT_FOUND, 404)
        return self.file_response(page, status, scope, 404)

    async def _find(self, path: str) -> tuple[str, os.stat_result | None]:
        try:
            return await anyio.to_thread.run_sync(self.lookup_path, path)
        except OSError:  # a name too long, a file that may not be read: for a visitor it is not there
            return "", None


def _redirect_to_folder(path: str, scope: Scope) -> Response:
    """Lead to the same address with a slash, without naming a host."""
    query = scope["query_string"].decode("latin-1")
    return RedirectResponse(f"/{quote(PurePath(path).as_posix())}/" + (f"?{query}" if query else ""))
