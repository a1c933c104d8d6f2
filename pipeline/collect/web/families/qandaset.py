"""Markup whose class names say question and answer: DocBook's qandaset, and the many hand-made ones."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, contains, text_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.families.groups import accept_groups, label_of
from pipeline.collect.web.model import Candidate, Element, Piece
from pipeline.collect.web.page import Page

_QUESTION = re.compile(
    r"(?:^|[\s_-])(?:(?:faq|qa|q)?[_-]*questions?(?:[_-]*(?:title|text|header|heading|body))?|faq[_-]*q)(?=$|[\s_-])|^q$"
)
_ANSWER = re.compile(
    r"(?:^|[\s_-])(?:(?:faq|qa|a)?[_-]*answers?(?:[_-]*(?:text|body|content|wrapper|inner))*|faq[_-]*a)(?=$|[\s_-])|^a$"
)


class QandASet(Family):
    """DocBook's `tr.question` and `tr.answer`."""

    name: ClassVar[str] = "qandaset"
    rank: ClassVar[int] = 50
    recognises: ClassVar[str] = "DocBook question and answer tables"
    explicit: ClassVar[bool] = True

    def find(self, page: Page) -> list[Candidate]:
        """Return the rows in pairs; the first cell holds only the number and the anchor."""
        rows = [row for row in page.root.iter("tr") if row.get("class") in ("question", "answer")]
        found: list[Candidate] = []
        for question, answer in itertools.pairwise(rows):
            if question.get("class") == "question" and answer.get("class") == "answer":
                cells = [cell for cell in question if cell.tag in ("td", "th")]
                pieces: list[Piece] = list(answer)
                evidence = "DocBook's question and answer rows"
                found.append(Candidate(_without_number(cells), pieces, question, anchor_of(question), None, evidence))
        return found


def _without_number(cells: list[Element]) -> str:
    return text_of(cells[-1]) if cells else ""


class Named(Family):
    """Elements classed `question` and `answer` in any of the usual spellings."""

    name: ClassVar[str] = "named"
    rank: ClassVar[int] = 55
    recognises: ClassVar[str] = "elements whose class names say question and answer"

    def find(self, page: Page) -> list[Candidate]:
        """Return each question element with the answer element that follows it before the next question."""
        by_class: dict[str, list[Element]] = defaultdict(list)
        for element in page.root.xpath("//*[@class]"):
            by_class[element.get("class").lower()].append(element)
        asked = [e for name, same in by_class.items() if _QUESTION.search(name) for e in same]
        answered = [e for name, same in by_class.items() if _ANSWER.search(name) for e in same]
        if not asked or not answered:
            return []
        questions, answers = _outermost(asked, answered), _outermost(answered, asked)
        order = page.order
        marks = sorted(
            [(order[e], 0, e) for e in questions if e in order] + [(order[e], 1, e) for e in answers if e in order]
        )
        found: list[Candidate] = []
        current: Candidate | None = None
        for _, is_answer, element in marks:
            if not is_answer:
                text = label_of(element)
                current = Candidate(text, [], element, anchor_of(element)) if 2 < len(text) <= 1000 else None
                found += [current] if current else []
            elif current is not None and _belongs(element, current):
                current.answer.append(element)
        return accept_groups([candidate for candidate in found if candidate.answer], page)


def _belongs(answer: Element, question: Candidate) -> bool:
    """Say whether an answer element continues this question: the first one after it, or a neighbour of that one."""
    if question.node is None or contains(question.node, answer):
        return False
    last = question.answer[-1] if question.answer else None
    return last is None or isinstance(last, str) or answer.getparent() is last.getparent()


def _outermost(found: list[Element], others: list[Element]) -> list[Element]:
    """Return the outermost of the found elements, leaving out those that hold an element of the other kind."""
    holders = {parent for element in others for parent in element.iterancestors()}
    kept = set(found) - holders
    return [element for element in kept if not any(parent in kept for parent in element.iterancestors())]
