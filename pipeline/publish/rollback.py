"""Moving `production` to another version: verified first, then one conditional commit with its audit record."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.audit import AuditLog
from pipeline.audit.trail import Trail
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.publish import alias, erasures
from pipeline.publish.alias import ROLLED_BACK
from pipeline.publish.recorded import published, standing
from pipeline.publish.release import intact
from pipeline.publish.store import ModelStore, Version
from pipeline.publish.witnesses import held

MIN_REASON = 10


@dataclass(frozen=True, slots=True)
class RolledBack:
    """A rollback that was done: from which version to which, the alias's commit, and why."""

    previous: str
    version: str
    commit: str
    reason: str

    @property
    def text(self) -> str:
        """Return it as a sentence."""
        if self.previous == self.version:
            return f"Production holds {self.version} again: {self.reason}"
        return f"Production went from {self.previous} back to {self.version}: {self.reason}"


def rollback(
    store: ModelStore,
    lake: Lake,
    audit: AuditLog,
    *,
    to: str | None,
    actor: str,
    reason: str,
    run_id: str | None = None,
    verify_key: str | None = None,
    withdraw: bool = True,
) -> RolledBack:
    """Make another version the production one.

    Without `to` that is the newest earlier one that no rollback left and no erasure concerns, or the one that such a
    call was killed on the way to; when production does not hold what the audit trail says, it is first the version that
    the trail says. Every file of it is pulled and compared with its release record (and its signature, with a key)
    before production is touched. A version that a killed release put there is withdrawn; without `withdraw` that
    release can be finished later. A call that was killed can be made again and finishes its work. Raises Refused when
    there is no such version, it is in production already, the audit trail knows no publication of it, it learned from
    erased data, its files are not what its release file says, the trail does not hold, or somebody moved production.
    """
    _refuse_empty(reason)
    trail = held(audit, store)
    present = _present(store, trail)
    target = _named(store, to) if to else _before(store, trail, present)
    _refuse_done(store, target, present)
    _published(trail, target, store)
    _unaffected(trail, target, store)
    model = _verified(store, target, verify_key)
    left = _left(store, trail, present) if withdraw else present.name

    def still_there() -> None:
        trail = held(audit, store)
        found = _present(store, trail)
        _refuse_done(store, target, found)
        _unaffected(trail, target, store)
        if found != present:
            raise Refused(
                f"Production is {found.name} by now, no longer {present.name}",
                where=store.url(),
                remedy="Look at the versions (llmops models list) and decide anew",
            )

    def record(commit: str) -> None:
        data = {"repository": store.repository, "from": left, "to": target.name, "commit": commit, "reason": reason}
        audit.append(ROLLED_BACK, actor=actor, run_id=run_id, subject=model, data=data)

    commit = alias.move(store, lake, target, allowed=still_there, record=record)
    return RolledBack(left, target.name, commit, reason)


def eligible(store: ModelStore, trail: Trail, present: str) -> list[Version]:
    """Return the versions that could follow the one in production, newest first.

    Left out are those that a rollback left, that learned from erased data, or that the audit trail does not know. The
    version that the trail has in production is among them when `present` is another, or when production holds neither
    it nor an earlier one that a killed rollback put there.
    """
    recorded = standing(trail, store.repository)
    if recorded is None:
        return []
    left = alias.withdrawn(trail, store.repository)
    tainted = erased(trail, store.repository)
    known = published(trail, store.repository)
    found = [
        version
        for version in reversed(store.versions())
        if version.number <= recorded.number
        and version in known
        and version.name not in left
        and version.name not in tainted
    ]
    earlier = [version for version in found if version.number < recorded.number]
    lawful = present == recorded.name and any(alias.serves(store, version) for version in (recorded, *earlier))
    return earlier if lawful else found


def erased(trail: Trail, repository: str) -> set[str]:
    """Return the released versions that learned from rows whose subject was erased, before or after their release."""
    return erasures.versions(trail, repository)


def of_run(trail: Trail, repository: str, run_id: str) -> RolledBack | None:
    """Return the rollback that a run has done, None when it has done none."""
    done = [record.data for record in alias.rollbacks(trail, repository) if record.run_id == run_id]
    if not done:
        return None
    return RolledBack(*(str(done[-1].get(name)) for name in ("from", "to", "commit", "reason")))


def _refuse_empty(reason: str) -> None:
    if len(reason.strip()) < MIN_REASON:
        raise Refused(
            "A rollback needs a reason that others understand later",
            where="reason",
            remedy=f"Write at least {MIN_REASON} characters; they go into the audit trail",
        )


def _refuse_done(store: ModelStore, target: Version, present: Version) -> None:
    if target == present and alias.serves(store, target):
        raise Refused(f"{present.name} is in production already", where=store.url(), remedy="See: llmops models list")


def _present(store: ModelStore, trail: Trail) -> Version:
    """Return the version in production as the audit trail has it: what the alias says of itself proves nothing."""
    found = standing(trail, store.repository)
    if found is None:
        raise Refused("There is no version in production yet", where=store.url(), remedy="Run the pipeline: make run")
    return found


def _left(store: ModelStore, trail: Trail, present: Version) -> str:
    """Return the version that production leaves: the recorded one, or one that a killed release put there."""
    known = published(trail, store.repository)
    unrecorded = (version for version in reversed(store.versions()) if version not in known)
    return next((version.name for version in unrecorded if alias.serves(store, version)), present.name)


def _named(store: ModelStore, wanted: str) -> Version:
    versions = {version.name: version for version in store.versions()}
    if wanted not in versions:
        known = ", ".join(versions) or "none"
        raise Refused(f"There is no version {wanted}", where=store.url(), remedy=f"There are: {known}")
    return versions[wanted]


def _before(store: ModelStore, trail: Trail, present: Version) -> Version:
    found = eligible(store, trail, present.name)
    if not found:
        raise Refused(
            f"There is no version before {present.name} to go back to",
            where=store.url(),
            remedy="See: llmops models list; name another one with --to, or release a better one",
        )
    return found[0]


def _published(trail: Trail, target: Version, store: ModelStore) -> None:
    if target not in published(trail, store.repository):
        raise Refused(
            f"The audit trail knows no publication of {target.name}",
            where=store.url(),
            remedy="Only versions that this pipeline published can go to production",
        )


def _unaffected(trail: Trail, target: Version, store: ModelStore) -> None:
    if target.name in erased(trail, store.repository):
        raise Refused(
            f"{target.name} learned from rows of a person whose data was erased since",
            where=store.url(),
            remedy="Go back to another version, or run llm_pipeline (makes the rows anew and retrains), or llm_retrain",
        )


def _verified(store: ModelStore, target: Version, verify_key: str | None) -> str:
    with tempfile.TemporaryDirectory(prefix="llmops-rollback-") as scratch:
        return str(intact(store, target.commit, Path(scratch), verify_key)["model"])
