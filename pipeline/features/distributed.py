"""Tokenisation over Spark: one pass in the executors, each partition writing its own Parquet parts into the attempt."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.features.reuse import Earlier, merged
from pipeline.features.schema import ENTITY, QA, SET_ASIDE, TOKENS, WINDOW, event_times, qa_features
from pipeline.features.tokenise import RowTokeniser, TokenLimits
from pipeline.features.tokenizer_files import ModelText
from pipeline.lake import open_lake
from pipeline.settings import LakeSettings
from pipeline.spark.parts import PartWriter

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

COLUMNS = (
    ENTITY,
    "question",
    "answer",
    "context",
    "language",
    "split",
    "cluster_id",
    "is_refusal",
    "licence",
    "data_source",
    "provenance",
    "updated_at",
    "content_hash",
)
"""What is read of the prepared rows."""
SMALL_PART, FULL_PART, FEW_PARTS = 256, 20_000, 8
BATCH = 512
OUTPUTS = {"qa_features": QA, "token_features": TOKENS, "token_windows": TOKENS, "set_aside": SET_ASIDE}


@dataclass(frozen=True)
class Job:
    """What an executor needs: where to write, how the model reads text, and the limits. Sent over Spark's own wire.

    `parts` is how many parts there will be; `earlier` is what need not be tokenised again.
    """

    lake: LakeSettings
    prefix: str
    text: ModelText
    limits: TokenLimits
    parts: int = 1
    earlier: Earlier | None = None


@dataclass
class Report:
    """What was made, added up over partitions."""

    rows_in: int = 0
    rows_out: int = 0
    carried: int = 0
    windows: int = 0
    tokens: int = 0
    answer_tokens: int = 0
    context_truncated: int = 0
    answer_truncated: int = 0
    refusals: int = 0
    latest: str = ""
    reasons: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)

    def add(self, other: dict[str, Any]) -> None:
        """Add a partition's report."""
        for name, value in other.items():
            mine = getattr(self, name)
            if isinstance(mine, Counter):
                mine.update({int(key) if name == "lengths" else key: count for key, count in value.items()})
            else:
                setattr(self, name, max(mine, value) if isinstance(mine, str) else mine + value)

    def length_at(self, share: float) -> int:
        """Return the length in tokens that `share` of the examples do not exceed."""
        rank = math.ceil(share * self.lengths.total())
        for length in sorted(self.lengths):
            rank -= self.lengths[length]
            if rank <= 0:
                return length
        return 0


def parts_for(rows: int) -> int:
    """Return the number of Parquet parts: it depends on nothing but the data, so equal input gives equal files.

    Few rows are still spread so that a laptop's cores have work; many rows get parts that a task holds in memory.
    """
    return max(1, min(FEW_PARTS, math.ceil(rows / SMALL_PART)), math.ceil(rows / FULL_PART))


def tokenise_rows(rows: DataFrame, job: Job) -> Report:
    """Write the feature datasets of prepared rows below the job's prefix and return what was made."""
    context = rows.sparkSession.sparkContext
    shipped = context.broadcast(job)
    spread = rows.select(*COLUMNS).repartitionById(job.parts, _part(job.parts)).sortWithinPartitions(ENTITY)
    report = Report()
    try:
        for row in spread.mapInArrow(lambda batches: _partition(shipped.value, batches), "report string").collect():
            report.add(json.loads(row["report"]))
    finally:
        shipped.destroy()
    return report


def _part(parts: int) -> Column:
    """Return the part that a question belongs to.

    Ids are hexadecimal digests, hence evenly spread: cutting their range evenly gives parts of equal size that are
    sorted among each other too, so a reader of neighbouring questions meets one part. Other ids are hashed.
    """
    from pyspark.sql import functions as sql

    own, hashed = sql.substring(ENTITY, 1, 8), sql.substring(sql.sha2(ENTITY, 256), 1, 8)
    head = sql.when(sql.col(ENTITY).rlike("^[0-9a-f]{8}"), own).otherwise(hashed)
    return sql.floor(sql.conv(head, 16, 10).cast("long") * parts / (1 << 32)).cast("int")


def _partition(job: Job, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    from pyspark import TaskContext

    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # Spark has given this core to this partition already
    context = TaskContext.get()
    number = context.partitionId() if context else 0
    report = write_part(job, number, batches)
    yield pa.RecordBatch.from_pydict({"report": [json.dumps(vars(report))]})


def write_part(job: Job, number: int, batches: Iterable[pa.RecordBatch]) -> Report:
    """Tokenise one partition and write its parts as they fill; writing again replaces them with the same bytes."""
    tokeniser = RowTokeniser(job.text.encoder(job.limits.length), job.text.architecture, job.limits)
    lake = open_lake(job.lake)
    parts = {name: PartWriter(lake, f"{job.prefix}/{name}", number, schema) for name, schema in OUTPUTS.items()}
    earlier = job.earlier.of_part(lake, number) if job.earlier else None
    report = Report()
    for batch in _sliced(batches):
        texts = qa_features(batch)
        kept = earlier.unchanged(texts) if earlier else TOKENS.empty_table()
        fresh = batch.filter(pc.invert(pc.is_in(batch[ENTITY], value_set=kept[ENTITY].combine_chunks())))
        made, rejected = tokeniser.tokenise(fresh)
        made = merged(kept, made)
        report.carried += batch.num_rows - fresh.num_rows
        first = pc.equal(made[WINDOW], 0)
        features = made.filter(first)
        parts["qa_features"].write(texts)
        parts["token_features"].write(features)
        parts["token_windows"].write(made.filter(pc.invert(first)))
        parts["set_aside"].write(rejected)
        _count(report, batch, made, features, rejected)
    for part in parts.values():
        part.close()
    return report


def _sliced(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH):
            yield batch.slice(start, BATCH)


def _count(
    report: Report, batch: pa.RecordBatch, made: pa.RecordBatch, features: pa.RecordBatch, rejected: pa.RecordBatch
) -> None:
    latest = pc.max(event_times(batch)).as_py()
    report.add(
        {
            "rows_in": batch.num_rows,
            "rows_out": features.num_rows,
            "windows": made.num_rows - features.num_rows,
            "tokens": pc.sum(made["length"]).as_py() or 0,
            "answer_tokens": pc.sum(made["target_length"]).as_py() or 0,
            "context_truncated": pc.sum(features["context_truncated"]).as_py() or 0,
            "answer_truncated": pc.sum(features["answer_truncated"]).as_py() or 0,
            "refusals": pc.sum(batch["is_refusal"]).as_py() or 0,
            "latest": latest.isoformat() if latest else "",
            "reasons": Counter(rejected["reason"].to_pylist()),
            "splits": Counter(features["split"].to_pylist()),
            "licences": Counter(batch["licence"].to_pylist()),
            "lengths": Counter(made["length"].to_pylist()),
        }
    )
