"""Loading a large table: checked, typed, with keys and indexes, beside SQLite's own import and the usual tools.

`sqlite3 .import` checks nothing and keeps texts; frictionless with sqlite-utils does what an analyst would do by hand.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from large_table import keep_large_table
from measure import PYTHON, Run, Work, median_run, read_work, run_process, say_growth, say_ratio

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
packages = read_packages(Path(sys.argv[1])).packages""",
    work="""
findings = check_packages(packages, packages, date(2026, 1, 1))
assert not find_blockers(findings), findings
write_database(database, packages, findings)""",
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
    folder = keep_large_table(_ROWS)
    with tempfile.TemporaryDirectory() as root:
        database = Path(root, "load.db")
        ours = _report(
            f"portal: checks, loads, indexes {_ROWS:,} × 9", median_run([PYTHON, "-c", _OURS, folder, database])
        )
        if shutil.which("sqlite3"):
            peer = _report("sqlite3 .import alone", median_run([PYTHON, "-c", _IMPORT, folder, database]))
            say_ratio("the portal to sqlite3 .import (at most 3)", ours, peer)
        else:
            print("sqlite3 is not installed: .import was not measured")
        usual = _report("frictionless, then sqlite-utils", run_process([PYTHON, "-c", _USUAL, folder, database]))
        say_ratio("frictionless and sqlite-utils to the portal (at least 20)", usual, ours)
        larger = keep_large_table(_MORE_ROWS)
        more = _report(f"portal: the same of {_MORE_ROWS:,} × 9", run_process([PYTHON, "-c", _OURS, larger, database]))
        say_growth(more, ours)


def _report(name: str, run_: Run) -> Work:
    """Print a run that says what its work took, and how many rows it loaded; return the work."""
    work, rows = read_work(run_)
    print(f"{name}: {work}, {rows} rows", flush=True)
    return work
