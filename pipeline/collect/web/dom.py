"""Walking a parsed page: what stands between elements, what holds several of them, and the anchor of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from lxml import etree

from pipeline.collect.web.model import Element, Piece
from pipeline.collect.web.questions import squeeze

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCK_TAGS = (
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol optgroup option p pre section summary table "
    "tbody td tfoot th thead tr ul"
)
BLOCKS = frozenset(_BLOCK_TAGS.split())
_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_GAPS = (*_BLOCK_TAGS.split(), "br")
_GAP_SET = frozenset(_GAPS)
_all_text = etree.XPath("string()", smart_strings=False)


MIN_PIECE = 4
"""Shorter text at the begin of the next question's own wrapper is its number or icon, not the end of this answer."""
PERMALINK = "data-collect-permalink"
"""Where a heading keeps the fragment of the permalink that was taken out of it."""


def classes(element: Element) -> str:
    """Return the class and id of an element as one lower-case text, for looking up words."""
    return f"{element.get('class') or ''} {element.get('id') or ''}".lower()


def raw_text(element: Element) -> str:
    """Return all text inside an element as it stands, without regard to blocks."""
    return str(_all_text(element))


def letters(element: Element) -> int:
    """Return how many characters stand inside an element, blanks not counted."""
    return len("".join(raw_text(element).split()))


def text_of(element: Element) -> str:
    """Return the text of an element on one line; blocks, table cells and line breaks count as blanks."""
    if len(element) == 0:
        return squeeze(element.text or "")
    if next(element.iterdescendants(*_GAPS), None) is None:
        return squeeze(_all_text(element))
    parts: list[str] = []
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node.tag in _GAP_SET:
            parts.append(" ")
        if event == "start":
            parts.append(node.text or "")
        elif node is not element:
            parts.append(node.tail or "")
    return squeeze("".join(parts))


def allowed_text(text: str) -> str:
    """Return text without the characters that a tree refuses to hold, which references such as `&#1;` can bring in."""
    return _REFUSED.sub("", text)


def drop(element: Element) -> None:
    """Take an element out of its tree; the text after it stays."""
    parent = element.getparent()
    if parent is None:
        return
    tail, before = element.tail, element.getprevious()
    if tail and before is not None:
        before.tail = allowed_text((before.tail or "") + tail)
    elif tail:
        parent.text = allowed_text((parent.text or "") + tail)
    parent.remove(element)


def contains(outer: Element, inner: Element) -> bool:
    """Say whether `inner` is `outer` or stands inside it."""
    return outer is inner or any(parent is outer for parent in inner.iterancestors())


def common_ancestor(elements: Sequence[Element]) -> Element:
    """Return the deepest element that holds all of the elements (for one element, its parent)."""
    first = elements[0]
    chain = list(first.iterancestors()) or [first]
    for element in elements[1:]:
        mine = set(element.iterancestors())
        while chain[0] not in mine and len(chain) > 1:
            chain.pop(0)
    return chain[0]


def between(start: Element, end: Element | None, limit: Element) -> list[Piece]:
    """Return what stands after `start` and before `end` in page order, without leaving `limit`.

    Elements come whole; one that holds `end` is opened and only its part before `end` is taken. A control (a button, a
    summary) that holds `end` is never opened: what stands beside a title in its own control belongs to that title.
    """
    stop = _chain(_whole_control(end))
    pieces: list[Piece] = []
    node = start
    while node is not limit:
        if _take_siblings(node, stop, pieces):
            return pieces
        parent = node.getparent()
        if parent is None:
            break
        node = parent
    return pieces


def _whole_control(node: Element | None) -> Element | None:
    return node if node is None else next(node.iterancestors("button", "summary"), node)


def _chain(end: Element | None) -> set[Element]:
    return set() if end is None else {end, *end.iterancestors()}


def _take_siblings(node: Element, stop: set[Element], pieces: list[Piece]) -> bool:
    if node.tail and node.tail.strip():
        pieces.append(node.tail)
    for sibling in node.itersiblings():
        if sibling in stop:
            _take_until(sibling, stop, pieces)
            return True
        pieces.append(sibling)
        if sibling.tail and sibling.tail.strip():
            pieces.append(sibling.tail)
    return False


def _take_until(element: Element, stop: set[Element], pieces: list[Piece]) -> None:
    while True:
        inside = next((child for child in element if child in stop), None)
        if inside is None:
            return
        before = _before(element, inside)
        if sum(len(piece.strip() if isinstance(piece, str) else text_of(piece)) for piece in before) >= MIN_PIECE:
            pieces += before
        element = inside


def _before(element: Element, inside: Element) -> list[Piece]:
    """Return what an element holds before one of its children."""
    pieces: list[Piece] = [element.text] if element.text and element.text.strip() else []
    for child in element:
        if child is inside:
            break
        pieces.append(child)
        if child.tail and child.tail.strip():
            pieces.append(child.tail)
    return pieces


def inner_pieces(element: Element) -> list[Piece]:
    """Return the content of an element as pieces."""
    pieces: list[Piece] = [element.text] if element.text and element.text.strip() else []
    for child in element:
        pieces.append(child)
        if child.tail and child.tail.strip():
            pieces.append(child.tail)
    return pieces


def elements_of(pieces: Iterable[Piece]) -> Iterator[Element]:
    """Yield the pieces that are elements."""
    return (piece for piece in pieces if not isinstance(piece, str))


def anchor_of(element: Element) -> str | None:
    """Return the fragment under which a browser finds this element, or None.

    Looked for in this order: its own id, an id or name inside it, an ancestor that begins with it, an empty target
    right
    before it, the permalink that stood in it.
    """
    for inner in (element, *element.iterdescendants()):
        name = inner.get("id") or (inner.get("name") if inner.tag == "a" else None)
        if name:
            return str(name)
    return _anchor_around(element) or element.get(PERMALINK)


def _anchor_around(node: Element) -> str | None:
    while True:
        parent = node.getparent()
        first = parent is not None and parent.tag not in ("body", "main", "html") and not _text_before(node)
        name = parent.get("id") or (parent.get("name") if parent.tag == "a" else None) if first else None
        if name:
            return str(name)
        name = _target_before(node)
        if name or not first:
            return name
        node = parent


def _text_before(node: Element) -> bool:
    parent = node.getparent()
    if parent is None or (parent.text and parent.text.strip()):
        return True
    return any(
        (before.tail and before.tail.strip()) or (not _is_target(before) and text_of(before))
        for before in node.itersiblings(preceding=True)
    )


def _is_target(element: Element) -> bool:
    return element.tag in ("a", "span", "div", "p") and not text_of(element)


def _target_before(node: Element) -> str | None:
    before = node.getprevious()
    if before is None or (before.tail and before.tail.strip()) or not _is_target(before):
        return None
    for inner in (before, *before.iterdescendants()):
        name = inner.get("id") or (inner.get("name") if inner.tag == "a" else None)
        if name:
            return str(name)
    return None
