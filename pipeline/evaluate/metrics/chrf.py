"""chrF."""

from __future__ import annotations

import functools
from typing import Any

from pipeline.evaluate.metrics.base import BestReference


@functools.cache
def _scorer() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(eps_smoothing=False)


class ChrF(BestReference):
    """Character n-gram F-score, which needs no words and so serves every script and rich inflection."""

    name = "chrf"
    title = "chrF"
    measures = "F-score of character 1- to 6-grams, recall weighted twice, mean over answers"
    source = "Popović 2015, by sacrebleu"
    higher_is_better = True
    range = (0.0, 100.0)
    unit = "points"

    def against(self, prediction: str, reference: str, language: str | None) -> float:
        """Return sacrebleu's sentence score."""
        return float(_scorer().sentence_score(prediction, [reference]).score)
