"""White space."""

from __future__ import annotations

import random
import re

from pipeline.evaluate.perturbations.base import Perturbation

SPACES = ("  ", "\t", "\u00a0", "\n", "   ")


class WhiteSpace(Perturbation):
    """Blanks doubled, turned into tabs, line breaks and no-break spaces, and added at both ends."""

    name = "white_space"
    title = "White space"
    imitates = "Text pasted from documents, tables and mails"
    source = "Ribeiro et al. 2020 (CheckList, invariance tests)"
    changes = "question"

    def perturb(self, text: str, rng: random.Random) -> str:
        """Return the text with half its blanks changed."""
        changed = re.sub(r" (?=\S)", lambda found: rng.choice(SPACES) if rng.random() < 0.5 else found[0], text)
        return f"  {changed}\n"
