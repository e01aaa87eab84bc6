"""Column checks: whether every cell of a column is certainly right, for frictionless and for our rules.

What has the shape of the column is right at once. Every other text is read by frictionless' own reader and by the
rules that word findings, once for each text however often it occurs: the verdict is theirs.
"""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from portal.checks.cell_shape import find_shape
from portal.checks.format_limits import EXCEL_CHARACTERS, fits_excel
from portal.checks.rules import CODE_PATTERN, LOCATOR_PATTERN, check_cell, check_locator, names_rows
from portal.checks.source_file import check_text
from portal.data.csv_block import DoubtError, flags_of, lengths_of, mask_of
from portal.data.finding import Place

if TYPE_CHECKING:
    import numpy as np

    from portal.checks.rules import Context
    from portal.data.package import Package, Resource

# Texts of which is remembered, for each column, that they are right.
_REMEMBERED = 200_000
# Types whose values can be looked up in a set, as keys are.
KEY_TYPES = frozenset({
    "string", "integer", "number", "boolean", "date", "datetime", "time", "year", "yearmonth",
})  # fmt: skip


class ColumnCheck:
    """The check of one column; `check` is called block by block and may run in several threads."""

    def __init__(self, package: Package, resource: Resource, judged: Any, context: Context, *, key: bool) -> None:
        position = resource.field_index(judged.name)
        self.column = resource.fields[position]
        self._package, self._resource, self._context = package, resource, context
        self._place = Place(package.name, resource.path, 2, position + 1)
        self._key = key
        if key and self.column.type not in KEY_TYPES:
            raise DoubtError("a key of a type that is not known")
        self._is_locator = package.kind == "indicator" and self.column.name == "locator"
        self._read = judged.create_cell_reader()
        self.missing: list[str] = (
            judged.missing_values if judged.has_defined("missing_values") else judged.schema.missing_values
        )
        # Codes of a list are few, and each is looked up.
        descriptor = resource.descriptor["schema"]["fields"][position]
        self._shape = (
            None
            if self.column.code_list
            else find_shape(descriptor, judged.create_value_reader(), self._find_pattern(), key=key)
        )
        self._right: set[str] = set()
        self._spelling: dict[object, str] = {}

    def _find_pattern(self) -> str:
        if self._is_locator:
            return LOCATOR_PATTERN
        return CODE_PATTERN if self._place.column == 1 and names_rows(self._package, self._resource) else ""

    def check(self, cells: pa.StringArray) -> np.ndarray:
        """Return which cells are missing; raise DoubtError unless all cells are right."""
        lengths = lengths_of(cells)
        if len(lengths) and lengths.max() > EXCEL_CHARACTERS:
            raise DoubtError("a long cell")
        missing = lengths == 0 if self.missing == [""] else _is_any_of(cells, self.missing)
        if self._shape:
            certain = self._shape.match(cells) & ~missing
            cells = cells.filter(flags_of(~certain)) if not certain.all() else cells.slice(0, 0)
        for text in pc.unique(cells).to_pylist():
            if text not in self._right:
                self._judge(text)
                if len(self._right) < _REMEMBERED:
                    self._right.add(text)
        return missing

    def _judge(self, text: str) -> None:
        """Raise DoubtError unless frictionless reads a text without an error and no rule finds a fault."""
        cell, notes = self._read(text)
        if notes or any(True for _ in check_text(self.column, text, self._place)):
            raise DoubtError(f"{self.column.name}: {text[:80]!r}")
        if isinstance(cell, Decimal | int | date | time) and not fits_excel(cell):
            raise DoubtError(f"{self.column.name}: {text[:80]!r}")
        findings = check_cell(self._package, self._resource, cell, self._context, self._place)
        if any(True for _ in findings):
            raise DoubtError(f"{self.column.name}: {text[:80]!r}")
        if self._is_locator and any(True for _ in check_locator(cell, self._place)):
            raise DoubtError(f"{self.column.name}: {text[:80]!r}")
        if self._key and cell is not None and self.column.type != "string":
            self._check_spelling(cell, text)

    def _check_spelling(self, cell: object, text: str) -> None:
        """Raise DoubtError where one value of a key may have two spellings, since texts are compared."""
        if self._shape or self._spelling.setdefault(cell, text) != text:
            raise DoubtError(f"{self.column.name}: {text[:80]!r}")


def _is_any_of(cells: pa.StringArray, texts: list[str]) -> np.ndarray:
    return mask_of(pc.is_in(cells, value_set=pa.array(texts, pa.string())))
