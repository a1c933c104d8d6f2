"""From a file's columns to rows: mapping, checks, ids and contexts, whole columns at a time where Arrow can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.collect.context import neighbour_contexts
from pipeline.collect.table.columns import blank, too_long, utf8
from pipeline.collect.table.partitions import Predicate
from pipeline.collect.table.readers.base import MAX_CHARS, BadRecord, Piece
from pipeline.collect.table.times import Times
from pipeline.records import SCHEMA, TIMESTAMP, SetAside, content_hash, question_id, to_batches

if TYPE_CHECKING:
    from pipeline.settings import TableSourceSettings

OPTIONAL = ("context", "key", "updated_at", "section", "language")


@dataclass(slots=True)
class RowMapping:
    """How the columns of one file become rows."""

    config: TableSourceSettings
    document_id: str
    provenance: str
    partitions: Mapping[str, str | None]
    predicates: list[Predicate]
    times: Times
    set_aside: list[SetAside] = field(default_factory=list)

    def wanted(self) -> list[str]:
        """Return the columns to read from the file; partition columns are known already."""
        config = self.config
        named = [config.question, config.answer, *(getattr(config, name) for name in OPTIONAL)]
        named += [predicate.column for predicate in self.predicates]
        return list(dict.fromkeys(name for name in named if name and name not in self.partitions))

    def required(self) -> list[str]:
        """Return those of the wanted columns without which a file gives no row at all."""
        config = self.config
        return [name for name in (config.question, config.answer, config.key) if name and name not in self.partitions]

    def batches(self, pieces: Iterable[Piece]) -> Iterator[pa.RecordBatch]:
        """Yield batches of rows, and of set-aside rows, from what a reader yields."""
        rows = neighbour_contexts(self._sound(pieces), self.config.generated_context)
        for batch in rows:
            if batch.num_rows:
                yield self._finished(batch)
            yield from self._drained()
        yield from self._drained()

    def _drained(self) -> Iterator[pa.RecordBatch]:
        waiting, self.set_aside = self.set_aside, []
        yield from to_batches(waiting)

    def _sound(self, pieces: Iterable[Piece]) -> Iterator[pa.RecordBatch]:
        for piece in pieces:
            self.set_aside += [self._bad(record) for record in piece.bad]
            if piece.batch is not None and piece.batch.num_rows:
                yield self._checked(self._selected(piece.batch))

    def _bad(self, record: BadRecord) -> SetAside:
        return SetAside(
            stage="collect",
            reason=record.reason,
            detail=f"{record.place}: {record.text}",
            data_source=self.config.name,
            provenance=self.provenance,
        )

    def _selected(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Keep the rows that meet the predicates on plain columns; those on partitions were met by the file."""
        for predicate in self.predicates:
            if predicate.column not in self.partitions:
                values = utf8(batch.column(predicate.column))[0].to_pylist()
                batch = batch.filter(pa.array([predicate.holds(value) for value in values], pa.bool_()))
        return batch

    def _column(self, batch: pa.RecordBatch, name: str | None) -> pa.Array:
        if name is None:
            return pa.nulls(batch.num_rows, pa.string())
        if name in self.partitions:
            return pa.array([self.partitions[name]] * batch.num_rows, pa.string())
        return batch.column(name)

    def _checked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the mapped columns of the rows that can be used; the others are set aside."""
        config = self.config
        texts, broken = {}, np.zeros(batch.num_rows, bool)
        for name in ("question", "answer", "context", "key", "section", "language"):
            texts[name], wrong = utf8(self._column(batch, getattr(config, name)))
            broken |= wrong
        updated = self._column(batch, config.updated_at)
        reasons = [
            ("not valid UTF-8", broken),
            ("no question", blank(texts["question"])),
            ("no answer", blank(texts["answer"])),
            ("text is too long", too_long(texts["question"]) | too_long(texts["answer"])),
        ]
        if config.key:
            reasons.append(("no key", blank(texts["key"])))
        bad = np.zeros(batch.num_rows, bool)
        for reason, mask in reasons:
            self._put_aside(reason, texts, np.flatnonzero(mask & ~bad))
            bad |= mask
        columns = [pc.utf8_trim_whitespace(texts[name]) for name in ("question", "answer")]
        context = pc.if_else(pa.array(blank(texts["context"])), pa.scalar(None, pa.string()), texts["context"])
        origin = pc.if_else(pc.is_null(context), pa.scalar(None, pa.string()), "human")
        columns += [context, origin, texts["section"], texts["language"], texts["key"], self.times.read(updated)]
        names = ["question", "answer", "context", "context_origin", "section", "language", "key", "updated_at"]
        return pa.RecordBatch.from_arrays(columns, names=names).filter(pa.array(~bad))

    def _put_aside(self, reason: str, texts: dict[str, pa.Array], places: np.ndarray) -> None:
        for place in places:
            question, answer, key = (texts[name][int(place)].as_py() for name in ("question", "answer", "key"))
            self.set_aside.append(
                SetAside(
                    stage="collect",
                    reason=reason,
                    data_source=self.config.name,
                    provenance=self._provenance(key),
                    question=question[:MAX_CHARS] if question else question,
                    answer=answer[:MAX_CHARS] if answer else answer,
                )
            )

    def _provenance(self, key: str | None) -> str:
        if not key:
            return self.provenance
        return f"{self.provenance}#{key if key.isascii() and key.isalnum() else quote(key, safe='')}"

    def _finished(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Add what every row needs besides its texts."""
        config, size = self.config, batch.num_rows
        values = {name: batch.column(name) for name in batch.schema.names}
        questions, answers, contexts, keys = (
            values[name].to_pylist() for name in ("question", "answer", "context", "key")
        )
        source, place, licence = config.name, self.document_id, config.licence
        places = [f"{place}#{key}" for key in keys] if config.key else [place] * size
        ids = map(question_id, [source] * size, places, questions)
        hashes = map(content_hash, questions, answers, contexts, [licence] * size)
        values |= {
            "question_id": pa.array(list(ids), pa.string()),
            "content_hash": pa.array(list(hashes), pa.string()),
            "provenance": pa.array([self._provenance(key) for key in keys], pa.string()),
            "collected_at": pa.repeat(pa.scalar(self.times.now, TIMESTAMP), size),
            "answer_html": pa.nulls(size, pa.string()),
            "tags": pa.array([[]] * size, SCHEMA.field("tags").type),
        }
        constants = {"data_source": source, "source_kind": config.kind, "document_id": self.document_id}
        for name, text in {**constants, "licence": licence}.items():
            values[name] = pa.repeat(pa.scalar(text, pa.string()), size)
        return pa.RecordBatch.from_arrays([values[name] for name in SCHEMA.names], schema=SCHEMA)
