"""Which data is the newest: what runs collected last, not what somebody named for a retraining."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.orchestration.runs import RETRAINING, dag_of
from pipeline.review.evidence import REWRITTEN, STAGE_COMPLETED


def repositories(records: Iterable[Record]) -> list[Record]:
    """Return the records of the repositories that runs made from their sources, oldest first.

    A retraining records one too, the one that it starts from, which may be of any age.
    """
    return [
        record
        for record in records
        if record.event == STAGE_COMPLETED
        and record.data.get("stage") == "repository"
        and dag_of(record.run_id or "") != RETRAINING
    ]


def features(trail: Trail) -> list[Record]:
    """Return the records of features, those of the newest repository first, and of one repository the newest first."""
    completed = trail.find(STAGE_COMPLETED)
    collected = {str(record.subject): record.number for record in repositories(completed)}
    prepared = {
        str(record.subject): str((record.data.get("inputs") or {}).get("repository"))
        for record in completed
        if record.data.get("stage") == "prepare"
    }
    for record in trail.find(REWRITTEN):  # an erasure changed its digest; its rows are as old as they were
        new, old = str(record.subject), str(record.data.get("was"))
        if old in collected:
            collected[new] = max(collected[old], collected.get(new, 0))
        if old in prepared:
            prepared.setdefault(new, prepared[old])

    def age(record: Record) -> tuple[int, int]:
        rows = str((record.data.get("inputs") or {}).get("prepare"))
        return collected.get(prepared.get(rows, ""), 0), record.number

    return sorted((r for r in completed if r.data.get("stage") == "features"), key=age, reverse=True)
