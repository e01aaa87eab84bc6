"""Inputs: everything that a release is made from, and whether the published one was made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.release import digest_inputs, read_record, read_withdrawn

if TYPE_CHECKING:
    from pathlib import Path

    from portal.release import BuildFolder

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


def digest_project(project: Path) -> str:
    """Return the digest of all inputs of a release."""
    return digest_inputs([project / name for name in INPUTS if (project / name).exists()], project)


def is_current(project: Path, folder: BuildFolder) -> bool:
    """Tell whether the published release was made from exactly these inputs."""
    return read_record(folder).get("inputs") == digest_project(project)


def is_withdrawn(project: Path, folder: BuildFolder) -> bool:
    """Tell whether an operator went back from a release that was made from exactly these inputs."""
    return read_withdrawn(folder).get("inputs") == digest_project(project)
