"""Framed pages: bodies that wait for their frame, and whole pages kept from former builds.

MkDocs puts the frame around a page. That of a generated page depends on the page itself, on what `Frame.digest` is the
digest of, and on nothing else: no page of a package stands in a menu. So MkDocs is given only the pages that are new.
The pages of one package, in both languages, are kept together.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from portal.files.precompression import GZIP_SUFFIX, compress_files
from portal.work.build_cache import Destination, digest_parts, digest_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from portal.pages.view import Page
    from portal.words.text import Language
    from portal.work.build_cache import BuildCache

# Where the pages of a language stand.
PREFIXES: dict[Language, str] = {"vi": "", "en": "en/"}


@dataclass(frozen=True, slots=True)
class Head:
    """A page whose body is made apart from its frame.

    Either it is written: then there is neither template nor values, but the digest of the `body`. Or it is made when it
    is wanted: then `source` is the digest of all that it is made from. Where a page has both, `source` is also that of
    what search engines read of it. `owner` is what its pages are kept together under: the package, or the page itself.
    """

    owner: str
    language: Language
    page: Page
    body: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What goes around the pages of one language.

    `digest` is that of what all frames show, `describe` returns what search engines read of a page, `render` makes the
    body of one that is not written yet.
    """

    digest: str
    describe: Callable[[Page], str]
    render: Callable[[Page], str]


@dataclass(frozen=True, slots=True)
class Frames:
    """The pages of both languages in the folder `site`; `bodies` are the folders with written bodies, by owner.

    `published` is the site of the published release.
    """

    cache: BuildCache
    bodies: Mapping[str, Path]
    site: Path
    published: Path
    frames: Mapping[Language, Frame]
    _left: dict[str, Sequence[Head]] = field(default_factory=dict)

    def take(self, heads: Sequence[Head]) -> list[Head]:
        """Put the whole pages into the site that the cache has; return the others."""
        groups: dict[str, list[Head]] = {}
        for head in heads:
            groups.setdefault(head.owner, []).append(head)
        place = Destination("", self.site, self.published)
        for group in groups.values():
            key = digest_parts(["pages", *(part for head in group for part in self._list_parts(head))])
            if self.cache.take(key, [place]) is None:
                self._left[key] = group
        return [head for group in self._left.values() for head in group]

    def keep(self) -> None:
        """Keep the others, which are whole now, and give them compressed twins."""
        for key, group in self._left.items():
            self.cache.keep(key, partial(_gather, group, self.site))

    def read_body(self, head: Head) -> str:
        """Return the body of a page."""
        if head.page.template:
            return self.frames[head.language].render(head.page)
        return (self.bodies[head.owner] / _name_body(head.language, head.page)).read_text("utf-8")

    def _list_parts(self, head: Head) -> list[str]:
        frame = self.frames[head.language]
        own = [frame.digest, head.language, head.page.path]
        if head.source and head.body:
            return [*own, head.source]
        return [*own, head.source or digest_value(head.page), frame.describe(head.page), head.body]


def write_body(folder: Path, owner: str, language: Language, page: Page, body: str) -> Head:
    """Write the body of a page below the folder of its owner; return the page without what it was made from."""
    content = body.encode()
    path = folder / _name_body(language, page)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return Head(owner, language, replace(page, template="", view={}), hashlib.sha256(content).hexdigest())


def _name_body(language: Language, page: Page) -> str:
    return f"bodies/{language}.{name_owner(page)}.html"


def name_owner(page: Page) -> str:
    """Return the name of the owner of a page that is nobody's."""
    return page.path.strip("/").replace("/", ".")


def _gather(group: Sequence[Head], site: Path, folder: Path) -> None:
    names = [f"{PREFIXES[head.language]}{head.page.path}index.html" for head in group]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(site / name, folder / name)
    compress_files(folder, threads=1)
    for name in names:
        packed = folder / f"{name}{GZIP_SUFFIX}"
        if packed.exists():
            shutil.copyfile(packed, site / f"{name}{GZIP_SUFFIX}")
