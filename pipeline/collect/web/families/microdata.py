"""schema.org questions in microdata and RDFa attributes."""

from __future__ import annotations

import re
from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, text_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.model import Candidate, Element, Piece
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import squeeze

_QUESTION = re.compile(r"(?:^|[\s/:])Question(?:$|\s)")
_ANSWERS = ("acceptedAnswer", "suggestedAnswer")
_INSIDE = frozenset(("ul", "ol", "dl", "table", "pre", "blockquote", "p"))
"""What many put into a paragraph, although none can hold it."""
_DIALECTS = (("itemtype", "itemprop"), ("typeof", "property"))


class Microdata(Family):
    """Questions marked with `itemtype`/`itemprop` (microdata) or `typeof`/`property` (RDFa)."""

    name: ClassVar[str] = "microdata"
    rank: ClassVar[int] = 20
    recognises: ClassVar[str] = "schema.org Question items in microdata or RDFa"
    explicit: ClassVar[bool] = True

    def find(self, page: Page) -> list[Candidate]:
        """Return the marked questions with the text of their accepted (or else first suggested) answer."""
        for kind, prop in _DIALECTS:
            items = [element for element in page.root.xpath(f"//*[@{kind}]") if _QUESTION.search(element.get(kind))]
            candidates = [candidate for item in items if (candidate := _read(item, kind, prop)) is not None]
            if candidates:
                return candidates
        return []


def _read(item: Element, kind: str, prop: str) -> Candidate | None:
    own = [element for element in item.xpath(f".//*[@{prop}]") if _scope(element, kind) is item]
    names = (_first(own, prop, wanted) for wanted in ("name", "headline", "text"))
    name = next((element for element in names if element is not None), None)
    answers = [element for wanted in _ANSWERS for element in own if _has(element, prop, wanted)]
    if name is None or not answers:
        return None
    return Candidate(
        question=squeeze(name.get("content") or "") or text_of(name),
        answer=_answer(answers[0], prop),
        node=name,
        anchor=anchor_of(item),
        evidence="schema.org attributes say so",
        answers=len(answers),
    )


def _answer(answer: Element, prop: str) -> list[Piece]:
    texts = [element for element in answer.xpath(f".//*[@{prop}]") if _has(element, prop, "text")]
    if _has(answer, prop, "text"):
        texts = [answer]
    pieces: list[Piece] = []
    for text in texts or [answer]:
        content = text.get("content")
        pieces.append(content if content and not text_of(text) else text)
        if text.tag == "p" and text is not answer:
            pieces += _rest_of_paragraph(text, prop)
    return pieces


def _rest_of_paragraph(paragraph: Element, prop: str) -> list[Piece]:
    """Return the blocks that somebody put into a marked paragraph, where the parser ends it: they stand behind it."""
    pieces: list[Piece] = []
    for block in paragraph.itersiblings():
        if block.get(prop) is not None or block.tag not in _INSIDE or (block.tag == "p" and block.get("class")):
            break
        pieces.append(block)
        if block.tail and block.tail.strip():
            pieces.append(block.tail)
    return pieces


def _scope(element: Element, kind: str) -> Element | None:
    return next((parent for parent in element.iterancestors() if parent.get(kind)), None)


def _has(element: Element, prop: str, wanted: str) -> bool:
    return any(name.rsplit(":", 1)[-1].rsplit("/", 1)[-1] == wanted for name in (element.get(prop) or "").split())


def _first(elements: list[Element], prop: str, wanted: str) -> Element | None:
    return next((element for element in elements if _has(element, prop, wanted)), None)
