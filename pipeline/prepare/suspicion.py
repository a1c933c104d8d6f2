"""Rows that somebody may have placed to steer the model, told by what they have in common; see `quality.poisoning`."""

from __future__ import annotations

import numpy as np

from pipeline.lake import Lake
from pipeline.prepare.decisions import Decisions
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.components import components
from pipeline.prepare.facts import DAY, Facts
from pipeline.prepare.quality import poisoning
from pipeline.prepare.triggers import trigger_rows


def set_bursts_aside(facts: Facts, related: tuple[Rows, Rows], made: Decisions) -> None:
    """Set aside crowds of near-identical rows, before any of them is taken for a duplicate of another."""
    members, group = components(*related)
    _set_crowds_aside(facts, members, group, poisoning.BURST, made)
    made.measured["poisoning_looked_at"] = {"rows_in_groups": len(members)}


def set_floods_and_triggers_aside(lake: Lake, uri: str, facts: Facts, made: Decisions) -> None:
    """Set aside crowds of rows with one answer, and rows whose questions share a word that is tied to one."""
    kept = np.flatnonzero(facts.usable & (made.code == 0))
    _, answer, counts = np.unique(facts.answer_key[kept], return_inverse=True, return_counts=True)
    often = counts[answer] >= poisoning.LEAST_BURST
    _set_crowds_aside(facts, kept[often], answer[often], poisoning.FLOOD, made)
    for rows in trigger_rows(lake, uri, facts.usable & (made.code == 0)).values():
        made.set_aside(rows, poisoning.TRIGGER)
        said = f"{len(rows)} questions with one rare word get one answer"
        made.detail.update({int(row): said for row in rows})
    made.measured["poisoning_looked_at"]["rows_with_shared_answers"] = int(often.sum())


def _set_crowds_aside(facts: Facts, members: Rows, groups: Rows, reason: str, made: Decisions) -> None:
    """Set aside rows that came in a crowd, and rows that were changed in one."""
    came, changed = facts.collected // DAY, facts.updated // DAY
    for days, counts in ((came, facts.usable), (changed, facts.usable & (changed > came))):
        arrivals = poisoning.Arrivals.known(facts.source, days, np.where(counts, facts.same_key, 0))
        some = counts[members]
        made.set_aside(poisoning.crowded(members[some], groups[some], facts.same_key, arrivals), reason)
