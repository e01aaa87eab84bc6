"""Assets: scripts and style sheets under an address that says which content they have, so that browsers keep them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ASSETS = "/assets/portal/"
_DIGITS = 16


def digest_asset(file: Path) -> str:
    """Return the version of an asset: a digest of its bytes."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:_DIGITS]


def name_asset(folder: Path, name: str) -> str:
    """Return the address of an asset that lies in `folder`: another content is another address."""
    return f"{ASSETS}{name}?v={digest_asset(folder / name)}"
