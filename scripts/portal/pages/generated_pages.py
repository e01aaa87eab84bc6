"""Generated pages: how those that exist nowhere on disk enter MkDocs, and what every page gets in its head."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

from mkdocs.config.base import Config
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File

from portal.catalogues.structured_data import render_script
from portal.pages.view import WrittenPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import jinja2
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page as MkDocsPage

    from portal.catalogues.structured_data import Describer
    from portal.pages.framed_page import Head
    from portal.pages.page import Writer
    from portal.pages.renderer import Renderer
    from portal.pages.view import Page

# Where MkDocs leaves room for a body; no title can hold it, in which < is escaped.
_BODY_MARK = "<!-- body -->"
# In hand-written pages examples run as they stand, on the machine of whoever tries them out.
LOCAL_ADDRESS = "http://127.0.0.1:8000/"
# Of the theme beneath only the machinery is used: its scripts, styles and pictures stay out of the release.
_UNUSED = ("assets/javascripts/", "assets/stylesheets/", "assets/images/")
_TAG = re.compile("<[^>]*>")


@dataclass(frozen=True, slots=True)
class Edition:
    """One language: its pages, those whose bodies are made apart from their frames, and what makes whole pages.

    `newest` is the date of the newest package, which stands for that of every page.
    """

    writer: Writer
    renderer: Renderer
    pages: Sequence[Page]
    heads: Sequence[Head]
    describer: Describer
    newest: str


class _NoOptions(Config):
    """GeneratedPages takes no options from mkdocs.yml."""


class GeneratedPages(BasePlugin[_NoOptions]):
    """An MkDocs plugin that adds generated pages and leaves out what the portal's own frame does not use.

    The bodies of those in `heads` are read when their page is written: all of them would fill the memory.
    """

    def __init__(self, edition: Edition, heads: Iterable[Head], read_body: Callable[[Head], str]) -> None:
        super().__init__()
        self.written: dict[str, WrittenPage] = {}
        self._edition = edition
        self._heads = {head.page.source_uri: head for head in heads}
        self._pages = {page.source_uri: page for page in [*edition.pages, *(one.page for one in self._heads.values())]}
        self._read_body = read_body

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
        page.update_date = self._edition.newest
        generated = self._pages.get(page.file.src_uri)
        if generated:
            page.meta.setdefault("title", generated.title)
            page.meta.setdefault("description", generated.description)
            page.meta.setdefault("scripts", list(generated.scripts))
            page.meta.update(generated.meta)
        path = "" if page.is_homepage else page.url
        title, description = page.meta.get("title") or page.title or "", page.meta.get("description", "")
        page.meta["structured_data"] = render_script(self._edition.describer.describe(path, title, description))
        return markdown.replace(LOCAL_ADDRESS, config.extra["home"])

    def on_page_content(self, content: str, *, page: MkDocsPage, **_: Any) -> str:
        """Put the generated body below what was written by hand."""
        if page.file.src_uri in self._heads:
            return _BODY_MARK
        if generated := self._pages.get(page.file.src_uri):
            return self._edition.renderer.render(generated, content)
        text = unescape(_TAG.sub(" ", content))
        self.written[page.url] = WrittenPage(str(page.title), str(page.meta.get("description", "")), text)
        return content

    def on_post_page(self, output: str, *, page: MkDocsPage, **_: Any) -> str:
        """Put a body that is made apart into its frame."""
        head = self._heads.get(page.file.src_uri)
        return output.replace(_BODY_MARK, self._read_body(head), 1) if head else output


def _is_unused(source_uri: str) -> bool:
    return source_uri.startswith(_UNUSED)
