"""Copies of the audit trail's head in published releases: out of reach for who can only write to the lake."""

from __future__ import annotations

from pydantic import ValidationError

from pipeline.audit import AuditLog
from pipeline.audit.records import Head
from pipeline.audit.trail import Trail
from pipeline.errors import Refused, StoreError
from pipeline.publish.store import ModelStore


def released_heads(store: ModelStore) -> list[tuple[str, Head]]:
    """Return the head that each released version was published with, by the version's name.

    Raises StoreError when the store cannot be asked, or when a release's copy cannot be read.
    """
    found = []
    for version in store.versions():
        kept = (store.release(version.commit) or {}).get("audit")
        if isinstance(kept, dict):
            try:
                found.append((version.name, Head.model_validate(kept)))
            except ValidationError:
                raise StoreError(
                    f"The release {version.name} carries a damaged copy of the audit trail's head", where=store.url()
                ) from None
    return found


def held(audit: AuditLog, store: ModelStore) -> Trail:
    """Return the audit trail, read once and compared with every copy of its head; raises Refused when it does not hold.

    What moves production decides from these records alone.
    """
    trail = audit.trail(tuple(head for _, head in released_heads(store)))
    if trail.faults:
        raise Refused(
            f"The audit trail does not hold at record {trail.faults[0].number}: {trail.faults[0].problem}",
            where=store.url(),
            remedy="Run llmops audit verify; nothing goes to production on a trail that does not hold",
        )
    return trail
