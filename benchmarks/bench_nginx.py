"""nginx in front: answers of the API and static JSON beside a bare file of their size from the same nginx.

A *ready* answer is a file of the release, a *cached* one was asked of a replica before: its query is one of many.

Peers are servers of the same nginx with the same file: *bare*, with nothing but a folder and all that makes it fast; as
*Debian* ships nginx; and the least that nginx can do with a *cache*: `proxy_cache` alone over the bare file, without a
limit, a check of the address or a header of the portal.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from measure import PROJECT, PYTHON, run_process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from front import Front

_SECONDS = 1
_TURNS = 5  # each a second of ours and a second of the peer, so that both meet the same machine; the median counts
_CONNECTIONS = (8, 64)
_WARM_UP = 100  # requests, so that every worker has its files open
_PATHS = {
    "ready API answer": "/datasette/opendata/dti_score_and_rank.json?_shape=objects",
    "cached API answer": "/datasette/opendata/dti_score_and_rank.json?_shape=objects&measure=rank",
    "static JSON": "/data/dti_score_and_rank/datapackage.json",
    "page": "/catalog/dti_score_and_rank/",
}
_PEERS = ("bare file", "file as Debian ships nginx", "bare cache")
_PEER = """
server {{
    listen 127.0.0.1:{bare};
    root {folder};
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000;
    open_file_cache max=100 inactive=60s;
    open_file_cache_valid 60s;
}}
server {{
    listen 127.0.0.1:{debian};
    root {folder};
    sendfile on;
    tcp_nopush on;
    gzip on;
}}
server {{
    listen 127.0.0.1:{cache};
    keepalive_requests 1000;
    location / {{
        proxy_pass http://127.0.0.1:{bare};
        proxy_cache portal;
        proxy_cache_key $request_uri;
        proxy_cache_valid 200 1h;
    }}
}}
"""


def run() -> None:
    """Print requests a second with their ratios, or why they could not be measured."""
    sys.path.append(str(PROJECT / "tests"))  # what starts the shipped configuration in a folder of its own
    from front import NGINX, find_port, run_front, run_replicas  # noqa: PLC0415 - needs the line above

    if missing := [name for name, found in (("nginx", NGINX), ("wrk", shutil.which("wrk"))) if not found]:
        print(f"did not run: {' and '.join(missing)} not installed (apt-get install {' '.join(missing)})")
        return
    with tempfile.TemporaryDirectory() as name:
        folder, (bare_port, debian, cache) = Path(name), (find_port() for _ in _PEERS)
        build, bare = folder / "build", folder / "bare"
        bare.mkdir()
        run_process([PYTHON, "scripts/build_portal.py", "--build", str(build)])
        local = "    # 203.0.113.0/24 0;\n}\n"
        peers = _PEER.format(bare=bare_port, debian=debian, cache=cache, folder=bare)
        changes = {"portal-local/machine.conf": {local: f"    127.0.0.0/8 0;\n}}\n{peers}"}}
        with (
            run_replicas(build, 1) as replicas,
            run_front(folder / "nginx", build / "current/site", [replicas[0].port], changes) as front,
        ):
            for what, path in _PATHS.items():
                _compare(what, front, path, bare / f"{what.replace(' ', '-')}.json", (bare_port, debian, cache))


def _compare(what: str, front: Front, path: str, file: Path, peers: Sequence[int]) -> None:
    answer = [front.ask(path) for _ in range(_WARM_UP)][-1]
    file.write_bytes(answer.body)
    kept = answer.get("X-Cache") or "file"
    addresses = [f"http://127.0.0.1:{port}/{file.name}" for port in peers]
    for connections in _CONNECTIONS:
        turns = [
            [_count(one, connections) for one in (f"http://127.0.0.1:{front.port}{path}", *addresses)]
            for _ in range(_TURNS)
        ]
        ours, *theirs = (statistics.median(counts) for counts in zip(*turns, strict=True))
        ratios = [statistics.median(turn[0] / turn[place] for turn in turns) for place in range(1, len(turns[0]))]
        beside = (
            f"{peer} {rate:,.0f}, ratio {ratio:.2f}" for peer, rate, ratio in zip(_PEERS, theirs, ratios, strict=True)
        )
        print(
            f"{what} ({len(answer.body)} bytes, {kept}), {connections} connections: "
            f"{ours:,.0f} requests/s; {'; '.join(beside)}"
        )


def _count(address: str, connections: int) -> float:
    """Return requests a second; raise where an answer is no success."""
    command = ["wrk", "-t", "2", "-c", str(connections), "-d", f"{_SECONDS}s", address]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not found or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"wrk {address}:\n{said}")
    return float(found[1])
