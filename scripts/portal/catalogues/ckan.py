"""CKAN: the catalogue in the words of CKAN's action API, for harvesters; written once, at build.

Shapes follow CKAN 2.10 (`package_show`, `organization_show`, `group_show`, `license_list`). A dataset's group is its
theme, the one organization is the publisher. `metadata_modified` is the `created` of the descriptor: what officers date
with each version. Identifiers are UUIDs made from addresses, so that they stay while the addresses do.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from portal.data.tree import join_files
from portal.figures.catalog import web_address
from portal.words.text import fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from portal.data.package import License, Package
    from portal.figures.catalog import Catalog
    from portal.files.distribution import Distribution
    from portal.words.text import Text

FILE = "ckan.json"
# The version of the API that the answers have the shape of; harvesters read it to know what they may ask.
API_VERSION = "2.10.0"
# The licences among those of Frictionless (Open Definition) that CKAN counts as open.
_OPEN = frozenset({"CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "ODC-BY-1.0", "ODbL-1.0", "PDDL-1.0"})
_LONGEST_TAG = 100
_UNDATED = "2000-01-01T00:00:00.000000"


def write_ckan_part(package: Package, catalog: Catalog, folder: Path) -> None:
    """Write into `folder` what `ckan.json` says of one dataset: a line of JSON."""
    words = _describe_package(package, _describe_publisher(catalog), catalog)
    (folder / FILE).write_text(json.dumps(words, ensure_ascii=False), "utf-8")


def write_ckan(catalog: Catalog, folders: Mapping[str, Path], folder: Path) -> None:
    """Write `ckan.json`, from which the action API answers, into the folder of a release.

    `folders` has what `write_ckan_part` wrote of every package.
    """
    packages = sorted([*catalog.datasets, *catalog.references], key=lambda one: one.name)
    licenses = {one.name: one for package in packages for one in package.licenses}
    counts = Counter(one.theme for one in packages)
    themes = [code for code in catalog.records.get("themes", {}) if counts[code]]
    shared = {
        "status": _describe_site(catalog),
        "organization": {**_describe_publisher(catalog), "package_count": len(packages)},
        "groups": [{**_describe_theme(code, catalog), "package_count": counts[code]} for code in themes],
        "licenses": [_describe_license(licenses[name]) for name in sorted(licenses)],
    }
    before = json.dumps(shared, ensure_ascii=False).removesuffix("}")
    parts = (folders[one.name] / FILE for one in packages)
    join_files(folder / FILE, f'{before}, "packages": [\n', parts, ",\n", "\n]}\n")


def name_id(address: str) -> str:
    """Return the identifier of what stands at an address."""
    return str(uuid5(NAMESPACE_URL, address))


def to_timestamp(created: str) -> str:
    """Return a date as CKAN writes it: UTC, with microseconds, without a zone."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return _UNDATED
    if moment.tzinfo:
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def to_tag(keyword: str) -> str:
    """Return a keyword as CKAN lets tags be: letters, digits, spaces and `-_.`, at most 100 characters."""
    return " ".join(re.sub(r"[^\w\-. ]+", " ", keyword).split())[:_LONGEST_TAG].strip()


def _describe_site(catalog: Catalog) -> dict[str, Any]:
    settings = catalog.settings
    return {
        "ckan_version": API_VERSION,
        "site_url": settings.site_url.rstrip("/"),
        "site_title": settings.title.vi,
        "site_description": settings.description.vi,
        "locale_default": "vi",
        "error_emails_to": settings.contact,
        "extensions": [],
    }


def _describe_publisher(catalog: Catalog) -> dict[str, Any]:
    settings = catalog.settings
    name = "-".join(re.findall(r"[a-z0-9]+", fold(settings.publisher.vi)))
    identifier = name_id(settings.site_url)
    return _describe_group(identifier, name, settings.publisher, settings.description, is_organization=True)


def _describe_theme(code: str, catalog: Catalog) -> dict[str, Any]:
    title, words = catalog.label("themes", code), catalog.word("themes", code, "description")
    address = f"{catalog.settings.site_url}themes/{code}/"
    return _describe_group(name_id(address), code, title, words, is_organization=False)


def _describe_group(
    identifier: str, name: str, title: Text, description: Text, *, is_organization: bool
) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": name,
        "title": title.vi,
        "title_translated": {"vi": title.vi, "en": title.get("en")},
        "display_name": title.vi,
        "description": description.vi,
        "image_url": "",
        "image_display_url": "",
        "type": "organization" if is_organization else "group",
        "is_organization": is_organization,
        "approval_status": "approved",
        "state": "active",
    }


def _describe_license(license_: License) -> dict[str, Any]:
    return {
        "id": license_.name,
        "title": license_.title.vi or license_.name,
        "url": web_address(license_.path),
        "status": "active",
        "od_conformance": "approved" if license_.name in _OPEN else "not reviewed",
        "osd_conformance": "not reviewed",
    }


def _describe_package(package: Package, organization: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    settings = catalog.settings
    page = f"{settings.site_url}catalog/{package.name}/"
    identifier = name_id(page)
    license_, modified = package.licenses[0], to_timestamp(package.created)
    resources = _describe_resources(package, catalog.distributions.get(package.name, ()), catalog)
    tags = list(dict.fromkeys(tag for keyword in package.keywords if len(tag := to_tag(keyword)) > 1))
    themes = [package.theme] if package.theme in catalog.records.get("themes", {}) else []
    return {
        "id": identifier,
        "name": package.name,
        "title": package.title.vi,
        "title_translated": {"vi": package.title.vi, "en": package.title.get("en")},
        "notes": package.description.vi,
        "notes_translated": {"vi": package.description.vi, "en": package.description.get("en")},
        "url": page,
        "version": package.version,
        "type": "dataset",
        "state": "active",
        "private": False,
        "author": settings.publisher.vi,
        "author_email": "",
        "maintainer": settings.publisher.vi,
        "maintainer_email": settings.contact,
        "license_id": license_.name,
        "license_title": license_.title.vi or license_.name,
        "license_url": web_address(license_.path),
        "isopen": license_.name in _OPEN,
        "metadata_created": modified,
        "metadata_modified": modified,
        "owner_org": organization["id"],
        "organization": organization,
        "groups": [_describe_theme(code, catalog) for code in themes],
        "tags": [
            {"id": name_id(f"{settings.site_url}tags/{tag}"), "name": tag, "display_name": tag, "state": "active"}
            for tag in tags
        ],
        "num_tags": len(tags),
        "resources": resources,
        "num_resources": len(resources),
        "extras": [
            {"key": key, "value": value}
            for key, value in (("kind", package.kind), ("frequency", package.frequency), ("language", "vi"))
            if value
        ],
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }


def _describe_resources(package: Package, files: Sequence[Distribution], catalog: Catalog) -> list[dict[str, Any]]:
    address = f"{catalog.settings.site_url}data/{package.name}/"
    identifier, modified = name_id(f"{catalog.settings.site_url}catalog/{package.name}/"), to_timestamp(package.created)
    return [
        {
            "id": name_id(address + one.name),
            "package_id": identifier,
            "name": one.name,
            "description": f"{package.title.vi} ({one.format})",
            "url": address + one.name,
            "url_type": None,
            "format": one.format,
            "mimetype": one.media_type,
            "size": one.bytes,
            "hash": one.sha256,
            "hash_algorithm": "http://spdx.org/rdf/terms#checksumAlgorithm_sha256",
            "created": modified,
            "last_modified": modified,
            "metadata_modified": modified,
            "position": position,
            "state": "active",
        }
        for position, one in enumerate(files)
    ]
