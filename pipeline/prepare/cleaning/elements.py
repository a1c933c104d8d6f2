"""Elements of HTML that are taken as wholes, from the opening tag to the closing one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from html import unescape

from pipeline.prepare.cleaning.tags import NAMES

UNSEEN = "script|style|template|noscript|svg|iframe"
"""What no reader sees."""
CODE = "code|tt|kbd|samp"
_CLOSING = re.compile(rf"</({UNSEEN}|pre|{CODE}|a)\s*>", re.IGNORECASE)


@cache
def opening(names: str) -> re.Pattern[str]:
    """Return a pattern for opening tags of these names."""
    return re.compile(rf"<({names})\b[^<>]*>", re.IGNORECASE)


def with_pairs(
    text: str,
    tags: re.Pattern[str],
    show: Callable[[re.Match[str], str], str | None],
    spare: Callable[[str, int], bool] | None = None,
) -> str:
    """Return the text with each element from its opening tag to the next closing one of its name as `show` wants it.

    `show` gets the opening tag and what is inside, and returns None to leave the element; one for whose place `spare`
    is true comes out as code. Closing tags are looked up, not searched for behind each opening one: a page full of
    elements without an end would take the square of its length.
    """
    opened = list(tags.finditer(text))
    if not opened:
        return text
    closed: dict[str, list[tuple[int, int]]] = {}
    for found in _CLOSING.finditer(text):
        closed.setdefault(found[1].lower(), []).append(found.span())
    parts, end = [], 0
    for found in opened:
        places = closed.get(found[1].lower(), [])
        at = bisect_left(places, (found.end(), 0))
        if found.start() < end or at == len(places):
            continue
        inner = text[found.end() : places[at][0]]
        if spare is not None and spare(text, found.start()):
            shown: str | None = as_code(text[found.start() : places[at][1]])
        else:
            shown = show(found, inner)
        if shown is not None:
            parts += [text[end : found.start()], shown]
            end = places[at][1]
    return "".join([*parts, text[end:]])


def as_code(value: str) -> str:
    """Return a value as code, fenced if it has several lines."""
    if "\n" in value:
        return f"\n\n```\n{value}\n```\n\n"
    return f"`{value}`" if "`" not in value else f"`` {value} ``"


_ESCAPED = re.compile(rf"&lt;({UNSEEN})\b((?:(?!&[lg]t;)[^<>\n]){{0,300}})&gt;", re.IGNORECASE)
_ESCAPED_END = re.compile(rf"&lt;/({UNSEEN})\s*&gt;", re.IGNORECASE)
_ESCAPED_TAG = re.compile(rf"&lt;/?(?:{NAMES})\b", re.IGNORECASE)
_IN_CODE = re.compile(rf"<(?:pre|{CODE})\b", re.IGNORECASE)


def with_escaped_as_code(text: str) -> str:
    """Return the text with elements that no reader sees as code where they were escaped, so that readers see them.

    Where other tags are escaped too, the text is a page that was escaped as a whole.
    """
    if "&lt;/" not in text or _IN_CODE.search(text):
        return text
    ends: dict[str, list[tuple[int, int]]] = {}
    for found in _ESCAPED_END.finditer(text):
        ends.setdefault(found[1].lower(), []).append(found.span())
    if not ends:
        return text
    shown, others, end = [], [], 0
    for found in _ESCAPED.finditer(text):
        places = ends.get(found[1].lower(), [])
        at = bisect_left(places, (found.end(), 0))
        if found.start() < end or at == len(places):
            continue
        others.append(text[end : found.start()])
        end = places[at][1]
        shown.append(as_code(unescape(text[found.start() : end])))
    others.append(text[end:])
    if any(map(_ESCAPED_TAG.search, others)):
        return text
    return "".join(part for pair in zip(others, [*shown, ""], strict=True) for part in pair)
