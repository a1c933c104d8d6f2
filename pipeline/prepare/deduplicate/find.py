"""Finding duplicates and related rows of a whole cleaned dataset: in this process when it is small, on Spark when not.

Both ways use the same steps (`keys`, `candidates`, `verify`); only who holds the data differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.lake import Lake, open_lake
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.meet import buckets, candidates
from pipeline.prepare.deduplicate.verify import Texts, judge
from pipeline.prepare.rows_at import rows_at, scan
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

IN_THIS_PROCESS = 300_000
"""Rows up to which Spark's shuffles would cost more than they spread (500 MB and 16 seconds here, at that number)."""
PAIRS_AT_ONCE = 20_000
PAIR = pa.schema([("left", pa.int64()), ("right", pa.int64())])


class Pairs(NamedTuple):
    """Pairs of rows: duplicates, and rows that must be in the same split (which duplicates are too)."""

    duplicates: tuple[Rows, Rows]
    related: tuple[Rows, Rows]


def find(
    spark: SparkSession,
    settings: Settings,
    lake: Lake,
    uri: str,
    same: Rows,
    scratch: str,
    *,
    spread: bool | None = None,
) -> Pairs:
    """Return the pairs of a cleaned dataset, in any order.

    `same` is the key of each row for exact copies, 0 for rows that take no part. `scratch` is a prefix for what is
    between the steps; it is left behind empty. `spread` forces one of the two ways.
    """
    spread = len(same) > IN_THIS_PROCESS if spread is None else spread
    copies, firsts = exact_copies(same)
    keep = np.zeros(len(same), bool)
    keep[firsts] = True
    threshold = settings.prepare.near_duplicate_threshold
    judged = [_judged_here(lake, uri, copies, threshold)]
    if spread:
        judged += _spread(spark, settings, lake, uri, scratch, keep)
    else:
        judged += [
            _judged_here(lake, uri, candidates(lake, uri, keep, threshold, bucket), threshold)
            for bucket in buckets(len(keep))
        ]
    return Pairs(_joined([found.duplicates for found in judged]), _joined([found.related for found in judged]))


def exact_copies(same: Rows) -> tuple[tuple[Rows, Rows], Rows]:
    """Return pairs of each copy with the first of its kind, and the first of each kind."""
    taking_part = np.flatnonzero(same)
    _, firsts, kinds = np.unique(same[taking_part], return_index=True, return_inverse=True)
    first_of = taking_part[firsts[kinds]]
    copies = first_of != taking_part
    return (first_of[copies], taking_part[copies]), taking_part[firsts]


def _joined(parts: list[tuple[Rows, Rows]]) -> tuple[Rows, Rows]:
    return np.concatenate([left for left, _ in parts]), np.concatenate([right for _, right in parts])


def _judged_here(lake: Lake, uri: str, found: tuple[Rows, Rows], threshold: float) -> Pairs:
    made = []
    for start in range(0, len(found[0]), PAIRS_AT_ONCE):
        left, right = (side[start : start + PAIRS_AT_ONCE] for side in found)
        needed = np.unique(np.concatenate([left, right]))
        texts = rows_at(lake, uri, needed, ["question", "answer"]).combine_chunks()
        one, other = (_texts(texts.take(pa.array(np.searchsorted(needed, side)))) for side in (left, right))
        made.append(_judged(left, right, one, other, threshold))
    empty = np.zeros(0, np.int64)
    made.append(Pairs((empty, empty), (empty, empty)))
    return Pairs(_joined([one.duplicates for one in made]), _joined([one.related for one in made]))


def _texts(table: pa.Table) -> Texts:
    return Texts(table["question"].combine_chunks(), table["answer"].combine_chunks())


def _judged(left: Rows, right: Rows, one: Texts, other: Texts, threshold: float) -> Pairs:
    verdict = judge(one, other, threshold)
    same, near = verdict.duplicate, verdict.related
    return Pairs((left[same], right[same]), (left[near], right[near]))


def _spread(
    spark: SparkSession, settings: Settings, lake: Lake, uri: str, scratch: str, keep: np.ndarray
) -> Iterator[Pairs]:
    """Find and judge candidate pairs on Spark."""
    from pyspark.sql import functions as f

    from pipeline.spark.lake_source import ROW_NUMBER, read_lake, write_lake

    threshold = settings.prepare.near_duplicate_threshold
    shipped = spark.sparkContext.broadcast(np.packbits(keep))
    parts, rows, place = buckets(len(keep)), len(keep), settings.lake

    def met_in(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        wanted = np.unpackbits(shipped.value, count=rows).astype(bool)
        for batch in batches:
            for number in batch.column(0).to_pylist():
                met = candidates(open_lake(place), uri, wanted, threshold, parts[number])
                yield pa.RecordBatch.from_arrays([pa.array(side) for side in met], schema=PAIR)

    met = (
        spark.range(0, len(parts), 1, len(parts))
        .mapInArrow(met_in, "left long, right long")
        .repartition(settings.spark.shuffle_partitions, "left")
        .dropDuplicates(["left", "right"])
    )
    write_lake(met, settings, f"{scratch}/candidates")
    met = read_lake(spark, settings, f"{scratch}/candidates")
    texts = read_lake(spark, settings, uri, ["question", "answer"], row_numbers=True)
    needed = met.select(f.explode(f.array("left", "right")).alias(ROW_NUMBER)).distinct()
    texts = texts.join(needed, ROW_NUMBER, "leftsemi")
    both = met
    for side in ("left", "right"):
        named = texts.select(
            f.col(ROW_NUMBER).alias(side), f.col("question").alias(f"{side}_q"), f.col("answer").alias(f"{side}_a")
        )
        both = both.join(named, side)

    def judged(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if not batch.num_rows:
                continue
            one, other = Texts(batch["left_q"], batch["left_a"]), Texts(batch["right_q"], batch["right_a"])
            verdict = judge(one, other, threshold)
            columns = [batch["left"], batch["right"], pa.array(verdict.duplicate), pa.array(verdict.related)]
            made = pa.RecordBatch.from_arrays(columns, ["left", "right", "duplicate", "related"])
            yield made.filter(pa.array(verdict.related | verdict.duplicate))

    found = both.mapInArrow(judged, "left long, right long, duplicate boolean, related boolean")
    write_lake(found, settings, f"{scratch}/pairs")
    shipped.destroy()
    for _, batch in scan(lake, f"{scratch}/pairs", ["left", "right", "duplicate", "related"]):
        left, right = batch["left"].to_numpy(), batch["right"].to_numpy()
        same = batch["duplicate"].to_numpy(zero_copy_only=False)
        near = batch["related"].to_numpy(zero_copy_only=False)
        yield Pairs((left[same], right[same]), (left[near], right[near]))
    lake.delete([info.uri for info in lake.objects(scratch)])
