"""Perplexity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import Floats, Metric, ratio


class Perplexity(Metric):
    """How surprised the model is by the references."""

    name = "perplexity"
    title = "Perplexity of answers"
    group = "language"
    measures = "exp of the mean negative log-likelihood per token of the reference answers, given context and question"
    source = (
        "Jelinek et al. 1977; per token of the model's own tokenizer, end token included, prompt tokens not counted"
    )
    higher_is_better = False
    range = (1.0, float("inf"))
    unit = "per token"

    def applies(self, outcome: Outcome) -> bool:
        """Only where the likelihood was measured."""
        return outcome.log_likelihood is not None and bool(outcome.tokens)

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return the perplexity over all tokens."""
        return float(self.combine(self.statistics(outcomes).sum(axis=0, keepdims=True))[0])

    def statistics(self, outcomes: Sequence[Outcome]) -> Floats:
        """Return log-likelihood and number of tokens."""
        rows = [(o.log_likelihood, o.tokens) if self.applies(o) else (0.0, 0.0) for o in outcomes]
        return np.array(rows, dtype=np.float64).reshape(len(rows), 2)

    def combine(self, totals: Floats) -> Floats:
        """Return exp of the mean surprise."""
        with np.errstate(over="ignore"):
            return np.exp(-ratio(totals[:, 0], totals[:, 1]))
