"""Choosing between families by what each found, not by order alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import median

from pipeline.collect.web.families import all_families
from pipeline.collect.web.model import Candidate, Pair, RejectedPair
from pipeline.collect.web.page import Page
from pipeline.collect.web.pairs import build

REPLACE_FACTOR = 1.5
"""A later family replaces an earlier one only when it finds more than this many times the pairs."""

_STRUCTURED = ("jsonld", "microdata")
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
    answers on the page gives way to the page.
    """
    best: Choice | None = None
    fallback: Choice | None = None
    for family in all_families():
        if (family.name == "selector") is not selector:
            continue
        needed = 0.0 if best is None or best.family in _STRUCTURED else REPLACE_FACTOR * len(best.pairs)
        if family.ceiling(page) <= needed:
            continue
        candidates = family.find(page)
        if len(candidates) <= needed:
            continue
        pairs, rejected = build(candidates, family.name, page)
        found = Choice(family.name, pairs, rejected)
        if not pairs:
            fallback = fallback or (found if rejected else None)
        elif best is None or len(pairs) > REPLACE_FACTOR * len(best.pairs) or _fuller(found, best):
            best = found
    return best or fallback


def _fuller(found: Choice, best: Choice) -> bool:
    """Say whether `found` has the same questions as structured data in `best`, with the same answers but longer."""
    if best.family not in _STRUCTURED:
        return False
    answers = {_key(pair.question): pair.answer for _, pair in found.pairs}
    both = [(answers[key], pair.answer) for _, pair in best.pairs if (key := _key(pair.question)) in answers]
    if len(both) < 0.9 * len(best.pairs):
        return False
    ratios = []
    for longer, shorter in both:
        words, wanted = set(_WORDS.findall(longer.lower())), set(_WORDS.findall(shorter.lower()))
        if len(wanted & words) < 0.9 * len(wanted):
            return False
        ratios.append(len(longer) / max(1, len(shorter)))
    return 1.1 < median(ratios) < 4


def _key(text: str) -> str:
    return " ".join(_WORDS.findall(text.lower()))
