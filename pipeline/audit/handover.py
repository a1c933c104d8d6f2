"""The record by which one signing key hands the trail over to the next."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.audit.keys import HANDED_OVER, Key, KeyRing
from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.errors import LakeError, SettingsError


def handover(trail: Trail, keys: KeyRing, actor: str, *, where: str) -> tuple[Record, Key] | None:
    """Return the record that hands over to the present key, with the key to sign it; None when it has it already.

    `trail` is the trail read without keys. Raises LakeError when it does not hold, SettingsError when the key before is
    not among the retired ones or the present one was in use before.
    """
    before = keys.before(trail.records)
    if before is None:
        raise SettingsError(
            "The key that signed the trail until now is not given",
            where="audit.retired_keys",
            remedy="Add it there; without it nobody can tell whether the trail was forged",
        )
    if before == keys.present:
        return None
    _require_fit(trail, keys, before, where)
    last = trail.records[-1]
    data = {"from": before.id, "to": keys.present.id, "endorsement": keys.present.endorse(last.hash)}
    record = Record(
        number=last.number + 1,
        at=datetime.now(UTC),
        event=HANDED_OVER,
        actor=actor,
        data=data,
        previous=last.hash,
    )
    return record, before


def _require_fit(trail: Trail, keys: KeyRing, before: Key, where: str) -> None:
    """Raise unless the trail holds with the keys up to `before` and never had the present one."""
    changes = trail.find(HANDED_OVER)
    if keys.present.id in {name for change in changes for name in (change.data.get("from"), change.data.get("to"))}:
        raise SettingsError(
            "The present signing key was in use before", where="audit.signing_key", remedy="Make a new one"
        )
    ring = KeyRing(before, tuple(key for key in keys.retired if key != before))
    faults = [*trail.faults, *ring.faults(trail.records)]
    if faults:
        raise LakeError(
            f"The audit trail cannot be handed over: record {faults[0].number}: {faults[0].problem}",
            where=where,
            remedy="A new key must not vouch for a trail that does not hold: llmops audit verify",
        )
