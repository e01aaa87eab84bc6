"""The portal's own tables: every dataset, every figure in one long table, and what the checks found.

What readers would otherwise compute again with each request is computed here, once: which figures make a series,
which of them is the newest, what a target is held against, and the words of a breakdown.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from portal.data.observation import Observation
from portal.figures.explanation import judge_target
from portal.sqlite.sql import create_index_sql, refer_to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from portal.data.finding import Finding
    from portal.data.package import Package

_TABLES = """
CREATE TABLE datasets (
    name TEXT PRIMARY KEY, title TEXT NOT NULL, title_en TEXT NOT NULL,
    description TEXT NOT NULL, description_en TEXT NOT NULL,
    kind TEXT NOT NULL, theme TEXT {themes}, frequency TEXT NOT NULL, keywords TEXT NOT NULL,
    version TEXT NOT NULL, created TEXT, license TEXT NOT NULL,
    rows INTEGER NOT NULL, period_start TEXT, period_end TEXT
);
CREATE TABLE observations (
    id TEXT PRIMARY KEY, dataset TEXT NOT NULL REFERENCES datasets(name), period TEXT NOT NULL,
    period_start TEXT NOT NULL, period_end TEXT, area TEXT NOT NULL {areas}, dimensions TEXT NOT NULL,
    breakdown TEXT, breakdown_en TEXT,
    measure TEXT NOT NULL {measures}, transform TEXT NOT NULL {transforms}, value NUMERIC, unit TEXT NOT NULL {units},
    status TEXT NOT NULL {statuses}, qualifier TEXT NOT NULL {qualifiers}, flags TEXT, source TEXT NOT NULL {sources},
    locator TEXT NOT NULL, as_stated TEXT NOT NULL, note TEXT, note_en TEXT,
    series TEXT NOT NULL, latest INTEGER NOT NULL, verdict TEXT, result TEXT REFERENCES observations(id)
);
CREATE TABLE findings (
    id INTEGER PRIMARY KEY, package TEXT NOT NULL, file TEXT NOT NULL, line INTEGER, "column" INTEGER,
    code TEXT NOT NULL, severity TEXT NOT NULL, message TEXT NOT NULL, message_en TEXT NOT NULL,
    cure TEXT NOT NULL, cure_en TEXT NOT NULL
);
"""
# Every figure with the words of its codes.
_VIEW = """
CREATE VIEW figures AS
SELECT o.id, o.series, o.latest, o.dataset, d.title, d.title_en, d.theme,
    o.period, o.period_start, o.period_end, o.area, a.name AS area_name, a.name_en AS area_name_en,
    o.measure, m.name AS measure_name, m.name_en AS measure_name_en, o.breakdown, o.breakdown_en, o.dimensions,
    o.transform, t.name AS transform_name, t.name_en AS transform_name_en, o.qualifier, o.value,
    o.unit, u.name AS unit_name, u.name_en AS unit_name_en, o.status, o.flags, o.verdict, o.result,
    o.source, s.title AS source_title, o.locator, o.as_stated, o.note, o.note_en,
    '/catalog/' || o.dataset || '/#o-' || substr(o.id, -16) AS page
FROM observations o
LEFT JOIN datasets d ON d.name = o.dataset
LEFT JOIN areas a ON a."{areas_key}" = o.area
LEFT JOIN measures m ON m."{measures_key}" = o.measure
LEFT JOIN transforms t ON t."{transforms_key}" = o.transform
LEFT JOIN units u ON u."{units_key}" = o.unit
LEFT JOIN sources s ON s."{sources_key}" = o.source;
"""
_LISTS_OF_VIEW = frozenset({"areas", "measures", "transforms", "units", "sources"})
_CODE_LISTS = ("themes", "areas", "measures", "transforms", "units", "statuses", "qualifiers", "sources")
# The place in a document as numbers: line 9 comes before line 10.
_PLACE = ("CAST(locator AS INTEGER)", "CAST(substr(locator, instr(locator, ':') + 1) AS INTEGER)")
_INDEXES = (
    ("observations", "dataset", "period DESC"),
    ("observations", "latest", "dataset"),
    ("observations", "period"),
    # Newest first, as the table is shown: a page and the next one read the index alone.
    ("observations", "period_start DESC", "id"),
    ("observations", "area"),
    ("observations", "measure"),
    ("observations", "value"),
    ("observations", "unit"),
    ("observations", "status"),
    ("observations", "series"),
    ("observations", "source", *_PLACE),
    ("datasets", "theme"),
    ("datasets", "kind"),
    ("findings", "package"),
    ("findings", "code"),
    ("findings", "severity"),
)
# Few rows have these, and whoever asks wants only those.
_SPARSE_INDEXES = """
CREATE INDEX "observations.flags" ON observations(dataset) WHERE flags IS NOT NULL;
CREATE INDEX "observations.verdict" ON observations(verdict) WHERE verdict IS NOT NULL;
CREATE INDEX "observations.result" ON observations(result) WHERE result IS NOT NULL;
"""
# The newest value of a series. A target is no value; of one period the result goes before the estimate, then the
# newer document.
_MARK_LATEST = """
UPDATE observations SET latest = 1 WHERE rowid IN (
    SELECT rowid FROM (
        SELECT o.rowid, row_number() OVER (
            PARTITION BY o.series
            ORDER BY coalesce(o.period_end, '9999-12-31') DESC, o.period_start DESC, o.period DESC,
                o.status = 'actual' DESC, o.status = 'estimate' DESC, date_of(o.source) DESC, o.source DESC,
                CAST(o.locator AS INTEGER) DESC, CAST(substr(o.locator, instr(o.locator, ':') + 1) AS INTEGER) DESC
        ) AS place
        FROM observations o WHERE o.rowid > ? AND o.status <> 'target' AND o.value IS NOT NULL
    ) WHERE place = 1
)
"""
# What a target may be held against: the newest result of the same series in the same unit; a series is of one dataset.
_FIND_RESULTS = """
WITH newest AS MATERIALIZED (
    SELECT id, series, unit FROM (
        SELECT o.id, o.series, o.unit, row_number() OVER (
            PARTITION BY o.series, o.unit
            ORDER BY coalesce(o.period_end, '9999-12-31') DESC, o.period_start DESC, o.period DESC, o.rowid
        ) AS place
        FROM observations o WHERE o.rowid > :after AND o.status IN ('actual', 'estimate') AND o.value IS NOT NULL
    ) WHERE place = 1
)
SELECT t.rowid, t.id, newest.id FROM observations t
LEFT JOIN newest ON newest.series = t.series AND newest.unit = t.unit
WHERE t.rowid > :after AND t.status = 'target' ORDER BY t.rowid
"""


def create_own_tables(connection: sqlite3.Connection, known: Mapping[str, str]) -> None:
    """Create `datasets`, `observations` and `findings`, with keys to the `known` code lists, and the view `figures`.

    Where a list of words is missing, as in an empty catalogue, there is no view of them.
    """
    connection.executescript(_TABLES.format(**{name: refer_to(name, known) for name in _CODE_LISTS}))
    if known.keys() >= _LISTS_OF_VIEW:
        connection.execute(_VIEW.format(**{f"{name}_key": known[name] for name in _LISTS_OF_VIEW}))


def list_own_indexed_columns() -> dict[str, list[str]]:
    """Return of each of the portal's own tables the columns that can be filtered and sorted by at any size."""
    columns = {"datasets": ["name"], "observations": ["id"], "findings": ["id"]}
    for table, first, *_ in _INDEXES:
        columns[table].append(first.split()[0])
    columns["observations"] += ["verdict", "result"]
    columns["figures"] = columns["observations"]  # a view of them
    return columns


def write_dataset(connection: sqlite3.Connection, package: Package) -> None:
    """Add a package to `datasets`; its rows and its time are not known yet."""
    connection.execute(
        "INSERT INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, NULL)",
        (
            package.name, package.title.vi, package.title.get("en"), package.description.vi,
            package.description.get("en"), package.kind, package.theme or None, package.frequency,
            ", ".join(package.keywords), package.version, package.created or None,
            package.licenses[0].name,
        ),
    )  # fmt: skip


def write_findings(connection: sqlite3.Connection, findings: Iterable[Finding]) -> None:
    """Add what the checks found."""
    connection.executemany(
        "INSERT INTO findings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (one.package, one.file, one.line or None, one.column or None, one.code, str(one.severity),
             one.message, one.message_en, one.cure, one.cure_en)
            for one in findings
        ),
    )  # fmt: skip


def mark_latest(connection: sqlite3.Connection, dates: Mapping[str, str], after: int = 0) -> None:
    """Mark the newest values of the series whose rows stand behind a rowid; `dates` are those of documents."""
    connection.create_function("date_of", 1, dates.get, deterministic=True)
    connection.execute(_MARK_LATEST, (after,))


def finish_own_tables(connection: sqlite3.Connection) -> None:
    """Write the indexes, when every row is in."""
    for table, *columns in _INDEXES:
        connection.execute(create_index_sql(table, *columns))
    for index in _SPARSE_INDEXES.split(";")[:-1]:
        connection.execute(index)


def judge_targets(connection: sqlite3.Connection, directions: Mapping[str, str], after: int = 0) -> None:
    """Judge the targets behind a rowid; `directions` say of measures whether more is better."""
    for rowid, target_id, result_id in connection.execute(_FIND_RESULTS, {"after": after}).fetchall():
        target = _read_observation(connection, target_id)
        result = _read_observation(connection, result_id) if result_id else None
        verdict = judge_target(target, result, directions.get(target.measure) or "")
        connection.execute(
            "UPDATE observations SET verdict = ?, result = ? WHERE rowid = ?", (verdict, result_id, rowid)
        )


def _read_observation(connection: sqlite3.Connection, identifier: str) -> Observation:
    """Return what a verdict needs to know of an observation."""
    measure, period, value, qualifier = connection.execute(
        "SELECT measure, period, value, qualifier FROM observations WHERE id = ?", (identifier,)
    ).fetchone()
    blank = dict.fromkeys(
        ("dataset", "area", "transform", "unit", "status", "source", "locator", "as_stated",
         "note", "note_en"), "",
    )  # fmt: skip
    number = None if value is None else Decimal(str(value))
    return Observation(
        measure=measure, period_text=period, value=number, qualifier=qualifier, dimensions=(), flags=(), **blank
    )
