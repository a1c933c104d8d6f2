"""The audit trail: an append-only, hash-chained record of every run, dataset, model, check, approval and publication.

Record n is the object `audit/records/<n>.json`. It names the hash of record n-1, so an edit, a removal or a swap breaks
the chain. Records are appended with a put that fails if the number is taken: concurrent writers lose nothing.
`audit/head.json` names the last record. Copies of the head are kept where a writer of the lake cannot reach: in every
published release and, on each machine that records, below its state folder. They show a tail that was cut off.
With a signing key each record carries an HMAC-SHA256, which someone who can only write to the lake cannot forge. A key
is changed by a record of its own; see `keys`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from pipeline.audit.handover import handover
from pipeline.audit.keys import Key, KeyRing
from pipeline.audit.memory import HeadMemory
from pipeline.audit.records import GENESIS, Fault, Head, Record
from pipeline.audit.trail import Trail, read_trail
from pipeline.errors import LakeError, SettingsError
from pipeline.lake import Lake
from pipeline.log import get_logger

if TYPE_CHECKING:
    from pipeline.settings import Settings

ATTEMPTS = 200
log = get_logger(__name__)


def open_audit(settings: Settings, lake: Lake) -> AuditLog:
    """Return the lake's trail with the configured key and this machine's own memory of its head."""
    # two services may have buckets of one name
    place = f"{settings.lake.endpoint_url or ''} {lake.root}".strip()
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    keys = settings.audit
    memory = settings.state_dir / "audit" / f"{name}.json"
    return AuditLog(lake, keys.signing_key, memory, retired=keys.retired_keys)


class AuditLog:
    """The trail in one lake."""

    def __init__(
        self,
        lake: Lake,
        signing_key: SecretStr | None = None,
        memory: Path | None = None,
        *,
        retired: Sequence[SecretStr] = (),
    ) -> None:
        """Sign with `signing_key` when there is one; remember the last head in the file `memory`, outside the lake.

        `retired` are keys that it replaced: they verify what they signed in their time, and sign nothing any more.
        """
        self._lake = lake
        self._keys = KeyRing.of(signing_key, retired) if signing_key else None
        self._memory = HeadMemory(memory)

    @property
    def signed(self) -> bool:
        """Tell whether records are signed and signatures are checked."""
        return self._keys is not None

    def append(
        self,
        event: str,
        *,
        actor: str,
        run_id: str | None = None,
        subject: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> Record:
        """Add a record after the last one and return it. `data` must be JSON and hold no personal data or secret.

        Raises LakeError when the lake cannot be written, or the last record was signed with another key than this
        process has: a record that no key of the trail's signs could never be taken out again. The caller must then not
        go on with what it wanted recorded.
        """
        plain = _plain(data or {})
        for _ in range(ATTEMPTS):
            last = self._last()
            self._require_turn(last)
            record = Record(
                number=last.number + 1,
                at=datetime.now(UTC),
                event=event,
                actor=actor,
                run_id=run_id,
                subject=subject,
                data=plain,
                previous=last.hash,
            )
            if self._put(record, self._keys.present if self._keys else None):
                return record
        raise self._crowded()

    def hand_over(self, actor: str, witnesses: tuple[Head, ...] = ()) -> Record | None:
        """Let the present key take the trail over from the one before it; None when it has it already.

        Raises LakeError when the trail does not hold, SettingsError when the key before is not among the retired ones
        or the present one was in use before.
        """
        if self._keys is None:
            raise SettingsError("There is no key to hand over to", where="audit.signing_key")
        for _ in range(ATTEMPTS):
            trail = read_trail(self._lake, None, (*witnesses, *self._memory.known()))
            made = handover(trail, self._keys, actor, where=self._lake.uri("audit"))
            if made is None:
                return None
            record, key = made
            if self._put(record, key):
                return record
        raise self._crowded()

    def _require_turn(self, last: Head) -> None:
        """Raise unless what this process would append is signed as the trail goes on."""
        if last.number == 0:
            return
        uri = self._uri(last.number)
        record = self._parsed(self._lake.read(uri), uri)
        if self._keys is None and record.signature is None:
            return
        if self._keys is not None and self._keys.continues(record):
            return
        what = "has no key" if self._keys is None else f"has another key ({self._keys.present.id})"
        raise LakeError(
            f"The last audit record {'is not signed' if record.signature is None else 'is signed'}, and this process "
            f"{what}, so it must not write behind it",
            where=uri,
            remedy="Set LLMOPS_AUDIT__SIGNING_KEY to the trail's key; after a change of keys: llmops audit rotate",
        )

    def _put(self, record: Record, key: Key | None) -> bool:
        record.hash = record.computed_hash()
        record.signature = key.sign(record.hash) if key else None
        if not self._lake.put_if_absent(self._uri(record.number), record.to_bytes()):
            return False
        head = Head(number=record.number, hash=record.hash)
        self._advance(head)
        self._memory.keep(head)
        return True

    def _crowded(self) -> LakeError:
        return LakeError(
            "The audit trail is written to by too many at once",
            where=self._lake.uri("audit"),
            remedy="Try again in a moment",
        )

    def records(self) -> Iterator[Record]:
        """Yield the records in the order of their numbers; raises LakeError at one that cannot be read."""
        for info in self._lake.objects(self._lake.uri("audit", "records")):
            yield self._parsed(self._lake.read(info.uri), info.uri)

    def newest_first(self, read: dict[int, Record] | None = None) -> Iterator[Record]:
        """Yield the records from the last one back, read one at a time: for what was recorded not long ago.

        Their places in the chain are not verified; see `genuine`. `read` keeps by number what was read, for the next
        call. Raises LakeError at one that is missing or cannot be read.
        """
        known = {} if read is None else read
        for number in range(self._last().number, 0, -1):
            if number not in known:
                uri = self._uri(number)
                known[number] = self._parsed(self._lake.read(uri), uri)
            yield known[number]

    def genuine(self, record: Record) -> bool:
        """Tell whether a record says what was hashed and, where there is a key, signed; its place is not looked at."""
        return record.hash == record.computed_hash() and (self._keys is None or self._keys.signed(record))

    def find(self, event: str, *, run_id: str | None = None, subject: str | None = None) -> list[Record]:
        """Return the records of an event, optionally of one run or about one subject, oldest first.

        They are not verified: what a decision rests on is read with `trail`.
        """
        return [
            record
            for record in self.records()
            if record.event == event
            and (run_id is None or record.run_id == run_id)
            and (subject is None or record.subject == subject)
        ]

    def head(self) -> Head:
        """Return the last record's number and hash (number 0 when nothing was recorded)."""
        return self._last()

    def trail(self, witnesses: tuple[Head, ...] = ()) -> Trail:
        """Read the trail once and return its records together with every place where it does not hold.

        `witnesses` are heads that were kept elsewhere (releases, a notary): each must still be in the trail, which
        shows a tail that was cut off together with the head.
        """
        return read_trail(self._lake, self._keys, (*witnesses, *self._memory.known()))

    def verify(self, witnesses: tuple[Head, ...] = ()) -> list[Fault]:
        """Return every place where the trail does not hold; an empty list means that it does."""
        return list(self.trail(witnesses).faults)

    def _parsed(self, data: bytes, uri: str) -> Record:
        try:
            return Record.model_validate_json(data)
        except ValueError:
            raise LakeError("An audit record is damaged", where=uri, remedy="Run: llmops audit verify") from None

    def _uri(self, number: int) -> str:
        return self._lake.uri("audit", "records", f"{number:010d}.json")

    def _head_uri(self) -> str:
        return self._lake.uri("audit", "head.json")

    def _stored_head(self) -> tuple[Head, str] | None:
        stored = self._lake.read_tagged(self._head_uri())
        if stored is None:
            return None
        try:
            return Head.model_validate_json(stored[0]), stored[1]
        except ValueError:
            raise LakeError(
                "The head of the audit trail is damaged", where=self._head_uri(), remedy="Run: llmops audit verify"
            ) from None

    def _last(self) -> Head:
        """Start at the head and walk to the true end: a writer may have died between its record and the head."""
        stored = self._stored_head()
        head = stored[0] if stored else Head(number=0, hash=GENESIS)
        while (found := self._lake.read_tagged(self._uri(head.number + 1))) is not None:
            record = self._parsed(found[0], self._uri(head.number + 1))
            if record.number != head.number + 1:
                self._misplaced(head.number + 1)
            head = Head(number=record.number, hash=record.hash)
        return head

    def _misplaced(self, number: int) -> None:
        raise LakeError(
            "An audit record is not in its place", where=self._uri(number), remedy="Run: llmops audit verify"
        )

    def _advance(self, head: Head) -> None:
        for _ in range(ATTEMPTS):
            stored = self._stored_head()
            if stored is not None and stored[0].number >= head.number:
                return
            if self._lake.swap(self._head_uri(), head.model_dump_json().encode(), stored[1] if stored else None):
                return


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """Return JSON values that survive being written and read: no NaN, no half characters."""
    text = json.dumps(data, default=str, ensure_ascii=False).encode("utf-8", "replace")
    found: dict[str, Any] = json.loads(text, parse_constant=lambda _: None)
    return found
