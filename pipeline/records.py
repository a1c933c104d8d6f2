"""The one record of the pipeline: a question/answer row, as a dataclass and as an Arrow schema.

Every stage from collection to features reads and writes this schema, so a column is defined here or nowhere.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field("question_id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("answer_html", pa.string()),
        pa.field("context", pa.string()),
        # "human" (given by the source), "page", "ticket", "neighbours" (generated), or null when there is none
        pa.field("context_origin", pa.string()),
        pa.field("data_source", pa.string(), nullable=False),
        pa.field("source_kind", pa.string(), nullable=False),
        pa.field("document_id", pa.string(), nullable=False),
        pa.field("provenance", pa.string(), nullable=False),
        pa.field("section", pa.string()),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("tags", pa.list_(pa.string())),
        pa.field("collected_at", TIMESTAMP, nullable=False),
        pa.field("updated_at", TIMESTAMP, nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
    ]
)
SET_ASIDE_SCHEMA = pa.schema(
    [
        pa.field("stage", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string()),
        pa.field("data_source", pa.string(), nullable=False),
        pa.field("provenance", pa.string(), nullable=False),
        pa.field("question_id", pa.string()),
        pa.field("question", pa.string()),
        pa.field("answer", pa.string()),
    ]
)
UNKNOWN_LICENCE = "NOASSERTION"
"""SPDX's word for a licence that nobody has stated."""


@dataclass(slots=True)
class Row:
    """One question with its answer, where it came from and under which licence it may be used."""

    question_id: str
    question: str
    answer: str
    data_source: str
    source_kind: str
    document_id: str
    provenance: str
    collected_at: datetime
    updated_at: datetime
    answer_html: str | None = None
    context: str | None = None
    context_origin: str | None = None
    section: str | None = None
    licence: str = UNKNOWN_LICENCE
    language: str | None = None
    tags: list[str] = field(default_factory=list)
    content_hash: str = ""

    def __post_init__(self) -> None:
        """Fill the content hash, which covers what a model would learn and nothing about when it was seen."""
        if not self.content_hash:
            self.content_hash = content_hash(self.question, self.answer, self.context, self.licence)


@dataclass(slots=True)
class SetAside:
    """A row (or page, ticket, file) that cannot be used, kept with the reason."""

    stage: str
    reason: str
    data_source: str
    provenance: str
    detail: str | None = None
    question_id: str | None = None
    question: str | None = None
    answer: str | None = None


def question_key(question: str) -> str:
    """Return the form of a question in which spelling variants meet: NFKC, lower case, letters and digits.

    Symbols that tell questions apart (`C` from `C++` and `C#`) stay.
    """
    text = unicodedata.normalize("NFKC", question).casefold()
    return " ".join(re.findall(r"[\w+#.]+", text)).strip(". ")


def question_id(data_source: str, place: str, question: str) -> str:
    """Return the id of a question: stable over runs and never the same for two sources.

    `place` is the canonical URL with its anchor, the ticket's id, or the object's key and row key: never a row
    number, which changes when a row is inserted above.
    """
    digest = hashlib.sha256()
    for part in (data_source, place, question_key(question)):
        digest.update(part.encode("utf-8", "surrogatepass"))
        digest.update(b"\x1f")
    return digest.hexdigest()[:32]


def content_hash(*parts: str | None) -> str:
    """Return the SHA-256 of the parts, told apart from each other and from absent ones."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"\x00" if part is None else b"\x01" + part.encode("utf-8", "surrogatepass") + b"\x1f")
    return digest.hexdigest()


def to_batches(items: Iterable[Row] | Iterable[SetAside], size: int = 4096) -> Iterator[pa.RecordBatch]:
    """Turn rows or set-aside rows into record batches of at most `size` rows, in order."""
    stream: Iterator[Any] = iter(items)
    while chunk := list(islice(stream, size)):
        schema = SCHEMA if isinstance(chunk[0], Row) else SET_ASIDE_SCHEMA
        yield pa.RecordBatch.from_pylist([asdict(item) for item in chunk], schema=schema)


def to_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[Row]:
    """Turn record batches of `SCHEMA` back into rows."""
    for batch in batches:
        for values in batch.to_pylist():
            yield Row(**{**values, "tags": values["tags"] or []})
