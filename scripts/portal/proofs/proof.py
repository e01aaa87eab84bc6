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
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from portal.data.table import Table
from portal.data.tree import find_digest
from portal.proofs.agreement import Comparison, Proof, compare_archive, compare_package, join_proofs
from portal.proofs.form import DATABASE
from portal.proofs.page_agreement import compare_pages, list_pages
from portal.proofs.reread_source import read_plainly
from portal.work.build_cache import digest_parts
from portal.work.package_work import digest_package

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Package
    from portal.files.distribution import Distribution
    from portal.work.build_cache import BuildCache

PROOF = "agreement.json"
_ROWS_AT_ONCE = 1_000
# The version of marshal that writes the same for the same value, whichever parts of it are one object.
_BY_VALUE = 2


@dataclass(frozen=True, slots=True)
class Prover:
    """Compares the forms of one build; `code` is the digest of what made them, `state_of` gives that of a package."""

    distributions: Mapping[str, Sequence[Distribution]]
    cache: BuildCache
    code: str
    state_of: Callable[[Package], str] = digest_package

    def prove_data(self, packages: Sequence[Package], data: Path, database: sqlite3.Connection) -> Proof:
        """Compare the files below `data` and the tables of the database with the packages."""
        figures = digest_observations(database)
        proofs = [self._prove_package(package, data / package.name, database, figures) for package in packages]
        return join_proofs([*proofs, prove_archives(data)])

    def _prove_package(
        self, package: Package, folder: Path, database: sqlite3.Connection, figures: Mapping[str, str]
    ) -> Proof:
        """Compare the forms of one package: files and tables only where the cache does not know that they agree.

        `figures` are the digests of the rows of datasets in the long table.
        """
        rows = [*digest_tables(package, database), figures.get(package.name, "")]
        files = [one.name for one in self.distributions[package.name]]
        state = self.state_of(package)
        keys = [
            digest_parts(["files agree", self.code, state, *self._digest_files(folder, files)]),
            digest_parts(["tables agree", self.code, state, *rows]),
        ]
        kept: list[list[dict[str, Any]] | None] = [self.cache.recall(key) for key in keys]
        if None in kept:
            read = {one.name: Table(package, one, read_plainly) for one in package.resources}
            proof = compare_package(package, read, folder, files if kept[0] is None else [], database)
            if proof.findings:
                return proof
            tables = [asdict(one) for one in proof.comparisons if one.file == DATABASE]
            kept = [kept[0] or [asdict(one) for one in proof.comparisons if one.file != DATABASE], tables]
            for key, comparisons in zip(keys, kept, strict=True):
                self.cache.remember(key, comparisons)
        return Proof(tuple(Comparison(**one) for comparisons in kept for one in comparisons or ()))

    def prove_pages(self, packages: Sequence[Package], site: Path, database: sqlite3.Connection) -> Proof:
        """Compare the pages of both languages."""
        words = [f"{one.name}={self.state_of(one)}" for one in packages if one.kind == "reference"]
        return join_proofs(self._prove_own_pages(one, site, database, words) for one in packages)

    def _prove_own_pages(
        self, package: Package, site: Path, database: sqlite3.Connection, words: Sequence[str]
    ) -> Proof:
        """Compare the pages of one package, unless they, the package and the `words` in them were found to agree.

        The rows of the database are those of the package: `prove_data` found so in this very build.
        """
        pages = self._digest_files(site, list_pages(package, site))
        key = digest_parts(["pages agree", self.code, self.state_of(package), *pages, *words])
        kept = self.cache.recall(key)
        if kept is not None:
            return Proof(tuple(Comparison(**one) for one in kept))
        proof = compare_pages(package, Table(package, package.main, read_plainly), site, database)
        if not proof.findings:
            self.cache.remember(key, [asdict(one) for one in proof.comparisons])
        return proof

    def _digest_files(self, folder: Path, names: Sequence[str]) -> Iterator[str]:
        """Yield name and digest of every file, which is not read again where the cache has just put it there."""
        for name in sorted(names):
            yield from (name, find_digest(f"{folder}/{name}", self.cache.digests))


def digest_tables(package: Package, database: sqlite3.Connection) -> list[str]:
    """Return a digest of the rows of each table of a package in the database."""
    with _undecoded(database):
        return [
            _digest_each(database.execute(f'SELECT * FROM "{one.name}" ORDER BY rowid'))  # noqa: S608 - a checked name
            for one in package.resources
        ]


def digest_observations(database: sqlite3.Connection) -> dict[str, str]:
    """Return a digest of the rows of each dataset in the long table, which is read once."""
    with _undecoded(database):
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


def prove_archives(data: Path) -> Proof:
    """Hold the members of the archives of the whole catalogue against the files that they are copies of."""
    proof = Proof()
    for path in sorted(data.glob("*.zip")):
        proof += compare_archive("", path, f"data/{path.name}")
    return proof


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
