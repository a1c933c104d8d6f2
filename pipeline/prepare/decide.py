"""Decisions about rows that need a look at all of them: duplicates, poisoning, refusals and splits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.lake import Lake
from pipeline.prepare import refusals
from pipeline.prepare.clusters import name_clusters, set_bridges_aside
from pipeline.prepare.decisions import Decisions, ids_of
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.find import Pairs
from pipeline.prepare.duplicates import keep_best
from pipeline.prepare.facts import Facts
from pipeline.prepare.splits import missing_splits
from pipeline.prepare.suspicion import set_bursts_aside, set_floods_and_triggers_aside
from pipeline.settings import PrepareSettings

REPEATED = "the id stands twice"
OTHER_ANSWER = "the id stands twice with another text"
EXAMPLES = 20


def decide(
    lake: Lake,
    uri: str,
    facts: Facts,
    pairs: Pairs,
    chosen: PrepareSettings,
    earlier: Mapping[str, str] | None = None,
) -> Decisions:
    """Decide about all rows of a cleaned dataset; `earlier` are names of clusters, see `clusters.name_clusters`."""
    made = Decisions(code=np.zeros(len(facts), np.int16), refusal=np.zeros(len(facts), bool))
    made.set_aside(np.flatnonzero(facts.repeated), REPEATED)
    made.set_aside(np.flatnonzero(facts.contradicting), OTHER_ANSWER)
    set_bursts_aside(facts, pairs.related, made)
    name_clusters(lake, uri, facts, pairs.related, made, earlier or {})
    set_bridges_aside(facts, pairs.related, made, chosen.split)
    keep_best(lake, uri, facts, pairs.duplicates, made, chosen.min_support)
    set_floods_and_triggers_aside(lake, uri, facts, made)
    _refusals(lake, uri, facts, chosen, made)
    _splits(lake, uri, facts, chosen, made)
    made.measured["contradictions"] = _contradictions(lake, uri, pairs.contradicting, made)
    return made


def _contradictions(lake: Lake, uri: str, pairs: tuple[Rows, Rows], made: Decisions) -> dict[str, Any]:
    """Count the pairs of rows that go on and say the same but for a number, a negation or a sign, and name some."""
    left, right = pairs
    both = (made.code[left] == 0) & (made.code[right] == 0)
    left, right = left[both], right[both]
    order = np.lexsort((right, left))[:EXAMPLES]
    shown = np.stack([left[order], right[order]])
    ids = ids_of(lake, uri, np.unique(shown))
    return {"pairs": len(left), "examples": [[ids[one], ids[other]] for one, other in shown.T.tolist()]}


def _refusals(lake: Lake, uri: str, facts: Facts, chosen: PrepareSettings, made: Decisions) -> None:
    kept = facts.usable & (made.code == 0)
    weak = np.flatnonzero(kept & (facts.support < chosen.min_support))
    strong = int(kept.sum()) - len(weak)
    number = refusals.wanted(strong, len(weak), chosen.refusal_share)
    ids = ids_of(lake, uri, weak)
    names = [ids[int(row)] for row in weak]
    groups = [
        (int(facts.source[row]), made.split(made.cluster.get(int(row), name), chosen.split))
        for row, name in zip(weak, names, strict=True)
    ]
    taken = refusals.chosen(names, groups, number)
    made.refusal[weak[taken]] = True
    made.set_aside(weak[~taken], refusals.UNSUPPORTED)
    for row in weak[~taken].tolist():
        made.detail[row] = f"support {facts.support[row]:.2f}"
    made.measured["refusals"] = {
        "made": number,
        "wanted": round(strong * chosen.refusal_share / (1 - chosen.refusal_share)),
    }


def _splits(lake: Lake, uri: str, facts: Facts, chosen: PrepareSettings, made: Decisions) -> None:
    kept = np.flatnonzero(facts.usable & (made.code == 0))
    if len(kept) <= 50 * len(chosen.split):
        ids = ids_of(lake, uri, kept)
        clusters = {row: made.cluster.get(row, ids[row]) for row in kept.tolist()}
        moved = missing_splits(list(clusters.values()), chosen.split)
        made.cluster.update({row: moved[name] for row, name in clusters.items() if name in moved})
