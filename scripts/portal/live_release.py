"""The release that is being served, and the change to the next one while requests are under way."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portal.api.api import PortalDatasette, close_api, open_api, warm_up_api
from portal.api.api_gate import ApiGate
from portal.api.api_schema import read_schema
from portal.api.ckan_gate import open_ckan
from portal.api.query_lane import QueryLane
from portal.catalogues.ckan import FILE as CKAN_FILE
from portal.releases.release_check import (
    BrokenReleaseError,
    ReleaseStamp,
    check_published,
    check_release,
    read_object,
    stamp_file,
)
from portal.web.metrics import show_release
from portal.web.static_site import StaticSite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOOK_SECONDS = 1.0  # how often an idle server looks for a new release
REFUSED = (
    "Bản công bố mới %s không mở được (%s), vẫn phục vụ %s / The new release %s cannot be opened (%s), still serving %s"
)
_log = logging.getLogger(__name__)


class LiveRelease:
    """One release: its pages, its API, and the number of requests that are using them."""

    def __init__(self, stamp: ReleaseStamp) -> None:
        """Check and open the release; safe in any thread. Raises BrokenReleaseError."""
        folder = stamp.folder
        self.stamp = stamp
        self.id = check_release(folder)
        self.file_stamp = stamp_file(folder / "release.json")
        self.site = StaticSite(folder / "site", build=folder.parent.parent)
        metadata = read_object(folder / "datasette.json")
        self.ckan = open_ckan(folder / CKAN_FILE)
        self.lane = QueryLane(folder)
        self._datasette: PortalDatasette = open_api(folder / "opendata.db", metadata)
        self.api = ApiGate(self._datasette, read_schema(folder / "opendata.db", metadata), self.lane)
        self.users = 0
        self.retired = False

    async def warm_up(self) -> None:
        """Make the first request as fast as the next. Raises OSError where Datasette cannot read the file."""
        await warm_up_api(self._datasette)
        _spare_collector()

    async def close(self) -> None:
        """Give back threads and files; only for a release that no request uses."""
        await self.lane.stop()
        await close_api(self._datasette)


class ReleaseSwitch:
    """Hands each request one release, whole; opens a new one beside it, closes an old one after its last use.

    All methods run in the one thread of the event loop, so that counting needs no lock.
    """

    def __init__(self, published: Path) -> None:
        """Open what `published` points at. Raises PortalNotBuiltError where there is nothing, or something broken."""
        self.current = LiveRelease(check_published(published))
        show_release(self.current.id)
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
            show_release(release.id, old.id)
            old.retired = True
            self._close_if_done(old)
        finally:
            self._opening = None

    def _close_if_done(self, release: LiveRelease) -> None:
        if release.retired and not release.users:
            task = asyncio.create_task(release.close())
            self._closing.add(task)
            task.add_done_callback(self._forget)

    def _forget(self, closing: asyncio.Task[None]) -> None:
        self._closing.discard(closing)
        _spare_collector()


def _spare_collector() -> None:
    """Free what no release needs any more, and look no more at what stays.

    Python's collector of garbage would look at all of it now and then, and one request would wait for that.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


async def _open_warm(stamp: ReleaseStamp) -> LiveRelease:
    """Open a release beside the one that is serving, without making that one wait."""
    release = await asyncio.to_thread(LiveRelease, stamp)
    try:
        await release.warm_up()
    except BaseException:
        await release.close()
        raise
    return release
