"""Builds of catalogues of growing size: cost of a package, one row changed, nothing changed.

`PYTHONPATH=scripts python benchmarks/bench_scale.py 100 1000 10000` measures other sizes than `make bench` does, and
`--rows` other tables. A package of 100 rows takes 1 MB of a release and as much of what is kept: ten
thousand need tens of GB below `$TMPDIR`.
"""

from __future__ import annotations

import argparse
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
# To look at the memory of large processes takes tens of milliseconds, in which they stand still: the next look waits so
# many times as long.
_REST = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What a build took: wall seconds, seconds of work of all its processes, and their largest memory in MB.

    The memory is that of all processes together at one moment: of what several of them share each counts its part, as
    Linux tells it (proportional set size); elsewhere what they share counts once for each.
    """

    seconds: float
    work: float
    peak_mb: int


def run(sizes: tuple[int, ...] = SIZES, rows: int = ROWS) -> None:
    """Print a row for each size: a full build, one with a row changed, one with nothing changed; then the growth."""
    print(
        "| packages | full build: wall, work, a package | peak | one row changed: wall, share; work, share "
        "| nothing changed |"
    )
    print("|---|---|---|---|---|")
    shares: list[tuple[int, float]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder) / "project"
            generate_catalog(project, Plan(size, rows))
            full = measure_build(project)
            change_row(project / "datapackages" / "indicators" / f"invented_{size // 2:05}" / "data.csv")
            row = measure_build(project)
            time.sleep(2.1)  # until then the files might change without looking any different
            measure_build(project)
            nothing = measure_build(project)
        shares.append((size, full.work / size))
        print(
            f"| {size:,} x {rows:,} rows | {full.seconds:.0f} s, {full.work:.0f} s, {full.work / size * 1000:.0f} ms "
            f"| {max(full.peak_mb, row.peak_mb):,} MB | {row.seconds:.0f} s, {row.seconds / full.seconds:.3f}; "
            f"{row.work:.1f} s, {row.work / full.work:.3f} "
            f"| {nothing.seconds:.2f} s, {nothing.work:.2f} s of work |",
            flush=True,
        )
    for (small, before), (large, after) in pairwise(shares):
        print(f"cost of a package, {large:,} against {small:,}: {after / before:.2f}")


def measure_build(project: Path) -> Cost:
    """Build `project` into itself; raise CalledProcessError where that fails."""
    command = [PYTHON, "scripts/build_portal.py", "--project", str(project), "--quiet"]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:  # thousands of warnings would fill a pipe that nobody reads
        process = psutil.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=said)
        work: dict[int, float] = {}
        peak = 0
        due = start
        while process.poll() is None:
            memory, begun = 0, time.perf_counter()
            for one in _list_family(process):
                try:
                    times = one.cpu_times()
                    work[one.pid] = times.user + times.system
                    memory += _read_memory(one) if begun >= due else 0
                except psutil.Error:
                    continue
            peak = max(peak, memory)
            if begun >= due:
                due = begun + _REST * (time.perf_counter() - begun)
            time.sleep(_SAMPLE_SECONDS)
        if process.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(process.returncode, command, stderr=said.read())
    return Cost(time.perf_counter() - start, sum(work.values()), peak >> 20)


def _list_family(process: psutil.Popen) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _read_memory(process: psutil.Process) -> int:
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:  # not Linux, or gone
        return int(process.memory_info().rss)
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) << 10


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="numbers of packages")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of each package")
    return parser.parse_args(argv)


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
    arguments = parse_arguments()
    run(tuple(arguments.sizes), arguments.rows)
    sys.exit(0)
