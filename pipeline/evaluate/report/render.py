"""The page: the report document, drawn by a template that escapes everything."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.evaluate.ratings import DIMENSIONS
from pipeline.evaluate.report import charts, format

FOLDER = Path(__file__).parent
TITLES = {
    "candidate": "Candidate",
    "champion": "Champion",
    "base": "Base model",
    "baseline": "Extractive baseline",
}
GROUPS = {
    "answers": "Answers",
    "refusals": "Refusals",
    "language": "Language",
    "style": "Style and readability",
    "classification": "Classification",
}
FIRST_METRICS = ("accuracy", "subset_accuracy", "f1_macro", "precision_at_1", "hamming_loss", "token_f1", "exact_match")
"""What is shown of a benchmark; the other metrics fold away."""


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(visible=format.visible, link=format.link, percent=format.percent, marked=format.marked)
    environment.globals.update(number=format.number, signed=format.signed)
    return environment


def render(report: Mapping[str, Any]) -> str:
    """Return the report as one self-contained HTML page without scripts and without references to other places."""
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=report,
        style=(FOLDER / "style.css").read_text(encoding="utf-8"),
        titles=TITLES,
        groups=GROUPS,
        dimensions=DIMENSIONS,
        first_metrics=FIRST_METRICS,
        headline_chart=_headline_chart(report),
        difference_charts=_difference_charts(report),
        robustness_chart=_robustness_chart(report),
        slice_kinds=_slice_kinds(report["slices"]),
    )


def template_files() -> list[Path]:
    """Return the files besides code that decide what the page looks like."""
    return sorted(path for path in FOLDER.iterdir() if path.suffix in (".j2", ".css"))


def _headline_chart(report: Mapping[str, Any]) -> dict[str, Any] | None:
    metric = next(row for row in report["metrics"] if row["name"] == "token_f1")
    rows = [
        {
            "label": TITLES[role],
            "kind": role,
            **{key: metric["values"][role][key] for key in ("value", "low", "high")},
            "text": format.number(metric["values"][role]["value"], metric),
        }
        for role in report["roles"]
    ]
    return charts.whiskers(rows, zero=False, floor=0.0)


def _difference_charts(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One chart for each rival, of the headline metrics that are shares, so that one axis serves them all."""
    found = []
    for role in ("champion", "base", "baseline"):
        rows = []
        for metric in report["metrics"]:
            gap = metric["differences"].get(role)
            if not gap or not metric["headline"] or metric["unit"] != "share":
                continue
            kind = {"better": "better", "worse": "worse"}.get(gap["direction"], "unclear")
            values = {"value": gap["difference"], "low": gap["low"], "high": gap["high"]}
            text = format.signed(gap["difference"], metric)
            rows.append({"label": metric["title"], "kind": kind, "text": text, **values})
        chart = charts.whiskers(rows, zero=True)
        if chart:
            found.append({"role": role, "chart": chart})
    return found


def _robustness_chart(report: Mapping[str, Any]) -> dict[str, Any] | None:
    robustness = report["robustness"]
    attacks = robustness["attacks"].get("candidate", {})
    rows = [
        {
            "label": robustness["kinds"][name]["title"],
            "kind": "candidate",
            "value": attack["score"],
            "low": attack["low"],
            "high": attack["high"],
            "text": format.percent(attack["score"]),
        }
        for name, attack in attacks.items()
    ]
    return charts.whiskers(rows, zero=False, floor=0.0) if rows else None


def _slice_kinds(slices: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for part in slices:
        kinds.setdefault(part["kind"], []).append(part)
    return kinds
