"""BLEU."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import Floats, Metric
from pipeline.evaluate.text import is_unspaced

ORDER = 4


@functools.cache
def _tokenizers() -> tuple[Any, Any]:
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    from sacrebleu.tokenizers.tokenizer_char import TokenizerChar

    return Tokenizer13a(), TokenizerChar()


def prepared(text: str) -> str:
    """Return a text split by sacrebleu's 13a rules, or into characters if its script writes no blanks."""
    spaced, characters = _tokenizers()
    unspaced = sum(is_unspaced(character) for character in text)
    tokenizer = characters if 2 * unspaced > sum(not character.isspace() for character in text) else spaced
    result: str = tokenizer(text)
    return result


@functools.cache
def scorer(effective_order: bool = False) -> Any:
    """Return sacrebleu's BLEU for texts that `prepared` has split."""
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize="none", force=True, effective_order=effective_order)


class Bleu(Metric):
    """Corpus BLEU as sacrebleu computes it."""

    name = "bleu"
    title = "BLEU"
    group = "answers"
    measures = "Precision of 1- to 4-grams over all answers with a penalty for brevity, case-sensitive"
    source = "Papineni et al. 2002, by sacrebleu (Post 2018): tokenize 13a, characters for scripts without blanks"
    higher_is_better = True
    range = (0.0, 100.0)
    unit = "points"

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return sacrebleu's corpus score."""
        if not outcomes:
            return float("nan")
        predictions, references = _corpus(outcomes)
        return float(scorer().corpus_score(predictions, references).score)

    def statistics(self, outcomes: Sequence[Outcome]) -> Floats:
        """Return sacrebleu's own statistics of each answer: lengths, matches and totals by order."""
        predictions, references = _corpus(outcomes)
        rows = scorer()._extract_corpus_statistics(predictions, references) if outcomes else []
        return np.array(rows, dtype=np.float64).reshape(len(rows), 2 + 2 * ORDER)

    def combine(self, totals: Floats) -> Floats:
        """Return the corpus score of each row of sums."""
        scores = [scorer()._compute_score_from_stats([int(value) for value in row]).score for row in totals]
        return np.array(scores, dtype=np.float64)


def _corpus(outcomes: Sequence[Outcome]) -> tuple[list[str], list[list[str | None]]]:
    """Return answers and reference streams; shorter lists of references are filled with None, as sacrebleu wants."""
    predictions = [prepared(outcome.prediction) for outcome in outcomes]
    width = max((len(outcome.example.references) for outcome in outcomes), default=0)
    streams: list[list[str | None]] = [
        [
            prepared(outcome.example.references[place]) if place < len(outcome.example.references) else None
            for outcome in outcomes
        ]
        for place in range(width)
    ]
    return predictions, streams
