"""Groundedness: is what the answer says in the context?"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import PerAnswer
from pipeline.evaluate.text import words


def fragments(answer: Sequence[str], context: Sequence[str]) -> list[int]:
    """Return the lengths of the runs of words that the answer takes from the context, found greedily left to right."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(context):
        places.setdefault(word, []).append(place)
    lengths, start = [], 0
    while start < len(answer):
        best = 0
        for place in places.get(answer[start], ()):
            run = 0
            while (
                start + run < len(answer) and place + run < len(context) and answer[start + run] == context[place + run]
            ):
                run += 1
            best = max(best, run)
        if best:
            lengths.append(best)
        start += max(1, best)
    return lengths


class Groundedness(PerAnswer):
    """Words of the answer that stand in the context."""

    name = "groundedness"
    title = "Groundedness"
    group = "answers"
    measures = "Share of an answer's words that lie in fragments of its context, mean over answers that do not refuse"
    source = "Grusky et al. 2018 (extractive fragment coverage)"
    higher_is_better = True
    range = (0.0, 1.0)
    unit = "share"

    def applies(self, outcome: Outcome) -> bool:
        """Only for answers to questions with a context."""
        return bool(outcome.example.context) and not outcome.refused and bool(words(outcome.prediction))

    def score(self, outcome: Outcome) -> float:
        """Return the extractive fragment coverage of the answer."""
        answer = words(outcome.prediction)
        return sum(fragments(answer, words(outcome.example.context or ""))) / len(answer)


class AnswerLength(PerAnswer):
    """How long answers are."""

    name = "answer_words"
    title = "Words per answer"
    group = "style"
    measures = "Mean number of words of an answer (characters in scripts without blanks)"
    source = "Count"
    higher_is_better = None
    range = (0.0, float("inf"))
    unit = "words"

    def score(self, outcome: Outcome) -> float:
        """Return the number of words."""
        return float(len(words(outcome.prediction)))
