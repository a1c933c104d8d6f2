"""The report as one JSON document: everything the page shows, and nothing that changes from run to run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.evaluate import results
from pipeline.evaluate.assessment import Assessed, Plan
from pipeline.evaluate.examples import Example, Outcome
from pipeline.evaluate.metrics.token_f1 import TokenF1
from pipeline.evaluate.verdict import verdict
from pipeline.settings import EvaluateSettings

VERSION = 1
WORST = 8
CHANGED = 5
SHOWN = 200
"""The page shows at most this many answers in full; the data beside it has all."""


def build(
    settings: EvaluateSettings,
    what: Plan,
    assessed: Mapping[str, Assessed],
    models: Mapping[str, Mapping[str, Any]],
    data: Mapping[str, Any],
    judged: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the report. `models` says what is known of each role, `data` where the questions came from."""
    outcomes = {role: item.outcomes for role, item in assessed.items()}
    metrics = results.metric_tables(settings, outcomes)
    slices = results.slice_tables(settings, outcomes)
    candidate = assessed[results.CANDIDATE]
    reliability = candidate.reliability
    report = {
        "version": VERSION,
        "verdict": verdict(metrics, len(what.examples), slices),
        "roles": list(assessed),
        "models": {role: dict(models.get(role, {})) for role in assessed},
        "data": {**data, **_described(what.examples)},
        "settings": settings.model_dump(mode="json", exclude={"judge_key"}),
        "metrics": metrics,
        "slices": slices,
        "robustness": results.robustness_tables(assessed),
        "reliability": None
        if reliability is None
        else {
            "first_f1": reliability.first_f1,
            "deviation": reliability.deviation,
            "repetitions": [
                {"name": r.name, "count": r.count, "identical": r.identical, "similarity": r.similarity, "f1": r.f1}
                for r in reliability.repetitions
            ],
        },
        "benchmarks": results.benchmark_tables(settings, what, assessed),
        "harness": results.harness_table(assessed),
        "judge": dict(judged) if judged else None,
        "ratings": None,
        "answers": side_by_side(outcomes),
    }
    cleaned: dict[str, Any] = _plain(report)
    return cleaned


def _described(examples: Sequence[Example]) -> dict[str, Any]:
    counts: dict[str, dict[str, int]] = {"sources": {}, "languages": {}}
    for example in examples:
        for name, value in (("sources", example.source), ("languages", example.language or "unknown")):
            counts[name][value] = counts[name].get(value, 0) + 1
    return {
        "questions": len(examples),
        "refusals": sum(example.refusal for example in examples),
        **{name: dict(sorted(found.items())) for name, found in counts.items()},
    }


def side_by_side(outcomes: Mapping[str, Sequence[Outcome]]) -> dict[str, Any]:
    """Return every question with all models' answers, and which to look at first: worst, most gained, most lost."""
    metric = TokenF1()
    rows: list[dict[str, Any]] = []
    for place, outcome in enumerate(outcomes[results.CANDIDATE]):
        answers = {
            role: {
                "text": found[place].prediction,
                "token_f1": metric.score(found[place]),
                "refused": found[place].refused,
            }
            for role, found in outcomes.items()
        }
        example = outcome.example
        rows.append(
            {
                "question_id": example.question_id,
                "question": example.question,
                "context": example.context,
                "reference": example.reference,
                "provenance": example.provenance,
                "source": example.source,
                "language": example.language,
                "is_refusal": example.refusal,
                "answers": answers,
            }
        )
    rival = "champion" if "champion" in outcomes else "base" if "base" in outcomes else None
    own = [row["answers"][results.CANDIDATE]["token_f1"] for row in rows]
    gains = [own[place] - row["answers"][rival]["token_f1"] if rival else 0.0 for place, row in enumerate(rows)]
    order = sorted(range(len(rows)), key=lambda place: (own[place], gains[place], rows[place]["question_id"]))
    ranked = sorted(range(len(rows)), key=lambda place: (gains[place], rows[place]["question_id"]))
    return {
        "rival": rival,
        "worst": order[:WORST],
        "lost": [place for place in ranked if gains[place] < 0][:CHANGED],
        "gained": [place for place in reversed(ranked) if gains[place] > 0][:CHANGED],
        "order": order[:SHOWN],
        "rows": [rows[place] if place in set(order[:SHOWN]) else None for place in range(len(rows))],
    }


def _plain(value: Any) -> Any:
    """Return a value without NaN and infinities, which JSON does not have, and rounded so that platforms agree."""
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
