# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Telling code from prose, because cleaning prose must not touch code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

_FENCE = re.compile(
    r"^[ ]{0,3}(`{3,}|~{3,})[^\n`]*\n(?:.*?\n)??[ ]{0,3}\1[`~]*[ \t]*(?=\n|\Z)", re.DOTALL | re.MULTILINE
)
_INLINE = re.compile(r"(?<!`)(`+)(?!`)([^\n]*?[^\n`])\1(?!`)")
# Lines indented by four blanks or a tab, after an empty line. List items are no code, however deep they lie.
_INDENTED = re.compile(
    r"(?:(?<=\n\n)|(?<=\n[ \t]\n))(?:(?:[ ]{4}|\t)[ \t]*(?![-*+•]\s|\d{1,3}[.)]\s)[^\s][^\n]*(?:\n[ \t]*)*?(?:\n(?=[ ]{4}|\t)|(?=\n|\Z)))+"
)
_LEADING = re.compile(r"\A(?:(?:[ ]{4}|\t)[ \t]*(?![-*+•]\s|\d{1,3}[.)]\s)\S[^\n]*(?:\n+|\Z)){2,}")
# Without any of these there is no code of any kind.
_STARTS_CODE = ("    ", "\t")
_MARKS_CODE = ("`", "~~~", "\n    ", "\n\t")
Segment = tuple[str, bool]
LAST = 4
"""Texts whose pieces are kept: one step after the other asks for those of a text that none of them changes."""


@lru_cache(maxsize=LAST)
def split(text: str) -> Sequence[Segment]:
    """Return the text in pieces, each with whether it is code; joined together they are the text again."""
    if not text.startswith(_STARTS_CODE) and not any(map(text.__contains__, _MARKS_CODE)):
        return ((text, False),) if text else ()
    made: list[Segment] = []
    for piece, is_code in _cut(text, _FENCE if "```" in text or "~~~" in text else None):
        if is_code:
            made.append((piece, True))
        else:
            made += _without_fences(piece, at_start=not made)
    return tuple(made)


def is_indented(code: str) -> bool:
    """Tell whether a piece of code is such only by its indentation, and not by fences or back quotes."""
    return code.startswith(_STARTS_CODE)


def is_block(code: str) -> bool:
    """Tell whether a piece of code has lines of its own."""
    return "\n" in code or is_indented(code)


def _without_fences(text: str, at_start: bool) -> Iterator[Segment]:
    if at_start and (found := _LEADING.match(text)):
        yield found[0], True
        text = text[found.end() :]
    for piece, is_code in _cut(text, _INDENTED if "\n    " in text or "\n\t" in text else None):
        if is_code or "`" not in piece:
            yield piece, is_code
        else:
            yield from _cut(piece, _INLINE)


def _cut(text: str, pattern: re.Pattern[str] | None) -> Iterator[Segment]:
    end = 0
    for found in pattern.finditer(text) if pattern else ():
        if found.start() > end:
            yield text[end : found.start()], False
        yield found[0], True
        end = found.end()
    if end < len(text):
        yield text[end:], False


def joined(pieces: Sequence[Segment], harmless: Callable[[str], bool]) -> list[Segment]:
    """Return the pieces with harmless code as part of the prose around it, so that what spans both is seen whole."""
    made: list[Segment] = []
    for piece, is_code in pieces:
        if is_code and not harmless(piece):
            made.append((piece, True))
        elif made and not made[-1][1]:
            made[-1] = (made[-1][0] + piece, False)
        else:
            made.append((piece, False))
    return made


def in_prose(text: str, change: Callable[[str], str]) -> str:
    """Return the text with `change` applied to its prose."""
    return "".join(piece if is_code else change(piece) for piece, is_code in split(text))
