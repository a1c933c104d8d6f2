"""The contract of a markup family, and how a group of possible questions is judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from pipeline.collect.web.dom import HEADINGS, text_of
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import has_question_mark, question_share, strip_numbering
from pipeline.collect.web.signals import is_faq_phrase, names_questions

ANNOUNCED = "under the heading"
"""In the evidence of questions that stand in a section whose heading says that it answers questions."""
MIN_MARKED = 0.3
"""Where little says that a page answers questions, so many of them must carry a mark."""
MAX_OUTLINE = 200
"""So many headings are looked at, from a question upwards."""


class Family(ABC):
    """A way in which pages mark up questions and answers.

    `rank` is the order in which families are tried, lowest first; `explicit` means that the markup itself says
    "question" and "answer", so that no other evidence is needed.
    """

    name: ClassVar[str]
    rank: ClassVar[int]
    recognises: ClassVar[str]
    explicit: ClassVar[bool] = False

    def ceiling(self, page: Page) -> float:
        """Return how many pairs this family could find at most, so that a choice made already saves the search."""
        return float("inf")

    @abstractmethod
    def find(self, page: Page) -> list[Candidate]:
        """Return the candidates in page order, each with the evidence for it; none is a normal result."""


def heading_above(node: Element, page: Page) -> str | None:
    """Return the text of the nearest heading before a node, parents excluded, or None."""
    above = page.headings.before(node)
    return text_of(above) if above is not None else None


def announcement(node: Element, page: Page, announces: Callable[[str], bool] = is_faq_phrase) -> str | None:
    """Return the heading that announces a FAQ and under which a node stands: the nearest one or one above that."""
    above = page.headings.before(node)
    level = heading_level(node) + 1
    for _ in range(MAX_OUTLINE):
        if above is None:
            break
        if heading_level(above) < level:
            level = heading_level(above)
            text = text_of(above)
            if announces(text):
                return text
        above = page.headings.before(above)
    return None


def judge(texts: Sequence[str], node: Element, page: Page, *, marked: bool, titles: bool = False) -> str | None:
    """Return the evidence that these texts are the questions of a FAQ, or None when there is too little.

    Statements count as questions in good company: the group is judged, not each text. `marked` groups have markup made
    for opening and closing answers and need less evidence than others do. `titles` are headings and bold lines: on a
    page that does not say that it answers questions they are sections of a text, whatever they ask.
    """
    if not texts:
        return None
    share = question_share(strip_numbering(texts))
    seen = f"{round(share * len(texts))} of {len(texts)} look like questions"
    signals = page.signals
    if signals.faq >= 2:
        return f"{seen}; {signals.because}" if share >= 0.3 else None
    announced = announcement(node, page)
    if titles and signals.faq == 0 and not announced:
        announced = announcement(node, page, names_questions)
        if not announced or sum(map(has_question_mark, texts)) < max(2, 0.6 * len(texts)):
            return None
    if not announced and signals.faq <= (1 if titles else 0) and _lacks_marks(texts):
        return None
    if signals.other and not marked and not (announced and share >= 0.6):
        return None
    if announced and share >= 0.25:
        return f"{seen}, {ANNOUNCED} {announced[:60]!r}"
    if signals.other:
        return f"{seen}, although the page calls itself {signals.other}" if share >= 0.8 and len(texts) >= 3 else None
    needed = (0.6, 2) if marked else ((0.6, 3) if signals.faq == 1 else (0.8, 3))
    if share < needed[0] or len(texts) < needed[1]:
        return None
    return f"{seen}; {signals.because}" if signals.because else seen


def _lacks_marks(texts: Sequence[str]) -> bool:
    """Say whether texts in Latin letters hardly ever end in a question mark ("What you need", "How it works")."""
    latin = [text for text in texts if all(char < "\u0250" for char in text if char.isalpha())]
    return len(latin) == len(texts) and sum(map(has_question_mark, texts)) < MIN_MARKED * len(texts)


def heading_level(element: Element) -> int:
    """Return 1 to 6 for h1 to h6, 7 for anything else."""
    return int(element.tag[1]) if element.tag in HEADINGS else 7
