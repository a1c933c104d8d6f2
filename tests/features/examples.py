"""Prepared rows for the tests of features."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.features import stage
from pipeline.features.distributed import Report, write_part
from pipeline.features.tokenizer_files import ModelText
from pipeline.lake import Lake
from pipeline.manifest import Manifest, digest_of
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage

PREPARED = pa.schema(
    [
        ("question_id", pa.string()),
        ("question", pa.string()),
        ("answer", pa.string()),
        ("context", pa.string()),
        ("language", pa.string()),
        ("split", pa.string()),
        ("cluster_id", pa.string()),
        ("is_refusal", pa.bool_()),
        ("licence", pa.string()),
        ("data_source", pa.string()),
        ("provenance", pa.string()),
        ("updated_at", pa.timestamp("us", tz="UTC")),
        ("content_hash", pa.string()),
    ]
)
START = datetime(2024, 3, 1, tzinfo=UTC)


def prepared(*rows: dict[str, Any]) -> pa.RecordBatch:
    """Prepared rows with defaults for everything that a test does not care about."""
    filled = [
        {
            "question_id": f"q{number:04d}",
            "question": "Where is the settings file?",
            "answer": "In the project folder.",
            "context": "The settings file lies in the project folder.",
            "language": "en",
            "split": "train",
            "cluster_id": f"c{number}",
            "is_refusal": False,
            "licence": "Apache-2.0",
            "data_source": "faq",
            "provenance": f"https://example.org/faq#{number}",
            "updated_at": START + timedelta(days=number % 30),
            "content_hash": f"h{number}",
            **row,
        }
        for number, row in enumerate(rows)
    ]
    return pa.RecordBatch.from_pylist(filled, schema=PREPARED)


def prepare(lake: Lake, batch: pa.RecordBatch) -> Manifest:
    """A manifest of prepared rows, as the prepare stage leaves it."""

    def work(attempt: Attempt) -> None:
        attempt.lake.write_batches(attempt.uri("rows", "part-00000.parquet"), [batch], batch.schema)
        attempt.counts.rows_in = attempt.counts.rows_out = attempt.rows["rows"] = batch.num_rows

    content = {"content": digest_of(batch.to_pylist())}
    return run_stage(lake, "prepare", work, run_id="r1", parameters=content, packages=("records",))


def base_model(lake: Lake, folder: Path, architecture: str, name: str) -> Manifest:
    """A manifest of a base model that consists of a tokenizer."""

    def work(attempt: Attempt) -> None:
        attempt.lake.upload_folder(folder, attempt.uri("model"))
        attempt.facts.update(name=name, revision="r1", architecture=architecture, licence="Apache-2.0")

    return run_stage(lake, "base-model", work, run_id="r1", parameters={"name": name}, packages=("records",))


def without_spark(settings: Settings, attempt: Attempt, prepared: Manifest, text: ModelText) -> Report:
    """Tokenise in this process what Spark spreads over executors: stands in where Spark is not what is tested."""
    job = stage.job_for(settings, attempt, prepared, text)
    rows = attempt.lake.read_table(prepared.output("rows").uri).sort_by("question_id")
    report = Report()
    half = rows.num_rows // 2
    for number, part in enumerate((rows.slice(0, half), rows.slice(half))):
        report.add(vars(write_part(job, number, part.to_batches())))
    return report
