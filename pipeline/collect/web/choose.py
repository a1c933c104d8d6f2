"""Choosing between families by what each found, not by order alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import median

from pipeline.collect.web.dom import elements_of
from pipeline.collect.web.families import all_families
from pipeline.collect.web.families.base import ANNOUNCED, Family
from pipeline.collect.web.model import Candidate, Element, Pair, RejectedPair
from pipeline.collect.web.page import Page
from pipeline.collect.web.pairs import build
from pipeline.collect.web.questions import question_share
from pipeline.collect.web.rest import MARKED, STRUCTURED, is_inside, question_key, with_the_rest

REPLACE_FACTOR = 1.5
"""A later family replaces an earlier one only when it finds more than this many times the pairs."""
MIN_ASKING = 0.3
MIN_SHOWN = 3
"""So many questions that are shown are worth more than structured data that tells nothing of the page."""

_WORDS = re.compile(r"\w+")


@dataclass(slots=True)
class Choice:
    """What the best family found."""

    family: str
    pairs: list[tuple[Candidate, Pair]]
    rejected: list[RejectedPair]


def choose(page: Page, *, selector: bool = False) -> Choice | None:
    """Try the families in order and return the best finding; None when no family found a pair.

    With a configured selector only that family is asked. Structured data whose answers are only the beginnings of the
    answers on the page, or which knows only some of the questions, gives way to the page; what another family found
    elsewhere on the page is added.
    """
    best: Choice | None = None
    fallback: Choice | None = None
    findings: list[tuple[Family, list[Candidate]]] = []
    for family in all_families():
        if (family.name == "selector") is not selector:
            continue
        settled = best is not None and best.family not in STRUCTURED and not _unannounced(best, page)
        needed = REPLACE_FACTOR * len(best.pairs) if best is not None and settled else 0.0
        if family.ceiling(page) <= needed and not (best is not None and _states(best)):
            continue
        candidates = family.find(page)
        findings.append((family, candidates))
        rivals = len(candidates) > needed or (best is not None and _states(best)) or _encloses(candidates, best)
        if not candidates or not rivals:
            continue
        pairs, rejected = build(candidates, family.name, page)
        found = Choice(family.name, pairs, rejected)
        if not pairs:
            fallback = fallback or (found if rejected else None)
        elif best is None or _is_better(found, best, page):
            best = found
    if best is None:
        return fallback
    others = [finding for finding in findings if finding[0].name != best.family]
    return Choice(best.family, with_the_rest(best.pairs, best.family, others, page), best.rejected)


def _unannounced(choice: Choice, page: Page) -> bool:
    """Say whether these questions stand outside of any FAQ: on a page that is none, below no heading that says so."""
    return (
        page.signals.faq == 0
        and choice.family not in (*STRUCTURED, *MARKED)
        and not any(ANNOUNCED in candidate.evidence for candidate, _ in choice.pairs)
    )


def _elsewhere(choice: Choice) -> bool:
    """Say whether structured data asks nothing that stands on the page: left from another language or another page."""
    return choice.family in STRUCTURED and all(candidate.node is None for candidate, _ in choice.pairs)


def _states(choice: Choice) -> bool:
    """Say whether nearly nothing that was found asks: on a FAQ page that is enough only where nothing else does."""
    return choice.family not in STRUCTURED and question_share([pair.question for _, pair in choice.pairs]) < MIN_ASKING


def _holds(found: Choice, best: Choice) -> bool:
    """Say whether half of the answers that were found hold something of what is best so far: those are its sections."""
    around = {
        parent for candidate, _ in best.pairs if candidate.node is not None for parent in _outwards(candidate.node)
    }
    holding = sum(any(element in around for element in elements_of(candidate.answer)) for candidate, _ in found.pairs)
    return 2 * holding >= len(found.pairs)


def _outwards(node: Element) -> list[Element]:
    return [node, *node.iterancestors()]


def _is_better(found: Choice, best: Choice, page: Page) -> bool:
    if _unannounced(best, page) != _unannounced(found, page):
        return _unannounced(best, page)
    if _states(best) and not _states(found):
        return not _holds(found, best)
    if _elsewhere(best) and len(found.pairs) >= MIN_SHOWN and not _unannounced(found, page):
        return True
    return (
        len(found.pairs) > REPLACE_FACTOR * len(best.pairs)
        or _fuller(found, best)
        or _encloses([candidate for candidate, _ in found.pairs], best)
    )


def _encloses(candidates: list[Candidate], best: Choice | None) -> bool:
    """Say whether all that was found stands inside the answers of these candidates, and asks less than they do."""
    if best is None or best.family in (*STRUCTURED, "details", "accordion") or len(candidates) < len(best.pairs):
        return False
    asked = question_share([candidate.question for candidate in candidates])
    if asked <= question_share([pair.question for _, pair in best.pairs]):
        return False
    answers = {element for candidate in candidates for element in elements_of(candidate.answer)}
    nodes = [candidate.node for candidate, _ in best.pairs]
    return all(node is not None and is_inside(node, answers) for node in nodes)


def _fuller(found: Choice, best: Choice) -> bool:
    """Say whether `found` has the same questions as structured data in `best`, with the same answers but longer.

    What is longer than one of several answers is all of them, and a whole article may be a thread.
    """
    several = any(candidate.answers > 1 for candidate, _ in best.pairs)
    if best.family not in STRUCTURED or found.family == "article" or several:
        return False
    answers = {question_key(pair.question): pair.answer for _, pair in found.pairs}
    both = [(answers[key], pair.answer) for _, pair in best.pairs if (key := question_key(pair.question)) in answers]
    if len(both) < 0.9 * len(best.pairs):
        return False
    more = found.family in MARKED and len(answers) > len(best.pairs) and len(both) == len(best.pairs)
    ratios = []
    for longer, shorter in both:
        words, wanted = set(_WORDS.findall(longer.lower())), set(_WORDS.findall(shorter.lower()))
        if len(wanted & words) < 0.9 * len(wanted):
            return False
        ratios.append(len(longer) / max(1, len(shorter)))
    return (0.9 if more else 1.1) < median(ratios) < 4
