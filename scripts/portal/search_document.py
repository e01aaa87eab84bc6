"""Search documents: what of the catalogue can be found, and with which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.observation import select_headline
from portal.presenter import Presenter
from portal.search_index import Document
from portal.synonym import find_synonyms, read_synonyms, respell
from portal.text import LANGUAGES, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from portal.catalog import Catalog, Record
    from portal.package import Package
    from portal.synonym import Synonyms
    from portal.text import Language
    from portal.view import Figure

# How much a word counts by where it stands; a name is the whole of what is looked for.
_NAME, _TITLE, _KEYWORD, _FIGURE, _LABEL, _TEXT = 12, 8, 6, 5, 3, 1
# A result shows one figure; the ones that a query may ask for are kept, newest first.
MAX_FIGURES = 40


def collect_documents(catalog: Catalog) -> list[Document]:
    """Return one document for each dataset, each source, each glossary term and each system."""
    presenters = {language: Presenter(catalog, language) for language in LANGUAGES}
    synonyms = read_synonyms(_rows(catalog, "glossary"))
    documents = [_describe_dataset(one, catalog, presenters, synonyms) for one in catalog.datasets]
    documents += [_describe_record("sources", row, "id", "title", presenters) for row in _rows(catalog, "sources")]
    documents += [_describe_record("systems", row, "id", "name", presenters) for row in _rows(catalog, "systems")]
    documents += [_describe_record("glossary", row, "code", "name", presenters) for row in _rows(catalog, "glossary")]
    return documents


def _rows(catalog: Catalog, name: str) -> Sequence[Record]:
    return list(catalog.records.get(name, {}).values())


def _describe_dataset(
    package: Package, catalog: Catalog, presenters: Mapping[Language, Presenter], synonyms: Synonyms
) -> Document:
    headline = select_headline(package, catalog.observations.get(package.name, ()))
    # Where a query asks for no figure in particular, the first one is shown: the headline.
    rows = sorted(
        catalog.observations.get(package.name, ()),
        key=lambda one: (one is headline, one.status != "target", one.period.sort_key),
        reverse=True,
    )
    texts = [(_TITLE, package.title.vi), (_TITLE, package.title.en), (_KEYWORD, " ".join(package.keywords))]
    shown: dict[str, list[object]] = {}
    for language, presenter in presenters.items():
        figures = [presenter.figure(one) for one in rows[:MAX_FIGURES]]
        texts += [(_LABEL, one.what) for one in figures]
        texts += [(_FIGURE, f"{one.value} {one.as_stated}") for one in figures]
        texts += [(_TEXT, package.description.get(presenter.language))]
        texts += [(_LABEL, presenter.label("themes", package.theme))]
        if headline:
            figures[0] = presenter.headline(headline)
            texts += [(_KEYWORD, figures[0].what)]
        shown[language] = [
            presenter.url(f"catalog/{package.name}/"),
            package.title.get(presenter.language),
            [_show(one) for one in figures],
            package.title.language(presenter.language),
        ]
    # An abbreviation finds what is written out, and the other way round.
    own = " ".join(text for weight, text in texts if weight > _TEXT)
    texts += [(_KEYWORD, names) for names in find_synonyms(own, synonyms)]
    return Document(tuple(dict.fromkeys([*texts, *_respell(texts)])), shown)


def _respell(texts: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield the texts that others spell otherwise, as they do."""
    return ((weight, other) for weight, text in texts if (other := respell(text)) != text.lower())


def _show(one: Figure) -> list[str]:
    # A target or an estimate must not be taken for a result.
    when = one.when if one.status_code == "actual" else f"{one.when} · {one.status}"
    return [one.what, one.value, when, one.anchor]


def _describe_record(page: str, row: Record, key: str, name: str, presenters: Mapping[Language, Presenter]) -> Document:
    texts = [(_weigh_column(column, name), value) for column, value in row.items() if _is_text(column)]
    shown: dict[str, list[object]] = {
        language: [
            presenter.url(f"{page}/{row[key]}/" if page == "sources" else f"{page}/") + _anchor(page, row[key]),
            (title := Text(row[name], row.get(f"{name}_en", ""))).get(language),
            [],
            title.language(language),
        ]
        for language, presenter in presenters.items()
    }
    return Document((*texts, *_respell(texts)), shown)


def _weigh_column(column: str, name: str) -> int:
    return _NAME if column == "term" else _KEYWORD if column.removesuffix("_en") == name else _TEXT


def _anchor(page: str, identifier: str) -> str:
    return "" if page == "sources" else f"#{identifier}"


def _is_text(column: str) -> bool:
    return column.removesuffix("_en") in {
        "title",
        "name",
        "term",
        "also",
        "purpose",
        "definition",
        "publisher",
        "document_number",
    }
