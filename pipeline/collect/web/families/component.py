"""Web components and the tags of frameworks: the question is an attribute or a slot, the content its answer."""

from __future__ import annotations

from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, inner_pieces, text_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.families.groups import accept_groups, label_of
from pipeline.collect.web.json_text import parse_answer
from pipeline.collect.web.model import Candidate, Element, Piece
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import squeeze

_TITLES = ("question", "summary", "header", "heading", "headline", "title", "label", "item-title", "accordion-title")
"""Names of attributes and slots that hold what is always shown."""
_ANSWERS = ("answer", "content", "text", "body", "description")
"""Names of attributes that hold what is opened, where the element itself is empty."""
MAX_TITLE_CHARS = 500


class Component(Family):
    """Elements with a hyphen in their tag, such as `<sl-details summary="…">` or `<faq-item question="…">`."""

    name: ClassVar[str] = "component"
    rank: ClassVar[int] = 45
    recognises: ClassVar[str] = "custom elements whose attribute or slot is a question and whose content answers it"

    def find(self, page: Page) -> list[Candidate]:
        """Return title and content of the custom elements that have both, group by group."""
        custom = (element for element in page.root.iter() if isinstance(element.tag, str) and "-" in element.tag)
        return accept_groups([found for element in custom if (found := _read(element)) is not None], page)


def _read(element: Element) -> Candidate | None:
    slot = next((child for child in element if (child.get("slot") or "").lower() in _TITLES), None)
    title = label_of(slot) if slot is not None else squeeze(_attribute(element, _TITLES))
    if not 2 < len(title) <= MAX_TITLE_CHARS:
        return None
    answer = [piece for piece in inner_pieces(element) if piece is not slot]
    if not any(map(_has_text, answer)):
        told = _attribute(element, _ANSWERS)
        answer = parse_answer(told) if told.strip() else []
    return Candidate(title, answer, element, anchor_of(element)) if answer else None


def _attribute(element: Element, names: tuple[str, ...]) -> str:
    return next(filter(None, (element.get(name) for name in names)), "")


def _has_text(piece: Piece) -> bool:
    return bool(piece.strip() if isinstance(piece, str) else text_of(piece))
