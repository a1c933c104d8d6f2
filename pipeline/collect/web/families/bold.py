"""Bold or underlined lines that are questions, followed by blocks: pages from before there were better ways."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pipeline.collect.web.dom import BLOCKS, HEADINGS, anchor_of, between, common_ancestor, text_of
from pipeline.collect.web.families.base import Family, judge
from pipeline.collect.web.model import Candidate, Element, Piece
from pipeline.collect.web.order import Marks
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import (
    has_question_mark,
    is_call_to_action,
    looks_like_question,
    squeeze,
    strip_numbering,
)

_BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_LEAD = re.compile(r"^[\s\d.()\[\]:–-]*(?:Q\s*\d*\s*[.:)]?)?\s*$", re.IGNORECASE)


@dataclass(slots=True)
class _Line:
    node: Element
    start: Element
    raw: str
    path: str
    standalone: bool


class Bold(Family):
    """Paragraphs (or lines) in bold or underlined that ask, each followed by what is neither."""

    name: ClassVar[str] = "bold"
    rank: ClassVar[int] = 70
    recognises: ClassVar[str] = "bold paragraphs or lines that are questions, followed by blocks"

    def find(self, page: Page) -> list[Candidate]:
        """Return the bold lines that stand where the asking ones stand, each with what follows up to the next."""
        lines = _lines(page.root)
        texts = strip_numbering([line.raw for line in lines])
        asking = {line.path for line, text in zip(lines, texts, strict=True) if looks_like_question(text)}
        kept = [
            (line, text)
            for line, text in zip(lines, texts, strict=True)
            if line.path in asking and (line.standalone or has_question_mark(text)) and not is_call_to_action(text)
        ]
        if not kept:
            return []
        evidence = judge([text for _, text in kept], kept[0][0].node, page, marked=False, titles=True)
        if evidence is None:
            return []
        stops = Marks([*(line.start for line, _ in kept), *page.root.iter(*HEADINGS)], page.order)
        limit = common_ancestor([line.node for line, _ in kept])
        return [
            Candidate(
                text, _answer(line, stops.after(line.node), limit), line.node, anchor_of(line.start), None, evidence
            )
            for line, text in kept
        ]


def _lines(root: Element) -> list[_Line]:
    lines: list[_Line] = []
    seen: set[Element] = set()
    for element in root.xpath("//b | //strong | //span[@style] | //font | //p[@style] | //em[strong] | //u | //p/em"):
        if element.tag in ("span", "p", "font") and not _BOLD_STYLE.search(element.get("style") or ""):
            continue
        block = next((parent for parent in (element, *element.iterancestors()) if parent.tag in BLOCKS), None)
        if block is None or block.tag in (*HEADINGS, "dt", "th", "summary", "pre") or element in seen:
            continue
        seen.update(element.iterdescendants())
        line = _line(element, block)
        if line is not None and not any(line.node is other.node for other in lines[-1:]):
            lines.append(line)
    return lines


def _line(element: Element, block: Element) -> _Line | None:
    text = text_of(element)
    if not 3 <= len(text) <= 1000:
        return None
    path = "/".join(parent.tag for parent in element.iterancestors())
    whole = text_of(block)
    if whole == text or (len(whole) <= len(text) + 6 and _LEAD.match(squeeze(whole.replace(text, "", 1)))):
        return _Line(block, block, whole, path + "!", True)
    before = _text_before(element, block)
    if before is None or not _LEAD.match(squeeze(before)):
        return None
    after = element.getnext()
    ends_line = not (element.tail or "").strip() and (after is None or after.tag == "br" or after.tag in BLOCKS)
    return _Line(element, element, before + text, path, ends_line)


def _text_before(element: Element, block: Element) -> str | None:
    """Return the text between the begin of the line (block start or line break) and the element."""
    parts: list[str] = []
    node = element
    while node is not block:
        for before in node.itersiblings(preceding=True):
            parts.insert(0, before.tail or "")
            if before.tag == "br" or before.tag in BLOCKS:
                return "".join(parts)
            parts.insert(0, text_of(before))
        parent = node.getparent()
        if parent is None:
            return None
        parts.insert(0, parent.text or "")
        node = parent
    return "".join(parts)


def _answer(line: _Line, end: Element | None, limit: Element) -> list[Piece]:
    pieces = between(line.node, end, limit)
    while not pieces and limit.tag not in ("body", "html"):
        parent = limit.getparent()
        if parent is None:
            break
        limit = parent
        pieces = between(line.node, end, limit)
    return pieces
