"""The HTML disclosure element."""

from __future__ import annotations

from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, inner_pieces, text_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.families.groups import accept_groups, label_of
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import looks_like_question


class Details(Family):
    """`<details><summary>question</summary>answer</details>`."""

    name: ClassVar[str] = "details"
    rank: ClassVar[int] = 30
    recognises: ClassVar[str] = "details elements whose summaries are questions"

    def find(self, page: Page) -> list[Candidate]:
        """Return the details that are no sections of others, group by group."""
        found = [candidate for element in page.root.iter("details") if (candidate := _read(element)) is not None]
        return accept_groups(found, page)


def _is_section(element: Element, summary: Element) -> bool:
    """Say whether a disclosure only holds others: two or more, or one that asks, unless it alone is what asks."""
    inner = [label_of(nested) for nested in element.iterfind(".//details/summary")]
    if not inner:
        return False
    if looks_like_question(label_of(summary)) and not any(map(looks_like_question, inner)):
        return False
    own = sum(len(text_of(child)) for child in element if child.tag not in ("summary", "details"))
    return len(inner) > 1 or looks_like_question(inner[0]) or not own


def _is_part(element: Element) -> bool:
    """Say whether a disclosure belongs to the answer inside another one."""
    outer = next(element.iterancestors("details"), None)
    summary = outer.find("summary") if outer is not None else None
    return outer is not None and summary is not None and not _is_section(outer, summary)


def _read(element: Element) -> Candidate | None:
    summary = next((child for child in element if child.tag == "summary"), None)
    if summary is None or _is_section(element, summary) or _is_part(element):
        return None
    return Candidate(
        question=label_of(summary),
        answer=[piece for piece in inner_pieces(element) if piece is not summary],
        node=summary,
        anchor=element.get("id") or anchor_of(summary),
    )
