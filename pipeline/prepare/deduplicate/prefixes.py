"""The rarest shingles of each row: what an exact search for similar rows has to compare, and nothing more.

Two sets whose Jaccard similarity is at least t share one of the first n - ceil(t n) + 1 members of each, in any order
that is the same for all sets of sizes n (prefix filtering: Bayardo, Ma and Srikant 2007). With the rarest first, few
sets meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.lake import Lake, open_lake
from pipeline.prepare.deduplicate.keys import PAIR_WIDTH
from pipeline.prepare.deduplicate.words import Hashes, Ragged, normalised, shingles, words
from pipeline.prepare.rows_at import rows_at
from pipeline.settings import LakeSettings
from pipeline.spark.parts import write_part

COUNTED_ROWS = 10_000
"""Rows on which the order rests. Any order gives the same pairs; a better one only makes fewer rows meet."""
COUNTER_BITS = 21
SIZE_BITS = 16
LARGEST = (1 << SIZE_BITS) - 1
PREFIXES = pa.schema(
    [
        # the high bits of a shingle with the size of the set in its low bits, so that a range holds the sizes that fit
        pa.field("entries", pa.list_(pa.uint64()), nullable=False),
    ]
)
WRITTEN = pa.schema([("entries", pa.int64())])


def sets_of(questions: pa.Array, answers: pa.Array) -> Ragged:
    """Return the shingles of questions with answers, over which the similarity of rows is taken."""
    return shingles(words(normalised(questions)).followed_by(words(normalised(answers))), PAIR_WIDTH)


def counts(lake: Lake, uri: str, rows: int) -> npt.NDArray[np.uint16]:
    """Return how often the shingles of some rows occur, by their highest bits."""
    some = np.unique(np.linspace(0, rows - 1, min(rows, COUNTED_ROWS)).astype(np.int64))
    texts = rows_at(lake, uri, some, ["question", "answer"]).combine_chunks()
    sets = sets_of(texts["question"].combine_chunks(), texts["answer"].combine_chunks())
    found = np.bincount((sets.values >> np.uint64(64 - COUNTER_BITS)).astype(np.int64), minlength=1 << COUNTER_BITS)
    return np.minimum(found, np.iinfo(np.uint16).max).astype(np.uint16)


@dataclass(frozen=True)
class PrefixPart:
    """Writes the prefixes of a piece of a cleaned dataset as a part, one row for each row."""

    lake: LakeSettings
    uri: str
    counts: npt.NDArray[np.uint16]
    threshold: float

    def __call__(self, number: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Write part `number` and yield its number of entries."""
        written = 0

        def prefixes() -> Iterator[pa.RecordBatch]:
            nonlocal written
            for batch in batches:
                made = prefixes_of(sets_of(batch["question"], batch["answer"]), self.counts, self.threshold)
                written += len(made["entries"].values)
                yield made

        write_part(open_lake(self.lake), self.uri, number, prefixes(), PREFIXES)
        yield pa.RecordBatch.from_pydict({"entries": [written]}, schema=WRITTEN)


def prefixes_of(sets: Ragged, counted: npt.NDArray[np.uint16], threshold: float) -> pa.RecordBatch:
    """Return the prefix of each set."""
    sizes = sets.lengths()
    rows = np.repeat(np.arange(len(sizes)), sizes)
    frequency = counted[(sets.values >> np.uint64(64 - COUNTER_BITS)).astype(np.int64)]
    # each set is sorted, so sorting by frequency, then by row, leaves equal ones in order; 16 bits are sorted by radix
    order = np.argsort(frequency, kind="stable")
    order = order[np.argsort(rows[order].astype(np.uint16 if len(sizes) < 1 << 16 else np.int64), kind="stable")]
    wanted = np.where(sizes > 0, sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 1, 0)
    first = (np.arange(len(rows)) - sets.starts[:-1][rows]) < wanted[rows]
    entries = entry(sets.values[order][first], sizes[rows[first]])
    starts = np.concatenate([[0], np.cumsum(np.minimum(wanted, sizes))]).astype(np.int32)
    column = pa.ListArray.from_arrays(pa.array(starts), pa.array(entries))
    return pa.RecordBatch.from_arrays([column], schema=PREFIXES)


def entry(values: Hashes, sizes: npt.NDArray[np.int64]) -> Hashes:
    """Return members with the sizes of their sets in the low bits."""
    low = np.uint64(LARGEST)
    return (values & ~low) | np.minimum(sizes, LARGEST).astype(np.uint64)
