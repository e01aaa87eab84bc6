"""Identifiers: the addresses by which catalogues and graphs of other people name what the portal publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.catalogues.linked_data import quote_address

if TYPE_CHECKING:
    from portal.data.observation import Observation


@dataclass(frozen=True, slots=True)
class Identifier:
    """Makes identifiers below the portal's address, which ends with a slash."""

    home: str

    @property
    def catalog(self) -> str:
        """Return the name of the catalogue."""
        return f"{self.home}catalog/#catalog"

    @property
    def publisher(self) -> str:
        """Return the name of who publishes it."""
        return f"{self.home}#publisher"

    @property
    def service(self) -> str:
        """Return the name of the API."""
        return f"{self.home}datasette/#service"

    def page(self, dataset: str) -> str:
        """Return the address of a dataset's page."""
        return f"{self.home}catalog/{dataset}/"

    def dataset(self, dataset: str) -> str:
        """Return the name of a dataset, the same in both languages."""
        return f"{self.page(dataset)}#dataset"

    def file(self, dataset: str, name: str) -> str:
        """Return the address of a file."""
        return f"{self.home}data/{dataset}/{name}"

    def theme(self, code: str) -> str:
        """Return the name of a theme."""
        return quote_address(f"{self.home}themes/{code}/#theme")

    def code(self, code_list: str, code: str) -> str:
        """Return the name of a code of a code list."""
        return quote_address(f"{self.page(code_list)}#{code}")

    def source(self, source: str) -> str:
        """Return the name of a document that figures were transcribed from."""
        return quote_address(f"{self.home}sources/{source}/#document")

    def observation(self, one: Observation) -> str:
        """Return the permanent address of an observation: its row on the page of its dataset."""
        return f"{self.page(one.dataset)}#{one.anchor}"
