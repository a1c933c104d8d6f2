"""Sliding windows over a context that is too long, and which of them holds what the answer rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


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


def ranked(context: Sequence[int], answer: Sequence[int], size: int, stride: int) -> list[Window]:
    """Return the windows of a context, the one that best supports the answer first; ties go to the earlier one.

    Support is the share of the answer's distinct tokens and token pairs that occur in the window, 0 to 1. Pairs make a
    sentence that was copied into the answer outweigh a window that merely shares its common words.
    """
    wanted = {*answer, *pairwise(answer)}
    shared = list(_shared(context, wanted))
    found = []
    for start in starts(len(context), size, stride):
        inside = {gram for first, end, gram in shared if start <= first and end <= start + size}
        found.append(Window(start, min(size, len(context)), len(inside) / len(wanted) if wanted else 0.0))
    return sorted(found, key=lambda window: (-window.support, window.start))


def _shared(context: Sequence[int], wanted: set[Any]) -> Iterator[tuple[int, int, Any]]:
    """Yield where a wanted token or pair starts, where it ends, and what it is: windows overlap, this is done once."""
    for place in [place for place, token in enumerate(context) if token in wanted]:
        yield place, place + 1, context[place]
        pair = tuple(context[place : place + 2])
        if pair in wanted:
            yield place, place + 2, pair
