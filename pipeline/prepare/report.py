"""The data report: what came in, what went out, what was set aside and why, as one page without anything to fetch."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}.big{font-size:1.25rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .6rem .25rem 0;vertical-align:top}
td.n{text-align:right;width:5rem;font-variant-numeric:tabular-nums}td.b{width:40%}rect{fill:#2f6f9f}
@media print{body{margin:0}}"""
CHARTS = {
    "reasons": "Set aside, by reason",
    "sources": "Kept rows, by source",
    "languages": "Kept rows, by language",
    "licences": "Kept rows, by licence",
    "personal_data": "Personal data replaced, by source and type",
}


def render(report: Mapping[str, Any]) -> str:
    """Return the page. Every text in it is escaped: names of sources and reasons come from outside."""
    counts = report["counts"]
    total = (
        f"{counts['rows_in']} rows came in, {counts['rows_out']} go on to training and evaluation, "
        f"{counts['set_aside']} were set aside. {report.get('refusals', 0)} rows teach the model to say that it lacks "
        "the information."
    )
    parts = [f"<h1>Data preparation</h1><p class=big>{escape(total)}</p>"]
    for name, title in CHARTS.items():
        values = counts["reasons"] if name == "reasons" else report.get(name) or {}
        parts.append(f"<h2>{title}</h2>{bars(values)}")
    page = "".join(parts)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Data preparation</title><style>{STYLE}</style>{page}"
    )


def bars(values: Mapping[str, int]) -> str:
    """Return a table of numbers with a bar beside each, the largest first."""
    if not values:
        return "<p>None.</p>"
    most = max(values.values()) or 1
    rows = "".join(
        f"<tr><td>{escape(str(name))}<td class=n>{count}<td class=b><svg width=100% height=14 role=img "
        f'aria-label="{count}"><rect width="{100 * count / most:.1f}%" height=14 rx=2 /></svg>'
        for name, count in sorted(values.items(), key=lambda item: (-item[1], item[0]))
    )
    return f"<table>{rows}</table>"
