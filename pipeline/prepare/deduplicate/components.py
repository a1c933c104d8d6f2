"""Connected components: which rows belong together when pairs do."""

from __future__ import annotations

import numpy as np

from pipeline.prepare.deduplicate.candidates import Rows


def components(left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """Return the rows of the pairs, sorted, and for each the smallest row of its component."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(left):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    members, places = np.unique(np.concatenate([left, right]), return_inverse=True)
    one, other = places[: len(left)], places[len(left) :]
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(members), len(members)))
    _, labels = connected_components(graph, directed=False)
    smallest = np.full(labels.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, labels, members)
    return members, smallest[labels]
