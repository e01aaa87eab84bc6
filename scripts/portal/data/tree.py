"""Trees of files, looked through as text: a release of ten thousand datasets has half a million files."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping


_CHUNK = 1 << 20


def list_tree(folder: Path, but: Collection[str] = ()) -> list[str]:
    """Return the names of all files below `folder`, relative to it with `/`, folder by folder in order.

    Folders below it whose names are among `but` are left out. There are none where there is no such folder.
    """
    return [name for name, _ in scan_tree(folder, but)]


def scan_tree(
    folder: Path, but: Collection[str] = (), hidden: tuple[str, ...] = ()
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield of all files below `folder` the name, as `list_tree` has it, and what the folder itself says of it.

    Files and folders whose own names begin with one of `hidden` are left out.
    """
    base = len(str(folder)) + 1
    waiting = _scan(str(folder))
    while waiting:
        entry = waiting.pop()
        if entry.name.startswith(hidden):
            continue
        name = entry.path[base:].replace(os.sep, "/")
        if not entry.is_dir():
            yield name, entry
        elif not entry.is_symlink() and name not in but:
            waiting += _scan(entry.path)


def _scan(folder: str) -> list[os.DirEntry[str]]:
    """Return what is in a folder, the first name last."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name, reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return []


def move_tree(folder: Path, target: Path) -> None:
    """Move all files below `folder` to the same place below `target`; there may be none.

    What `target` does not have yet is moved as a whole.
    """
    if not folder.exists():
        return
    target.mkdir(parents=True, exist_ok=True)
    with os.scandir(folder) as entries:
        for entry in entries:
            place = target / entry.name
            if entry.is_dir() and place.is_dir():
                move_tree(folder / entry.name, place)
            else:
                Path(entry.path).replace(place)


def link_file(file: Path, name: Path) -> None:
    """Give a file a second name; a copy where the file system knows no links.

    Raises FileExistsError where that is the name of a file already.
    """
    try:
        os.link(file, name)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(file, name)


def digest_file(path: Path | str) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    # As text: a path object costs as much as reading a small file does.
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_files(files: Iterable[str]) -> dict[int, bytes]:
    """Return the SHA-256 of files by inode."""
    return {os.stat(file).st_ino: bytes.fromhex(digest_file(file)) for file in files}  # noqa: PTH116 - as above


def find_digest(file: str, digests: Mapping[int, bytes], inode: int = 0) -> str:
    """Return the SHA-256 of a file; it is read only if its inode is not among those of which it is known.

    A folder may have other numbers for its files than they themselves: `inode` is that of `os.stat`.
    """
    known = digests.get(inode or os.stat(file).st_ino)  # noqa: PTH116 - as text: there are hundreds of thousands
    return known.hex() if known else digest_file(file)


def read_bytes(file: str) -> bytes:
    """Return what is in a file, read without a buffer or a path object: either costs as much as a small file."""
    with open(file, "rb", buffering=0) as raw:  # noqa: PTH123 - as said
        return raw.read()


def write_text(file: str, text: str) -> None:
    """Write a text to a file, as it is."""
    with open(file, "wb") as raw:  # noqa: PTH123 - as above
        raw.write(text.encode())


def have_same_bytes(one: str, other: str) -> bool:
    """Tell whether two files of the same size have the same bytes; they are read up to the first difference."""
    with open(one, "rb", buffering=0) as first, open(other, "rb", buffering=0) as second:  # noqa: PTH123 - as text
        while (chunk := first.read(_CHUNK)) == second.read(_CHUNK):
            if not chunk:
                return True
    return False


def join_files(path: Path, before: str, parts: Iterable[Path], between: str, behind: str) -> None:
    """Write a file of the bytes of others, one after the other: as a text all of them would be held in memory."""
    with path.open("wb") as file:
        file.write(before.encode())
        for number, part in enumerate(parts):
            file.write((between.encode() if number else b"") + part.read_bytes())
        file.write(behind.encode())


def read_lines(files: Iterable[Path]) -> Iterator[str]:
    """Yield the lines of all files, one after the other, without their ends."""
    for path in files:
        with path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                yield line.rstrip("\n")
