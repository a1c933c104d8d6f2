"""Making a version the production one as an honest run does: compared with what is in production at that moment."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.audit import AuditLog
from pipeline.lake import Lake
from pipeline.publish.promote import promote
from pipeline.publish.store import ModelStore, Version


def promote_compared(
    store: ModelStore,
    lake: Lake,
    audit: AuditLog,
    version: Version,
    *,
    run_id: str,
    model: str,
    approvals: Sequence[int] = (1,),
) -> None:
    """Promote a version over what is there."""
    present = (store.production() or {}).get("model")
    promote(store, lake, audit, version, run_id=run_id, model=model, compared=present, approvals=approvals)
