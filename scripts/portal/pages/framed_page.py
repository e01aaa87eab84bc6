"""Framed pages: bodies that were made before and wait for their frame, and whole pages kept from former builds.

MkDocs puts the frame around a page. That of a generated page depends on the page itself, on what `Frames.frame` is the
digest of, and on nothing else: no page of a package stands in a menu. So MkDocs is given only the pages that are new.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portal.files.precompression import compress_files
from portal.pages.package_pages import BODIES, digest_value
from portal.work.build_cache import digest_parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portal.pages.view import Page
    from portal.words.text import Language
    from portal.work.build_cache import BuildCache

_WHOLE = ".whole"


@dataclass(frozen=True, slots=True)
class Frames:
    """The pages of one language.

    `made` holds the bodies, by package. `frame` is the digest of what all frames show, `describe` returns what search
    engines read of a page.
    """

    cache: BuildCache
    made: Path
    language: Language
    frame: str
    describe: Callable[[Page], str]

    def take(self, page: Page) -> bool:
        """Take a whole page out of the cache; tell whether it was there."""
        return self.cache.take(self.whole / page.path.rstrip("/"), self._digest(page)) is not None

    def keep(self, page: Page, html: str) -> None:
        """Keep a page that is whole now, with its compressed twin."""

        def write(folder: Path) -> None:
            folder.mkdir(parents=True)
            # As MkDocs writes it.
            (folder / "index.html").write_bytes(html.encode("utf-8", errors="xmlcharrefreplace"))
            compress_files(folder, threads=1)

        self.cache.keep(self._digest(page), write)

    def read_body(self, page: Page) -> str:
        """Return the body of a page: `catalog/x/` and `embed/x/` are pages of the package x."""
        return self._name_body(page).read_text("utf-8")

    def write_body(self, page: Page, body: str) -> Page:
        """Write the body of a page that several packages share; return the page without what it was made from."""
        path = self._name_body(page)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, "utf-8")
        return replace(page, template="", view={})

    def _name_body(self, page: Page) -> Path:
        return self.made / page.path.split("/")[1] / BODIES / self.language / page.source_uri

    @property
    def whole(self) -> Path:
        """Return the folder of the whole pages that were taken, as they lie in the site."""
        return self.made / _WHOLE / self.language

    def _digest(self, page: Page) -> str:
        body = hashlib.sha256(self.read_body(page).encode()).hexdigest()
        return digest_parts(["page", self.frame, self.language, digest_value(page), self.describe(page), body])
