"""What a perturbation is."""

from __future__ import annotations

import hashlib
import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from pipeline.evaluate.examples import Example

# What a question is about must survive: addresses, code, versions, options, and words with digits or inner capitals.
_PROTECTED = re.compile(r"`[^`]*`|\S*(?://|@|\d)\S*|--?\w[\w-]*|\w*[._/\\]\w[\w._/\\]*|\b\w+[A-Z]\w*\b")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


class Perturbation(ABC):
    """A change of an example that leaves its right answer as it is.

    Deterministic: the same example, seed and strength give the same change. `strength` is the share of words (or
    places) that are changed; at least one is.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    imitates: ClassVar[str]
    source: ClassVar[str]
    changes: ClassVar[Literal["question", "context"]]
    strength: ClassVar[float] = 0.25

    def apply(self, example: Example, seed: int, others: Sequence[Example] = ()) -> Example | None:
        """Return the changed example, or None when nothing in it can be changed.

        `others` are examples from which foreign material may be taken.
        """
        key = f"{seed}\0{self.name}\0{example.question_id}".encode()
        rng = random.Random(int.from_bytes(hashlib.sha256(key).digest()[:8], "big"))  # noqa: S311
        if self.changes == "question":
            text = self.perturb(example.question, rng)
            return replace(example, question=text) if text != example.question and text.strip() else None
        if not example.context:
            return None
        text = self.perturb_context(example, rng, others)
        return replace(example, context=text) if text != example.context else None

    @abstractmethod
    def perturb(self, text: str, rng: random.Random) -> str:
        """Return the changed question (unchanged when nothing can be)."""

    def perturb_context(self, example: Example, rng: random.Random, others: Sequence[Example]) -> str:
        """Return the changed context; only called for perturbations of the context."""
        return self.perturb(example.context or "", rng)


def change_words(
    text: str, rng: random.Random, strength: float, change: Callable[[str], str], shortest: int = 1
) -> str:
    """Change a share of a text's plain words, at least one, and leave code, numbers and addresses alone."""
    guarded = [found.span() for found in _PROTECTED.finditer(text)]
    places = [
        found.span()
        for found in _WORD.finditer(text)
        if len(found[0]) >= shortest and not any(a < found.end() and found.start() < b for a, b in guarded)
    ]
    rng.shuffle(places)
    wanted, done, edits = max(1, round(strength * len(places))), 0, []
    for start, end in places:
        word = text[start:end]
        changed = change(word)
        if changed != word:
            edits.append((start, end, changed))
            done += 1
        if done == wanted:
            break
    for start, end, changed in sorted(edits, reverse=True):
        text = text[:start] + changed + text[end:]
    return text
