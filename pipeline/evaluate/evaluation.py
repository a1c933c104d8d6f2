"""A whole evaluation: ask every model, measure, judge, and lay out the report and the answers beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.encoding import prompt_limit
from pipeline.evaluate import results
from pipeline.evaluate.assessment import BASELINE, Assessed, assess, assess_baseline, plan
from pipeline.evaluate.examples import Example, Outcome, require
from pipeline.evaluate.generation import Responder
from pipeline.evaluate.models import Model
from pipeline.evaluate.ratings import DIMENSIONS, Author, BlindMix, blind_mix
from pipeline.evaluate.report.build import build
from pipeline.lake import Lake

if TYPE_CHECKING:
    from pipeline.answering import Answerer
    from pipeline.settings import Settings

ORDER = ("candidate", "champion", "base")


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    `answers` has a row for each held-out question with all models' answers; `generations` has a row for everything that
    any model said, attacks and benchmarks included; `mix` is for raters; `speed` tells how fast the models were.
    """

    report: dict[str, Any]
    answers: list[dict[str, Any]]
    generations: list[dict[str, Any]]
    mix: BlindMix
    speed: dict[str, dict[str, Any]]

    def answers_jsonl(self) -> bytes:
        """Return everything that any model said as JSON lines."""
        lines = (json.dumps(row, ensure_ascii=False, sort_keys=True) for row in self.generations)
        return "".join(f"{line}\n" for line in lines).encode()


def evaluate(
    settings: Settings, lake: Lake, models: Sequence[Model], examples: list[Example], data: Mapping[str, Any]
) -> Evaluation:
    """Evaluate models on examples, the candidate first; `data` says where the examples came from.

    Raises PipelineError when there are no examples or a model cannot be loaded.
    """
    require(examples)
    chosen = settings.evaluate
    what = plan(chosen, examples, settings.prepare.refusals())
    assessed: dict[str, Assessed] = {}
    for model in sorted(models, key=lambda model: ORDER.index(model.role)):
        assessed[model.role] = assess(chosen, model.role, _responder(settings, lake, model), what)
    assessed[BASELINE] = assess_baseline(what)
    described: dict[str, dict[str, str]] = {
        model.role: {"name": model.name, "digest": model.digest} for model in models
    }
    described[BASELINE] = {"name": "best-matching sentence of the context (BM25)"}
    report = build(chosen, what, assessed, described, data, _judged(settings, assessed))
    return Evaluation(
        report=report,
        answers=results.side_by_side(assessed),
        generations=results.generation_rows(assessed),
        mix=_mix(settings, assessed),
        speed={role: _speed(item) for role, item in assessed.items() if item.speed},
    )


def facts(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what review, gate and model card need of a report.

    `metrics` has the headline metrics: the value of each model, and the candidate's interval. `estimates` and
    `differences` have every metric with all intervals, by metric and by rival.
    """
    roles = [role for role in report["roles"] if role != results.CANDIDATE]
    return {
        "verdict": report["verdict"],
        "questions": report["data"]["questions"],
        "metrics": {row["name"]: _headline(row) for row in report["metrics"] if row["headline"]},
        "estimates": {row["name"]: row["values"] for row in report["metrics"]},
        "differences": {
            role: {row["name"]: row["differences"][role] for row in report["metrics"] if role in row["differences"]}
            for role in roles
        },
        "robustness": report["robustness"]["scores"],
        "reliability": report["reliability"] and report["reliability"]["deviation"],
        "benchmarks": {
            benchmark["name"]: {row["name"]: row["values"] for row in benchmark["metrics"]}
            for benchmark in report["benchmarks"]
        },
        "harness": report["harness"],
    }


def _headline(row: Mapping[str, Any]) -> dict[str, Any]:
    own = row["values"][results.CANDIDATE]
    interval = None if own["low"] is None else [own["low"], own["high"]]
    return {**{role: found["value"] for role, found in row["values"].items()}, "interval": interval}


def _responder(settings: Settings, lake: Lake, model: Model) -> Responder:
    def load() -> Answerer:
        from pipeline.answering import Answerer

        return Answerer(model.local(settings, lake), batch_size=settings.evaluate.batch_size, max_length=longest)

    from pipeline.precision import answering_environment

    longest = prompt_limit(settings.features.max_length)
    decoding = {"prompt_tokens": longest, **answering_environment()}
    return Responder(lake, model.digest, load, settings.audit.signing_key, decoding)


def _speed(item: Assessed) -> dict[str, Any]:
    speed = item.speed
    if speed is None:
        return {}
    rate = speed.answers_per_second
    return {
        "generated": speed.generated,
        "cached": speed.cached,
        "seconds": round(speed.seconds, 1),
        "answers_per_second": None if rate is None else round(rate, 2),
    }


def _mix(settings: Settings, assessed: Mapping[str, Assessed]) -> BlindMix:
    authors: dict[Author, list[Outcome]] = {"candidate": assessed["candidate"].outcomes}
    if "champion" in assessed:
        authors["champion"] = assessed["champion"].outcomes
    elif "base" in assessed:
        authors["base"] = assessed["base"].outcomes
    return blind_mix(authors, settings.evaluate.blind_questions, settings.evaluate.seed)


def _judged(settings: Settings, assessed: Mapping[str, Assessed]) -> dict[str, Any] | None:
    """Ask the judge model about every model's first answers, if one is configured."""
    chosen = settings.evaluate
    if not (chosen.judge_url and chosen.judge_model):
        return None
    from pipeline.evaluate.judge import Judge

    key = chosen.judge_key.get_secret_value() if chosen.judge_key else None
    judge = Judge(chosen.judge_url, chosen.judge_model, key)
    judged = {role: judge.rate(item.outcomes[: chosen.judge_examples]) for role, item in assessed.items()}
    means: dict[str, dict[str, float | None]] = {}
    for role, judgements in judged.items():
        rated = [judgement.ratings for judgement in judgements if judgement.ratings]
        means[role] = {name: float(np.mean([r[name] for r in rated])) if rated else None for name in DIMENSIONS}
    flat = [judgement for judgements in judged.values() for judgement in judgements]
    return {
        "model": chosen.judge_model,
        "count": len(assessed["candidate"].outcomes[: chosen.judge_examples]),
        "means": means,
        "problems": sum(judgement.problem is not None for judgement in flat),
        "causes": sorted({judgement.problem for judgement in flat if judgement.problem}),
    }
