"""Later rows: the figures beyond those that a page shows, in small files that answer its permanent links.

`/catalog/x/#o-3f…` of a figure beyond the cut is fetched from `/rows/x/3f.vi.json` by `rows.js`, in the page's words:
a map from anchor to the texts of one row. How many digits name a file depends on the number of rows alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.pages.presenter import SHOWN_ROWS

if TYPE_CHECKING:
    from pathlib import Path

    from portal.data.observation import Observation
    from portal.pages.listing import Lister
    from portal.pages.view import Figure

FOLDER = "rows"
# A file of so many rows is about 100 KB before compression.
_ROWS_OF_A_FILE = 512


@dataclass(frozen=True, slots=True)
class LaterRows:
    """Where the later rows of a dataset lie, and how many digits of an anchor name the file."""

    address: str
    digits: int


def name_later_rows(dataset: str, count: int) -> LaterRows | None:
    """Return where the later rows of a dataset of `count` rows lie; None where its page shows them all."""
    if count <= SHOWN_ROWS:
        return None
    digits = 1
    while 16**digits * _ROWS_OF_A_FILE < count:
        digits += 1
    return LaterRows(f"/{FOLDER}/{dataset}/", digits)


def write_later_rows(lister: Lister, out: Path) -> None:
    """Write the later rows of every dataset below `out`, in the language of the lister."""
    for dataset, rows in lister.catalog.observations.items():
        if later := name_later_rows(dataset, len(rows)):
            folder = out / FOLDER / dataset
            folder.mkdir(parents=True, exist_ok=True)
            files: dict[str, list[Observation]] = defaultdict(list)
            for one in sorted(rows, key=lister.newest_first)[SHOWN_ROWS:]:
                files[one.anchor[2 : 2 + later.digits]].append(one)
            # One file at a time: what is held in memory does not grow with the table.
            for name, members in files.items():
                shown = {one.anchor: _list_texts(lister.figure(one), lister) for one in members}
                text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
                (folder / f"{name}.{lister.language}.json").write_text(text, "utf-8")


def _list_texts(one: Figure, lister: Lister) -> dict[str, str]:
    """Return the texts of a row by the names of the slots that they go into; empty ones are left out."""
    texts = {
        "what": one.what,
        "value": one.value,
        "status": one.status if one.status_code != "actual" else "",
        "when": one.when,
        "href": lister.url(f"sources/{one.source}/"),
        "source": lister.label("sources", one.source),
        "stated": lister.say("stated_at", as_stated=one.as_stated, locator=one.locator),
        "flags": ", ".join(name for name, _ in one.flags),
        "note": one.note,
        "language": one.note_language if one.note and one.note_language != lister.language else "",
    }
    return {name: text for name, text in texts.items() if text}
