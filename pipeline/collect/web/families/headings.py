"""Headings that are questions, each followed by its answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from pipeline.collect.web.dom import HEADINGS, anchor_of, between, common_ancestor, text_of
from pipeline.collect.web.families.base import Family, heading_level, judge
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import (
    has_question_mark,
    is_call_to_action,
    looks_like_question,
    strip_numbering,
)
from pipeline.collect.web.signals import is_faq_phrase, is_furniture


@dataclass(slots=True)
class _Heading:
    node: Element
    level: int
    text: str
    asks: bool
    numbered: bool = False
    marker: bool = False
    parent: _Heading | None = None


class Headings(Family):
    """The level with most questions is the question level; above are sections, below are parts of answers."""

    name: ClassVar[str] = "headings"
    rank: ClassVar[int] = 80
    recognises: ClassVar[str] = "headings that are questions, followed by blocks"

    def find(self, page: Page) -> list[Candidate]:
        """Return the headings of the question level (statements too, in good company) with all that follows each."""
        headings = _read(page)
        level = _question_level(headings)
        if level is None:
            return []
        evidence = _choose(headings, level, page)
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


def _read(page: Page) -> list[_Heading]:
    nodes = [node for node in page.root.iter(*HEADINGS) if text_of(node)]
    by_level: dict[int, list[Element]] = {}
    for node in nodes:
        by_level.setdefault(heading_level(node), []).append(node)
    texts: dict[Element, str] = {}
    for same in by_level.values():
        texts.update(zip(same, strip_numbering([text_of(node) for node in same]), strict=True))
    headings: list[_Heading] = []
    open_at: dict[int, _Heading] = {}
    for node in nodes:
        numbered = len(texts[node]) < len(text_of(node)) - 1
        heading = _Heading(node, heading_level(node), texts[node], looks_like_question(texts[node]), numbered)
        above = [other for level, other in open_at.items() if level < heading.level]
        heading.parent = max(above, key=lambda other: other.level, default=None)
        open_at = {level: other for level, other in open_at.items() if level < heading.level} | {heading.level: heading}
        headings.append(heading)
    return headings


def _question_level(headings: list[_Heading]) -> int | None:
    counts = Counter(heading.level for heading in headings if heading.asks)
    if counts[1] < 2:
        del counts[1]  # one h1 is the title of an article
    return max(counts, key=lambda level: (counts[level], -level), default=None)


def _eligible(heading: _Heading) -> bool:
    title = is_faq_phrase(heading.text) and not (heading.asks and _says_more(heading.text))
    return not title and not is_call_to_action(heading.text) and not is_furniture(heading.text)


def _says_more(text: str) -> bool:
    """Say whether a text that names a FAQ asks about it ("What is this FAQ?") instead of announcing it."""
    return len(text.split()) > 3 or (not text.isascii() and len(text) >= 8 and has_question_mark(text))


def _choose(headings: list[_Heading], level: int, page: Page) -> dict[int, str]:
    """Mark the headings that are questions and return the evidence for each."""
    same = [heading for heading in headings if heading.level == level and _eligible(heading)]
    evidence: dict[int, str] = {}
    whole = judge([h.text for h in same], same[0].node, page, marked=False, titles=True) if same else None
    groups: dict[int, list[_Heading]] = {}
    for heading in same:
        groups.setdefault(id(heading.parent), []).append(heading)
    for group in groups.values():
        reason = whole or _judge_section(group, page)
        if reason and (_asks(group) or (page.signals.faq >= 2 and not _outsider(group, same))):
            for heading in _without_edges(group):
                heading.marker = True
                evidence[id(heading)] = reason
    _mark_others(headings, level, evidence, above=page.signals.faq >= 2)
    return evidence


def _asks(group: list[_Heading]) -> bool:
    return any(heading.asks for heading in group)


def _outsider(group: list[_Heading], same: list[_Heading]) -> bool:
    """Say whether a group without questions stands beside nearly pure ones: then it is not part of the FAQ."""
    rest = len(same) - len(group)
    asking = sum(heading.asks for heading in same) - sum(heading.asks for heading in group)
    return rest >= 3 and asking >= 0.9 * rest


def _without_edges(group: list[_Heading]) -> list[_Heading]:
    """Leave out statements before the first and after the last question of a group that is otherwise all questions.

    Those are introductions and invitations ("Get started today"), unless the headings are numbered, or are in a
    language whose questions need no mark: there a statement may be a question whose words are not known.
    """
    places = [place for place, heading in enumerate(group) if heading.asks]
    unmarked = not group[0].text.isascii() and not any(has_question_mark(heading.text) for heading in group)
    if len(group) < 4 or len(places) < 0.7 * len(group) or unmarked or any(heading.numbered for heading in group):
        return group
    inner = group[places[0] : places[-1] + 1]
    return inner if all(heading.asks for heading in inner) else group


def _judge_section(group: list[_Heading], page: Page) -> str | None:
    parent = group[0].parent
    if parent is not None and is_faq_phrase(parent.text):
        return judge([heading.text for heading in group], group[0].node, page, marked=False, titles=True)
    return None


def _mark_others(headings: list[_Heading], level: int, evidence: dict[int, str], *, above: bool) -> None:
    """Mark questions at other levels: directly below a question, or above and with no questions of their own.

    `above` is for pages that are FAQs as a whole; elsewhere a question above a FAQ is the title of another section.
    """
    if not evidence:
        return
    reason = next(iter(evidence.values()))
    parents = {id(heading.parent) for heading in headings if heading.marker or heading.asks}
    for heading in headings:
        if (heading.level > level and heading.asks and heading.parent is not None and heading.parent.marker) or (
            above
            and 1 < heading.level < level
            and has_question_mark(heading.text)
            and id(heading) not in parents
            and _eligible(heading)
        ):
            heading.marker = True
        else:
            continue
        evidence[id(heading)] = f"{reason}; a question of its own at another level"


def _section(heading: _Heading) -> str | None:
    """Return the heading above: a question without its number, a title as it stands."""
    if heading.parent is None:
        return None
    return heading.parent.text if heading.parent.asks else text_of(heading.parent.node)


def _end(headings: list[_Heading], position: int, level: int) -> Element | None:
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
