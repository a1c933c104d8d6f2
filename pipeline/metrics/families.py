"""The metric families that the exporter offers. docs/operating.md lists them; the dashboard and the alerts use them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from pipeline.metrics.trail import Trail

REASON_CHARS = 100
RESULTS = ("published", "unchanged", "refused", "failed")


@dataclass(frozen=True, slots=True)
class Size:
    """How much lies below a folder of the lake."""

    objects: int
    bytes: int


def families(trail: Trail, sizes: Mapping[str, Size], hour_cost: float) -> Iterator[Metric]:
    """Yield every family; `hour_cost` is what an hour of the machine costs, in the unit that the reader likes."""
    yield from _stages(trail, hour_cost)
    yield from _rows(trail)
    yield from _quality(trail)
    yield from _reviews(trail)
    yield from _releases(trail)
    objects = GaugeMetricFamily("llmops_lake_objects", "Objects in the lake, by folder.", labels=["folder"])
    volume = GaugeMetricFamily("llmops_lake_bytes", "Bytes in the lake, by folder.", labels=["folder"])
    for folder, size in sizes.items():
        objects.add_metric([folder], size.objects)
        volume.add_metric([folder], size.bytes)
    yield from (objects, volume)
    yield GaugeMetricFamily("llmops_audit_records", "Number of the audit trail's last record.", value=trail.number)


def _stages(trail: Trail, hour_cost: float) -> Iterator[Metric]:
    done = CounterMetricFamily(
        "llmops_stage_completions", "Completions of a stage, worked or unchanged.", labels=["stage", "outcome"]
    )
    for (stage, outcome), count in trail.stages.items():
        done.add_metric([stage, outcome], count)
    seconds = GaugeMetricFamily("llmops_stage_seconds", "Work of a stage's newest manifest.", labels=["stage"])
    when = GaugeMetricFamily(
        "llmops_stage_last_completed_timestamp_seconds", "When a stage was last completed.", labels=["stage"]
    )
    for stage, (manifest, at) in trail.latest.items():
        seconds.add_metric([stage], manifest.seconds)
        when.add_metric([stage], at)
    work = CounterMetricFamily("llmops_stage_work_seconds", "All work of a stage so far.", labels=["stage"])
    cost = CounterMetricFamily(
        "llmops_cost_estimate", "Work hours times select.machine_hour_cost, an estimate.", labels=["stage"]
    )
    for stage, total in trail.work_seconds.items():
        work.add_metric([stage], total)
        cost.add_metric([stage], total / 3600 * hour_cost)
    yield from (done, seconds, when, work, cost)


def _rows(trail: Trail) -> Iterator[Metric]:
    rows = GaugeMetricFamily("llmops_rows", "Rows of a stage's newest manifest.", labels=["stage", "flow"])
    aside = GaugeMetricFamily(
        "llmops_rows_set_aside", "Rows that a stage's newest manifest set aside.", labels=["stage", "reason"]
    )
    for stage, (manifest, _) in trail.latest.items():
        counts = manifest.counts
        for flow in ("rows_in", "rows_out", "set_aside"):
            rows.add_metric([stage, flow.removeprefix("rows_")], getattr(counts, flow))
        reasons: dict[str, int] = {}
        for reason, count in counts.reasons.items():
            reasons[reason[:REASON_CHARS]] = reasons.get(reason[:REASON_CHARS], 0) + count
        for reason, count in reasons.items():
            aside.add_metric([stage, reason], count)
    yield from (rows, aside)


def _facts(trail: Trail, stage: str) -> dict[str, Any]:
    found = trail.latest.get(stage)
    return found[0].facts if found else {}


def _gauges(name: str, text: str, label: str, values: Mapping[str, Any]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        if isinstance(value, int | float):
            family.add_metric([key], float(value))
    return family


def _quality(trail: Trail) -> Iterator[Metric]:
    train, tune = _facts(trail, "train"), _facts(trail, "tune")
    losses = {
        "initial": train.get("initial_validation_loss"),
        "train": train.get("validation_loss"),
        "tune": tune.get("validation_loss"),
    }
    yield _gauges("llmops_training_loss", "Validation loss: before, after training, after tuning.", "of", losses)
    speeds = {
        "examples": train.get("examples_per_second"),
        "answer_tokens": train.get("answer_tokens_per_second"),
    }
    yield _gauges("llmops_training_throughput_per_second", "Speed of the newest training.", "unit", speeds)
    scores = GaugeMetricFamily(
        "llmops_evaluation_score", "Headline metrics of the newest evaluation.", labels=["metric", "model"]
    )
    for metric, row in _facts(trail, "evaluate").get("metrics", {}).items():
        for model in ("candidate", "base", "champion", "baseline"):
            if isinstance(row.get(model), int | float):
                scores.add_metric([metric, model], float(row[model]))
    checks = GaugeMetricFamily(
        "llmops_compliance_checks", "Checks of the newest compliance report, by result.", labels=["status"]
    )
    statuses = [str(finding.get("status")) for finding in _facts(trail, "comply").get("findings", [])]
    for status in sorted(set(statuses)):
        checks.add_metric([status], statuses.count(status))
    gates = CounterMetricFamily("llmops_gate_decisions", "Verdicts of the gate.", labels=["verdict"])
    for verdict, count in trail.gates.items():
        gates.add_metric([verdict], count)
    yield from (scores, checks, gates)


def _reviews(trail: Trail) -> Iterator[Metric]:
    waiting = GaugeMetricFamily(
        "llmops_review_waiting_seconds", "How long an open review has waited.", labels=["run", "role"]
    )
    for (run, role), seconds in trail.waiting(time.time()).items():
        waiting.add_metric([run, role], max(0.0, seconds))
    answers = CounterMetricFamily("llmops_review_answers", "Answers to reviews.", labels=["role", "decision"])
    for (role, decision), count in trail.reviews.items():
        answers.add_metric([role, decision], count)
    took = CounterMetricFamily("llmops_review_answer_seconds", "Time from request to answer.", labels=["role"])
    for role, total in trail.review_seconds.items():
        took.add_metric([role], total)
    yield from (waiting, answers, took)


def _releases(trail: Trail) -> Iterator[Metric]:
    runs = CounterMetricFamily("llmops_runs", "Finished runs by result.", labels=["dag", "result"])
    # Zeros too: without them the first failure of a DAG would be no increase.
    for dag in trail.dags:
        for result in RESULTS:
            runs.add_metric([dag, result], trail.runs[dag, result])
    yield runs
    yield _gauges("llmops_run_seconds", "From start to end of the newest finished run.", "dag", trail.run_seconds)
    yield CounterMetricFamily("llmops_publications", "Released versions.", value=trail.publications)
    yield CounterMetricFamily("llmops_rollbacks", "Rollbacks.", value=trail.rollbacks)
    if trail.version is not None:
        name, at = trail.version
        yield GaugeMetricFamily(
            "llmops_production_version", "n of the version v<n> in production.", value=int(name[1:])
        )
        yield GaugeMetricFamily("llmops_production_since_timestamp_seconds", "Since when it is there.", value=at)
    if trail.fit is not None:
        yield GaugeMetricFamily("llmops_production_fit", "1 when the last daily check passed.", value=int(trail.fit[0]))
        yield GaugeMetricFamily("llmops_production_checked_timestamp_seconds", "When that was.", value=trail.fit[1])
