"""Addresses by content: `/data/by-hash/<sha256>/<file>` is that file or nothing, also when later releases have come.

The stable address of a file, `/data/<dataset>/<file>`, gives the newest release; who must get the same bytes again
cites this one. Both are names of one file on disk: that by content stands in a store, `build/by-hash/`, beside the
releases, to which each of them leads by a link. So a new release adds only what is new, and the file stays when its
last release is removed; the store is bounded, and beyond that the ledger alone knows what it had.
Distributions have both; what is published beside them, such as metadata and citations, has the stable one.
`/data/checksums.txt` lists every file as `sha256sum -c` reads it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from portal.data.tree import find_digest, link_file, scan_tree
from portal.files.precompression import GZIP_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from portal.files.distribution import Distribution

FOLDER = "by-hash"
CHECKSUMS = "checksums.txt"
# What files of removed releases may take in the store.
MOST_BYTES = 20_000_000_000
# From `releases/<id>/site/data/` to the build folder.
_UP = "../../../.."


def name_by_hash(sha256: str, name: str) -> str:
    """Return the address of a file by its content, below `/data/`; `name` may be a path."""
    return f"{FOLDER}/{sha256}/{PurePosixPath(name).name}"


def find_stored(root: Path, path: str) -> Path:
    """Return where the build folder `root` has a file that a visitor asks for as `data/by-hash/<sha256>/<file>`."""
    return root / PurePosixPath(path).relative_to("data")


def list_files(
    distributions: Mapping[str, Sequence[Distribution]], collections: Sequence[Distribution] = ()
) -> dict[str, str]:
    """Return the SHA-256 of every distribution by its path below `/data/`, sorted."""
    files = {f"{dataset}/{one.name}": one.sha256 for dataset, every in distributions.items() for one in every}
    return dict(sorted({**files, **{one.name: one.sha256 for one in collections}}.items()))


def write_checksums(files: Mapping[str, str], data: Path, digests: Mapping[int, bytes]) -> None:
    """Write `checksums.txt`, which `sha256sum -c` reads within `/data/`: `files`, and whatever else stands there.

    `digests` are the SHA-256 of some of the rest, by inode. Compressed twins are left out: who asks for a file gets its
    own bytes.
    """
    found = sorted(
        (name, files.get(name) or find_digest(entry.path, digests))
        for name, entry in scan_tree(data)
        if not name.endswith(GZIP_SUFFIX)
    )
    (data / CHECKSUMS).write_text("".join(f"{sha256}  {name}\n" for name, sha256 in found), "utf-8")


def store_files(files: Mapping[str, str], data: Path, root: Path) -> None:
    """Give every file below `data`, and its compressed twin, its name by content in the store of the build folder.

    What the store has under that name already, but for the same file on disk, is replaced in one step: nobody knows
    what became of it.
    """
    base, store = str(data), str(root / FOLDER)
    for name, sha256 in files.items():
        place = f"{store}/{sha256}"
        for suffix in ("", GZIP_SUFFIX):
            file, stored = f"{base}/{name}{suffix}", f"{place}/{name.rpartition('/')[2]}{suffix}"
            if not _is_stored(file, stored):
                Path(place).mkdir(parents=True, exist_ok=True)
                _store(file, stored)


def _is_stored(file: str, stored: str) -> bool:
    """Tell whether there is nothing to do for a file: both names lead to it, or it is not there."""
    try:
        own = os.stat(file)  # noqa: PTH116 - as text: there are hundreds of thousands
    except FileNotFoundError:  # not every file has a twin
        return True
    try:
        return os.path.samestat(own, os.stat(stored))  # noqa: PTH116 - as above
    except FileNotFoundError:
        return False


def _store(file: str, stored: str) -> None:
    fresh = Path(f"{stored}.new")
    fresh.unlink(missing_ok=True)
    link_file(Path(file), fresh)
    fresh.replace(stored)


def lead_to_store(release: Path) -> None:
    """Let `/data/by-hash/` of a release in its final place lead to the store, if there is one."""
    data = release / "site" / "data"
    link = data / FOLDER
    if (data / _UP / FOLDER).is_dir() and not link.is_symlink():
        link.symlink_to(f"{_UP}/{FOLDER}")


def trim_store(root: Path, most_bytes: int = MOST_BYTES) -> None:
    """Remove from the store what no release has any more, beyond a bound, what went first before the rest."""
    size = 0
    for _, entry, taken in sorted(_list_bygone(root / FOLDER), reverse=True):
        size += taken
        if size > most_bytes:
            shutil.rmtree(entry)


def _list_bygone(store: Path) -> Iterator[tuple[int, str, int]]:
    """Yield of every entry that only the store has when it went, its folder and its bytes."""
    if not store.is_dir():
        return
    with os.scandir(store) as entries:
        for entry in entries:
            files = [file.stat() for file in Path(entry.path).iterdir()]
            # A file that a release has too has two names; to lose one of them is the last change of its status.
            if all(file.st_nlink == 1 for file in files):
                went = max((file.st_ctime_ns for file in files), default=0)
                yield went, entry.path, sum(file.st_size for file in files)
