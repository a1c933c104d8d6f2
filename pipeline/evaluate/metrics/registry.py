"""All metrics, by name."""

from __future__ import annotations

import functools

import pipeline.evaluate.metrics as package
from pipeline.evaluate.metrics.base import Metric
from pipeline.evaluate.plugins import discover

HEADLINES = ("token_f1", "exact_match", "rouge_l", "bleu", "refusal_f1", "groundedness", "perplexity")
"""What people read first: whether the answer is right, whether it is refused when it should, and how sure it is."""


@functools.cache
def all_metrics() -> dict[str, Metric]:
    """Return one instance of every metric, headlines first."""
    metrics = {metric.name: metric() for metric in discover(package, Metric)}  # type: ignore[type-abstract]
    order = {name: place for place, name in enumerate(HEADLINES)}
    return dict(sorted(metrics.items(), key=lambda item: (order.get(item[0], len(order)), item[1].group, item[0])))
