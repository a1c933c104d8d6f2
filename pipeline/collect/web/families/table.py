"""Tables with a column of questions and a column of answers."""

from __future__ import annotations

import re
from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, text_of
from pipeline.collect.web.families.base import Family, judge
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import has_question_mark

_HEADER = re.compile(
    r"^(?:questions?|q|fragen?|pregunta|pergunta|domanda|vraag|вопрос|質問|问题|問題|질문)$", re.IGNORECASE
)
MIN_ROWS = 2


class Table(Family):
    """Rows of two or three cells, the first of which asks."""

    name: ClassVar[str] = "table"
    rank: ClassVar[int] = 62
    recognises: ClassVar[str] = "tables whose first column asks and whose second answers"

    def find(self, page: Page) -> list[Candidate]:
        """Return the rows of every table that says so in its header, or most of whose first cells are questions."""
        found: list[Candidate] = []
        for table in page.root.iter("table"):
            rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
            found += _read([cells for cells in rows if len(cells) in (2, 3)])
        if not found:
            return []
        evidence = judge([candidate.question for candidate in found], found[0].node, page, marked=True)
        if evidence is None:
            return []
        for candidate in found:
            candidate.evidence = evidence
        return found


def _read(rows: list[list[Element]]) -> list[Candidate]:
    if len(rows) < MIN_ROWS:
        return []
    headed = any(_HEADER.match(text_of(cell)) for cell in rows[0])
    body = rows[1:] if headed else rows
    place = next((n for n, cell in enumerate(rows[0]) if _HEADER.match(text_of(cell))), None)
    if place is None:
        place = 1 if len(rows[0]) == 3 and all(len(text_of(cells[0])) < 6 for cells in rows) else 0
    asking = [cells for cells in body if len(cells) > place + 1 and has_question_mark(text_of(cells[place]))]
    if not headed and len(asking) < max(MIN_ROWS, 0.8 * len(body)):
        return []
    return [
        Candidate(text_of(cells[place]), list(cells[place + 1 :]), cells[place], anchor_of(cells[place]))
        for cells in body
        if len(cells) > place + 1 and text_of(cells[place])
    ]
