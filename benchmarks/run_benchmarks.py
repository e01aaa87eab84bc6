"""Run every benchmark and print its figures: `make bench`, or the names of single ones as arguments.

Each figure stands beside a named peer measured in the same run, as a ratio; nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sqlite3
import sys
from pathlib import Path

import bench_api
import bench_build
import bench_check
import bench_distributions
import bench_lighthouse
import bench_load
import bench_nginx
import bench_scale
import bench_search
import bench_serve

BENCHMARKS = {
    "build": bench_build.run,
    "check": bench_check.run,
    "load": bench_load.run,
    "distributions": bench_distributions.run,
    "serve": bench_serve.run,
    "scale": bench_scale.run,
    "search": bench_search.run,
    "api": bench_api.run,
    "nginx": bench_nginx.run,
    "lighthouse": bench_lighthouse.run,
}


def describe_machine() -> str:
    """Return what a figure depends on: processor, cores, how busy they are, and the interpreter."""
    said = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.+)", said.read_text("utf-8")) if said.is_file() else None
    return (
        f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before; "
        f"{platform.system()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def main(argv: list[str] | None = None) -> int:
    """Run the chosen benchmarks; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(BENCHMARKS)}")
    names = parser.parse_args(argv).names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"unknown benchmark: {', '.join(unknown)}; known: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(describe_machine())
    for name in names:
        print(f"\n== {name}")
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
