"""The trivial extractive baseline: the sentence of the context that fits the question best.

A model that does not beat it has learnt less than a search box knows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from pipeline.evaluate.examples import Example, Outcome
from pipeline.evaluate.refusal import is_refusal
from pipeline.evaluate.text import sentences, words
from pipeline.refusal_texts import RefusalTexts

K1 = 1.2
B = 0.75


def bm25(query: Sequence[str], documents: Sequence[Sequence[str]]) -> list[float]:
    """Return Okapi BM25 of each document for a query (Robertson and Zaragoza 2009), never negative.

    The inverse document frequency is ln(1 + (N - n + 0.5) / (n + 0.5)), over the given documents.
    """
    if not documents:
        return []
    mean = sum(map(len, documents)) / len(documents) or 1.0
    counts = [Counter(document) for document in documents]
    present = {word: sum(word in count for count in counts) for word in set(query)}
    weights = {word: math.log(1 + (len(documents) - n + 0.5) / (n + 0.5)) for word, n in present.items()}
    scores = []
    for document, count in zip(documents, counts, strict=True):
        norm = K1 * (1 - B + B * len(document) / mean)
        scores.append(sum(weights[word] * count[word] * (K1 + 1) / (count[word] + norm) for word in set(query)))
    return scores


def best_sentence(question: str, context: str) -> str:
    """Return the sentence of the context with the highest BM25 for the question; the first of equals.

    A sentence that merely repeats the question is no answer to it and is passed over.
    """
    found = [sentence for sentence in sentences(context) if words(sentence) != words(question)]
    if not found:
        return context.strip()
    scores = bm25(words(question), [words(sentence) for sentence in found])
    return found[max(range(len(found)), key=lambda place: (scores[place], -place))]


def baseline_outcomes(examples: Sequence[Example], refusals: RefusalTexts) -> list[Outcome]:
    """Return the baseline's answers; without a context it refuses, which is all it can know about refusing."""
    outcomes = []
    for example in examples:
        text = best_sentence(example.question, example.context) if example.context else refusals.of(example.language)
        outcomes.append(Outcome(example, text, refused=is_refusal(text, refusals.every())))
    return outcomes
