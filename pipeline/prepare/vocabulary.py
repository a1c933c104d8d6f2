"""The vocabulary table: every word of the prepared rows with its frequency and where it stands, for audit and drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MOST_IDS = 20


def table(rows: DataFrame) -> DataFrame:
    """Return token_id, token, frequency and up to 20 document ids, the most frequent first; equal data, equal ids."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    text = f.lower(f.concat_ws(" ", "question", "answer"))
    words = rows.select(
        "question_id", f.explode(f.regexp_extract_all(text, f.lit(r"([\p{L}\p{N}]+)"), 1)).alias("token")
    )
    counted = words.groupBy("token").agg(
        f.count("*").alias("frequency"),
        f.slice(f.sort_array(f.collect_set("question_id")), 1, MOST_IDS).alias("document_ids"),
    )
    order = Window.orderBy(f.desc("frequency"), "token")
    return counted.select(
        (f.row_number().over(order) - 1).cast("long").alias("token_id"), "token", "frequency", "document_ids"
    )
