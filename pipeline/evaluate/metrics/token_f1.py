"""Token F1."""

from __future__ import annotations

from collections import Counter

from pipeline.evaluate.metrics.base import BestReference
from pipeline.evaluate.text import answer_words, language_of


def token_f1(prediction: str, reference: str, language: str | None = None) -> float:
    """Return the harmonic mean of the shares of words that two texts have in common, from 0 to 1.

    Two empty texts agree; an empty one and another do not.
    """
    code = language_of(reference, language)
    produced, wanted = answer_words(prediction, code), answer_words(reference, code)
    if not produced or not wanted:
        return float(produced == wanted)
    common = sum((Counter(produced) & Counter(wanted)).values())
    return 2 * common / (len(produced) + len(wanted))


class TokenF1(BestReference):
    """How much of the reference's words the answer has, and how little else."""

    name = "token_f1"
    title = "Token F1"
    measures = "Overlap of the words of answer and reference (harmonic mean of precision and recall), mean over answers"
    source = "Rajpurkar et al. 2016, SQuAD; normalisation extended to all scripts"
    higher_is_better = True
    range = (0.0, 1.0)
    unit = "share"

    def against(self, prediction: str, reference: str, language: str | None) -> float:
        """Return the token F1 of two texts."""
        return token_f1(prediction, reference, language)
