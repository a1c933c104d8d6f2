"""Confidence intervals by the bootstrap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import Floats, Metric

LEVEL = 0.95
_Z = 1.959963984540054
CHUNK = 2_000_000
"""Upper bound of the cells of one block of resampling weights: 16 MB."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value, its 95 % interval (None where there is none) and the number of answers it rests on."""

    value: float | None
    low: float | None
    high: float | None
    count: int


def resampled(statistics: Floats, samples: int, seed: int) -> Floats:
    """Return sums of statistics over `samples` resamples of the rows, drawn with replacement.

    The same number of rows, samples and seed give the same resamples, so that two models' sums are paired.
    """
    rows = len(statistics)
    generator = np.random.default_rng(seed)
    step = max(1, CHUNK // max(1, rows))
    shares = np.full(rows, 1 / rows)
    blocks = [
        generator.multinomial(rows, shares, size=min(step, samples - start)).astype(np.float64) @ statistics
        for start in range(0, samples, step)
    ]
    return np.vstack(blocks)


def percentile_interval(values: Floats, level: float = LEVEL) -> tuple[float, float] | None:
    """Return the percentile interval (Efron and Tibshirani 1993, chapter 13); None without defined values."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def wilson_interval(successes: float, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share (Wilson 1927)."""
    share = successes / count
    centre = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def estimate(metric: Metric, outcomes: Sequence[Outcome], samples: int, seed: int) -> Estimate:
    """Return a metric over outcomes with its interval.

    Where every answer has the same score at an end of a share's range, resampling sees no variance at all: Wilson's
    interval says what so few answers can tell of a mean, and other metrics get no interval. One answer has none.
    """
    count = len(metric.selected(outcomes))
    value = metric.value(outcomes) if count else math.nan
    if math.isnan(value) or count == 0:
        return Estimate(None, None, None, count)
    statistics = metric.statistics(outcomes)
    if statistics is None or count < 2:
        return Estimate(value, None, None, count)
    interval = percentile_interval(metric.combine(resampled(statistics, samples, seed)))
    if interval is None:
        return Estimate(value, None, None, count)
    if interval[0] == interval[1] and metric.range == (0.0, 1.0) and value in (0.0, 1.0):
        if not metric.is_mean:
            return Estimate(value, None, None, count)
        interval = wilson_interval(value * count, count)
    return Estimate(value, min(interval[0], value), max(interval[1], value), count)
