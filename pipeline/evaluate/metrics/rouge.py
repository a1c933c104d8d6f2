"""ROUGE-1, ROUGE-2 and ROUGE-L."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

from pipeline.evaluate.metrics.base import BestReference
from pipeline.evaluate.text import words


class _AnyScript:
    """The tokenizer given to rouge-score, whose own drops every letter outside a to z."""

    def tokenize(self, text: str) -> list[str]:
        return list(words(text))


@functools.cache
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=_AnyScript())


@functools.lru_cache(maxsize=16_384)
def _scores(prediction: str, reference: str) -> dict[str, float]:
    return {name: float(score.fmeasure) for name, score in _scorer().score(reference, prediction).items()}


class _Rouge(BestReference):
    kind: ClassVar[str]
    source = "Lin 2004, by rouge-score (Google), F-measure without stemming"
    higher_is_better = True
    range = (0.0, 1.0)
    unit = "share"

    def against(self, prediction: str, reference: str, language: str | None) -> float:
        """Return rouge-score's F-measure."""
        return _scores(prediction, reference)[self.kind]


class Rouge1(_Rouge):
    """Overlap of single words."""

    name = "rouge_1"
    title = "ROUGE-1"
    kind = "rouge1"
    measures = "F-measure of words that answer and reference share, mean over answers"


class Rouge2(_Rouge):
    """Overlap of pairs of words."""

    name = "rouge_2"
    title = "ROUGE-2"
    kind = "rouge2"
    measures = "F-measure of pairs of neighbouring words that answer and reference share, mean over answers"


class RougeL(_Rouge):
    """Longest common subsequence."""

    name = "rouge_l"
    title = "ROUGE-L"
    kind = "rougeL"
    measures = "F-measure of the longest sequence of words that answer and reference share in order, mean over answers"
