"""Exact match."""

from __future__ import annotations

from pipeline.evaluate.metrics.base import BestReference
from pipeline.evaluate.text import language_of, normalised


class ExactMatch(BestReference):
    """Whether the answer is one of the references, word for word."""

    name = "exact_match"
    title = "Exact match"
    measures = "Share of answers equal to a reference after normalisation (case, punctuation, articles of the language)"
    source = "Rajpurkar et al. 2016, SQuAD; normalisation extended to all scripts"
    higher_is_better = True
    range = (0.0, 1.0)
    unit = "share"

    def against(self, prediction: str, reference: str, language: str | None) -> float:
        """Return 1 for equal normal forms, else 0."""
        code = language_of(reference, language)
        return float(normalised(prediction, code) == normalised(reference, code))
