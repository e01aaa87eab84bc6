"""Evidence across packages: a world in which one thing at a time is wrong, and the real catalogue."""

from __future__ import annotations

import ast
import html
import json
import re
import tomllib
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from evidence_factory import LINES, Fault, as_faults, find, read_catalog, write_world
from factory import REPOSITORY
from portal.checks.coverage import Coverage, check_counts
from portal.checks.evidence import check_evidence, check_register, judge_packages, read_register
from portal.data.descriptor import read_packages
from portal.pages.page import Writer
from portal.pages.renderer import make_renderer
from portal.words.text import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from portal.checks.evidence import Register
    from portal.data.package import Package
    from portal.figures.catalog import Catalog
    from portal.words.text import Language

MODULES = ("source_text", "provenance", "coverage", "evidence")
TESTS = ("source_text", "provenance", "coverage", "consistency", "evidence")
CATALOG = REPOSITORY / "scripts" / "portal" / "data" / "findings.toml"


# --- every fault is planted ---------------------------------------------------------------------------------------


def test_every_finding_of_the_evidence_is_planted_somewhere() -> None:
    codes = list(tomllib.loads(CATALOG.read_text("utf-8")))
    # What could not be checked is no fault that a build stops at; `test_check` sees to it.
    evidence = codes[codes.index("source-missing") : codes.index("form-differs")]  # behind them stands the agreement
    own = [one for one in evidence if not one.endswith("-unchecked")]
    made = {
        code
        for module in MODULES
        for code in re.findall(
            r'make_finding\(\s*"([^"]+)"',
            (REPOSITORY / "scripts" / "portal" / "checks" / f"{module}.py").read_text("utf-8"),
        )
    }
    planted = {code for module in TESTS for code in read_planted(REPOSITORY / "tests" / f"test_{module}.py")}

    # The one that the rules make as well, where a code stands in no code list.
    made = {one for one in made if not one.endswith("-unchecked")}
    assert made - set(own) == {"unknown-code"}
    assert made <= planted
    assert set(own) <= planted


def read_planted(module: Path) -> set[str]:
    """Return the codes of all faults that a test module expects."""
    calls = (node for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Call))
    expected = (call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Fault")
    return {one.value for one in expected if isinstance(one, ast.Constant) and isinstance(one.value, str)}


# --- a world without a fault, and with one ------------------------------------------------------------------------


def test_a_world_without_a_fault(tmp_path: Path) -> None:
    world = write_world(tmp_path)

    assert world.check() == []
    verification = world.verify()

    assert verification.findings == ()
    assert verification.coverage == (Coverage("report", figures=36, published=30, excluded=6),)
    assert verification.texts["report"].lines == LINES


def test_a_document_that_is_missing_is_named_and_nothing_passes_for_checked(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.text.unlink()

    verification = world.verify()

    assert as_faults(verification.findings) == [
        Fault(
            "source-missing",
            "sources/sources.csv",
            "Không thấy văn bản nguồn «report» (tệp report.txt).",
            "The source text “report” (file report.txt) is not there.",
        )
    ]
    assert verification.coverage == ()


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("bắt được", "bắt Được", ["source-changed"]),
        ("1.200", "1.300", ["locator-mismatch", "source-changed"]),
        ("800,5 tấn", "800,5tấn", ["locator-mismatch", "digit-unaccounted", "digit-unaccounted", "source-changed"]),
        ("giảm 5,0%", "tăng 5,0%", ["value-mismatch", "source-changed"]),
        ("31 cột", "31%cột", ["figure-cut", "source-changed"]),
        ("300 máy và", "300 tỷ, và", ["unit-mismatch", "source-changed"]),
        ("Bảng tin biển", "Bảng tin sông", ["source-changed", "locator-mismatch"]),
        ("ra ngày", "và ngày", ["source-changed"]),
    ],
)
def test_a_document_with_one_thing_changed(tmp_path: Path, old: str, new: str, codes: list[str]) -> None:
    world = write_world(tmp_path)
    text = world.text.read_text("utf-8")
    assert text.count(old) == 1
    world.text.write_text(text.replace(old, new), "utf-8")

    assert [one.code for one in world.verify().findings] == codes
    assert world.check() == []  # without the document nothing of it shows


def test_a_value_changed_is_named_with_its_line(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.set_cell("fish", 3, "value", "5.3")

    assert as_faults(world.verify().findings) == [
        Fault(
            "value-mismatch",
            "fish/fish.csv:3",
            "Giá trị 5.3 khác con số được in «5,2%» (5.2).",
            "The value 5.3 differs from the printed figure “5,2%” (5.2).",
        )
    ]


@pytest.mark.parametrize("locator", ["9:1", "0:1", "x", "2", "3:100"])
def test_a_locator_that_is_nowhere_leaves_its_digits_behind(tmp_path: Path, locator: str) -> None:
    world = write_world(tmp_path)
    world.set_cell("fish", 3, "locator", locator)

    faults = as_faults(world.verify().findings)

    assert faults[0] == Fault(
        "locator-mismatch",
        "fish/fish.csv:3",
        f"Tại report {locator} có «», dòng này ghi «5,2%».",
        f"At report {locator} stands “”, the row says “5,2%”.",
    )
    assert [one.code for one in faults[1:]] == ["digit-unaccounted", "digit-unaccounted"]


def test_a_system_at_a_wrong_place(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.set_cell("systems", 2, "locator", "3:2")

    assert as_faults(world.verify().findings) == [
        Fault(
            "locator-mismatch",
            "systems/systems.csv:2",
            "Tại report 3:2 có «ổ tàu điện tử », dòng này ghi «Sổ tàu điện tử».",
            "At report 3:2 stands “ổ tàu điện tử ”, the row says “Sổ tàu điện tử”.",
        )
    ]


@pytest.mark.parametrize(
    ("also", "locator"),
    [
        ("report@7:1", "7:1"),
        ("report@6:99", "6:99"),
        (f"report@{find(6, 'Sổ tàu')};report@x", "x"),
        ("report", ""),
    ],
)
def test_a_system_that_is_also_named_nowhere(tmp_path: Path, also: str, locator: str) -> None:
    world = write_world(tmp_path)
    world.set_cell("systems", 2, "also_at", also)

    assert as_faults(world.verify().findings) == [
        Fault(
            "locator-mismatch",
            "systems/systems.csv:2",
            f"Tại report {locator} có «», dòng này ghi «Sổ tàu».",
            f"At report {locator} stands “”, the row says “Sổ tàu”.",
        )
    ]


def test_a_system_that_is_also_named_in_an_unregistered_document(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.set_cell("systems", 2, "also_at", "bulletin@1:1")

    assert as_faults(world.verify().findings) == [
        Fault(
            "unknown-code",
            "systems/systems.csv:2",
            "Cột «source»: mã «bulletin» không có trong gói tham chiếu «sources».",
            "Column “source”: the code “bulletin” is not in the reference package “sources”.",
        )
    ]


# --- a row of a register taken away -------------------------------------------------------------------------------


def test_a_source_taken_out_of_its_register(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.remove_row("sources", 2)

    checked = [(one.code, one.package) for one in world.check()]
    verified = as_faults(world.verify().findings)

    rows = {"fish": 4, "fleet": 4, "phones": 13}
    assert Counter(checked) == {("unknown-code", package): count for package, count in rows.items()}
    # The verification would otherwise hold those rows against nothing, and say that they stand.
    assert Counter(one.place.partition("/")[0] for one in verified) == {**rows, "exclusions": 6, "systems": 3}
    assert verified[0] == Fault(
        "unknown-code",
        "exclusions/exclusions.csv:2",
        "Cột «source»: mã «report» không có trong gói tham chiếu «sources».",
        "Column “source”: the code “report” is not in the reference package “sources”.",
    )


def test_an_exclusion_taken_out_of_its_register(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.remove_row("exclusions", 4)

    assert as_faults(world.check()) == [
        Fault(
            "coverage-count",
            "sources/sources.csv",
            "Văn bản «report» có 36 cụm chữ số; 30 được đăng và 5 bị loại không cộng đủ.",
            "The text “report” has 36 runs of digits; 30 published and 5 excluded do not add up.",
        )
    ]
    assert as_faults(world.verify().findings) == [
        Fault(
            "digit-unaccounted",
            "sources/sources.csv",
            f"Chữ số tại report {find(1, '03')} chưa được đăng, cũng chưa có lý do loại.",
            f"The digits at report {find(1, '03')} are neither published nor excluded.",
        )
    ]


@pytest.mark.parametrize("line", [2, 3])
def test_a_system_taken_out_of_its_register(tmp_path: Path, line: int) -> None:
    world = write_world(tmp_path)
    world.remove_row("systems", line)

    findings = world.check()

    assert as_faults(findings) == [
        Fault(
            "system-count",
            "sources/sources.csv",
            "Sổ sources ghi văn bản «report» nêu tên 2 hệ thống; sổ systems có 1.",
            "The register sources says that the text “report” names 2 systems; the register systems has 1.",
        )
    ]
    assert findings[0].cure == (
        "Trả lại dòng đã mất trong datapackages/reference/systems, hoặc sửa «systems» trong sổ sources."
    )
    assert findings[0].cure_en == (
        "Put the missing row of datapackages/reference/systems back, or correct “systems” in the register sources."
    )


def test_an_observation_taken_away(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.remove_row("fleet", 2)  # half of a pair: its digits are still published by the other half

    assert [one.code for one in world.verify().findings] == ["pair-incomplete"]
    assert "relation-unresolved" in [one.code for one in world.check()]


@pytest.mark.parametrize("register", ["sources", "units", "systems", "exclusions"])
def test_a_register_without_its_columns_is_no_crash(tmp_path: Path, register: str) -> None:
    world = write_world(tmp_path)
    descriptor = world.root / register / "datapackage.json"
    described = json.loads(descriptor.read_text("utf-8"))
    described["resources"][0]["schema"] = {"fields": described["resources"][0]["schema"]["fields"][:1]}
    descriptor.write_text(json.dumps(described), "utf-8")
    data = world.data(register)
    first = [line.partition(",")[0] for line in data.read_text("utf-8").splitlines()]
    data.write_text("\n".join(first) + "\n", "utf-8")

    assert isinstance(world.check(), list)
    assert world.verify().findings != ()


# --- the real catalogue, without the documents --------------------------------------------------------------------


@cache
def real_packages() -> tuple[Package, ...]:
    return read_packages(REPOSITORY / "datapackages").packages


@cache
def real_register() -> Register:
    return read_register(real_packages())


@cache
def real_catalog() -> Catalog:
    return read_catalog(REPOSITORY / "datapackages")


# What the documents say against themselves. A relation that joins this list, or leaves it, was looked at by somebody.
BROKEN = {
    ("administrative_applications_by_tier", "sum"),
    ("broadband_internet_subscriptions", "base"),
    ("broadband_internet_subscriptions", "shared_base"),
    ("fisheries_production", "equal"),
    ("online_public_services_by_level", "ratio"),
    ("retail_sales_services_turnover", "base"),
    ("telephone_subscriptions", "equal"),
}
ROUNDED = {("grdp_structure_by_sector", "sum")}


def test_the_relations_of_the_documents_that_do_not_hold_are_these_and_no_others() -> None:
    verdicts, findings = judge_packages(real_packages(), real_register())

    assert findings == []
    assert Counter((one.dataset, one.kind) for one in verdicts if not one.holds) == Counter(BROKEN)
    assert Counter((one.dataset, one.kind) for one in verdicts if one.flag == "rounded") == Counter(ROUNDED)
    assert len(verdicts) == sum(len(package.relations) for package in real_packages()) >= 40


def test_without_the_documents_the_check_has_no_finding() -> None:
    assert check_evidence(real_packages()) == []


def test_every_flag_of_the_real_catalogue_has_its_cause_and_every_cause_its_flag() -> None:
    verdicts, _ = judge_packages(real_packages(), real_register())
    causes = {(one.id, verdict.flag) for verdict in verdicts for one in verdict.members if verdict.flag}
    caused = {"parts_disagree", "conflicting_values", "rounded"}
    flagged = {
        (claim.observation.id, flag)
        for claim in real_register().claims
        for flag in claim.observation.flags
        if flag in caused
    }

    assert flagged != set()
    assert flagged <= causes
    assert all(
        any((one.id, verdict.flag) in flagged for one in verdict.members) for verdict in verdicts if verdict.flag
    )


def test_without_its_flags_every_broken_relation_is_a_blocker() -> None:
    register = real_register()
    bare = tuple(replace(one, observation=replace(one.observation, flags=())) for one in register.claims)

    findings = check_register(real_packages(), replace(register, claims=bare))

    assert Counter(one.code for one in findings) == {"relation-broken": len(BROKEN)}
    assert {one.severity for one in findings} == {"blocker"}


def test_no_row_of_the_real_exclusions_can_vanish() -> None:
    register = real_register()

    for number in range(len(register.exclusions)):
        left = [*register.exclusions[:number], *register.exclusions[number + 1 :]]
        found = list(check_counts(register.sources, register.claims, left, register.sources_place))
        assert [one.code for one in found] == ["coverage-count"]


def test_no_row_of_the_real_systems_can_vanish() -> None:
    register = real_register()

    for number in range(len(register.systems)):
        left = (*register.systems[:number], *register.systems[number + 1 :])
        found = check_register(real_packages(), replace(register, systems=left))
        assert [one.code for one in found] == ["system-count"]


# --- the page of systems ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_registered_system_is_on_the_page_of_systems(language: Language) -> None:
    writer = Writer(real_catalog(), language)
    renderer = make_renderer(REPOSITORY / "site" / "theme" / "portal", writer)

    body = renderer.render(writer.systems_page(), "")

    shown = re.findall(r'<li id="([^"]+)">\s*<h3><bdi>(.*?)</bdi> <span class="status', body, re.DOTALL)
    rows = [row for row, _ in real_register().systems]
    named = "name_en" if language == "en" else "name"
    assert all(row["name"] and row["name_en"] for row in rows)
    assert sorted((one, html.unescape(name)) for one, name in shown) == sorted((row["id"], row[named]) for row in rows)
    assert len(shown) >= 70


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_system_shows_status_purpose_place_and_figures(language: Language) -> None:
    catalog = real_catalog()
    writer = Writer(catalog, language)
    renderer = make_renderer(REPOSITORY / "site" / "theme" / "portal", writer)
    body = renderer.render(writer.systems_page(), "")

    # Each entry holds a list of its own, and ends with its source.
    found = re.findall(r'<li id="([^"]+)">(.*?class="systems__source".*?)</li>', body, re.DOTALL)
    entries = {one: html.unescape(entry) for one, entry in found}
    for row, _ in real_register().systems:
        entry = entries[row["id"]]
        expected = [
            row["purpose_en" if language == "en" else "purpose"],
            catalog.label("system_statuses", row["status"]).get(language),
            row["locator"],
            *(catalog.packages[name].title.get(language) for name in row["datasets"].split(";") if name),
        ]
        assert all(words in entry for words in expected), row["id"]
