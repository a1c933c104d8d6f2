"""Gold and predicted classes as indicator matrices, shared by the classification metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import Floats, Metric, PerAnswer, ratio


def indicators(outcomes: Sequence[Outcome], *, every_choice: bool = False) -> tuple[Floats, Floats]:
    """Return gold and predicted classes as two 0/1 matrices, one column for each class that occurs in either.

    With `every_choice` there is a column for each class that an answer could have named, too.
    """
    gold = [set(outcome.example.labels) for outcome in outcomes]
    predicted = [set(outcome.labels or ()) for outcome in outcomes]
    choices = [outcome.example.choices for outcome in outcomes if every_choice]
    classes = {label: place for place, label in enumerate(sorted(set().union(*gold, *predicted, *choices)))}
    matrices = np.zeros((2, len(outcomes), len(classes)))
    for matrix, sets in zip(matrices, (gold, predicted), strict=True):
        for row, labels in enumerate(sets):
            for label in labels:
                matrix[row, classes[label]] = 1
    return matrices[0], matrices[1]


def is_classified(outcome: Outcome) -> bool:
    """Tell whether an outcome belongs to a classification task."""
    return outcome.labels is not None and bool(outcome.example.labels)


class LabelMetric(Metric):
    """A metric over classes, from the counts of each class."""

    group = "classification"
    source = "scikit-learn"
    higher_is_better: ClassVar[bool | None] = True
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    unit = "share"

    def applies(self, outcome: Outcome) -> bool:
        """Only for classification tasks."""
        return is_classified(outcome)

    def statistics(self, outcomes: Sequence[Outcome]) -> Floats:
        """Return true positives, predictions and gold labels of each class, zeros where the metric does not apply."""
        gold, predicted = indicators(outcomes)
        counts = np.hstack([gold * predicted, predicted, gold])
        counts[[not self.applies(outcome) for outcome in outcomes]] = 0
        return counts


class LabelScore(PerAnswer):
    """A mean score of each classified answer."""

    group = "classification"
    higher_is_better: ClassVar[bool | None] = True
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    unit = "share"

    def applies(self, outcome: Outcome) -> bool:
        """Only for classification tasks."""
        return is_classified(outcome)


def averaged(totals: Floats, kind: str, average: str) -> Floats:
    """Return precision, recall or F1 from summed counts of each class, averaged as scikit-learn does.

    Classes that neither occur nor are predicted do not count; a quotient by nought is nought.
    """
    matches, predicted, gold = np.split(totals, 3, axis=1)
    if average == "micro":
        matches, predicted, gold = (part.sum(axis=1, keepdims=True) for part in (matches, predicted, gold))
    top, bottom = {
        "precision": (matches, predicted),
        "recall": (matches, gold),
        "f1": (2 * matches, predicted + gold),
    }[kind]
    scores = ratio(top, bottom, empty=0.0)
    weights = gold if average == "weighted" else ((predicted + gold) > 0).astype(np.float64)
    return ratio((scores * weights).sum(axis=1), weights.sum(axis=1))
