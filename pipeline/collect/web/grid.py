"""Tables as grids: every cell in each row and column that it spans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from pipeline.collect.web.model import Element

MAX_ROWSPAN, MAX_COLSPAN = 1_000, 20
GridRow: TypeAlias = list[Element | None]


def grid_of(table: Element) -> list[GridRow]:
    """Return the rows with every cell in its column: again in each row that it spans, and None where it is wide."""
    grid: list[GridRow] = []
    above: dict[int, tuple[int, Element | None]] = {}
    for row in rows_of(table):
        cells: GridRow = []
        below: dict[int, tuple[int, Element | None]] = {}
        own = iter([cell for cell in row if cell.tag in ("td", "th")])
        while (place := _next_cell(len(cells), above, own)) is not None:
            rows_left, cell, wide = place
            for cell_or_none in (cell, *[None] * wide):
                if rows_left:
                    below[len(cells)] = (rows_left, cell_or_none)
                cells.append(cell_or_none)
        grid.append(cells)
        above = below
    return grid


def rows_of(table: Element) -> Iterator[Element]:
    """Yield the rows of a table without those of tables inside of it."""
    return (row for row in table.iter("tr") if next(row.iterancestors("table")) is table)


def _next_cell(
    column: int, above: dict[int, tuple[int, Element | None]], own: Iterator[Element]
) -> tuple[int, Element | None, int] | None:
    """Return the cell in a column, the further rows that it spans and the further columns; None at the row's end."""
    if column in above:
        rows, cell = above[column]
        return rows - 1, cell, 0
    following = next(own, None)
    if following is None:
        return None
    return _span(following, "rowspan", MAX_ROWSPAN) - 1, following, _span(following, "colspan", MAX_COLSPAN) - 1


def _span(cell: Element, name: str, limit: int) -> int:
    value = (cell.get(name) or "").strip()
    return max(1, min(int(value), limit)) if value.isascii() and value.isdecimal() and len(value) < 9 else 1
