"""All distributions of the real catalogue, and each form of a million rows beside pandas, which writes the same rows.

Then the proof: all forms of the real catalogue, and of an indicator of a million rows, read back and compared. Every
form is written by a process of its own, so that its peak memory is its own; processor seconds stand beside the
clock's, as they do not depend on the neighbours.
"""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from measure import PROJECT, PYTHON, Run, run_process

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 1_000_000
_COLUMNS = {
    "id": "string", "area": "string", "day": "date", "kind": "string", "value": "number", "count": "integer",
    "covered": "boolean", "note": "string", "year": "year",
}  # fmt: skip
_START = "import sys; sys.path.insert(0, 'scripts'); from pathlib import Path; "
_OURS = f"""{_START}
from portal.data.descriptor import read_packages
from portal.files.distribution import FORMATS
package = read_packages(Path(sys.argv[1])).packages[0]
form = next(one for one in FORMATS if one.name == sys.argv[2])
form.write(package, package.main, Path(sys.argv[3]), {{}})
"""
_ZIP = f"""{_START}
from portal.files.archive import write_archive
write_archive(Path(sys.argv[2]), [("data.csv", Path(sys.argv[1]))])
"""
_PEERS = {
    "CSV": "frame.to_csv(sys.argv[2], index=False)",
    "Excel CSV": "frame.to_csv(sys.argv[2], index=False, sep=';', decimal=',', encoding='utf-8-sig')",
    "JSON": "frame.to_json(sys.argv[2], orient='records', lines=False, force_ascii=False)",
    "Parquet": "frame.to_parquet(sys.argv[2], compression='zstd')",
    "ZIP": "frame.to_csv(sys.argv[2], index=False, compression='zip')",
}
_PANDAS = "import sys, pandas; frame = pandas.read_csv(sys.argv[1], parse_dates=['day']); "
_ALL = f"""{_START}
from portal.data.descriptor import read_packages
from portal.files.distribution import write_distributions
from portal.data.register import read_registers
packages = read_packages(Path(sys.argv[1])).packages
registers = read_registers(packages)
for one in packages:
    write_distributions(one, Path(sys.argv[2]) / one.name, registers)
"""
_PROOF = f"""{_START}
from contextlib import closing
from portal.proofs.agreement import Proof, compare_package
from portal.sqlite.database import write_database
from portal.data.descriptor import read_packages
from portal.proofs.reread_database import open_database
from portal.data.table import Table
from portal.proofs.reread_source import read_plainly
packages = read_packages(Path(sys.argv[1])).packages
tables = {{one.name: Table(package, one, read_plainly) for package in packages for one in package.resources}}
folder, database = Path(sys.argv[2]), Path(sys.argv[2]) / 'opendata.db'
if sys.argv[3] == 'write':
    write_database(database, packages, [])
    sys.exit()
proof = Proof()
with closing(open_database(database)) as connection:
    for one in packages:
        files = sorted(path.name for path in (folder / one.name).iterdir())
        proof += compare_package(one, tables, folder / one.name, files, connection)
if proof.findings:
    sys.exit(str(proof.findings[0]))
print(sum(one.cells for one in proof.comparisons), len(set(one.form for one in proof.comparisons)))
"""
# Of the forms that are timed together.
_TOGETHER = frozenset({"CSV", "JSON", "Parquet", "ZIP"})


def run() -> None:
    """Print time and peak memory of every form, as ratios to pandas, and those of the real catalogue and its proof."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_and_prove("real catalogue", PROJECT / "datapackages", folder / "real")
        table = _write_package(folder / "million")
        # pandas would hold all cells of a workbook at once.
        workbook = run_process([PYTHON, "-c", _OURS, table.parent, "XLSX", table.with_name("target")])
        print(f"{ROWS:,} x {len(_COLUMNS)} XLSX: {_word(workbook)}")
        runs = {form: _compare(form, peer, table) for form, peer in _PEERS.items()}
        together = [one for form, one in runs.items() if form in _TOGETHER]
        seconds, processor = sum(one.seconds for one in together), sum(one.processor for one in together)
        print(f"CSV, JSON, Parquet and zip together: {seconds:.2f} s, processor {processor:.2f} s")
        # By a process of its own: what this one holds would count as memory of all that it starts.
        run_process([PYTHON, "benchmarks/generate_catalog.py", folder / "long", "--packages", "1", "--rows", str(ROWS)])
        _write_and_prove(f"an indicator of {ROWS:,} rows", folder / "long" / "datapackages", folder / "long" / "forms")


def _word(run_: Run) -> str:
    return f"{run_.seconds:.2f} s, processor {run_.processor:.2f} s, peak {run_.peak_mb} MB"


def _write_and_prove(name: str, packages: Path, folder: Path) -> None:
    """Print what it takes to write all forms of some packages, then to read them and the database back and compare."""
    written = run_process([PYTHON, "-c", _ALL, packages, folder])
    print(f"{name}, all forms: {_word(written)}")
    run_process([PYTHON, "-c", _PROOF, packages, folder, "write"])
    proof = run_process([PYTHON, "-c", _PROOF, packages, folder, "compare"])
    cells, forms = map(int, proof.output.split())
    print(f"{name}, {cells:,} cells in {forms} forms read back and compared: {_word(proof)}")


def _compare(form: str, peer: str, table: Path) -> Run:
    """Print one form beside pandas; return our run."""
    target = table.with_name("target")
    code: list[str | Path] = [_ZIP, table, target] if form == "ZIP" else [_OURS, table.parent, form, target]
    here = run_process([PYTHON, "-c", *code])
    there = run_process([PYTHON, "-c", _PANDAS + peer, table, target])
    print(
        f"{ROWS:,} x {len(_COLUMNS)} {form}: {_word(here)}; pandas {_word(there)}; "
        f"processor {here.processor / there.processor:.2f}, memory {here.peak_mb / there.peak_mb:.2f} of it"
    )
    return here


def _write_package(folder: Path) -> Path:
    folder.mkdir()
    fields = [{"name": name, "type": type_, "title": name} for name, type_ in _COLUMNS.items()]
    resource = {
        "name": "million", "type": "table", "path": "data.csv", "format": "csv", "mediatype": "text/csv",
        "encoding": "utf-8", "dialect": {"delimiter": ","}, "schema": {"fields": fields},
    }  # fmt: skip
    descriptor = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "million",
        "title": "Một triệu dòng",
        "description": "Số liệu bịa để đo tốc độ.",
        "languages": ["vi"],
        "version": "1.0.0",
        "licenses": [{"name": "CC-BY-4.0"}],
        "portal": {"kind": "table"},
        "resources": [resource],
    }
    (folder / "datapackage.json").write_text(json.dumps(descriptor), "utf-8")
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(_invent_rows())
    return folder / "data.csv"


def _invent_rows() -> Iterator[list[str]]:
    """Yield the same rows in every run; some columns repeat themselves, some never do."""
    for n in range(ROWS):
        yield [
            f"r{n:07}", f"KG{n % 15:02}", f"20{n % 24:02}-{n % 12 + 1:02}-{n % 28 + 1:02}", ("cá", "tôm", "mực")[n % 3],
            f"{n * 7 % 100_000}.{n % 100:02}", str(n * 13 % 1_000_003), ("true", "false")[n % 2],
            "" if n % 4 else f'Ghi chú số {n % 5_000}, "đúng"', str(2000 + n % 24),
        ]  # fmt: skip
