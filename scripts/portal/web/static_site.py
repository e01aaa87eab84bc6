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

from portal.catalogues import feed
from portal.files.asset import ASSETS, digest_asset
from portal.files.by_hash import FOLDER as BY_HASH
from portal.files.by_hash import find_stored
from portal.files.precompression import COMPRESSIBLE, GZIP_SUFFIX

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from starlette.types import Scope

# Tables, archives and the database are saved under their own names; JSON, text and pictures are looked at in place.
_ATTACHED = re.compile(r"/data/(?:.*/)?(?P<name>[\w.-]+\.(?:csv|db|parquet|xlsx|zip))")
_BY_HASH = re.compile(rf"/data/{BY_HASH}/[0-9a-f]{{64}}/[^/]+")
SITE_METHODS = ("GET", "HEAD")
SHORT_CACHE = "public, max-age=60, must-revalidate"  # a correction is seen within a minute
LONG_CACHE = "public, max-age=31536000, immutable"  # a hash in the name: another content is another file
# /assets/javascripts/bundle.79ae519e.min.js, /en/assets/…; a date of eight digits is not a hash.
_HASHED_ASSET = re.compile(r"(?:/en)?/assets/.*\.(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,64}\.[^/]+", re.IGNORECASE)
# One part, its end not before its start. Whatever else a Range says is passed over and the whole file sent, as
# RFC 9110, section 14.2 allows; Starlette would answer 400, and every further part costs a seek.
_RANGE = re.compile(r"bytes=(?:(?P<first>[0-9]{1,18})-(?P<last>[0-9]{0,18})|-[0-9]{1,18})")
NOT_FOUND = "Không tìm thấy trang này. / This page was not found.\n"
NOT_KEPT = (
    "Cổng không có hoặc không còn giữ tệp này. /data/releases.json cho biết mã SHA-256 này từng công bố khi nào. / "
    "The portal has no such file, or keeps it no longer. /data/releases.json says when this SHA-256 was published.\n"
)
WRONG_METHOD = "Chỉ nhận {methods}. / Only {methods}.\n"

# Whatever the tables of the machine say; Starlette adds the character set to text.
MEDIA_TYPES: Mapping[str, str] = {
    ".bib": "application/x-bibtex",
    ".csv": "text/csv",
    ".db": "application/vnd.sqlite3",
    ".css": "text/css",
    ".geojson": "application/geo+json",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".parquet": "application/vnd.apache.parquet",
    ".ris": "application/x-research-info-systems",
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
# Files whose suffix says less than their name.
_TYPES_BY_NAME: Mapping[str, str] = {feed.NAME: feed.MEDIA_TYPE}
_PYTHON_TYPES = mimetypes.MimeTypes()


def name_media_type(name: str) -> str:
    """Return the media type of a file name, without character set."""
    path = PurePath(name)
    known = _TYPES_BY_NAME.get(path.name) or MEDIA_TYPES.get(path.suffix.lower())
    return known or _PYTHON_TYPES.guess_type(name)[0] or "application/octet-stream"


def name_cache_control(address: str) -> str:
    """Return the Cache-Control of a file that was found at `address`."""
    return LONG_CACHE if _HASHED_ASSET.fullmatch(address) or _BY_HASH.fullmatch(address) else SHORT_CACHE


def name_disposition(address: str) -> str:
    """Return the Content-Disposition of a file that was found at `address`; nothing where a browser shows it.

    The name is that of the file, which is that of the dataset: whoever gets it again gets it under the same name.
    """
    found = _ATTACHED.fullmatch(address)
    return f'attachment; filename="{found["name"]}"' if found else ""


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
    said = ", ".join(methods)
    return PlainTextResponse(WRONG_METHOD.format(methods=said), 405, {"Allow": f"{said}, OPTIONS"})


def accepts_gzip(accepted: str) -> bool:
    """Tell whether an Accept-Encoding takes gzip (RFC 9110, section 12.5.3)."""
    weights: dict[str, str] = {}
    for part in accepted.lower().split(","):
        coding, _, parameter = part.partition(";")
        weights[coding.strip()] = parameter.partition("=")[2].strip()
    weight = weights.get("gzip", weights.get("*", "0"))
    return not re.fullmatch(r"0(\.0*)?", weight)


def wants_part(method: str, wanted: str) -> bool:
    """Tell whether a Range asks for one part of a file that makes sense."""
    match = _RANGE.fullmatch(wanted.strip().lower())
    if match is None or method != "GET":
        return False
    return not match["last"] or int(match["first"]) <= int(match["last"])


def _read_headers(scope: Scope) -> Headers:
    """Return the headers of a request; a Range that is passed over is taken out of the request."""
    request = Headers(scope=scope)
    if not wants_part(scope["method"], request.get("range", "")):
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"range"]
    return Headers(scope=scope)


class StaticSite(StaticFiles):
    """Starlette's static files (ETag, Last-Modified, ranges, nothing outside the folder) with our addresses.

    `/x` of a folder leads to `/x/` on the host that was asked, `/x/` of a file is not found, and an address
    that is not found gets the page of its language. Of a file with a `.gz` beside it both forms are served, each
    with an ETag of its own; parts are always parts of the plain form, so that a broken download can go on.
    A file that is named by its content is taken from the store of the build folder, whichever release it is of.
    """

    def __init__(self, folder: Path, build: Path | None = None) -> None:
        super().__init__(directory=folder)
        self._build = build

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return where a file stands and its status; nothing and None where it is not there."""
        file, status = super().lookup_path(path)
        if status or self._build is None or not _BY_HASH.fullmatch(f"/{path}"):
            return file, status
        stored = find_stored(self._build, path)
        return (str(stored), stored.stat()) if stored.is_file() else ("", None)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one request; `path` is relative and normal."""
        if scope["method"] not in SITE_METHODS:
            return refuse_method(SITE_METHODS)
        index = str(PurePath(path, "index.html"))
        name = index if scope["path"].endswith("/") else path
        file, status = await self._find(name)
        if status and stat.S_ISREG(status.st_mode):
            return await self._answer_file(name, file, status, scope)
        if status and (await self._find(index))[1]:
            return _redirect_to_folder(path, scope)
        return await self._answer_not_found(scope)

    async def _answer_not_found(self, scope: Scope) -> Response:
        if _BY_HASH.fullmatch(scope["path"]):
            return PlainTextResponse(NOT_KEPT, 404, {"Cache-Control": SHORT_CACHE})
        english = scope["path"] == "/en" or scope["path"].startswith("/en/")
        name = "en/404.html" if english else "404.html"
        file, status = await self._find(name)
        if status is None:
            return PlainTextResponse(NOT_FOUND, 404)
        return await self._answer_file(name, file, status, scope, 404)

    async def _answer_file(
        self, name: str, file: str, status: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Answer with a file in the form that was asked for, or with 304 where the visitor has it."""
        request = _read_headers(scope)
        headers = {"Cache-Control": _choose_cache(scope, Path(file), status) if status_code == 200 else SHORT_CACHE}
        if status_code == 200 and (disposition := name_disposition(scope["path"])):
            headers["Content-Disposition"] = disposition
        packed, packed_status = await self._find_packed(name)
        if packed_status:
            headers["Vary"] = "Accept-Encoding"
            if accepts_gzip(request.get("accept-encoding", "")) and "range" not in request:
                file, status = packed, packed_status
                headers["Content-Encoding"] = "gzip"
        response = FileResponse(file, status_code, headers, name_media_type(name), stat_result=status)
        if "Content-Encoding" in headers:
            del response.headers["Accept-Ranges"]
        if status_code == 200 and self.is_not_modified(response.headers, request):
            return NotModifiedResponse(response.headers)
        return response

    async def _find_packed(self, name: str) -> tuple[str, os.stat_result | None]:
        return await self._find(name + GZIP_SUFFIX) if PurePath(name).suffix in COMPRESSIBLE else ("", None)

    async def _find(self, path: str) -> tuple[str, os.stat_result | None]:
        try:
            return await anyio.to_thread.run_sync(self.lookup_path, path)
        except OSError:  # a name too long, a file that may not be read: for a visitor it is not there
            return "", None


def _redirect_to_folder(path: str, scope: Scope) -> Response:
    """Lead to the same address with a slash, without naming a host."""
    query = scope["query_string"].decode("latin-1")
    return RedirectResponse(f"/{quote(PurePath(path).as_posix())}/" + (f"?{query}" if query else ""))
