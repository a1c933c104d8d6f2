"""Accuracy, subset accuracy and Hamming loss of predicted label sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import Floats, ratio
from pipeline.evaluate.metrics.labels import LabelMetric, LabelScore, indicators


class Accuracy(LabelScore):
    """How much of the label sets agrees."""

    name = "accuracy"
    title = "Accuracy"
    measures = "Labels in common over labels in either, mean over answers; with one label each, the share of right ones"
    source = "Godbole and Sarawagi 2004; equal to scikit-learn's accuracy_score (one label) and jaccard_score (samples)"

    def score(self, outcome: Outcome) -> float:
        """Return the Jaccard index of the two sets."""
        gold, predicted = set(outcome.example.labels), set(outcome.labels or ())
        return len(gold & predicted) / len(gold | predicted)


class SubsetAccuracy(LabelScore):
    """Label sets that are right as a whole."""

    name = "subset_accuracy"
    title = "Subset accuracy"
    measures = "Share of answers whose labels are exactly the gold labels"
    source = "Equal to scikit-learn's accuracy_score on label indicators"

    def score(self, outcome: Outcome) -> float:
        """Return 1 for equal sets, else 0."""
        return float(set(outcome.example.labels) == set(outcome.labels or ()))


class HammingLoss(LabelMetric):
    """Wrong decisions on single labels."""

    name = "hamming_loss"
    title = "Hamming loss"
    measures = "Share of all decisions (answer x class) that are wrong: a class missing or too many"
    higher_is_better = False

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return scikit-learn's loss."""
        from sklearn.metrics import hamming_loss

        classified = self.selected(outcomes)
        return float(hamming_loss(*indicators(classified, every_choice=True))) if classified else float("nan")

    def statistics(self, outcomes: Sequence[Outcome]) -> Floats:
        """Return wrong decisions and all decisions of each outcome."""
        gold, predicted = indicators(outcomes, every_choice=True)
        wrong = np.abs(gold - predicted).sum(axis=1)
        counts = np.stack([wrong, np.full(len(outcomes), float(gold.shape[1]))], axis=1)
        counts[[not self.applies(outcome) for outcome in outcomes]] = 0
        return counts

    def combine(self, totals: Floats) -> Floats:
        """Return wrong over all."""
        return ratio(totals[:, 0], totals[:, 1])
