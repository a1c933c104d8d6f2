"""Plots as inline SVG: deterministic, readable without scripts, printable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 260, 56, 36, 12, 12
COLOURS = ("#2563eb", "#d97706", "#059669", "#7c3aed", "#dc2626", "#0891b2")
TICKS = 5


@dataclass(frozen=True, slots=True)
class Series:
    """A named line or, without a line, a set of points."""

    name: str
    points: Sequence[tuple[float, float]]
    line: bool = True


def chart(title: str, x_name: str, y_name: str, series: Sequence[Series], *, log_x: bool = False) -> str:
    """Return an SVG of some series over one pair of axes; values that are no numbers are left out."""
    drawn = [Series(s.name, _finite(s.points, log_x), s.line) for s in series]
    drawn = [s for s in drawn if s.points]
    if not drawn:
        return f"<p>{escape(title)}: nothing was measured.</p>"
    x_low, x_high = _span([x for s in drawn for x, _ in s.points])
    y_low, y_high = _span([y for s in drawn for _, y in s.points])

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)
        return across, HEIGHT - BOTTOM - (y - y_low) / (y_high - y_low) * (HEIGHT - BOTTOM - TOP)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" class="chart">',
        f"<title>{escape(title)}</title>",
        *_axes(x_low, x_high, y_low, y_high, log_x=log_x),
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 4}" text-anchor="middle">{escape(x_name)}</text>',
        f'<text x="12" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 12 {HEIGHT / 2})">'
        f"{escape(y_name)}</text>",
    ]
    for number, one in enumerate(drawn):
        colour = COLOURS[number % len(COLOURS)]
        places = [place(x, y) for x, y in one.points]
        if one.line and len(places) > 1:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if not one.line or len(places) < 30:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
        parts.append(
            f'<text x="{WIDTH - RIGHT}" y="{TOP + 12 + 15 * number}" text-anchor="end" fill="{colour}">'
            f"{escape(one.name)}</text>"
        )
    return "".join([*parts, "</svg>"])


def parallel(title: str, axes: Sequence[str], rows: Sequence[Sequence[float]], scores: Sequence[float]) -> str:
    """Return parallel coordinates: one line per row over the axes, the darker the lower (better) its score."""
    usable = [(row, score) for row, score in zip(rows, scores, strict=True) if math.isfinite(score)]
    if not usable or not axes:
        return f"<p>{escape(title)}: nothing was measured.</p>"
    spans = [_span([row[place] for row, _ in usable]) for place in range(len(axes))]
    step = (WIDTH - LEFT - 60) / max(1, len(axes) - 1)
    best, worst = _span([score for _, score in usable])
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" class="chart">']
    parts.append(f"<title>{escape(title)}</title>")
    for place, (name, (low, high)) in enumerate(zip(axes, spans, strict=True)):
        x = LEFT + place * step
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="30" y2="{HEIGHT - 30}" stroke="#9ca3af"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(name)}</text>')
        parts.append(f'<text x="{x:.1f}" y="24" text-anchor="middle">{_short(high)}</text>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 18}" text-anchor="middle">{_short(low)}</text>')
    for row, score in sorted(usable, key=lambda item: -item[1]):
        path = " ".join(
            f"{LEFT + place * step:.1f},"
            f"{HEIGHT - 32 - (value - spans[place][0]) / (spans[place][1] - spans[place][0]) * (HEIGHT - 64):.1f}"
            for place, value in enumerate(row)
        )
        opacity = 1.0 - 0.8 * (score - best) / (worst - best)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="#1d4ed8" stroke-width="2" opacity="{opacity:.2f}">'
            f"<title>{_short(score)}</title></polyline>"
        )
    return "".join([*parts, "</svg>"])


def _finite(points: Sequence[tuple[float, float]], log_x: bool) -> list[tuple[float, float]]:
    kept = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y) and (x > 0 or not log_x)]
    return [(math.log10(x), y) for x, y in kept] if log_x else kept


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _axes(x_low: float, x_high: float, y_low: float, y_high: float, *, log_x: bool) -> list[str]:
    parts = []
    for tick in range(TICKS + 1):
        share = tick / TICKS
        y = HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        value = x_low + share * (x_high - x_low)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e5e7eb"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(y_low + share * (y_high - y_low))}</text>'
        )
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">'
            f"{_short(10**value if log_x else value)}</text>"
        )
    return parts


def _short(value: float) -> str:
    return f"{value:.3g}"
