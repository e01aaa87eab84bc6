"""Whether what `build/current` points at can be served: looked at before a server starts, and at every change."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.catalogues.ckan import FILE as CKAN_FILE

if TYPE_CHECKING:
    from pathlib import Path

NOT_BUILT = "Chưa có bản công bố ở {path}. Hãy chạy: make build / No release is published at {path}. Run: make build"
BROKEN = (
    "Bản công bố ở {path} không mở được ({error}). Hãy chạy: make build / "
    "The release at {path} cannot be opened ({error}). Run: make build"
)


class BrokenReleaseError(Exception):
    """A release that cannot be served; the message names the file and what is wrong with it."""


class PortalNotBuiltError(Exception):
    """There is no release to serve; the message says how to make one, in Vietnamese and English."""


@dataclass(frozen=True, slots=True)
class ReleaseStamp:
    """What `build/current` means at one moment; another folder, or a folder made anew, is another stamp."""

    folder: Path
    device: int
    inode: int
    changed_ns: int

    @classmethod
    def read(cls, published: Path) -> ReleaseStamp:
        """Follow the symlink `published`. Raises OSError where it leads nowhere."""
        folder = published.resolve(strict=True)
        status = folder.stat()
        return cls(folder, status.st_dev, status.st_ino, status.st_mtime_ns)


def check_published(published: Path) -> ReleaseStamp:
    """Return the stamp of the release that `published` points at; raise PortalNotBuiltError where it cannot serve."""
    try:
        stamp = ReleaseStamp.read(published)
    except OSError as error:
        raise PortalNotBuiltError(NOT_BUILT.format(path=published)) from error
    try:
        check_release(stamp.folder)
    except BrokenReleaseError as error:
        raise PortalNotBuiltError(BROKEN.format(path=published, error=error)) from error
    return stamp


def check_release(folder: Path) -> str:
    """Return the id of a release that is whole; raise BrokenReleaseError with the file and what is wrong with it."""
    release_id = _read_id(folder / "release.json")
    _check_database(folder / "opendata.db")
    read_object(folder / "datasette.json")
    if (folder / CKAN_FILE).exists():  # releases before 0.1.0 was complete have none
        read_object(folder / CKAN_FILE)
    if not (folder / "site").is_dir():
        raise BrokenReleaseError("site: không có / missing")
    return release_id


def stamp_file(path: Path) -> str:
    """Return time and size of a file as nginx writes them into an ETag: by them it knows which release is published."""
    status = path.stat()
    return f'"{int(status.st_mtime):x}-{status.st_size:x}"'


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object. Raises BrokenReleaseError."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BrokenReleaseError(f"{path.name}: {error}") from error
    if not isinstance(value, dict):
        raise BrokenReleaseError(f"{path.name}: không phải đối tượng JSON / not a JSON object")
    return value


def _read_id(path: Path) -> str:
    release_id = read_object(path).get("id")
    if not isinstance(release_id, str):
        raise BrokenReleaseError(f"{path.name}: không có id / no id")
    return release_id


def _check_database(path: Path) -> None:
    """Read the file once through (0.2 s for 100 MB): half a copy must not replace a whole release."""
    if not path.is_file():
        raise BrokenReleaseError(f"{path.name}: không có / missing")
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise BrokenReleaseError(f"{path.name}: {error}") from error
    if answer != "ok":
        raise BrokenReleaseError(f"{path.name}: {' '.join(answer.split())}")  # SQLite's report has several lines
