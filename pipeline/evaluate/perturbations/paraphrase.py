"""Other words for the same question."""

from __future__ import annotations

import functools
import random
import re

from pipeline.evaluate.perturbations.base import Perturbation, change_words
from pipeline.evaluate.perturbations.synonyms import FRAMES, SYNONYMS


class Paraphrase(Perturbation):
    """The question in another frame and with everyday synonyms."""

    name = "paraphrase"
    title = "Paraphrase"
    imitates = "Customers who do not know the page's wording"
    source = "Gan and Ng 2019; Ribeiro et al. 2018 (semantically equivalent rules); word list of this project"
    changes = "question"
    strength = 1.0

    def perturb(self, text: str, rng: random.Random) -> str:
        """Return the text in another frame and with synonyms, in whichever known language fits its words."""
        for pattern, replacement in (frame for frames in FRAMES.values() for frame in frames):
            changed, count = re.subn(pattern, replacement, text, count=1, flags=re.IGNORECASE)
            if count:
                text = changed
                break
        return change_words(text, rng, self.strength, lambda word: _synonym(word, rng))


@functools.cache
def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for groups in SYNONYMS.values():
        for group in groups:
            for word in group:
                others = tuple(other for other in group if other != word)
                table[word.lower()] = table.get(word.lower(), ()) + others
    return table


def _synonym(word: str, rng: random.Random) -> str:
    choices = _table().get(word.lower())
    if not choices:
        return word
    chosen = rng.choice(choices)
    return chosen.capitalize() if word[:1].isupper() else chosen
