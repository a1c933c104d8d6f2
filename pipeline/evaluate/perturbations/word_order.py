"""Word order."""

from __future__ import annotations

import random
import re

from pipeline.evaluate.perturbations.base import Perturbation


class WordOrder(Perturbation):
    """Neighbouring words change places."""

    name = "word_order"
    title = "Word order"
    imitates = "Learners of a language and search-box habits: how I do install"
    source = "Prasad et al. 2021; Pham et al. 2021 (order of words)"
    changes = "question"
    strength = 0.3

    def perturb(self, text: str, rng: random.Random) -> str:
        """Return the text with a third of its words swapped with the next; the last punctuation stays at the end."""
        body, end = re.fullmatch(r"(.*?)([\s?!.？。！]*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
        parts = body.split(" ")
        if len(parts) < 3:
            return text
        for _ in range(max(1, round(self.strength * len(parts)))):
            place = rng.randrange(len(parts) - 1)
            parts[place], parts[place + 1] = parts[place + 1], parts[place]
        return " ".join(parts) + end
