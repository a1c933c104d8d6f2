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

MARKED = frozenset(("microdata", "details", "accordion", "qandaset", "named", "dl", "labels"))
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

    Structured data whose questions have no place on the page is left alone: nobody could say what overlaps.
    """
    if not pairs or any(candidate.node is None for candidate, _ in pairs):
        return pairs
    whole = list(pairs)
    for other, candidates in others:
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
