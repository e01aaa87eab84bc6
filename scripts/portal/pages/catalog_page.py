"""The pages that list datasets: all of them, the themes, those of a theme; on several pages where they are many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portal.pages.download_bar import list_collections
from portal.pages.listing import Lister
from portal.pages.paging import Part, cut_list, is_long
from portal.pages.view import Page

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class CatalogWriter(Lister):
    """Makes the lists of datasets in one language."""

    def catalog_pages(self) -> Iterator[Page]:
        """Yield the list of all datasets: by theme on one page, or where there are too many by name on several."""
        if not is_long(self.catalog.datasets):
            yield self._catalog_by_theme()
            return
        references = [self.card(package) for package in self.catalog.references]
        cards = [self.card(package) for package in self.catalog.datasets]
        filters = self.filters(cards)
        for part, members in cut_list(cards, "catalog/"):
            view = {
                "part": part,
                "cards": members,
                "themes": self.theme_counts() if part.is_first else [],
                "references": references if part.is_first else [],
                "filters": filters,
                "collections": list_collections(self.catalog, self.language) if part.is_first else [],
            }
            page = self._page("catalog/", "catalog_title", "catalog_pages_description", "catalog_part.html", view)
            yield replace(self._name_part(page, part), scripts=("catalog",))

    def _catalog_by_theme(self) -> Page:
        groups = [
            (theme, self.label("themes", theme), [self.card(package) for package in self.in_theme(theme)])
            for theme in self.themes()
        ]
        loose = [self.card(package) for package in self.catalog.datasets if not self.known_theme(package)]
        if loose:
            groups.append(("", self.say("no_theme"), loose))
        references = [self.card(package) for package in self.catalog.references]
        every = [*(card for _, _, members in groups for card in members), *references]
        view = {
            "groups": groups,
            "references": references,
            "filters": self.filters(every),
            "collections": list_collections(self.catalog, self.language),
        }
        page = self._page("catalog/", "catalog_title", "catalog_description", "catalog.html", view)
        return replace(page, scripts=("catalog",))

    def themes_page(self) -> Page:
        """Return the list of themes."""
        view = {"themes": self.theme_counts()}
        return self._page("themes/", "themes_title", "themes_description", "themes.html", view)

    def theme_pages(self, theme: str) -> Iterator[Page]:
        """Yield one theme with its datasets, on several pages where they are many."""
        title = self.label("themes", theme)
        description = self.catalog.word("themes", theme, "description").get(self.language)
        meta = {"feed": self.url(f"themes/{theme}/feed.xml")}
        for part, members in cut_list(self.in_theme(theme), f"themes/{theme}/"):
            view = {"part": part, "description": description, "cards": [self.card(package) for package in members]}
            page = Page(f"themes/{theme}/", title, description or title, "theme.html", view, meta=meta)
            yield self._name_part(page, part)

    def _name_part(self, page: Page, part: Part) -> Page:
        """Return a page of a list under its own address and title."""
        if part.is_first:
            return page
        number = self.number(part.number)
        return replace(page, path=part.path, title=self.say("part_title", title=page.title, number=number))

    def _page(self, path: str, title: str, description: str, template: str, view: dict[str, Any]) -> Page:
        return Page(path, self.say(title), self.say(description), template, view)
