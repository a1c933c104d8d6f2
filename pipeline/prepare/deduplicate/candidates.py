"""From keys to pairs of rows: rows under one key are candidates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Ranks = npt.NDArray[np.int32]
"""The place of each row in the order in which rows were first seen."""
ALL_PAIRS = 12
"""Up to so many rows under a key every pair is looked at."""
NEIGHBOURS = 3


def pairs(keys: Rows, rows: Rows) -> tuple[Rows, Rows]:
    """Return the candidate pairs (smaller row first, repeated for each key) from keys that are sorted, with their rows.

    The rows under a key stand in the order in which they were first seen. Under a large key each row after the first
    few is paired with the first and with some earlier ones that its place and the key decide: the number of pairs stays
    linear, rows stay connected because each key chooses others, and no later row changes the pairs of earlier ones.
    """
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.concatenate([starts, [len(keys)]]))
    left, right = [], []
    for size in np.unique(sizes[(sizes > 1) & (sizes <= ALL_PAIRS)]):
        group = rows[starts[sizes == size][:, None] + np.arange(size)]
        first, second = np.triu_indices(int(size), 1)
        left.append(group[:, first].ravel())
        right.append(group[:, second].ravel())
    for start, size in zip(starts[sizes > ALL_PAIRS], sizes[sizes > ALL_PAIRS], strict=True):
        made = _of_large(rows[start : start + size], int(keys[start]))
        left.append(made[0])
        right.append(made[1])
    if not left:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    one, other = np.concatenate(left), np.concatenate(right)
    return np.minimum(one, other), np.maximum(one, other)


def _of_large(rows: Rows, key: int) -> tuple[Rows, Rows]:
    one, other = np.triu_indices(ALL_PAIRS, 1)
    later = np.arange(ALL_PAIRS, len(rows))
    left, right = [rows[one], np.repeat(rows[:1], len(later))], [rows[other], rows[later]]
    for step in range(NEIGHBOURS):
        with np.errstate(over="ignore"):
            mixed = (later * NEIGHBOURS + step).view(np.uint64) ^ np.uint64(key & (2**64 - 1))
            mixed *= np.uint64(0x9E3779B97F4A7C15)
        left.append(rows[((mixed >> np.uint64(31)) % later.view(np.uint64)).astype(np.int64)])
        right.append(rows[later])
    return np.concatenate(left), np.concatenate(right)


def distinct(left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """Return each pair once, sorted."""
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    first = np.ones(len(left), bool)
    first[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    return left[first], right[first]
