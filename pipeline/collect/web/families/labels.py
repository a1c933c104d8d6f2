"""Plain paragraphs that begin with "Q:" and "A:"."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import ClassVar

from pipeline.collect.web.dom import BLOCKS, HEADINGS, anchor_of, between, common_ancestor, raw_text, text_of
from pipeline.collect.web.families.base import Family, heading_level
from pipeline.collect.web.languages import ANSWER_WORDS, LETTER_PAIRS, QUESTION_WORDS
from pipeline.collect.web.model import Candidate, Element, Piece
from pipeline.collect.web.order import Marks
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import squeeze

_ENDS = r"(?:\s*[.:：．、)]\s*|\s+[-–—]\s+)"
QUESTION_LABEL = re.compile(rf"^\s*[\[(]?(?:{QUESTION_WORDS})\s*\d*[\])]?{_ENDS}", re.IGNORECASE)
ANSWER_LABEL = re.compile(
    rf"^\s*[\[(]?(?:{ANSWER_WORDS})\s*\d*[\])]?{_ENDS}"
    r"|^\s*[AＡ]\s*\d*\s*(?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])",
    re.IGNORECASE,
)
_FIRST = "".join(sorted({word[0] for word in QUESTION_WORDS.split("|")}))
_ANY_LABEL = re.compile(rf"(?<!\w)(?=[{_FIRST}])(?:{QUESTION_WORDS})\s*\d*[\])]?{_ENDS}")
"""For text in lower case, and with the first letters as a set: without, the search takes more than twice as long."""
_LETTERS = tuple(
    (re.compile(rf"^\s*{asks}\s*\d*\s*[.:]\s*"), re.compile(rf"^\s*{tells}\s*\d*\s*[.:]\s*"))
    for asks, tells in LETTER_PAIRS
)
_ANY_LETTER = re.compile(rf"(?<!\w)[{''.join(sorted({asks for asks, _ in LETTER_PAIRS}))}]\s*\d*\s*[.:]")


class Labels(Family):
    """Paragraphs labelled "Q:" whose answers are labelled "A:", in one block or in several."""

    name: ClassVar[str] = "labels"
    rank: ClassVar[int] = 65
    recognises: ClassVar[str] = 'blocks that begin with "Q:" followed by "A:"'
    explicit: ClassVar[bool] = True

    def find(self, page: Page) -> list[Candidate]:
        """Return the labelled questions; at least two, and most of them with a labelled answer."""
        if page.signals.other and page.signals.faq < 2:
            return []
        if _at_least_two(_ANY_LABEL, page.text.lower()):
            found, labelled = _labelled(page, QUESTION_LABEL, ANSWER_LABEL)
            if found and labelled * 2 >= len(found):
                return found
        if _at_least_two(_ANY_LETTER, page.text):
            for asks, tells in _LETTERS:
                found, labelled = _labelled(page, asks, tells)
                if found and labelled >= 0.8 * len(found):
                    return found
        return []


def _at_least_two(pattern: re.Pattern[str], text: str) -> bool:
    return len(list(islice(pattern.finditer(text), 2))) == 2


def _labelled(page: Page, asks: re.Pattern[str], tells: re.Pattern[str]) -> tuple[list[Candidate], int]:
    """Return the blocks that begin with the label of a question, and how many of them have a labelled answer."""
    labelled_blocks = (block for block in page.root.iter(*BLOCKS) if asks.match(raw_text(block)[:200]))
    questions = [block for block in labelled_blocks if _is_leaf(block)]
    if len(questions) < 2:
        return [], 0
    limit = common_ancestor(questions)
    stops = Marks([*questions, *_section_headings(questions, page)], page.order)
    found: list[Candidate] = []
    labelled = 0
    for question in questions:
        following = between(question, stops.after(question), limit)
        parts = _split(question, asks, tells)
        parts[-1][1].extend(following)
        for text, pieces in parts:
            labelled += any(tells.match(_text(piece)) for piece in pieces[:3])
            found.append(
                Candidate(asks.sub("", text), pieces, question, anchor_of(question), None, 'labelled "Q:" and "A:"')
            )
    return found, labelled


def _section_headings(questions: list[Element], page: Page) -> list[Element]:
    """Return the headings that end an answer: all but those that stand inside of one ("Windows", "Linux").

    Inside stand those that are deeper than every heading right above a question, with text before the next question;
    behind the last question, those of a level that stands inside elsewhere.
    """
    marks = Marks(questions, page.order)
    headings = [(heading, marks.after(heading)) for heading in page.headings]
    above = {heading for heading, question in headings if question is not None and not _tells(heading, question)}
    deepest = max((heading_level(heading) for heading in above), default=len(HEADINGS))
    gaps = Counter(
        (heading_level(heading), question)
        for heading, question in headings
        if question is not None and heading not in above and marks.before(heading) is not None
    )
    # One heading with text before a question introduces a section; several of a level stand in one answer.
    inside = {level for (level, _), count in gaps.items() if count > 1 and level > max(deepest, 2)}
    return [heading for heading, _ in headings if heading_level(heading) not in inside]


def _tells(heading: Element, question: Element) -> bool:
    """Say whether text that is no heading stands between a heading and a question."""
    pieces = between(heading, question, common_ancestor([heading, question]))
    return any(_text(piece) and (isinstance(piece, str) or piece.tag not in HEADINGS) for piece in pieces)


def _text(piece: Piece) -> str:
    return squeeze(piece) if isinstance(piece, str) else text_of(piece)


def _is_leaf(element: Element) -> bool:
    return element.tag not in ("html", "body", "head") and not any(child.tag in BLOCKS for child in element)


def _split(block: Element, asks: re.Pattern[str], tells: re.Pattern[str]) -> list[tuple[str, list[Piece]]]:
    """Return the questions of a block, each with what its block says after the label of the answer.

    Labels count at the begin of a line. A block may hold several questions.
    """
    found: list[tuple[list[str], list[Piece]]] = []
    for line in _lines(block):
        text = squeeze("".join(map(_raw, line)))
        if asks.match(text):
            found.append(([text], []))
        elif found and (found[-1][1] or tells.match(text)):
            found[-1][1].extend(line)
        elif found:
            found[-1][0].append(text)
    return [(squeeze(" ".join(asked)), told) for asked, told in found] or [(text_of(block), [])]


def _lines(block: Element) -> list[list[Piece]]:
    """Return what stands between the line breaks of a block, each line with the break that ends it."""
    lines: list[list[Piece]] = [[block.text] if block.text else []]
    for child in block:
        lines[-1].append(child)
        if child.tag == "br":
            lines.append([])
        if child.tail:
            lines[-1].append(child.tail)
    return lines


def _raw(piece: Piece) -> str:
    return piece if isinstance(piece, str) else text_of(piece)
