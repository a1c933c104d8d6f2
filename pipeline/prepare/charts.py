"""Charts as inline SVG: nothing to fetch, nothing to run, readable by a screen reader and on paper."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

WIDTH, HEIGHT = 640, 160
MOST_BARS = 30


def bars(values: Mapping[str, int], unit: str = "rows") -> str:
    """Return a table with a bar beside each number, the largest first; what is beyond 30 is summed up."""
    if not values:
        return "<p>None.</p>"
    ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    shown = ordered[:MOST_BARS]
    if len(ordered) > MOST_BARS:
        rest = sum(count for _, count in ordered[MOST_BARS:])
        shown.append((f"{len(ordered) - MOST_BARS} others", rest))
    most = max(count for _, count in shown) or 1
    rows = "".join(
        f"<tr><th scope=row>{escape(str(name))}<td class=n>{count:,}<td class=b>"
        f'<svg width="100%" height="14" role="img" aria-label="{count:,} {unit}">'
        f'<rect width="{100 * count / most:.1f}%" height="14" rx="2"/></svg>'
        for name, count in shown
    )
    return f"<table>{rows}</table>"


def histogram(values: Mapping[int, int], title: str, unit: str = "characters") -> str:
    """Return a histogram of counts by the lower ends of buckets, on an axis where each doubling is as wide."""
    if not values:
        return ""
    ordered = sorted((int(start), count) for start, count in values.items())
    total, most = sum(count for _, count in ordered), max(count for _, count in ordered)
    step = (WIDTH - 60) / len(ordered)
    drawn, labels = [], []
    for place, (start, count) in enumerate(ordered):
        high = (HEIGHT - 40) * count / most
        left = 40 + place * step
        drawn.append(
            f'<rect x="{left:.1f}" y="{HEIGHT - 20 - high:.1f}" width="{max(step - 2, 1):.1f}" height="{high:.1f}">'
            f"<title>from {start} {unit}: {count:,} rows</title></rect>"
        )
        if place % max(1, len(ordered) // 10) == 0:
            labels.append(f'<text x="{left:.1f}" y="{HEIGHT - 5}">{start:,}</text>')
    return (
        f'<figure><figcaption>{escape(title)} ({unit}, {total:,} rows)</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{escape(title)}"><text x="0" y="16">{most:,}</text>{"".join(drawn)}{"".join(labels)}'
        "</svg></figure>"
    )
