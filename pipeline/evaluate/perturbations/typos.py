"""Typing mistakes."""

from __future__ import annotations

import random

from pipeline.evaluate.perturbations.base import Perturbation, change_words

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
NEIGHBOURS: dict[str, str] = {}
for _row in _ROWS:
    for _place, _key in enumerate(_row):
        NEIGHBOURS[_key] = _row[max(0, _place - 1) : _place] + _row[_place + 1 : _place + 2]


class Typos(Perturbation):
    """A letter swapped, dropped, doubled or hit beside its key."""

    name = "typos"
    title = "Typing mistakes"
    imitates = "People who type in a hurry: one slip in a quarter of the words"
    source = "Pruthi et al. 2019; Belinkov and Bisk 2018 (swap, drop, add, neighbouring key)"
    changes = "question"

    def perturb(self, text: str, rng: random.Random) -> str:
        """Return the text with slips in words of four and more letters; the first letter stays."""
        return change_words(text, rng, self.strength, lambda word: _slip(word, rng), shortest=4)


def _slip(word: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(word) - 1)
    kind = rng.choice(("swap", "drop", "double", "neighbour"))
    near = NEIGHBOURS.get(word[place].lower(), "")
    if kind == "swap" and word[place] != word[place + 1]:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == "neighbour" and near:
        return word[:place] + rng.choice(near) + word[place + 1 :]
    if kind == "drop":
        return word[:place] + word[place + 1 :]
    return word[:place] + word[place] + word[place:]
