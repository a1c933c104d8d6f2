"""Where the marks of a chart stand: geometry only, drawn by the page's template as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 640
LABEL = 190
RIGHT = 96
ROW = 34
TOP = 14
AXIS = 30


def nice_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round numbers that cover a range, about `wanted` of them."""
    if not math.isfinite(low) or not math.isfinite(high) or high <= low:
        high = (low if math.isfinite(low) else 0.0) + 1.0
        low = high - 1.0
    raw = (high - low) / max(1, wanted - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(place * step, 10) for place in range(first, last + 1)]


def whiskers(rows: Sequence[Mapping[str, Any]], *, zero: bool, floor: float | None = None) -> dict[str, Any] | None:
    """Return a chart of values with intervals, one row each; None when there is nothing to draw.

    Rows have `label`, `value`, `low`, `high`, `text` and `kind` (a CSS class). `zero` puts a line at nought.
    """
    known = [row for row in rows if row["value"] is not None]
    if not known:
        return None
    ends = [end for row in known for end in (row["value"], row["low"], row["high"]) if end is not None]
    if zero:
        ends.append(0.0)
    if floor is not None:
        ends.append(floor)
    ticks = nice_ticks(min(ends), max(ends))

    def x(value: float) -> float:
        share = (value - ticks[0]) / (ticks[-1] - ticks[0])
        return round(LABEL + share * (WIDTH - LABEL - RIGHT), 1)

    height = TOP + ROW * len(known) + AXIS
    return {
        "width": WIDTH,
        "height": height,
        "label_x": LABEL - 14,
        "bottom": TOP + ROW * len(known),
        "top": TOP,
        "ticks": [{"x": x(tick), "value": tick} for tick in ticks],
        "zero": x(0.0) if zero else None,
        "rows": [
            {
                **row,
                "y": TOP + ROW * place + ROW // 2,
                "x": x(row["value"]),
                "x_low": x(row["low"]) if row["low"] is not None else None,
                "x_high": x(row["high"]) if row["high"] is not None else None,
                "text_x": WIDTH - RIGHT + 12,
            }
            for place, row in enumerate(known)
        ],
    }
