"""Robustness: how much of its quality a model keeps when questions and contexts are perturbed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evaluate.examples import Example, Outcome
from pipeline.evaluate.intervals import percentile_interval, resampled
from pipeline.evaluate.metrics.base import ratio
from pipeline.evaluate.metrics.token_f1 import TokenF1, token_f1
from pipeline.evaluate.perturbations.base import Perturbation

CORRECT = 0.5
"""Token F1 from which an answer counts as right for the accuracy under attack."""


@dataclass(frozen=True, slots=True)
class Attack:
    """What one perturbation did to a model.

    `clean_f1` and `attacked_f1` are token F1 on the same questions; `score` is the robustness score, attacked over
    clean F1, at most 1 (None when the clean F1 is nought): one minus the performance drop rate of PromptBench (Zhu et
    al. 2023). `clean_accuracy` and `accuracy` are the shares of questions answered with a token F1 of at least 0.5,
    before and under attack; `consistency` is the token F1 between the two answers, which needs no reference.
    """

    name: str
    count: int
    not_applicable: int
    clean_f1: float
    attacked_f1: float
    clean_accuracy: float
    accuracy: float
    consistency: float
    score: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Attacked:
    """One attacked example with the outcome before and after."""

    perturbation: str
    clean: Outcome
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Robustness:
    """All attacks on one model; `score` is the mean of the kinds' scores."""

    attacks: list[Attack]
    attacked: list[Attacked]
    score: float | None


def perturbed(
    perturbations: Sequence[Perturbation], examples: Sequence[Example], per_kind: int, seed: int
) -> dict[str, tuple[list[tuple[int, Example]], int]]:
    """Return, for every kind, up to `per_kind` changed examples with the original's place, and how many could not be.

    Every kind starts at another question, so that a small budget is spread over all of them. Questions that should be
    refused are left out: there, being thrown off and refusing look the same.
    """
    usable = [place for place, example in enumerate(examples) if not example.refusal]
    made: dict[str, tuple[list[tuple[int, Example]], int]] = {}
    for number, perturbation in enumerate(perturbations):
        shift = number * len(usable) // max(1, len(perturbations))
        changed: list[tuple[int, Example]] = []
        impossible = 0
        for place in usable[shift:] + usable[:shift]:
            if len(changed) == per_kind:
                break
            example = perturbation.apply(examples[place], seed, examples)
            if example is None:
                impossible += 1
            else:
                changed.append((place, example))
        made[perturbation.name] = (changed, impossible)
    return made


def measure(
    outcomes: Sequence[Outcome],
    attacks: dict[str, tuple[list[tuple[int, Example]], int]],
    ask: Callable[[Sequence[Example]], Sequence[str]],
    refuses: Callable[[str], bool],
    samples: int,
    seed: int,
) -> Robustness:
    """Ask the changed questions, all in one call, and compare with the clean outcomes."""
    flat = [(name, place, example) for name, (changed, _) in attacks.items() for place, example in changed]
    answers = ask([example for _, _, example in flat])
    attacked = [
        Attacked(name, outcomes[place], Outcome(example, answer, refused=refuses(answer)))
        for (name, place, example), answer in zip(flat, answers, strict=True)
    ]
    results = []
    for name, (_, impossible) in attacks.items():
        pairs = [item for item in attacked if item.perturbation == name]
        if pairs:
            results.append(_attack(name, pairs, impossible, samples, seed))
    scores = [attack.score for attack in results if attack.score is not None]
    return Robustness(results, attacked, float(np.mean(scores)) if scores else None)


def _attack(name: str, pairs: Sequence[Attacked], impossible: int, samples: int, seed: int) -> Attack:
    metric = TokenF1()
    clean = np.array([metric.score(pair.clean) for pair in pairs])
    after = np.array([metric.score(pair.outcome) for pair in pairs])
    same = [token_f1(pair.outcome.prediction, pair.clean.prediction, pair.clean.example.language) for pair in pairs]
    totals = resampled(np.stack([after, clean], axis=1), samples, seed)
    interval = percentile_interval(np.minimum(1.0, ratio(totals[:, 0], totals[:, 1])))
    score = min(1.0, float(after.sum() / clean.sum())) if clean.sum() else math.nan
    known = not math.isnan(score) and interval is not None
    return Attack(
        name=name,
        count=len(pairs),
        not_applicable=impossible,
        clean_f1=float(clean.mean()),
        attacked_f1=float(after.mean()),
        clean_accuracy=float((clean >= CORRECT).mean()),
        accuracy=float((after >= CORRECT).mean()),
        consistency=float(np.mean(same)),
        score=score if known else None,
        low=interval[0] if known and interval else None,
        high=interval[1] if known and interval else None,
    )
