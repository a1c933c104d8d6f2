"""The page as passages that read on their own, and the context that supports an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pipeline.collect.web.dom import BLOCKS, HEADINGS, elements_of, text_of
from pipeline.collect.web.families.base import heading_level
from pipeline.collect.web.markdown import render
from pipeline.collect.web.model import Candidate, Element, PageExtraction, Pair, Passage, Piece
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import ends_as_question

MAX_PASSAGE_CHARS = 1_200
MAX_DEPTH = 200
ContextMode = Literal["with_answer", "without_answer"]


def cut(page: Page, found: Sequence[tuple[Candidate, Pair]]) -> list[Passage]:
    """Cut a page into passages of at most about 1,200 characters, each with its heading path.

    An answer is one passage (or several, when it is long) that also carries its question in the path.
    """
    cutter = _Cutter(page, found)
    cutter.walk(page.root, 0)
    cutter.flush()
    cutter.add_unplaced()
    return cutter.passages


class _Cutter:
    def __init__(self, page: Page, found: Sequence[tuple[Candidate, Pair]]) -> None:
        self.page = page
        self.found = found
        self.passages: list[Passage] = []
        self.path: list[tuple[int, str]] = []
        self.pending: list[Piece] = []
        self.emitted: set[int] = set()
        self.owner: dict[Element, int] = {}
        for number, (candidate, _) in enumerate(found):
            for element in (*elements_of(candidate.answer), *([] if candidate.node is None else [candidate.node])):
                self.owner.setdefault(element, number)

    def walk(self, element: Element, depth: int) -> None:
        self.text(element.text)
        for child in element:
            self.visit(child, depth)
            self.text(child.tail)

    def text(self, text: str | None) -> None:
        if text and text.strip() and (not self.found or text.strip() not in self.loose()):
            self.pending.append(text)

    def loose(self) -> set[str]:
        if not hasattr(self, "_loose"):
            self._loose = {p.strip() for c, _ in self.found for p in c.answer if isinstance(p, str)}
        return self._loose

    def visit(self, element: Element, depth: int) -> None:
        number = self.owner.get(element)
        if number is not None:
            self.flush()
            self.emit_pair(number)
        elif element.tag in HEADINGS:
            self.flush()
            level = heading_level(element)
            self.path = [step for step in self.path if step[0] < level] + [(level, text_of(element))]
        elif depth < MAX_DEPTH and (element.tag in BLOCKS or len(element)) and self.opens(element):
            self.flush()
            self.walk(element, depth + 1)
            self.flush()
        else:
            self.pending.append(element)

    def opens(self, element: Element) -> bool:
        """Say whether an element is a frame to look into, rather than a block to take whole."""
        if element.tag in ("p", "pre", "ul", "ol", "table", "dl", "blockquote"):
            return any(inner in self.owner or inner.tag in HEADINGS for inner in element.iterdescendants())
        return any(child.tag in BLOCKS or child in self.owner or len(child) for child in element)

    def flush(self) -> None:
        if self.pending:
            self.add(tuple(text for _, text in self.path if text), render(self.pending, self.page.base), None)
            self.pending = []

    def emit_pair(self, number: int) -> None:
        if number not in self.emitted:
            self.emitted.add(number)
            pair = self.found[number][1]
            above = [text for _, text in self.path if text and text != pair.question]
            if pair.section and pair.section not in above:
                above.append(pair.section)
            self.add((*above, pair.question), pair.answer, number)

    def add_unplaced(self) -> None:
        for number in range(len(self.found)):
            self.path = []
            self.emit_pair(number)

    def add(self, path: tuple[str, ...], text: str, pair: int | None) -> None:
        if not text.strip() or (pair is None and _only_asks(text)):
            return
        last = self.passages[-1] if self.passages else None
        joins = pair is None and last is not None and last.pair is None and last.heading_path == path
        if joins and last is not None and len(last.text) + len(text) <= MAX_PASSAGE_CHARS:
            last.text = f"{last.text}\n\n{text}"
            return
        self.passages.extend(Passage(path, part, pair) for part in split(text))


def _only_asks(text: str) -> bool:
    """Say whether a text is a list of questions: a table of contents supports no answer."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) >= 2 and sum(map(ends_as_question, lines)) >= 0.6 * len(lines)


def split(text: str, limit: int = MAX_PASSAGE_CHARS) -> list[str]:
    """Split a text at blank lines outside fenced code into parts of at most `limit` characters where possible."""
    parts: list[str] = []
    fenced = False
    for block in text.split("\n\n"):
        room = parts and (fenced or len(parts[-1]) + len(block) + 2 <= limit)
        if room:
            parts[-1] = f"{parts[-1]}\n\n{block}"
        else:
            parts.append(block)
        if block.count("```") % 2:
            fenced = not fenced
    return parts


def context_for(
    extraction: PageExtraction, number: int, mode: ContextMode = "with_answer", limit: int = 2_400
) -> str | None:
    """Return the context of a pair from its page: its passage and the neighbouring ones, or only the neighbours.

    `limit` is in characters. Neighbours that repeat the answer are left out in the mode `without_answer`.
    """
    passages = extraction.passages
    own = extraction.places.get(number)
    if not own:
        return None
    chosen = list(own) if mode == "with_answer" else []
    size = sum(len(passages[place].text) for place in chosen)
    answer = extraction.pairs[number].answer
    for distance in range(1, 4):
        for place in (own[0] - distance, own[-1] + distance):
            if not 0 <= place < len(passages) or size + len(passages[place].text) > limit:
                continue
            if mode == "without_answer" and answer in passages[place].text:
                continue
            chosen.append(place)
            size += len(passages[place].text)
    texts = [_with_path(passages[place], extraction.title) for place in sorted(chosen)]
    return "\n\n".join(texts)[: limit + 1_000] or None


def _with_path(passage: Passage, title: str | None) -> str:
    path = " > ".join(passage.heading_path) or (title or "")
    return f"{path}\n{passage.text}" if path else passage.text
