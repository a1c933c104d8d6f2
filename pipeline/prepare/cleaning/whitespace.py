"""Blanks and empty lines."""

from __future__ import annotations

import re

_RUN = re.compile(r"(?<=\S)[ \t]{2,}(?=\S)|(?<=\S)\t(?=\S)")
_LINE_END = re.compile(r"[ \t]+(?=\n|\Z)")
_LINE_START = re.compile(r"^[ \t]+(?=\S)", re.MULTILINE)
_LIST_ITEM = re.compile(r"(?:[-*+•]|\d{1,3}[.)])\s")
_EMPTY_LINES = re.compile(r"\n{3,}")
DEEPEST = 8


def collapsed(text: str) -> str:
    """Return prose with one blank between words, no blanks around lines and at most one empty line in a row.

    List items keep their depth (two blanks a level), because that is structure.
    """
    if "  " in text or "\t" in text or " \n" in text or "\n " in text:
        text = _RUN.sub(" ", text)
        text = _LINE_END.sub("", text)
        text = _LINE_START.sub(lambda found: _indent(found, text), text)
    return _EMPTY_LINES.sub("\n\n", text) if "\n\n\n" in text else text


def _indent(found: re.Match[str], text: str) -> str:
    if not _LIST_ITEM.match(text, found.end()):
        return ""
    width = len(found[0].expandtabs(4))
    return " " * min(DEEPEST, width - width % 2)


def one_line(text: str) -> str:
    """Return the text with every run of blanks and line ends as one space."""
    return " ".join(text.split())
