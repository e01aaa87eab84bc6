"""The site: two MkDocs builds, Vietnamese at `/` and English at `/en/`, over hand-written and generated pages.

Generated pages enter MkDocs as files that exist nowhere on disk; their bodies come from Jinja2 templates in
`site/theme/portal/`, hand-written Markdown standing above them where there is any.
"""

from __future__ import annotations

import logging
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from mkdocs.commands.build import build as build_mkdocs
from mkdocs.config import load_config
from mkdocs.config.base import Config
from mkdocs.exceptions import MkDocsException
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File

from portal.api.developer_files import write_openapi
from portal.catalogues.structured_data import Describer, render_script
from portal.data.tree import move_tree
from portal.files.asset import name_asset
from portal.pages.framed_page import Frames
from portal.pages.package_pages import DOWNLOADS, SEARCHED, SITE, digest_value, make_package_pages
from portal.pages.page import Writer
from portal.pages.paging import is_later_part, write_facets
from portal.pages.renderer import Renderer, SiteError, explain_site, make_renderer
from portal.pages.search_document import collect_documents, describe_written, list_found_references
from portal.pages.search_index import load_document, weigh, write_search_index
from portal.pages.view import Page, WrittenPage
from portal.releases.release import digest_inputs
from portal.words.text import LANGUAGES, Language
from portal.words.wording import say
from portal.work.build_cache import BuildCache, digest_code, digest_parts
from portal.work.package_work import Workshop
from portal.work.scheduler import Here

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page as MkDocsPage

    from portal.figures.catalog import Catalog
    from portal.proofs.agreement import Proof

CONFIGURATIONS: dict[Language, str] = {"vi": "mkdocs.yml", "en": "mkdocs.en.yml"}
# Where what is written by hand lies.
_SOURCES: dict[Language, str] = {"vi": "site", "en": "site/en"}
_PREFIXES: dict[Language, str] = {"vi": "", "en": "en/"}
_TEMPLATES = "portal"
# Where MkDocs leaves room for a body; no title can hold it, in which < is escaped.
_BODY_MARK = "<!-- body -->"
# In hand-written pages examples run as they stand, on the machine of whoever tries them out.
LOCAL_ADDRESS = "http://127.0.0.1:8000/"
# The date of an empty catalogue.
UNDATED = "2000-01-01"
# Of the theme beneath only the machinery is used: its scripts, styles and pictures stay out of the release.
_UNUSED = ("assets/javascripts/", "assets/stylesheets/", "assets/images/")
# Where the outcome of comparing goes once everything that is compared exists.
AGREEMENT_MARK = "<!-- agreement -->"
_TAG = re.compile("<[^>]*>")


class _NoOptions(Config):
    """GeneratedPages takes no options from mkdocs.yml."""


class GeneratedPages(BasePlugin[_NoOptions]):
    """An MkDocs plugin that adds generated pages and leaves out what the portal's own frame does not use.

    The bodies of most pages are read when their page is written: all of them would fill the memory.
    """

    def __init__(
        self, pages: Iterable[Page], frames: Frames, renderer: Renderer, describer: Describer, date: str
    ) -> None:
        super().__init__()
        self._date = date
        self.written: dict[str, WrittenPage] = {}
        self._describer = describer
        self._pages = {page.source_uri: page for page in pages}
        self._frames = frames
        self._renderer = renderer

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add a file for every generated page that has no hand-written part."""
        for file in [one for one in files if _is_unused(one.src_uri)]:
            files.remove(file)
        for source_uri in self._pages:
            if files.get_file_from_path(source_uri) is None:
                files.append(File.generated(config, source_uri, content=""))
        return files

    def on_env(self, env: jinja2.Environment, **_: Any) -> jinja2.Environment:
        """Escape the title and description of a page in its head; the theme's own templates expect HTML."""
        env.autoescape = True
        return env

    def on_page_markdown(self, markdown: str, *, page: MkDocsPage, config: MkDocsConfig, **_: Any) -> str:
        """Give the page its title and description, no sidebars, and this portal's address in its examples."""
        # MkDocs would write today's date into the sitemap: same input, other bytes tomorrow.
        page.update_date = self._date
        generated = self._pages.get(page.file.src_uri)
        if generated:
            page.meta.setdefault("title", generated.title)
            page.meta.setdefault("description", generated.description)
            page.meta.setdefault("scripts", list(generated.scripts))
            page.meta.update(generated.meta)
        path = "" if page.is_homepage else page.url
        title, description = page.meta.get("title") or page.title or "", page.meta.get("description", "")
        page.meta["structured_data"] = render_script(self._describer.describe(path, title, description))
        return markdown.replace(LOCAL_ADDRESS, config.extra["home"])

    def on_page_content(self, content: str, *, page: MkDocsPage, **_: Any) -> str:
        """Put the generated body below what was written by hand."""
        generated = self._pages.get(page.file.src_uri)
        if generated:
            return self._renderer.render(generated, content) if generated.template else _BODY_MARK
        text = unescape(_TAG.sub(" ", content))
        self.written[page.url] = WrittenPage(str(page.title), str(page.meta.get("description", "")), text)
        return content

    def on_post_page(self, output: str, *, page: MkDocsPage, **_: Any) -> str:
        """Put the body of a page that was rendered before into its frame."""
        generated = self._pages.get(page.file.src_uri)
        if generated is None or generated.template:
            return output
        whole = output.replace(_BODY_MARK, self._frames.read_body(generated), 1)
        self._frames.keep(generated, whole)
        return whole


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of the packages' pages, below `folder`, and by whom."""

    folder: Path
    shop: Workshop


def write_site(catalog: Catalog, project: Path, out: Path, data: Path, shop: Workshop | None = None) -> int:
    """Build both languages into `out`, their charts into `data/<dataset>/`; return the number of generated pages.

    `project` holds mkdocs.yml, mkdocs.en.yml and `site/`; `shop` makes what one package shows, here and now if none is
    given. Raises SiteError on a broken page.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as made:
        folder = Path(made)
        shop = shop or Workshop(Here(), BuildCache(folder / ".cache"), digest_code(project), lambda _event: None)
        heads = make_package_pages(catalog, project, folder, shop)
        written: dict[str, dict[Language, WrittenPage]] = {}
        count = 0
        for language in LANGUAGES:
            own = [page for each, page in heads if each == language]
            pages, others = _write_language(project, out, Writer(catalog, language), own, Made(folder, shop))
            count += pages
            for address, page in others.items():
                written.setdefault(address, {})[language] = page
        for package in catalog.packages:
            move_tree(folder / package / DOWNLOADS, data / package)
            move_tree(folder / package / SITE, out)
        write_facets([Writer(catalog, "vi").card(one) for one in catalog.datasets], out)
        shared = map(weigh, [*collect_documents(catalog), *describe_written(written, catalog)])
        datasets = (load_document(folder / one.name / SEARCHED) for one in catalog.datasets)
        lists = (load_document(folder / one.name / SEARCHED) for one in list_found_references(catalog))
        write_search_index(chain(datasets, shared, lists), out / "search-index")
    return count


def _write_language(
    project: Path, out: Path, writer: Writer, heads: Iterable[Page], made: Made
) -> tuple[int, dict[str, WrittenPage]]:
    """Build one language over the pages that are made; return how many were generated, and the others."""
    catalog, language = writer.catalog, writer.language
    newest = max((one.created[:10] for one in catalog.packages.values() if one.created), default=UNDATED)
    renderer = make_renderer(project / "site" / "theme" / _TEMPLATES, writer)
    shared = [page for page in writer.shared_pages() if not is_later_part(page.path)]
    pages = [*shared, *_complete(heads, writer, project / _SOURCES[language])]
    describer = Describer(catalog, language, {page.path: page.title for page in pages})

    def describe(page: Page) -> str:
        return render_script(describer.describe(page.path, page.title, page.description))

    titles = [f"{page.path}={page.title}" for page in shared]
    words = digest_value(catalog.settings)
    frame = digest_parts([made.shop.code, _digest_sources(project), words, newest, *titles])
    frames = Frames(made.shop.cache, made.folder, language, frame, describe)
    with _explain_faults():
        parts = (page for page in writer.shared_pages() if is_later_part(page.path))
        pages += [frames.write_body(page, renderer.render(page, "")) for page in parts]
        left = [page for page in pages if page.template or not frames.take(page)]
        plugin = GeneratedPages(left, frames, renderer, describer, newest)
        _build_language(project, out, language, plugin, catalog)
    write_openapi(writer.openapi, out / _PREFIXES[language])
    move_tree(frames.whole, out / _PREFIXES[language])
    return len(pages), plugin.written


def _digest_sources(project: Path) -> str:
    """Return the digest of all that a frame is made from, beside data and code."""
    names = ("site", *CONFIGURATIONS.values(), "metadata.yml")
    return digest_inputs([project / name for name in names if (project / name).exists()], project)


def _complete(heads: Iterable[Page], writer: Writer, sources: Path) -> Iterator[Page]:
    """Yield the pages, with their values where something written by hand goes into the body."""
    for head in heads:
        if (sources / head.source_uri).is_file():
            package = writer.catalog.packages[head.path.split("/")[1]]
            yield from (page for page in writer.package_pages(package) if page.path == head.path)
        else:
            yield head


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


def _is_unused(source_uri: str) -> bool:
    return source_uri.startswith(_UNUSED)


def _build_language(project: Path, out: Path, language: Language, plugin: GeneratedPages, catalog: Catalog) -> None:
    settings = catalog.settings
    prefix = _PREFIXES[language]
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
