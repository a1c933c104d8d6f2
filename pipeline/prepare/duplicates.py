"""Which row of several that say the same goes on, and which of the others do not quite say the same."""

from __future__ import annotations

import numpy as np

from pipeline.lake import Lake
from pipeline.prepare.decisions import Decisions, ids_of
from pipeline.prepare.deduplicate.addresses import other_addresses
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.components import components
from pipeline.prepare.facts import SECOND, Facts

EXACT = "exact duplicate"
NEAR = "near duplicate"
CHANGED = "near duplicate with another link or address"
"""Whoever forges a copy changes where it leads to, so such rows are for a person to see."""


def keep_best(
    lake: Lake, uri: str, facts: Facts, pairs: tuple[Rows, Rows], made: Decisions, min_support: float
) -> None:
    """Set aside all but the best row of each group of duplicates.

    Rows that were set aside already take no part. The best row is supported, then has a context by people, then is of
    the source that had it first, then was seen first: a later copy never takes the place of what was there.
    """
    members, group = components(*pairs)
    members, group = members[made.code[members] == 0], group[made.code[members] == 0]
    best = _best(facts, members, group, min_support)
    others = members != best
    members, best = members[others], best[others]
    ids = ids_of(lake, uri, np.unique(np.concatenate([members, best])))
    for row, kept in zip(members.tolist(), best.tolist(), strict=True):
        made.detail[row] = ids[kept]
        made.alternates.setdefault(kept, []).append(ids[row])
    for names in made.alternates.values():
        names.sort()
    exact = facts.same_key[members] == facts.same_key[best]
    near = np.flatnonzero(~exact)
    changed = near[other_addresses(lake, uri, members[near], best[near])]
    made.set_aside(members[exact], EXACT)
    made.set_aside(members[changed], CHANGED)
    made.set_aside(members[near], NEAR)
    made.measured["duplicates"] = {"exact": int(exact.sum()), "near": len(near), "changed": len(changed)}


def _best(facts: Facts, members: Rows, group: Rows, min_support: float) -> Rows:
    """Return the best row of the group of each of the members."""
    if not len(members):
        return members
    seen = facts.collected[members] // SECOND
    by_source = np.lexsort((seen, facts.source[members], group))
    of_source = np.stack([group[by_source], facts.source[members][by_source]])
    first = np.concatenate([[True], (of_source[:, 1:] != of_source[:, :-1]).any(axis=0)])
    had_it = np.empty(len(members), np.int64)
    had_it[by_source] = seen[by_source][first][np.cumsum(first) - 1]
    support = facts.support[members]
    order = np.lexsort(
        (
            facts.ranks[members],
            facts.updated[members],
            -np.round(support, 2),
            seen,
            had_it,
            ~facts.human[members],
            support < min_support,
            group,
        )
    )
    first = np.concatenate([[True], group[order][1:] != group[order][:-1]])
    best = np.empty(len(members), np.int64)
    best[order] = members[order][first][np.cumsum(first) - 1]
    return best
