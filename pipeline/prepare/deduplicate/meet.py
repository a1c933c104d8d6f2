"""Candidates of a whole cleaned dataset: rows that meet under a key and that their sketches do not rule out.

The keys are cut into buckets by their values, so rows that meet do so within a bucket. A bucket is worked on with
8,000,000 keys and the sketches of all rows in memory, by whoever has the time: this process, or the tasks of a Spark
job. No key passes through a shuffle; each bucket reads the column and takes what is its own.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.lake import Lake
from pipeline.prepare.deduplicate.candidates import Ranks, Rows, distinct, pairs
from pipeline.prepare.deduplicate.keys import KIND_BITS, Kind, most_keys
from pipeline.prepare.deduplicate.sketches import ASKED, WHOLE, Sketches
from pipeline.prepare.rows_at import scan

KEYS_AT_ONCE = 8_000_000
KEYS_A_SLICE = 200_000
Kept = npt.NDArray[np.bool_]


class Bucket(NamedTuple):
    """The part of the keys that are worked on at once."""

    number: int
    of: int

    def holds(self, keys: Rows) -> Kept:
        """Tell which keys are in this bucket."""
        return np.asarray((keys.view(np.uint64) >> np.uint64(KIND_BITS)) % np.uint64(self.of) == self.number, bool)


def buckets(rows: int, threshold: float) -> list[Bucket]:
    """Return the buckets for a dataset of so many rows whose keys were made for this threshold."""
    number = max(1, -(-most_keys(threshold) * rows // KEYS_AT_ONCE))
    return [Bucket(n, number) for n in range(number)]


def candidates(lake: Lake, uri: str, keep: Kept, ranks: Ranks, threshold: float, bucket: Bucket) -> tuple[Rows, Rows]:
    """Return the pairs (smaller row first, sorted, each once) among the rows to keep that meet in a bucket.

    `ranks` is the place of each row in the order in which rows were first seen.
    """
    keys, rows = _keys(lake, uri, keep, bucket)
    order = np.lexsort((ranks[rows], keys))
    keys, rows = keys[order], rows[order]
    sketches = {
        Kind.NEAR: Sketches.read(lake, uri, WHOLE),
        Kind.QUESTION: Sketches.read(lake, uri, ASKED),
    }
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for start, end in _slices(keys):
        for kind in Kind:
            under = (keys[start:end] & ((1 << KIND_BITS) - 1)) == kind
            met = pairs(keys[start:end][under], rows[start:end][under].astype(np.int64))
            if kind in sketches:
                near = sketches[kind].may_be_similar(*met, threshold)
                met = met[0][near], met[1][near]
            found.append(distinct(*met))
    left, right = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
    return distinct(left, right)


def _keys(lake: Lake, uri: str, keep: Kept, bucket: Bucket) -> tuple[Rows, npt.NDArray[np.int32]]:
    keys, rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
    for start, batch in scan(lake, uri, ["keys"]):
        column: pa.ListArray = batch["keys"]
        flat = column.flatten().to_numpy()
        at = np.repeat(np.arange(start, start + len(column), dtype=np.int32), column.value_lengths().to_numpy())
        wanted = keep[at] & bucket.holds(flat)
        keys.append(flat[wanted])
        rows.append(at[wanted])
    return np.concatenate(keys), np.concatenate(rows)


def _slices(keys: Rows) -> list[tuple[int, int]]:
    """Cut sorted keys into runs of about `KEYS_A_SLICE` so that no key is on both sides of a cut."""
    cuts = np.arange(0, len(keys), KEYS_A_SLICE)[1:]
    places = np.unique(np.concatenate([[0], np.searchsorted(keys, keys[cuts], "left"), [len(keys)]])).tolist()
    return list(pairwise(places))
