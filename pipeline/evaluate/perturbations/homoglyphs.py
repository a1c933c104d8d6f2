"""Letters of other scripts that look the same."""

from __future__ import annotations

import random

from pipeline.evaluate.perturbations.base import Perturbation, change_words

_LATIN = "aceopxyijsABCEHKMOPTXIJS"
_CYRILLIC = "асеорхуіјѕАВСЕНКМОРТХІЈЅ"
LOOKALIKE = str.maketrans(_LATIN + _CYRILLIC, _CYRILLIC + _LATIN)


class Homoglyphs(Perturbation):
    """Latin letters replaced by Cyrillic ones of the same look, and the other way round."""

    name = "homoglyphs"
    title = "Look-alike letters"
    imitates = "Mixed keyboard layouts, text recognised from images, and attempts to slip past filters"
    source = "Unicode Technical Standard 39 (confusables); Boucher et al. 2022 (Bad Characters)"
    changes = "question"
    strength = 0.5

    def perturb(self, text: str, rng: random.Random) -> str:
        """Return the text with half its words in look-alike letters."""
        return change_words(text, rng, self.strength, lambda word: word.translate(LOOKALIKE), shortest=2)
