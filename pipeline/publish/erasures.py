"""Which models learned from rows whose subject was erased, as the audit trail tells it."""

from __future__ import annotations

from pipeline.audit import AuditLog
from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.review.evidence import REWRITTEN, STAGE_COMPLETED

PUBLISHED = "published"
ERASURES = ("erasure_started", "subject_erased")
"""The first counts too: an erasure that was killed had named its models, and its rows may be gone by now."""


def affected(trail: Trail | AuditLog, model: str, made: str | None = None) -> list[str]:
    """Return the references of the erasures whose subject a model learned from, oldest first.

    `model` is the digest of the model's files. An erasure names the models that it finds; with `made`, the digest of
    the candidate's manifest, those count too that were still being made from rows read before the erasure.
    """
    records = tuple(trail.records if isinstance(trail, Trail) else trail.records())
    found = [r.subject for r in records if r.event in ERASURES and model in _models(r) and r.subject]
    late = _read_before(records).get(made, []) if made else []
    return list(dict.fromkeys([*found, *late]))


def versions(trail: Trail, repository: str) -> set[str]:
    """Return a repository's versions that learned from rows whose subject was erased, before or after their release."""
    found: set[str] = set()
    digests: set[str] = set()
    for record in (found for event in ERASURES for found in trail.find(event)):
        digests |= _models(record)
        for model in record.data.get("models") or []:
            names = (str(name).rpartition("@") for name in model.get("versions", []))
            found |= {version for place, _, version in names if place == repository}
    for record in trail.find(PUBLISHED):
        if record.subject in digests and record.data.get("repository") == repository:
            found.add(str(record.data.get("version")))
    return found


def _models(record: Record) -> set[str]:
    return {str(model["digest"]) for model in record.data.get("models") or [] if model.get("digest")}


def _read_before(records: tuple[Record, ...]) -> dict[str, list[str]]:
    """Return the erasures by the digests of what was there before them, and of what was still made from that after."""
    stale: dict[str, list[str]] = {}
    for record in records:
        data = record.data
        if record.event == REWRITTEN and data.get("was") != record.subject:
            stale.setdefault(str(data.get("was")), []).append(str(data.get("reference")))
        elif record.event == STAGE_COMPLETED and record.subject:
            inherited = [name for digest in (data.get("inputs") or {}).values() for name in stale.get(digest, [])]
            if inherited:
                stale[record.subject] = list(dict.fromkeys([*stale.get(record.subject, []), *inherited]))
    return stale
