"""Bygone files: what earlier releases published, kept under its address by content after they are gone.

`build/by-hash/<sha256>/<file>` has what stood in `/data/by-hash/` of releases that were removed; replicas answer from
it. It is bounded: beyond MOST_BYTES the files that went first are removed, and the ledger alone knows them still.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from portal.data.tree import link_file
from portal.files.by_hash import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOST_BYTES = 20_000_000_000


def keep_files(root: Path, releases: Iterable[Path], most_bytes: int = MOST_BYTES) -> None:
    """Give the files by content of releases that will be removed a second name in the build folder `root`.

    A build killed here leaves whole files only: each gets its name in one step, and the releases are still there.
    """
    for release in releases:
        for file in sorted((release / "site" / "data" / FOLDER).glob("*/*")):
            kept = root / FOLDER / file.parent.name / file.name
            if not kept.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                fresh = kept.with_name(f".{kept.name}.new")
                fresh.unlink(missing_ok=True)
                link_file(file, fresh)
                fresh.replace(kept)
            os.utime(kept.parent)  # when it went
    _trim(root / FOLDER, most_bytes)


def _trim(folder: Path, most_bytes: int) -> None:
    """Remove what went first until the rest is within bounds."""
    if not folder.is_dir():
        return
    entries = sorted(folder.iterdir(), key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    size = 0
    for entry in entries:
        size += sum(file.stat().st_size for file in entry.iterdir())
        if size > most_bytes:
            shutil.rmtree(entry)
