"""Moving `production` to an earlier version: one conditional commit, verified, audited."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pipeline.audit import AuditLog
from pipeline.errors import Refused
from pipeline.publish.release import compare, pull
from pipeline.publish.store import RELEASE_FILE, ModelStore, Version
from pipeline.publish.witnesses import released_heads

ROLLED_BACK = "rolled_back"


def rollback(store: ModelStore, audit: AuditLog, *, to: str | None, actor: str, reason: str) -> Version:
    """Make `production` an earlier version (the one before the present one, unless `to` names another).

    Raises Refused when there is no such version, when it is in production already, when no publication of it is in the
    audit trail, or when its files are not what its release file says.
    """
    present = store.production()
    current = store.head(store.alias)
    if present is None or current is None:
        raise Refused("There is no version in production yet", where=store.url())
    target = _target(store, str(present["version"]), to)
    _published(audit, target, store)
    _intact(store, target)
    commit = store.point_alias(target, current)
    audit.append(
        ROLLED_BACK,
        actor=actor,
        subject=str((store.release(target.commit) or {}).get("model")),
        data={"from": present["version"], "to": target.name, "commit": commit, "reason": reason},
    )
    return target


def _target(store: ModelStore, present: str, wanted: str | None) -> Version:
    versions = {version.name: version for version in store.versions()}
    if wanted is None:
        earlier = [version for version in versions.values() if version.number < int(present[1:])]
        if not earlier:
            raise Refused(f"There is no version before {present}", where=store.url(), remedy="See: llmops models list")
        return earlier[-1]
    if wanted not in versions:
        raise Refused(
            f"There is no version {wanted}",
            where=store.url(),
            remedy=f"There are: {', '.join(versions) or 'none'}",
        )
    if wanted == present:
        raise Refused(f"{wanted} is in production already", where=store.url())
    return versions[wanted]


def _published(audit: AuditLog, target: Version, store: ModelStore) -> None:
    trail = audit.trail(tuple(head for _, head in released_heads(store)))
    if trail.faults:
        raise Refused(
            f"The audit trail does not hold at record {trail.faults[0].number}: {trail.faults[0].problem}",
            where=store.url(),
            remedy="Run llmops audit verify; nothing goes to production on a trail that does not hold",
        )
    records = [record for record in trail.find("published") if record.data.get("commit") == target.commit]
    if not records or records[-1].data.get("repository") != store.repository:
        raise Refused(
            f"The audit trail knows no publication of {target.name}",
            where=store.url(),
            remedy="Only versions that this pipeline published can go to production",
        )


def _intact(store: ModelStore, target: Version) -> None:
    release = store.release(target.commit)
    if release is None:
        raise Refused(f"The version {target.name} has no {RELEASE_FILE}", where=store.url())
    with tempfile.TemporaryDirectory(prefix="llmops-rollback-") as scratch:
        found = pull(store, target.commit, Path(scratch))
    found.pop(RELEASE_FILE, None)
    compare(release["files"], found)
