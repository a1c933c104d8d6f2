"""Rows whose context cannot support their answer: a share teaches the model to say so, the rest is set aside."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from enum import Enum

import numpy as np
import numpy.typing as npt

UNSUPPORTED = "the context does not support the answer"


class Lesson(Enum):
    """A refusal's context: the row's own, which is not enough, none at all, or one about another thing."""

    OWN = "own"
    NONE = "none"
    OTHER = "other"


def wanted(strong: int, weak: int, share: float) -> int:
    """Return how many of the weak rows become refusals, so that they make up `share` of all rows that go on."""
    return min(weak, round(strong * share / (1 - share)))


def chosen(ids: Sequence[str], groups: Sequence[Hashable], number: int) -> npt.NDArray[np.bool_]:
    """Choose rows evenly from their groups (source and split), each group's by a hash of the id.

    Groups get their part by the largest remainder, so that the total is exact.
    """
    members: dict[Hashable, list[int]] = {}
    for place in sorted(range(len(ids)), key=lambda n: _hash("refusal", ids[n])):
        members.setdefault(groups[place], []).append(place)
    exact = {group: len(places) * number / max(1, len(ids)) for group, places in members.items()}
    parts = {group: int(value) for group, value in exact.items()}
    remainders = sorted(exact, key=lambda group: (parts[group] - exact[group], str(group)))
    for group in remainders[: number - sum(parts.values())]:
        parts[group] += 1
    taken = np.zeros(len(ids), bool)
    for group, places in members.items():
        taken[places[: parts[group]]] = True
    return taken


def lesson(question_id: str, has_context: bool) -> Lesson:
    """Return what a refusal's context is, in equal shares of what is possible."""
    possible = list(Lesson) if has_context else [Lesson.NONE, Lesson.OTHER]
    return possible[int(_hash("lesson", question_id)[:8], 16) % len(possible)]


def _hash(use: str, question_id: str) -> str:
    return hashlib.sha256(f"{use}\x1f{question_id}".encode()).hexdigest()
