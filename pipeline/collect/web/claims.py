"""Which document ids and which contents are spoken for in a pass over a site."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Claims:
    """Document ids with the addresses that answered for them, and contents with the documents that hold their rows."""

    places: dict[str, str] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)

    @property
    def taken(self) -> Container[str]:
        """The ids that some page has."""
        return self.places

    def claim(self, identity: str, place: str) -> bool:
        """Take an id for the page at an address; False when a page has it already."""
        if identity in self.places:
            return False
        self.places[identity] = place
        return True

    def claim_changed(self, wished: str, place: str, content: str | None) -> str | None:
        """Take an id for a page that was read, the one it wishes or its own; None for a page that was taken before.

        Where another page with other questions calls itself by this page's address, the address with an empty query is
        its own: it leads to the same page.
        """
        if self.claim(wished, place):
            return wished
        if self.places[wished] == place or content is None or self.contents.get(content) == wished:
            return None
        own = f"{place}?"
        return own if "?" not in place and self.claim(own, place) else None

    def hold(self, validators: Mapping[str, Any], identity: str) -> None:
        """Note that the rows of a document stay, so that another page that says the same repeats them."""
        content = validators.get("content")
        if content and not validators.get("duplicate_of"):
            self.contents.setdefault(str(content), identity)
