"""Plain blocks that end in a question mark, each followed by text that does not: pages whose markup says nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from pipeline.collect.web.dom import (
    BLOCKS,
    HEADINGS,
    anchor_of,
    between,
    common_ancestor,
    inner_pieces,
    raw_text,
    text_of,
)
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.model import Candidate, Element, Piece
from pipeline.collect.web.order import Marks
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import ends_as_question, is_call_to_action, looks_like_question, squeeze
from pipeline.collect.web.tails import linked_share, text_of_piece

MIN_QUESTIONS = 3
MIN_ANSWERED = 0.8
MAX_CHARS = 400
MAX_LINKED = 0.7
"""A block with a larger share of links leads to where the answer is."""
_ASKED_FIRST = re.compile(r"[^?？؟.!]{5,200}[?？؟]+(?=\s|[^\x00-\x7f])")
"""A question as the first sentence of a block."""
_MARKING = ("en", "de", "fr", "es", "pt", "it", "nl")
_TAGS = ("p", "div", "li", "td", "section", "article", "blockquote", "center")


class _Line(NamedTuple):
    node: Element
    text: str
    rest: list[Piece]
    """What stands in the same block after the question."""


class Plain(Family):
    """On a page that calls itself a FAQ: at least three short blocks of one kind that ask, nearly all answered."""

    name: ClassVar[str] = "plain"
    rank: ClassVar[int] = 87
    recognises: ClassVar[str] = "plain blocks of a FAQ page that end in a question mark, each followed by what does not"

    def ceiling(self, page: Page) -> float:
        """On pages that call themselves a FAQ the number of question marks; some scripts need none."""
        if page.signals.faq < 3:
            return 0
        return sum(map(page.text.count, "?？؟")) if page.text.isascii() or page.lang in _MARKING else float("inf")

    def find(self, page: Page) -> list[Candidate]:
        """Return the kind of blocks with most answered questions, in page order."""
        if page.signals.faq < 3:
            return []
        kinds: dict[tuple[str, ...], list[_Line]] = defaultdict(list)
        for line in _lines(page.root):
            kinds[_kind(line)].append(line)
        best: list[Candidate] = []
        for lines in kinds.values():
            if len(lines) > len(best) and len(lines) >= MIN_QUESTIONS:
                found = _answered(lines, page)
                best = found if len(found) > len(best) else best
        return best


def _kind(line: _Line) -> tuple[str, ...]:
    parents = (str(parent.tag) for parent in line.node.iterancestors())
    return str(line.node.tag), line.node.get("class") or "", "whole" if not line.rest else "begin", *parents


def _lines(root: Element) -> Iterator[_Line]:
    """Yield the blocks that are or begin with one short question."""
    for block in root.iter(*_TAGS):
        text = raw_text(block)
        if (text.isascii() and "?" not in text) or (_is_wrapper(block) and len(text) > 3 * MAX_CHARS):
            continue
        line = _read(block)
        if (
            5 <= len(line.text) <= MAX_CHARS
            and ends_as_question(line.text)
            and looks_like_question(line.text)
            and not is_call_to_action(line.text)
            and linked_share([block]) <= MAX_LINKED
            and next(block.iterancestors("a", "pre", "dd", "dt"), None) is None
        ):
            yield line


def _is_wrapper(block: Element) -> bool:
    return not (block.text or "").strip() and len(block) > 0 and block[0].tag in BLOCKS


def _read(block: Element) -> _Line:
    """Split a block at its first line break or inner block: what stands before it may be a question."""
    pieces = inner_pieces(block)
    for place, piece in enumerate(pieces):
        if not isinstance(piece, str) and (piece.tag in BLOCKS or piece.tag == "br"):
            text = squeeze(" ".join(map(text_of_piece, pieces[:place])))
            rest = pieces[place:] if text else []
            if any(map(text_of_piece, rest)):
                return _Line(block, text, rest)
            break
    asked = _ASKED_FIRST.match(block.text or "")
    if asked and (block.text or "")[asked.end() :].strip():
        return _Line(block, squeeze(asked.group()), [(block.text or "")[asked.end() :], *pieces[1:]])
    return _Line(block, text_of(block), [])


def _answered(lines: list[_Line], page: Page) -> list[Candidate]:
    """Return the questions with all that follows each; none unless nearly all are followed by what does not ask."""
    nodes = [line.node for line in lines]
    stops = Marks([*nodes, *page.root.iter(*HEADINGS)], page.order)
    limit = common_ancestor(nodes)
    found = []
    answered = 0
    for line in lines:
        answer = line.rest or between(line.node, stops.after(line.node), limit)
        first = next(filter(None, map(text_of_piece, answer)), "")
        answered += bool(first) and not ends_as_question(first)
        found.append(Candidate(line.text, list(answer), line.node, anchor_of(line.node)))
    if answered < MIN_ANSWERED * len(found):
        return []
    for candidate in found:
        candidate.evidence = f"{answered} of {len(found)} blocks that ask are answered; {page.signals.because}"
    return found
