"""Reliability: does a model say the same when it is asked again, alone, or in other company?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evaluate.examples import Example, Outcome
from pipeline.evaluate.metrics.token_f1 import TokenF1, token_f1


@dataclass(frozen=True, slots=True)
class Repetition:
    """One way of asking again: how many answers were the same, and how far the scores moved.

    `similarity` is the mean token F1 between the first answers and these; `f1` is the mean token F1 of these answers
    against the references.
    """

    name: str
    count: int
    identical: int
    similarity: float
    f1: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """All repetitions; `deviation` is the standard deviation of their mean token F1, the first call included."""

    repetitions: list[Repetition]
    first_f1: float
    deviation: float


def repeated(
    outcomes: Sequence[Outcome],
    ask: Callable[[Sequence[Example], int], Sequence[str]],
    batch_size: int,
) -> Reliability | None:
    """Ask the same questions again together, one by one, and in another order; None without outcomes.

    `ask` gets examples and a batch size and must not use the cache. Greedy decoding makes a repeated call the same by
    design; batches are padded, so that a single bit of rounding can tip a choice between two nearly equal words.
    """
    if not outcomes:
        return None
    metric = TokenF1()
    examples = [outcome.example for outcome in outcomes]
    ways = {
        "asked again in the same batch": (list(range(len(examples))), batch_size),
        "asked one by one": (list(range(len(examples))), 1),
        "asked in another order, in smaller batches": (list(range(len(examples)))[::-1], max(2, batch_size // 2 - 1)),
    }
    repetitions = []
    for name, (order, size) in ways.items():
        answers = dict(zip(order, ask([examples[place] for place in order], size), strict=True))
        again = [Outcome(examples[place], answers[place]) for place in range(len(examples))]
        repetitions.append(
            Repetition(
                name=name,
                count=len(again),
                identical=sum(a.prediction == b.prediction for a, b in zip(again, outcomes, strict=True)),
                similarity=float(
                    np.mean([token_f1(a.prediction, b.prediction) for a, b in zip(again, outcomes, strict=True)])
                ),
                f1=metric.value(again),
            )
        )
    first = metric.value(outcomes)
    return Reliability(repetitions, first, float(np.std([first, *(item.f1 for item in repetitions)])))
