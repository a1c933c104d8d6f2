"""Refusal behaviour as a binary classification: refuse when the context lacks the answer, answer when it has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import Floats, Metric, ratio


def _truth(outcomes: Sequence[Outcome]) -> tuple[list[bool], list[bool]]:
    return [o.example.refusal for o in outcomes], [o.refused for o in outcomes]


class _Refusals(Metric):
    """Counts of true positives, false positives, false negatives and true negatives; positive means refusing."""

    group = "refusals"
    source = "Binary classification by scikit-learn; unanswerable questions as in Rajpurkar et al. 2018, SQuAD 2.0"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    unit = "share"
    higher_is_better = True

    def statistics(self, outcomes: Sequence[Outcome]) -> Floats:
        """Return the four counts of each outcome."""
        rows = [
            (want and did, did and not want, want and not did, not want and not did)
            for want, did in zip(*_truth(outcomes), strict=True)
        ]
        return np.array(rows, dtype=np.float64).reshape(len(rows), 4)


class RefusalAccuracy(_Refusals):
    """Right decisions."""

    name = "refusal_accuracy"
    title = "Refusal accuracy"
    measures = "Share of questions where the model rightly chose between answering and refusing"
    is_mean = True

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return scikit-learn's accuracy."""
        from sklearn.metrics import accuracy_score

        return float(accuracy_score(*_truth(outcomes))) if outcomes else float("nan")

    def combine(self, totals: Floats) -> Floats:
        """Return right decisions over all."""
        return ratio(totals[:, 0] + totals[:, 3], totals.sum(axis=1))


class RefusalPrecision(_Refusals):
    """Refusals that were right."""

    name = "refusal_precision"
    title = "Refusal precision"
    measures = "Share of the model's refusals where the context indeed lacked the answer"
    is_mean = True

    def applies(self, outcome: Outcome) -> bool:
        """Only refusals count."""
        return outcome.refused

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return scikit-learn's precision; NaN when nothing was refused."""
        from sklearn.metrics import precision_score

        return float(precision_score(*_truth(outcomes), zero_division=np.nan)) if outcomes else float("nan")

    def combine(self, totals: Floats) -> Floats:
        """Return true positives over refusals."""
        return ratio(totals[:, 0], totals[:, 0] + totals[:, 1])


class RefusalRecall(_Refusals):
    """Unanswerable questions that were refused."""

    name = "refusal_recall"
    title = "Refusal recall"
    measures = "Share of unanswerable questions that the model refused to answer"
    is_mean = True

    def applies(self, outcome: Outcome) -> bool:
        """Only unanswerable questions count."""
        return outcome.example.refusal

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return scikit-learn's recall; NaN when every question can be answered."""
        from sklearn.metrics import recall_score

        return float(recall_score(*_truth(outcomes), zero_division=np.nan)) if outcomes else float("nan")

    def combine(self, totals: Floats) -> Floats:
        """Return true positives over unanswerable questions."""
        return ratio(totals[:, 0], totals[:, 0] + totals[:, 2])


class RefusalF1(_Refusals):
    """Precision and recall of refusals in one."""

    name = "refusal_f1"
    title = "Refusal F1"
    measures = "Harmonic mean of refusal precision and recall"

    def applies(self, outcome: Outcome) -> bool:
        """Right answers to answerable questions do not count."""
        return outcome.refused or outcome.example.refusal

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return scikit-learn's F1; NaN when nothing was or should have been refused."""
        from sklearn.metrics import f1_score

        return float(f1_score(*_truth(outcomes), zero_division=np.nan)) if outcomes else float("nan")

    def combine(self, totals: Floats) -> Floats:
        """Return F1 from the counts."""
        return ratio(2 * totals[:, 0], 2 * totals[:, 0] + totals[:, 1] + totals[:, 2])


class FalseRefusalRate(_Refusals):
    """Answerable questions that were refused."""

    name = "false_refusal_rate"
    title = "False refusals"
    measures = "Share of answerable questions that the model refused to answer: the cost of too much caution"
    higher_is_better = False
    is_mean = True

    def applies(self, outcome: Outcome) -> bool:
        """Only answerable questions count."""
        return not outcome.example.refusal

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return false positives over answerable questions, by scikit-learn as one minus specificity."""
        from sklearn.metrics import recall_score

        truth, refused = _truth(outcomes)
        if not outcomes or all(truth):
            return float("nan")
        return 1 - float(recall_score(truth, refused, pos_label=False, zero_division=np.nan))

    def combine(self, totals: Floats) -> Floats:
        """Return false positives over answerable questions."""
        return ratio(totals[:, 1], totals[:, 1] + totals[:, 3])
