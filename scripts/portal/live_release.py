"""The release that is being served, and the change to the next one while requests are under way."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.api import PortalDatasette, close_api, open_api, warm_up_api
from portal.static_site import StaticSite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOOK_SECONDS = 1.0  # how often an idle server looks for a new release
REFUSED = (
    "Bản công bố mới %s không mở được (%s), vẫn phục vụ %s / The new release %s cannot be opened (%s), still serving %s"
)
_log = logging.getLogger(__name__)


class BrokenReleaseError(Exception):
    """A release that cannot be served; the message names the file and what is wrong with it."""


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


class LiveRelease:
    """One release: its pages, its API, and the number of requests that are using them."""

    def __init__(self, stamp: ReleaseStamp) -> None:
        """Check and open the release; safe in any thread. Raises BrokenReleaseError."""
        folder = stamp.folder
        self.stamp = stamp
        self.id = _read_id(folder / "release.json")
        _check_database(folder / "opendata.db")
        if not (folder / "site").is_dir():
            raise BrokenReleaseError("site: không có / missing")
        self.site = StaticSite(folder / "site")
        self.api: PortalDatasette = open_api(folder / "opendata.db", _read_object(folder / "datasette.json"))
        self.users = 0
        self.retired = False

    async def warm_up(self) -> None:
        """Make the first request as fast as the next. Raises OSError where Datasette cannot read the file."""
        await warm_up_api(self.api)

    async def close(self) -> None:
        """Give back threads and files; only for a release that no request uses."""
        await close_api(self.api)


class ReleaseSwitch:
    """Hands each request one release, whole; opens a new one beside it, closes an old one after its last use.

    All methods run in the one thread of the event loop, so that counting needs no lock.
    """

    def __init__(self, published: Path) -> None:
        """Open what `published` points at. Raises OSError or BrokenReleaseError."""
        self.current = LiveRelease(ReleaseStamp.read(published))
        self._published = published
        self._refused: ReleaseStamp | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @contextmanager
    def use(self) -> Iterator[LiveRelease]:
        """Look for a new release, then lend the open one for the time of one request."""
        self.look()
        release = self.current
        release.users += 1
        try:
            yield release
        finally:
            release.users -= 1
            self._close_if_done(release)

    def look(self) -> None:
        """Begin to open what is published now, unless it is open, being opened or known to be broken."""
        if self._opening:
            return
        try:
            stamp = ReleaseStamp.read(self._published)
        except OSError:  # nothing published at this moment: the open release serves on
            return
        if stamp not in (self.current.stamp, self._refused):
            self._opening = asyncio.create_task(self._change_to(stamp))

    async def watch(self) -> None:
        """Look every second, so that the first visitor after a quiet night does not get the old release."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """Close everything; for the end of the server, when no request is left."""
        if self._opening:
            await self._opening
        await asyncio.gather(*self._closing, self.current.close())

    async def _change_to(self, stamp: ReleaseStamp) -> None:
        try:
            release = await _open_warm(stamp)
        except Exception as error:  # noqa: BLE001  # whatever ails a new release, the open one must serve on
            self._refused = stamp
            reason = error if isinstance(error, BrokenReleaseError) else repr(error)
            _log.error(REFUSED, *(stamp.folder.name, reason, self.current.id) * 2)
        else:
            old, self.current, self._refused = self.current, release, None
            old.retired = True
            self._close_if_done(old)
        finally:
            self._opening = None

    def _close_if_done(self, release: LiveRelease) -> None:
        if release.retired and not release.users:
            task = asyncio.create_task(release.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def _open_warm(stamp: ReleaseStamp) -> LiveRelease:
    """Open a release beside the one that is serving, without making that one wait."""
    release = await asyncio.to_thread(LiveRelease, stamp)
    try:
        await release.warm_up()
    except BaseException:
        await release.close()
        raise
    return release


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BrokenReleaseError(f"{path.name}: {error}") from error
    if not isinstance(value, dict):
        raise BrokenReleaseError(f"{path.name}: không phải đối tượng JSON / not a JSON object")
    return value


def _read_id(path: Path) -> str:
    release_id = _read_object(path).get("id")
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
