"""Builds of catalogues of growing size: cost of a package, one row changed, nothing changed.

`PYTHONPATH=scripts python benchmarks/bench_scale.py 100 1000 10000` measures other sizes than `make bench` does.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil

from generate_catalog import Plan, generate_catalog
from measure import PROJECT, PYTHON

SIZES = (100, 300)
ROWS = 100
_SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Cost:
    """What a build took: wall seconds, seconds of work of all its processes, and their largest memory in MB.

    The memory is summed over processes, so that what they share counts once for each: no less than the truth.
    """

    seconds: float
    work: float
    peak_mb: int


def run(sizes: tuple[int, ...] = SIZES) -> None:
    """Print, for each size, a full build, one with a row changed, and one with nothing changed; then the growth."""
    shares: list[tuple[int, float]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder) / "project"
            generate_catalog(project, Plan(size, ROWS))
            full = measure_build(project)
            change_row(project / "datapackages" / "indicators" / f"invented_{size // 2:05}" / "data.csv")
            row = measure_build(project)
            time.sleep(2.1)  # until then the files might change without looking any different
            measure_build(project)
            nothing = measure_build(project)
        shares.append((size, full.work / size))
        print(
            f"{size} packages x {ROWS} rows: full build {full.seconds:.1f} s, {full.work:.1f} s of work, "
            f"{full.work / size * 1000:.0f} ms a package, peak {full.peak_mb} MB"
        )
        share = row.work / full.work
        print(f"  one row changed: {row.seconds:.1f} s, {row.work:.1f} s of work, {share:.3f} of the full build")
        print(f"  nothing changed: {nothing.seconds:.2f} s, {nothing.work:.2f} s of work")
    for (small, before), (large, after) in pairwise(shares):
        print(f"cost of a package, {large} against {small}: {after / before:.2f}")


def measure_build(project: Path) -> Cost:
    """Build `project` into itself; raise CalledProcessError where that fails."""
    command = [PYTHON, "scripts/build_portal.py", "--project", str(project), "--quiet"]
    start = time.perf_counter()
    process = psutil.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    work: dict[int, float] = {}
    peak = 0
    while process.poll() is None:
        memory = 0
        for one in _list_family(process):
            try:
                times = one.cpu_times()
                work[one.pid] = times.user + times.system
                memory += one.memory_info().rss
            except psutil.Error:
                continue
        peak = max(peak, memory)
        time.sleep(_SAMPLE_SECONDS)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=process.stderr.read())
    return Cost(time.perf_counter() - start, sum(work.values()), peak >> 20)


def _list_family(process: psutil.Popen) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def change_row(path: Path) -> None:
    """Change the first figure of seven digits, in value and print."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    value, printed = header.index("value"), header.index("as_stated")
    row = next(one for one in rows if len(one[value]) == 7)
    row[value] = "1234567" if row[value] != "1234567" else "7654321"
    row[printed] = f"{int(row[value]):,}".replace(",", ".")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    run(tuple(map(int, sys.argv[1:])) or SIZES)
