"""One model against another on the same questions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.errors import PipelineError
from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.intervals import CHUNK, percentile_interval, resampled
from pipeline.evaluate.metrics.base import Floats, Metric

SIGNIFICANT = 0.05
"""p-value below which a difference is more than chance, beside an interval without nought."""
Direction = Literal["better", "worse", "no clear difference", "differs"]


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher a metric is for the first model, its 95 % interval, and how often chance alone gives as much.

    `p_value` is two-sided. `direction` takes interval, p-value and whether higher is better into account: both have to
    exclude chance. `wins`, `losses` and `ties` count the questions where the first model scored higher, lower and the
    same (None for metrics without a score of each answer).
    """

    metric: str
    difference: float
    low: float
    high: float
    p_value: float
    direction: Direction
    count: int
    wins: int | None = None
    losses: int | None = None
    ties: int | None = None


def compare(
    metric: Metric, first: Sequence[Outcome], second: Sequence[Outcome], samples: int, seed: int
) -> Difference | None:
    """Compare two models by the paired bootstrap (Koehn 2004); None where the metric gives no interval.

    Both models are resampled with the same questions, so the difficulty of a question cancels out. The p-value is that
    of a permutation of the pairs: of a few questions that differ the bootstrap sees too little variance. Raises
    PipelineError when the two were not asked the same questions in the same order.
    """
    if [o.example.question_id for o in first] != [o.example.question_id for o in second]:
        raise PipelineError("Two models can only be compared on the same questions in the same order")
    count = sum(metric.applies(left) or metric.applies(right) for left, right in zip(first, second, strict=True))
    mine, other = metric.statistics(first), metric.statistics(second)
    if mine is None or other is None or count < 2:
        return None
    observed = metric.value(first) - metric.value(second)
    drawn = metric.combine(resampled(mine, samples, seed)) - metric.combine(resampled(other, samples, seed))
    interval = percentile_interval(drawn)
    if interval is None or math.isnan(observed):
        return None
    p_value = permutation_p_value(metric, (mine, other), observed, samples, seed)
    wins, losses, ties = _counts(mine, other)
    return Difference(
        metric=metric.name,
        difference=observed,
        low=interval[0],
        high=interval[1],
        p_value=p_value,
        direction=_direction(interval, p_value, metric.higher_is_better),
        count=count,
        wins=wins,
        losses=losses,
        ties=ties,
    )


def permutation_p_value(metric: Metric, rows: tuple[Floats, Floats], observed: float, samples: int, seed: int) -> float:
    """Return how often a difference is as large when each question's two answers change places by the toss of a coin.

    A paired permutation test, two-sided (Fisher 1935; for metrics of whole sets of answers, approximate randomisation:
    Noreen 1989, Riezler and Maxwell 2005). If neither model is better, either could have given either answer. The
    observed arrangement is one of those that are counted, so the p-value is never nought.
    """
    if observed == 0:
        return 1.0
    together, apart = (rows[0] + rows[1]).sum(axis=0), rows[0] - rows[1]
    generator = np.random.default_rng(seed)
    step = max(1, CHUNK // max(1, len(apart)))
    drawn = []
    for start in range(0, samples, step):
        size = (min(step, samples - start), len(apart))
        moved = (generator.integers(0, 2, size=size, dtype=np.int8) * 2.0 - 1.0) @ apart
        drawn.append(metric.combine((together + moved) / 2) - metric.combine((together - moved) / 2))
    found = np.concatenate(drawn)
    known = found[~np.isnan(found)]
    # The same sum in another order differs in its last digits.
    beyond = int(np.sum(np.abs(known) >= abs(observed) * (1 - 1e-9)))
    return (beyond + 1) / (len(known) + 1)


def _direction(interval: tuple[float, float], p_value: float, higher_is_better: bool | None) -> Direction:
    low, high = interval
    if low <= 0 <= high or p_value >= SIGNIFICANT:
        return "no clear difference"
    if higher_is_better is None:
        return "differs"
    return "better" if (low > 0) == higher_is_better else "worse"


def _counts(first: Floats, second: Floats) -> tuple[int, int, int] | tuple[None, None, None]:
    """Count wins, losses and ties of metrics that are means: their statistics are score and one."""
    if first.shape[1] != 2 or not np.all(first[:, 1] == 1) or not np.all(second[:, 1] == 1):
        return None, None, None
    gap = first[:, 0] - second[:, 0]
    return int(np.sum(gap > 0)), int(np.sum(gap < 0)), int(np.sum(gap == 0))
