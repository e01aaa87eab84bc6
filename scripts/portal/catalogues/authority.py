"""Authority lists: how the European Union and IANA name frequencies, languages, themes and kinds of files.

The codes are those of https://op.europa.eu/en/web/eu-vocabularies/authority-tables, which DCAT-AP asks for.
"""

from __future__ import annotations

_LISTS = "http://publications.europa.eu/resource/authority"
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types"
# Codes of the list `file-type`, by media type without parameters.
FILE_TYPES = {
    "text/csv": "CSV",
    "application/json": "JSON",
    "application/zip": "ZIP",
    "application/vnd.apache.parquet": "PARQUET",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
}
# The list `data-theme`, whole.
EU_THEMES = {
    "AGRI": "Agriculture, fisheries, forestry and food",
    "ECON": "Economy and finance",
    "EDUC": "Education, culture and sport",
    "ENER": "Energy",
    "ENVI": "Environment",
    "GOVE": "Government and public sector",
    "HEAL": "Health",
    "INTR": "International issues",
    "JUST": "Justice, legal system and public safety",
    "REGI": "Regions and cities",
    "SOCI": "Population and society",
    "TECH": "Science and technology",
    "TRAN": "Transport",
}


def name_authority(code_list: str, code: str) -> str:
    """Return the address of a code in an authority list of the European Union."""
    return f"{_LISTS}/{code_list}/{code}"


def name_file_type(media_type: str) -> str:
    """Return the address of a kind of file; raise KeyError where FILE_TYPES does not have it."""
    return name_authority("file-type", FILE_TYPES[media_type])


def name_media_type(media_type: str) -> str:
    """Return the address of a media type, without parameters, in IANA's register."""
    return f"{_MEDIA_TYPES}/{media_type}"
