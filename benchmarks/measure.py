"""Measuring: whole processes by the operating system's own account, requests by the clock of the client."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
# A process begins with the peak memory of the one that started it (getrusage(2)); a small one in between has little.
_LAUNCHER = """
import os, sys, time
os.set_inheritable(int(sys.argv[1]), False)
start = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
seconds = time.perf_counter() - start
os.write(int(sys.argv[1]), f"{seconds} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}".encode())
sys.exit(abs(os.waitstatus_to_exitcode(status)))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: wall and processor seconds, peak memory in MB, and what it printed."""

    seconds: float
    processor: float
    peak_mb: int
    output: str


@dataclass(frozen=True, slots=True)
class Work:
    """What a part of a process took: wall and processor seconds; the peak memory in MB is that of the process."""

    seconds: float
    processor: float
    peak_mb: int

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, processor {self.processor:.2f} s, peak {self.peak_mb} MB"


def read_work(run: Run) -> tuple[Work, str]:
    """Return what a program says last, the seconds of its work, and one word more."""
    seconds, processor, word = run.output.split()[-3:]
    return Work(float(seconds), float(processor), run.peak_mb), word


def say_ratio(what: str, one: Work, other: Work) -> None:
    """Print how many times the time of other work some work took."""
    print(f"{what}: {one.seconds / other.seconds:.1f}, by processor time {one.processor / other.processor:.1f}")


def say_growth(more: Work, work: Work) -> None:
    """Print what ten times the rows take, and how busy the machine was."""
    times = f"{more.seconds / work.seconds:.1f} times the time, by processor time {more.processor / work.processor:.1f}"
    print(
        f"ten times the rows (at most 11, 1.5, 1,024 MB): {times}, {more.peak_mb / work.peak_mb:.2f} times the memory"
    )
    print(f"load at the end: {os.getloadavg()[0]:.1f}", flush=True)


def run_process(command: Sequence[str | Path]) -> Run:
    """Run a command to its end; raise CalledProcessError where it fails."""
    reading, writing = os.pipe()
    launched = [PYTHON, "-I", "-S", "-c", _LAUNCHER, str(writing), *map(str, command)]
    with os.fdopen(reading, encoding="utf-8") as usage:
        try:
            done = subprocess.run(
                launched, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT,
                pass_fds=[writing], check=False,
            )  # fmt: skip
        finally:
            os.close(writing)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, list(command), done.stdout)
        seconds, processor, peak = map(float, usage.read().split())
    return Run(seconds, processor, int(peak) // 1024, done.stdout)


def median_run(command: Sequence[str | Path], times: int = 3) -> Run:
    """Run a command several times; return the run of median wall time."""
    return sorted((run_process(command) for _ in range(times)), key=lambda run: run.seconds)[times // 2]


def measure_latency(address: str, times: int = 50) -> tuple[float, float]:
    """Ask one loopback address `times` times in a row; return median and 95th percentile in milliseconds."""
    samples = []
    for _ in range(times):
        start = time.perf_counter()
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - loopback
            answer.read()
        samples.append((time.perf_counter() - start) * 1000)
    return statistics.median(samples), sorted(samples)[int(times * 0.95)]
