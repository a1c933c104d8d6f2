"""Leet-speak."""

from __future__ import annotations

import random

from pipeline.evaluate.perturbations.base import Perturbation, change_words

LEET = str.maketrans("aeiostAEIOST", "431057431057")


class LeetSpeak(Perturbation):
    """Letters written as digits that look like them."""

    name = "leet_speak"
    title = "Leet-speak"
    imitates = "Chat spelling and evasion of filters: h0w d0 1 1n57411"
    source = "Character substitution as in Ebrahimi et al. 2018 and Zhu et al. 2023 (PromptBench)"
    changes = "question"
    strength = 0.5

    def perturb(self, text: str, rng: random.Random) -> str:
        """Return the text with half its Latin words in leet-speak."""
        return change_words(text, rng, self.strength, lambda word: word.translate(LEET), shortest=2)
