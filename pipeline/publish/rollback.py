"""Moving `production` to another version: verified first, then one conditional commit with its audit record."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.audit import AuditLog
from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.publish import alias, erasures
from pipeline.publish.alias import ROLLED_BACK
from pipeline.publish.release import intact
from pipeline.publish.store import ModelStore, Version
from pipeline.publish.witnesses import held

PUBLISHED = "published"
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
) -> RolledBack:
    """Make another version the production one.

    Without `to` that is the newest earlier one that no rollback left and no erasure concerns, or the one that such a
    call was killed on the way to. Every file of it is
    pulled and compared with its release record (and its signature, with a key) before production is touched. A call
    that was killed can be made again and finishes its work. Raises Refused when there is no such version, when it is in
    production already, when the audit trail knows no publication of it, when it learned from erased data, when its
    files are not what its release file says, when the audit trail does not hold, or when somebody else moved production
    meanwhile.
    """
    _refuse_empty(reason)
    present = _present(store)
    trail = held(audit, store)
    recorded = in_production(trail, store.repository)
    target = _named(store, to) if to else _before(store, trail, present, recorded)
    _refuse_done(store, target, present, recorded)
    _published(trail, target, store)
    _unaffected(trail, target, store)
    model = _verified(store, target, verify_key)
    # A rollback that was killed between the alias and its record left the trail one move behind.
    left = str(recorded) if target.name == present else present

    def still_there() -> None:
        found = _present(store)
        trail = held(audit, store)
        _refuse_done(store, target, found, in_production(trail, store.repository))
        _unaffected(trail, target, store)
        if found not in (present, target.name):
            raise Refused(
                f"Production is {found} by now, no longer {present}",
                where=store.url(),
                remedy="Look at the versions (llmops models list) and decide anew",
            )

    def record(commit: str) -> None:
        data = {"repository": store.repository, "from": left, "to": target.name, "commit": commit, "reason": reason}
        audit.append(ROLLED_BACK, actor=actor, run_id=run_id, subject=model, data=data)

    commit = alias.move(store, lake, target, allowed=still_there, record=record)
    return RolledBack(left, target.name, commit, reason)


def eligible(store: ModelStore, trail: Trail, present: str) -> list[Version]:
    """Return the versions before `present` that could follow it, newest first.

    Left out are those that a rollback left, that learned from erased data, or that the audit trail does not know.
    """
    left = alias.withdrawn(trail, store.repository)
    tainted = erased(trail, store.repository)
    known = {record.data.get("commit") for record in _publications(trail, store.repository)}
    return [
        version
        for version in reversed(store.versions())
        if version.number < int(present[1:])
        and version.commit in known
        and version.name not in left
        and version.name not in tainted
    ]


def erased(trail: Trail, repository: str) -> set[str]:
    """Return the released versions that learned from rows whose subject was erased, before or after their release."""
    return erasures.versions(trail, repository)


def in_production(trail: Trail, repository: str) -> str | None:
    """Return the version that is in production as the audit trail has it."""
    moves = [*_publications(trail, repository), *alias.rollbacks(trail, repository)]
    last = max(moves, key=lambda record: record.number, default=None)
    return str(last.data.get("to") or last.data.get("version")) if last else None


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


def _refuse_done(store: ModelStore, target: Version, present: str, recorded: str | None) -> None:
    if target.name == present == recorded:
        raise Refused(f"{present} is in production already", where=store.url(), remedy="See: llmops models list")


def _present(store: ModelStore) -> str:
    release = store.production()
    if release is None:
        raise Refused("There is no version in production yet", where=store.url(), remedy="Run the pipeline: make run")
    return str(release["version"])


def _named(store: ModelStore, wanted: str) -> Version:
    versions = {version.name: version for version in store.versions()}
    if wanted not in versions:
        known = ", ".join(versions) or "none"
        raise Refused(f"There is no version {wanted}", where=store.url(), remedy=f"There are: {known}")
    return versions[wanted]


def _before(store: ModelStore, trail: Trail, present: str, recorded: str | None) -> Version:
    if recorded is not None and recorded != present:
        # Killed between the alias and its record? Then what it went to is meant, not one further back.
        meant = eligible(store, trail, recorded)
        if meant and meant[0].name == present:
            return meant[0]
    found = eligible(store, trail, present)
    if not found:
        raise Refused(
            f"There is no version before {present} to go back to",
            where=store.url(),
            remedy="See: llmops models list; name another one with --to, or release a better one",
        )
    return found[0]


def _publications(trail: Trail, repository: str) -> list[Record]:
    return [record for record in trail.find(PUBLISHED) if record.data.get("repository") == repository]


def _published(trail: Trail, target: Version, store: ModelStore) -> None:
    if not any(record.data.get("commit") == target.commit for record in _publications(trail, store.repository)):
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
