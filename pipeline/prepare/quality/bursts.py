"""Bursts: one answer given to very many questions of one source, the mark of a flooded source (poisoning)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BURST = "possible poisoning: one answer to very many questions of one source"
LEAST = 25
SHARE = 0.1


def mark(rows: DataFrame) -> DataFrame:
    """Set aside the rows of a source whose answer stands at least 25 times and in a tenth of the source's rows."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    usable = f.col("reason").isNull()
    of_source = f.count("*").over(Window.partitionBy("data_source"))
    same = f.count("*").over(Window.partitionBy("data_source", f.lower(f.trim("answer"))))
    flooded = usable & (same >= LEAST) & (same >= SHARE * of_source)
    return rows.withColumn("reason", f.when(flooded, f.lit(BURST)).otherwise(f.col("reason")))
