"""Search documents: what of the catalogue can be found, and with which words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portal.data.observation import select_headline
from portal.pages.listing import Lister
from portal.pages.search_index import Document
from portal.words.synonym import find_synonyms, read_synonyms, respell
from portal.words.text import LANGUAGES, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from portal.data.package import Package
    from portal.data.register import Record
    from portal.figures.catalog import Catalog
    from portal.pages.view import Figure, WrittenPage
    from portal.words.synonym import Synonyms
    from portal.words.text import Language

    Presenters = Mapping[Language, Lister]

# How much a word counts by where it stands; a name is the whole of what is looked for.
_NAME, _TITLE, _KEYWORD, _FIGURE, _LABEL, _LISTED, _TEXT = 12, 8, 6, 5, 3, 2, 1
# A result shows one figure; the ones that a query may ask for are kept, newest first.
MAX_FIGURES = 40
# The names of a code list by which it is found; who looks for one of more knows the list.
MAX_NAMES = 400
# Pages that list what the catalogue holds; their titles and descriptions are among the portal's own words.
_LISTS = ("catalog", "themes", "targets", "systems", "sources", "quality", "glossary")


def list_found_references(catalog: Catalog) -> list[Package]:
    """Return the code lists that are found by themselves; a register with a page of its own is found by that."""
    return [one for one in catalog.references if one.name not in _LISTS]


def describe_package(package: Package, catalog: Catalog) -> Document:
    """Return the document of a dataset or a code list."""
    presenters = _make_presenters(catalog)
    if package.kind == "reference":
        return _describe_reference(package, catalog, presenters)
    return _describe_dataset(package, catalog, presenters, read_synonyms(_rows(catalog, "glossary")))


def collect_documents(catalog: Catalog) -> list[Document]:
    """Return one document for each theme, source, glossary term, system, and page of lists."""
    presenters = _make_presenters(catalog)
    documents = [_describe_theme(theme, catalog, presenters) for theme in presenters["vi"].themes()]
    documents += [_describe_list(page, presenters) for page in _LISTS]
    documents += [_describe_record("sources", row, "id", "title", presenters) for row in _rows(catalog, "sources")]
    documents += [_describe_record("systems", row, "id", "name", presenters) for row in _rows(catalog, "systems")]
    documents += [_describe_record("glossary", row, "code", "name", presenters) for row in _rows(catalog, "glossary")]
    return documents


def _make_presenters(catalog: Catalog) -> Presenters:
    return {language: Lister(catalog, language) for language in LANGUAGES}


def _rows(catalog: Catalog, name: str) -> Sequence[Record]:
    return list(catalog.records.get(name, {}).values())


def _describe_dataset(package: Package, catalog: Catalog, presenters: Presenters, synonyms: Synonyms) -> Document:
    headline = select_headline(package, catalog.observations.get(package.name, ()))
    # Where a query asks for no figure in particular, the first one is shown: the headline. Of figures that fit a query
    # equally well, the first one is too: one of what the headline counts.
    rows = sorted(
        catalog.observations.get(package.name, ()),
        key=lambda one: (
            one is headline,
            one.status != "target",
            headline is not None and (one.measure, one.transform) == (headline.measure, headline.transform),
            one.period.sort_key,
        ),
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


def describe_written(pages: Mapping[str, Mapping[Language, WrittenPage]], catalog: Catalog) -> list[Document]:
    """Return one document for each page that was written by hand; `pages` are by their address below the language."""
    presenters = _make_presenters(catalog)
    return [
        _describe_page(
            address,
            Text(twins["vi"].title, twins["en"].title),
            [(_LISTED, text) for one in twins.values() for text in (one.description, one.text)],
            presenters,
        )
        for address, twins in pages.items()
    ]


def _describe_page(address: str, title: Text, texts: Sequence[tuple[int, str]], presenters: Presenters) -> Document:
    """Return a document of which a result shows nothing but its title."""
    shown: dict[str, list[object]] = {
        language: [presenter.url(address), title.get(language), [], title.language(language)]
        for language, presenter in presenters.items()
    }
    own = [(_TITLE, title.vi), (_TITLE, title.en), *texts]
    return Document(tuple(dict.fromkeys([*own, *_respell(own)])), shown)


def _describe_reference(package: Package, catalog: Catalog, presenters: Presenters) -> Document:
    rows = list(catalog.records[package.name].values())[:MAX_NAMES]
    texts = [
        (_KEYWORD, " ".join(package.keywords)),
        *((_LISTED, row[column]) for row in rows for column in ("name", "name_en") if row.get(column)),
        (_TEXT, package.description.vi),
        (_TEXT, package.description.en),
    ]
    return replace(_describe_page(f"catalog/{package.name}/", package.title, texts, presenters), is_late=True)


def _describe_theme(theme: str, catalog: Catalog, presenters: Presenters) -> Document:
    description = catalog.word("themes", theme, "description")
    texts = [(_TEXT, description.vi), (_TEXT, description.en)]
    return _describe_page(f"themes/{theme}/", catalog.label("themes", theme), texts, presenters)


def _describe_list(page: str, presenters: Presenters) -> Document:
    title, description = (
        Text(*(presenter.say(f"{page}_{part}") for presenter in presenters.values()))
        for part in ("title", "description")
    )
    return _describe_page(f"{page}/", title, [(_TEXT, description.vi), (_TEXT, description.en)], presenters)


def _respell(texts: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield the texts that others spell otherwise, as they do."""
    return ((weight, other) for weight, text in texts if (other := respell(text)) != text.lower())


def _show(one: Figure) -> list[str]:
    # A target or an estimate must not be taken for a result.
    when = one.when if one.status_code == "actual" else f"{one.when} · {one.status}"
    # Nor a doubtful figure for a plain one; no query is meant to find these words.
    doubts = [", ".join(name for name, _ in one.flags)] if one.flags else []
    return [one.what, one.value, when, one.anchor, *doubts]


def _describe_record(page: str, row: Record, key: str, name: str, presenters: Presenters) -> Document:
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
