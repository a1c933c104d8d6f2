"""Blanks and empty lines."""

from __future__ import annotations

import re

from pipeline.prepare.cleaning import segments
from pipeline.prepare.cleaning.code_lines import look_like_code

# At the edges of a piece of prose there may be code, from which a blank parts it.
_RUN = re.compile(r"(?:(?<=\S)|\A)(?:[ \t]{2,}|\t)(?=\S|\Z)")
_LINE_END = re.compile(r"[ \t]+(?=\n)")
_LINE_START = re.compile(r"^[ \t]+(?=\S)", re.MULTILINE)
_LIST_ITEM = re.compile(r"(?:[-*+•]|\d{1,3}[.)])\s")
_DRAWN = re.compile(r"^[ \t]*[\u2500-\u257f].*$", re.MULTILINE)
_PARAGRAPH_END = re.compile(r"(\n\n+)")
_EMPTY_LINES = re.compile(r"\n{3,}")
DEEPEST = 8


def collapsed(text: str) -> str:
    """Return prose with one blank between words, no blanks around lines and at most one empty line in a row.

    List items keep their depth (two blanks a level), and lines of programs and drawn trees their blanks, because that
    is structure.
    """
    if "  " in text or "\t" in text or " \n" in text or "\n " in text:
        drawn = "│" in text or "├" in text
        text = _by_line(text) if drawn else _RUN.sub(" ", text)
        text = _LINE_END.sub("", text)
        if "\n " in text or "\n\t" in text or text[:1] in (" ", "\t"):
            made = "".join(map(_with_depth, _PARAGRAPH_END.split(text)))
            text = f" {made}" if text[0] in " \t" and made[:1] not in ("", " ", "\t", "\n") else made
    return _EMPTY_LINES.sub("\n\n", text) if "\n\n\n" in text else text


def _by_line(text: str) -> str:
    return "\n".join(line if _DRAWN.fullmatch(line) else _RUN.sub(" ", line) for line in text.split("\n"))


def _with_depth(paragraph: str) -> str:
    """Return a paragraph without the blanks before its lines, unless they say what belongs to what."""
    lines = paragraph.split("\n")
    # most lines look like those of a program or its settings
    if len(lines) > 1 and look_like_code(lines):
        return paragraph
    return _LINE_START.sub(lambda found: _indent(found, paragraph), paragraph)


def _indent(found: re.Match[str], text: str) -> str:
    if _DRAWN.match(text, found.start()):
        return found[0]
    if not _LIST_ITEM.match(text, found.end()):
        return ""
    width = len(found[0].expandtabs(4))
    return " " * min(DEEPEST, width - width % 2)


def one_line(text: str) -> str:
    """Return the text with every run of blanks and line ends as one space, but for blocks of code, which keep lines.

    What is only indented is such a block when it looks like code.
    """
    if "\n" not in text:
        return " ".join(text.split())
    parts, between = [""], ""
    for piece, is_code in segments.joined(segments.split(text), lambda code: not _has_lines(code)):
        shown = piece.strip("\n") if is_code else " ".join(piece.split())
        if shown:
            indented = is_code and segments.is_indented(shown)
            parts += ["\n\n" if indented and parts[-1] else between, shown]
            between = "\n"
    return "".join(parts)


def _has_lines(code: str) -> bool:
    if segments.is_indented(code):
        return look_like_code([line for line in code.split("\n") if line.strip()])
    return "\n" in code
