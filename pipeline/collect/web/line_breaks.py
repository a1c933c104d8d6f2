"""Questions and answers on lines of one block, with only line breaks between them: a block for each of them."""

from __future__ import annotations

from itertools import pairwise

from lxml import etree

from pipeline.collect.web.dom import BLOCKS, raw_text
from pipeline.collect.web.model import Element
from pipeline.collect.web.questions import ends_as_question, is_call_to_action, looks_like_question, squeeze

MIN_LINES = 3
MAX_CHARS = 400
MIN_ANSWERED = 0.8
_HOLDERS = ("p", "div", "td", "body", "section", "article", "main", "center", "font", "li")


def split_lines(root: Element) -> None:
    """Put every line that asks, with the lines up to the next that does, into a `div` of its own.

    Done where at least three lines ask and nearly all are followed by one that does not.
    """
    for holder in list(root.iter(*_HOLDERS)):
        if holder.find("br") is not None and sum(map(raw_text(holder).count, "?？؟")) >= MIN_LINES:
            _split(holder)


def _split(holder: Element) -> None:
    lines = _lines(holder)
    asking = [place for place, line in enumerate(lines) if _asks(line)]
    gaps = [later - place > 1 and _tells(lines[place + 1 : later]) for place, later in pairwise([*asking, len(lines)])]
    if len(asking) < MIN_LINES or sum(gaps) < MIN_ANSWERED * len(asking):
        return
    for place, later in pairwise([*asking, len(lines)]):
        _wrap(holder, lines[place:later])


class _Line:
    """The nodes between two line breaks; a text stands as the tail of a node or as the text of the block."""

    def __init__(self, before: Element | None) -> None:
        self.before = before
        self.nodes: list[Element] = []
        self.text = ""


def _lines(holder: Element) -> list[_Line]:
    lines = [_Line(None)]
    lines[0].text = holder.text or ""
    for child in holder:
        if child.tag == "br":
            lines.append(_Line(child))
        else:
            lines[-1].nodes.append(child)
            lines[-1].text += raw_text(child)
        lines[-1].text += child.tail or ""
    return lines


def _asks(line: _Line) -> bool:
    text = squeeze(line.text)
    plain = not any(node.tag in BLOCKS or node.tag in ("b", "strong", "u", "em", "font", "span") for node in line.nodes)
    asks = plain and 5 <= len(text) <= MAX_CHARS and ends_as_question(text) and looks_like_question(text)
    return asks and not is_call_to_action(text)


def _tells(lines: list[_Line]) -> bool:
    return any(squeeze(line.text) for line in lines)


def _wrap(holder: Element, lines: list[_Line]) -> None:
    """Move lines into a new block that stands where the first of them did."""
    first = lines[0]
    block = etree.Element("div")
    if first.before is None:
        block.text, holder.text = holder.text, None
        holder.insert(0, block)
    else:
        block.text, first.before.tail = first.before.tail, None
        first.before.addnext(block)
    for number, line in enumerate(lines):
        for node in [*([line.before] if number and line.before is not None else []), *line.nodes]:
            block.append(node)
