"""Tables, lists, powers and struck-out words of HTML: what they say by their form is said in the text."""

from __future__ import annotations

import re

_TABLE = re.compile(r"<table\b[^<>]*>((?:(?!<table\b).)*?)</table\s*>", re.DOTALL | re.IGNORECASE)
_ROW = re.compile(r"<tr\b[^<>]*>", re.IGNORECASE)
_CELL = re.compile(r"<t[dh]\b[^<>]*>", re.IGNORECASE)
_LAYOUT = re.compile(r"<(?:pre|ul|ol|dl|h[1-6]|form)\b", re.IGNORECASE)
_TABLE_TAG = re.compile(r"</?(?:table|thead|tbody|tfoot|tr|td|th|p|div|br|colgroup|col)\b[^<>]*>", re.IGNORECASE)
_LIST_TAG = re.compile(r"<(/?)(ol|ul|li)\b([^<>]*)>", re.IGNORECASE)
FENCE = "\ue001"
"""Where a block of code starts, as those who work on markup write it: it keeps a line of its own."""
# What was matched is not given back: broken pages have thousands of marks with nothing beside them.
_MARK_ALONE = re.compile(rf"^( *+(?:-|\d{{1,4}}\.))[ \t]*+\n\s*+(?=[^\-\d{FENCE}])", re.MULTILINE)
DEEPEST = 8
"""Levels by which an item of a list is set in at most: pages that close no list have thousands of them."""
_START = re.compile(r"\bstart\s*=\s*[\"']?(\d{1,6})", re.IGNORECASE)
_RAISED = re.compile(r"<(sup|sub)\b[^<>]*>\s*([\d+\-−=()nixy]{1,8})\s*</\1\s*>", re.IGNORECASE)
_STRUCK = re.compile(r"<(del|s|strike)\b[^<>]*>([^<>\n]+)</\1\s*>", re.IGNORECASE)
_UP = str.maketrans("0123456789+-−=()nixy", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱˣʸ")
_DOWN = str.maketrans("0123456789+-−=()ixn", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ᵢₓₙ")


def with_tables(text: str) -> str:
    """Return the text with each table of data as lines `| cell | cell |`; tables that lay out a page stay."""
    return _TABLE.sub(_rows, text)


def _rows(found: re.Match[str]) -> str:
    if _LAYOUT.search(found[1]):
        return found[0]
    lines = []
    before, *rows = _ROW.split(found[1])
    for row in rows:
        _, *cells = _CELL.split(row)
        texts = [" ".join(_TABLE_TAG.sub(" ", cell).split()).replace("|", "\\|") for cell in cells]
        if any(texts):
            lines.append(texts)
    if max(map(len, lines), default=0) < 2:
        return found[0]
    caption = _TABLE_TAG.sub(" ", before).strip()
    shown = "\n".join(f"| {' | '.join(texts)} |" for texts in lines)
    return f"\n\n{caption}\n\n{shown}\n\n" if caption else f"\n\n{shown}\n\n"


def with_lists(text: str) -> str:
    """Return the text with list items as lines, numbered in ordered lists, two blanks deeper a level (`DEEPEST`)."""
    open_: list[int | None] = []

    def shown(found: re.Match[str]) -> str:
        closing, name = found[1], found[2].lower()
        if name == "li":
            if closing:
                return ""
            mark = "- "
            if open_ and open_[-1] is not None:
                mark = f"{open_[-1]}. "
                open_[-1] += 1
            return f"\n{'  ' * (min(len(open_), DEEPEST) - 1)}{mark}"
        if closing:
            if open_:
                open_.pop()
            return "" if open_ else "\n\n"
        start = _START.search(found[3])
        open_.append(None if name == "ul" else int(start[1]) if start else 1)
        return "\n\n" if len(open_) == 1 else ""

    return _LIST_TAG.sub(shown, text)


def with_signs(text: str) -> str:
    """Return the text with powers and indices as raised and lowered digits and struck-out words between tildes."""
    text = _RAISED.sub(lambda found: found[2].translate(_UP if found[1].lower() == "sup" else _DOWN), text)
    return _STRUCK.sub(r"~~\2~~", text)


def with_marks_beside(text: str) -> str:
    """Return the text with the mark of a list item beside its first paragraph."""
    return _MARK_ALONE.sub(r"\1 ", text)
