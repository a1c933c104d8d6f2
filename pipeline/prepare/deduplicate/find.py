"""Finding duplicates and related rows of a whole cleaned dataset: in this process when it is small, on Spark when not.

Both ways do the same (`meet`, then `judge_pairs`); only who works on which bucket and on which pairs differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.lake import Lake, open_lake
from pipeline.prepare.deduplicate.candidates import Ranks, Rows, distinct
from pipeline.prepare.deduplicate.meet import buckets, candidates
from pipeline.prepare.deduplicate.verify import Texts, Verdict, judge
from pipeline.prepare.rows_at import rows_at, scan
from pipeline.settings import LakeSettings, Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

IN_THIS_PROCESS = 200_000
"""Rows up to which starting tasks would cost more than it spreads."""
PAIRS_AT_ONCE = 200_000
"""Pairs whose texts are held at once: some 200 MB. Every so many pairs cost a look at all texts."""
PAIRS_JUDGED = 20_000
PAIR = pa.schema([pa.field("left", pa.int64(), nullable=False), pa.field("right", pa.int64(), nullable=False)])
VERDICT = pa.schema(
    [*PAIR, *(pa.field(name, pa.bool_(), nullable=False) for name in ("duplicate", "related", "contradicting"))]
)


class Pairs(NamedTuple):
    """Pairs of rows: duplicates, rows that must be in the same split (which duplicates are too), and near duplicates
    but for a number, a negation, a sign or the like in the answer.
    """

    duplicates: tuple[Rows, Rows]
    related: tuple[Rows, Rows]
    contradicting: tuple[Rows, Rows]


def find(
    spark: SparkSession,
    settings: Settings,
    lake: Lake,
    uri: str,
    same: Rows,
    ranks: Ranks,
    scratch: str,
    *,
    spread: bool | None = None,
) -> Pairs:
    """Return the pairs of a cleaned dataset, in any order.

    `same` is the key of each row for exact copies, 0 for rows that take no part; `ranks` is its place in the order in
    which rows were first seen: which pairs of old rows are found does not depend on new ones. `scratch` is a prefix
    for what is between the steps; it is left behind empty. `spread` forces one of the two ways.
    """
    spread = len(same) > IN_THIS_PROCESS if spread is None else spread
    copies, firsts = exact_copies(same, ranks)
    keep = np.zeros(len(same), bool)
    keep[firsts] = True
    threshold = settings.prepare.near_duplicate_threshold
    if spread:
        judged = list(_spread(spark, settings, lake, uri, scratch, keep, ranks, copies))
    else:
        met = [candidates(lake, uri, keep, ranks, threshold, bucket) for bucket in buckets(len(keep), threshold)]
        judged = list(judge_pairs(lake, uri, *_once([copies, *met]), threshold))
    return Pairs(*(_chosen(judged, name) for name in ("duplicate", "related", "contradicting")))


def exact_copies(same: Rows, ranks: Ranks) -> tuple[tuple[Rows, Rows], Rows]:
    """Return pairs of each copy with the one of its kind that was seen first, and the first of each kind."""
    taking_part = np.flatnonzero(same)
    taking_part = taking_part[np.argsort(ranks[taking_part])]
    _, firsts, kinds = np.unique(same[taking_part], return_index=True, return_inverse=True)
    first_of = taking_part[firsts[kinds]]
    copies = first_of != taking_part
    pair = first_of[copies], taking_part[copies]
    return (np.minimum(*pair), np.maximum(*pair)), taking_part[firsts]


def judge_pairs(lake: Lake, uri: str, left: Rows, right: Rows, threshold: float) -> Iterator[pa.RecordBatch]:
    """Yield the pairs that are duplicates or related, as batches of `VERDICT`, from their texts."""
    for start in range(0, len(left), PAIRS_AT_ONCE):
        sides = [side[start : start + PAIRS_AT_ONCE] for side in (left, right)]
        needed = np.unique(np.concatenate(sides))
        texts = rows_at(lake, uri, needed, ["question", "answer"]).combine_chunks()
        for part in range(0, len(sides[0]), PAIRS_JUDGED):
            one, other = (side[part : part + PAIRS_JUDGED] for side in sides)
            asked = _texts(texts, np.searchsorted(needed, one)), _texts(texts, np.searchsorted(needed, other))
            yield _told(one, other, judge(*asked, threshold))


def _texts(table: pa.Table, places: Rows) -> Texts:
    chosen = table.take(pa.array(places))
    return Texts(chosen["question"].combine_chunks(), chosen["answer"].combine_chunks())


def _told(left: Rows, right: Rows, verdict: Verdict) -> pa.RecordBatch:
    told = (left, right, verdict.duplicate, verdict.related, verdict.contradicting)
    columns = [pa.array(values) for values in told]
    batch = pa.RecordBatch.from_arrays(columns, schema=VERDICT)
    return batch.filter(pa.array(verdict.duplicate | verdict.related))


def _once(found: list[tuple[Rows, Rows]]) -> tuple[Rows, Rows]:
    """Return pairs from several buckets, sorted, each once."""
    left, right = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
    return distinct(left, right)


def _chosen(judged: list[pa.RecordBatch], name: str) -> tuple[Rows, Rows]:
    table = pa.Table.from_batches(judged, VERDICT)
    table = table.filter(table[name])
    return table["left"].to_numpy(), table["right"].to_numpy()


@dataclass(frozen=True)
class _Judging:
    """What an executor needs to judge pairs."""

    lake: LakeSettings
    uri: str
    threshold: float

    def __call__(self, number: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Judge the pairs of a piece of the candidates."""
        pairs = pa.Table.from_batches(list(batches), PAIR)
        left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
        yield from judge_pairs(open_lake(self.lake), self.uri, left, right, self.threshold)


def _spread(
    spark: SparkSession,
    settings: Settings,
    lake: Lake,
    uri: str,
    scratch: str,
    keep: np.ndarray,
    ranks: Ranks,
    copies: tuple[Rows, Rows],
) -> Iterator[pa.RecordBatch]:
    """Let a Spark task look for candidates in each bucket, and one judge every `PAIRS_AT_ONCE` of them."""
    from pyspark.sql.pandas.types import from_arrow_schema

    from pipeline.spark.lake_source import over_lake, write_lake

    threshold, place = settings.prepare.near_duplicate_threshold, settings.lake
    shipped = spark.sparkContext.broadcast((np.packbits(keep), ranks))
    parts, rows = buckets(len(keep), threshold), len(keep)

    def met_in(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        packed, order = shipped.value
        wanted = np.unpackbits(packed, count=rows).astype(bool)
        for batch in batches:
            for number in batch.column(0).to_pylist():
                met = candidates(open_lake(place), uri, wanted, order, threshold, parts[number])
                yield pa.RecordBatch.from_arrays([pa.array(side) for side in met], schema=PAIR)

    frame = spark.range(0, len(parts), 1, len(parts)).mapInArrow(met_in, from_arrow_schema(PAIR))
    write_lake(frame, settings, f"{scratch}/met")
    shipped.destroy()
    met = [
        (batch["left"].to_numpy(), batch["right"].to_numpy()) for _, batch in scan(lake, f"{scratch}/met", PAIR.names)
    ]
    table = pa.table(dict(zip(PAIR.names, _once([copies, *met]), strict=True)), schema=PAIR)
    lake.write_batches(f"{scratch}/candidates/part-00000.parquet", table.to_batches(max_chunksize=PAIRS_JUDGED), PAIR)
    work = _Judging(place, uri, threshold)
    judged = over_lake(spark, settings, f"{scratch}/candidates", work, VERDICT, rows_per_piece=PAIRS_AT_ONCE)
    write_lake(judged, settings, f"{scratch}/judged")
    for _, batch in scan(lake, f"{scratch}/judged", VERDICT.names):
        yield batch.cast(VERDICT)
    lake.delete([info.uri for info in lake.objects(scratch)])
