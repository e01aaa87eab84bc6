"""Inputs: everything that a release is made from, and whether the published one was made from it."""

from __future__ import annotations

import hashlib
import json
import os
import time
from typing import TYPE_CHECKING

from portal.data.tree import digest_file
from portal.releases.release import digest_inputs, list_inputs, read_record, read_withdrawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portal.releases.release import BuildFolder

# A change in any of these makes a new release.
INPUTS = (
    "datapackages",
    "site",
    "scripts/portal",
    "metadata.yml",
    "mkdocs.yml",
    "mkdocs.en.yml",
    "requirements.lock",
)


# In the build folder: the digest of the inputs, beside what the file system said of them when they were read.
NOTE = "inputs.json"
# A file that was written so shortly before it was looked at may be written again without looking any different: clocks
# of file systems are that coarse. (The same as git's "racy" entries.)
RACY_NS = 2_000_000_000


def digest_project(project: Path, read: Callable[[str], str] = digest_file) -> str:
    """Return the digest of all inputs of a release; `read` gives the SHA-256 of a file."""
    return digest_inputs(_list_roots(project), project, read)


def recall_digest(project: Path, folder: BuildFolder) -> str:
    """Return what `digest_project` returns, without reading what was read before and certainly did not change.

    A file is taken to be the same where name, size, inode and both times, that of its content and the one that nobody
    can set, are the same, and the times were past for two seconds when it was read.
    """
    now = time.time_ns()
    look, newest = _look_at_all(project)
    note = _read_note(folder)
    if note.get("look") == look:
        return note["inputs"]
    inputs = digest_project(project)
    if newest < now - RACY_NS and _look_at_all(project) == (look, newest):
        _write_note(folder, {"look": look, "inputs": inputs})
    return inputs


def is_current(project: Path, folder: BuildFolder) -> bool:
    """Tell whether the published release was made from exactly these inputs."""
    record = read_record(folder)
    return "inputs" in record and record["inputs"] == recall_digest(project, folder)


def is_withdrawn(project: Path, folder: BuildFolder) -> bool:
    """Tell whether an operator went back from a release that was made from exactly these inputs."""
    record = read_withdrawn(folder)
    return "inputs" in record and record["inputs"] == recall_digest(project, folder)


def _list_roots(project: Path) -> list[Path]:
    return [project / name for name in INPUTS if (project / name).exists()]


def look_at(status: os.stat_result) -> str:
    """Return what the file system says of a file: while that is the same, so are its bytes, unless it is new."""
    return f"{status.st_size} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"


def find_newest(status: os.stat_result) -> int:
    """Return the newest time of a file, in nanoseconds."""
    return max(status.st_mtime_ns, status.st_ctime_ns)


def _look_at_all(project: Path) -> tuple[str, int]:
    """Return a digest of what the file system says of all inputs, and the newest of their times in nanoseconds."""
    digest, newest = hashlib.sha256(str(project).encode()), 0
    for name, path in list_inputs(_list_roots(project), project):
        seen = os.stat(path)  # noqa: PTH116 - as text: there are tens of thousands
        digest.update(f"{name}\0{look_at(seen)}\0".encode())
        newest = max(newest, find_newest(seen))
    return digest.hexdigest(), newest


def _read_note(folder: BuildFolder) -> dict[str, str]:
    try:
        note = json.loads((folder.root / NOTE).read_text("utf-8"))
        return {"look": str(note["look"]), "inputs": str(note["inputs"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write_note(folder: BuildFolder, note: dict[str, str]) -> None:
    """Keep the note where there is a build folder that can be written; without it the inputs are read again."""
    fresh = folder.root / f".{NOTE}.new"
    try:
        fresh.write_text(json.dumps(note), "utf-8")
        fresh.replace(folder.root / NOTE)
    except OSError:
        fresh.unlink(missing_ok=True)
