"""Diversity of a model's answers: distinct n-grams and self-BLEU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import Metric
from pipeline.evaluate.metrics.bleu import prepared, scorer
from pipeline.evaluate.text import words

SELF_BLEU_ANSWERS = 100
"""Self-BLEU compares every answer with every other: beyond this many it is taken on the first ones by question id."""


def distinct(texts: Sequence[str], n: int) -> float:
    """Return the number of different n-grams over the number of all n-grams; NaN without any."""
    grams = [
        tuple(found[start : start + n]) for found in map(words, texts) for start in range(max(0, len(found) - n + 1))
    ]
    return len(set(grams)) / len(grams) if grams else float("nan")


class _Distinct(Metric):
    n: ClassVar[int]
    group = "language"
    source = "Li et al. 2016 (distinct-n); falls with the amount of text, so compare models on the same questions only"
    higher_is_better = None
    range = (0.0, 1.0)
    unit = "share"

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return distinct-n over all answers taken together."""
        return distinct([outcome.prediction for outcome in outcomes], self.n)


class Distinct1(_Distinct):
    """Different words."""

    name = "distinct_1"
    title = "Distinct-1"
    n = 1
    measures = "Different words over all words of all answers"


class Distinct2(_Distinct):
    """Different pairs of words."""

    name = "distinct_2"
    title = "Distinct-2"
    n = 2
    measures = "Different pairs of neighbouring words over all pairs of all answers"


class SelfBleu(Metric):
    """How much answers repeat each other."""

    name = "self_bleu"
    title = "Self-BLEU"
    group = "language"
    measures = "Mean BLEU of each answer against all other answers: high when a model says the same to every question"
    source = "Zhu et al. 2018 (Texygen), sentence BLEU by sacrebleu with effective order"
    higher_is_better = False
    range = (0.0, 100.0)
    unit = "points"

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return self-BLEU; NaN for fewer than two answers."""
        texts = [prepared(outcome.prediction) for outcome in outcomes][:SELF_BLEU_ANSWERS]
        if len(texts) < 2:
            return float("nan")
        bleu = scorer(effective_order=True)
        scores = [
            bleu.sentence_score(text, texts[:place] + texts[place + 1 :]).score for place, text in enumerate(texts)
        ]
        return float(np.mean(scores))
