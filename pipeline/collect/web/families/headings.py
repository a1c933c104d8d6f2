"""Headings that are questions, each followed by its answer."""

from __future__ import annotations

from typing import ClassVar

from pipeline.collect.web.dom import HEADINGS, anchor_of, between, common_ancestor, text_of
from pipeline.collect.web.families.base import Family, heading_level
from pipeline.collect.web.families.levels import Heading, choose, question_level
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import (
    looks_like_question,
    strip_numbering,
)


class Headings(Family):
    """The level with most questions is the question level; above are sections, below are parts of answers."""

    name: ClassVar[str] = "headings"
    rank: ClassVar[int] = 80
    recognises: ClassVar[str] = "headings that are questions, followed by blocks"

    def find(self, page: Page) -> list[Candidate]:
        """Return the headings of the question level (statements too, in good company) with all that follows each."""
        headings = _read(page)
        level = question_level(headings)
        if level is None:
            return []
        evidence = choose(headings, level, page)
        markers = [heading for heading in headings if heading.marker]
        if not markers or (page.signals.faq < 2 and sum(_leads_away(m.node) for m in markers) > 0.5 * len(markers)):
            return []
        nodes = [heading.node for heading in markers]
        limit = common_ancestor(nodes)
        found: list[Candidate] = []
        for position, heading in enumerate(headings):
            if heading.marker:
                end = _end(headings, position, level)
                answer = between(heading.node, end, _reaching(heading.node, end, limit))
                found.append(
                    Candidate(
                        question=heading.text,
                        answer=answer,
                        node=heading.node,
                        anchor=anchor_of(heading.node),
                        section=_section(heading),
                        evidence=evidence[id(heading)],
                    )
                )
        return found


def _leads_away(heading: Element) -> bool:
    """Say whether a heading is a link to another page: what follows it is the excerpt of what stands there."""
    links = [link for link in heading.iter("a") if link.get("href") and "#" not in link.get("href")]
    return sum(len(text_of(link)) for link in links) > 0.7 * len(text_of(heading))


def _read(page: Page) -> list[Heading]:
    nodes = [node for node in page.root.iter(*HEADINGS) if text_of(node)]
    by_level: dict[int, list[Element]] = {}
    for node in nodes:
        by_level.setdefault(heading_level(node), []).append(node)
    texts: dict[Element, str] = {}
    for same in by_level.values():
        texts.update(zip(same, strip_numbering([text_of(node) for node in same]), strict=True))
    headings: list[Heading] = []
    open_at: dict[int, Heading] = {}
    for node in nodes:
        numbered = len(texts[node]) < len(text_of(node)) - 1
        heading = Heading(node, heading_level(node), texts[node], looks_like_question(texts[node]), numbered)
        above = [other for level, other in open_at.items() if level < heading.level]
        heading.parent = max(above, key=lambda other: other.level, default=None)
        open_at = {level: other for level, other in open_at.items() if level < heading.level} | {heading.level: heading}
        headings.append(heading)
    return headings


def _section(heading: Heading) -> str | None:
    """Return the heading above: a question without its number, a title as it stands."""
    if heading.parent is None:
        return None
    return heading.parent.text if heading.parent.asks else text_of(heading.parent.node)


def _end(headings: list[Heading], position: int, level: int) -> Element | None:
    mine = headings[position].level
    for place in range(position + 1, len(headings)):
        later = headings[place]
        if later.marker or later.level <= max(mine, level):
            return later.node
    return None


def _reaching(node: Element, end: Element | None, limit: Element) -> Element:
    """Widen the limit for a question that stands alone in its wrapper, until something follows it."""
    while limit.tag not in ("body", "html") and not _has_text(between(node, end, limit)):
        parent = limit.getparent()
        if parent is None:
            break
        limit = parent
    return limit


def _has_text(pieces: list[Element | str]) -> bool:
    return any(
        piece.strip() if isinstance(piece, str) else (text_of(piece) or piece.find(".//img") is not None)
        for piece in pieces
    )
