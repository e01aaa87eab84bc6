"""The server: how soon it answers, and its latency beside stock Datasette and Python's own file server."""

from __future__ import annotations

import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from measure import PROJECT, PYTHON, measure_latency, run_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PORTS = (18811, 18812, 18813)
_PATIENCE = 60.0
_STOP_SECONDS = 5.0


def run() -> None:
    """Print start times and latencies with their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder) / "build"
        run_process([PYTHON, "scripts/build_portal.py", "--build", str(build)])
        ours, stock, files = (f"http://127.0.0.1:{port}" for port in _PORTS)
        current = build / "current"
        portal = [PYTHON, "scripts/serve_portal.py", "--build", str(build), "--port", str(_PORTS[0])]
        datasette = [PYTHON, "-m", "datasette", "serve", "-i", str(current / "opendata.db"), "-p", str(_PORTS[1])]
        server = [PYTHON, "-m", "http.server", str(_PORTS[2]), "-b", "127.0.0.1", "-d", str(current / "site")]
        with serving(portal, ours) as start, serving(datasette, stock) as peer, serving(server, files):
            print(f"start to first answer: {start:.2f} s; stock Datasette {peer:.2f} s; ratio {start / peer:.2f}")
            _compare(
                "dataset JSON",
                f"{ours}/datasette/opendata/dti_score_and_rank.json",
                "stock Datasette",
                f"{stock}/opendata/dti_score_and_rank.json",
            )
            _compare(
                "observations JSON",
                f"{ours}/datasette/opendata/observations.json?dataset=fisheries_production",
                "stock Datasette",
                f"{stock}/opendata/observations.json?dataset=fisheries_production",
            )
            _compare(
                "dataset page",
                f"{ours}/catalog/dti_score_and_rank/",
                "http.server",
                f"{files}/catalog/dti_score_and_rank/",
            )
            _compare("CSV file", f"{ours}/data/dti_score_and_rank/dti_score_and_rank.csv", "http.server",
                     f"{files}/data/dti_score_and_rank/dti_score_and_rank.csv")  # fmt: skip


def _compare(what: str, address: str, peer: str, other: str) -> None:
    median, slow = measure_latency(address)
    peer_median, _ = measure_latency(other)
    print(
        f"{what}: median {median:.1f} ms, p95 {slow:.1f} ms; {peer} {peer_median:.1f} ms; "
        f"ratio {median / peer_median:.2f}"
    )


@contextmanager
def serving(command: Sequence[str], address: str) -> Iterator[float]:
    """Start a server, give the seconds until its first answer, and stop it by its id, also where it works on."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=PROJECT)
    try:
        while True:
            try:
                with urllib.request.urlopen(address + "/", timeout=_PATIENCE):  # noqa: S310 - loopback
                    break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if time.perf_counter() - start > _PATIENCE or process.poll() is not None:
                    raise
                time.sleep(0.02)
        yield time.perf_counter() - start
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:  # stock Datasette ends when its last query does
            process.kill()
            process.wait()
