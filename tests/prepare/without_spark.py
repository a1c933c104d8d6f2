"""The prepare stage in one process: stands in for Spark where Spark is not what is tested, with the same steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from pipeline.lake import Lake
from pipeline.prepare import decide, facts, leakage, stage
from pipeline.prepare.assemble import COLUMNS, Assembly, empty_outputs
from pipeline.prepare.deduplicate.find import find
from pipeline.prepare.figures import Figures
from pipeline.prepare.row_pass import READ
from pipeline.prepare.rows_at import scan
from pipeline.prepare.schema import CLEANED, DECISIONS
from pipeline.records import SCHEMA, Row
from pipeline.settings import Settings
from pipeline.spark.lake_source import ROW_NUMBER
from pipeline.spark.parts import write_part
from pipeline.stage import Attempt

SEEN = datetime(2025, 1, 1, tzinfo=UTC)


def row(question: str, answer: str, **other: Any) -> Row:
    """A row with defaults for what a test does not care about; its id says nothing and its order follows it."""
    number = other.pop("number", None)
    given = {
        "question_id": f"q{number:05d}" if number is not None else f"q-{question[:40]}",
        "data_source": "faq",
        "source_kind": "web",
        "document_id": "https://example.org/faq",
        "provenance": "https://example.org/faq#1",
        "collected_at": SEEN,
        "updated_at": SEEN,
        "context": f"{question}\n{answer}",
        "context_origin": "page",
        "licence": "CC0-1.0",
        "language": "en",
    }
    return Row(question=question, answer=answer, **{**given, **other})


def repository(lake: Lake, rows: Iterable[Row], name: str = "repository") -> str:
    """Write rows in the order of their ids, as the repository stage does, and return where."""
    values = [asdict(one) for one in sorted(rows, key=lambda one: one.question_id)]
    table = pa.Table.from_pylist(values, SCHEMA)
    lake.write_batches(lake.uri(name, "part-00000.parquet"), table.to_batches(max_chunksize=512), SCHEMA)
    return lake.uri(name)


def prepared(
    settings: Settings,
    lake: Lake,
    uri: str,
    prefix: str = "attempt",
    earlier: str | None = None,
    clusters: Mapping[str, str] | None = None,
) -> Attempt:
    """Prepare a repository in this process and return the attempt."""
    settings = settings.model_copy(update={"lake": settings.lake.model_copy(update={"uri": lake.root})})
    attempt = Attempt(lake, lake.uri(prefix), "test", {})
    work = stage.row_work(settings, earlier)
    write_part(lake, attempt.uri("cleaned"), 0, work(batch for _, batch in scan(lake, uri, READ)), CLEANED)
    known = facts.read(lake, attempt.uri("cleaned"))
    scratch = attempt.uri("scratch")
    pairs = find(None, settings, lake, attempt.uri("cleaned"), known.same_key, known.ranks, scratch, spread=False)
    decisions = decide.decide(lake, attempt.uri("cleaned"), known, pairs, settings.prepare, clusters)
    prefixes = leakage.write_prefixes(None, settings, lake, attempt.uri("cleaned"), len(known), scratch, spread=False)
    leakage.take_out(settings, lake, attempt.uri("cleaned"), known, decisions, prefixes)
    place = attempt.uri("scratch", "part-00000.parquet")
    lake.write_batches(place, decisions.table(settings.prepare.split).to_batches(), DECISIONS)
    chosen = settings.prepare
    job = Assembly(settings.lake, attempt.prefix, place, chosen.split, chosen.refusals(), chosen.min_support)
    figures = Figures()
    figures.add(job.write(0, _numbered(lake, attempt.uri("cleaned"))).plain())
    empty_outputs(lake, attempt.prefix, figures)
    attempt.rows["cleaned"] = len(known)
    stage._account(attempt, figures)
    stage._conclude(settings, attempt, figures, decisions)
    return attempt


def _numbered(lake: Lake, uri: str) -> Iterable[pa.RecordBatch]:
    for start, batch in scan(lake, uri, COLUMNS):
        yield batch.append_column(ROW_NUMBER, pa.array(range(start, start + batch.num_rows), pa.int64()))
