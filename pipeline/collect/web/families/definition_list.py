"""Definition lists whose terms are questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, elements_of, text_of
from pipeline.collect.web.families.base import Family, judge
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import question_share

MIN_QUESTION_SHARE = 0.5


class DefinitionList(Family):
    """`<dl><dt>question</dt><dd>answer</dd></dl>` where at least half of the terms are questions."""

    name: ClassVar[str] = "dl"
    rank: ClassVar[int] = 60
    recognises: ClassVar[str] = (
        "definition lists of which at least half of the terms are questions, or that are a FAQ page"
    )

    def find(self, page: Page) -> list[Candidate]:
        """Return the terms and definitions of every such list; others are glossaries or options."""
        lists = [entries for element in page.root.iter("dl") if (entries := list(_entries(element)))]
        asking = [entries for entries in lists if question_share([c.question for c in entries]) >= MIN_QUESTION_SHARE]
        if len(asking) < len(lists) and page.signals.faq == 3 and _are_the_page(lists, page):
            reason = f"lists that are nearly the whole page; {page.signals.because}"
            return [replace(c, evidence=reason) for entries in lists for c in entries]
        texts = [candidate.question for entries in asking for candidate in entries]
        if not texts:
            return []
        evidence = judge(texts, asking[0][0].node, page, marked=False)
        if evidence is None:
            return []
        found = [candidate for entries in asking for candidate in entries]
        for candidate in found:
            candidate.evidence = evidence
        return found


def _are_the_page(lists: list[list[Candidate]], page: Page) -> bool:
    """Say whether lists of statements, one per section, are what a page that calls itself a FAQ consists of."""
    if not all(sum(len(c.question) for c in entries) >= 10 * len(entries) for entries in lists):
        return False
    entries = [candidate for entries in lists for candidate in entries]
    size = sum(len(c.question) + sum(len(text_of(dd)) for dd in elements_of(c.answer)) for c in entries)
    return len(entries) >= 2 and size >= 0.6 * len(text_of(page.root))


def _entries(element: Element) -> Iterator[Candidate]:
    """Yield one candidate per term with definitions; terms that share a definition are one question."""
    terms: list[Element] = []
    current: Candidate | None = None
    for child in _children(element):
        if child.tag == "dt":
            if current is not None:
                yield current
                current, terms = None, []
            terms.append(child)
        elif child.tag == "dd" and terms:
            if current is None:
                question = " / ".join(filter(None, map(text_of, terms)))
                current = Candidate(question, [], terms[0], anchor_of(terms[0]))
            current.answer.append(child)
    if current is not None:
        yield current


def _children(element: Element) -> Iterator[Element]:
    """Yield terms and definitions, those in a wrapper too: `<div>` around both, or `<a name>` around a term."""
    for child in element:
        if child.tag in ("div", "a", "span"):
            yield from child
        else:
            yield child
