"""The build of the real catalogue by stage, and its check beside frictionless alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

from measure import PROJECT, PYTHON, median_run, run_process

_FRICTIONLESS = """
import sys, frictionless
for path in sys.argv[1:]:
    assert frictionless.Package(path).validate().valid, path
"""


def run() -> None:
    """Print the full build by stage, a build with nothing changed, and the ratio of the check to its peer."""
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder) / "build"
        command = [PYTHON, "scripts/build_portal.py", "--build", str(build)]
        full = run_process([*command, "--force"])
        print(full.output.rstrip())
        print(f"full build: {full.seconds:.2f} s, peak {full.peak_mb} MB")
        unchanged = median_run(command)
        ratio = unchanged.seconds / full.seconds
        print(f"nothing changed: {unchanged.seconds:.2f} s, {ratio:.3f} of the full build")
    descriptors = sorted(map(str, PROJECT.glob("datapackages/*/*/datapackage.json")))
    ours = median_run([PYTHON, "scripts/validate_packages.py"])
    peer = median_run([PYTHON, "-c", _FRICTIONLESS, *descriptors])
    print(
        f"check of {len(descriptors)} packages: {ours.seconds:.2f} s, {ours.peak_mb} MB; "
        f"frictionless alone {peer.seconds:.2f} s, {peer.peak_mb} MB; ratio {ours.seconds / peer.seconds:.2f}"
    )
