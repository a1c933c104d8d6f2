"""A lake with one subject in every place where a pipeline leaves data, and nobody's data beside it."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.audit import AuditLog
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.records import SCHEMA, SET_ASIDE_SCHEMA, Row, SetAside, question_id, to_batches
from pipeline.review.evidence import STAGE_COMPLETED, completed
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SUBJECT = "jane.roe@example.org"
ANSWER = f"Please write to {SUBJECT} or call her team about the refund of order 1234."
MASKED = "Please write to [EMAIL] or call her team about the refund of order 1234."
JANES = question_id("help-desk", "HELP-7", "Who helps with refunds?")
OTHER = question_id("help-desk", "HELP-8", "Where is the manual?")
PREPARED = pa.schema(
    [
        *[(name, pa.string()) for name in ("question_id", "question", "answer", "context", "language", "split")],
        *[(name, pa.string()) for name in ("cluster_id", "licence", "data_source", "provenance", "content_hash")],
        ("is_refusal", pa.bool_()),
        ("duplicates", pa.list_(pa.string())),
        ("updated_at", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass
class World:
    """A lake after one run of the pipeline, with the manifests that tests ask about."""

    settings: Settings
    lake: Lake
    repository: Manifest
    prepared: Manifest
    trained: Manifest
    other_model: Manifest
    evaluation: Manifest


def row(ticket: str, question: str, answer: str) -> Row:
    """A row of the help desk."""
    return Row(
        question_id=question_id("help-desk", ticket, question),
        question=question,
        answer=answer,
        data_source="help-desk",
        source_kind="jira",
        document_id=ticket,
        provenance=f"https://jira.example.org/browse/{ticket}",
        collected_at=NOW,
        updated_at=NOW,
        context=f"Ticket {ticket}",
        licence="CC0-1.0",
    )


def dataset(stage: str, outputs: dict[str, tuple[list[pa.RecordBatch], pa.Schema]], lake: Lake, **how: Any) -> Manifest:
    """Run a stage that writes these datasets and, with `texts`, these other files."""
    texts: dict[str, bytes] = how.pop("texts", {})
    facts: dict[str, Any] = how.pop("facts", {})

    def work(attempt: Attempt) -> None:
        for name, (batches, schema) in outputs.items():
            attempt.rows[name] = lake.write_batches(attempt.uri(name, "part-00000.parquet"), batches, schema)
        for name, body in texts.items():
            lake.write(attempt.uri(*name.split("/")), body)
        attempt.facts.update(facts)

    return run_stage(lake, stage, work, run_id="night-1", packages=("records",), **how)


def raw(lake: Lake) -> None:
    """What the sources sent."""
    tickets = {"issues": [{"key": "HELP-7", "fields": {"comment": ANSWER}}, {"key": "HELP-8"}]}
    lake.write(lake.uri("raw/help-desk/night-1/page-1.json"), json.dumps(tickets).encode())
    lake.write(lake.uri("raw/help-desk/night-1/page-2.json"), b'{"issues": []}')
    page = "<p>jane.roe&#64;example.org &amp; others</p>".encode("latin-1")
    lake.write(lake.uri("raw/site/night-1/faq.html"), page)
    lake.write(lake.uri("raw/site/night-1/faq.html.gz"), gzip.compress(f"<p>{SUBJECT}</p>".encode()))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"q": ["Who?"], "a": [ANSWER]}), sink)
    lake.write(lake.uri("raw/table/night-1/support.parquet"), sink.getvalue().to_pybytes())


def collected(lake: Lake) -> Manifest:
    """The help desk's rows, with the reference to its last collection."""
    found = [row("HELP-7", "Who helps with refunds?", ANSWER), row("HELP-8", "Where is the manual?", "On the shelf.")]
    aside = [SetAside("collect", "no public answer", "help-desk", "HELP-9", question=f"Ask {SUBJECT}?")]
    manifest = dataset(
        "collect-help-desk",
        {"rows": (list(to_batches(found)), SCHEMA), "set_aside": (list(to_batches(aside)), SET_ASIDE_SCHEMA)},
        lake,
    )
    lake.write(lake.uri("refs/collect/help-desk.json"), json.dumps({"manifest": manifest.uri}).encode())
    lake.write(lake.uri("refs/collect/site.json"), json.dumps({"manifest": "elsewhere"}).encode())
    return manifest


def prepared_rows(lake: Lake, repository: Manifest) -> Manifest:
    """Rows whose names preparation masked: only their ids still lead to the subject."""
    same = {
        "context": "The help desk answers within a day.",
        "language": "en",
        "split": "train",
        "cluster_id": "c",
        "licence": "CC0-1.0",
        "data_source": "help-desk",
        "provenance": "withheld",
        "content_hash": "h",
        "is_refusal": False,
        "updated_at": NOW,
    }
    made = [
        {"question_id": JANES, "question": "Who helps with refunds?", "answer": MASKED, "duplicates": [], **same},
        {
            "question_id": OTHER,
            "question": "Where is the manual?",
            "answer": "On the shelf.",
            "duplicates": [JANES],
            **same,
        },
    ]
    batch = pa.RecordBatch.from_pylist(sorted(made, key=lambda item: str(item["question_id"])), schema=PREPARED)
    words = pa.schema([("token", pa.string()), ("document_ids", pa.list_(pa.string()))])
    vocabulary = pa.RecordBatch.from_pylist(
        [{"token": "refund", "document_ids": [JANES, OTHER]}, {"token": SUBJECT, "document_ids": [JANES]}], schema=words
    )
    return dataset(
        "prepare",
        {"rows": ([batch], PREPARED), "vocabulary": ([vocabulary], words)},
        lake,
        inputs={"repository": repository},
        texts={"report/report.html": f"<td>{JANES}</td><td>{MASKED}</td>".encode()},
        facts={"longest": {"question_id": JANES}, "note": f"seen: {SUBJECT}"},
    )


def model(lake: Lake, stage: str, inputs: dict[str, Manifest], weights: bytes) -> Manifest:
    """A model made from these inputs."""
    return dataset(stage, {}, lake, inputs=inputs, texts={"model/model.safetensors": weights})


def evaluated(lake: Lake, trained: Manifest, prepared: Manifest) -> Manifest:
    """Answers and a report that quote the subject's row."""
    schema = pa.schema([("question_id", pa.string()), ("prediction", pa.string())])
    answers = [{"question_id": JANES, "prediction": MASKED}, {"question_id": OTHER, "prediction": "On the shelf."}]
    worst = {
        "worst": [{"question_id": JANES, "reference": MASKED}, {"question_id": OTHER, "reference": "On the shelf."}]
    }
    lines = "".join(json.dumps(item) + "\n" for item in answers)
    return dataset(
        "evaluate",
        {"answers": ([pa.RecordBatch.from_pylist(answers, schema=schema)], schema)},
        lake,
        inputs={"candidate": trained, "prepared": prepared},
        texts={
            "report/report.json": json.dumps(worst).encode(),
            "report/report.html": f"<p>{MASKED}</p><p>On the shelf.</p>".encode(),
            "report/answers.jsonl": lines.encode(),
        },
    )


def build(settings: Settings, lake: Lake, features: Any) -> World:
    """Build the world; `features(prepared)` runs the features stage."""
    raw(lake)
    collection = collected(lake)
    rows = list(lake.read_table(collection.output("rows").uri).to_batches())
    repository = dataset("repository", {"rows": (rows, SCHEMA)}, lake, inputs={"help-desk": collection})
    prepared = prepared_rows(lake, repository)
    made: Manifest = features(prepared)
    pretrained = model(lake, "pretrain", {"prepare": prepared}, b"weights that read the texts")
    trained = model(lake, "train", {"base-model": pretrained, "features": made}, b"weights")
    tuned = model(lake, "tune", {"trained": trained}, b"better weights")
    other = model(lake, "train", {}, b"trained on other rows")
    evaluation = evaluated(lake, tuned, prepared)
    lake.write_batches(
        lake.uri("cache/answers/m/s/one.parquet"),
        [pa.RecordBatch.from_pydict({"key": ["k"], "text": [MASKED]})],
        pa.schema([("key", pa.string()), ("text", pa.string())]),
    )
    audit = AuditLog(lake)
    for manifest in (collection, repository, prepared, made, trained, tuned, evaluation):
        entry = {"uri": manifest.uri, "digest": manifest.digest, "cached": False, "seconds": 1.0}
        lake.write(lake.uri("runs", "night-1", f"{manifest.stage}.json"), json.dumps(entry).encode())
        known = completed(manifest)
        audit.append(STAGE_COMPLETED, actor="pipeline", run_id="night-1", subject=manifest.digest, data=known)
    audit.append(
        "published",
        actor="pipeline",
        run_id="night-1",
        subject=tuned.output("model").digest,
        data={"repository": "acme/faq", "version": "v3"},
    )
    return World(settings, lake, repository, prepared, tuned, other, evaluation)


def everything(lake: Lake, *folders: Path) -> dict[str, bytes]:
    """Every object of a lake and every file of some folders as readable bytes: Parquet decoded, archives unpacked."""
    found = {}
    for info in lake.objects(lake.root):
        body = lake.read(info.uri)
        if info.uri.endswith(".parquet"):
            body = json.dumps(pq.read_table(pa.BufferReader(body)).to_pylist(), default=str).encode()
        found[info.uri] = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    for folder in folders:
        found.update({str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    return found
