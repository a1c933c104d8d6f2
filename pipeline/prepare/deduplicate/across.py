"""All pairs of similar rows that are in different splits, exactly.

Held are the sketches of all rows, the entries of one round, and the pairs that no sketch rules out, which are few.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.lake import Lake
from pipeline.prepare.deduplicate.candidates import Rows, distinct
from pipeline.prepare.deduplicate.prefixes import LARGEST
from pipeline.prepare.deduplicate.sketches import Sketches
from pipeline.prepare.deduplicate.words import Hashes
from pipeline.prepare.rows_at import scan

ENTRIES_AT_ONCE = 16_000_000
"""Entries that are sorted at once: about half a gigabyte. More are compared in several rounds."""
PAIRS_AT_ONCE = 2_000_000
APART = -1
"""The split of a row that takes no part."""
Splits = npt.NDArray[np.int8]
Short = npt.NDArray[np.int32]


def candidates(
    lake: Lake,
    uri: str,
    entries: int,
    splits: Splits,
    known: Sketches,
    threshold: float,
    *,
    at_once: int = ENTRIES_AT_ONCE,
) -> tuple[Rows, Rows]:
    """Return pairs of rows of different splits, among them all that are at least this similar.

    `uri` is a dataset of prefixes made for this threshold, `splits` and `known` have the split and the sketch of each
    of its rows. The row on the right is the one of the later split.
    """
    rounds = max(1, -(-entries // at_once))
    found = [
        pair
        for number in range(rounds)
        for pair in _met(*_entries(lake, uri, splits, rounds, number), splits, known, threshold)
    ]
    empty = np.zeros(0, np.int64)
    left, right = (np.concatenate([empty, *(pair[side] for pair in found)]) for side in (0, 1))
    return distinct(left, right)


def _entries(lake: Lake, uri: str, splits: Splits, rounds: int, number: int) -> tuple[Hashes, Short]:
    """Return the entries of one round, sorted, with their rows."""
    values, rows = [np.zeros(0, np.uint64)], [np.zeros(0, np.int32)]
    for start, batch in scan(lake, uri, ["entries"]):
        column: pa.ListArray = batch["entries"]
        flat = column.flatten().to_numpy()
        at = np.repeat(np.arange(start, start + len(column), dtype=np.int32), column.value_lengths().to_numpy())
        # entries of one shingle must meet in one round, whatever the sizes in their low bits
        kept = (splits[at] != APART) & ((flat >> np.uint64(32)) % np.uint64(rounds) == np.uint64(number))
        values.append(flat[kept])
        rows.append(at[kept])
    every, at = np.concatenate(values), np.concatenate(rows)
    order = np.argsort(every, kind="stable")
    return every[order], at[order]


def _met(values: Hashes, rows: Short, splits: Splits, known: Sketches, threshold: float) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs that share an entry, have sizes that fit, and are not ruled out by their sketches."""
    later = splits[rows] > 0
    asked, of = values[later], rows[later].astype(np.int64)
    sizes, low = (asked & np.uint64(LARGEST)).astype(np.float64), asked & ~np.uint64(LARGEST)
    smallest = np.minimum(np.ceil(threshold * sizes - 1e-9), LARGEST).astype(np.uint64)
    largest = np.minimum(np.floor(sizes / threshold + 1e-9), LARGEST).astype(np.uint64)
    # a size that does not fit into its bits may be any larger one
    largest[sizes == LARGEST] = LARGEST
    first = np.searchsorted(values, low | smallest, "left")
    hits = np.searchsorted(values, low | largest, "right") - first
    ends = np.cumsum(hits)
    if not len(ends):
        return
    cuts = np.searchsorted(ends, np.arange(PAIRS_AT_ONCE, ends[-1], PAIRS_AT_ONCE))
    for part in np.split(np.arange(len(hits)), cuts):
        many = hits[part]
        right = np.repeat(of[part], many)
        within = np.arange(len(right)) - np.repeat(np.cumsum(many) - many, many)
        left = rows[np.repeat(first[part], many) + within].astype(np.int64)
        apart = splits[left] < splits[right]
        left, right = left[apart], right[apart]
        near = known.may_be_similar(left, right, threshold)
        yield distinct(left[near], right[near])
