"""Whether anything leaked between splits: every row against every row of another split, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.lake import Lake
from pipeline.prepare.decisions import Decisions
from pipeline.prepare.deduplicate import across
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.prefixes import WRITTEN, PrefixPart, counts, sets_of
from pipeline.prepare.deduplicate.sketches import WHOLE, Sketches
from pipeline.prepare.deduplicate.verify import of_pairs
from pipeline.prepare.facts import Facts
from pipeline.prepare.rows_at import rows_at, scan
from pipeline.prepare.schema import SPLITS
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LEAKED = "too similar to a row of another split"
IN_THIS_PROCESS = 100_000
"""Rows whose prefixes are worked out here; those of more on Spark."""
PAIRS_AT_ONCE = 20_000
BATCH_ROWS = 4096
TOLD_BELOW = 0.05
"""How far below the threshold the similarity of what is left is told too."""


class Prefixes(NamedTuple):
    """Where the prefixes of all rows of a cleaned dataset lie, how many entries they have, and from which similarity on
    rows meet by them.
    """

    uri: str
    entries: int
    floor: float


def write_prefixes(
    spark: SparkSession,
    settings: Settings,
    lake: Lake,
    uri: str,
    rows: int,
    scratch: str,
    *,
    spread: bool | None = None,
) -> Prefixes:
    """Write the prefixes of a cleaned dataset, which do not depend on what is decided about its rows.

    `scratch` is a prefix that `take_out` leaves behind empty; `spread` forces working on Spark, or in this process.
    """
    spread = rows > IN_THIS_PROCESS if spread is None else spread
    threshold = settings.prepare.near_duplicate_threshold
    floor = max(threshold / 2, threshold - TOLD_BELOW)
    part = PrefixPart(settings.lake, f"{scratch}/prefixes", counts(lake, uri, rows), floor)
    return Prefixes(part.uri, _write(spark, settings, lake, uri, part, spread), floor)


def take_out(settings: Settings, lake: Lake, uri: str, facts: Facts, made: Decisions, prefixes: Prefixes) -> None:
    """Set aside rows of validation and test that are too similar to a row of an earlier split, and count them.

    `uri` is the cleaned dataset that was decided about, and that the prefixes, which are deleted, were made of.
    """
    kept = facts.usable & (made.code == 0)
    splits = _splits(lake, uri, kept, settings, made)
    checked = int((splits > 0).sum())
    made.measured["leakage"] = {"checked": checked, "highest_similarity": 0.0, "removed": 0}
    if checked:
        _take_out(settings, lake, uri, splits, made, prefixes)
    lake.delete([info.uri for info in lake.objects(prefixes.uri)])


def _take_out(
    settings: Settings, lake: Lake, uri: str, splits: across.Splits, made: Decisions, prefixes: Prefixes
) -> None:
    floor, threshold = prefixes.floor, settings.prepare.near_duplicate_threshold
    known = Sketches.read(lake, uri, WHOLE)
    left, right = across.candidates(lake, prefixes.uri, prefixes.entries, splits, known, floor)
    similarity = _similarity(lake, uri, left, right)
    leaked = np.unique(right[similarity >= threshold])
    made.set_aside(leaked, LEAKED)
    made.refusal[leaked] = False
    left_over = similarity[(similarity >= floor) & ~np.isin(right, leaked)]
    made.measured["leakage"] |= {
        "against": int((splits == 0).sum()),
        "removed": len(leaked),
        "told_from": round(floor, 4),
        "highest_similarity": round(float(left_over.max()), 4) if len(left_over) else 0.0,
    }


def _splits(lake: Lake, uri: str, kept: np.ndarray, settings: Settings, made: Decisions) -> across.Splits:
    """Return 0 for train, 1 for validation, 2 for test, and for rows that are not kept that they take no part."""
    column = np.full(len(kept), across.APART, np.int8)
    for start, batch in scan(lake, uri, ["question_id"]):
        for place, name in enumerate(batch["question_id"].to_pylist(), start):
            if kept[place]:
                column[place] = SPLITS.index(made.split(made.cluster.get(place, name), settings.prepare.split))
    return column


def _write(spark: SparkSession, settings: Settings, lake: Lake, uri: str, part: PrefixPart, spread: bool) -> int:
    """Write the prefixes of all rows and return the number of their entries."""
    columns = ["question", "answer"]
    if not spread:
        batches = (
            batch.slice(start, BATCH_ROWS)
            for _, batch in scan(lake, uri, columns)
            for start in range(0, batch.num_rows, BATCH_ROWS)
        )
        return sum(made["entries"][0].as_py() for made in part(0, batches))
    from pipeline.spark.lake_source import over_lake

    return sum(int(made["entries"]) for made in over_lake(spark, settings, uri, part, WRITTEN, columns).collect())


def _similarity(lake: Lake, uri: str, left: Rows, right: Rows) -> np.ndarray:
    """Return the exact Jaccard similarity of each pair."""
    found = [np.zeros(0)]
    for start in range(0, len(left), PAIRS_AT_ONCE):
        sides = [side[start : start + PAIRS_AT_ONCE] for side in (left, right)]
        needed = np.unique(np.concatenate(sides))
        texts = rows_at(lake, uri, needed, ["question", "answer"]).combine_chunks()
        sets = sets_of(texts["question"].combine_chunks(), texts["answer"].combine_chunks())
        one, other = (np.searchsorted(needed, side) for side in sides)
        found.append(of_pairs(sets, one, other))
    return np.concatenate(found)
