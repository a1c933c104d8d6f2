"""Making a released version the production one."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.audit import AuditLog
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.publish import alias
from pipeline.publish.comparison import refuse_other_production, why_withdrawn
from pipeline.publish.erasures import PUBLISHED
from pipeline.publish.recorded import standing
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
    compared: str | None,
    approvals: Sequence[int],
) -> None:
    """Make a released version the production one, and record it once.

    `model` is the digest of its bytes, `compared` that of the production model that its evaluation compared it with.
    Raises Refused when a rollback took it out of production, or a newer one is there: a release that is tried again
    after a crash must not undo what people did since. Raises it also when something else is in production than it was
    compared with, when its bytes were withdrawn under another name, and when the audit trail does not hold.
    """

    def allowed() -> None:
        trail = held(audit, store)
        alias.refuse_withdrawn(trail, store, version)
        reason = why_withdrawn(trail, store.repository, model)
        if reason is not None:
            raise Refused(f"{version.name} cannot go to production: {reason}", where=store.url())
        present = standing(trail, store.repository)
        if present is not None and present.number > version.number:
            raise Refused(
                f"{present.name} is in production already, which is newer than {version.name}",
                where=store.url(),
                remedy=f"If the older one is wanted: llmops models rollback --to {version.name}",
            )
        refuse_other_production(store, trail, compared, model)

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
