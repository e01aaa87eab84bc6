"""Rendering: pages become HTML with the portal's own, escaping templates in `site/theme/portal/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jinja2
import nh3
from markdown import markdown
from markupsafe import Markup

from portal.work.scheduler import WorkError

if TYPE_CHECKING:
    from pathlib import Path

    from portal.pages.page import Writer
    from portal.pages.view import Page
    from portal.words.text import Language

# Words and their structure; no picture, which would be fetched from another host, no part of a page's own frame.
_MARKDOWN_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "cite", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd",
    "li", "ol", "p", "pre", "q", "s", "small", "strong", "sub", "sup", "ul",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto"}
# A page has a title and parts of its own: `# x` of a descriptor stands below them.
_HEADINGS = {"toc": {"baselevel": 3}}


# What a fault of templates, pages or mkdocs.yml is called.
_BROKEN = "trang web không dựng được / the site cannot be built: {reason}"


class SiteError(WorkError):
    """A hand-written page, a template or mkdocs.yml that makes no site; the message says which, and why."""


def explain_site(reason: object) -> SiteError:
    """Return the error that stands for what MkDocs or Jinja2 says of a broken site."""
    return SiteError(_BROKEN.format(reason=reason))


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
