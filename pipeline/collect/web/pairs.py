"""Candidates become pairs: questions without numbers, answers as text and HTML; the unfit are rejected."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from pipeline.collect.web.dom import HEADINGS, allowed_text, elements_of, text_of
from pipeline.collect.web.families.labels import ANSWER_LABEL
from pipeline.collect.web.markdown import render
from pipeline.collect.web.model import Candidate, Element, Pair, Piece, RejectedPair
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import MAX_QUESTION_CHARS, ends_as_question, squeeze, strip_numbering
from pipeline.collect.web.sanitise import sanitise
from pipeline.collect.web.signals import is_faq_phrase
from pipeline.collect.web.tails import linked_share, text_of_piece, trim_tail

_BARE = re.compile(r"^\W*(?:the\s+)?(?:faqs?|frequently\s+asked\s+questions)(?:\s*\(faqs?\))?\W*$", re.IGNORECASE)
_BULLETS = " •‣▸►▪●○■□◆◇▶✔✓➔➤→·"
_WORD = re.compile(r"\w")
_LETTER = re.compile(r"[^\W\d_]")
_CHOICE = re.compile(r"(?:^|(?<=\s))(?:- )?[('‘\"]?([A-Ha-h])[).:]['’\"]?\s")
_EMPTY = "the answer is empty or holds no text (a picture, a video, a script)"
_CONTENTS = "nearly all questions beside it have no answer: a table of contents"
MIN_CONTENTS = 5
"""From so many questions without an answer on, a page is looked at as a table of contents."""


def build(
    candidates: Sequence[Candidate], family: str, page: Page
) -> tuple[list[tuple[Candidate, Pair]], list[RejectedPair]]:
    """Return the pairs with the candidates that they came from, and the candidates that gave none with the reason."""
    questions = strip_numbering([candidate.question.lstrip(_BULLETS) for candidate in candidates])
    if candidates:
        trim_tail(candidates[-1].answer)
        _strip_answer_labels(candidates)
    _fill_sections(candidates, page)
    built: list[tuple[Candidate, Pair]] = []
    rejected: list[RejectedPair] = []
    seen: set[tuple[str, str]] = set()
    for candidate, question in zip(candidates, questions, strict=True):
        answer = render(candidate.answer, page.base)
        reason = _unfit(question, answer, candidate.answer) or _entry_of_contents(candidate)
        if reason is None and page.signals.faq < 2 and _is_choice(answer):
            reason = "the answer is a choice, as in an exam"
        if reason is None and (question, answer) in seen:
            reason = "the same question with the same answer stands on this page already"
        if reason is not None:
            rejected.append(RejectedPair(question, answer, reason, candidate.anchor))
            continue
        seen.add((question, answer))
        html = sanitise(candidate.answer, page.base)
        built.append(
            (candidate, Pair(question, answer, html, family, candidate.evidence, candidate.anchor, candidate.section))
        )
    if _is_contents(built, rejected):
        rejected += [RejectedPair(pair.question, pair.answer, _CONTENTS, pair.anchor) for _, pair in built]
        built = []
    return built, rejected


def _is_contents(built: Sequence[object], rejected: Sequence[RejectedPair]) -> bool:
    """Say whether nearly all questions have nothing below them: then what follows the last one is no answer either."""
    empty = sum(item.reason == _EMPTY for item in rejected)
    return empty >= MIN_CONTENTS and empty >= 0.9 * (len(built) + len(rejected))


def _unfit(question: str, answer: str, pieces: Sequence[Piece]) -> str | None:
    """Return why this is no pair, or None when it is one."""
    if not _LETTER.search(question):
        return "the question has no words"
    if len(question) > MAX_QUESTION_CHARS:
        return f"the question is longer than {MAX_QUESTION_CHARS} characters"
    if not _WORD.search(answer):
        return _EMPTY
    if squeeze(answer) == question:
        return "the answer repeats the question"
    if _mostly_links(pieces):
        return "the answer is a list of links"
    lines = [line.lstrip("-*0123456789. ") for line in answer.splitlines() if line.strip()]
    if len(lines) >= 3 and sum(map(ends_as_question, lines)) >= 0.7 * len(lines):
        return "the answer is a list of questions"
    return None


def _is_choice(answer: str) -> bool:
    """Say whether an answer offers several ("a) Yes b) No c) Maybe") and nothing else."""
    letters = [letter.lower() for letter in _CHOICE.findall(answer)]
    return len(letters) >= 3 and letters == list("abcdefgh"[: len(letters)]) and bool(_CHOICE.match(answer))


def _entry_of_contents(candidate: Candidate) -> str | None:
    """Recognise an entry of a table of contents: the question is a link, and so are the answers."""
    if candidate.node is None or candidate.node.tag not in ("dt", "li", "td", "p", "div"):
        return None
    if linked_share([candidate.node]) < 0.6 or linked_share(candidate.answer) < 0.6:
        return None
    return "an entry of a table of contents: question and answer are links"


def _mostly_links(pieces: Sequence[Piece]) -> bool:
    links = [link for element in elements_of(pieces) for link in element.iter("a") if link.get("href")]
    if len(links) < 3:
        return False
    internal = sum("://" not in (link.get("href") or "") for link in links)
    return linked_share(pieces) >= (0.8 if internal * 2 >= len(links) else 0.9)


def _strip_answer_labels(candidates: Sequence[Candidate]) -> None:
    """Take "A:" off the answers when at least half of them begin with it."""
    labelled = [c for c in candidates if c.answer and ANSWER_LABEL.match(_start(c.answer))]
    if len(labelled) * 2 < len(candidates) or len(labelled) < 2:
        return
    if 2 * sum(_is_choice(" ".join(map(text_of_piece, c.answer))) for c in labelled) > len(labelled):
        return
    if not all(ANSWER_LABEL.sub("", _start(c.answer), count=1) or len(c.answer) > 1 for c in labelled):
        return  # "Answer 1." is the whole answer
    for candidate in labelled:
        first = next(filter(text_of_piece, candidate.answer))
        if isinstance(first, str):
            candidate.answer[candidate.answer.index(first)] = ANSWER_LABEL.sub("", first, count=1)
        else:
            _strip_first_text(first)


def _start(pieces: Sequence[Piece]) -> str:
    return next(filter(None, map(text_of_piece, pieces)), "")


def _strip_first_text(element: Element) -> None:
    label = ANSWER_LABEL.match(text_of(element))
    left = len("".join(label.group().split())) if label else 0
    for node in element.iter():
        if node.text and left:
            node.text, left = _consume(node.text, left)
        if left and node is not element and node.tail and not len(node):
            node.tail, left = _consume(node.tail, left)
        if not left:
            return


def _consume(text: str, count: int) -> tuple[str, int]:
    for position, char in enumerate(text):
        if not count:
            return allowed_text(text[position:].lstrip()), 0
        count -= not char.isspace()
    return "", count


def _fill_sections(candidates: Sequence[Candidate], page: Page) -> None:
    """Give each candidate the nearest heading before it that is neither a question nor part of an answer."""
    taken: set[Element] = set()
    for candidate in candidates:
        if candidate.node is not None:
            taken.update(candidate.node.iter(*HEADINGS))
            taken.update(candidate.node.iterancestors(*HEADINGS))
        for element in elements_of(candidate.answer):
            taken.update(element.iter(*HEADINGS))
    headings = [h for h in page.root.iter(*HEADINGS) if h not in taken and h in page.order and text_of(h)]
    positions = [page.order[heading] for heading in headings]
    for candidate in candidates:
        if candidate.section is None:
            place = page.order.get(candidate.node) if candidate.node is not None else None
            before = bisect_left(positions, place) if place is not None else 0
            candidate.section = text_of(headings[before - 1]) if before else None
        if candidate.section is None:
            candidate.section = next(iter(page.main_headings), None) or page.title or None
        elif _BARE.match(candidate.section) and is_faq_phrase(page.title):
            candidate.section = page.title  # "Frequently asked questions" says less than the title does
