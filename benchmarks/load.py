"""Load by wrk: many connections that ask for one address after the other, each at random from a list."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCRIPT = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
math.randomseed(7)
request = function() return wrk.format("GET", paths[math.random(#paths)]) end
delay = %s
"""
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_SIZES = {"B": 1e-6, "KB": 1e-3, "MB": 1.0, "GB": 1e3}


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: good answers a second, their 99th percentile in ms, answers that were none, MB a second."""

    rate: float
    p99: float
    failed: int
    megabytes: float


def load(address: str, paths: Sequence[str], connections: int, seconds: int, pause: int = 0) -> Load:
    """Ask a server for `paths` below its address; each connection waits `pause` milliseconds before it asks again."""
    with tempfile.TemporaryDirectory() as folder:
        listing, script = Path(folder) / "paths.txt", Path(folder) / "load.lua"
        listing.write_text("\n".join(paths), "utf-8")
        script.write_text(_SCRIPT % (listing, f"function() return {pause} end" if pause else "nil"), "utf-8")
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--latency",
            "--timeout=60s",
            "-s",
            str(script),
            address,
        ]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return read_load(said, seconds)


def read_load(said: str, seconds: int) -> Load:
    """Read what wrk printed."""
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    lost = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    failed = int(refused[1]) if refused else 0
    answered = int(re.findall(r"(\d+) requests in", said)[0]) - failed
    slow = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", said)
    sent = re.search(r"Transfer/sec:\s+([\d.]+)(B|KB|MB|GB)", said)
    return Load(
        rate=answered / seconds,
        p99=float(slow[1]) * _UNITS[slow[2]] if slow else 0.0,
        failed=failed + (sum(map(int, lost.groups())) if lost else 0),
        megabytes=float(sent[1]) * _SIZES[sent[2]] if sent else 0.0,
    )
