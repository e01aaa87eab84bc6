"""The real catalogue, built and served once for all tests that ask it over HTTP as a developer does."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from factory import REPOSITORY
from shared import share

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def served_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the real catalogue; return the folder `build/` of it."""
    return share(tmp_path_factory, "portal", build_catalogue) / "build"


def build_catalogue(folder: Path) -> None:
    """Build the real catalogue into `folder/build`."""
    command = [sys.executable, str(REPOSITORY / "scripts/build_portal.py"), "--build", str(folder / "build")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def served_address(served_build: Path) -> Iterator[str]:
    """Serve it as `make serve` does; give its address without a slash at the end."""
    command = [sys.executable, str(REPOSITORY / "scripts/serve_portal.py"), "--build", str(served_build), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert address, f"the server said no address: {line!r}"
        yield address[0]
    finally:
        server.terminate()
        assert server.wait(10) == 0
