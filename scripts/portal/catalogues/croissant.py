"""Croissant: a dataset as loaders of machine learning read it.

After version 1.0 of https://docs.mlcommons.org/croissant/docs/croissant-spec.html.
Records are read from Parquet, never from CSV, whose types loaders guess: `007` would become 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.catalogues.identifier import Identifier
from portal.catalogues.linked_data import prune
from portal.figures.catalog import web_address
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.data.package import Field, Package, Resource
    from portal.figures.catalog import Catalog
    from portal.files.distribution import Distribution
    from portal.words.text import Language

CROISSANT = "croissant.json"
_VERSION = "http://mlcommons.org/croissant/1.0"
# What loaders read records from, under the media type that they know.
_PARQUET, _PARQUET_TYPE = ".parquet", "application/x-parquet"
_TYPES = {
    "number": "sc:Float", "integer": "sc:Integer", "year": "sc:Integer", "boolean": "sc:Boolean", "date": "sc:Date",
    "datetime": "sc:DateTime",
}  # fmt: skip
# The context that the specification asks for, appendix 1.
_CONTEXT: dict[str, Any] = {
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    **{
        name: f"cr:{name}"
        for name in (
            "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet",
            "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet",
            "references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField",
            "transform",
        )
    },
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}  # fmt: skip


def describe_croissant(package: Package, catalog: Catalog) -> dict[str, Any]:
    """Return `croissant.json`: English where it was written, since the format knows one language."""
    names, settings = Identifier(catalog.settings.site_url), catalog.settings
    language = package.title.language("en")
    files = catalog.distributions.get(package.name, ())
    license_ = package.licenses[0]
    publisher = {"@type": "sc:Organization", "name": settings.publisher.get(language), "url": names.home}
    return prune(
        {
            "@context": {"@language": language, **_CONTEXT},
            "@type": "sc:Dataset",
            "@id": names.dataset(package.name),
            "conformsTo": _VERSION,
            "name": package.title.get(language),
            "alternateName": package.name,
            "description": package.description.get(language),
            "license": web_address(license_.path) or license_.name,
            "url": names.page(package.name),
            "version": package.version,
            "datePublished": package.created[:10],
            "keywords": list(package.keywords),
            "inLanguage": list(package.title.languages),
            "creator": publisher,
            "publisher": publisher,
            "citeAs": _cite(package, catalog, language),
            "distribution": [_describe_file(package, one, names) for one in files],
            "recordSet": [
                one for resource in package.resources if (one := _describe_records(resource, files, language))
            ],
        }
    )


def _cite(package: Package, catalog: Catalog, language: Language) -> str:
    return say(
        "citation",
        language,
        publisher=catalog.settings.publisher.get(language),
        title=package.title.get(language),
        version=package.version,
        address=Identifier(catalog.settings.site_url).page(package.name),
    )


def _describe_file(package: Package, one: Distribution, names: Identifier) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": one.name,
        "name": one.name,
        "contentUrl": names.file(package.name, one.name),
        "contentSize": f"{one.bytes} B",
        "encodingFormat": _PARQUET_TYPE if one.name.endswith(_PARQUET) else one.media_type.partition(";")[0],
        "sha256": one.sha256,
    }


def _describe_records(resource: Resource, files: Sequence[Distribution], language: Language) -> dict[str, Any] | None:
    source = f"{resource.name}{_PARQUET}"
    if source not in {one.name for one in files}:
        return None
    return prune(
        {
            "@type": "cr:RecordSet",
            "@id": resource.name,
            "name": resource.name,
            "description": resource.title.get(language),
            "key": [{"@id": f"{resource.name}/{name}"} for name in resource.primary_key],
            "field": [_describe_field(resource, column, source, language) for column in resource.fields],
        }
    )


def _describe_field(resource: Resource, column: Field, source: str, language: Language) -> dict[str, Any]:
    words = [column.title.get(language), column.description.get(language)]
    return prune(
        {
            "@type": "cr:Field",
            "@id": f"{resource.name}/{column.name}",
            "name": column.name,
            "description": ". ".join(word.rstrip(".") for word in words if word),
            "dataType": _TYPES.get(column.type, "sc:Text"),
            "equivalentProperty": column.rdf_type,
            "source": {"fileObject": {"@id": source}, "extract": {"column": column.name}},
        }
    )
