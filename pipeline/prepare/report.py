"""The data report: what came in, what went on, what was set aside and why, on one page without anything to fetch."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from pipeline.prepare.charts import bars, histogram

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--line:#d0d7de;--bar:#2f6f9f;--bad:#b3261e;--good:#1a7f37}
@media(prefers-color-scheme:dark){
:root{--ink:#e6edf3;--paper:#0d1117;--line:#30363d;--bar:#58a6ff;--bad:#ff7b72;--good:#3fb950}}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
body{color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}.lead{font-size:1.2rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.25rem .6rem .25rem 0;vertical-align:top;font-weight:400}
thead th{font-weight:600}td.n{text-align:right;width:6rem;font-variant-numeric:tabular-nums}td.b{width:40%}
rect{fill:var(--bar)}svg text{font:11px system-ui,sans-serif;fill:var(--ink)}figure{margin:1rem 0}
.bad{color:var(--bad)}.good{color:var(--good)}@media print{body{margin:0;max-width:none}}
""".strip()


def render(report: Mapping[str, Any]) -> str:
    """Return the page. Every text in it is escaped: names of sources and reasons come from outside."""
    figures = report["figures"]
    parts = [
        "<h1>Data preparation</h1>",
        f"<p class=lead>{escape(_summary(report))}</p>",
        _warnings(report["warnings"]),
        "<h2>Expectations</h2>",
        _expectations(report["expectations"]),
        "<h2>Set aside, by reason</h2>",
        bars(figures["reasons"]),
        _contradictions(report["decisions"]["contradictions"]),
        "<h2>Rows that go on, by source</h2>",
        bars(figures["sources"]),
        "<h2>Splits</h2>",
        bars(figures["splits"]),
        f"<p>{escape(_leakage(report['decisions']['leakage']))}</p>",
        "<h2>Languages</h2>",
        bars(figures["languages"]),
        "<h2>Licences</h2>",
        bars(figures["licences"]),
        "<h2>Personal data that was replaced</h2>",
        "<p>Counted by type; no value is kept in this report, in logs or in the texts of any dataset of this stage. "
        "The addresses of documents stay as the sources give them.</p>",
        bars(figures["personal_data"], "findings"),
        "<details><summary>By source</summary>",
        bars(figures["personal_data_by_source"], "findings"),
        "</details><h2>Lengths</h2>",
        *(histogram(figures[f"{name}_lengths"], f"Length of the {name}") for name in ("question", "answer", "context")),
        "<h2>How much of the answer the context holds</h2>",
        histogram({int(k) * 10: v for k, v in figures["support"].items()}, "Support of the answers", "percent"),
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Data preparation</title><style>{STYLE}</style>{''.join(parts)}</html>"
    )


def _summary(report: Mapping[str, Any]) -> str:
    counts, figures = report["counts"], report["figures"]
    duplicates = report["decisions"]["duplicates"]
    return (
        f"{counts['rows_in']:,} rows came in, {counts['rows_out']:,} go on to training and evaluation, "
        f"{counts['set_aside']:,} were set aside, of them {duplicates['exact']:,} exact and {duplicates['near']:,} "
        f"near duplicates. {figures['refusals']:,} rows teach the model to say that it lacks the information."
    )


def _warnings(warnings: list[str]) -> str:
    if not warnings:
        return ""
    return f"<h2>Warnings</h2><ul>{''.join(f'<li class=bad>{escape(text)}' for text in warnings)}</ul>"


def _contradictions(found: Mapping[str, Any]) -> str:
    if not found["pairs"]:
        return ""
    shown = "".join(f"<li>{escape(one)} and {escape(other)}" for one, other in found["examples"])
    return (
        f"<h2>Answers that contradict each other</h2><p>{found['pairs']:,} pairs of rows that go on ask and say nearly "
        f"the same, but for a number, negation or sign in the answer. Question ids of the first ones:<ul>{shown}</ul>"
    )


def _leakage(measured: Mapping[str, Any]) -> str:
    if not measured["checked"]:
        return "There are no held-out rows to compare with the training rows."
    nearest, least = measured["highest_similarity"], measured["told_from"]
    return (
        f"All {measured['checked']:,} held-out rows were compared with all rows of other splits, of which "
        f"{measured['against']:,} are for training: {measured['removed']:,} were too similar and were taken out. "
        + (
            f"The most similar pair left has a Jaccard similarity of {nearest:.2f}."
            if nearest
            else f"No pair that is left has a Jaccard similarity of {least:.2f} or more."
        )
    )


def _expectations(outcomes: list[Mapping[str, Any]]) -> str:
    head = "<thead><tr><th>expectation<th class=n>measured<th>expected<th>result</thead>"
    rows = "".join(
        f"<tr><td>{escape(one['says'])}<td class=n>{one['value']:.4g}<td>{escape(one['bound'])} {one['limit']:.4g}"
        f"<td class={'good' if one['met'] else 'bad'}>{'met' if one['met'] else escape(one['remedy'])}"
        for one in outcomes
    )
    return f"<table>{head}{rows}</table>"
