"""All distributions of the real catalogue, and each form of a million rows beside pandas, which writes the same rows.

Every form is written by a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from measure import PYTHON, run_process

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 1_000_000
_COLUMNS = {
    "id": "string", "area": "string", "day": "date", "kind": "string", "value": "number", "count": "integer",
    "covered": "boolean", "note": "string", "year": "year",
}  # fmt: skip
_START = "import sys; sys.path.insert(0, 'scripts'); from pathlib import Path; "
_OURS = f"""{_START}
from portal.descriptor import read_packages
from portal.distribution import FORMATS
package = read_packages(Path(sys.argv[1])).packages[0]
form = next(one for one in FORMATS if one.name == sys.argv[2])
form.write(package, package.main, Path(sys.argv[3]), {{}})
"""
_ZIP = f"""{_START}
from portal.archive import write_archive
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
from portal.descriptor import read_packages
from portal.distribution import write_distributions
from portal.register import read_registers
packages = read_packages(Path('datapackages')).packages
registers = read_registers(packages)
for one in packages:
    write_distributions(one, Path(sys.argv[1]) / one.name, registers)
"""


def run() -> None:
    """Print time and peak memory of every form, as ratios to pandas, and the time of the real catalogue."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        real = run_process([PYTHON, "-c", _ALL, folder / "real"])
        print(f"real catalogue, all forms: {real.seconds:.2f} s, peak {real.peak_mb} MB")
        table = _write_package(folder / "million")
        total = 0.0
        for form, peer in _PEERS.items():
            seconds = _compare(form, peer, table)
            total += seconds if form != "Excel CSV" else 0
        print(f"CSV, JSON, Parquet and zip together: {total:.2f} s")


def _compare(form: str, peer: str, table: Path) -> float:
    """Print one form beside pandas; return our seconds."""
    target = table.with_name("target")
    code: list[str | Path] = [_ZIP, table, target] if form == "ZIP" else [_OURS, table.parent, form, target]
    here = run_process([PYTHON, "-c", *code])
    there = run_process([PYTHON, "-c", _PANDAS + peer, table, target])
    print(
        f"{ROWS:,} x {len(_COLUMNS)} {form}: {here.seconds:.2f} s, {here.peak_mb} MB; "
        f"pandas {there.seconds:.2f} s, {there.peak_mb} MB; "
        f"ratio {here.seconds / there.seconds:.2f}, memory {here.peak_mb / there.peak_mb:.2f}"
    )
    return here.seconds


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
