"""Package forms: the distributions of every package, made by a step of a scheduler or taken out of the cache."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from portal.data.register import list_registers, read_registers
from portal.files.distribution import recall_distribution, write_distributions
from portal.files.precompression import compress_files
from portal.work.build_cache import BuildCache, Destination, digest_parts
from portal.work.package_work import Order, digest_package, expect_unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Package
    from portal.data.register import Registers
    from portal.files.distribution import Distribution
    from portal.work.package_work import Workshop


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where forms are kept, and the words that they carry."""

    cache: Path
    registers: Registers


@contextmanager
def begin_forms(
    packages: Sequence[Package], data: Path, shop: Workshop
) -> Iterator[Callable[[], dict[str, tuple[Distribution, ...]]]]:
    """Begin to take the forms of every package below `data` out of the cache; give what writes the others there.

    That returns all by package. Precondition: all packages passed the check. Raises OSError where the disk fails,
    WorkError where a package changes.
    """
    digests = {package.name: shop.state_of(package) for package in packages}
    orders = [_order(package, digests, data, shop) for package in packages]
    with shop.begin_to_take(orders) as finish:

        def write() -> dict[str, tuple[Distribution, ...]]:
            shelf = Shelf(shop.cache.root, read_registers(packages))
            kept = shop.obtain("distributions", write_forms, orders, shelf, finish())
            return {
                one.name: tuple(map(recall_distribution, each.value)) for one, each in zip(packages, kept, strict=True)
            }

        yield write


def _order(package: Package, digests: Mapping[str, str], data: Path, shop: Workshop) -> Order:
    words = [f"{name}={digests[name]}" for name in list_registers(package) if name in digests]
    state, name = digests[package.name], package.name
    key = digest_parts(["distributions", shop.code, package.label, state, *words])
    return Order(package, state, key, [Destination("", data / name, shop.published / "site" / "data" / name)])


def write_forms(order: Order, shelf: Shelf) -> None:
    """Keep the forms of one package, each with its compressed twin, and what they are as values of JSON."""

    def make(folder: Path) -> list[dict[str, Any]]:
        written = write_distributions(order.package, folder, shelf.registers)
        compress_files(folder, threads=1)
        expect_unchanged(order.package, order.state, digest_package(order.package))
        return [asdict(one) for one in written]

    BuildCache(shelf.cache).keep(order.key, make)
