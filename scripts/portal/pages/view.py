"""Views: what templates lay out, as frozen values that are already in one language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portal.pages.progress import Progress


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it is, what search engines read, and the template with its values."""

    path: str
    title: str
    description: str
    template: str
    view: dict[str, Any] = field(repr=False)
    scripts: tuple[str, ...] = ()
    meta: dict[str, str] = field(default_factory=dict)

    @property
    def source_uri(self) -> str:
        """Return the name under which MkDocs knows the page: `catalog/x/` is `catalog/x.md`."""
        return f"{self.path.rstrip('/') or 'index'}.md"


@dataclass(frozen=True, slots=True)
class Figure:
    """One observation as a row of a page."""

    anchor: str
    what: str
    when: str
    value: str
    status: str
    status_code: str
    area: str
    dataset: str
    dataset_title: str
    dataset_language: str
    source: str
    locator: str
    as_stated: str
    note: str
    note_language: str
    flags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Download:
    """One entry of the download bar: a file, what it is for, how large it is; `about` is empty or names the table.

    `warning` says which cells Excel would change, and which file is the safe one; empty where there are none.
    """

    url: str
    name: str
    format: str
    use: str
    size: str
    rows: str
    media_type: str
    sha256: str
    permanent: str
    about: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A dataset in a list: title, its newest figure, and how much there is of it."""

    name: str
    url: str
    title: str
    language: str
    summary: str
    theme: str
    theme_title: str
    figure: str
    figure_what: str
    figure_when: str
    figure_status: str
    figure_status_code: str
    count: str
    kind: str = ""
    years: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    direction: str = ""
    change: str = ""
    flags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What came to the catalogue on one day: how much, and where it is few, address, title and version of each."""

    when: str
    words: str
    datasets: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """A page that was written by hand, for search: title, description, and its words without markup."""

    title: str
    description: str
    text: str


@dataclass(frozen=True, slots=True)
class System:
    """A system as an entry of the register."""

    id: str
    name: str
    purpose: str
    status: str
    status_code: str
    when: str
    source: str
    place: str
    also: str
    datasets: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A promise: its figure, the result beside it, and what may be said of the two."""

    figure: Figure
    actual: Figure | None
    verdict: str
    verdict_code: str
    problems: tuple[str, ...] = ()
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class FlagGroup:
    """One kind of admitted problem, the first figures that carry it, how many do, and the words for a cut."""

    code: str
    name: str
    description: str
    figures: tuple[Figure, ...]
    count: str
    cut: str
