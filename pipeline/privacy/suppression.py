"""Subjects that were erased stay out: a source that still shows them must not bring them back the next night.

The list holds no names. An entry keeps a random salt and, for each name, how many words it has and the salted SHA-256
of its words; a text is checked by hashing its runs of as many words. Who has the list and a name can check the name,
nobody can read names out of it except by trying them.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

import pyarrow as pa
from pydantic import BaseModel

from pipeline.lake import Lake
from pipeline.privacy.subject import Subject

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
    def load(cls, lake: Lake) -> Suppressed:
        """Read the list from the lake."""
        return cls(Entry.model_validate_json(lake.read(info.uri)) for info in lake.objects(lake.uri(*FOLDER)))

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


def suppress(lake: Lake, reference: str, subject: Subject, ids: Iterable[str]) -> Entry:
    """Add a subject to the list."""
    salt = secrets.token_hex(16)
    names = [(len(words), _digest(salt, words)) for words in map(_words, subject.names)]
    entry = Entry(reference=reference, salt=salt, names=names, ids=sorted(ids), at=datetime.now(UTC))
    lake.write(lake.uri(*FOLDER, f"{reference}.json"), entry.model_dump_json(indent=1).encode())
    return entry


def _named(entry: Entry, words: list[str]) -> bool:
    return any(
        _digest(entry.salt, words[start : start + length]) == digest
        for length, digest in entry.names
        for start in range(len(words) - length + 1)
    )


def _words(text: str) -> list[str]:
    return [word for found in WORDS.findall(text.casefold()) if (word := found.strip(".@+-"))]


def _digest(salt: str, words: list[str]) -> str:
    return hashlib.sha256("\x1f".join([salt, *words]).encode("utf-8", "surrogatepass")).hexdigest()
