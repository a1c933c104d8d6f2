"""Train, validation and test by a hash of the question's cluster: stable over runs, and no cluster in two splits."""

from __future__ import annotations

import hashlib

STEPS = 1 << 32


def split_of(cluster_id: str, shares: tuple[float, float, float]) -> str:
    """Return train, validation or test; it depends on the cluster alone, so new data never moves old rows."""
    place = int.from_bytes(hashlib.sha256(f"split\x1f{cluster_id}".encode()).digest()[:4], "big") / STEPS
    train, validation, _ = (share / sum(shares) for share in shares)
    if place < train:
        return "train"
    return "validation" if place < train + validation else "test"
