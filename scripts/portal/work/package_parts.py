"""Package parts: the rows of every small package, ready for the database; made by a step or taken out of the cache."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from portal.sqlite.package_rows import DatasetSummary
from portal.sqlite.part import Part, write_part
from portal.work.build_cache import BuildCache, digest_parts, digest_value
from portal.work.package_work import Order, digest_package, expect_unchanged

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from portal.data.package import Package
    from portal.sqlite.lexicon import Lexicon
    from portal.work.package_work import Workshop

_FILE = "rows.db"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where parts are kept, and the words that they are made with."""

    cache: Path
    lexicon: Lexicon


def make_each(packages: Sequence[Package], lexicon: Lexicon, shop: Workshop) -> list[Part]:
    """Return the part of every package; the files stay in the cache.

    Precondition: all packages passed the check. Raises OSError where the disk fails, WorkError where a package changes.
    """
    words = digest_value(lexicon)
    orders = [
        Order(package, shop.state_of(package), digest_parts(["part", shop.code, words, shop.state_of(package)]), ())
        for package in packages
    ]
    kept = shop.obtain("database", keep_part, orders, Desk(shop.cache.root, lexicon))
    return [
        Part(package, each.files / _FILE, DatasetSummary(**each.value))
        for package, each in zip(packages, kept, strict=True)
    ]


def keep_part(order: Order, desk: Desk) -> None:
    """Keep the part of one package, and its summary as a value of JSON."""

    def make(folder: Path) -> dict[str, Any]:
        folder.mkdir(parents=True)
        summary = write_part(folder / _FILE, order.package, desk.lexicon)
        expect_unchanged(order.package, order.state, digest_package(order.package))
        return asdict(summary)

    BuildCache(desk.cache).keep(order.key, make)
