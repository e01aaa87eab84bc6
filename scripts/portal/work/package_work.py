"""Package work: what is made from one package at a time, kept by the digest of all that it was made from.

What is kept is looked up here; the rest goes to a scheduler. Whoever changes a step so that it reads anything more must
make that a part of its key.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from portal.checks.check import Examined, examine_package
from portal.checks.source_file import check_path
from portal.checks.testimony import Testimony
from portal.data.descriptor import DESCRIPTOR, read_package, try_descriptor
from portal.data.finding import Finding, Place, Severity
from portal.data.tree import digest_file
from portal.releases.release import digest_inputs
from portal.work.build_cache import BuildCache, digest_parts
from portal.work.build_event import Advanced
from portal.work.scheduler import WorkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.checks.rules import Context
    from portal.data.descriptor import Descriptor
    from portal.data.package import Package
    from portal.releases.published import Published
    from portal.work.build_cache import Destination, Kept, Used
    from portal.work.build_event import Report
    from portal.work.scheduler import Done, Scheduler

_CHANGED = (
    "tệp của gói {package} thay đổi trong khi đang đọc; đợi ghi xong rồi chạy lại / "
    "files of package {package} changed while they were read; wait until they are written, then run it again"
)
_SPOILT = (
    "gói {package}: {error} bị sửa ngay khi vừa lưu, không công bố gì; chạy lại / "
    "package {package}: {error} was altered right after it was kept, nothing was published; run it again"
)
# What it takes at least to put what is kept of a package into its places.
_TAKE_SECONDS = 0.001
# The only finding that another day may take away; none comes with a later day.
_OF_THE_DAY = "period-future"


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of one package: what is kept for a key, in its places; none of its files is there yet.

    `state` is the digest of the package, `key` that of everything that goes into the work.
    """

    package: Package
    state: str
    key: str
    places: Sequence[Destination]

    @property
    def name(self) -> str:
        """Return the name of the package."""
        return self.package.name


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be taken out of the cache: keys, and the places where their files go."""

    wanted: Sequence[tuple[str, Sequence[Destination]]]
    published: Published

    @property
    def name(self) -> str:
        """Return the name of the folder of what is kept."""
        return "cache"


def take_each(errand: Errand, root: Path) -> tuple[list[Kept | None], Used]:
    """Put what is kept below `root` into its places; return it, None where nothing is, and what was used of it."""
    cache = BuildCache(root, errand.published)
    return [cache.take(key, places) for key, places in errand.wanted], cache.list_used()


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where work is done and kept: `code` is the digest of what makes files out of data.

    `published` is the folder of the release that is published, whether there is one or not. `read` gives the SHA-256 of
    an input. `states` are the digests of packages by name, each as its files were when they were first looked at,
    `descriptors` those of all that a package says of itself.
    """

    scheduler: Scheduler
    cache: BuildCache
    code: str
    report: Report
    published: Path
    read: Callable[[str], str] = digest_file
    states: dict[str, str] = field(default_factory=dict)
    descriptors: dict[str, str] = field(default_factory=dict)

    def state_of(self, package: Package) -> str:
        """Return the digest of a package, taken before this build read any row of it. Raises OSError."""
        if package.name not in self.states:
            self.states[package.name] = digest_package(package, self.read)
        return self.states[package.name]

    def do(
        self, stage: str, step: Callable[[Any, Any], Any], jobs: Sequence[Any], shared: Any, before: int = 0
    ) -> Iterator[Done[Any]]:
        """Yield what became of each job, in order, and tell how far the stage is, which has done so many `before`."""
        for number, done in enumerate(self.scheduler.run(step, jobs, shared), start=before + 1):
            self.report(Advanced(stage, number, before + len(jobs), done.name, done.seconds))
            yield done

    @contextmanager
    def begin_to_take(self, orders: Sequence[Order]) -> Iterator[Callable[[], dict[str, Kept | None]]]:
        """Begin to put what is kept for orders into its places, beside other work; give what waits for it."""
        errand = Errand([(one.key, one.places) for one in orders], self.cache.published)
        seconds = len(orders) * _TAKE_SECONDS
        with self.scheduler.begin(take_each, errand, self.cache.root, seconds) as wait:

            def finish() -> dict[str, Kept | None]:
                taken, used = wait().result
                self.cache.note_used(used)
                return dict(zip((one.name for one in orders), taken, strict=True))

            yield finish

    def obtain(
        self,
        stage: str,
        step: Callable[[Any, Any], Any],
        orders: Sequence[Order],
        shared: Any,
        taken: Mapping[str, Kept | None] | None = None,
    ) -> list[Kept]:
        """Put what is kept for every order into its places; return it, in order.

        What is not kept yet is made by `step`, which keeps it; what `begin_to_take` took is `taken`. Raises OSError
        where a disk fails, WorkError where anything else does.
        """
        kept: dict[str, Kept] = {}
        for one in orders:
            start = time.perf_counter()
            if found := taken[one.name] if taken else self.cache.take(one.key, one.places):
                kept[one.name] = found
                self.report(Advanced(stage, len(kept), len(orders), one.name, time.perf_counter() - start))
        left = [one for one in orders if one.name not in kept]
        for one, _ in zip(left, self.do(stage, step, left, shared, before=len(kept)), strict=True):
            kept[one.name] = self._take_made(one)
        return [kept[one.name] for one in orders]

    def _take_made(self, order: Order) -> Kept:
        try:
            return self.cache.take_made(order.key, order.places)
        except ValueError as error:
            raise WorkError(_SPOILT.format(package=order.name, error=error)) from error


def digest_package(package: Package, read: Callable[[str], str] = digest_file) -> str:
    """Return a digest of the files that a package consists of; `read` gives the SHA-256 of one.

    Raises OSError where one cannot be read.
    """
    files = [package.folder / DESCRIPTOR, *(one.file for one in package.resources)]
    return digest_inputs(files, package.folder, read)


# --- descriptors --------------------------------------------------------------------------------------------------


def read_each(descriptors: Sequence[Descriptor], shop: Workshop) -> list[Package | tuple[Finding, ...]]:
    """Return the package of each descriptor, or its findings; texts that held before are not judged again."""
    keys = {one.path: _digest_descriptor(one, shop) for one in descriptors}
    held = {path: bool(key) and shop.cache.recall(key) is True for path, key in keys.items()}
    left = iter(shop.do("load", try_descriptor, [one for one in descriptors if not held[one.path]], None))
    read: list[Package | tuple[Finding, ...]] = []
    for one in descriptors:
        package = read_package(one.path, one.label, holds=True) if held[one.path] else next(left).result
        if (key := keys[one.path]) and not isinstance(package, tuple):
            shop.descriptors[package.name] = digest_parts([key, package.label])
            if not held[one.path]:
                shop.cache.remember(key, value=True)
        read.append(package)
    return read


def _digest_descriptor(one: Descriptor, shop: Workshop) -> str:
    """Return a digest of all that decides whether a descriptor holds; empty where it cannot be read."""
    try:
        return digest_parts(["descriptor", shop.code, one.name, shop.read(str(one.path))])
    except OSError:
        return ""


# --- check --------------------------------------------------------------------------------------------------------


def check_each(packages: Sequence[Package], context: Context, shop: Workshop) -> list[Examined]:
    """Return what checking each package came to; only those are checked that changed, or whose code lists did.

    Raises WorkError where a package changes meanwhile.
    """
    digests = {name: digest_parts(sorted(codes)) for name, codes in context.codes.items()}
    found: dict[str, Examined] = {}
    keys: dict[str, str] = {}
    for package in packages:
        if state := _digest_safely(package, shop.read):
            shop.states[package.name] = state
            keys[package.name] = _digest_check(package, state, digests, shop.code)
            kept = _recall_examined(keys[package.name], context.today, shop.cache)
            if kept is not None:
                found[package.name] = kept
    left = [package for package in packages if package.name not in found]
    for package, done in zip(left, shop.do("check", examine_package, left, context), strict=True):
        found[package.name] = done.result
        if key := keys.get(package.name):
            expect_unchanged(package, key, _digest_check(package, _digest_safely(package), digests, shop.code))
            _remember_examined(key, done.result, context.today, shop.cache)
    return [found[package.name] for package in packages]


def _digest_safely(package: Package, read: Callable[[str], str] = digest_file) -> str:
    """Return a digest of a package; empty where a file is missing, leads out of its folder or cannot be read."""
    if any(fault for resource in package.resources for fault in check_path(package, resource)):
        return ""
    try:
        return digest_package(package, read)
    except OSError:
        return ""


def _digest_check(package: Package, state: str, code_lists: Mapping[str, str], code: str) -> str:
    """Return a digest of all that the findings of a package depend on, but for the day."""
    named = {column.code_list for resource in package.resources for column in resource.fields} - {""}
    named |= {"themes"} if package.theme else set()
    lists = [f"{name}={code_lists.get(name, '')}" for name in sorted(named)]
    return digest_parts(["check", code, package.label, state, *lists])


def expect_unchanged(package: Package, before: str, after: str) -> None:
    """Raise WorkError where the digest of what was read from a package is no longer that of its files."""
    if before != after:
        raise WorkError(_CHANGED.format(package=package.name))


def _recall_examined(key: str, today: date, cache: BuildCache) -> Examined | None:
    """Return what was kept, if it holds `today`: what was not in the future once is not so later."""
    kept = cache.recall(key)
    if kept is None:
        return None
    day = date.fromisoformat(kept["day"])
    findings = _restore_findings(kept["findings"])
    lasting = all(one.code != _OF_THE_DAY for one in findings)
    if day != today and not (lasting and day < today):
        return None
    told = kept["testimony"]
    testimony = Testimony(
        tuple(_restore_findings(told["findings"])),
        {source: tuple((locator, printed) for locator, printed in pairs) for source, pairs in told["printed"].items()},
        tuple((identifier, flag, Place(**place)) for identifier, flag, place in told["flagged"]),
    )
    return Examined(findings, testimony)


def _restore_findings(kept: Sequence[Mapping[str, Any]]) -> list[Finding]:
    return [Finding(**{**one, "severity": Severity(one["severity"])}) for one in kept]


def _remember_examined(key: str, examined: Examined, today: date, cache: BuildCache) -> None:
    cache.remember(key, {"day": today.isoformat(), **asdict(examined)})
