"""The site: two MkDocs builds, Vietnamese at `/` and English at `/en/`, over hand-written and generated pages.

Generated pages enter MkDocs as files that exist nowhere on disk; their bodies come from Jinja2 templates in
`site/theme/portal/`, hand-written Markdown standing above them where there is any.
"""

from __future__ import annotations

import logging
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from mkdocs.commands.build import build as build_mkdocs
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException

from portal.catalogues.structured_data import Describer, render_script
from portal.data.tree import move_tree
from portal.files.asset import name_asset
from portal.pages.api_document import keep_openapi
from portal.pages.framed_page import PREFIXES, Frame, Frames, Head, name_owner
from portal.pages.generated_pages import Edition, GeneratedPages
from portal.pages.package_pages import SEARCHED
from portal.pages.page import Writer
from portal.pages.paging import is_later_part, write_facets
from portal.pages.renderer import SiteError, explain_site, make_renderer
from portal.pages.search_document import collect_documents, describe_written, list_found_references
from portal.pages.search_index import Corpus, weigh
from portal.releases.release import digest_inputs
from portal.words.text import LANGUAGES, Language
from portal.words.wording import say
from portal.work.build_cache import digest_parts, digest_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.figures.catalog import Catalog
    from portal.pages.package_pages import Made
    from portal.pages.view import Page, WrittenPage
    from portal.proofs.agreement import Proof
    from portal.work.package_work import Workshop

CONFIGURATIONS: dict[Language, str] = {"vi": "mkdocs.yml", "en": "mkdocs.en.yml"}
# Where what is written by hand lies.
_SOURCES: dict[Language, str] = {"vi": "site", "en": "site/en"}
_TEMPLATES = "portal"
# The date of an empty catalogue.
UNDATED = "2000-01-01"
# Where the outcome of comparing goes once everything that is compared exists.
AGREEMENT_MARK = "<!-- agreement -->"


@dataclass(frozen=True, slots=True)
class Written:
    """How many pages were generated.

    `packed` are the folders of the site whose files have compressed twins, `corpus` is what its search finds.
    """

    pages: int
    packed: frozenset[str]
    corpus: Corpus


def write_site(catalog: Catalog, project: Path, out: Path, made: Made, shop: Workshop) -> Written:
    """Build both languages into `out`; the search index is still to be written then.

    `project` holds mkdocs.yml, mkdocs.en.yml and `site/`; `made` are the pages of single packages. Raises SiteError on
    a broken page.
    """
    with tempfile.TemporaryDirectory(dir=out.parent) as temporary, _explain_faults():
        documents = {each: keep_openapi(catalog, each, out, shop) for each in LANGUAGES}
        writers = [Writer(catalog, each, openapi=documents[each]) for each in LANGUAGES]
        editions = {each.language: _edit(project, each, made) for each in writers}
        sources = digest_parts([shop.code, _digest_sources(project)])
        frames = {each: _make_frame(edition, sources) for each, edition in editions.items()}
        heads = [head for edition in editions.values() for head in edition.heads]
        framed = Frames(shop.cache, made.folders, out, shop.published / "site", frames)
        left = framed.take(heads)
        folder = Path(temporary, "mkdocs")
        written: dict[str, dict[Language, WrittenPage]] = {}
        for language, edition in editions.items():
            plugin = GeneratedPages(edition, [one for one in left if one.language == language], framed.read_body)
            # MkDocs empties its folder first.
            _build_language(project, folder, language, plugin, catalog)
            for address, page in plugin.written.items():
                written.setdefault(address, {})[language] = page
        move_tree(folder, out)
        framed.keep()
        write_facets([editions["vi"].writer.card(one) for one in catalog.datasets], out)
    corpus = Corpus(
        [made.folders[one.name] / SEARCHED for one in catalog.datasets],
        [weigh(one) for one in (*collect_documents(catalog), *describe_written(written, catalog))],
        [made.folders[one.name] / SEARCHED for one in list_found_references(catalog)],
    )
    pages = len(heads) + sum(len(each.pages) for each in editions.values())
    packed = frozenset(f"{PREFIXES[one.language]}{one.page.path}".rstrip("/") for one in heads)
    return Written(pages, packed, corpus)


def _edit(project: Path, writer: Writer, made: Made) -> Edition:
    """Gather the pages of one language."""
    catalog, language = writer.catalog, writer.language
    renderer = make_renderer(project / "site" / "theme" / _TEMPLATES, writer)
    pages: list[Page] = []
    heads: list[Head] = []
    for page in writer.shared_pages():
        if is_later_part(page.path):
            heads.append(Head(name_owner(page), language, page, "", digest_parts([made.words, digest_value(page)])))
        else:
            pages.append(page)
    sources = project / _SOURCES[language]
    for head in made.heads:
        if head.language != language:
            continue
        if (sources / head.page.source_uri).is_file():  # something written by hand goes into the body
            package = catalog.packages[head.owner]
            pages += (page for page in writer.package_pages(package) if page.path == head.page.path)
        else:
            heads.append(head)
    titles = {page.path: page.title for page in [*pages, *(head.page for head in heads)]}
    newest = max((one.created[:10] for one in catalog.packages.values() if one.created), default=UNDATED)
    return Edition(writer, renderer, pages, heads, Describer(catalog, language, titles), newest)


def _make_frame(edition: Edition, sources: str) -> Frame:
    """Return the frame of the pages of one language; `sources` is the digest of code, templates and settings."""

    def describe(page: Page) -> str:
        return render_script(edition.describer.describe(page.path, page.title, page.description))

    titles = [f"{page.path}={page.title}" for page in edition.pages]
    words = digest_value(edition.writer.catalog.settings)
    digest = digest_parts([sources, words, edition.newest, *titles])
    return Frame(digest, describe, lambda page: edition.renderer.render(page, ""))


def _digest_sources(project: Path) -> str:
    """Return the digest of all that a frame is made from, beside data and code."""
    names = ("site", *CONFIGURATIONS.values(), "metadata.yml")
    return digest_inputs([project / name for name in names if (project / name).exists()], project)


def write_agreement_page(catalog: Catalog, project: Path, site: Path, proof: Proof) -> None:
    """Put the outcome of comparing into its page, which MkDocs made before the pages could be compared.

    Raises SiteError where the page has no place for it.
    """
    for language in LANGUAGES:
        writer = Writer(catalog, language)
        renderer = make_renderer(project / "site" / "theme" / _TEMPLATES, writer)
        body = renderer.environment.get_template("agreement_table.html").render(**writer.agreement_view(proof))
        path = site / writer.url("agreement/").lstrip("/") / "index.html"
        before, mark, behind = path.read_text("utf-8").partition(AGREEMENT_MARK)
        if not mark:
            raise SiteError(f"{path.relative_to(site)}: {AGREEMENT_MARK}")
        path.write_text(f"{before}{body}{behind}", "utf-8")


class _Warnings(logging.Handler):
    """Keeps what MkDocs would have printed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def _explain_faults() -> Iterator[None]:
    """Turn whatever MkDocs and Jinja2 say of a broken site into one SiteError."""
    logger, warnings = logging.getLogger("mkdocs"), _Warnings()
    logger.setLevel(logging.WARNING)
    logger.addHandler(warnings)
    try:
        yield
    except (MkDocsException, jinja2.TemplateError) as error:
        reason = "; ".join(warnings.said) or str(error)
        raise explain_site(reason) from error
    finally:
        logger.removeHandler(warnings)


def _build_language(project: Path, out: Path, language: Language, plugin: GeneratedPages, catalog: Catalog) -> None:
    settings = catalog.settings
    prefix = PREFIXES[language]
    config = load_config(
        str(project / CONFIGURATIONS[language]),
        site_dir=str(out / prefix),
        site_name=settings.title.get(language),
        site_description=settings.description.get(language),
        site_url=f"{settings.site_url}{prefix}",
        strict=True,
    )
    config.extra["home"] = settings.site_url
    config.extra["contact"] = settings.contact
    config.extra["site_url"] = settings.site_url
    config.extra["is_local"] = settings.is_local
    config.extra["say"] = lambda key, **details: say(key, language, **details)
    assets = project / "site" / "theme" / "assets" / "portal"
    config.extra["asset"] = lambda name: name_asset(assets, name)
    config.plugins["portal"] = plugin
    build_mkdocs(config)
