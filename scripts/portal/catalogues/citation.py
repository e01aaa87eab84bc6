"""Citations: each dataset as a BibTeX entry and as a RIS record, on its page and as files.

The author is the portal, as a body: nobody is named who did not sign. Year and version are those of the package.
RIS: the tags of Reference Manager that Zotero, Mendeley and EndNote read; TY - DATA.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from portal.data.package import Package
    from portal.data.settings import Settings
    from portal.words.text import Language

_LANGUAGES = {"vi": "vietnamese", "en": "english"}
# Braces are counted by BibTeX even behind a backslash, and a backslash commands LaTeX: these three have no safe form.
_REPLACED = str.maketrans("{}\\", "()/")
_SPELLED = {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def write_citations(settings: Settings, package: Package, folder: Path) -> None:
    """Write `<dataset>.bib` and `<dataset>.ris` into `/data/<dataset>/`."""
    (folder / f"{package.name}.bib").write_text(make_bibtex(settings, package, "vi") + "\n", "utf-8")
    lines = "".join(f"{line}\r\n" for line in list_ris(settings, package))
    (folder / f"{package.name}.ris").write_bytes(lines.encode())


def make_bibtex(settings: Settings, package: Package, language: Language) -> str:
    """Return a BibTeX entry for a dataset; its key is the dataset's name."""
    fields = {
        # Twice braced: a body has no given name and is not taken apart.
        "author": f"{{{clean_bibtex(settings.publisher.get(language))}}}",
        "title": clean_bibtex(package.title.get(language)),
        "year": package.created[:4],
        "version": package.version,
        "url": address_of(settings, package, language),
        "language": _LANGUAGES[package.title.language(language)],
        "note": clean_bibtex(package.licenses[0].name),
    }
    lines = [f"  {name:<9} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{package.name},\n" + ",\n".join(lines) + "\n}"


def list_ris(settings: Settings, package: Package) -> Iterator[str]:
    """Yield the lines of a RIS record, without their ends."""
    yield "TY  - DATA"
    yield f"ID  - {package.name}"
    yield f"AU  - {_one_line(settings.publisher.vi)}"
    yield f"TI  - {_one_line(package.title.vi)}"
    if package.title.en:
        yield f"TT  - {_one_line(package.title.en)}"
    if package.created:
        yield f"PY  - {package.created[:4]}"
        yield f"DA  - {package.created[:10].replace('-', '/')}"
    yield f"PB  - {_one_line(settings.publisher.vi)}"
    yield f"ET  - {package.version}"
    yield f"AB  - {_one_line(package.description.vi)}"
    yield from (f"KW  - {_one_line(keyword)}" for keyword in package.keywords)
    yield "LA  - vi"
    yield f"UR  - {address_of(settings, package, 'vi')}"
    yield f"N1  - {_one_line(package.licenses[0].name)}"
    yield "ER  - "


def address_of(settings: Settings, package: Package, language: Language) -> str:
    """Return the address of a dataset's page."""
    return f"{settings.site_url}{'en/' if language == 'en' else ''}catalog/{package.name}/"


def clean_bibtex(text: str) -> str:
    """Return a text that neither ends its field nor commands LaTeX."""
    plain = re.sub(r"([%&$#_])", r"\\\1", _one_line(text).translate(_REPLACED))
    return re.sub("[~^]", lambda match: _SPELLED[match[0]], plain)


def _one_line(text: str) -> str:
    """Return a text without line breaks, which would begin another tag of RIS, or other control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
