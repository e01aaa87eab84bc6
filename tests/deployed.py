"""A small real release behind the shipped nginx and two replicas, for tests that only read."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from factory import TODAY, make_project, write_indicator, write_references
from front import Front, Replica, copy_build, run_front, run_replicas
from portal.build import build_portal
from portal.releases.release import BuildFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = 400
LARGE_BYTES = 20_000_000  # more than the kernel takes from nginx for a client that does not read
# The shipped patience, but for tests that wait for its end.
IMPATIENT = {
    "portal/clients.conf": {
        "client_header_timeout 10s;": "client_header_timeout 2s;",
        "send_timeout 20s;": "send_timeout 2s;",
    }
}


@dataclass(frozen=True, slots=True)
class Deployed:
    """Everything that stands on the machine of an operator."""

    release: Path
    replicas: list[Replica]
    front: Front
    rows: int = ROWS
    large_bytes: int = LARGE_BYTES


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a release of one dataset of many rows; return its folder."""
    project = make_project(tmp_path_factory.mktemp("deployed") / "project")
    write_references(project / "datapackages")
    rows = [{"period": f"{1950 + number // 12}-{number % 12 + 1:02}", "value": str(number)} for number in range(ROWS)]
    write_indicator(project / "datapackages", "fish", rows)
    folder = BuildFolder(project.parent / "build")
    result = build_portal(project, folder, TODAY, lambda _stage: None)
    assert result.release, [finding.render("en") for finding in result.findings]
    return folder.current.resolve()


@pytest.fixture(scope="module")
def deployed(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Run nginx and two replicas over a release that also has a hashed, a compressed and a large file."""
    folder = tmp_path_factory.mktemp("front")
    build = copy_build(release, folder / "build")
    site = build / "current" / "site"
    (site / "assets/portal.79ae519e.js").write_text("export {}", "utf-8")
    for name in ("index.html", "data/fish/fish.csv"):
        (site / f"{name}.gz").write_bytes(gzip.compress((site / name).read_bytes()))
    (site / "data/fish/plain.csv").write_text("a,b\n" + "1,2\n" * 1_000, "utf-8")
    with (site / "data/fish/large.csv").open("wb") as large:
        large.truncate(LARGE_BYTES)
    with (
        run_replicas(build, 2) as replicas,
        run_front(folder / "nginx", site, [one.port for one in replicas], IMPATIENT) as front,
    ):
        yield Deployed(release, replicas, front)


@pytest.fixture(scope="module")
def front(deployed: Deployed) -> Front:
    """Return the running nginx."""
    return deployed.front
