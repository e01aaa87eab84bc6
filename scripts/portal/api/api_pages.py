"""The API's pages: Datasette's templates in the portal's look, filled at build with the portal's own words.

A template in `site/theme/datasette/` is written for two readers: what stands in double brackets is said here, once,
in both languages; what stands in double braces Datasette fills in with each request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from portal.api.api_metadata import JOINT
from portal.words.wording import say

if TYPE_CHECKING:
    from pathlib import Path

    from portal.data.settings import Settings

FOLDER = "datasette-templates"


def write_api_pages(templates: Path, settings: Settings, out: Path) -> None:
    """Fill every template of a folder and write it to the folder `out`, which must not exist.

    Raises jinja2.TemplateError where a template is faulty, KeyError where it says unknown words.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([templates, templates.parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
    )
    environment.globals.update(say=_say, plain=_say_plainly, joint=JOINT, settings=settings)
    out.mkdir()
    for path in sorted(templates.glob("*.html")):
        (out / path.name).write_text(environment.get_template(path.name).render(), "utf-8")


def _say(key: str) -> Markup:
    """Return words in Vietnamese and, marked as such, in English."""
    vietnamese, english = say(key, "vi"), say(key, "en")
    if vietnamese == english:
        return Markup("{}").format(vietnamese)
    return Markup('{} <span class="en" lang="en">{}</span>').format(vietnamese, english)


def _say_plainly(key: str) -> str:
    """Return words in both languages for an attribute, which holds no markup."""
    vietnamese, english = say(key, "vi"), say(key, "en")
    return vietnamese if vietnamese == english else f"{vietnamese}{JOINT}{english}"
