"""Addresses by content: `/data/by-hash/<sha256>/<file>` is that file or nothing, also when later releases have come.

The stable address of a file, `/data/<dataset>/<file>`, gives the newest release; who must get the same bytes again
cites this one. Both are names of one file on disk; when its last release is removed, `bygone` keeps the file.
Distributions have both; what is published beside them, such as metadata and citations, has the stable one.
`/data/checksums.txt` lists every file as `sha256sum -c` reads it.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from portal.data.tree import digest_file, link_file, list_tree
from portal.files.precompression import GZIP_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from portal.files.distribution import Distribution

FOLDER = "by-hash"
CHECKSUMS = "checksums.txt"


def name_by_hash(sha256: str, name: str) -> str:
    """Return the address of a file by its content, below `/data/`; `name` may be a path."""
    return f"{FOLDER}/{sha256}/{PurePosixPath(name).name}"


def find_bygone(root: Path, path: str) -> Path:
    """Return where a file that a visitor asks for as `data/by-hash/<sha256>/<file>` is kept without its release."""
    return root / PurePosixPath(path).relative_to("data")


def list_files(
    distributions: Mapping[str, Sequence[Distribution]], collections: Sequence[Distribution] = ()
) -> dict[str, str]:
    """Return the SHA-256 of every distribution by its path below `/data/`, sorted."""
    files = {f"{dataset}/{one.name}": one.sha256 for dataset, every in distributions.items() for one in every}
    return dict(sorted({**files, **{one.name: one.sha256 for one in collections}}.items()))


def write_checksums(files: Mapping[str, str], data: Path) -> None:
    """Write `checksums.txt`, which `sha256sum -c` reads within `/data/`: `files`, and whatever else stands there.

    Compressed twins are left out: who asks for a file gets its own bytes. Precondition: nothing has its address by
    content yet.
    """
    names = sorted(name for name in list_tree(data) if not name.endswith(GZIP_SUFFIX))
    lines = [f"{files.get(name) or digest_file(data / name)}  {name}\n" for name in names]
    (data / CHECKSUMS).write_text("".join(lines), "utf-8")


def link_by_hash(files: Mapping[str, str], data: Path) -> None:
    """Give every file, and its compressed twin where there is one, its address by content."""
    for name, sha256 in files.items():
        target = data / name_by_hash(sha256, name)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            link_file(data / name, target)
            packed = data / f"{name}{GZIP_SUFFIX}"
            if packed.exists():
                link_file(packed, target.with_name(f"{target.name}{GZIP_SUFFIX}"))
