"""Upper and lower case."""

from __future__ import annotations

import random

from pipeline.evaluate.perturbations.base import Perturbation, change_words


class Case(Perturbation):
    """All small, all capitals, or mixed."""

    name = "case"
    title = "Letter case"
    imitates = "Phones that never capitalise, shouting, and stuck keys"
    source = "Ribeiro et al. 2020 (CheckList, invariance tests)"
    changes = "question"

    def perturb(self, text: str, rng: random.Random) -> str:
        """Return the text in another case; code and addresses keep theirs."""
        kinds = [str.lower, str.upper, str.swapcase]
        rng.shuffle(kinds)
        for kind in kinds:
            changed = change_words(text, rng, 1.0, kind)
            if changed != text:
                return changed
        return text
