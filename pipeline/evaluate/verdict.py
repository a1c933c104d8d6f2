"""The verdict of the evaluation, in words: what a reviewer should know before reading a single table.

It decides nothing: the gate applies the policy's thresholds to the numbers. It says what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HEADLINE = "token_f1"
CLEAR = {"better": "good", "worse": "bad"}
NAMES = {
    "base": "the base model",
    "champion": "the published model",
    "baseline": "the extractive baseline",
}
FEW = 100
"""Below this many questions a difference of a few points cannot be seen."""


def verdict(
    metrics: Sequence[Mapping[str, Any]], questions: int, slices: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a headline, its tone (`good`, `bad`, `open`) and the points under it.

    Against each other model the headline metric decides; every other headline metric that is clearly worse is named.
    """
    by_name = {row["name"]: row for row in metrics}
    points = []
    for role, name in NAMES.items():
        found = by_name[HEADLINE]["differences"].get(role)
        if found:
            points.append(_against(by_name[HEADLINE], role, name, found))
    points += _regressions(metrics)
    points += _refusals(by_name)
    points += _weak(slices)
    if questions < FEW:
        points.append(
            {
                "tone": "open",
                "about": "size",
                "text": f"{questions} questions tell large differences only: see the intervals",
            }
        )
    return {"tone": _tone(points), "headline": _headline(points), "points": points}


def _against(row: Mapping[str, Any], role: str, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    tone = CLEAR.get(found["direction"], "open")
    words = {"better": "clearly better than", "worse": "clearly worse than"}.get(
        found["direction"], "not clearly different from"
    )
    text = (
        f"{words} {name}: {row['title']} {_points(found['difference'])} points "
        f"(95 % interval {_points(found['low'])} to {_points(found['high'])}, p = {found['p_value']:.3f})"
    )
    return {"tone": tone, "about": role, "metric": row["name"], "text": text[:1].upper() + text[1:]}


def _regressions(metrics: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    points = []
    for row in metrics:
        for role, found in row["differences"].items():
            if row["headline"] and row["name"] != HEADLINE and found["direction"] == "worse" and role != "baseline":
                text = f"{row['title']} is clearly worse than that of {NAMES[role]}"
                points.append({"tone": "bad", "about": role, "metric": row["name"], "text": text})
    return points


def _refusals(by_name: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Say how often the candidate refuses rightly and wrongly, in counts, which small samples need."""
    parts = []
    for name, of in (("refusal_recall", "lacks the answer"), ("false_refusal_rate", "has it")):
        found = by_name.get(name, {}).get("values", {}).get("candidate")
        if found and found["value"] is not None:
            parts.append(f"{round(found['value'] * found['count'])} of {found['count']} questions whose context {of}")
    return [{"tone": "open", "about": "refusals", "text": "Refuses " + " and ".join(parts)}] if parts else []


def _weak(slices: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    weak = [f"{part['name']} ({part['count']} questions)" for part in slices if part["weak"]]
    text = "Weaker than elsewhere on: " + "; ".join(weak)
    return [{"tone": "open", "about": "slices", "text": text}] if weak else []


def _tone(points: Sequence[Mapping[str, Any]]) -> str:
    tones = {point["about"]: point["tone"] for point in points if point.get("metric") == HEADLINE}
    if any(point["tone"] == "bad" and point["about"] in ("base", "champion") for point in points):
        return "bad"
    rival = tones.get("champion", tones.get("base", "open"))
    return "good" if rival == "good" else "open"


def _headline(points: Sequence[Mapping[str, Any]]) -> str:
    tones = {point["about"]: point["tone"] for point in points if point.get("metric") == HEADLINE}
    if not tones:
        return "The candidate was measured alone: there is nothing to compare it with"
    rival = "champion" if "champion" in tones else "base" if "base" in tones else "baseline"
    text = {"good": "better than", "bad": "worse than", "open": "not clearly different from"}[tones[rival]]
    headline = f"The candidate is {text} {NAMES[rival]}"
    if rival != "baseline" and tones.get("baseline") == "bad":
        headline += ", and worse than copying the best-matching sentence of the context"
    return headline


def _points(value: float) -> str:
    text = f"{100 * value:+.1f}"
    return "0" if float(text) == 0 else text.replace("-", "\u2212")
