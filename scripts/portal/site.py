"""The site: two MkDocs builds, Vietnamese at `/` and English at `/en/`, over hand-written and generated pages.

Generated pages enter MkDocs as files that exist nowhere on disk; their bodies come from Jinja2 templates in
`site/theme/portal/`, hand-written Markdown standing above them where there is any.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

import jinja2
import nh3
from markdown import markdown
from markupsafe import Markup
from mkdocs.commands.build import build as build_mkdocs
from mkdocs.config import load_config
from mkdocs.config.base import Config
from mkdocs.exceptions import MkDocsException
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File

from portal.asset import name_asset
from portal.later_rows import write_later_rows
from portal.page import Page, Writer
from portal.search_document import collect_documents, describe_written
from portal.search_index import write_search_index
from portal.structured_data import Describer, render_script
from portal.text import LANGUAGES, Language
from portal.view import WrittenPage
from portal.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page as MkDocsPage

    from portal.agreement import Proof
    from portal.catalog import Catalog

CONFIGURATIONS: dict[Language, str] = {"vi": "mkdocs.yml", "en": "mkdocs.en.yml"}
_TEMPLATES = "portal"
# In hand-written pages examples run as they stand, on the machine of whoever tries them out.
LOCAL_ADDRESS = "http://127.0.0.1:8000/"
# The date of an empty catalogue.
UNDATED = "2000-01-01"
# Of the theme beneath only the machinery is used: its scripts, styles and pictures stay out of the release.
_UNUSED = ("assets/javascripts/", "assets/stylesheets/", "assets/images/")
# Where the outcome of comparing goes once everything that is compared exists.
AGREEMENT_MARK = "<!-- agreement -->"
_TAG = re.compile("<[^>]*>")
# Words and their structure; no picture, which would be fetched from another host, no part of a page's own frame.
_MARKDOWN_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "cite", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd",
    "li", "ol", "p", "pre", "q", "s", "small", "strong", "sub", "sup", "ul",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto"}
# A page has a title and parts of its own: `# x` of a descriptor stands below them.
_HEADINGS = {"toc": {"baselevel": 3}}


class SiteError(ValueError):
    """A hand-written page, a template or mkdocs.yml that makes no site; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class Renderer:
    """Turns a page into HTML with the portal's own, escaping templates."""

    environment: jinja2.Environment
    language: Language

    def render(self, page: Page, introduction: str) -> str:
        """Return the body of `page` below its hand-written introduction (HTML)."""
        template = self.environment.get_template(page.template)
        return template.render(
            page=page,
            introduction=Markup(introduction),  # noqa: S704 - Python-Markdown made it from our own pages
            **page.view,
        )


def make_renderer(templates: Path, writer: Writer) -> Renderer:
    """Return a renderer whose templates lie in `templates` and speak the writer's language."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        say=writer.say,
        url=writer.url,
        label=writer.label,
        language=writer.language,
        contact=writer.catalog.settings.contact,
        site_url=writer.catalog.settings.site_url,
        portal_name=writer.catalog.settings.title.get(writer.language),
    )
    environment.filters["markdown"] = render_markdown
    environment.filters["safe_svg"] = Markup
    return Renderer(environment, writer.language)


def render_markdown(text: str) -> Markup:
    """Return cleaned HTML for Markdown out of a descriptor: no script, style, event handler or picture survives."""
    html = markdown(text, extensions=["toc"], extension_configs=_HEADINGS)
    return Markup(nh3.clean(html, tags=_MARKDOWN_TAGS, url_schemes=_SCHEMES, link_rel=None))  # noqa: S704 - cleaned just here


class _NoOptions(Config):
    """GeneratedPages takes no options from mkdocs.yml."""


class GeneratedPages(BasePlugin[_NoOptions]):
    """An MkDocs plugin that adds generated pages and leaves out what the portal's own frame does not use."""

    def __init__(self, pages: Iterable[Page], renderer: Renderer, describer: Describer, date: str) -> None:
        super().__init__()
        self._date = date
        self.written: dict[str, WrittenPage] = {}
        self._describer = describer
        self._pages = {page.source_uri: page for page in pages}
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
            return self._renderer.render(generated, content)
        text = unescape(_TAG.sub(" ", content))
        self.written[page.url] = WrittenPage(str(page.title), str(page.meta.get("description", "")), text)
        return content


def write_site(catalog: Catalog, project: Path, out: Path, data: Path) -> int:
    """Build both languages into `out`, their charts into `data/<dataset>/`; return the number of generated pages.

    `project` holds mkdocs.yml, mkdocs.en.yml and `site/`. Raises SiteError on a broken page.
    """
    count = 0
    written: dict[str, dict[Language, WrittenPage]] = {}
    newest = max((one.created[:10] for one in catalog.packages.values() if one.created), default=UNDATED)
    for language in LANGUAGES:
        writer = Writer(catalog, language)
        renderer = make_renderer(project / "site" / "theme" / _TEMPLATES, writer)
        pages = list(writer.pages())
        describer = Describer(catalog, language, {page.path: page.title for page in pages})
        plugin = GeneratedPages(pages, renderer, describer, newest)
        with _explain_faults():
            _build_language(project, out, language, plugin, catalog)
        for address, page in plugin.written.items():
            written.setdefault(address, {})[language] = page
        write_charts(writer, data)
        write_later_rows(writer, out)
        count += len(pages)
    documents = [*collect_documents(catalog), *describe_written(written, catalog)]
    write_search_index(documents, out / "search-index")
    return count


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
        raise SiteError(f"trang web không dựng được / the site cannot be built: {reason}") from error
    finally:
        logger.removeHandler(warnings)


def _is_unused(source_uri: str) -> bool:
    return source_uri.startswith(_UNUSED)


def _build_language(project: Path, out: Path, language: Language, plugin: GeneratedPages, catalog: Catalog) -> None:
    settings = catalog.settings
    prefix = "" if language == "vi" else "en/"
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


def write_charts(writer: Writer, data: Path) -> None:
    """Write the Vega-Lite specification and the SVG of every chart beside the dataset's downloads."""
    for package in writer.catalog.datasets:
        if chart := writer.chart(package):
            stem = data / package.name / f"{package.name}.{writer.language}"
            text = json.dumps(chart.specification, ensure_ascii=False, indent=2) + "\n"
            stem.with_name(f"{stem.name}.vl.json").write_text(text, "utf-8")
            stem.with_name(f"{stem.name}.svg").write_text(chart.svg, "utf-8")
