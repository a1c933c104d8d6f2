"""Foreign sentences in the context."""

from __future__ import annotations

import random
from collections.abc import Sequence

from pipeline.evaluate.baseline import bm25
from pipeline.evaluate.examples import Example
from pipeline.evaluate.perturbations.base import Perturbation
from pipeline.evaluate.text import sentences, words

SENTENCES = 2
POOL = 400
"""At most this many foreign sentences are ranked for each question."""


class Distractors(Perturbation):
    """Sentences of other pages that share words with the question stand before and after the context."""

    name = "distractors"
    title = "Distracting sentences"
    imitates = "Pages that hold several topics, menus and related links"
    source = "Jia and Liang 2017 (AddSent), with real sentences of other pages"
    changes = "context"

    def perturb(self, text: str, rng: random.Random) -> str:
        """Leave a text alone: there is nothing foreign to add."""
        return text

    def perturb_context(self, example: Example, rng: random.Random, others: Sequence[Example]) -> str:
        """Return the context with the best-matching foreign sentences around it, one before and one after."""
        context = example.context or ""
        known = {words(sentence) for text in (context, *example.references) for sentence in sentences(text)}
        pool = [
            sentence
            for other in others
            if other.context and other.context != context and other.topic != example.topic
            for sentence in sentences(other.context)
            if 5 <= len(words(sentence)) <= 40 and words(sentence) not in known and "```" not in sentence
        ]
        if not pool:
            return context
        pool = sorted(set(pool))
        pool = rng.sample(pool, POOL) if len(pool) > POOL else pool
        scores = bm25(words(example.question), [words(sentence) for sentence in pool])
        best = sorted(range(len(pool)), key=lambda place: (-scores[place], pool[place]))[:SENTENCES]
        chosen = [pool[place] for place in best]
        rng.shuffle(chosen)
        return "\n\n".join([chosen[0], context, *chosen[1:]])
