"""The proof: what comparing all forms of all datasets came to, kept between builds and published with the release.

Files, tables and pages are compared again only where they, their package, the words that they show or the portal's
code changed. The database is made anew with every build, so its rows are read with every build.
"""

from __future__ import annotations

import hashlib
import json
import marshal
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from portal.data.table import Table
from portal.data.tree import find_digest
from portal.proofs.agreement import Comparison, Proof, compare_archive, compare_package, join_proofs
from portal.proofs.form import DATABASE
from portal.proofs.page_agreement import compare_pages, list_pages
from portal.proofs.reread_database import check_keys, open_database
from portal.proofs.reread_source import read_plainly
from portal.work.build_cache import digest_parts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Package
    from portal.files.distribution import Distribution
    from portal.work.package_work import Workshop
    from portal.work.scheduler import Done

    RowDigests = Mapping[str, Sequence[str]]

PROOF = "agreement.json"
_ROWS_AT_ONCE = 1_000
# The version of marshal that writes the same for the same value, whichever parts of it are one object.
_BY_VALUE = 2


@dataclass(frozen=True)
class Ground:
    """Where the forms lie that a build compares: below `data` and `site`, and in the database `path`.

    Every process opens the database once: to read what ten thousand tables are takes half a second.
    """

    data: Path
    site: Path
    path: Path

    @property
    def name(self) -> str:
        """Return the name of the database."""
        return self.path.name

    @cached_property
    def database(self) -> sqlite3.Connection:
        """Return the open database."""
        return open_database(self.path)

    def __getstate__(self) -> dict[str, Path]:
        """Return the paths: an open database cannot be sent to another process."""
        return {"data": self.data, "site": self.site, "path": self.path}

    def close(self) -> None:
        """Close the database, if it is open."""
        if database := vars(self).pop("database", None):
            database.close()


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be compared of a package: its files, its tables, its pages; and the keys of the answers.

    `kept` are the answers that are known, as values of JSON. `files` are those that are still to be compared.
    """

    package: Package
    keys: Sequence[str]
    kept: Sequence[list[dict[str, Any]] | None]
    files: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Return the name of the package."""
        return self.package.name


@dataclass(frozen=True, slots=True)
class Prover:
    """Compares the forms of one build, as far as the `shop` does not know that they agree.

    `reading` gives what `digest_rows` found of the database; it is read here and now if there is none.
    """

    distributions: Mapping[str, Sequence[Distribution]]
    shop: Workshop
    ground: Ground
    reading: Callable[[], Done[RowDigests]] | None = None

    def prove_data(self, packages: Sequence[Package]) -> Proof:
        """Compare the files and the tables of the database with the packages.

        Raises sqlite3.IntegrityError where a code is in no list.
        """
        rows = self.reading().result if self.reading else digest_rows(self.ground, list_tables(packages))
        questions = [self._ask_forms(package, rows[package.name]) for package in packages]
        return self._answer("agreement", compare_forms, questions)

    def prove_pages(self, packages: Sequence[Package]) -> Proof:
        """Compare the pages of both languages with the database, of which `prove_data` found that it agrees."""
        words = [f"{one.name}={self.shop.state_of(one)}" for one in packages if one.kind == "reference"]
        return self._answer("pages", compare_shown, [self._ask_pages(one, words) for one in packages])

    def _ask_forms(self, package: Package, rows: Sequence[str]) -> Question:
        """Ask for the forms of one package; `rows` are the digests of its rows in the database."""
        files = [one.name for one in self.distributions[package.name]]
        known = [self.shop.code, self.shop.state_of(package)]
        keys = [
            digest_parts(["files agree", *known, *self._digest_files(self.ground.data / package.name, files)]),
            digest_parts(["tables agree", *known, *rows]),
        ]
        kept = [self.shop.cache.recall(key) for key in keys]
        return Question(package, keys, kept, files if kept[0] is None else [])

    def _ask_pages(self, package: Package, words: Sequence[str]) -> Question:
        """Ask for the pages of one package, which also show the `words`."""
        pages = self._digest_files(self.ground.site, list_pages(package, self.ground.site))
        key = digest_parts(["pages agree", self.shop.code, self.shop.state_of(package), *pages, *words])
        return Question(package, [key], [self.shop.cache.recall(key)])

    def _answer(self, stage: str, step: Callable[[Question, Ground], Proof], questions: Sequence[Question]) -> Proof:
        """Return the answers in the order of the questions; what agrees is kept."""
        left = [one for one in questions if None in one.kept]
        done = {one.name: one.result for one in self.shop.do(stage, step, left, self.ground)}
        return join_proofs(
            self._keep(one, done[one.name])
            if one.name in done
            else Proof(tuple(Comparison(**each) for kept in one.kept for each in kept or ()))
            for one in questions
        )

    def _keep(self, question: Question, proof: Proof) -> Proof:
        """Keep that the forms agree, if they do; return the proof with what was known before."""
        if proof.findings:
            return proof
        found: list[list[dict[str, Any]]] = [[] for _ in question.keys]
        for one in proof.comparisons:
            found[-1 if one.file == DATABASE else 0].append(asdict(one))
        answers = [kept or new for kept, new in zip(question.kept, found, strict=True)]
        for key, answer in zip(question.keys, answers, strict=True):
            self.shop.cache.remember(key, answer)
        return Proof(tuple(Comparison(**one) for answer in answers for one in answer), left_out=proof.left_out)

    def _digest_files(self, folder: Path, names: Sequence[str]) -> Iterator[str]:
        """Yield name and digest of every file, which is not read again where the cache has just put it there."""
        for name in sorted(names):
            yield from (name, find_digest(f"{folder}/{name}", self.shop.cache.digests))


def compare_forms(question: Question, ground: Ground) -> Proof:
    """Compare the files and the tables of one package with it; a step of a scheduler."""
    package = question.package
    read = {one.name: Table(package, one, read_plainly) for one in package.resources}
    return compare_package(package, read, ground.data / package.name, question.files, ground.database)


def compare_shown(question: Question, ground: Ground) -> Proof:
    """Compare the pages of one package with it; a step of a scheduler."""
    package = question.package
    return compare_pages(package, Table(package, package.main, read_plainly), ground.site, ground.database)


def list_tables(packages: Iterable[Package]) -> dict[str, list[str]]:
    """Return the names of the tables of packages, by package."""
    return {package.name: [one.name for one in package.resources] for package in packages}


def digest_rows(ground: Ground, tables: Mapping[str, Sequence[str]]) -> RowDigests:
    """Return, by package, the digests of all its rows: of each of its `tables`, and of its part of the long table.

    Raises sqlite3.IntegrityError where a code is in no list.
    """
    check_keys(ground.database)
    with _undecoded(ground.database):
        figures = _digest_observations(ground.database)
        return {
            package: [*(_digest_table(ground.database, name) for name in names), figures.get(package, "")]
            for package, names in tables.items()
        }


def _digest_table(database: sqlite3.Connection, name: str) -> str:
    return _digest_each(database.execute(f'SELECT * FROM "{name}" ORDER BY rowid'))  # noqa: S608 - a checked name


def _digest_observations(database: sqlite3.Connection) -> dict[str, str]:
    """Return a digest of the rows of each dataset in the long table, which is read once."""
    rows = database.execute("SELECT dataset, * FROM observations ORDER BY rowid")
    found: dict[bytes, str] = {}
    for dataset, own in groupby(rows, key=itemgetter(0)):
        # Rows that stood elsewhere are not overlooked.
        found[dataset] = found.get(dataset, "") + _digest_each(own)
    return {dataset.decode(): digest for dataset, digest in found.items()}


@contextmanager
def _undecoded(database: sqlite3.Connection) -> Iterator[None]:
    """Let texts come as the bytes that they are kept in: nobody reads them."""
    database.text_factory = bytes
    try:
        yield
    finally:
        database.text_factory = str


def _digest_each(rows: Iterator[tuple[object, ...]]) -> str:
    digest = hashlib.sha256()
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        digest.update(marshal.dumps(some, _BY_VALUE))
    return digest.hexdigest()


def prove_archives(data: Path, names: Sequence[str]) -> Proof:
    """Hold the members of the archives of the whole catalogue against the files that they are copies of."""
    return join_proofs(compare_archive("", data / name, f"data/{name}") for name in names)


def write_proof(proof: Proof, data: Path) -> None:
    """Write `/data/agreement.json`: what was compared of each form, and of each dataset, which has a line."""
    datasets: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(proof.comparisons, key=lambda one: one.dataset):
        datasets.setdefault(one.dataset, []).append({
            "form": one.form, "file": one.file, "reader": one.reader, "rows": one.rows, "cells": one.cells,
        })  # fmt: skip
    forms = proof.count_forms()
    record = {
        "cells": sum(one.cells for one in forms),
        "differences": len(proof.findings),
        "forms": [asdict(one) for one in forms],
    }
    before = json.dumps(record, ensure_ascii=False, indent=1).removesuffix("\n}")
    lines = ",\n  ".join(
        f"{json.dumps(name)}: {json.dumps(every, ensure_ascii=False)}" for name, every in datasets.items()
    )
    (data / PROOF).write_text(f'{before},\n "datasets": {{\n  {lines}\n }}\n}}\n', "utf-8")
