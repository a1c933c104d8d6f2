"""The configured CSS selector, for sites whose markup says nothing."""

from __future__ import annotations

from typing import ClassVar

from bs4 import BeautifulSoup, Tag
from soupsieve import SelectorSyntaxError

from pipeline.collect.web.dom import anchor_of, between, contains, elements_of, text_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.model import Candidate, Element, Piece, Selector
from pipeline.collect.web.page import Page
from pipeline.errors import SettingsError

ROLE = "data-collect-role"
_LEAVES = frozenset(
    ("p", "span", "blockquote", "pre", "ul", "ol", "li", "table", "b", "strong", "em", "i", "a", "code")
)


def mark(markup: str, selector: Selector) -> str:
    """Return the page with the selected elements marked, so that they are found again in the tree that is read.

    Raises SettingsError when a selector is not valid CSS.
    """
    soup = BeautifulSoup(markup, "lxml")
    for tag in soup.select(f"[{ROLE}]"):
        del tag[ROLE]
    for role, css in (("container", selector.container), ("question", selector.question), ("answer", selector.answer)):
        try:
            for tag in soup.select(css):
                _add(tag, role)
        except SelectorSyntaxError as problem:
            raise SettingsError(
                f"The {role} selector {css!r} is not valid CSS: {str(problem).splitlines()[0]}",
                remedy="Correct the selector of this source",
            ) from None
    return str(soup)


def _add(tag: Tag, role: str) -> None:
    tag[ROLE] = f"{tag.get(ROLE, '')} {role}".strip()


class Configured(Family):
    """Container, question and answer as CSS; answers are whole even when the selector names only a paragraph."""

    name: ClassVar[str] = "selector"
    rank: ClassVar[int] = 0
    recognises: ClassVar[str] = "the CSS selectors configured for this source"
    explicit: ClassVar[bool] = True

    def find(self, page: Page) -> list[Candidate]:
        """Return the questions inside containers, each with what follows it there."""
        found: list[Candidate] = []
        for container in _having(page.root, "container"):
            questions = [q for q in _having(container, "question") if _nearest(q) is container and text_of(q)]
            for position, question in enumerate(questions):
                end = questions[position + 1] if position + 1 < len(questions) else None
                answer = _answer(question, end, container)
                found.append(
                    Candidate(text_of(question), answer, question, anchor_of(question), None, "the configured selector")
                )
        return found


def _having(root: Element, role: str) -> list[Element]:
    return [element for element in root.iterdescendants() if role in (element.get(ROLE) or "").split()]


def _nearest(element: Element) -> Element | None:
    return next((p for p in element.iterancestors() if "container" in (p.get(ROLE) or "").split()), None)


def _answer(question: Element, end: Element | None, container: Element) -> list[Piece]:
    """Return the selected elements when they are boxes, else everything up to the next question."""
    pieces = between(question, end, container)
    selected = [
        element
        for piece in elements_of(pieces)
        for element in ([piece] if _is_answer(piece) else [inner for inner in _having(piece, "answer")])
    ]
    boxes = [element for element in selected if element.tag not in _LEAVES]
    if not boxes:
        return pieces
    outer = [box for box in boxes if not any(box is not other and contains(other, box) for other in boxes)]
    return list(outer)


def _is_answer(element: Element) -> bool:
    return "answer" in (element.get(ROLE) or "").split()
