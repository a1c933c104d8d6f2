"""Tables of data as lines with pipes: every cell in each row and column of which it speaks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import accumulate

from pipeline.collect.web.dom import raw_text
from pipeline.collect.web.grid import GridRow, grid_of, rows_of
from pipeline.collect.web.model import Element

MAX_GROWTH = 10
"""How many times its own text a table may become when what spans rows and columns is said in each of them."""
LINE_NUMBERS = re.compile(
    r"\b(?:linenos|gutter|line-?numbers?(?:-rows)?|lineno|copybtn|copy-?button)\b|(?:^|\s)lnt?(?=$|\s)", re.IGNORECASE
)
"""Classes of what numbers the lines of code, or copies it: no part of what is said."""


def pipe_lines(table: Element, texts: Mapping[Element, str]) -> list[str]:
    """Return a table's rows; `texts` are its cells'. What would become too large is written as it stands."""
    spreads = [_spread(row) for row in grid_of(table)]
    size = sum(len(texts[cell]) for spread in spreads for cell in spread if cell in texts)
    if size > MAX_GROWTH * sum(map(len, texts.values())):
        own: list[GridRow] = [[cell for cell in row if is_cell(cell)] for row in rows_of(table)]
        spreads = [row for row in own if row]
    lines: list[str] = []
    for spread in spreads:
        line = [texts.get(cell, "") if cell is not None else "" for cell in spread]
        if any(line):
            lines.append("| " + " | ".join(line) + " |")
            if len(lines) == 1 and spread[0] is not None and spread[0].tag == "th":
                lines.append("|" + " --- |" * len(line))
    return lines


def is_cell(element: Element) -> bool:
    """Tell whether an element is a cell that says something, rather than numbers of lines of code."""
    return element.tag in ("td", "th") and not LINE_NUMBERS.search(element.get("class") or "")


def is_layout(cell: Element) -> bool:
    """Say whether a table cell holds more than a line: then the table is layout, not data."""
    return (
        cell.find(".//table") is not None
        or cell.find(".//pre") is not None
        or cell.find(".//dl") is not None
        or len(cell.findall(".//p")) > 2
        or len(raw_text(cell)) > 1_000
    )


def _spread(row: GridRow) -> GridRow:
    """Return a row with wide cells in each column that they span: what is said of two columns is said of each.

    A cell as wide as the table is a title, which is said once.
    """
    kept = [cell for cell in row if cell is None or is_cell(cell)]
    if len({cell for cell in kept if cell is not None}) < 2:
        return kept
    return list(accumulate(kept, _or_before))


def _or_before(before: Element | None, cell: Element | None) -> Element | None:
    return before if cell is None else cell
