"""Questions that another family found elsewhere on a page whose questions are marked up in more than one way."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TypeAlias

from pipeline.collect.web.dom import elements_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.model import Candidate, Element, Pair
from pipeline.collect.web.page import Page
from pipeline.collect.web.pairs import build
from pipeline.collect.web.questions import looks_like_question

STRUCTURED = ("jsonld", "microdata")
MIN_PLAIN, MIN_MARKED = 3, 2
"""So many further questions make a group of their own: in plain markup, and in markup made for questions."""

MARKED = frozenset(("microdata", "details", "accordion", "component", "qandaset", "named", "dl", "labels"))
_WORDS = re.compile(r"\w+")
Found: TypeAlias = tuple[Candidate, Pair]


def question_key(text: str) -> str:
    """Return what two spellings of one question have in common."""
    return " ".join(_WORDS.findall(text.lower()))


def is_inside(node: Element, elements: Collection[Element]) -> bool:
    """Say whether a node is one of the elements or stands in one."""
    return node in elements or any(parent in elements for parent in node.iterancestors())


def with_the_rest(
    pairs: list[Found], family: str, others: Sequence[tuple[Family, list[Candidate]]], page: Page
) -> list[Found]:
    """Return the pairs with those of other families that ask, and overlap with none of them, in page order.

    Where questions of structured data have no place on the page, nobody can see what overlaps: then only what is
    marked as a question is added, and only when it reads unlike everything that the data says.
    """
    if not pairs:
        return pairs
    if any(candidate.node is None for candidate, _ in pairs):
        return pairs + _untold(pairs, others, page)
    whole = list(pairs)
    for other, candidates in others:
        if other.name not in MARKED and page.signals.faq == 0:
            continue  # a page that is no FAQ as a whole may ask in a title without being answered for it
        further = _elsewhere(whole, candidates)
        if len(further) >= (MIN_MARKED if other.name in MARKED else MIN_PLAIN):
            whole += build(further, other.name, page)[0]
    if len(whole) == len(pairs):
        return pairs
    return sorted(whole, key=lambda found: page.order.get(found[0].node, 0) if found[0].node is not None else 0)


def _elsewhere(found: list[Found], candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates that ask something new and share no part of the page with what was found."""
    keys = {question_key(pair.question) for _, pair in found}
    nodes = [candidate.node for candidate, _ in found if candidate.node is not None]
    taken = {*nodes, *(element for candidate, _ in found for element in elements_of(candidate.answer))}
    around = {parent for element in taken for parent in element.iterancestors()}
    return [
        candidate
        for candidate in candidates
        if candidate.node is not None
        and looks_like_question(candidate.question)
        and question_key(candidate.question) not in keys
        and not is_inside(candidate.node, taken)
        and candidate.node not in around
        and not any(is_inside(element, taken) or element in around for element in elements_of(candidate.answer))
    ]


def _untold(pairs: list[Found], others: Sequence[tuple[Family, list[Candidate]]], page: Page) -> list[Found]:
    """Return the pairs of the best family of marked questions that neither ask nor answer what the given pairs do."""
    asked = [_shingles(pair.question) for _, pair in pairs]
    told = [_shingles(pair.answer) for _, pair in pairs]
    best: list[Found] = []
    for other, candidates in others:
        if other.name not in MARKED or other.name in STRUCTURED:
            continue
        new = [
            found
            for found in build(candidates, other.name, page)[0]
            if looks_like_question(found[1].question)
            and not _alike(_shingles(found[1].question), asked, 0.75)
            and not _alike(_shingles(found[1].answer), told, 0.6)
        ]
        best = max(best, new, key=len)
    return best if len(best) >= MIN_MARKED else []


def _shingles(text: str) -> set[str]:
    """Return the three-letter pieces of a text: alike texts share most of them, in any language."""
    key = question_key(text)
    return {key[place : place + 3] for place in range(max(1, len(key) - 2))}


def _alike(mine: set[str], others: Sequence[set[str]], share: float) -> bool:
    return any(len(mine & other) >= share * min(len(mine), len(other)) for other in others)
