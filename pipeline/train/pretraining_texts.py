"""The texts that pre-training learns from: those of the training split that tell nothing about held-out questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake import Lake
from pipeline.prepare.deduplicate.words import text_hashes
from pipeline.prepare.rows_at import scan
from pipeline.train import held_out
from pipeline.train.held_out import HeldOut

ROWS = 4_096
"""Rows in memory at a time."""
COLUMNS = ("context", "answer", "split", "is_refusal", "document_id")
CODE = ("prepare/rows_at", *held_out.CODE)
"""What else decides which texts these are, for the stage's key."""


@dataclass
class TrainingTexts:
    """Yields each distinct text of the training split once, as pairs of its document's id and the text.

    Contexts are shared between rows, so one of the training split may be a held-out row's too, or hold its answer:
    such texts are left out and counted.
    """

    lake: Lake
    uri: str
    texts: int = 0
    left_out: dict[str, int] = field(default_factory=lambda: {"held_out_context": 0, "held_out_answer": 0})

    def __iter__(self) -> Iterator[tuple[str, str]]:
        told = HeldOut(batch.filter(pc.not_equal(batch.column("split"), "train")) for batch in self._batches())
        seen: set[int] = set()
        for batch in self._batches():
            batch = batch.filter(pc.equal(batch.column("split"), "train"))
            documents, texts = self._new(batch, seen)
            is_context, has_answer = told.contexts_among(texts), told.answers_in(texts)
            self.left_out["held_out_context"] += int(is_context.sum())
            self.left_out["held_out_answer"] += int((has_answer & ~is_context).sum())
            kept = ~(is_context | has_answer)
            self.texts += int(kept.sum())
            for document, text, wanted in zip(documents, texts.to_pylist(), kept, strict=True):
                if wanted:
                    yield document, text

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for _, batch in scan(self.lake, self.uri, COLUMNS):
            for start in range(0, batch.num_rows, ROWS):
                yield batch.slice(start, ROWS)

    @staticmethod
    def _new(batch: pa.RecordBatch, seen: set[int]) -> tuple[list[str], pa.Array]:
        """Return the contexts and answers of some rows that were not there before, and their documents."""
        rows = zip(*(batch.column(name).to_pylist() for name in ("document_id", "context", "answer")), strict=True)
        found = [(document, text) for document, *pair in rows for text in pair if text]
        documents, texts = [], []
        for (document, text), key in zip(found, text_hashes(pa.array([t for _, t in found], pa.string())), strict=True):
            if (number := int(key)) not in seen:
                seen.add(number)
                documents.append(document)
                texts.append(text)
        return documents, pa.array(texts, pa.string())
