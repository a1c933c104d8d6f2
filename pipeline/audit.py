"""The audit trail: an append-only, hash-chained record of every run, dataset, model, check, approval and publication.

Record n is the object `audit/records/<n>.json`. It names the hash of record n-1, so an edit, a removal or a swap breaks
the chain. Records are appended with a put that fails if the number is taken: concurrent writers lose nothing.
`audit/head.json` names the last record, and a copy of the head travels into every published model card, so that a
cut-off tail shows too.
With a signing key each record carries an HMAC-SHA256, which someone who can only write to the lake cannot forge.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, SecretStr

from pipeline.errors import LakeError
from pipeline.lake import Lake

GENESIS = "0" * 64
ATTEMPTS = 200


class Record(BaseModel):
    """One event: who did what to which thing, when, and the chain that proves its place."""

    number: int
    at: datetime
    event: str
    actor: str
    run_id: str | None = None
    subject: str | None = None
    data: dict[str, Any] = {}
    previous: str
    hash: str = ""
    signature: str | None = None

    def computed_hash(self) -> str:
        """Return the SHA-256 over everything but the hash and the signature."""
        body = self.model_dump(mode="json", exclude={"hash", "signature"})
        return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Head(BaseModel):
    """The last record's number and hash."""

    number: int
    hash: str


class Fault(BaseModel):
    """A place where the trail does not hold."""

    number: int
    problem: str


class AuditLog:
    """The trail in one lake."""

    def __init__(self, lake: Lake, signing_key: SecretStr | None = None) -> None:
        """Sign with `signing_key` when there is one."""
        self._lake = lake
        self._key = signing_key.get_secret_value().encode() if signing_key else None

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

        Raises LakeError when the lake cannot be written; the caller must then not go on with what it wanted recorded.
        """
        plain = json.loads(json.dumps(data or {}, default=str))
        for _ in range(ATTEMPTS):
            last = self._last()
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
            record.hash = record.computed_hash()
            record.signature = self._sign(record.hash)
            if self._lake.put_if_absent(self._uri(record.number), record.model_dump_json(indent=1).encode()):
                self._advance(Head(number=record.number, hash=record.hash))
                return record
        raise LakeError(
            "The audit trail is written to by too many at once",
            where=self._lake.uri("audit"),
            remedy="Try again in a moment",
        )

    def records(self) -> Iterator[Record]:
        """Yield the records in the order of their numbers; raises LakeError at one that cannot be read."""
        for info in self._lake.objects(self._lake.uri("audit", "records")):
            try:
                yield Record.model_validate_json(self._lake.read(info.uri))
            except ValueError:
                raise LakeError(
                    "An audit record is damaged", where=info.uri, remedy="Run: llmops audit verify"
                ) from None

    def find(self, event: str, *, run_id: str | None = None, subject: str | None = None) -> list[Record]:
        """Return the records of an event, optionally of one run or about one subject, oldest first."""
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

    def verify(self, witnesses: tuple[Head, ...] = ()) -> list[Fault]:
        """Return every place where the trail does not hold; an empty list means that it does.

        `witnesses` are heads that were kept elsewhere (model cards, a notary): each must still be in the trail, which
        shows a tail that was cut off together with the head.
        """
        faults: list[Fault] = []
        hashes: dict[int, str] = {0: GENESIS}
        expected = 1
        for info in self._lake.objects(self._lake.uri("audit", "records")):
            number = _number(info.uri)
            for missing in range(expected, number):
                faults.append(Fault(number=missing, problem="the record is missing"))
            expected = number + 1
            faults += self._check(number, self._lake.read(info.uri), hashes)
        faults += self._check_heads(hashes, witnesses)
        return faults

    def _check(self, number: int, data: bytes, hashes: dict[int, str]) -> list[Fault]:
        try:
            record = Record.model_validate_json(data)
        except ValueError:
            return [Fault(number=number, problem="the record cannot be read")]
        hashes[number] = record.hash
        problems = []
        if record.number != number:
            problems.append(f"the record says that it is number {record.number}")
        if record.computed_hash() != record.hash:
            problems.append("the content does not match its hash: it was edited")
        if number - 1 in hashes and record.previous != hashes[number - 1]:
            problems.append("it does not follow the record before it")
        if self._key and not hmac.compare_digest(record.signature or "", self._sign(record.hash) or ""):
            problems.append("the signature is missing or wrong")
        return [Fault(number=number, problem=problem) for problem in problems]

    def _check_heads(self, hashes: dict[int, str], witnesses: tuple[Head, ...]) -> list[Fault]:
        stored = self._lake.read_tagged(self._head_uri())
        heads = [*witnesses]
        if stored is not None:
            try:
                heads.append(Head.model_validate_json(stored[0]))
            except ValueError:
                return [Fault(number=0, problem="the head cannot be read")]
        elif len(hashes) > 1:
            return [Fault(number=0, problem="the head is missing")]
        return [
            Fault(
                number=head.number, problem="a head that was recorded elsewhere is not in the trail: the tail was cut"
            )
            for head in heads
            if hashes.get(head.number) != head.hash
        ]

    def _sign(self, digest: str) -> str | None:
        return hmac.new(self._key, digest.encode(), "sha256").hexdigest() if self._key else None

    def _uri(self, number: int) -> str:
        return self._lake.uri("audit", "records", f"{number:010d}.json")

    def _head_uri(self) -> str:
        return self._lake.uri("audit", "head.json")

    def _last(self) -> Head:
        """Start at the head and walk to the true end: a writer may have died between its record and the head."""
        stored = self._lake.read_tagged(self._head_uri())
        head = Head.model_validate_json(stored[0]) if stored else Head(number=0, hash=GENESIS)
        while (found := self._lake.read_tagged(self._uri(head.number + 1))) is not None:
            record = Record.model_validate_json(found[0])
            head = Head(number=record.number, hash=record.hash)
        return head

    def _advance(self, head: Head) -> None:
        for _ in range(ATTEMPTS):
            stored = self._lake.read_tagged(self._head_uri())
            if stored is not None and Head.model_validate_json(stored[0]).number >= head.number:
                return
            if self._lake.swap(self._head_uri(), head.model_dump_json().encode(), stored[1] if stored else None):
                return


def _number(uri: str) -> int:
    return int(uri.rsplit("/", 1)[-1].removesuffix(".json"))
