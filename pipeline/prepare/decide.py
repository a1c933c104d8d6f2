"""Decisions about rows that need a look at all of them: duplicates, poisoning, refusals and splits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.lake import Lake
from pipeline.prepare import refusals
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.components import components
from pipeline.prepare.deduplicate.find import Pairs
from pipeline.prepare.facts import DAY, Facts
from pipeline.prepare.quality import poisoning
from pipeline.prepare.rows_at import rows_at
from pipeline.prepare.schema import DECISIONS
from pipeline.prepare.splits import Shares, missing_splits, split_of
from pipeline.prepare.triggers import trigger_rows
from pipeline.settings import PrepareSettings

REPEATED = "the id stands twice"
EXACT = "exact duplicate"
NEAR = "near duplicate"


@dataclass
class Decisions:
    """For each row of the dataset why it is set aside (a code in `reasons`, 0 for kept), and what else was decided."""

    reasons: list[str | None] = field(default_factory=lambda: [None])
    code: npt.NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    detail: dict[int, str] = field(default_factory=dict)
    alternates: dict[int, list[str]] = field(default_factory=dict)
    cluster: dict[int, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    refusal: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    measured: dict[str, Any] = field(default_factory=dict)

    def set_aside(self, rows: Rows, reason: str) -> None:
        """Give rows that are still kept a reason."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        rows = rows[self.code[rows] == 0]
        self.code[rows] = self.reasons.index(reason)

    def table(self, shares: Shares) -> pa.Table:
        """Return the decisions as rows of `DECISIONS`, in the order of the rows that they are about."""
        about = np.unique(np.concatenate([np.flatnonzero(self.code), np.flatnonzero(self.refusal), [*self.cluster]]))
        clusters = [self.cluster.get(int(row)) for row in about]
        columns = {
            "row": about,
            "reason": [self.reasons[self.code[int(row)]] for row in about],
            "detail": [self.detail.get(int(row)) for row in about],
            "cluster_id": clusters,
            "alternates": [self.alternates.get(int(row)) for row in about],
            "split": [None if name is None else self.split(name, shares) for name in clusters],
            "is_refusal": self.refusal[about.astype(np.int64)],
        }
        return pa.Table.from_arrays([pa.array(columns[f.name], f.type) for f in DECISIONS], schema=DECISIONS)

    def split(self, cluster: str, shares: Shares) -> str:
        """Return the split of a cluster."""
        return self.moved.get(cluster) or split_of(cluster, shares)


def decide(lake: Lake, uri: str, facts: Facts, pairs: Pairs, chosen: PrepareSettings) -> Decisions:
    """Decide about all rows of a cleaned dataset."""
    made = Decisions(code=np.zeros(len(facts), np.int16), refusal=np.zeros(len(facts), bool))
    made.set_aside(np.flatnonzero(facts.repeated), REPEATED)
    copies = _duplicates(lake, uri, facts, pairs, made)
    members, group = components(*pairs.related)
    _poisoning(lake, uri, facts, (members, group), made)
    _clusters(lake, uri, facts, (members, group), made)
    _refusals(lake, uri, facts, chosen, made)
    _splits(lake, uri, facts, chosen, made)
    made.measured["duplicates"] = {"exact": int(copies[0]), "near": int(copies[1])}
    return made


def _ids(lake: Lake, uri: str, rows: Rows) -> dict[int, str]:
    if not len(rows):
        return {}
    ids = rows_at(lake, uri, rows, ["question_id"])["question_id"].to_pylist()
    return dict(zip(rows.tolist(), ids, strict=True))


def _duplicates(lake: Lake, uri: str, facts: Facts, pairs: Pairs, made: Decisions) -> tuple[int, int]:
    """Keep the best row of each group: with a context by people, the best supported one, then the newest."""
    members, group = components(*pairs.duplicates)
    order = np.lexsort(
        (members, -facts.updated[members], -np.round(facts.support[members], 2), ~facts.human[members], group)
    )
    members, group = members[order], group[order]
    first = np.concatenate([[True], group[1:] != group[:-1]]) if len(group) else np.zeros(0, bool)
    best = members[first][np.cumsum(first) - 1] if len(group) else members
    others = members != best
    ids = _ids(lake, uri, np.unique(members))
    for row, kept in zip(members[others].tolist(), best[others].tolist(), strict=True):
        made.detail[row] = ids[kept]
        made.alternates.setdefault(kept, []).append(ids[row])
    for names in made.alternates.values():
        names.sort()
    exact = facts.same_key[members] == facts.same_key[best]
    made.set_aside(members[others & exact], EXACT)
    made.set_aside(members[others & ~exact], NEAR)
    return int((others & exact).sum()), int((others & ~exact).sum())


def _poisoning(lake: Lake, uri: str, facts: Facts, related: tuple[Rows, Rows], made: Decisions) -> None:
    members, group = related
    different = made.code[members] == 0
    near = members[different]
    crowd = poisoning.crowded(group[different], facts.source[near], facts.collected[near] // DAY, near)
    made.set_aside(crowd, poisoning.BURST)
    kept = np.flatnonzero(facts.usable & (made.code == 0))
    _, answer, counts = np.unique(facts.answer_key[kept], return_inverse=True, return_counts=True)
    often = counts[answer] >= poisoning.LEAST_TRIGGER
    several, answer = kept[often], answer[often]
    flood = poisoning.crowded(answer, facts.source[several], facts.collected[several] // DAY, several)
    made.set_aside(flood, poisoning.FLOOD)
    left = made.code[several] == 0
    for rows in trigger_rows(lake, uri, several[left], answer[left]).values():
        made.set_aside(rows, poisoning.TRIGGER)
        made.detail.update({int(row): f"{len(rows)} questions with one rare word get one answer" for row in rows})
    made.measured["poisoning_looked_at"] = {"rows_in_groups": len(near), "rows_with_shared_answers": len(several)}


def _clusters(lake: Lake, uri: str, facts: Facts, related: tuple[Rows, Rows], made: Decisions) -> None:
    """Name each cluster by its first row: the one collected first, so that rows that join later change nothing."""
    members, group = related
    order = np.lexsort((members, facts.collected[members], group))
    members, group = members[order], group[order]
    first = np.concatenate([[True], group[1:] != group[:-1]]) if len(group) else np.zeros(0, bool)
    anchor = members[first][np.cumsum(first) - 1] if len(group) else members
    ids = _ids(lake, uri, np.unique(anchor))
    made.cluster = {row: ids[named] for row, named in zip(members.tolist(), anchor.tolist(), strict=True)}
    made.measured["clusters"] = {"of_several_rows": int(first.sum()), "rows_in_them": len(members)}


def _refusals(lake: Lake, uri: str, facts: Facts, chosen: PrepareSettings, made: Decisions) -> None:
    kept = facts.usable & (made.code == 0)
    weak = np.flatnonzero(kept & (facts.support < chosen.min_support))
    strong = int(kept.sum()) - len(weak)
    number = refusals.wanted(strong, len(weak), chosen.refusal_share)
    ids = _ids(lake, uri, weak)
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
        ids = _ids(lake, uri, kept)
        clusters = {row: made.cluster.get(row, ids[row]) for row in kept.tolist()}
        made.moved = missing_splits(list(clusters.values()), chosen.split)
        made.cluster.update({row: name for row, name in clusters.items() if name in made.moved})
