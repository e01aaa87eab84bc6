"""Write a project with any number of invented indicator packages, the same for the same seed.

The code lists are the project's own, the figures are invented, and so is the document that they name: nothing of
this is ever published. Faults can be planted: each spoils one package in a way that the check must name.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from invented_catalogue import invent_words
from measure import PROJECT
from portal.data.scaffold import DATA_FILE, Draft, make_descriptor, render_descriptor
from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SEED = 7
FIRST_YEAR, LAST_YEAR = 1976, 2025
# Beside the packages a build reads these; they are linked, not copied.
_SHARED = ("site", "metadata.yml", "mkdocs.yml", "mkdocs.en.yml", "requirements.lock")
_DOCUMENT = "invented_report"
_CREATED = date(2026, 1, 1)
_DIMENSION = "tier"
_SPLIT_FROM = 2  # the second code of the list is the first part; before it stands the total

_DIGITS = re.compile("[0-9]+")

Row = list[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to invent; `faults` are names out of FAULTS, each for one of the first packages."""

    packages: int
    rows: int
    seed: int = SEED
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lists:
    """The codes that invented figures are made of."""

    areas: Sequence[str]
    parts: Sequence[str]
    measures: Sequence[str]
    themes: Sequence[str]


def main(argv: list[str] | None = None) -> int:
    """Write the project; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder that does not exist yet")
    parser.add_argument("--packages", type=int, default=100)
    parser.add_argument("--rows", type=int, default=100, help="rows of each package")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--faults", nargs="*", default=(), choices=sorted(FAULTS), help="one package spoiled by each")
    arguments = parser.parse_args(argv)
    if arguments.folder.exists():
        print(f"{arguments.folder} exists", file=sys.stderr)
        return 2
    plan = Plan(arguments.packages, arguments.rows, arguments.seed, tuple(arguments.faults))
    generate_catalog(arguments.folder, plan)
    return 0


def generate_catalog(folder: Path, plan: Plan, project: Path = PROJECT) -> None:
    """Write the planned indicators below `folder`, which is made here, with the code lists of `project`."""
    folder.mkdir(parents=True)
    for name in _SHARED:
        (folder / name).symlink_to(project / name)
    reference = folder / "datapackages" / "reference"
    shutil.copytree(project / "datapackages" / "reference", reference, ignore=_leave_out_registers)
    lists = _read_lists(reference)
    random = Random(plan.seed)  # noqa: S311 - the same catalogue in every run
    words = invent_words(random)
    runs = 0
    for number in range(plan.packages):
        descriptor, table = _invent_package(number, plan.rows, lists, words, random)
        runs += sum(len(_DIGITS.findall(row[-3])) for row in table)
        if number < len(plan.faults):
            FAULTS[plan.faults[number]](descriptor, table)
        write_invented(folder / "datapackages" / "indicators" / descriptor["name"], descriptor, table)
    _write_document(reference / "sources" / DATA_FILE, runs)


def write_invented(folder: Path, descriptor: dict[str, Any], table: Sequence[Row]) -> None:
    """Write one package, its header first."""
    folder.mkdir(parents=True)
    (folder / "datapackage.json").write_text(render_descriptor(descriptor), "utf-8")
    header = [column["name"] for column in descriptor["resources"][0]["schema"]["fields"]]
    with (folder / DATA_FILE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *table])


def _leave_out_registers(folder: str, names: list[str]) -> set[str]:
    """Leave out the registers that name datasets of the real catalogue, or places in its documents."""
    return {"systems", "exclusions"} & set(names) if Path(folder).name == "reference" else set()


def _write_document(register: Path, runs: int) -> None:
    """Leave only the invented document in the register, with the number of runs of digits that it would have."""
    with register.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    row = {"id": _DOCUMENT, "title": "Báo cáo bịa để đo", "title_en": "A report invented to measure with"}
    row |= {"publisher": "Cổng dữ liệu", "publisher_en": "The portal", "date": _CREATED.isoformat(), "language": "vi"}
    row |= {"kind": "report", "sha256": "0" * 64, "file": f"{_DOCUMENT}.txt", "digit_runs": str(runs), "systems": "0"}
    with register.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, [row.get(name, "") for name in header]])


def _read_lists(reference: Path) -> Lists:
    def read(name: str) -> list[str]:
        with (reference / name / DATA_FILE).open(encoding="utf-8", newline="") as file:
            return [row[0] for row in csv.reader(file)][1:]

    return Lists(read("areas"), read("codes"), read("measures"), read("themes"))


def _invent_package(
    number: int, rows: int, lists: Lists, words: Sequence[str], random: Random
) -> tuple[dict[str, Any], list[Row]]:
    title = Text(_phrase(random, words, 6).capitalize(), f"Invented indicator {number}: {_phrase(random, words, 4)}")
    split = number % 2 == 1
    draft = Draft(
        f"invented_{number:05}",
        title,
        random.choice(lists.themes),
        random.choice(lists.measures),
        (_DIMENSION,) if split else (),
    )
    descriptor = make_descriptor(draft, "Cổng dữ liệu mở Kiên Giang", _CREATED)
    descriptor["description"] = f"{_phrase(random, words, 24).capitalize()}."
    descriptor["description@en"] = f"Figures invented to measure with, number {number}."
    descriptor["sources"] = [{"id": _DOCUMENT, "title": "Báo cáo bịa để đo"}]
    return descriptor, list(_invent_rows(draft, rows, lists, random, number * rows))


def _invent_rows(draft: Draft, rows: int, lists: Lists, random: Random, above: int) -> Iterator[Row]:
    """Yield rows with keys of their own: years, areas and parts in turn; in the document `above` lines stand before.

    No two packages share a line: the same figure at the same place would be one figure to the account of its digits.
    """
    years = LAST_YEAR - FIRST_YEAR + 1
    parts = lists.parts[: len(lists.parts) // _SPLIT_FROM]
    for index in range(rows):
        cells = [str(LAST_YEAR - index % years), lists.areas[index // years % len(lists.areas)]]
        if draft.dimensions:
            cells.append(parts[index // (years * len(lists.areas)) % len(parts)])
        value = str(random.randrange(1, 10_000_000))
        printed = f"{int(value):,}".replace(",", ".")
        cells += [draft.measure, "level", value, "count", "actual", "exact", "", _DOCUMENT]
        yield [*cells, f"{above + index + 1}:1", printed, "", ""]


def _phrase(random: Random, words: Sequence[str], length: int) -> str:
    return " ".join(random.choices(words, k=length))


def _set_cell(descriptor: dict[str, Any], table: list[Row], column: str, value: str) -> None:
    names = [one["name"] for one in descriptor["resources"][0]["schema"]["fields"]]
    table[-1][names.index(column)] = value


# What can be planted, under the code of the finding that must name it.
FAULTS: dict[str, Callable[[dict[str, Any], list[Row]], None]] = {
    "unknown-code": lambda descriptor, table: _set_cell(descriptor, table, "unit", "furlong"),
    "type-error": lambda descriptor, table: _set_cell(descriptor, table, "value", "1.234,5"),
    "primary-key": lambda _descriptor, table: table.append(list(table[-1])),
    "period-invalid": lambda descriptor, table: _set_cell(descriptor, table, "period", "2020-13"),
    "value-mismatch": lambda descriptor, table: _set_cell(descriptor, table, "as_stated", "1"),
    "formula-text": lambda descriptor, table: _set_cell(descriptor, table, "note", "=1+1"),
    "unknown-theme": lambda descriptor, _table: descriptor["portal"].update(theme="nowhere"),
}


if __name__ == "__main__":
    sys.exit(main())
