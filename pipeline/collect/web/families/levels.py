"""Which headings of a page are its questions: those of one level, with their exceptions by section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.collect.web.families.base import judge
from pipeline.collect.web.model import Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import has_question_mark, is_call_to_action
from pipeline.collect.web.signals import is_faq_phrase, is_furniture


@dataclass(slots=True)
class Heading:
    """A heading with the one it stands under; `marker` is set on those that are questions of the FAQ."""

    node: Element
    level: int
    text: str
    asks: bool
    numbered: bool = False
    marker: bool = False
    parent: Heading | None = None


def question_level(headings: list[Heading]) -> int | None:
    """Return the level on which most questions stand; None when nothing asks."""
    counts = Counter(heading.level for heading in headings if heading.asks)
    if counts[1] < 2:
        del counts[1]  # one h1 is the title of an article
    return max(counts, key=lambda level: (counts[level], -level), default=None)


def _eligible(heading: Heading) -> bool:
    title = is_faq_phrase(heading.text) and not (heading.asks and _says_more(heading.text))
    return not title and not is_call_to_action(heading.text) and not is_furniture(heading.text)


def _says_more(text: str) -> bool:
    """Say whether a text that names a FAQ asks about it ("What is this FAQ?") instead of announcing it."""
    return len(text.split()) > 3 or (not text.isascii() and len(text) >= 8 and has_question_mark(text))


def choose(headings: list[Heading], level: int, page: Page) -> dict[int, str]:
    """Mark the headings that are questions and return the evidence for each."""
    same = [heading for heading in headings if heading.level == level and _eligible(heading)]
    evidence: dict[int, str] = {}
    whole = judge([h.text for h in same], same[0].node, page, marked=False, titles=True) if same else None
    groups: dict[int, list[Heading]] = {}
    for heading in same:
        groups.setdefault(id(heading.parent), []).append(heading)
    for group in groups.values():
        reason = whole or _judge_section(group, page)
        if reason and (_asks(group) or (page.signals.faq >= 2 and not _outsider(group, same))):
            for heading in _without_edges(group):
                heading.marker = True
                evidence[id(heading)] = reason
    _mark_others(headings, level, evidence, above=page.signals.faq >= 2)
    _mark_sections(headings, level, evidence, page)
    return evidence


def _asks(group: list[Heading]) -> bool:
    return any(heading.asks for heading in group)


def _outsider(group: list[Heading], same: list[Heading]) -> bool:
    """Say whether a group without questions stands beside nearly pure ones: then it is not part of the FAQ."""
    rest = len(same) - len(group)
    asking = sum(heading.asks for heading in same) - sum(heading.asks for heading in group)
    return rest >= 3 and asking >= 0.9 * rest


def _without_edges(group: list[Heading]) -> list[Heading]:
    """Leave out statements before the first and after the last question of a group that is otherwise all questions.

    Those are introductions and invitations ("Get started today"), unless the headings are numbered, or are in a
    language whose questions need no mark: there a statement may be a question whose words are not known.
    """
    places = [place for place, heading in enumerate(group) if heading.asks]
    unmarked = not group[0].text.isascii() and not any(has_question_mark(heading.text) for heading in group)
    if len(group) < 4 or len(places) < 0.7 * len(group) or unmarked or any(heading.numbered for heading in group):
        return group
    inner = group[places[0] : places[-1] + 1]
    return inner if all(heading.asks for heading in inner) else group


def _judge_section(group: list[Heading], page: Page) -> str | None:
    parent = group[0].parent
    if parent is not None and is_faq_phrase(parent.text):
        return judge([heading.text for heading in group], group[0].node, page, marked=False, titles=True)
    return None


def _mark_others(headings: list[Heading], level: int, evidence: dict[int, str], *, above: bool) -> None:
    """Mark questions at other levels: directly below a question, or above and with no questions of their own.

    A question below a question that is followed by what asks nothing ("Step 2") is part of the answer around it: as a
    question of its own it would end that answer.
    `above` is for pages that are FAQs as a whole; elsewhere a question above a FAQ is the title of another section.
    """
    if not evidence:
        return
    reason = next(iter(evidence.values()))
    parents = {id(heading.parent) for heading in headings if heading.marker or heading.asks}
    last_statement = {id(heading.parent): place for place, heading in enumerate(headings) if not heading.asks}
    for place, heading in enumerate(headings):
        closing = heading.asks and place > last_statement.get(id(heading.parent), -1)
        if (heading.level > level and closing and heading.parent is not None and heading.parent.marker) or (
            above
            and 1 < heading.level < level
            and has_question_mark(heading.text)
            and id(heading) not in parents
            and _eligible(heading)
        ):
            heading.marker = True
        else:
            continue
        evidence[id(heading)] = f"{reason}; a question of its own at another level"


def _mark_sections(headings: list[Heading], level: int, evidence: dict[int, str], page: Page) -> None:
    """Mark the questions of sections that have theirs on a deeper level than the rest of the page has."""
    if not evidence:
        return
    reason = next(iter(evidence.values()))
    holding = {id(above) for heading in headings if heading.marker for above in _parents(heading)}
    groups: dict[tuple[int, int], list[Heading]] = {}
    for heading in headings:
        parent = heading.parent
        if heading.level <= level or parent is None or id(parent) in holding or not _eligible(heading):
            continue
        if not any(above.marker for above in _parents(heading)):
            groups.setdefault((id(parent), heading.level), []).append(heading)
    for group in groups.values():
        asking = sum(heading.asks for heading in group)
        if asking >= (0.3 if page.signals.faq >= 2 else 0.8) * len(group) and asking:
            for heading in _without_edges(group):
                heading.marker = True
                evidence[id(heading)] = f"{reason}; the questions of its section"


def _parents(heading: Heading) -> Iterator[Heading]:
    while heading.parent is not None:
        heading = heading.parent
        yield heading
