"""Making a released version the production one."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.audit import AuditLog
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.publish import alias
from pipeline.publish.rollback import PUBLISHED
from pipeline.publish.store import ModelStore, Version
from pipeline.publish.witnesses import held


def promote(
    store: ModelStore,
    lake: Lake,
    audit: AuditLog,
    version: Version,
    *,
    run_id: str,
    model: str,
    approvals: Sequence[int],
) -> None:
    """Make a released version the production one, and record it once.

    Raises Refused when a rollback took it out of production, or a newer one is there: a release that is tried again
    after a crash must not undo what people did since. Raises it also when the audit trail does not hold.
    """

    def allowed() -> None:
        alias.refuse_withdrawn(held(audit, store), store, version)
        present = str((store.production() or {}).get("version", "v0"))
        if int(present[1:]) > version.number:
            raise Refused(
                f"{present} is in production already, which is newer than {version.name}",
                where=store.url(),
                remedy=f"If the older one is wanted: llmops models rollback --to {version.name}",
            )

    def record(commit: str) -> None:
        known = audit.find(PUBLISHED, run_id=run_id, subject=model)
        data = {
            "repository": store.repository,
            "version": version.name,
            "commit": version.commit,
            "approvals": list(approvals),
        }
        if not any(found.data == data for found in known):
            audit.append(PUBLISHED, actor="pipeline", run_id=run_id, subject=model, data=data)

    alias.move(store, lake, version, allowed=allowed, record=record)
