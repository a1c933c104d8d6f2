"""Letters that only decorate: the Q before every question and the A before every answer, in elements of their own."""

from __future__ import annotations

import re
from collections import defaultdict

from pipeline.collect.web.dom import HEADINGS, drop, text_of
from pipeline.collect.web.model import Element

MIN_MARKS = 2
MIN_SHARE = 0.8
"""So many of the elements of one tag and class must hold such a letter, or it is one of a choice (A, B, C)."""
_MARK = re.compile(r"[QAＱＡ]\s?\d{0,3}")
_TAGS = frozenset(("span", "b", "strong", "i", "em", "font", "small", "div", "p", "figure"))
_LABEL_GOES_ON = re.compile(r"\s*[.:：．、)\]–—-]")


def drop_decorations(root: Element) -> None:
    """Take out the elements that stand first in their parents and hold nothing but Q or A, with or without a number.

    A letter with a colon or full stop is a label ("Q: …"), which says more than the markup around it, and stays.
    """
    found: dict[tuple[str, str | None], list[Element]] = defaultdict(list)
    for element in root.iter(*_TAGS):
        if len(element) == 0 and _MARK.fullmatch((element.text or "").strip()):
            outer = _outermost(element)
            if _is_first(outer):
                found[str(outer.tag), outer.get("class")].append(outer)
    for (tag, name), marks in found.items():
        parents = {mark.getparent() for mark in marks}
        if len(parents) >= MIN_MARKS and len(marks) >= MIN_SHARE * _count_short(root, tag, name):
            for mark in marks:
                drop(mark)


def _outermost(element: Element) -> Element:
    """Return the outermost wrapper that holds nothing but this element."""
    while True:
        parent = element.getparent()
        alone = parent is not None and len(parent) == 1 and not (parent.text or "").strip()
        if parent is None or not alone or (element.tail or "").strip() or parent.tag not in _TAGS:
            return element
        element = parent


def _is_first(element: Element) -> bool:
    """Say whether an element begins its parent, or what follows a title there, and text goes on after it."""
    parent = element.getparent()
    if parent is None or _LABEL_GOES_ON.match(element.tail or ""):
        return False
    for before in element.itersiblings(preceding=True):
        if (before.tail or "").strip():
            return False
        if before.tag in ("summary", *HEADINGS):
            break
        if text_of(before):
            return False
    else:
        if (parent.text or "").strip():
            return False
    return bool((element.tail or "").strip()) or any(text_of(after) for after in element.itersiblings())


def _count_short(root: Element, tag: str, name: str | None) -> int:
    """Count the elements of one tag and class that hold next to nothing, as marks do."""
    same = (element for element in root.iter(tag) if element.get("class") == name)
    return sum(0 < len(text_of(element)) <= 4 for element in same)
