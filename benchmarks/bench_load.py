"""Loading a large table: checked, typed, with keys and indexes, beside SQLite's own import and the usual tools.

`sqlite3 .import` checks nothing and keeps texts; frictionless with sqlite-utils does what an analyst would do by hand.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path

from large_table import write_large_table
from measure import PYTHON, Run, median_run, run_process

_ROWS, _MORE_ROWS = 1_000_000, 10_000_000
# Each program says wall and processor time of its work, children included, and how many rows it loaded.
_TIMED = """
import os, sqlite3, sys, time
from pathlib import Path
{imports}
folder, database = Path(sys.argv[1]), Path(sys.argv[2])
database.unlink(missing_ok=True)
start, before = time.perf_counter(), os.times()
{work}
wall, after = time.perf_counter() - start, os.times()
rows = sqlite3.connect(database).execute("SELECT count(*) FROM large").fetchone()[0]
print(wall, sum(after[:4]) - sum(before[:4]), rows)
"""
_OURS = _TIMED.format(
    imports="""
from datetime import date
from portal.checks.check import check_packages
from portal.sqlite.database import write_database
from portal.data.descriptor import read_packages
from portal.data.finding import find_blockers
from portal.data.table import Table
packages = read_packages(folder := Path(sys.argv[1])).packages
tables = {one.name: Table(package, one) for package in packages for one in package.resources}""",
    work="""
findings = check_packages(packages, packages, date(2026, 1, 1))
assert not find_blockers(findings), findings
write_database(database, packages, tables, findings)""",
)
_IMPORT = _TIMED.format(
    imports="import subprocess",
    work="subprocess.run(['sqlite3', database, f'.import --csv {folder}/large.csv large'], check=True)",
)
_USUAL = _TIMED.format(
    imports="import csv, frictionless, sqlite_utils",
    work="""
assert frictionless.Package(f'{folder}/datapackage.json').validate().valid
table = sqlite_utils.Database(database)['large']
types = {'id': int, 'period': str, 'area': str, 'code': str, 'name': str, 'value': int, 'share': float,
    'checked': str, 'note': str}
table.create(types, pk='id')
with open(f'{folder}/large.csv', encoding='utf-8', newline='') as file:
    table.insert_all(csv.DictReader(file))""",
)


def run() -> None:
    """Print the load of a million rows beside its peers, and of ten million beside that of one."""
    with tempfile.TemporaryDirectory() as root:
        folder, larger, database = Path(root, "one", "large"), Path(root, "ten", "large"), Path(root, "load.db")
        write_large_table(folder, _ROWS)
        ours = _report(
            f"portal: checks, loads, indexes {_ROWS:,} × 9", median_run([PYTHON, "-c", _OURS, folder, database])
        )
        if shutil.which("sqlite3"):
            peer = _report("sqlite3 .import alone", median_run([PYTHON, "-c", _IMPORT, folder, database]))
            print(f"the portal takes {ours[0] / peer[0]:.1f} times its time (processor {ours[1] / peer[1]:.1f})")
        else:
            print("sqlite3 is not installed: .import was not measured")
        if importlib.util.find_spec("sqlite_utils"):
            usual = _report("frictionless, then sqlite-utils", run_process([PYTHON, "-c", _USUAL, folder, database]))
            print(f"the portal is {usual[0] / ours[0]:.1f} times as fast (by processor time {usual[1] / ours[1]:.1f})")
        else:
            print("sqlite-utils is not installed (`pip install sqlite-utils`): it was not measured")
        write_large_table(larger, _MORE_ROWS)
        more = _report(f"portal: the same of {_MORE_ROWS:,} × 9", run_process([PYTHON, "-c", _OURS, larger, database]))
        growth = f"{more[0] / ours[0]:.1f} times the time (processor {more[1] / ours[1]:.1f})"
        print(f"ten times the rows: {growth}, {more[2] / ours[2]:.2f} times the memory")


def _report(name: str, run_: Run) -> tuple[float, float, int]:
    """Print a run; return seconds of wall and of processor time, and MB."""
    seconds, processor, rows = run_.output.split()[-3:]
    print(
        f"{name}: {float(seconds):.2f} s, processor {float(processor):.2f} s, peak {run_.peak_mb} MB, {rows} rows",
        flush=True,
    )
    return float(seconds), float(processor), run_.peak_mb
