"""The HTML disclosure element."""

from __future__ import annotations

from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, inner_pieces
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.families.groups import accept_groups, label_of
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page


class Details(Family):
    """`<details><summary>question</summary>answer</details>`."""

    name: ClassVar[str] = "details"
    rank: ClassVar[int] = 30
    recognises: ClassVar[str] = "details elements whose summaries are questions"

    def find(self, page: Page) -> list[Candidate]:
        """Return the details that hold no further details (those are sections), group by group."""
        found = [candidate for element in page.root.iter("details") if (candidate := _read(element)) is not None]
        return accept_groups(found, page)


def _read(element: Element) -> Candidate | None:
    summary = next((child for child in element if child.tag == "summary"), None)
    if summary is None or element.find(".//details/summary") is not None:
        return None
    return Candidate(
        question=label_of(summary),
        answer=[piece for piece in inner_pieces(element) if piece is not summary],
        node=summary,
        anchor=element.get("id") or anchor_of(summary),
    )
