"""Subjects that were erased stay out: a source that still shows them must not bring them back the next night.

The list holds no names. An entry keeps a random salt and, for each name, how many words it has and the salted SHA-256
of its words; a text is checked by hashing its runs of as many words. Who has the list and a name can check the name,
nobody can read names out of it except by trying them.

The list lies in the lake and is not believed for that: the audit trail's record of an erasure holds the SHA-256 of its
entry. An entry that is gone or changed stops what would let the subject back in; one that no erasure recorded hides
nothing. Erasures recorded without a digest (by versions before that) count too: their entries must be there.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from unicodedata import normalize

import pyarrow as pa
from pydantic import BaseModel

from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.privacy.subject import Subject

log = get_logger(__name__)
STARTED, ERASED = "erasure_started", "subject_erased"
ENTRY, REPLACES = "suppressed", "replaces"
"""What the record of an erasure's beginning calls its entry's digest, and an earlier erasure whose entry is lost."""
FOLDER = ("privacy", "suppressed")
TEXTS = ("question", "answer", "answer_html", "context", "document_id", "provenance", "section", "detail")
WORDS = re.compile(r"[\w.@+-]+")


class Entry(BaseModel):
    """An erased subject, unreadable: `names` are pairs of a number of words and a digest."""

    reference: str
    salt: str
    names: list[tuple[int, str]]
    ids: list[str]
    at: datetime


class Suppressed:
    """The list, loaded once for a run."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Index the entries."""
        self.entries = list(entries)
        self._ids = {name for entry in self.entries for name in entry.ids}

    @classmethod
    def load(cls, lake: Lake, trail: Trail) -> Suppressed:
        """Read the list from the lake, as the audit trail vouches for it.

        Raises Refused when the trail does not hold or an entry is not the one that its erasure wrote.
        """
        if trail.faults:
            raise Refused(
                f"The audit trail does not hold, so nobody knows who was erased: {trail.faults[0].problem}",
                where=lake.uri("audit"),
                remedy="llmops audit verify names every fault",
            )
        kept = {info.uri: lake.read(info.uri) for info in lake.objects(lake.uri(*FOLDER))}
        begun = {_place(lake, str(record.subject)): record for record in _in_force(trail)}
        for uri in sorted(kept.keys() - begun.keys()):
            log.warning("an entry that no erasure in force recorded is left out", at=uri)
        ended = {record.subject for record in trail.find(ERASED)}
        for uri, record in begun.items():
            # without a digest only an erasure that also ended is known to have had an entry
            if uri in kept or record.data.get(ENTRY) or record.subject in ended:
                _require(uri, kept.get(uri), record.data.get(ENTRY))
        return cls(Entry.model_validate_json(data) for uri, data in kept.items() if uri in begun)

    def __bool__(self) -> bool:
        return bool(self.entries)

    @property
    def references(self) -> list[str]:
        """Return the references of the erasures, sorted: they decide what a stage leaves out."""
        return sorted(entry.reference for entry in self.entries)

    def visible(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch of rows, or of rows set aside, without those of erased subjects."""
        if not self.entries:
            return batch
        texts = [name for name in TEXTS if name in batch.schema.names]
        kept = [not self.hides(row["question_id"] or "", (row[name] for name in texts)) for row in batch.to_pylist()]
        return batch.filter(pa.array(kept, pa.bool_()))

    def hides(self, question_id: str, texts: Iterable[str | None]) -> bool:
        """Tell whether a row is an erased subject's: by its id or because one of its texts names the subject."""
        if question_id in self._ids:
            return True
        words = [_words(text) for text in texts if text] if self.entries else []
        return any(_named(entry, text) for entry in self.entries for text in words)


def ids_of(lake: Lake, begun: Record, subject: Subject) -> list[str]:
    """Return the ids that an earlier erasure of this subject hides, none where its entry is lost or was changed.

    Raises Refused when the entry is another subject's: who replaced it would let that one back in.
    """
    reference = str(begun.subject)
    found = lake.read_tagged(_place(lake, reference))
    if found is None or begun.data.get(ENTRY) not in (None, hashlib.sha256(found[0]).hexdigest()):
        return []
    entry = Entry.model_validate_json(found[0])
    if not any(_named(entry, _words(name)) for name in subject.names):
        raise Refused(
            "That erasure was of another subject, who would come back if this one replaced it",
            where=reference,
            remedy="Name the subject as it was named then, or leave --replaces out",
        )
    return entry.ids


def suppress(lake: Lake, reference: str, subject: Subject, ids: Iterable[str]) -> str:
    """Add a subject to the list and return the SHA-256 of its entry, for the record that makes it count."""
    salt = secrets.token_hex(16)
    names = [(len(words), _digest(salt, words)) for words in map(_words, subject.names)]
    entry = Entry(reference=reference, salt=salt, names=names, ids=sorted(ids), at=datetime.now(UTC))
    data = entry.model_dump_json(indent=1).encode()
    lake.write(_place(lake, reference), data)
    return hashlib.sha256(data).hexdigest()


def _place(lake: Lake, reference: str) -> str:
    return lake.uri(*FOLDER, f"{reference}.json")


def _in_force(trail: Trail) -> list[Record]:
    """Return the beginnings of the erasures, but of those that another one replaces."""
    begun = trail.find(STARTED)
    replaced = {record.data.get(REPLACES) for record in begun}
    return [record for record in begun if record.subject not in replaced]


def _require(uri: str, data: bytes | None, digest: object) -> None:
    if data is not None and digest in (None, hashlib.sha256(data).hexdigest()):
        return
    reference = uri.rpartition("/")[2].removesuffix(".json")
    raise Refused(
        f"The entry of an erased subject {'is gone' if data is None else 'was changed'}: their rows could come back",
        where=uri,
        remedy="Find out who writes to the lake and restore the object (bucket versions, a backup). If it is lost, "
        f"erase the subject again: llmops privacy erase --subject … --replaces {reference}",
    )


def _named(entry: Entry, words: list[str]) -> bool:
    return any(
        _digest(entry.salt, words[start : start + length]) == digest
        for length, digest in entry.names
        for start in range(len(words) - length + 1)
    )


def _words(text: str) -> list[str]:
    plain = text if text.isascii() else normalize("NFC", text)
    return [word for found in WORDS.findall(plain.casefold()) if (word := found.strip(".@+-"))]


def _digest(salt: str, words: list[str]) -> str:
    return hashlib.sha256("\x1f".join([salt, *words]).encode("utf-8", "surrogatepass")).hexdigest()
