"""Headlines: the newest figure of a dataset, named and said so that it stands without the page around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.figures.figure import format_figure, label_parts, name_area, say_when
from portal.words.period import say_period
from portal.words.text import capitalise, lower_first
from portal.words.wording import say

if TYPE_CHECKING:
    from portal.data.observation import Observation
    from portal.figures.catalog import Catalog
    from portal.words.text import Language


def explain_headline(one: Observation, change: str, catalog: Catalog, language: Language) -> str:
    """Return a headline as one sentence; `change` is what it changed by, or empty."""
    sentence = say(
        f"headline_{one.status}",
        language,
        what=name_headline(one, catalog, language),
        area=_name_area_within(one, catalog, language),
        value=format_figure(one, catalog, language),
        # A target is said first, and may have no deadline at all.
        when=say_when(one, language) if one.status == "target" else say_period(one.period_text, language),
        change=f", {change}" if change else "",
    )
    return capitalise(sentence)


def name_headline(one: Observation, catalog: Catalog, language: Language) -> str:
    """Return what a headline counts, for the middle of a sentence: the words of its package, else measure and title."""
    if subject := name_subject(one, catalog, language):
        return subject
    measure = lower_first(catalog.label("measures", one.measure).get(language))
    what = " – ".join([measure, *label_parts(one, catalog, language)])
    return say("headline_subject", language, what=what, title=catalog.packages[one.dataset].title.get(language))


def name_subject(one: Observation, catalog: Catalog, language: Language) -> str:
    """Return what a headline counts in the words of its package; empty where it has none in this language."""
    headline = catalog.packages[one.dataset].headline
    if headline is None or headline.subject is None or headline.subject.language(language) != language:
        return ""
    fixed = {name for name, _ in headline.where}
    return " – ".join([headline.subject.get(language), *label_parts(one, catalog, language, fixed)])


def _name_area_within(one: Observation, catalog: Catalog, language: Language) -> str:
    """Return the name of an area in the middle of a sentence: `tỉnh Kiên Giang`, `Phú Quốc`."""
    name = catalog.label("areas", one.area).get(language)
    return name if language == "en" or name_area(one, catalog, language) else lower_first(name)
