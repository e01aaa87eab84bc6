"""What the tests share: how hypothesis runs, the tiny packages of `packages/`, and copies of them to spoil."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from factory import TODAY
from portal.checks.check import check_packages
from portal.data.descriptor import DESCRIPTOR, read_packages

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.data.finding import Finding
    from portal.data.package import Package

PACKAGES = Path(__file__).parent / "packages"

# The same examples on every machine, and no verdict from a clock.
settings.register_profile("portal", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("portal")


# What these wait for takes minutes: begun first, it is done while the other processes do all the rest.
FIRST = ("test_bad_pages.py", "test_build.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest."""
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))


@dataclass(frozen=True)
class Checker:
    """Checks a folder of packages, whose codes come from the folder itself and from `packages/valid/reference`."""

    references: tuple[Package, ...]

    def __call__(self, root: Path) -> list[Finding]:
        """Return what a command would report of all packages under `root`."""
        loaded = read_packages(root)
        own = {package.name for package in loaded.packages}
        known = [*loaded.packages, *(package for package in self.references if package.name not in own)]
        return sorted([*loaded.findings, *check_packages(loaded.packages, known, TODAY, loaded.unread)])


@dataclass(frozen=True)
class TinyPackage:
    """A copy of a valid package for a test to spoil."""

    folder: Path
    checker: Checker

    def describe(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the descriptor in place."""
        path = self.folder / DESCRIPTOR
        descriptor = json.loads(path.read_text("utf-8"))
        change(descriptor)
        path.write_text(json.dumps(descriptor, ensure_ascii=False, indent=2), "utf-8")

    def write(self, data: str | bytes) -> None:
        """Replace the data file."""
        (self.folder / "data.csv").write_bytes(data.encode() if isinstance(data, str) else data)

    def read(self) -> Package:
        """Return the package, which must hold."""
        return read_packages(self.folder.parent, (self.folder,)).packages[0]

    def check(self) -> list[Finding]:
        """Return what a check finds."""
        return self.checker(self.folder.parent)


@pytest.fixture(scope="session")
def check_folder() -> Checker:
    return Checker(read_packages(PACKAGES / "valid" / "reference").packages)


@pytest.fixture
def offices(tmp_path: Path, check_folder: Checker) -> TinyPackage:
    """Return a copy of the valid package of kind `table`."""
    return TinyPackage(
        Path(shutil.copytree(PACKAGES / "valid" / "tables" / "offices", tmp_path / "offices")), check_folder
    )


@pytest.fixture
def visitors(tmp_path: Path, check_folder: Checker) -> TinyPackage:
    """Return a copy of the valid indicator package."""
    folder = shutil.copytree(PACKAGES / "valid" / "indicators" / "visitors", tmp_path / "visitors")
    return TinyPackage(Path(folder), check_folder)
