"""The prepare stage: the repository's rows become clean, private, de-duplicated, judged and split rows, on Spark."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.lake import Lake
from pipeline.prepare import refusals, vocabulary
from pipeline.prepare.cleaning.clean import Cleaner
from pipeline.prepare.deduplicate import exact
from pipeline.prepare.quality import bursts, dataset
from pipeline.prepare.quality.rows import RowRules
from pipeline.prepare.report import render
from pipeline.prepare.row_pass import RowWork
from pipeline.prepare.schema import CLEANED, PREPARED, VOCABULARY
from pipeline.prepare.splits import split_of
from pipeline.prompts import TextToTextTemplate
from pipeline.records import SET_ASIDE_SCHEMA
from pipeline.settings import PrepareSettings, Settings
from pipeline.stage import Attempt, Manifest, run_stage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

STAGE = "prepare"
ROWS_PER_PART = 50_000
SMALL_PART = 256
FEW_PARTS = 8


def run(settings: Settings, lake: Lake, *, run_id: str, repository: Manifest) -> Manifest:
    """Prepare the rows of a repository and return the manifest.

    Outputs: `rows` (`schema.PREPARED`), `set_aside` (with the reason of each row), `vocabulary`, `report`. Raises
    QualityError when the dataset breaks an expectation that stops the run.
    """

    def work(attempt: Attempt) -> None:
        prepare(settings, attempt, repository.output("rows").uri)

    return run_stage(
        lake,
        STAGE,
        work,
        run_id=run_id,
        inputs={"repository": repository},
        parameters=_parameters(settings.prepare),
        packages=("prepare", "prompts"),
    )


def _parameters(chosen: PrepareSettings) -> dict[str, Any]:
    parameters = chosen.model_dump(mode="json", exclude={"privacy": {"pseudonym_key"}})
    return {**parameters, "presidio": version("presidio-analyzer"), "ftfy": version("ftfy")}


def prepare(settings: Settings, attempt: Attempt, uri: str) -> None:
    """Prepare the rows below a URI into an attempt."""
    from pipeline.spark.lake_source import read_lake, write_lake
    from pipeline.spark.session import spark_session

    chosen = settings.prepare
    with spark_session(settings) as spark:
        marked = _marked(read_lake(spark, settings, uri), chosen).persist()
        try:
            figures = _figures(marked)
            rows = _kept(marked, chosen.split, parts_for(figures["rows_out"]))
            _account(attempt, chosen, figures)
            write_lake(rows, settings, attempt.uri("rows"))
            write_lake(_aside(marked), settings, attempt.uri("set_aside"))
            words = vocabulary.table(marked.where("reason IS NULL")).coalesce(1)
            write_lake(_conforming(words, VOCABULARY), settings, attempt.uri("vocabulary"))
        finally:
            marked.unpersist()
    report = {**attempt.facts, "counts": attempt.counts.model_dump()}
    attempt.lake.write(attempt.uri("report", "report.json"), json.dumps(report, indent=2, sort_keys=True).encode())
    attempt.lake.write(attempt.uri("report", "report.html"), render(report).encode())


def parts_for(rows: int) -> int:
    """Return the number of Parquet parts; it depends on the data alone, so equal input gives equal files."""
    return max(1, min(FEW_PARTS, rows // SMALL_PART), rows // ROWS_PER_PART)


def _marked(rows: DataFrame, chosen: PrepareSettings) -> DataFrame:
    from pyspark.sql.pandas.types import from_arrow_schema

    privacy = chosen.privacy
    key = privacy.pseudonym_key.get_secret_value().encode() if privacy.pseudonym_key else b""
    rules = RowRules(
        chosen.min_question_chars, chosen.min_answer_chars, chosen.max_answer_chars, frozenset(chosen.languages)
    )
    cleaner = Cleaner(chosen.expand_contractions, chosen.lower_case)
    work = RowWork(cleaner, rules, tuple(privacy.allow), privacy.mode, key)
    cleaned = rows.mapInArrow(work, from_arrow_schema(CLEANED)).persist()
    judged = bursts.mark(exact.mark(cleaned))
    return refusals.mark(judged, share=chosen.refusal_share, text=chosen.refusal_text)


def _figures(marked: DataFrame) -> dict[str, Any]:
    """Count everything that the manifest and the report say, in one pass."""
    columns = ["reason", "data_source", "language", "licence", "cluster_id", "is_refusal", "personal_data"]
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("reasons", "languages", "licences", "sources", "personal_data")
    }
    refusals_made = rows_in = 0
    for row in marked.groupBy(*columns).count().toLocalIterator():
        number = row["count"]
        rows_in += number
        for entry in row["personal_data"] or ():
            kind, _, found = entry.partition("=")
            counts["personal_data"][f"{row['data_source']}: {kind}"] += int(found) * number
        if row["reason"]:
            counts["reasons"][row["reason"]] += number
            continue
        counts["languages"][row["language"]] += number
        counts["licences"][row["licence"]] += number
        counts["sources"][row["data_source"]] += number
        refusals_made += number * bool(row["is_refusal"])
    plain = {name: dict(sorted(counter.items())) for name, counter in counts.items()}
    rows_out = rows_in - sum(plain["reasons"].values())
    return {**plain, "rows_in": rows_in, "rows_out": rows_out, "refusals": refusals_made}


def _account(attempt: Attempt, chosen: PrepareSettings, figures: dict[str, Any]) -> None:
    attempt.counts.rows_in, attempt.counts.rows_out = figures.pop("rows_in"), figures.pop("rows_out")
    reasons = figures.pop("reasons")
    attempt.set_aside(reasons)
    attempt.rows.update(rows=attempt.counts.rows_out, set_aside=attempt.counts.set_aside)
    flagged = {reason: count for reason, count in reasons.items() if reason.startswith("possible poisoning")}
    # What was found is set aside and not trained on, so nothing is open; a person can look at the rows.
    attempt.facts.update(**figures, poisoning={}, poisoning_set_aside=flagged)
    dataset.check(
        attempt.counts.rows_in,
        reasons,
        min_rows=chosen.min_rows,
        max_set_aside_share=chosen.max_set_aside_share,
    )


def _kept(marked: DataFrame, shares: tuple[float, float, float], parts: int) -> DataFrame:
    from pyspark.sql.pandas.types import from_arrow_schema

    spread = marked.where("reason IS NULL").repartition(parts, "question_id").sortWithinPartitions("question_id")
    return spread.mapInArrow(lambda batches: _finished(batches, shares), from_arrow_schema(PREPARED))


def _finished(batches: Iterable[pa.RecordBatch], shares: tuple[float, float, float]) -> Iterator[pa.RecordBatch]:
    from pipeline.records import content_hash

    template = TextToTextTemplate()
    for batch in batches:
        rows = batch.to_pylist()
        for row in rows:
            row["split"] = split_of(row["cluster_id"], shares)
            row["content_hash"] = content_hash(row["question"], row["answer"], row["context"], row["licence"])
            row["prompt"] = template.prompt(row["context"], row["question"])
        yield pa.RecordBatch.from_pylist(rows, schema=PREPARED)


def _aside(marked: DataFrame) -> DataFrame:
    from pyspark.sql import functions as f

    aside = marked.where("reason IS NOT NULL").withColumn("stage", f.lit(STAGE))
    return _conforming(aside.repartition(1).sortWithinPartitions("question_id"), SET_ASIDE_SCHEMA)


def _conforming(frame: DataFrame, schema: pa.Schema) -> DataFrame:
    """Return a frame with exactly a schema's columns, in its order and types."""
    from pyspark.sql.pandas.types import from_arrow_schema

    wanted = from_arrow_schema(schema)
    return frame.select([frame[field.name].cast(field.dataType).alias(field.name) for field in wanted])
