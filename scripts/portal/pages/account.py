"""The account of a build: which tables and lists its pages cut, and which texts English pages show in Vietnamese."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from portal.pages.presenter import SHOWN_FIGURES, SHOWN_ROWS
from portal.words.number import format_number
from portal.words.text import LANGUAGES, Text
from portal.words.wording import say

if TYPE_CHECKING:
    from portal.data.package import Package
    from portal.figures.catalog import Catalog
    from portal.words.text import Language


def account_for(catalog: Catalog) -> list[Text]:
    """Return a line for every cut, for an address of reports that is none, for datasets with texts not in English."""
    packages = [*catalog.datasets, *catalog.references]
    cuts = [("account_table", one.name, SHOWN_ROWS, catalog.row_count(one)) for one in packages]
    counted = {
        "account_source": catalog.count_by("sources"),
        "account_flag": catalog.count_by("flags"),
        "account_targets": {"": catalog.count_by("statuses")["target"]},
    }
    cuts += [(key, name, SHOWN_FIGURES, counts[name]) for key, counts in counted.items() for name in sorted(counts)]
    lines = [_say_cut(*cut) for cut in cuts if cut[3] > cut[2]]
    if not catalog.settings.is_reachable:
        lines.append(Text(*(_say("account_contact", one, contact=catalog.settings.contact) for one in LANGUAGES)))
    return [*lines, *(line for one in packages if (line := _say_fallback(one, catalog)))]


def _say_cut(key: str, name: str, shown: int, count: int) -> Text:
    return Text(*(_say(key, one, name=name, shown=shown, count=count) for one in LANGUAGES))


def _say_fallback(package: Package, catalog: Catalog) -> Text | None:
    missing = _count_missing(package, catalog)
    if not missing:
        return None
    lists = {one: ", ".join(_say(f"account_{key}", one, count=missing[key]) for key in missing) for one in LANGUAGES}
    return Text(*(_say("account_fallback", one, name=package.name, texts=lists[one]) for one in LANGUAGES))


def _count_missing(package: Package, catalog: Catalog) -> Counter[str]:
    """Return which texts have no English twin, each kind with how many there are of it."""
    one_of_a_kind = {"title": package.title, "description": package.description, "caveat": package.caveat}
    missing = Counter({key: 1 for key, text in one_of_a_kind.items() if _lacks_english(text)})
    missing["columns"] = sum(_lacks_english(column.title) for column in package.main.fields)
    missing["notes"] = catalog.abstract(package.name).untranslated
    missing["names"] = sum(
        bool(record[name]) and not record[f"{name}_en"]
        for record in catalog.records.get(package.name, {}).values()
        for name in record
        if f"{name}_en" in record
    )
    return +missing


def _lacks_english(text: Text) -> bool:
    return bool(text.vi) and not text.en


def _say(key: str, language: Language, **details: str | int) -> str:
    shown = {name: format_number(one, language) if isinstance(one, int) else one for name, one in details.items()}
    return say(key, language, **shown)
