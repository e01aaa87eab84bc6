"""The published release, as far as it is known without reading it: what the build put there that nobody touched since.

The file system says when the content of a file was last written, and, in a time that nobody can set, when anything
about it last changed. A build notes when it was done: a file whose times are older is as the manifest says.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portal.data.tree import have_same_bytes, read_bytes, write_text
from portal.files.precompression import GZIP_SUFFIX, compress_files
from portal.releases.release import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portal.releases.release import BuildFolder

# In the build folder; without it every file is read.
NOTE = "untouched.json"
# Larger files are about all datasets, and new with each change.
_MOST_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Published:
    """The published release: its folder, whether there is one or not, and what the build that left it put there.

    `code` is the digest of what made it, `taken` are the keys of the build cache whose files it has. `sealed` is when
    its bytes were read for the manifest, `left` when the build touched it last, by the clock of the file system, in
    nanoseconds.
    """

    folder: Path
    code: str = ""
    taken: frozenset[str] = frozenset()
    sealed: int = 0
    left: int = 0

    def is_untouched(self, status: os.stat_result) -> bool:
        """Tell by the status of one of its files, or of the cache's, whether nobody touched it since the build."""
        # What was written in the very moment in which the build ended may have the same time.
        return status.st_ctime_ns < self.left and status.st_mtime_ns <= self.sealed

    def give(self, content: bytes, name: str, file: str, suffix: str) -> bool:
        """Give the published file `name` a second name, `file`, if its bytes are `content`; tell whether that was done.

        So is the one with that suffix, if there is one: nobody may have touched either.
        """
        published = f"{self.folder}/{name}"
        try:
            status = os.stat(published)  # noqa: PTH116 - as text: there are tens of thousands
            if status.st_size != len(content) or not self.is_untouched(status) or read_bytes(published) != content:
                return False
            os.link(published, file)
            if self.is_untouched(os.stat(published + suffix)):  # noqa: PTH116 - as above
                os.link(published + suffix, file + suffix)
        except OSError:  # one of them is not there, or the file system knows no links
            pass
        return os.path.lexists(file)

    def share(self, file: str, name: str, suffix: str) -> bool:
        """Give the published file `name`, and the one with that suffix that was made of it, a second name as `file`.

        Tell whether they have it: only if the bytes are those of `file`, which is there already, and nobody touched
        either. Raises OSError where the disk fails.
        """
        published = f"{self.folder}/{name}"
        try:
            own, *others = (os.stat(one) for one in (file, published, published + suffix))  # noqa: PTH116 - as text
        except FileNotFoundError:
            return False
        if os.path.samestat(own, others[0]) and os.path.lexists(file + suffix):  # `give` gave both
            return True
        fits = own.st_size == others[0].st_size <= _MOST_BYTES and all(map(self.is_untouched, others))
        if not fits or not have_same_bytes(file, published):
            return False
        try:
            os.link(published + suffix, file + suffix)
            os.link(published, fresh := f"{file}.new")
        except OSError:  # the file system knows no links
            return False
        Path(fresh).replace(file)
        return True


@dataclass(frozen=True, slots=True)
class Twins:
    """Gives files of a `site` their compressed twins; `published` is the release that the same code made, if any."""

    site: Path
    published: Published | None

    def write(self, file: str, text: str) -> None:
        """Write a file of the site, which is not there; take it and its twin from the release if it is the same.

        To make a file costs many times what it costs to read it. Raises OSError where the disk fails.
        """
        name = f"site{file.removeprefix(str(self.site))}"
        if not (self.published and self.published.give(text.encode(), name, file, GZIP_SUFFIX)):
            write_text(file, text)

    def compress(self, names: Sequence[str]) -> None:
        """Compress files of the site that have no twin, but take both from the release if the bytes are the same.

        Raises OSError where the disk fails.
        """
        if self.published:
            names = [one for one in names if not self.published.share(f"{self.site}/{one}", f"site/{one}", GZIP_SUFFIX)]
        compress_files(self.site, names)


def recall_published(folder: BuildFolder) -> Published:
    """Return what is known of the published release; nothing, where an operator published another one."""
    release = folder.current.resolve()
    try:
        note = json.loads((folder.root / NOTE).read_text("utf-8"))
        if note["release"] == release.name:
            sealed = (release / MANIFEST).stat().st_mtime_ns
            return Published(release, note["code"], frozenset(note["taken"]), sealed, int(note["left"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return Published(release)


def note_published(folder: BuildFolder, code: str, taken: Iterable[str]) -> None:
    """Note that a build by such `code` is done with what it published, if the disk has room for it.

    The release is published already: where there is no note, the next build reads its files, and that is all.
    """
    fresh = folder.root / f".{NOTE}.new"
    try:
        with fresh.open("w", encoding="utf-8") as file:
            left = fresh.stat().st_ctime_ns
            release = folder.current.resolve().name
            json.dump({"release": release, "code": code, "left": left, "taken": sorted(taken)}, file)
        fresh.replace(folder.root / NOTE)
    except OSError:
        fresh.unlink(missing_ok=True)
