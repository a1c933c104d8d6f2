"""Coherence of an answer: does each sentence take up what came before?"""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import PerAnswer
from pipeline.evaluate.text import sentences, words

GRAM = 4
"""Characters of the n-grams that stand for a word's stem, so that inflected forms of a word still meet."""


def _vector(text: str) -> Counter[str]:
    grams: Counter[str] = Counter()
    for word in words(text):
        padded = f"^{word}$"
        grams.update(padded[start : start + GRAM] for start in range(max(1, len(padded) - GRAM + 1)))
    return grams


def cosine(first: Counter[str], second: Counter[str]) -> float:
    """Return the cosine of two count vectors, 0 if either is empty."""
    product = sum(count * second[gram] for gram, count in first.items())
    lengths = math.sqrt(sum(c * c for c in first.values())) * math.sqrt(sum(c * c for c in second.values()))
    return product / lengths if lengths else 0.0


class Coherence(PerAnswer):
    """Likeness of neighbouring sentences, the question taken as the first."""

    name = "coherence"
    title = "Coherence"
    group = "style"
    measures = (
        "Mean cosine of neighbouring sentences, from the question through the answer, by character 4-grams of words: "
        "near 0 the answer jumps, near 1 it repeats itself"
    )
    source = "Foltz, Kintsch and Landauer 1998, with term vectors in place of latent semantic ones"
    higher_is_better = None
    range = (0.0, 1.0)
    unit = "cosine"

    def applies(self, outcome: Outcome) -> bool:
        """Only for answers with words that do not refuse."""
        return not outcome.refused and bool(outcome.prediction.strip())

    def score(self, outcome: Outcome) -> float:
        """Return the mean likeness of neighbours."""
        units = [_vector(text) for text in (outcome.example.question, *sentences(outcome.prediction))]
        return float(np.mean([cosine(first, second) for first, second in itertools.pairwise(units)]))
