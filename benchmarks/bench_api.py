"""The API beside stock Datasette, by wrk; then ordinary requests among hostile ones.

Stock Datasette comes twice for the large table: on the very file that the portal publishes, with the portal's indexes
and immutable, and on a plain file of the same rows with their key alone, which is what it finds without a portal.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench_serve import serving
from hostile_run import withstand
from large_release import (
    CSV_FILE,
    TABLE,
    list_first_pages,
    list_requests,
    make_keys,
    write_large_release,
    write_plain_database,
)
from load import Load, load
from measure import PYTHON, run_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PORTS = (18831, 18832)
_CONNECTIONS = (8, 64)
_SECONDS = 1  # of ours, for each case
_STOCK_SECONDS = {"real": 2, "large": 3}  # stock needs seconds for one answer out of a large table
_ADDRESSES = 5000  # asked at random: few come twice within a case


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request: addresses at stock Datasette, and what a visitor of the portal asks for instead."""

    name: str
    stock: Sequence[str]
    ours: Sequence[str]
    megabytes: bool = False


def run() -> None:
    """Print rates and latencies with their ratios, or why they could not be measured."""
    if not shutil.which("wrk"):
        print("did not run: wrk is not installed (apt-get install wrk)")
        return
    with tempfile.TemporaryDirectory() as name:
        real, large, plain = (Path(name) / one for one in ("real", "large", "plain"))
        run_process([PYTHON, "scripts/build_portal.py", "--build", str(real)])
        write_large_release(large)
        plain.mkdir()
        write_plain_database(plain / "opendata.db")
        print(
            "Answers a second, and the slowest of a hundred: (a) one address, (b) addresses all over; stock Datasette "
            "for b: (c) on the same file with our indexes, (d) on a plain file of the same rows"
        )
        print("\nreal catalogue")
        _compare(real, list(_list_real_cases(real)), {"c": _name_stock(real)}, _STOCK_SECONDS["real"])
        print("\none table of 1,000,000 rows x 9 columns")
        words = ["-m", str(large / "current/datasette.json")]
        unprepared = [*_STOCK, str(plain / "opendata.db"), *words]
        _compare(large, list(_list_large_cases()), {"c": _name_stock(large), "d": unprepared}, _STOCK_SECONDS["large"])
        print("\nhostile run")
        withstand(large, _PORTS[0])


_STOCK = [PYTHON, "-m", "datasette", "serve", "-p", str(_PORTS[1]), "--setting", "max_csv_mb", "0"]


def _name_stock(build: Path) -> list[str]:
    """Return the command of stock Datasette on the published file."""
    return [*_STOCK, "-i", str(build / "current/opendata.db"), "-m", str(build / "current/datasette.json")]


def _compare(build: Path, cases: Sequence[Case], peers: Mapping[str, Sequence[str]], stock_seconds: int) -> None:
    ours, stock = (f"http://127.0.0.1:{port}" for port in _PORTS)
    portal = [PYTHON, "scripts/serve_portal.py", "--build", str(build), "--port", str(_PORTS[0])]
    with serving(portal, f"{ours}/datasette"):
        for case in cases:
            load(ours, case.ours[:1], 1, _SECONDS)  # the first costly question starts the processes for such
            for connections in _CONNECTIONS:
                loads = {"a": load(ours, case.ours[:1], connections, _SECONDS)}
                loads["b"] = load(ours, case.ours, connections, _SECONDS)
                for letter, command in peers.items():
                    # Anew for each case: stock goes on working for visitors who left long ago.
                    with serving(command, f"{stock}/-/versions.json"):
                        loads[letter] = load(stock, case.stock, connections, stock_seconds)
                print(f"  {case.name:14}{connections:3} connections: {_say(case, loads)}", flush=True)


def _say(case: Case, loads: Mapping[str, Load]) -> str:
    """Return what was measured, and ours in relation to each stock Datasette."""
    peers = [letter for letter in loads if letter not in "ab"]
    if case.megabytes:
        figures = [f"({letter}) {loads[letter].megabytes:,.1f} MB/s" for letter in ("b", *peers)]
        ratios = [_say_ratio(f"b:{one}", loads["b"].megabytes, loads[one].megabytes) for one in peers]
    else:
        figures = [f"({letter}) {_say_load(one)}" for letter, one in loads.items()]
        ratios = [_say_ratio(f"{one}:{peer}", loads[one].rate, loads[peer].rate) for peer in peers for one in "ab"]
    return "; ".join([*figures, *ratios])


def _say_ratio(name: str, ours: float, stock: float) -> str:
    return f"{name} {ours / stock:,.1f}" if stock else f"{name} stock gave none"


def _say_load(one: Load) -> str:
    failed = f", {one.failed} refused" if one.failed else ""
    return f"{one.rate:,.1f}/s, p99 {one.p99:,.0f} ms{failed}"


def _make_case(name: str, addresses: Sequence[str]) -> Case:
    return Case(name, [f"/{one}" for one in addresses], [f"/datasette/{one}" for one in addresses])


def _list_large_cases() -> Iterator[Case]:
    keys = make_keys(_ADDRESSES)
    yield _make_case("table JSON", list_first_pages(".json"))
    yield _make_case("HTML table", list_first_pages(""))
    for name in list_requests(keys[0]):
        yield _make_case(name, [list_requests(key)[name] for key in keys])
    yield Case("whole CSV", [f"/{TABLE}.csv?_stream=on"], [f"/{CSV_FILE}"], megabytes=True)


def _list_real_cases(build: Path) -> Iterator[Case]:
    """Yield requests to every dataset; a page size that changes nothing makes an address that nobody has asked for."""
    datasets, rows = _read_names(build / "current")
    sizes = range(300, 1000)
    patterns = {
        "table JSON": ("opendata/{}.json?", datasets),
        "filtered JSON": ("opendata/observations.json?dataset={}&", datasets),
        "row": ("opendata/observations/{}.json?", rows),
        "facet": ("opendata/{}.json?_facet=measure&", datasets),
        "canned query": ("opendata/latest_values.json?dataset={}&", datasets),
        "whole CSV": ("opendata/{}.csv?", datasets),
        "HTML table": ("opendata/{}?", datasets),
    }
    for name, (pattern, names) in patterns.items():
        yield _make_case(name, [f"{pattern.format(one)}_size={size}" for size in sizes for one in names][:_ADDRESSES])


def _read_names(release: Path) -> tuple[list[str], list[str]]:
    """Return the names of the indicators and the keys of the observations."""
    with closing(sqlite3.connect(release / "opendata.db")) as connection:
        datasets = connection.execute("SELECT DISTINCT dataset FROM observations ORDER BY 1").fetchall()
        rows = connection.execute("SELECT id FROM observations ORDER BY 1").fetchall()
    return [name for (name,) in datasets], [key for (key,) in rows]
