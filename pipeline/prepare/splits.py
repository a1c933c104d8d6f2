"""Train, validation and test by a hash of the cluster: stable over runs, and no cluster in two splits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import count

from pipeline.prepare.schema import SPLITS

STEPS = 1 << 32
Shares = tuple[float, float, float]


def place_of(cluster_id: str) -> float:
    """Return where a cluster stands between 0 and 1; it depends on its id alone."""
    return int.from_bytes(hashlib.sha256(f"split\x1f{cluster_id}".encode()).digest()[:4], "big") / STEPS


def split_of(cluster_id: str, shares: Shares) -> str:
    """Return train, validation or test; it depends on the cluster alone, so new data never moves old rows."""
    place = place_of(cluster_id)
    train, validation, _ = (share / sum(shares) for share in shares)
    if place < train:
        return SPLITS[0]
    return SPLITS[1] if place < train + validation else SPLITS[2]


def missing_splits(clusters: Sequence[str], shares: Shares) -> dict[str, str]:
    """Return clusters that must change their split so that none with a share is empty, with their new names.

    Only very small datasets need it: with 100 clusters and a share of a tenth, once in 38,000. The clusters nearest to
    the split's place move, so that the choice is the same at every run. Their names lead to the new split, so that they
    stay there for whoever remembers the names, however much data comes.
    """
    unique = sorted(set(clusters))
    present = {cluster: split_of(cluster, shares) for cluster in unique}
    moved: dict[str, str] = {}
    for split, share in zip(SPLITS, shares, strict=True):
        if share > 0 and split not in present.values() and len(unique) >= len(SPLITS):
            middle = {"train": 0.0, "validation": shares[0] / sum(shares), "test": 1.0}[split]
            counts = {name: list(present.values()).count(name) for name in SPLITS}
            free = [cluster for cluster in unique if cluster not in moved and counts[present[cluster]] > 1]
            nearest = min(free, key=lambda cluster: (abs(place_of(cluster) - middle), cluster))
            present[nearest] = split
            names = (f"{nearest}~{number}" for number in count(1))
            moved[nearest] = next(name for name in names if split_of(name, shares) == split)
    return moved
