"""Sketches: a few words for each set of shingles that rule out, without its text, most rows that are not similar.

Each member flips one bit, so two sets differ in at least as many members as their sketches in bits; with their sizes
this bounds their Jaccard similarity from above (odd sketches: Mitzenmacher, Pagh and Pham 2014; Sandes, Teodoro and
Melo 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.lake import Lake
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.words import Hashes, Ragged
from pipeline.prepare.rows_at import scan

WHOLE = ("size", "sketch_0", "sketch_1", "sketch_2", "sketch_3")
"""The columns of a cleaned dataset with the size and the sketch of question with answer."""
ASKED = ("asked_size", "asked_sketch")
"""Those of the question."""
WORD_BITS = 6
FIRST_WORDS = 2
"""Words of a sketch that rule out most pairs that all of them rule out."""


@dataclass(frozen=True)
class Sketches:
    """The sizes and sketches of many sets; with `WHOLE` 36 bytes a row, with `ASKED` 12."""

    sizes: npt.NDArray[np.int32]
    words: list[Hashes]

    @classmethod
    def of(cls, sets: Ragged, words: int) -> Sketches:
        """Make sketches of so many words of 64 bits; a power of two."""
        filled = np.flatnonzero(sets.lengths())
        bits = WORD_BITS + words.bit_length() - 1
        place = (sets.values * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - bits)
        bit, word = np.uint64(1) << (place & np.uint64(63)), place >> np.uint64(WORD_BITS)
        made = []
        for number in range(words):
            column = np.zeros(len(sets.starts) - 1, np.uint64)
            if len(filled):
                flips = np.where(word == np.uint64(number), bit, np.uint64(0))
                column[filled] = np.bitwise_xor.reduceat(flips, sets.starts[:-1][filled])
            made.append(column)
        return cls(sets.lengths().astype(np.int32), made)

    @classmethod
    def read(cls, lake: Lake, uri: str, columns: Sequence[str]) -> Sketches:
        """Read them from a cleaned dataset, `WHOLE` or `ASKED`."""
        parts = [batch for _, batch in scan(lake, uri, columns)]
        if not parts:
            return cls(np.zeros(0, np.int32), [np.zeros(0, np.uint64) for _ in columns[1:]])
        sizes, *words = (np.concatenate([part[name].to_numpy() for part in parts]) for name in columns)
        return cls(sizes, words)

    def columns(self, names: Sequence[str]) -> dict[str, pa.Array]:
        """Return them as the columns of these names."""
        return dict(zip(names, map(pa.array, (self.sizes, *self.words)), strict=True))

    def may_be_similar(self, left: Rows, right: Rows, threshold: float) -> npt.NDArray[np.bool_]:
        """Tell which pairs may have a Jaccard similarity of at least `threshold`; False is certain."""
        both = self.sizes[left].astype(np.int64) + self.sizes[right]
        most = ((1 - threshold) * both + 1e-6) / (1 + threshold)
        apart = np.zeros(len(left), np.uint16)
        for word in self.words[:FIRST_WORDS]:
            apart += np.bitwise_count(word[left] ^ word[right])
        near = apart <= most
        places = np.flatnonzero(near)  # few, so the other words are read for these only
        left, right, apart = left[places], right[places], apart[places]
        for word in self.words[FIRST_WORDS:]:
            apart += np.bitwise_count(word[left] ^ word[right])
        near[places] = apart <= most[places]
        return np.asarray(near, bool)
