"""Linked data: nodes as JSON-LD says them, written as one JSON-LD and as one Turtle document.

A node is a mapping of compact names (`dct:title`) to values: a text, `{"@id": …}`, `{"@value": …, "@language"
or "@type": …}`, a nameless node, or a list of these. Nodes are streamed, so a long graph takes no memory; the
same nodes give the same bytes, and both documents are the same graph.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from portal.files.precompression import TwinWriter, compress_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from portal.words.text import Text

Node = dict[str, Any]

PREFIXES: Mapping[str, str] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "oa": "http://www.w3.org/ns/oa#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
# Every sign of RFC 3987 but those that both documents read as their own.
_PLAIN = "!#$%&'()*+,-./:;=?@[]_~"
_HARMLESS = re.compile(rf"[0-9A-Za-z{re.escape(_PLAIN)}]*")


def refer(address: str) -> Node:
    """Return a reference to another node, whatever signs the address holds."""
    return {"@id": quote_address(address)}


def quote_address(address: str) -> str:
    """Return an address in which only signs of an IRI are left; letters of all scripts stay as they are."""
    if _HARMLESS.fullmatch(address):  # nearly all are
        return address
    return "".join(sign if sign.isalnum() or sign in _PLAIN else quote(sign, safe="") for sign in address)


def translate(text: Text) -> list[Node]:
    """Return a text in each language in which it was written; empty texts are left out."""
    return [{"@value": text.get(one), "@language": one} for one in text.languages]


def type_value(text: str, kind: str) -> Node:
    """Return a typed value, such as `("2024-01-31", "xsd:date")`."""
    return {"@value": text, "@type": kind}


def prune(node: Mapping[str, Any]) -> Node:
    """Return a node without the properties that have no value."""
    return {key: value for key, value in node.items() if value not in ("", [], None)}


def say_json_ld(node: Node) -> str:
    """Return a node as one line of JSON."""
    return json.dumps(node, ensure_ascii=False)


def say_turtle(node: Node) -> str:
    """Return a node as a block of Turtle (https://www.w3.org/TR/turtle/), an empty line before it."""
    said = " ;\n  ".join(_say_properties(node))
    return f"\n<{node['@id']}>\n  {said} .\n"


# Between two nodes, and before each of a part.
_BETWEEN = ",\n"


def write_json_ld(nodes: Iterable[str | Path], path: Path) -> None:
    """Write nodes as `say_json_ld` says them as `{"@context": …, "@graph": […]}`, one on each line; and its twin.

    A path is that of a file by `write_json_ld_part`; the first node is none.
    """
    with TwinWriter(path) as file:
        file.write(f'{{"@context": {json.dumps(PREFIXES)},\n"@graph": [')
        before = "\n"
        for node in nodes:
            if isinstance(node, Path):
                file.add(node)
            else:
                file.write(before + node)
            before = _BETWEEN
        file.write("\n]}\n")


def write_json_ld_part(nodes: Iterable[Node], path: Path) -> None:
    """Write nodes as they stand in a document behind others, ready for `write_json_ld`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(_BETWEEN + say_json_ld(node) for node in nodes)
    compress_part(path)


def write_turtle(nodes: Iterable[str | Path], path: Path) -> None:
    """Write nodes as `say_turtle` says them, and the compressed twin; a path is one of `write_turtle_part`."""
    with TwinWriter(path) as file:
        file.write("".join(f"@prefix {prefix}: <{address}> .\n" for prefix, address in PREFIXES.items()))
        for node in nodes:
            if isinstance(node, Path):
                file.add(node)
            else:
                file.write(node)


def write_turtle_part(nodes: Iterable[Node], path: Path) -> None:
    """Write nodes as they stand in a document, ready for `write_turtle`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(map(say_turtle, nodes))
    compress_part(path)


def _say_properties(node: Mapping[str, Any]) -> Iterator[str]:
    for key, value in node.items():
        if key == "@type":
            yield f"a {', '.join(value if isinstance(value, list) else [value])}"
        elif key != "@id":
            values = value if isinstance(value, list) else [value]
            yield f"{key} {', '.join(map(_say_value, values))}"


def _say_value(value: str | Node) -> str:
    # The escapes of a JSON string are escapes of Turtle too (its STRING_LITERAL_QUOTE), with the same meaning.
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if "@value" in value:
        text = json.dumps(value["@value"], ensure_ascii=False)
        return f"{text}@{value['@language']}" if "@language" in value else f"{text}^^{value['@type']}"
    if "@id" in value:
        if len(value) > 1:
            raise ValueError(f"a node with an address stands by itself: {value['@id']}")
        return f"<{value['@id']}>"
    return f"[ {' ; '.join(_say_properties(value))} ]"
