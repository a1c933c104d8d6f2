"""The second pass: what was decided is applied, and rows, rows set aside and words are written, part by part.

The cleaned rows are in the order of question ids, so no row has to move: the parts follow the pieces that are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.lake import Lake, open_lake
from pipeline.lake.errors import said
from pipeline.prepare.figures import Figures
from pipeline.prepare.quality.support import support
from pipeline.prepare.refusals import Lesson, lesson
from pipeline.prepare.schema import DECISIONS, PREPARED
from pipeline.prepare.splits import Shares, split_of
from pipeline.prepare.vocabulary import PARTIAL, WordCounter
from pipeline.prompts import TextToTextTemplate
from pipeline.records import SET_ASIDE_SCHEMA, content_hash
from pipeline.refusal_texts import RefusalTexts
from pipeline.settings import LakeSettings
from pipeline.spark.lake_source import ROW_NUMBER
from pipeline.spark.parts import PartWriter

STAGE = "prepare"
COLUMNS = (
    "question_id",
    "question",
    "answer",
    "context",
    "context_origin",
    "language",
    "section",
    "document_id",
    "licence",
    "data_source",
    "provenance",
    "updated_at",
    "support",
    "personal_data",
    "sentences",
    "reason",
    "detail",
)
FIGURES = pa.schema([pa.field("figures", pa.string(), nullable=False)])


@dataclass(frozen=True)
class Assembly:
    """What an executor needs to know."""

    lake: LakeSettings
    prefix: str
    decisions: str
    shares: Shares
    refusals: RefusalTexts
    min_support: float

    def __call__(self, number: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Write the parts of one piece and yield its figures as JSON."""
        figures = self.write(number, batches)
        yield pa.RecordBatch.from_pydict({"figures": [json.dumps(figures.plain())]}, schema=FIGURES)

    def write(self, number: int, batches: Iterable[pa.RecordBatch]) -> Figures:
        """Write the parts of one partition; writing again replaces them with the same bytes."""
        lake = open_lake(self.lake)
        known = _Decided(lake, self.decisions)
        writers = {
            name: PartWriter(lake, f"{self.prefix}/{name}", number, schema)
            for name, schema in (("rows", PREPARED), ("set_aside", SET_ASIDE_SCHEMA), ("words", PARTIAL))
        }
        figures, counter = Figures(), WordCounter()
        for batch in batches:
            if not batch.num_rows:
                continue
            rows = self._decided(batch, known)
            kept = [row for row in rows if row["reason"] is None]
            aside = [row for row in rows if row["reason"] is not None]
            figures.add_rows(rows)
            counter.add(kept)
            writers["rows"].write(pa.RecordBatch.from_pylist(kept, schema=PREPARED))
            writers["set_aside"].write(pa.RecordBatch.from_pylist(aside, schema=SET_ASIDE_SCHEMA))
        for words in counter.batches():
            writers["words"].write(words)
        for writer in writers.values():
            writer.close()
        return figures

    def _decided(self, batch: pa.RecordBatch, known: _Decided) -> list[dict[str, Any]]:
        template = TextToTextTemplate()
        rows: list[dict[str, Any]] = batch.to_pylist()
        decided = known.among(batch[ROW_NUMBER])
        for row in rows:
            decision = decided.get(row[ROW_NUMBER], {})
            cluster = decision.get("cluster_id") or row["question_id"]
            row.update(
                stage=STAGE,
                reason=row["reason"] or decision.get("reason"),
                detail=decision.get("detail") or row["detail"],
                cluster_id=cluster,
                split=decision.get("split") or split_of(cluster, self.shares),
                is_refusal=bool(decision.get("is_refusal")),
                alternates=decision.get("alternates") or [],
            )
        passages = [row for row in rows if row["context"] and row["reason"] is None and not row["is_refusal"]]
        for place, row in enumerate(rows):
            if row["reason"] is None:
                if row["is_refusal"]:
                    row["context"] = context_of_refusal(row, passages, place, self.min_support)
                    row["answer"], row["sentences"] = self.refusals.of(row["language"]), None
                row["content_hash"] = content_hash(row["question"], row["answer"], row["context"], row["licence"])
                row["prompt"] = template.prompt(row["context"], row["question"])
        return rows


def context_of_refusal(
    row: Mapping[str, Any], passages: Sequence[Mapping[str, Any]], place: int, min_support: float
) -> str | None:
    """Return the context that a refusal is taught with: the row's own, none, or one of the passages from `place` on.

    Another passage must be of the same split and language, from another document, and must itself lack the row's
    answer: a model must not learn to refuse what it could have read.
    """
    wanted = lesson(row["question_id"], row["context"] is not None)
    if wanted is Lesson.OWN:
        return str(row["context"])
    if wanted is Lesson.OTHER:
        for step in range(len(passages)):
            other = passages[(place + step) % len(passages)]
            alike = other["split"] == row["split"] and other["language"] == row["language"]
            apart = other["document_id"] != row["document_id"] and other["cluster_id"] != row["cluster_id"]
            if alike and apart and support(row["answer"], other["context"]) < min_support:
                return str(other["context"])
    return None


class _Decided:
    """The decisions about the rows of a batch, found by the row groups' statistics."""

    def __init__(self, lake: Lake, uri: str) -> None:
        self._uri = uri
        filesystem, path = lake.arrow(uri)
        self._dataset = ds.dataset([path], filesystem=filesystem, format="parquet", schema=DECISIONS)

    def among(self, numbers: pa.Array) -> dict[int, dict[str, Any]]:
        bounds = pc.min_max(numbers)
        inside = (pc.field("row") >= bounds["min"]) & (pc.field("row") <= bounds["max"])
        with said(self._uri):
            return {entry["row"]: entry for entry in self._dataset.to_table(filter=inside).to_pylist()}


def empty_outputs(lake: Lake, prefix: str, figures: Figures) -> None:
    """Write an empty file where an output has no rows, so that its columns are known."""
    for name, schema, rows in (("rows", PREPARED, figures.kept), ("set_aside", SET_ASIDE_SCHEMA, figures.aside)):
        if not rows:
            lake.write_batches(f"{prefix}/{name}/part-00000.parquet", [], schema)
