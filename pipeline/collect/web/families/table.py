"""Tables with a column of questions and a column of answers."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, text_of
from pipeline.collect.web.families.base import Family, judge
from pipeline.collect.web.grid import GridRow, grid_of
from pipeline.collect.web.languages import ANSWER_WORDS, QUESTION_WORDS
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import has_question_mark

_HEADER = re.compile(
    r"^(?:questions?|q|fragen?|pregunta|pergunta|domanda|vraag|вопрос|質問|问题|問題|질문)$", re.IGNORECASE
)
_ANSWER_HEADER = re.compile(
    r"^(?:answers?|a|antwort(?:en)?|réponses?|respuestas?|respostas?|risposta|antwoord|ответ|回答|答え|答案|解答|답변?)$",
    re.IGNORECASE,
)
_Q_CELL = re.compile(rf"^(?:{QUESTION_WORDS})\s*\d*\W*$", re.IGNORECASE)
_A_CELL = re.compile(rf"^(?:{ANSWER_WORDS})\s*\d*\W*$", re.IGNORECASE)
MIN_ROWS = 2
MAX_HEADER_ROW = 3
"""A header stands in one of so many first rows."""
MAX_PLAIN_WIDTH = 3
"""In a wider table only the column after the question answers, unless the header names another."""


class Table(Family):
    """Rows with a question and its answer, by the table's header or because most cells of a column ask."""

    name: ClassVar[str] = "table"
    rank: ClassVar[int] = 62
    recognises: ClassVar[str] = "tables with a column of questions and a column of answers"

    def find(self, page: Page) -> list[Candidate]:
        """Return the rows of every table that says so in its header, or that has a column of questions."""
        grids = map(grid_of, page.root.iter("table"))
        found = [candidate for grid in grids for candidate in _labelled(grid) or _read(grid)]
        unsaid = [candidate for candidate in found if not candidate.evidence]
        evidence = judge([c.question for c in unsaid], unsaid[0].node, page, marked=True) if unsaid else None
        for candidate in unsaid:
            candidate.evidence = evidence or ""
        if page.signals.other and page.signals.faq < 2:
            return unsaid if evidence else []
        return [candidate for candidate in found if candidate.evidence]


def _labelled(grid: list[GridRow]) -> list[Candidate]:
    """Return the rows whose first cells say "Q" and, in the next row, "A"; at least two."""
    found = [
        Candidate(text_of(asked[1]), [told[1]], asked[1], anchor_of(asked[0]) or anchor_of(asked[1]))
        for asked, told in pairwise(grid)
        if _is_labelled(asked, _Q_CELL) and _is_labelled(told, _A_CELL)
    ]
    return found if len(found) >= MIN_ROWS else []


def _is_labelled(row: GridRow, label: re.Pattern[str]) -> bool:
    return len(row) == 2 and None not in row and bool(label.match(text_of(row[0])))


def _read(grid: list[GridRow]) -> list[Candidate]:
    if len(grid) < MIN_ROWS:
        return []
    header = next((n for n, row in enumerate(grid[:MAX_HEADER_ROW]) if _column(row, _HEADER) is not None), None)
    if header is not None:
        question, answer = _column(grid[header], _HEADER), _column(grid[header], _ANSWER_HEADER)
        found = _candidates(grid[header + 1 :], question, answer)
        for candidate in found if answer is not None else ():
            candidate.evidence = "the header of the table says question and answer"
        return found
    rows = [row for row in grid if len(row) in (2, 3) and None not in row]
    counts = [sum(len(row) > place + 1 and _asks(row[place]) for row in rows) for place in (0, 1)]
    place = 1 if counts[1] > counts[0] else 0
    return _candidates(rows, place, None) if counts[place] >= max(MIN_ROWS, 0.8 * len(rows)) else []


def _column(row: GridRow, header: re.Pattern[str]) -> int | None:
    return next((n for n, cell in enumerate(row) if cell is not None and header.match(text_of(cell))), None)


def _asks(cell: Element | None) -> bool:
    return cell is not None and has_question_mark(text_of(cell))


def _candidates(rows: list[GridRow], question: int | None, answer: int | None) -> list[Candidate]:
    """Return the rows as candidates; rows that share the cell of the question are one."""
    found: list[Candidate] = []
    for row in rows:
        asked = row[question] if question is not None and question < len(row) else None
        told = _answer(row, question, answer) if question is not None else []
        if asked is None or not told or not text_of(asked) or _HEADER.match(text_of(asked)):
            continue
        if found and found[-1].node is asked:
            found[-1].answer += [cell for cell in told if cell not in found[-1].answer]
        else:
            found.append(Candidate(text_of(asked), list(told), asked, anchor_of(asked)))
    return found


def _answer(row: GridRow, question: int, answer: int | None) -> list[Element]:
    """Return the cells that answer: those under the header for answers, else those after the question."""
    if answer is not None:
        cells = row[answer : answer + 1]
    else:
        cells = row[question + 1 :] if len(row) <= MAX_PLAIN_WIDTH else row[question + 1 : question + 2]
    return [cell for cell in cells if cell is not None]
