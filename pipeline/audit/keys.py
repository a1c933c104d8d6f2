"""The keys that sign the audit trail, one after the other, and what is wrong with a trail's signatures.

A trail is handed over from one key to the next by a record of its own. The record is signed with the key that goes, and
it carries the next key's signature over the hash of everything before it. So each record counts with the key of its
time alone: a key that was replaced, and may have leaked, can neither sign a new record nor rewrite an old one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import SecretStr

from pipeline.audit.records import Fault, Record

HANDED_OVER = "audit_key_changed"
RETIRED = "it is signed with a retired key: hand the trail over with llmops audit rotate, or it is forged"


@dataclass(frozen=True)
class Key:
    """A secret, and the id that records name it by: a digest, which gives nothing of the secret away."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Return the first 16 digits of a SHA-256 over the secret."""
        return hashlib.sha256(b"llmops audit key\0" + self.secret).hexdigest()[:16]

    def sign(self, digest: str) -> str:
        """Return the HMAC-SHA256 of a record's hash."""
        return hmac.new(self.secret, digest.encode(), "sha256").hexdigest()

    def endorse(self, previous: str) -> str:
        """Return the signature by which this key takes a trail over that ends with this hash."""
        return self.sign(f"handed over at {previous}")


def signed_by(key: Key, record: Record) -> bool:
    """Tell whether a record carries this key's signature."""
    return hmac.compare_digest((record.signature or "").encode(), key.sign(record.hash).encode())


@dataclass(frozen=True)
class KeyRing:
    """The present key, and those it replaced, which verify what they signed in their time."""

    present: Key
    retired: tuple[Key, ...] = ()

    @classmethod
    def of(cls, present: SecretStr, retired: Sequence[SecretStr] = ()) -> KeyRing:
        """Return the ring of the settings' secrets; raises ValueError when the present key is among the retired."""
        ring = cls(_key(present), tuple(_key(secret) for secret in retired))
        if ring.present in ring.retired:
            raise ValueError("the present signing key of the audit trail is among the retired ones")
        return ring

    def get(self, key_id: str) -> Key | None:
        """Return a key of the ring by its id."""
        return next((key for key in (self.present, *self.retired) if key.id == key_id), None)

    def signed(self, record: Record) -> bool:
        """Tell whether one of these keys signed a record."""
        return any(signed_by(key, record) for key in (self.present, *self.retired))

    def before(self, records: Sequence[Record]) -> Key | None:
        """Return the key that signs behind these records, if this ring has it; the present one for an empty trail."""
        if not records:
            return self.present
        changes = [record for record in records if record.event == HANDED_OVER]
        if changes:
            return self.get(str(changes[-1].data.get("to")))
        return next((key for key in (self.present, *self.retired) if signed_by(key, records[0])), None)

    def continues(self, last: Record) -> bool:
        """Tell whether the present key may sign behind this record: it signed it, or took over with it.

        A handover is signed with the key that goes, which is thereby done.
        """
        if last.event == HANDED_OVER:
            return last.data.get("to") == self.present.id and _endorsed(self.present, last)
        return signed_by(self.present, last)

    def faults(self, records: Sequence[Record]) -> Iterator[Fault]:
        """Yield every place where a record is not signed with the key of its time."""
        changes = [record for record in records if record.event == HANDED_OVER]
        active = str(changes[0].data.get("from")) if changes else self.present.id
        known = self.get(active)
        if known is None and records:
            yield _absent(records[0], active)
        told = False
        for record in records:
            if known is not None and not signed_by(known, record):
                retired = any(signed_by(key, record) for key in self.retired)
                if not (retired and told):  # once: before a handover it is so of every record
                    yield Fault(
                        number=record.number, problem=RETIRED if retired else "the signature is missing or wrong"
                    )
                told = told or retired
            if record.event != HANDED_OVER:
                continue
            if record.data.get("from") != active:
                yield Fault(number=record.number, problem="it hands over from another key than the one in use")
            active = str(record.data.get("to"))
            known = self.get(active)
            if known is None:
                yield _absent(record, active)
            elif not _endorsed(known, record):
                yield Fault(number=record.number, problem="the next key did not take the trail over: it is forged")
        if changes and active != self.present.id:
            yield Fault(number=records[-1].number, problem="the trail was not handed over to the present key")


def _key(secret: SecretStr) -> Key:
    return Key(secret.get_secret_value().encode())


def _endorsed(key: Key, record: Record) -> bool:
    endorsement = str(record.data.get("endorsement") or "")
    return hmac.compare_digest(endorsement.encode(), key.endorse(record.previous).encode())


def _absent(record: Record, key_id: str) -> Fault:
    shown = key_id[:16].encode("ascii", "replace").decode()
    return Fault(
        number=record.number,
        problem=f"from here on it is signed with the key {shown}, which is not given (audit.retired_keys)",
    )
