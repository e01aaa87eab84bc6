"""Fixtures: the metadata of the real catalogue and of a tiny one, each written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from factory import REPOSITORY
from harvest import harvest, write_tiny

if TYPE_CHECKING:
    from harvest import Harvest


@pytest.fixture(scope="session")
def real_harvest(tmp_path_factory: pytest.TempPathFactory) -> Harvest:
    """Return the repository's own catalogue."""
    return harvest(REPOSITORY / "datapackages", tmp_path_factory.mktemp("harvest") / "site")


@pytest.fixture(scope="session")
def tiny_harvest(tmp_path_factory: pytest.TempPathFactory) -> Harvest:
    """Return a tiny catalogue with every oddity."""
    root = tmp_path_factory.mktemp("tiny-harvest")
    write_tiny(root / "packages")
    return harvest(root / "packages", root / "site")
