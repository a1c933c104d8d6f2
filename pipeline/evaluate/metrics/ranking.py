"""Precision and recall among the first k classes of a model's ranking."""

from __future__ import annotations

from typing import ClassVar

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.labels import LabelScore


class _AtK(LabelScore):
    k: ClassVar[int]
    source = "Manning, Raghavan and Schütze 2008, chapter 8; own, since scikit-learn has none for label sets"

    def applies(self, outcome: Outcome) -> bool:
        """Only where the model was asked to rank classes; one that named none ranked none rightly."""
        return bool(outcome.example.labels) and outcome.ranking is not None

    def hits(self, outcome: Outcome) -> int:
        """Return how many gold labels are among the first k."""
        return len(set(outcome.example.labels) & set((outcome.ranking or ())[: self.k]))


class _PrecisionAtK(_AtK):
    def score(self, outcome: Outcome) -> float:
        """Return hits over k, also when fewer than k were ranked."""
        return self.hits(outcome) / self.k


class _RecallAtK(_AtK):
    def score(self, outcome: Outcome) -> float:
        """Return hits over gold labels."""
        return self.hits(outcome) / len(set(outcome.example.labels))


class PrecisionAt1(_PrecisionAtK):
    """Precision of the first class."""

    name, title, k = "precision_at_1", "Precision at 1", 1
    measures = "Share of answers whose most likely class is right"


class PrecisionAt3(_PrecisionAtK):
    """Precision of the first three classes."""

    name, title, k = "precision_at_3", "Precision at 3", 3
    measures = "Right classes among the three most likely, over three, mean over answers"


class RecallAt1(_RecallAtK):
    """Recall of the first class."""

    name, title, k = "recall_at_1", "Recall at 1", 1
    measures = "Gold classes found by the most likely class, mean over answers"


class RecallAt3(_RecallAtK):
    """Recall of the first three classes."""

    name, title, k = "recall_at_3", "Recall at 3", 3
    measures = "Gold classes found among the three most likely, mean over answers"
