"""Judging things that open and close: which groups of them are questions, and what their labels say without icons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from pipeline.collect.web.controls import is_control_label
from pipeline.collect.web.dom import BLOCKS, classes, elements_of, text_of
from pipeline.collect.web.families.base import ANNOUNCED, heading_above, judge
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import looks_like_question, question_share, squeeze
from pipeline.collect.web.signals import is_faq_phrase
from pipeline.collect.web.tails import linked_share

_ICON = re.compile(
    r"(?:^|[\s_-])(?:icons?|material-(?:icons|symbols)[\w-]*|fa|fas|far|bi|glyphicon|chevron|arrow|caret|plus|minus|indicator"
    r"|sr-only|visually-hidden|screen-reader(?:-text)?|visuallyhidden)(?=$|[\s_-])"
)
_GLYPHS = re.compile(r"^[\s+\-−–×✕▸▾▼▲►◄❯❮›‹⌄↓↑✚➕➖]+|[\s+\-−–×✕▸▾▼▲►◄❯❮›‹⌄↓↑✚➕➖]+$")

MIN_STATEMENTS = 3
MIN_REPEATED = 3
"""A label so often in a group names no question; two sections may each have one of the same name."""
MAX_LINKED = 0.5
"""A panel with a larger share of links is a menu."""


def label_of(element: Element) -> str:
    """Return the text of a control without its icons and screen-reader hints."""
    parts: list[str] = []
    _collect(element, parts, 0)
    text = squeeze("".join(parts))
    return _GLYPHS.sub("", text) if any(map(str.isalpha, text)) else text_of(element)


def _collect(element: Element, parts: list[str], depth: int) -> None:
    parts.append(element.text or "")
    for child in element:
        icon = child.get("aria-hidden") == "true" or (len(child) == 0 and _ICON.search(classes(child)))
        if isinstance(child.tag, str) and not icon and depth < 50:
            if child.tag in BLOCKS or child.tag == "br":
                parts.append(" ")
            _collect(child, parts, depth + 1)
        parts.append(child.tail or "")


def accept_groups(candidates: list[Candidate], page: Page) -> list[Candidate]:
    """Return the candidates of the groups that are FAQs, with the evidence.

    A group is what stands in one container. Groups too small to judge follow the page as a whole.
    """
    candidates = _without_controls(candidates)
    groups = _groups(candidates)
    accepted: list[Candidate] = []
    stating: list[list[Candidate]] = []
    whole = judge([c.question for c in candidates], candidates[0].node, page, marked=True) if candidates else None
    for group in groups:
        texts = [candidate.question for candidate in group]
        evidence = judge(texts, group[0].node, page, marked=True)
        if evidence is None and whole and (question_share(texts) > 0 or (len(group) <= 2 and page.signals.faq >= 2)):
            evidence = whole
        if evidence is None:
            stating.append(group)
            continue
        for candidate in group:
            candidate.evidence = evidence
            if page.signals.faq >= 2 or looks_like_question(candidate.question) or question_share(texts) >= 0.5:
                accepted.append(candidate)
    return _with_statements(accepted, stating, page)


def _without_controls(candidates: list[Candidate]) -> list[Candidate]:
    """Leave out what opens a part of something else: labels that say so, and those that a group repeats."""
    controls: set[int] = set()
    for group in _groups(candidates):
        labels = Counter(candidate.question for candidate in group)
        for candidate in group:
            repeated = labels[candidate.question] >= (MIN_REPEATED if len(labels) > 1 else 2)
            if (repeated and not looks_like_question(candidate.question)) or is_control_label(candidate.question):
                controls.add(id(candidate))
    return [candidate for candidate in candidates if id(candidate) not in controls]


def _with_statements(accepted: list[Candidate], groups: list[list[Candidate]], page: Page) -> list[Candidate]:
    """Add the groups that ask nothing but are what a FAQ opens and closes ("Shipping costs", "Return policy").

    Beside questions those are the groups built like them; where nothing asks, all of them.
    """
    shapes = {_shape(candidate) for candidate in accepted}
    added: list[Candidate] = []
    for group in groups:
        reason = _announced(group, page) if len(group) >= MIN_STATEMENTS and _tells(group) else None
        if reason and (not shapes or shapes.issuperset(map(_shape, group))):
            for candidate in group:
                candidate.evidence = f"{len(group)} statements, {reason}"
            added += group
    places = page.order
    return sorted([*accepted, *added], key=lambda found: places.get(found.node, 0)) if added else accepted


def _announced(group: list[Candidate], page: Page) -> str | None:
    """Return what says that this group answers questions: the page as a whole, or the heading right above."""
    if page.signals.faq == 3:
        return page.signals.because
    above = heading_above(group[0].node, page) if group[0].node is not None else None
    return f"{ANNOUNCED} {above[:60]!r}" if above and is_faq_phrase(above) else None


def _shape(candidate: Candidate) -> tuple[str, str | None, str | None]:
    node = candidate.node
    parent = node.getparent() if node is not None else None
    if node is None or parent is None:
        return "", None, None
    return str(node.tag), node.get("class"), parent.get("class")


def _tells(group: list[Candidate]) -> bool:
    """Say whether most of the panels hold more than links and controls: menus and filters are built alike."""
    prose = sum(
        linked_share(candidate.answer) < MAX_LINKED
        and not any(next(part.iter("input", "select"), None) is not None for part in elements_of(candidate.answer))
        for candidate in group
    )
    return 2 * prose > len(group)


def _groups(candidates: Iterable[Candidate]) -> list[list[Candidate]]:
    """Group by the nearest ancestor that holds more than one of the controls."""
    candidates = list(candidates)
    holds: dict[Element, int] = {}
    for candidate in candidates:
        for parent in candidate.node.iterancestors():  # type: ignore[union-attr]
            holds[parent] = holds.get(parent, 0) + 1
    groups: dict[Element | None, list[Candidate]] = {}
    for candidate in candidates:
        parents = candidate.node.iterancestors()  # type: ignore[union-attr]
        group = next((parent for parent in parents if holds[parent] > 1), None)
        groups.setdefault(group, []).append(candidate)
    return list(groups.values())
