"""Package parts: the rows of every small package, ready for the database; made by a step or taken out of the cache.

Its empty tables are kept as well: to create one SQLite looks through all that there are.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.sqlite.database import create_tables
from portal.sqlite.package_rows import DatasetSummary
from portal.sqlite.part import Part, index_parts, write_part
from portal.work.build_cache import BuildCache, digest_parts, digest_value
from portal.work.package_work import Order, digest_package, expect_unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from portal.data.package import Package
    from portal.sqlite.lexicon import Lexicon
    from portal.sqlite.part import Texts
    from portal.work.package_work import Workshop

_FILE, _EMPTY = "rows.db", "empty.db.gz"
# An empty table is two pages of zeros.
_LEVEL = 1
# What it takes at least to index the texts of a part.
_INDEX_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Desk:
    """Where parts are kept, and the words that they are made with."""

    cache: Path
    lexicon: Lexicon


@dataclass(frozen=True, slots=True)
class KeptParts:
    """What the database of a build is put together from, kept from one build to the next.

    Raises OSError where the disk fails.
    """

    shop: Workshop

    def make_tables(self, path: Path, statements: Sequence[str]) -> None:
        """Make the database `path`, which does not exist, by the statements that create its tables."""
        key = digest_parts(["tables", self.shop.code, *statements])

        def make(folder: Path) -> None:
            folder.mkdir()
            with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
                create_tables(fresh := Path(beside, _EMPTY), statements)
                with fresh.open("rb") as plain, gzip.open(folder / _EMPTY, "wb", _LEVEL) as packed:
                    shutil.copyfileobj(plain, packed)

        kept = self.shop.cache.take(key)
        if kept is None:
            self.shop.cache.keep(key, make)
            kept = self.shop.cache.take_made(key)
        with gzip.open(kept.files / _EMPTY) as packed, path.open("xb") as plain:
            shutil.copyfileobj(packed, plain)

    def make_parts(self, packages: Sequence[Package], lexicon: Lexicon) -> list[Part]:
        """Return the part of every package; the files stay in the cache.

        Precondition: all packages passed the check. Raises WorkError where a package changes.
        """
        shop, words = self.shop, digest_value(lexicon)
        orders = [
            Order(package, shop.state_of(package), digest_parts(["part", shop.code, words, shop.state_of(package)]), ())
            for package in packages
        ]
        kept = shop.obtain("database", keep_part, orders, Desk(shop.cache.root, lexicon))
        return [
            Part(package, each.files / _FILE, DatasetSummary(**each.value))
            for package, each in zip(packages, kept, strict=True)
        ]

    def begin_index(self, texts: Texts, file: Path) -> AbstractContextManager[Callable[[], object]]:
        """Begin to index the texts of parts into `file`; give what waits for its end."""
        return self.shop.scheduler.begin(index_parts, texts, file, len(texts.parts) * _INDEX_SECONDS)


def keep_part(order: Order, desk: Desk) -> None:
    """Keep the part of one package, and its summary as a value of JSON."""

    def make(folder: Path) -> dict[str, Any]:
        folder.mkdir(parents=True)
        summary = write_part(folder / _FILE, order.package, desk.lexicon)
        expect_unchanged(order.package, order.state, digest_package(order.package))
        return asdict(summary)

    BuildCache(desk.cache).keep(order.key, make)
