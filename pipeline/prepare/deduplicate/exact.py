"""Exact duplicates: the same question with the same answer, whatever their case, spacing and punctuation.

Never the question alone: the same question can have different answers that are both right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DUPLICATE = "exact duplicate"


def mark(rows: DataFrame) -> DataFrame:
    """Set aside every duplicate but the best, which lists the ids of the others in `duplicates`.

    The best has a context given by people, then any context, then the longest one; ties go to the smallest id, so that
    the choice is the same at every run. Rows that are set aside already take no part.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    usable = f.col("reason").isNull()
    group = Window.partitionBy("duplicate_key", usable)
    best = group.orderBy(
        (f.col("context_origin") == "human").desc_nulls_last(),
        f.col("context").isNotNull().desc(),
        f.length("context").desc_nulls_last(),
        "question_id",
    )
    ranked = rows.withColumn("rank", f.row_number().over(best)).withColumn(
        "ids", f.sort_array(f.collect_set("question_id").over(group))
    )
    first = f.first("question_id").over(best)
    is_duplicate = usable & (f.col("rank") > 1)
    return (
        ranked.withColumn("kept", first)
        .withColumn("duplicates", f.when(usable, f.array_remove("ids", f.col("question_id"))))
        .withColumn("detail", f.when(is_duplicate, f.col("kept")).otherwise(f.col("detail")))
        .withColumn("reason", f.when(is_duplicate, f.lit(DUPLICATE)).otherwise(f.col("reason")))
        .drop("rank", "ids", "kept")
    )
