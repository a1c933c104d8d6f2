"""Sliding windows over a context that is too long, and which of them holds what the answer rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a context's tokens: where it starts, how long it is, and how much of the answer it supports."""

    start: int
    size: int
    support: float


def starts(length: int, size: int, stride: int) -> list[int]:
    """Return where windows of `size` tokens start, `stride` apart; the last one ends with the context.

    Every token is in at least one window as long as `stride` is not larger than `size`.
    """
    if length <= size:
        return [0]
    return [*range(0, length - size, stride), length - size]


def support(window: Sequence[int], answer: Sequence[int]) -> float:
    """Return the share of the answer's distinct tokens and token pairs that occur in the window, 0 to 1.

    Pairs make a sentence that was copied into the answer outweigh a window that merely shares its common words.
    """
    return _share(_grams(answer), window)


def ranked(context: Sequence[int], answer: Sequence[int], size: int, stride: int) -> list[Window]:
    """Return the windows of a context, the one that best supports the answer first; ties go to the earlier one."""
    wanted = _grams(answer)
    found = [
        Window(start, min(size, len(context)), _share(wanted, context[start : start + size]))
        for start in starts(len(context), size, stride)
    ]
    return sorted(found, key=lambda window: (-window.support, window.start))


def _share(wanted: set[object], window: Sequence[int]) -> float:
    return len(wanted & _grams(window)) / len(wanted) if wanted else 0.0


def _grams(tokens: Sequence[int]) -> set[object]:
    return {*tokens, *pairwise(tokens)}
