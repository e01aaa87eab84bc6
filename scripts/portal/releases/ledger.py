"""The ledger: which files were ever published, and by which releases, so that an old download can still be recognised.

`build/ledger.json` goes on from release to release. Every release carries the ledger as it was when it was published,
as `/data/releases.json`; being history, it belongs to no manifest, and the same data still make the same release.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from portal.files.by_hash import CHECKSUMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LEDGER = "ledger.json"
PUBLISHED = "releases.json"
# releases: id and time of each publication, oldest first. files: by SHA-256, the path below /data/ and the places in
# `releases` of the first and of the last publication that has the file.
Ledger = dict[str, Any]
# What is put behind the name of a file that is saved a second time: ` (1)`, `-2`, ` - Copy`, ` - Bản sao`.
_ADDED = re.compile(r"(?: ?\([0-9]+\)|[-_ ][0-9]+| - (?:copy|bản sao))+(?=\.|\Z)")
_LEAST_LIKENESS = 0.85


def add_release(ledger: Ledger, record: Mapping[str, str], checksums: Mapping[str, str]) -> Ledger:
    """Return a ledger that knows one more publication; `checksums` are its files, SHA-256 by path."""
    files = {sha256: dict(one) for sha256, one in ledger.get("files", {}).items()}
    known: Ledger = {"releases": list(ledger.get("releases", [])), "files": files}
    entry = {"id": record["id"], "built_at": record["built_at"]}
    if not known["releases"] or known["releases"][-1]["id"] != entry["id"]:
        known["releases"].append(entry)
    place = len(known["releases"]) - 1
    for name, sha256 in checksums.items():
        one = known["files"].setdefault(sha256, {"file": name, "first": place, "last": place})
        one["last"] = place
    return known


@dataclass(frozen=True, slots=True)
class Publication:
    """Where a file was published: its path below `/data/`, and its first and last release."""

    file: str
    first: Mapping[str, str]
    last: Mapping[str, str]
    newest: bool


def find_publication(ledger: Ledger, sha256: str) -> Publication | None:
    """Return where a file of this SHA-256 was published; nothing where it never was."""
    one = ledger["files"].get(sha256)
    if not one:
        return None
    releases = ledger["releases"]
    return Publication(one["file"], releases[one["first"]], releases[one["last"]], one["last"] == len(releases) - 1)


def suggest_file(ledger: Ledger, name: str) -> str:
    """Return the published file that was probably saved as `name`; empty where none or more than one is like it.

    The suffix must be the same, and the rest too, but for what browsers and people add to it and a letter or two.
    """
    names: dict[str, set[str]] = {}
    for one in ledger["files"].values():
        names.setdefault(PurePosixPath(one["file"]).name.lower(), set()).add(one["file"])
    for held in (name.lower(), _ADDED.sub("", name.lower())):
        stem, _, suffix = held.partition(".")
        stems = [one.partition(".")[0] for one in names if one.partition(".")[2] == suffix]
        near = difflib.get_close_matches(stem, stems, n=1, cutoff=_LEAST_LIKENESS) if suffix else []
        if near:
            found = sorted(names[f"{near[0]}.{suffix}"])
            return found[0] if len(found) == 1 else ""
    return ""


def check_ledger(value: object) -> Ledger:
    """Return a ledger that was read as JSON. Raises ValueError where it is none."""
    if not isinstance(value, dict) or not isinstance(value.get("files"), dict) or not value.get("releases"):
        raise ValueError("không phải sổ công bố / not a ledger")
    return value


def read_checksums(text: str) -> dict[str, str]:
    """Return SHA-256 by path from what `sha256sum` writes."""
    pairs = (line.split("  ", 1) for line in text.splitlines() if line)
    return {name: sha256 for sha256, name in pairs}


def note_release(root: Path, release: Path, record: Mapping[str, str]) -> None:
    """Add a release to the ledger in the build folder `root`, and publish the ledger with it.

    A release without downloads has none. A ledger that cannot be read is begun anew.
    """
    data = release / "site" / "data"
    if not (data / CHECKSUMS).is_file():
        return
    checksums = read_checksums((data / CHECKSUMS).read_text("utf-8"))
    ledger = add_release(_read_ledger(root / LEDGER), record, checksums)
    text = json.dumps(ledger, ensure_ascii=False, separators=(",", ":")) + "\n"
    for path in (root / LEDGER, data / PUBLISHED):
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text, "utf-8")
        fresh.replace(path)


def _read_ledger(path: Path) -> Ledger:
    try:
        ledger = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return ledger if isinstance(ledger, dict) else {}
