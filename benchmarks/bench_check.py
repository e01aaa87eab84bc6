"""The check of large tables: beside frictionless on the same file, and how it grows with the rows.

The readers that came into question are measured too: what it costs each to read the same file as text.
"""

from __future__ import annotations

from large_table import keep_large_table
from measure import PYTHON, Run, Work, median_run, read_work, run_process, say_growth, say_ratio

_ROWS, _MORE_ROWS = 1_000_000, 10_000_000
# Imports are no part of the work; the verdict is printed and compared.
_TIMED = """
import sys, time
{imports}
start = time.perf_counter(), time.process_time()
{work}
print(time.perf_counter() - start[0], time.process_time() - start[1], {verdict})
"""
_OURS = _TIMED.format(
    imports="from datetime import date\nfrom pathlib import Path\nfrom portal.checks.check import check_packages\n"
    "from portal.data.descriptor import read_packages\nfrom portal.data.finding import find_blockers\n"
    "packages = read_packages(Path(sys.argv[1])).packages",
    work="findings = check_packages(packages, packages, date(2026, 1, 1))",
    verdict="not find_blockers(findings)",
)
_FRICTIONLESS = _TIMED.format(
    imports="import frictionless",
    work="report = frictionless.Package(sys.argv[1] + '/datapackage.json').validate()",
    verdict="report.valid",
)
_READERS = {
    "pyarrow": _TIMED.format(
        imports="import pyarrow as pa, pyarrow.csv as pc",
        work="names = open(sys.argv[1] + '/large.csv').readline().strip().split(',')\n"
        "table = pc.read_csv(sys.argv[1] + '/large.csv', "
        "convert_options=pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string())))",
        verdict="table.num_rows",
    ),
    "pandas with Arrow": _TIMED.format(
        imports="import pandas",
        work="table = pandas.read_csv(sys.argv[1] + '/large.csv', engine='pyarrow', dtype='string[pyarrow]')",
        verdict="len(table)",
    ),
    "DuckDB": _TIMED.format(
        imports="import duckdb",
        work="table = duckdb.read_csv(sys.argv[1] + '/large.csv', all_varchar=True).fetch_arrow_table()",
        verdict="table.num_rows",
    ),
}


def run() -> None:
    """Print the check of a million rows beside its peers, and of ten million beside that of one."""
    folder = keep_large_table(_ROWS)
    for name, program in _READERS.items():
        _report(f"{name}: reads {_ROWS:,} × 9 as text", median_run([PYTHON, "-c", program, folder]))
    ours = _report(f"portal: checks {_ROWS:,} × 9, all rules", median_run([PYTHON, "-c", _OURS, folder]))
    peer = _report("frictionless: checks the same", run_process([PYTHON, "-c", _FRICTIONLESS, folder]))
    say_ratio("frictionless to the portal (at least 25)", peer, ours)
    larger = keep_large_table(_MORE_ROWS)
    more = _report(f"portal: checks {_MORE_ROWS:,} × 9", run_process([PYTHON, "-c", _OURS, larger]))
    say_growth(more, ours)


def _report(name: str, run_: Run) -> Work:
    """Print a run that says what its work took, and its verdict; return the work."""
    work, verdict = read_work(run_)  # DuckDB shows its progress before
    print(f"{name}: {work}, says {verdict}", flush=True)
    return work
