"""Known files: the digests of inputs that were read before, by what the file system said of each of them then."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from portal.data.tree import digest_file
from portal.releases.inputs import RACY_NS, find_newest, look_at
from portal.work.build_cache import digest_parts

if TYPE_CHECKING:
    from portal.work.build_cache import BuildCache


class KnownFiles:
    """The SHA-256 of files; one that certainly did not change since it was read is not read again.

    `code` is the digest of the code that keeps them in the `cache`.
    """

    def __init__(self, cache: BuildCache, code: str) -> None:
        self._cache, self._key = cache, digest_parts(["files", code])
        self._known: dict[str, list[str]] = cache.recall(self._key) or {}
        self._asked: dict[str, list[str]] = {}

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file. Raises OSError where it cannot be read."""
        now = time.time_ns()
        status = os.stat(path)  # noqa: PTH116 - as text: there are tens of thousands
        look = look_at(status)
        known = self._known.get(path)
        if known is None or known[0] != look:
            known = [look, digest_file(path)]
            if find_newest(status) >= now - RACY_NS:  # it may change without looking any different
                return known[1]
            self._known[path] = known
        self._asked[path] = known
        return known[1]

    def keep(self) -> None:
        """Keep what was asked for until the next build. Raises OSError where the disk fails."""
        self._cache.remember(self._key, self._asked)
