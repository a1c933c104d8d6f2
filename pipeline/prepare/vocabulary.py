"""The vocabulary table: every word of the prepared rows with its frequency and where it stands, for audit and drift."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake import Lake
from pipeline.prepare.marks import MARKS, Words
from pipeline.prepare.rows_at import scan
from pipeline.prepare.schema import VOCABULARY
from pipeline.spark.parts import write_part

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.settings import Settings

MOST_DOCUMENTS = 20
IN_THIS_PROCESS = 3_000_000
"""Partial counts up to which they are added up in this process."""
ENTRIES_AT_ONCE = 1_000_000
"""Names of documents that are held at once while they are: about 400 MB."""
_WORD = Words(r"[^\W_]+(?:['’.+#-][^\W_]+)*(?:\+\+|#)?")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_CHARACTER = re.compile(rf".[{MARKS}]*", re.DOTALL)
PARTIAL = pa.schema(
    [
        pa.field("token", pa.string(), nullable=False),
        pa.field("frequency", pa.int64(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("document_ids", pa.list_(pa.string()), nullable=False),
    ]
)


def tokens(text: str) -> list[str]:
    """Return the words of a text in lower case; scripts without blanks are cut into characters, each with its marks."""
    words = _WORD.findall(text.lower())
    if text.isascii() or not _UNSPACED.search(text):
        return words
    return [part for word in words for part in (_CHARACTER.findall(word) if _UNSPACED.search(word) else [word])]


class WordCounter:
    """The words of one partition."""

    def __init__(self) -> None:
        """Start with none."""
        self._frequency: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._documents: dict[str, set[str]] = {}

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Count the words of questions and answers; a refusal's answer is not a source's and does not count."""
        for row in rows:
            found = tokens(row["question"] if row["is_refusal"] else f"{row['question']}\n{row['answer']}")
            self._frequency.update(found)
            unique = set(found)
            self._rows.update(unique)
            document = row["document_id"]
            for token in unique:
                documents = self._documents.setdefault(token, set())
                documents.add(document)
                if len(documents) > 4 * MOST_DOCUMENTS:
                    self._documents[token] = set(sorted(documents)[:MOST_DOCUMENTS])

    def batches(self, size: int = 16_384) -> Iterator[pa.RecordBatch]:
        """Yield the counts, sorted by token."""
        ordered = sorted(self._frequency)
        for start in range(0, len(ordered), size):
            part = ordered[start : start + size]
            columns = [
                part,
                [self._frequency[token] for token in part],
                [self._rows[token] for token in part],
                [sorted(self._documents[token])[:MOST_DOCUMENTS] for token in part],
            ]
            yield pa.RecordBatch.from_arrays(
                [pa.array(column, field.type) for column, field in zip(columns, PARTIAL, strict=True)], schema=PARTIAL
            )


def write(
    spark: SparkSession, settings: Settings, lake: Lake, partial: str, uri: str, *, spread: bool | None = None
) -> int:
    """Add up partial counts into the vocabulary and return the number of tokens; equal data gives equal ids."""
    files = [info for info in lake.objects(partial) if info.uri.endswith(".parquet")]
    if not files:
        return lake.write_batches(f"{uri}/part-00000.parquet", [], VOCABULARY)
    if spread is None:
        spread = sum(batch.num_rows for _, batch in scan(lake, partial, ["frequency"])) > IN_THIS_PROCESS
    if spread:
        return _spread(spark, settings, lake, partial, uri)
    added = pa.concat_tables(_added(_between(lake, partial, first, last)) for first, last in _ranges(lake, partial))
    return write_part(lake, uri, 0, _numbered(added).to_batches(max_chunksize=16_384), VOCABULARY)


def _ranges(lake: Lake, partial: str) -> Iterator[tuple[str, str | None]]:
    """Yield ranges of tokens for which about `ENTRIES_AT_ONCE` documents are named; the last has no end."""
    parts = [
        pa.record_batch({"token": batch["token"], "entries": pc.list_value_length(batch["document_ids"])})
        for _, batch in scan(lake, partial, ["token", "document_ids"])
    ]
    ordered = pa.Table.from_batches(parts).sort_by("token")
    ends = np.cumsum(ordered["entries"].to_numpy())
    places = np.searchsorted(ends, np.arange(0, ends[-1], ENTRIES_AT_ONCE), "right")
    cuts = list(dict.fromkeys(ordered["token"].take(pa.array(places)).to_pylist()))
    yield from pairwise(cuts)
    yield cuts[-1], None


def _between(lake: Lake, partial: str, first: str, last: str | None) -> pa.Table:
    parts = []
    for _, batch in scan(lake, partial, PARTIAL.names):
        inside = pc.greater_equal(batch["token"], first)
        if last is not None:
            inside = pc.and_(inside, pc.less(batch["token"], last))
        parts.append(batch.filter(inside))
    return pa.Table.from_batches(parts, PARTIAL)


def _added(table: pa.Table) -> pa.Table:
    counts = table.group_by("token").aggregate([("frequency", "sum"), ("rows", "sum")]).sort_by("token")
    documents = table["document_ids"].combine_chunks()
    token = table["token"].combine_chunks().take(pc.list_parent_indices(documents))
    pairs = pa.table({"token": token, "document": pc.list_flatten(documents)})
    unique = pairs.group_by(["token", "document"]).aggregate([])
    unique = unique.sort_by([("token", "ascending"), ("document", "ascending")]).combine_chunks()
    names = unique["token"].combine_chunks()
    starts = np.flatnonzero(
        np.concatenate([[True], pc.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)])
    )
    sizes = np.diff([*starts, len(names)])
    kept = np.arange(len(names)) - np.repeat(starts, sizes) < MOST_DOCUMENTS
    offsets = np.concatenate([[0], np.cumsum(np.minimum(sizes, MOST_DOCUMENTS))]).astype(np.int32)
    listed = pa.ListArray.from_arrays(pa.array(offsets), unique["document"].combine_chunks().filter(pa.array(kept)))
    columns = [counts["token"], counts["frequency_sum"], counts["rows_sum"], listed]
    return pa.table(columns, names=PARTIAL.names)


def _numbered(table: pa.Table) -> pa.Table:
    ordered = table.sort_by([("frequency", "descending"), ("token", "ascending")])
    numbered = ordered.add_column(0, "token_id", pa.array(np.arange(table.num_rows)))
    return pa.table([numbered[f.name].cast(f.type) for f in VOCABULARY], schema=VOCABULARY)


def _spread(spark: SparkSession, settings: Settings, lake: Lake, partial: str, uri: str) -> int:
    from pyspark.sql import functions as f

    from pipeline.spark.lake_source import read_lake, write_lake

    counted = (
        read_lake(spark, settings, partial)
        .groupBy("token")
        .agg(
            f.sum("frequency").alias("frequency"),
            f.sum("rows").alias("rows"),
            f.slice(f.array_sort(f.array_distinct(f.flatten(f.collect_list("document_ids")))), 1, MOST_DOCUMENTS).alias(
                "document_ids"
            ),
        )
    )
    write_lake(_with_ids(counted), settings, uri)
    return sum(batch.num_rows for _, batch in scan(lake, uri, ["token_id"]))


def _with_ids(counted: DataFrame) -> DataFrame:
    """Number the tokens in one stream, sorted by Spark, which spills to disk when it must."""
    from pyspark.sql.pandas.types import from_arrow_schema

    ordered = counted.repartition(1).sortWithinPartitions(counted["frequency"].desc(), "token")

    def numbered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        start = 0
        for batch in batches:
            ids = pa.array(np.arange(start, start + batch.num_rows))
            start += batch.num_rows
            columns = {"token_id": ids, **{name: batch[name] for name in PARTIAL.names}}
            yield pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in VOCABULARY], schema=VOCABULARY)

    return ordered.mapInArrow(numbered, from_arrow_schema(VOCABULARY))
