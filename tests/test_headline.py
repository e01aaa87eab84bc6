"""Headlines: whole sentences that need no title beside them, in both languages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from evidence_factory import read_catalog, write_world
from factory import observe
from portal.data.package import Headline
from portal.figures.headline import explain_headline, name_headline
from portal.words.text import Text

if TYPE_CHECKING:
    from portal.figures.catalog import Catalog

FISH_CATCH = Text("sản lượng cá", "fish catch")
NB = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Return a catalogue whose dataset `fish` says what its headline counts."""
    return name_subject(read_catalog(write_world(tmp_path_factory.mktemp("headline")).root))


def name_subject(
    catalog: Catalog, subject: Text | None = FISH_CATCH, where: tuple[tuple[str, str], ...] = ()
) -> Catalog:
    fish = replace(catalog.packages["fish"], headline=Headline("catch", "level", where, subject))
    return replace(catalog, packages={**catalog.packages, "fish": fish})


@pytest.mark.parametrize(
    ("status", "change", "vi", "en"),
    [
        (
            "actual", "tăng 5%", "Năm 2023, sản lượng cá của tỉnh Kiên Giang là 1.200 tấn, tăng 5%.",
            "In 2023, Kiên Giang province's fish catch stood at 1,200 tonnes, tăng 5%.",
        ),
        (
            "estimate", "", "Năm 2023, sản lượng cá của tỉnh Kiên Giang ước là 1.200 tấn.",
            "In 2023, Kiên Giang province's fish catch stood at an estimated 1,200 tonnes.",
        ),
        (
            "derived", "", "Năm 2023, sản lượng cá của tỉnh Kiên Giang tính ra là 1.200 tấn.",
            "In 2023, Kiên Giang province's fish catch stood at 1,200 tonnes, as worked out by this portal.",
        ),
        (
            "target", "", "Mục tiêu của tỉnh Kiên Giang về sản lượng cá là 1.200 tấn (2023).",
            "Kiên Giang province's target for the fish catch is 1,200 tonnes (2023).",
        ),
    ],
)  # fmt: skip
def test_the_headline_is_a_whole_sentence(catalog: Catalog, status: str, change: str, vi: str, en: str) -> None:
    one = observe(status=status)
    assert explain_headline(one, change, catalog, "vi").replace(NB, " ") == vi
    assert explain_headline(one, change, catalog, "en").replace(NB, " ") == en


def test_a_target_without_deadline_says_so(catalog: Catalog) -> None:
    one = observe(status="target", period_text="2023/..")
    assert explain_headline(one, "", catalog, "vi").endswith("tấn (không nêu thời hạn).")
    assert explain_headline(one, "", catalog, "en").endswith("tonnes (no deadline stated).")


def test_without_a_subject_measure_and_title_stand_for_it(catalog: Catalog) -> None:
    bare = name_subject(catalog, None)
    title = catalog.packages["fish"].title
    assert name_headline(observe(), bare, "vi") == f"sản lượng ({title.vi})"
    assert name_headline(observe(), bare, "en") == f"catch ({title.en})"


def test_a_subject_in_vietnamese_alone_is_not_put_into_an_english_sentence(catalog: Catalog) -> None:
    only = name_subject(catalog, Text("sản lượng cá"))
    assert name_headline(observe(), only, "vi") == "sản lượng cá"
    assert name_headline(observe(), only, "en") == f"catch ({catalog.packages['fish'].title.en})"


def test_a_part_is_named_unless_the_headline_fixes_it(catalog: Catalog) -> None:
    one = observe(dimensions=(("kind", "capture"),))
    part = catalog.label_part("fish", "kind", "capture").vi
    assert name_headline(one, catalog, "vi") == f"sản lượng cá – {part}"
    assert name_headline(one, name_subject(catalog, where=(("kind", "capture"),)), "vi") == "sản lượng cá"
