"""Asking: every model gets the same questions, attacks and benchmarks, one model in memory at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.evaluate.baseline import baseline_outcomes
from pipeline.evaluate.benchmarks_adapter import Benchmark, load_benchmark, run_benchmark
from pipeline.evaluate.examples import Example, Outcome
from pipeline.evaluate.generation import Responder, Speed
from pipeline.evaluate.harness import require_harness, run_harness
from pipeline.evaluate.perturbations.registry import chosen_perturbations
from pipeline.evaluate.refusal import is_refusal
from pipeline.evaluate.reliability import Reliability, repeated
from pipeline.evaluate.robustness import Robustness, measure, perturbed

if TYPE_CHECKING:
    from pipeline.refusal_texts import RefusalTexts
from pipeline.settings import EvaluateSettings

BASELINE = "baseline"
"""The role of the extractive baseline, which is no model."""


@dataclass
class Assessed:
    """Everything that one model said."""

    role: str
    outcomes: list[Outcome]
    robustness: Robustness | None = None
    reliability: Reliability | None = None
    benchmarks: dict[str, list[Outcome]] = field(default_factory=dict)
    harness: dict[str, dict[str, float]] = field(default_factory=dict)
    speed: Speed | None = None


@dataclass(frozen=True)
class Plan:
    """What every model is asked: fixed before the first model is loaded, so that all are asked the same."""

    examples: list[Example]
    likelihood_places: list[int]
    repetition_places: list[int]
    attacks: dict[str, tuple[list[tuple[int, Example]], int]]
    benchmarks: list[Benchmark]
    refusals: RefusalTexts


def plan(settings: EvaluateSettings, examples: list[Example], refusals: RefusalTexts) -> Plan:
    """Draw the samples. Raises SettingsError for a perturbation that does not exist, PipelineError for a benchmark."""
    if settings.harness_tasks:
        require_harness()
    return Plan(
        examples=examples,
        likelihood_places=sampled(examples, settings.likelihood_examples, settings.seed, "likelihood"),
        repetition_places=sampled(examples, settings.repetition_examples, settings.seed, "repetition"),
        attacks=perturbed(
            chosen_perturbations(settings.perturbations), examples, settings.perturbation_examples, settings.seed
        ),
        benchmarks=[load_benchmark(place, settings.benchmark_examples) for place in settings.benchmarks],
        refusals=refusals,
    )


def assess(settings: EvaluateSettings, role: str, responder: Responder, what: Plan) -> Assessed:
    """Ask one model everything that the plan holds, and let go of it.

    The base model is not attacked (nobody is to use it), and only the candidate is asked again for reliability.
    """
    texts = responder.answers(what.examples, settings.max_new_tokens)
    outcomes = [
        Outcome(example, text, refused=is_refusal(text, what.refusals.every()))
        for example, text in zip(what.examples, texts, strict=True)
    ]
    outcomes = _with_likelihoods(responder, outcomes, what.likelihood_places)
    assessed = Assessed(role, outcomes, speed=responder.speed)
    if role != "base" and any(changed for changed, _ in what.attacks.values()):
        assessed.robustness = measure(
            outcomes,
            what.attacks,
            lambda asked: responder.answers(asked, settings.max_new_tokens),
            lambda text: is_refusal(text, what.refusals.every()),
            settings.bootstrap_samples,
            settings.seed,
        )
    for benchmark in what.benchmarks:
        tokens = settings.max_new_tokens if benchmark.kind == "generation" else settings.benchmark_max_new_tokens
        assessed.benchmarks[benchmark.name] = run_benchmark(benchmark, responder, tokens)
    if role == "candidate":
        assessed.reliability = _reliability(settings, responder, [outcomes[place] for place in what.repetition_places])
    if settings.harness_tasks:
        assessed.harness = run_harness(
            responder.answerer, settings.harness_tasks, settings.harness_path, settings.harness_limit, settings.seed
        )
    responder.close()
    return assessed


def assess_baseline(what: Plan) -> Assessed:
    """Return what the extractive baseline says; it reads no question twice and costs nothing."""
    return Assessed(BASELINE, baseline_outcomes(what.examples, what.refusals))


def sampled(examples: Sequence[Example], count: int, seed: int, purpose: str) -> list[int]:
    """Return the places of `count` examples, chosen by hash so that the choice hardly moves when rows come and go."""
    ranked = sorted(
        range(len(examples)),
        key=lambda place: hashlib.sha256(f"{seed}\0{purpose}\0{examples[place].question_id}".encode()).digest(),
    )
    return sorted(ranked[:count])


def _with_likelihoods(responder: Responder, outcomes: list[Outcome], places: list[int]) -> list[Outcome]:
    asked = [outcomes[place].example for place in places]
    scores = responder.likelihoods(asked, [example.reference for example in asked])
    measured = dict(zip(places, scores, strict=True))
    return [
        replace(outcome, log_likelihood=measured[place][0], tokens=measured[place][1]) if place in measured else outcome
        for place, outcome in enumerate(outcomes)
    ]


def _reliability(settings: EvaluateSettings, responder: Responder, outcomes: list[Outcome]) -> Reliability | None:
    from pipeline.encoding import Asked

    def ask(examples: Sequence[Example], batch_size: int) -> list[str]:
        answerer = responder.answerer
        kept, answerer.batch_size = answerer.batch_size, batch_size
        try:
            asked = [Asked(example.context, example.question) for example in examples]
            return answerer.answer(asked, max_new_tokens=settings.max_new_tokens)
        finally:
            answerer.batch_size = kept

    return repeated(outcomes, ask, settings.batch_size)
