"""Copies of the audit trail's head in published releases: out of reach for who can only write to the lake."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pydantic import ValidationError

from pipeline.audit import AuditLog
from pipeline.audit.records import Fault, Head
from pipeline.audit.trail import Trail
from pipeline.errors import Refused, StoreError
from pipeline.log import get_logger
from pipeline.model_folder import file_digest
from pipeline.publish import signature
from pipeline.publish.calls import DamagedError
from pipeline.publish.recorded import published, refuse_forgotten
from pipeline.publish.signature import SIGNATURE_FILE
from pipeline.publish.store import RELEASE_FILE, ModelStore, Version

log = get_logger(__name__)
Witness = tuple[str, Head]
"""A released version's name and the head that it was published with."""


def released_heads(
    store: ModelStore, known: Collection[Version] = (), versions: Sequence[Version] | None = None
) -> list[Witness]:
    """Return the head that each released version was published with, by the version's name.

    Those of `versions` when they are given, otherwise of all that the store has now.

    Where releases are signed, only those count whose signature holds, and the `known` ones, which the audit trail says
    were published (before there was a key, or with another one): anybody with the store's token can make a tag.
    Raises StoreError, naming the version, when the store cannot be asked, or when a release's copy cannot be read.
    """
    found = []
    for version in store.versions() if versions is None else versions:
        if version not in known and not _ours(store, version):
            log.warning(
                "a version is neither signed with our key nor known as published; its copy of the head is not believed",
                version=version.name,
                store=store.url(),
            )
            continue
        try:
            kept = (store.release(version.commit) or {}).get("audit")
            if isinstance(kept, dict):
                found.append((version.name, Head.model_validate(kept)))
        except (ValidationError, DamagedError):
            raise StoreError(
                f"The release {version.name} carries a damaged copy of the audit trail's head",
                where=store.url(),
                remedy="Find out who writes to the model store; a tag that this pipeline did not make can be deleted",
            ) from None
    return found


def held(audit: AuditLog, store: ModelStore) -> Trail:
    """Return the audit trail, read once and compared with every copy of its head; raises Refused when it does not hold.

    What moves production decides from these records alone. Raises StoreError when the store shows no version although
    the trail knows one: its copies are missing then.
    """
    versions = store.versions()
    trail, heads = compared(store, versions, audit.trail())
    refuse_forgotten(store, trail, versions)
    if trail.faults:
        raise Refused(
            f"The audit trail does not hold at record {told(trail, heads)[0]}",
            where=store.url(),
            remedy="Run llmops audit verify; nothing goes to production on a trail that does not hold",
        )
    return trail


def compared(store: ModelStore, versions: Sequence[Version], trail: Trail) -> tuple[Trail, list[Witness]]:
    """Return the trail compared with every copy of its head in a store's versions, and those copies.

    The versions must have been listed before the trail was read: a later one carries a later head.
    """
    heads = released_heads(store, published(trail, store.repository), versions)
    return trail.against([head for _, head in heads]), heads


def told(trail: Trail, heads: Sequence[Witness]) -> list[str]:
    """Return the trail's faults as `<number>: <problem>`; one of a head that a release carries names the release."""
    hashes = {record.number: record.hash for record in trail.records}
    return [f"{fault.number}: {fault.problem}{_carriers(fault, heads, hashes)}" for fault in trail.faults]


def _carriers(fault: Fault, heads: Sequence[Witness], hashes: dict[int, str]) -> str:
    names = [name for name, head in heads if head.number == fault.number and hashes.get(head.number) != head.hash]
    return f" (the head that the release {', '.join(dict.fromkeys(names))} carries)" if names else ""


def _ours(store: ModelStore, version: Version) -> bool:
    key = store.verify_key
    if key is None:
        return True
    release, signed = store.file(version.commit, RELEASE_FILE), store.file(version.commit, SIGNATURE_FILE)
    if release is None or signed is None:
        return False
    return signature.vouches(signed, RELEASE_FILE, file_digest(release), key)
