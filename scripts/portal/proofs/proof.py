"""The proof: what comparing all forms of all datasets came to, kept between builds and published with the release.

Files and pages are compared again only where they, their package, the words that they show or the portal's code
changed. The database is made anew with every build, so it is compared with every build.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from portal.data.table import Table
from portal.proofs.agreement import Comparison, Proof, compare_archive, compare_package, join_proofs
from portal.proofs.form import DATABASE
from portal.proofs.page_agreement import compare_pages, list_pages
from portal.proofs.reread_database import open_database
from portal.proofs.reread_source import read_plainly
from portal.work.build_cache import digest_parts
from portal.work.package_work import digest_package

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Package
    from portal.files.distribution import Distribution
    from portal.work.build_cache import BuildCache

PROOF = "agreement.json"


class DisagreementError(Exception):
    """Forms of a package that do not agree with it; such an outcome is never kept."""

    def __init__(self, proof: Proof) -> None:
        super().__init__("; ".join(one.message_en for one in proof.findings))
        self.proof = proof


@dataclass(frozen=True, slots=True)
class Prover:
    """Compares the forms of one build; `code` is the digest of what made them."""

    distributions: Mapping[str, Sequence[Distribution]]
    cache: BuildCache
    code: str

    def prove_data(self, packages: Sequence[Package], data: Path, database: Path) -> Proof:
        """Compare the files below `data` and the tables of the database with the packages."""
        with closing(open_database(database)) as connection:
            proofs = [self._try_package(package, data / package.name, connection) for package in packages]
        return join_proofs([*proofs, prove_archives(data)])

    def _try_package(self, package: Package, folder: Path, database: sqlite3.Connection) -> Proof:
        try:
            return self._prove_package(package, folder, database)
        except DisagreementError as error:
            return error.proof

    def _prove_package(self, package: Package, folder: Path, database: sqlite3.Connection) -> Proof:
        """Compare one package: its files only where the cache does not know them, then in step with its tables."""
        files = [one.name for one in self.distributions[package.name]]
        rows = {one.name: Table(package, one, read_plainly) for one in package.resources}
        tables: list[Comparison] = []

        def compare() -> list[dict[str, Any]]:
            proof = compare_package(package, rows, folder, files, database)
            if proof.findings:
                raise DisagreementError(proof)
            tables.extend(one for one in proof.comparisons if one.file == DATABASE)
            return [asdict(one) for one in proof.comparisons if one.file != DATABASE]

        key = digest_parts(["agreement", self.code, digest_forms(package, folder, files)])
        kept = self.cache.recall(key)
        if kept is None:
            kept = compare()
            self.cache.remember(key, kept)
        proof = Proof(tuple(Comparison(**one) for one in kept))
        rest = Proof(tuple(tables)) if tables else compare_package(package, rows, folder, [], database)
        return proof + rest

    def prove_pages(self, packages: Sequence[Package], site: Path, database: Path) -> Proof:
        """Compare the pages of both languages."""
        words = [f"{one.name}={digest_package(one)}" for one in packages if one.kind == "reference"]
        with closing(open_database(database)) as connection:
            return join_proofs(self._prove_own_pages(one, site, connection, words) for one in packages)

    def _prove_own_pages(
        self, package: Package, site: Path, database: sqlite3.Connection, words: Sequence[str]
    ) -> Proof:
        """Compare the pages of one package, unless they, the package and the `words` in them were found to agree.

        The rows of the database are those of the package: `prove_data` found so in this very build.
        """
        key = digest_parts(["pages agree", self.code, digest_forms(package, site, list_pages(package, site)), *words])
        kept = self.cache.recall(key)
        if kept is not None:
            return Proof(tuple(Comparison(**one) for one in kept))
        proof = compare_pages(package, Table(package, package.main, read_plainly), site, database)
        if not proof.findings:
            self.cache.remember(key, [asdict(one) for one in proof.comparisons])
        return proof


def digest_forms(package: Package, folder: Path, files: Sequence[str]) -> str:
    """Return a digest of all that comparing the files of a package depends on: the same digest, the same outcome."""
    every = [*(one.file for one in package.resources), *(folder / name for name in sorted(files))]
    parts = [json.dumps(dict(package.descriptor), sort_keys=True)]
    for path in every:
        with path.open("rb") as file:
            parts += [path.name, hashlib.file_digest(file, "sha256").hexdigest()]
    return digest_parts(parts)


def prove_archives(data: Path) -> Proof:
    """Hold the members of the archives of the whole catalogue against the files that they are copies of."""
    proof = Proof()
    for path in sorted(data.glob("*.zip")):
        proof += compare_archive("", path, f"data/{path.name}")
    return proof


def write_proof(proof: Proof, data: Path) -> None:
    """Write `/data/agreement.json`: what was compared of each form, and of each dataset."""
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
        "datasets": datasets,
    }
    (data / PROOF).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")
