"""Clusters of rows that ask or say nearly the same, which share a split, and which keep it when data grows.

Rows that were first seen together form blocks. A block takes the name, and so the split, of the cluster that it first
met an older row of, or else of its own first row: what comes later can change nothing about what was there. A new row
that is like old rows of two splits would leak from one to the other, so it is set aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from pipeline.lake import Lake
from pipeline.prepare.decisions import Decisions, ids_of
from pipeline.prepare.deduplicate.candidates import Ranks, Rows
from pipeline.prepare.facts import SECOND, Facts
from pipeline.prepare.rows_at import scan
from pipeline.prepare.schema import CLUSTERS, SPLITS
from pipeline.prepare.splits import Shares

BETWEEN = "similar to rows of two splits"


class Named(NamedTuple):
    """Rows that are related to others, and for each the row that its cluster is named after."""

    members: Rows
    anchors: Rows


def name_clusters(
    lake: Lake, uri: str, facts: Facts, related: tuple[Rows, Rows], made: Decisions, earlier: Mapping[str, str]
) -> None:
    """Give the related rows the names of their clusters.

    `earlier` has the names that an earlier run gave to rows that were not named after themselves: they keep them even
    when the row that they were named after is gone.
    """
    members, anchors = named(*related, facts.collected // SECOND, facts.ranks)
    different = np.unique(anchors)
    ids = ids_of(lake, uri, different)
    names = {anchor: earlier.get(name, name) for anchor, name in ids.items()}
    made.cluster = {row: names[anchor] for row, anchor in zip(members.tolist(), anchors.tolist(), strict=True)}
    if earlier:
        for start, batch in scan(lake, uri, ["question_id"]):
            for row, name in enumerate(batch["question_id"].to_pylist(), start):
                if name in earlier:
                    made.cluster.setdefault(row, earlier[name])
    made.measured["clusters"] = {"of_several_rows": len(different), "rows_in_them": len(members)}


def read_clusters(lake: Lake, uri: str | None) -> dict[str, str]:
    """Return the names in a dataset of `CLUSTERS`, if there is one."""
    if uri is None:
        return {}
    batches = (batch for _, batch in scan(lake, uri, CLUSTERS.names))
    return {name: cluster for batch in batches for name, cluster in zip(*(c.to_pylist() for c in batch), strict=True)}


def named(left: Rows, right: Rows, batches: Rows, ranks: Ranks) -> Named:
    """Return the clusters of related rows.

    `batches` tells for each row of the dataset when it was first seen, `ranks` its place in the order of that, ties
    included.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(left):
        return Named(np.zeros(0, np.int64), np.zeros(0, np.int64))
    members = np.unique(np.concatenate([left, right]))
    members = members[np.argsort(ranks[members])]
    place = np.empty(len(ranks), np.int32)
    place[members] = np.arange(len(members))
    older, newer = np.sort(np.stack([place[left], place[right]]), axis=0)
    batch = batches[members]
    together = batch[older] == batch[newer]
    one, other = older[together], newer[together]
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(members), len(members)))
    count, block = connected_components(graph, directed=False)
    first = np.full(count, len(members))
    np.minimum.at(first, block, np.arange(len(members)))
    met = np.full(count, len(members))
    np.minimum.at(met, block[newer[~together]], older[~together])
    parent = np.where(met < len(members), block[np.minimum(met, len(members) - 1)], np.arange(count))
    while (parent[parent] != parent).any():  # each step halves the way to the cluster's first block
        parent = parent[parent]
    return Named(members, members[first[parent[block]]])


def set_bridges_aside(facts: Facts, related: tuple[Rows, Rows], made: Decisions, shares: Shares) -> None:
    """Set aside, of each pair of related rows in different splits, the row that came later."""
    split = np.full(len(facts), -1, np.int8)
    known: dict[str, int] = {}
    for row, name in made.cluster.items():
        if name not in known:
            known[name] = SPLITS.index(made.split(name, shares))
        split[row] = known[name]
    left, right = related
    apart = (split[left] != split[right]) & (made.code[left] == 0) & (made.code[right] == 0)
    sides = np.stack([left[apart], right[apart]])
    ranks = facts.ranks[sides]
    order = np.lexsort((ranks.min(axis=0), ranks.max(axis=0)))
    older, newer = np.take_along_axis(sides, np.argsort(ranks, axis=0), axis=0)[:, order].tolist()
    gone: set[int] = set()
    for earlier, later in zip(older, newer, strict=True):
        if earlier not in gone:
            gone.add(later)
    made.set_aside(np.array(sorted(gone), np.int64), BETWEEN)
    made.measured["clusters"]["bridges"] = len(gone)
