"""Results: from what the models said to the tables of the report, as plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pipeline.evaluate.assessment import Assessed, Plan
from pipeline.evaluate.comparison import compare
from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.intervals import estimate
from pipeline.evaluate.metrics.base import Metric
from pipeline.evaluate.metrics.registry import HEADLINES, all_metrics
from pipeline.evaluate.metrics.token_f1 import TokenF1
from pipeline.evaluate.perturbations.registry import all_perturbations
from pipeline.evaluate.slices import sliced
from pipeline.settings import EvaluateSettings

CANDIDATE = "candidate"
SLICE_METRICS = ("token_f1", "exact_match")


def metric_tables(settings: EvaluateSettings, assessed: Mapping[str, Sequence[Outcome]]) -> list[dict[str, Any]]:
    """Return one table row for each metric that applies: its declaration, every model's value, and differences."""
    rows = []
    for metric in all_metrics().values():
        values = {
            role: estimate(metric, outcomes, settings.bootstrap_samples, settings.seed)
            for role, outcomes in assessed.items()
        }
        if all(value.value is None for value in values.values()):
            continue
        differences = {
            role: compare(metric, assessed[CANDIDATE], outcomes, settings.bootstrap_samples, settings.seed)
            for role, outcomes in assessed.items()
            if role != CANDIDATE and CANDIDATE in assessed
        }
        rows.append(
            {
                **declaration(metric),
                "headline": metric.name in HEADLINES,
                "values": {role: asdict(value) for role, value in values.items()},
                "differences": {role: asdict(found) for role, found in differences.items() if found},
            }
        )
    return rows


def declaration(metric: Metric) -> dict[str, Any]:
    """Return a metric's declared fields."""
    return {
        "name": metric.name,
        "title": metric.title,
        "group": metric.group,
        "measures": metric.measures,
        "source": metric.source,
        "higher_is_better": metric.higher_is_better,
        "range": [None if math.isinf(end) else end for end in metric.range],
        "unit": metric.unit,
    }


def slice_tables(settings: EvaluateSettings, assessed: Mapping[str, Sequence[Outcome]]) -> list[dict[str, Any]]:
    """Return the candidate's slices, each with the other models' first metric on the same questions."""
    metrics = [all_metrics()[name] for name in SLICE_METRICS]
    tables = {
        role: sliced(outcomes, metrics, settings.bootstrap_samples, settings.seed)
        for role, outcomes in assessed.items()
    }
    others = {role: {(part.kind, part.name): part for part in parts} for role, parts in tables.items()}
    return [
        {
            "kind": part.kind,
            "name": part.name,
            "count": part.count,
            "small": part.small,
            "weak": part.weak,
            "values": {
                role: {name: asdict(found) for name, found in parts[part.kind, part.name].estimates.items()}
                for role, parts in others.items()
            },
        }
        for part in tables[CANDIDATE]
    ]


def robustness_tables(assessed: Mapping[str, Assessed]) -> dict[str, Any]:
    """Return each model's robustness by kind of attack, with one telling example each for the candidate."""
    known = all_perturbations()
    found = {role: item.robustness for role, item in assessed.items() if item.robustness}
    metric = TokenF1()
    examples: dict[str, dict[str, Any]] = {}
    for attacked in found[CANDIDATE].attacked if CANDIDATE in found else ():
        loss = metric.score(attacked.clean) - metric.score(attacked.outcome)
        kept = examples.get(attacked.perturbation)
        if kept is None or loss > kept["loss"]:
            examples[attacked.perturbation] = {
                "loss": loss,
                "question": attacked.clean.example.question,
                "attacked_question": attacked.outcome.example.question,
                "context_changed": attacked.clean.example.context != attacked.outcome.example.context,
                "answer": attacked.clean.prediction,
                "attacked_answer": attacked.outcome.prediction,
            }
    return {
        "kinds": {
            name: {"title": kind.title, "imitates": kind.imitates, "source": kind.source, "changes": kind.changes}
            for name, kind in known.items()
        },
        "scores": {role: item.score for role, item in found.items()},
        "attacks": {role: {attack.name: asdict(attack) for attack in item.attacks} for role, item in found.items()},
        "examples": examples,
    }


def benchmark_tables(settings: EvaluateSettings, what: Plan, assessed: Mapping[str, Assessed]) -> list[dict[str, Any]]:
    """Return each benchmark's metrics for every model that ran it."""
    tables = []
    for benchmark in what.benchmarks:
        outcomes = {role: item.benchmarks[benchmark.name] for role, item in assessed.items() if item.benchmarks}
        group = {"answers"} if benchmark.kind == "generation" else {"classification"}
        rows = [row for row in metric_tables(settings, outcomes) if row["group"] in group]
        tables.append(
            {
                "name": benchmark.name,
                "kind": benchmark.kind,
                "count": len(benchmark.examples),
                "choices": sorted({choice for example in benchmark.examples for choice in example.choices}),
                "metrics": rows,
            }
        )
    return tables


def harness_table(assessed: Mapping[str, Assessed]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the values of lm-evaluation-harness tasks by task, metric and model."""
    table: dict[str, dict[str, dict[str, float]]] = {}
    for role, item in assessed.items():
        for task, values in item.harness.items():
            for name, value in values.items():
                table.setdefault(task, {}).setdefault(name, {})[role] = value
    return table


def side_by_side(assessed: Mapping[str, Assessed]) -> list[dict[str, Any]]:
    """Return one row for each held-out question, with every model's answer in a column named after its role."""
    metric = TokenF1()
    rows = []
    for place, outcome in enumerate(assessed[CANDIDATE].outcomes):
        said = {role: item.outcomes[place] for role, item in assessed.items()}
        rows.append(
            {
                **_question(outcome),
                **{role: found.prediction for role, found in said.items()},
                **{f"{role}_token_f1": metric.score(found) for role, found in said.items()},
                **{f"{role}_refused": found.refused for role, found in said.items()},
            }
        )
    return rows


def generation_rows(assessed: Mapping[str, Assessed]) -> list[dict[str, Any]]:
    """Return every answer that was given, one row for each model, question and kind of asking."""
    rows = []
    for role, item in assessed.items():
        rows += [_answer(role, "held-out", "", outcome) for outcome in item.outcomes]
        for attacked in item.robustness.attacked if item.robustness else ():
            rows.append(_answer(role, "attacked", attacked.perturbation, attacked.outcome))
        for name, outcomes in item.benchmarks.items():
            rows += [_answer(role, "benchmark", name, outcome) for outcome in outcomes]
    return rows


def _answer(role: str, kind: str, detail: str, outcome: Outcome) -> dict[str, Any]:
    metrics = all_metrics()
    free = not outcome.example.labels
    return {
        "model": role,
        "kind": kind,
        "detail": detail,
        **_question(outcome),
        "answer": outcome.prediction,
        "refused": outcome.refused,
        "labels": list(outcome.labels) if outcome.labels is not None else None,
        "token_f1": metrics["token_f1"].value([outcome]) if free else None,
        "exact_match": metrics["exact_match"].value([outcome]) if free else None,
        "rouge_l": metrics["rouge_l"].value([outcome]) if free else None,
        "log_likelihood": outcome.log_likelihood,
        "tokens": outcome.tokens,
    }


def _question(outcome: Outcome) -> dict[str, Any]:
    return {
        "question_id": outcome.example.question_id,
        "data_source": outcome.example.source,
        "provenance": outcome.example.provenance,
        "language": outcome.example.language,
        "topic": outcome.example.topic,
        "is_refusal": outcome.example.refusal,
        "question": outcome.example.question,
        "context": outcome.example.context,
        "reference": outcome.example.reference,
    }
