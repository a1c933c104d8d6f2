"""Precision, recall and F1 over classes, averaged in the usual three ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import Floats
from pipeline.evaluate.metrics.labels import LabelMetric, averaged, indicators

_MEANING = {
    "macro": "every class counts the same",
    "micro": "every label counts the same",
    "weighted": "classes count by how often they occur",
}


class _Averaged(LabelMetric):
    kind: ClassVar[str]
    average: ClassVar[str]

    def __init_subclass__(cls, kind: str = "", average: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.kind, cls.average = kind, average
        cls.name = f"{kind}_{average}"
        cls.title = f"{kind.capitalize()} ({average})"
        cls.measures = f"{kind.capitalize()} over the classes, {_MEANING[average]}"

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return scikit-learn's score."""
        from sklearn.metrics import precision_recall_fscore_support

        classified = self.selected(outcomes)
        if not classified:
            return float("nan")
        gold, predicted = indicators(classified)
        scores = precision_recall_fscore_support(gold, predicted, average=self.average, zero_division=0)
        return float(scores[("precision", "recall", "f1").index(self.kind)])

    def combine(self, totals: Floats) -> Floats:
        """Return the score from summed counts."""
        return averaged(totals, self.kind, self.average)


class PrecisionMacro(_Averaged, kind="precision", average="macro"):
    """Macro precision."""


class PrecisionMicro(_Averaged, kind="precision", average="micro"):
    """Micro precision."""


class PrecisionWeighted(_Averaged, kind="precision", average="weighted"):
    """Weighted precision."""


class RecallMacro(_Averaged, kind="recall", average="macro"):
    """Macro recall."""


class RecallMicro(_Averaged, kind="recall", average="micro"):
    """Micro recall."""


class RecallWeighted(_Averaged, kind="recall", average="weighted"):
    """Weighted recall."""


class F1Macro(_Averaged, kind="f1", average="macro"):
    """Macro F1."""


class F1Micro(_Averaged, kind="f1", average="micro"):
    """Micro F1."""


class F1Weighted(_Averaged, kind="f1", average="weighted"):
    """Weighted F1."""
