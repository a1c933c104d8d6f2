"""Rows whose context cannot support their answer: a share teaches the model to say so, the rest is set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

UNSUPPORTED = "the context does not support the answer"
LEAST_SUPPORT = 0.35
HASH_STEPS = 1_000_000


def mark(rows: DataFrame, *, share: float, text: str) -> DataFrame:
    """Turn unsupported rows into refusals until they make up `share` of the usable rows, and set the others aside.

    Which ones is decided by a hash of the id, so that a row stays what it is when the data grows evenly.
    """
    from pyspark.sql import functions as f

    usable = f.col("reason").isNull()
    weak = usable & (f.col("support") < LEAST_SUPPORT)
    counted = rows.agg(
        f.coalesce(f.sum((usable & ~weak).cast("long")), f.lit(0)).alias("strong"),
        f.coalesce(f.sum(weak.cast("long")), f.lit(0)).alias("weak"),
    ).first()
    wanted = counted["strong"] * share / (1 - share)
    chance = min(1.0, wanted / counted["weak"]) if counted["weak"] else 0.0
    drawn = f.pmod(f.xxhash64(f.lit("refusal"), "question_id"), f.lit(HASH_STEPS)) < int(chance * HASH_STEPS)
    refuses = weak & drawn
    return (
        rows.withColumn("is_refusal", refuses)
        .withColumn("answer", f.when(refuses, f.lit(text)).otherwise(f.col("answer")))
        .withColumn("reason", f.when(weak & ~drawn, f.lit(UNSUPPORTED)).otherwise(f.col("reason")))
    )
