"""The API beside stock Datasette on the same files, by wrk: ordinary requests, then the same among hostile ones."""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import httpx
import psutil

from bench_serve import serving
from measure import PYTHON, run_process

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

_PORTS = (18831, 18832)
_SECONDS = 4
_CONNECTIONS = (8, 64)
_YEARS, _AREAS, _SECTORS, _PRODUCTS = 100, 25, 20, 20  # one million rows
_HOSTILE_SECONDS = 60
_HOSTILE_CLIENTS = 24
_SLOW_CLIENTS = 8
_ORDINARY_CLIENTS = 4
_PAUSE = 0.02  # seconds between two ordinary requests of one client
_CHANCE = random.Random(7)  # noqa: S311  # the same requests in every run
_SCRIPT = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
math.randomseed(7)
request = function() return wrk.format("GET", paths[math.random(#paths)]) end
"""
_Paths = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: answers a second, 99th percentile in milliseconds, answers that were no success."""

    rate: float
    p99: float
    failed: int


def run() -> None:
    """Print rates and latencies with their ratios, or why they could not be measured."""
    if not shutil.which("wrk"):
        print("did not run: wrk is not installed (apt-get install wrk)")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_process([PYTHON, "scripts/build_portal.py", "--build", str(folder / "build")])
        real = {
            "dataset JSON": ["opendata/dti_score_and_rank.json"],
            "observations JSON": [f"opendata/observations.json?source={one}" for one in _list_sources(folder)],
            "dataset HTML": ["opendata/dti_score_and_rank"],
        }
        print(f"real catalogue, {_SECONDS} s a case")
        _compare(folder / "build", real, folder)
        _write_large_release(folder / "large")
        print(f"one table of 1,000,000 rows x 9 columns, {_SECONDS} s a case")
        _compare(folder / "large", _list_large_paths(), folder)
        print(f"hostile run of {_HOSTILE_SECONDS} s: {_HOSTILE_CLIENTS} hostile and {_SLOW_CLIENTS} slow clients")
        _withstand(folder / "large")


def _compare(build: Path, cases: _Paths, folder: Path) -> None:
    ours, stock = (f"http://127.0.0.1:{port}" for port in _PORTS)
    portal = [PYTHON, "scripts/serve_portal.py", "--build", str(build), "--port", str(_PORTS[0])]
    database = build / "current" / "opendata.db"
    peer = [PYTHON, "-m", "datasette", "serve", "-i", str(database), "-p", str(_PORTS[1]), "--setting",
            "max_csv_mb", "0"]  # fmt: skip
    with serving(portal, f"{ours}/datasette"), serving(peer, stock):
        for name, paths in cases.items():
            for connections in _CONNECTIONS:
                mine = _load(f"{ours}/datasette/", paths, connections, folder)
                other = _load(f"{stock}/", paths, connections, folder)
                print(f"  {name}, {connections} connections: {_say(mine)}; stock {_say(other)}; {_rate(mine, other)}")


def _say(load: Load) -> str:
    failed = f", {load.failed} failed" if load.failed else ""
    return f"{load.rate:.1f}/s, p99 {load.p99:.0f} ms{failed}"


def _rate(mine: Load, other: Load) -> str:
    return f"ratio {mine.rate / other.rate:.1f}" if other.rate else "stock gave no answer"


def _load(base: str, paths: Sequence[str], connections: int, folder: Path) -> Load:
    listing, script = folder / "paths.txt", folder / "paths.lua"
    listing.write_text("\n".join("/" + base.split("/", 3)[3] + path for path in paths), "utf-8")
    script.write_text(_SCRIPT % listing, "utf-8")
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{_SECONDS}s",
        "--latency",
        "--timeout=20s",
        "-s",
        str(script),
        base,
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    lost = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    failed = int(refused[1]) if refused else 0
    answered = int(re.findall(r"(\d+) requests in", said)[0]) - failed
    slowest = re.findall(r"99%\s+([\d.]+)(us|ms|s)", said)
    p99 = float(slowest[0][0]) * {"us": 0.001, "ms": 1, "s": 1000}[slowest[0][1]] if slowest else 0.0
    return Load(answered / _SECONDS, p99, failed + (sum(map(int, lost.groups())) if lost else 0))


def _list_sources(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "build/current/opendata.db")) as connection:
        return [row[0] for row in connection.execute("SELECT DISTINCT source FROM observations")]


def _write_large_release(build: Path) -> None:
    """Write a release whose only table has a million rows, three dimensions and the indexes of the build."""
    release = build / "releases" / "large"
    (release / "site").mkdir(parents=True)
    (release / "site" / "index.html").write_text("<h1>Large</h1>", "utf-8")
    with closing(sqlite3.connect(release / "opendata.db")) as connection, connection:
        connection.execute(
            "CREATE TABLE large (period TEXT, area TEXT, sector TEXT, product TEXT, measure TEXT, value REAL,"
            " unit TEXT, status TEXT, note TEXT, PRIMARY KEY (period, area, sector, product))"
        )
        connection.executemany("INSERT INTO large VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _make_rows())
        for column in ("period", "area", "sector", "product"):
            connection.execute(f'CREATE INDEX "large.{column}" ON large("{column}")')
    with closing(sqlite3.connect(release / "opendata.db")) as connection:
        connection.execute("ANALYZE")
    (release / "datasette.json").write_text("{}", "utf-8")
    (release / "release.json").write_text(json.dumps({"id": "large"}), "utf-8")
    inspected = subprocess.run(
        [PYTHON, "-m", "datasette", "inspect", str(release / "opendata.db")], check=True, capture_output=True, text=True
    )
    (release / "inspect.json").write_text(inspected.stdout, "utf-8")
    (build / "current").symlink_to("releases/large")


def _make_rows() -> Iterator[tuple[object, ...]]:
    for year in range(_YEARS):
        for area in range(_AREAS):
            for sector in range(_SECTORS):
                for product in range(_PRODUCTS):
                    value = round(_CHANCE.random() * 100_000, 2)
                    yield (str(1925 + year), f"A{area:02}", f"s{sector:02}", f"p{product:02}", "output", value,
                           "tonne", "actual", None)  # fmt: skip


def _key() -> tuple[str, str, str, str]:
    pick = _CHANCE.randrange
    return str(1925 + pick(_YEARS)), f"A{pick(_AREAS):02}", f"s{pick(_SECTORS):02}", f"p{pick(_PRODUCTS):02}"


def _list_large_paths() -> _Paths:
    keys = [_key() for _ in range(5000)]
    table = "opendata/large"
    return {
        "table JSON, always the same": [f"{table}.json"],
        "table JSON, pages all over": [f"{table}.json?_next={','.join(key)}" for key in keys],
        "filtered JSON": [f"{table}.json?sector={key[2]}&area={key[1]}&period={key[0]}" for key in keys],
        "row JSON": [f"{table}/{','.join(key)}.json" for key in keys],
        "facet JSON, always the same": [f"{table}.json?_facet=sector"],
        "HTML, pages all over": [f"{table}?_next={','.join(key)}" for key in keys],
        "CSV of 1,000 rows": [f"{table}.csv?_size=max&_next={','.join(key)}" for key in keys[:200]],
    }


_STATEMENTS = (
    "with recursive r(x) as (select 1 union all select x + 1 from r) select count(*) from r where x > {}",
    "select a.value, b.value from large a, large b where a.value * b.value = {} order by 1",
    "select group_concat(value || {}) from large group by product, sector",
    "select * from large order by value + {} limit 5 offset 900000",
)


def _make_hostile() -> str:
    number = _CHANCE.random()
    statements = [statement.format(number) for statement in _STATEMENTS]
    table = (
        f"opendata/large.json?_facet=value&_facet=note&value__gt={number}",
        f"opendata/large.json?_where=value+like+'%25{number}%25'",
        f"opendata/large.json?note__contains={number}&_sort=value",
        f"opendata/large.csv?_stream=on&value__gt={number}",
        "opendata/large.json?" + "&".join(f"a{n}=1" for n in range(10_000)),
    )
    return _CHANCE.choice((*(f"opendata.json?sql={quote_plus(one)}" for one in statements), *table))


def _make_ordinary() -> str:
    key = _key()
    return _CHANCE.choice(
        (
            "opendata/large.json",
            f"opendata/large.json?sector={key[2]}&area={key[1]}&period={key[0]}",
            f"opendata/large/{','.join(key)}.json",
            f"opendata/large.json?product={key[3]}&_size=20",
        )
    )


def _withstand(build: Path) -> None:
    address = f"http://127.0.0.1:{_PORTS[0]}"
    portal = [PYTHON, "scripts/serve_portal.py", "--build", str(build), "--port", str(_PORTS[0])]
    with serving(portal, address):
        calm = asyncio.run(_visit(address, 5, hostile=False))
        hard = asyncio.run(_visit(address, _HOSTILE_SECONDS, hostile=True))
    for name, seen in (("alone", calm), ("among hostile requests", hard)):
        p99 = statistics.quantiles(seen.latencies, n=100)[98]
        print(
            f"  ordinary requests {name}: {len(seen.latencies)}, median {statistics.median(seen.latencies):.1f} ms, "
            f"p99 {p99:.1f} ms, failed {seen.failed}; memory of all processes at most {max(seen.memory)} MB, "
            f"in the end {seen.memory[-1]} MB"
        )
    print(f"  answers to hostile requests by status: {dict(sorted(hard.statuses.items()))}")


class _Seen:
    """What the clients of one run saw."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.failed = 0
        self.statuses: dict[int, int] = {}
        self.memory: list[int] = []


async def _visit(address: str, seconds: float, *, hostile: bool) -> _Seen:
    seen, end = _Seen(), time.monotonic() + seconds

    async def attack() -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            while time.monotonic() < end:
                answer = await client.get(f"{address}/datasette/{_make_hostile()}")
                seen.statuses[answer.status_code] = seen.statuses.get(answer.status_code, 0) + 1

    async def dawdle() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", _PORTS[0])
        writer.write(b"GET /datasette/opendata/large.json HTTP/1.1\r\nHost: x\r\n")
        while time.monotonic() < end:
            writer.write(b"X-Slow: 1\r\n")
            await asyncio.sleep(0.5)
        writer.close()

    async def read() -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            while time.monotonic() < end:
                start = time.perf_counter()
                answer = await client.get(f"{address}/datasette/{_make_ordinary()}")
                seen.latencies.append((time.perf_counter() - start) * 1000)
                seen.failed += answer.is_error
                await asyncio.sleep(_PAUSE)

    async def watch() -> None:
        while time.monotonic() < end:
            seen.memory.append(_sum_memory())
            await asyncio.sleep(0.5)

    makers: list[Callable[[], Coroutine[None, None, None]]] = [read] * _ORDINARY_CLIENTS + [watch]
    if hostile:
        makers += [attack] * _HOSTILE_CLIENTS + [dawdle] * _SLOW_CLIENTS
    await asyncio.gather(*(make() for make in makers))
    return seen


def _sum_memory() -> int:
    """Return the resident memory of the server and all its processes, in MB."""
    servers = [one for one in psutil.process_iter(["cmdline"]) if str(_PORTS[0]) in (one.info["cmdline"] or ())]
    family = {child for one in servers for child in (one, *one.children(recursive=True))}
    return sum(one.memory_info().rss for one in family) >> 20
