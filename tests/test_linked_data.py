"""Linked data: both documents are read by rdflib as the same graph, whatever the texts and addresses hold."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rdflib import Graph, Literal, URIRef
from rdflib.compare import isomorphic

from portal.catalogues.linked_data import (
    prune,
    quote_address,
    refer,
    say_json_ld,
    say_turtle,
    translate,
    type_value,
    write_json_ld,
    write_json_ld_part,
    write_turtle,
    write_turtle_part,
)
from portal.words.text import Text

if TYPE_CHECKING:
    from portal.catalogues.linked_data import Node

NAME = URIRef("http://example.org/#x")
TITLE = URIRef("http://purl.org/dc/terms/title")
RELATION = URIRef("http://purl.org/dc/terms/relation")


def read_both(nodes: list[Node]) -> tuple[Graph, Graph]:
    with tempfile.TemporaryDirectory() as folder:
        turtle, json_ld = Path(folder, "x.ttl"), Path(folder, "x.jsonld")
        write_turtle(map(say_turtle, nodes), turtle)
        write_json_ld(map(say_json_ld, nodes), json_ld)
        return Graph().parse(turtle), Graph().parse(json_ld, format="json-ld")


def test_parts_stand_in_a_document_as_their_nodes_would(tmp_path: Path) -> None:
    nodes: list[Node] = [{"@id": f"http://example.org/{number}", "dct:title": "số liệu"} for number in range(5)]
    write_json_ld_part(nodes[1:4], tmp_path / "part.jsonld")
    write_turtle_part(nodes[1:4], tmp_path / "part.ttl")
    write_json_ld(map(say_json_ld, nodes), tmp_path / "whole.jsonld")
    write_turtle(map(say_turtle, nodes), tmp_path / "whole.ttl")
    first, last = say_json_ld(nodes[0]), say_json_ld(nodes[4])
    write_json_ld([first, tmp_path / "part.jsonld", last], tmp_path / "joined.jsonld")
    first, last = say_turtle(nodes[0]), say_turtle(nodes[4])
    write_turtle([first, tmp_path / "part.ttl", last], tmp_path / "joined.ttl")
    for suffix in ("jsonld", "ttl"):
        content = (tmp_path / f"whole.{suffix}").read_bytes()
        assert (tmp_path / f"joined.{suffix}").read_bytes() == content
        assert gzip.decompress((tmp_path / f"joined.{suffix}.gz").read_bytes()) == content


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example('"""\\ \r\n\t\x00\x1f\x7f\u2028 🐟 </script>')
def test_any_text_comes_back_from_both(text: str) -> None:
    for graph in read_both([{"@id": str(NAME), "dct:title": [text, {"@value": text, "@language": "vi"}]}]):
        assert set(graph.objects(NAME, TITLE)) == {Literal(text), Literal(text, lang="vi")}


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example('<>"{}|\\^` \u2028/đường?a=1&b=2#%41')
def test_any_address_becomes_one_that_both_read(text: str) -> None:
    address = URIRef(quote_address(f"http://example.org/{text}"))
    for graph in read_both([{"@id": str(NAME), "dct:relation": refer(f"http://example.org/{text}")}]):
        assert list(graph.objects(NAME, RELATION)) == [address]


def test_letters_of_an_address_stay_as_they_are() -> None:
    assert quote_address("http://example.org/số liệu") == "http://example.org/số%20liệu"


def test_nameless_nodes_types_and_lists_are_the_same_graph() -> None:
    nodes: list[Node] = [
        {
            "@id": str(NAME),
            "@type": ["dcat:Dataset", "prov:Entity"],
            "dct:title": translate(Text("Cá", "Fish")),
            "dct:issued": type_value("2024-01-31", "xsd:date"),
            "oa:hasSelector": {"@type": "oa:FragmentSelector", "oa:refinedBy": {"rdf:value": "line=1,2"}},
        }
    ]
    turtle, json_ld = read_both(nodes)
    assert len(turtle) == 9
    assert isomorphic(turtle, json_ld)


def test_a_text_without_english_is_said_in_vietnamese_only() -> None:
    assert translate(Text("Cá")) == [{"@value": "Cá", "@language": "vi"}]
    assert translate(Text("")) == []


def test_properties_without_value_are_left_out() -> None:
    assert prune({"a": "", "b": [], "c": None, "d": 0, "e": False, "f": "x"}) == {"d": 0, "e": False, "f": "x"}


def test_a_node_with_an_address_cannot_hide_in_another_one() -> None:
    node = {"@id": "http://example.org/", "dct:relation": {"@id": "http://example.org/y", "dct:title": "Y"}}
    with pytest.raises(ValueError, match="a node with an address stands by itself"):
        say_turtle(node)
