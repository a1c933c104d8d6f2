"""Precision, recall and F1 of the positive class of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import Floats, ratio
from pipeline.evaluate.metrics.labels import LabelMetric


class _Binary(LabelMetric):
    """The positive class is the first of the task's two choices."""

    kind: ClassVar[str]

    def __init_subclass__(cls, kind: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.kind = kind
        cls.name = f"{kind}_binary"
        cls.title = f"{kind.capitalize()} (binary)"
        cls.measures = f"{kind.capitalize()} of the first of the task's two classes"

    def applies(self, outcome: Outcome) -> bool:
        """Only for tasks with two choices of which one is right."""
        return super().applies(outcome) and len(outcome.example.choices) == 2 and len(outcome.example.labels) == 1

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return scikit-learn's score; nought when its denominator is."""
        from sklearn.metrics import precision_recall_fscore_support

        classified = self.selected(outcomes)
        if not classified:
            return float("nan")
        pairs = [_decision(outcome) for outcome in classified]
        scores = precision_recall_fscore_support(*zip(*pairs, strict=True), average="binary", zero_division=0)
        return float(scores[("precision", "recall", "f1").index(self.kind)])

    def statistics(self, outcomes: Sequence[Outcome]) -> Floats:
        """Return match, predicted positive, gold positive and one for each outcome."""
        rows = [
            (want and did, did, want, True) if self.applies(outcome) else (False,) * 4
            for outcome in outcomes
            for want, did in [_decision(outcome)]
        ]
        return np.array(rows, dtype=np.float64).reshape(len(rows), 4)

    def combine(self, totals: Floats) -> Floats:
        """Return the score from the counts."""
        match, predicted, gold, count = totals.T
        top, bottom = {
            "precision": (match, predicted),
            "recall": (match, gold),
            "f1": (2 * match, predicted + gold),
        }[self.kind]
        return np.where(count > 0, ratio(top, bottom, empty=0.0), np.nan)


def _decision(outcome: Outcome) -> tuple[bool, bool]:
    positive = outcome.example.choices[0] if outcome.example.choices else ""
    return positive in outcome.example.labels, positive in (outcome.labels or ())


class PrecisionBinary(_Binary, kind="precision"):
    """Binary precision."""


class RecallBinary(_Binary, kind="recall"):
    """Binary recall."""


class F1Binary(_Binary, kind="f1"):
    """Binary F1."""
