"""MinHash signatures cut into bands (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, ch. 3).

Two texts whose sets of shingles have the Jaccard similarity s share a band with the probability 1 - (1 - s^r)^b. What
shares a band is only a candidate: `verify` decides by the exact similarity, so precision does not depend on the bands.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from pipeline.prepare.deduplicate.words import Hashes, Ragged

CHUNK = 1 << 16
"""Shingles hashed at once: 512 KB, which stays in the processor's cache."""


class Bands(NamedTuple):
    """How a signature is cut: `bands` bands of `rows` minima each."""

    bands: int
    rows: int

    def recall(self, similarity: float) -> float:
        """Return the probability that two texts of this similarity meet in a band."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


def bands_for(threshold: float, recall: float, hashes: int) -> Bands:
    """Return the cut that finds pairs at the threshold with this probability and takes at most so many hashes.

    Of those the one with the longest bands, which makes the fewest false candidates; if none does, the surest.
    """
    for rows in range(hashes, 0, -1):
        bands = next((n for n in range(1, hashes // rows + 1) if Bands(n, rows).recall(threshold) >= recall), 0)
        if bands:
            return Bands(bands, rows)
    return Bands(hashes, 1)


def band_hashes(sets: Ragged, cut: Bands, salt: int) -> Hashes:
    """Return a (texts, bands) array with a 64-bit hash of each band of each text; texts without shingles have zeros."""
    texts = len(sets.starts) - 1
    made = np.zeros((texts, cut.bands), np.uint64)
    filled = np.flatnonzero(sets.lengths())
    if not len(filled):
        return made
    factors = _factors(cut.bands * cut.rows)
    for part in _parts(sets, filled):
        start, end = sets.starts[part[0]], sets.starts[part[-1] + 1]
        values = sets.values[start:end]
        offsets = sets.starts[part] - start
        with np.errstate(over="ignore"):
            for band in range(cut.bands):
                mixed = np.full(len(part), salt * 64 + band + 1, np.uint64)
                for factor in factors[band * cut.rows : (band + 1) * cut.rows]:
                    minima = np.minimum.reduceat((values * factor) >> np.uint64(32), offsets)
                    mixed = (mixed ^ minima) * np.uint64(0x9E3779B97F4A7C15)
                    mixed ^= mixed >> np.uint64(31)
                made[part, band] = mixed
    return made


def _parts(sets: Ragged, filled: np.ndarray) -> list[np.ndarray]:
    """Cut the texts into runs of about `CHUNK` shingles."""
    sizes = np.cumsum(sets.lengths()[filled])
    return [part for part in np.split(filled, np.searchsorted(sizes, np.arange(CHUNK, sizes[-1], CHUNK))) if len(part)]


@cache
def _factors(number: int) -> Hashes:
    """Return odd multipliers, always the same: multiply-shift is universal hashing (Dietzfelbinger et al. 1997)."""
    return np.random.default_rng(20_240_101).integers(1, 1 << 63, number, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
