"""Items of one shape, each with a short title and a body: accordions whose markup has no word for it."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import ClassVar, NamedTuple

from lxml import etree

from pipeline.collect.web.dom import BLOCKS, anchor_of, inner_pieces, raw_text, text_of
from pipeline.collect.web.families.base import Family, judge
from pipeline.collect.web.families.groups import label_of
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import ends_as_question
from pipeline.collect.web.signals import is_faq_phrase

MIN_ITEMS = 3
MAX_TITLE_CHARS = 300
MAX_ASKING_CHARS = 600
"""A longer title is one only when it ends as a question does."""
MAX_PARTS = 5
"""An item has a title, a body and perhaps an icon or a number, not more."""
_OWN_FAMILIES = frozenset(
    ("dt", "dd", "summary", "details", "tr", "td", "th", "thead", "tbody", "pre", "code", "option")
)
_CONTROLS = frozenset(("a", "button", "span"))
_RICH = frozenset(("ul", "ol", "table", "pre", "dl", "blockquote", "form"))


class _Item(NamedTuple):
    title: Element
    body: Element
    anchor: str | None


class Cards(Family):
    """At least three items built alike, on a page or under a heading that says that it answers questions."""

    name: ClassVar[str] = "cards"
    rank: ClassVar[int] = 86
    recognises: ClassVar[str] = "items of one shape with a title and a body, on a page that says that it is a FAQ"

    def find(self, page: Page) -> list[Candidate]:
        """Return title and body of every item of the accepted shapes, in page order."""
        if page.signals.faq < 2 and not any(map(is_faq_phrase, map(text_of, page.headings))):
            return []
        groups = [items for items in _shapes(page.root).values() if len(items) >= MIN_ITEMS]
        found: list[Candidate] = []
        for items in _innermost(groups, page):
            evidence = _judged(items, page)
            if evidence:
                found += [
                    Candidate(label_of(item.title), inner_pieces(item.body), item.title, item.anchor, None, evidence)
                    for item in items
                ]
        return sorted(found, key=lambda candidate: page.order.get(candidate.node, 0))


def _judged(items: list[_Item], page: Page) -> str | None:
    return judge([label_of(item.title) for item in items], items[0].title, page, marked=False)


def _shapes(root: Element) -> dict[tuple[object, ...], list[_Item]]:
    """Group the items of a page by how they, their titles and their bodies are built.

    What stands alone in its shape is never looked into: reading the text of every wrapper costs more than all else.
    """
    flat: dict[tuple[object, ...], list[tuple[Element, Element]]] = defaultdict(list)
    nested: dict[tuple[str, str], list[tuple[Element, list[Element]]]] = defaultdict(list)
    for parent in root.iter(etree.Element):
        if len(parent) < 2 or parent.tag in _OWN_FAMILIES:
            continue
        children = [child for child in parent if isinstance(child.tag, str)]
        if 2 <= len(children) <= MAX_PARTS:
            nested[_shape(parent)].append((parent, children))
        for title, body in _alternating(parent, children):
            flat[("flat", _shape(parent), _shape(title), _shape(body))].append((title, body))
    shapes: dict[tuple[object, ...], list[_Item]] = defaultdict(list)
    for key, pairs in flat.items():
        if len(pairs) >= MIN_ITEMS:
            shapes[key] = [
                _Item(*pair, anchor_of(pair[0])) for pair in pairs if _is_title(pair[0]) and _is_body(pair[1])
            ]
    for shape, parents in nested.items():
        for parent, children in parents if len(parents) >= MIN_ITEMS else ():
            parts = _title_and_body(parent, children)
            if parts is not None:
                anchor = parent.get("id") or anchor_of(parts[0])
                shapes[("nested", shape, _shape(parts[0]), _shape(parts[1]))].append(_Item(*parts, anchor))
    return shapes


def _shape(element: Element) -> tuple[str, str]:
    return element.tag, element.get("class") or ""


def _title_and_body(parent: Element, children: list[Element]) -> tuple[Element, Element] | None:
    """Return the two parts of an item: a title and a body, and nothing else but icons and numbers."""
    if (parent.text or "").strip() or any((child.tail or "").strip() for child in children):
        return None
    parts = [child for child in children if any(map(str.isalpha, raw_text(child)))]
    if len(parts) != 2 or _shape(parts[0]) == _shape(parts[1]):
        return None
    return (parts[0], parts[1]) if _is_title(parts[0]) and _is_body(parts[1]) else None


def _alternating(parent: Element, children: list[Element]) -> Iterator[tuple[Element, Element]]:
    """Yield what may be titles and bodies that stand side by side in one parent, title, body, title, body."""
    if len(children) < 2 * MIN_ITEMS or parent.tag in ("ul", "ol", "dl", "table", "tr", "p"):
        return
    for title, body in itertools.pairwise(child for child in children if child.tag != "br"):
        named = title.get("class") or (title.tag in _CONTROLS and body.get("class"))
        if named and _shape(title) != _shape(body):
            yield title, body


def _is_title(element: Element) -> bool:
    if element.tag in _OWN_FAMILIES or element.tag in _RICH:
        return False
    if len(raw_text(element)) > 3 * MAX_TITLE_CHARS:
        return False
    text = text_of(element)
    fits = len(text) <= MAX_TITLE_CHARS or (len(text) <= MAX_ASKING_CHARS and ends_as_question(text))
    blocks = sum(inner.tag in BLOCKS and bool(text_of(inner)) and len(inner) == 0 for inner in element.iter())
    rich = any(inner.tag in _RICH for inner in element.iter())
    return fits and len(text) >= 3 and blocks <= 1 and not rich and not _leads_away(element, text)


def _is_body(element: Element) -> bool:
    text = raw_text(element).strip()
    return element.tag not in _OWN_FAMILIES and bool(text) and not _leads_away(element, text)


def _leads_away(element: Element, text: str) -> bool:
    """Say whether the text is a link to another page: then the answer is there, not here."""
    links = [link for link in element.iter("a") if not (link.get("href") or "#").startswith(("#", "javascript:"))]
    return sum(len(text_of(link)) for link in links) > 0.7 * len(text)


def _innermost(groups: list[list[_Item]], page: Page) -> list[list[_Item]]:
    """Leave out the shapes whose bodies hold items of another shape that asks: those are sections."""
    parts = {part for items in groups for item in items for part in (item.title, item.body)}
    nested = (items for items in groups if any(map(partial(_is_within, parts), (item.title for item in items))))
    titles = [item.title for items in nested if _judged(items, page) for item in items]
    holders = {parent for title in titles for parent in title.iterancestors()}
    kept = [[item for item in items if item.body not in holders and item.title not in holders] for items in groups]
    return [items for items in kept if len(items) >= MIN_ITEMS]


def _is_within(parts: set[Element], title: Element) -> bool:
    return any(parent in parts for parent in title.iterancestors())
