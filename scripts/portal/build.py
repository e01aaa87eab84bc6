"""The build: every stage in order, from checked packages to a published release."""

from __future__ import annotations

import ctypes
import gc
import json
import resource
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from portal.api.api_metadata import make_metadata
from portal.api.api_pages import FOLDER, write_api_pages
from portal.api.api_schema import INSPECTION, inspect_database, read_answers
from portal.api.developer_files import write_assistants_guide
from portal.catalogues.ckan import write_ckan
from portal.catalogues.feed import write_feeds
from portal.catalogues.sitemap import write_sitemap
from portal.catalogues.standards import GRAPHS, say_graph, write_graph
from portal.checks.check import check_packages
from portal.data.descriptor import read_packages
from portal.data.finding import find_blockers
from portal.data.settings import read_settings
from portal.data.table import open_tables
from portal.data.tree import find_digest, list_tree
from portal.figures.catalog import make_catalog
from portal.files.by_hash import list_files, store_files, write_checksums
from portal.files.collection import ARCHIVES, write_catalog, write_collections
from portal.files.latest import write_latest
from portal.pages.account import account_for
from portal.pages.package_pages import begin_package_pages
from portal.pages.search_index import FOLDER as SEARCH_INDEX
from portal.pages.search_index import index_corpus
from portal.pages.site import write_agreement_page, write_site
from portal.proofs.proof import Ground, Prover, digest_rows, list_tables, prove_archives, write_proof
from portal.releases.inputs import digest_project
from portal.releases.published import Twins, note_published, recall_published
from portal.releases.release import publish, stage
from portal.sqlite.database import write_database
from portal.sqlite.table_shape import read_shapes
from portal.work.build_cache import BuildCache, digest_code
from portal.work.build_event import Begun, Stage
from portal.work.kept_answers import Unanswered, digest_answers, write_kept_answers
from portal.work.known_files import KnownFiles
from portal.work.package_figures import summarise
from portal.work.package_forms import begin_forms
from portal.work.package_parts import KeptParts
from portal.work.package_work import Workshop, check_each, read_each
from portal.work.scheduler import Processes, WorkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from portal.data.finding import Finding
    from portal.data.package import Package
    from portal.data.settings import Settings
    from portal.figures.catalog import Catalog
    from portal.pages.site import Written
    from portal.proofs.agreement import Proof
    from portal.releases.release import BuildFolder
    from portal.words.text import Text
    from portal.work.build_cache import Used
    from portal.work.build_event import Report
    from portal.work.scheduler import Done, Job, Scheduler, Step

_CHANGED = (
    "dữ liệu hoặc trang thay đổi trong khi dựng, không công bố gì; đợi sửa xong rồi chạy lại / the data or the site "
    "changed during the build, nothing was published; wait until the changes are complete, then run it again"
)


# What a package takes at least: its rows in the database, its files in archives, its answers, its places in the graph
# and in the search index.
_READ_SECONDS, _HOLD_SECONDS, _ANSWER_SECONDS, _GRAPH_SECONDS, _INDEX_SECONDS = 0.001, 0.0005, 0.004, 0.001, 0.002
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Result:
    """What a build came to: the id of the release, or the blockers that stopped it; and what its pages leave out."""

    release: str
    findings: Sequence[Finding]
    packages: int = 0
    pages: int = 0
    account: Sequence[Text] = ()


@contextmanager
def _timed(name: str, report: Report) -> Iterator[None]:
    # What earlier stages made stays until the end: looking through it for garbage again and again takes a fifth of all.
    gc.collect()
    gc.freeze()
    _give_back()
    report(Begun(name))
    start = time.perf_counter()
    yield
    report(Stage(name, time.perf_counter() - start, _read_peak_mb()))


def _give_back() -> None:
    """Give memory back to the system that the C library holds for later: a stage leaves a hole where it worked."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc has it
        trim(0)


@contextmanager
def _thawed() -> Iterator[None]:
    """Let the garbage collector look through everything again at the end."""
    try:
        yield
    finally:
        gc.unfreeze()


def _read_peak_mb() -> int:
    """Return the peak memory of this process; `ru_maxrss` begins with that of the process that started it."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) // 1024


def build_portal(
    project: Path, folder: BuildFolder, today: date, report: Report, scheduler: Scheduler | None = None
) -> Result:
    """Check all packages of `project` and publish a release in `folder`, unless a blocker stops it.

    `scheduler` does the work on single packages; on all cores if none is given. Raises OSError or sqlite3.Error where
    the disk fails, BuildLockedError where another build runs, SettingsError for a faulty metadata.yml, WorkError where
    work on a package failed or anything changed meanwhile; the published release stays as it was in every such case.
    """
    with ExitStack() as held, _thawed(), stage(folder) as staging:
        published = recall_published(folder)
        cache = BuildCache(folder.root / "cache", published)
        known = KnownFiles(cache, code := digest_code(project))
        inputs = digest_project(project, known.digest)
        shop = Workshop(scheduler or Processes(), cache, code, report, published.folder, known.digest)
        with _timed("load", report):
            settings = read_settings(project / "metadata.yml")
            loaded = read_packages(project / "datapackages", read_each=partial(read_each, shop=shop))
            packages = loaded.packages
        with _timed("check", report):
            checked = check_packages(packages, packages, today, loaded.unread, partial(check_each, shop=shop))
        if find_blockers(findings := sorted([*loaded.findings, *checked])):
            return Result("", findings, len(packages))
        yard = _Yard(project, staging, shop, held)
        catalog, prover, holding = _make_data(settings, packages, findings, yard)
        with _timed("metadata", report):
            make_pages = held.enter_context(begin_package_pages(catalog, project, yard.site, yard.data, shop))
            answering = _begin_answers(catalog, packages, yard)
        with _timed("agreement", report):
            proof = prover.prove_data(packages)
        if proof.findings:
            return Result("", [*findings, *proof.findings], len(packages))
        with _timed("site", report):
            made = make_pages()
            drawing = yard.begin(write_graph, say_graph(catalog, made.folders), yard.site, _GRAPH_SECONDS)
            written = write_site(catalog, project, yard.site, made, shop)
            twins = Twins(yard.site, published if published.code == shop.code else None)
            indexing = yard.begin(index_corpus, written.corpus, twins, _INDEX_SECONDS)
        with _timed("standards", report):
            _write_beside_pages(catalog, made.folders, staging)
        with _timed("pages", report):
            proof += holding().result + prover.prove_pages(packages)
        if proof.findings:
            return Result("", [*findings, *proof.findings], len(packages))
        with _timed("compress", report):
            files = _finish_site(catalog, project, yard.site, proof, cache.digests)
            _compress_site(catalog, written, twins)
        with _timed("wholes", report):
            for wait in (indexing, drawing):
                cache.note_digests(wait().result)
        with _timed("answers", report):
            cache.note_used(answering().result)
        with _timed("publish", report):
            if digest_project(project, known.digest) != inputs:
                raise WorkError(_CHANGED)
            known.keep()
            store_files(files, yard.data, folder.root)
            release = publish(folder, staging, inputs, cache.digests, cache.is_published)
            cache.prune()
            note_published(folder, shop.code, cache.taken)
    return Result(release, findings, len(packages), written.pages, account_for(catalog))


@dataclass(frozen=True, slots=True)
class _Yard:
    """Where a release is made: its folder `staging`, and what is `held` until it is published."""

    project: Path
    staging: Path
    shop: Workshop
    held: ExitStack

    @property
    def site(self) -> Path:
        return self.staging / "site"

    @property
    def data(self) -> Path:
        return self.site / "data"

    @property
    def database(self) -> Path:
        return self.staging / "opendata.db"

    def begin(self, step: Step[Value], job: Job, shared: Any, seconds_each: float) -> Callable[[], Done[Value]]:
        """Begin a job that goes on beside the stages, so many seconds for each package; it ends with the build."""
        seconds = len(self.shop.states) * seconds_each
        return self.held.enter_context(self.shop.scheduler.begin(step, job, shared, seconds))


def _make_data(
    settings: Settings, packages: Sequence[Package], findings: Sequence[Finding], yard: _Yard
) -> tuple[Catalog, Prover, Callable[[], Done[Proof]]]:
    """Write the database and all downloads of packages that passed the check.

    Return what will compare them, and what waits for the archives of all packages, which are being held against them.
    """
    shop = yard.shop
    with _timed("database", shop.report):
        write_forms = yard.held.enter_context(begin_forms(packages, yard.data, shop))
        summaries = write_database(yard.database, packages, findings, KeptParts(shop))
        ground = yard.held.enter_context(closing(Ground(yard.data, yard.site, yard.database)))
        reading = yard.begin(digest_rows, ground, list_tables(packages), _READ_SECONDS)
    with _timed("distributions", shop.report):
        distributions = write_forms()
        collections = write_collections(packages, distributions, yard.database, yard.data)
        shop.cache.note_digests(
            {(yard.data / one.name).stat().st_ino: bytes.fromhex(one.sha256) for one in collections}
        )
        holding = yard.begin(prove_archives, yard.data, ARCHIVES, _HOLD_SECONDS)
        catalog = replace(
            summarise(make_catalog(settings, packages, open_tables(packages), distributions, findings), shop),
            shapes=read_shapes(ground.database),
            answers=read_answers(ground.database, settings.datasette.get("queries", {})),
            summaries=summaries,
            collections=collections,
        )
    return catalog, Prover(distributions, shop, ground, reading), holding


def _begin_answers(catalog: Catalog, packages: Sequence[Package], yard: _Yard) -> Callable[[], Done[Used]]:
    """Write what Datasette serves beside the database, and begin to write what it answers."""
    staging, cache = yard.staging, yard.shop.cache
    units = {code: catalog.label("units", code) for code in catalog.records.get("units", {})}
    metadata = make_metadata(packages, catalog.settings, units)
    (staging / "datasette.json").write_text(json.dumps(metadata, ensure_ascii=False), "utf-8")
    inspection = inspect_database(yard.database, lambda file: find_digest(str(file), cache.digests))
    (staging / INSPECTION).write_text(json.dumps(inspection), "utf-8")
    write_api_pages(yard.project / "site" / "theme" / "datasette", catalog.settings, staging / FOLDER)
    keys = digest_answers(packages, metadata, yard.shop)
    release = Unanswered(staging, keys, cache.published)
    return yard.begin(write_kept_answers, release, cache.root, _ANSWER_SECONDS)


def _write_beside_pages(catalog: Catalog, folders: Mapping[str, Path], staging: Path) -> None:
    """Write what programs read beside the pages that people read; `folders` has what was made of each package."""
    site = staging / "site"
    write_catalog(catalog, folders, site / "data")
    write_ckan(catalog, folders, staging)
    write_latest({name: folders[name] for name in catalog.observations}, site / "data")
    write_assistants_guide(catalog, site)
    write_feeds(catalog, site)
    write_sitemap(catalog, site)


def _finish_site(
    catalog: Catalog, project: Path, site: Path, proof: Proof, digests: Mapping[int, bytes]
) -> Mapping[str, str]:
    """Publish what was compared; return the files with an address by content, their SHA-256 by path below `/data/`."""
    data = site / "data"
    write_proof(proof, data)
    write_agreement_page(catalog, project, site, proof)
    files = list_files(catalog.distributions, catalog.collections)
    write_checksums(files, data, digests)
    return files


def _compress_site(catalog: Catalog, written: Written, twins: Twins) -> None:
    """Give every file of the site its compressed twin that has none, and gets none where it is written."""
    names = list_tree(twins.site, {*written.packed, *(f"data/{name}" for name in catalog.packages), SEARCH_INDEX})
    twins.compress([name for name in names if name not in GRAPHS])
