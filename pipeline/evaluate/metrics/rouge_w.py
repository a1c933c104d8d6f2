"""ROUGE-W: a longest common subsequence in which consecutive words weigh more."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.evaluate.metrics.base import BestReference
from pipeline.evaluate.text import words

WEIGHT = 1.2
"""The exponent of the published ROUGE script's usual setting (`-w 1.2`): f(k) = k ** 1.2."""


def weighted_lcs(first: Sequence[str], second: Sequence[str], weight: float = WEIGHT) -> float:
    """Return the weighted longest common subsequence score (Lin 2004, section 3.4) with f(k) = k ** weight."""
    score = [0.0] * (len(second) + 1)
    run = [0] * (len(second) + 1)
    for word in first:
        above_left_score, above_left_run = 0.0, 0
        for column, other in enumerate(second, start=1):
            kept_score, kept_run = score[column], run[column]
            if word == other:
                length = above_left_run
                score[column] = above_left_score + (length + 1) ** weight - length**weight
                run[column] = length + 1
            else:
                score[column] = max(kept_score, score[column - 1])
                run[column] = 0
            above_left_score, above_left_run = kept_score, kept_run
    return score[-1]


def rouge_w(prediction: str, reference: str, weight: float = WEIGHT) -> float:
    """Return ROUGE-W's F-measure with equal weight of precision and recall, from 0 to 1."""
    produced, wanted = words(prediction), words(reference)
    if not produced or not wanted:
        return 0.0
    common = weighted_lcs(wanted, produced, weight)
    recall = (common / len(wanted) ** weight) ** (1 / weight)
    precision = (common / len(produced) ** weight) ** (1 / weight)
    return 2 * precision * recall / (precision + recall) if common else 0.0


class RougeW(BestReference):
    """ROUGE-L that prefers matches without gaps."""

    name = "rouge_w"
    title = "ROUGE-W"
    measures = "F-measure of the common sequence of words, runs of neighbours weighted by k^1.2, mean over answers"
    source = "Lin 2004, section 3.4; own implementation, since rouge-score has none"
    higher_is_better = True
    range = (0.0, 1.0)
    unit = "share"

    def against(self, prediction: str, reference: str, language: str | None) -> float:
        """Return ROUGE-W of two texts."""
        return rouge_w(prediction, reference)
