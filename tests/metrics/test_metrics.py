"""The exporter over a real lake and trail; what Prometheus and Grafana are told to use exists."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import generate_latest, start_http_server
from prometheus_client.parser import text_string_to_metric_families

from pipeline.audit import AuditLog
from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.metrics.exporter import LakeCollector, registry
from pipeline.settings import PROJECT_ROOT
from pipeline.stage import Attempt, run_stage

DEPLOY = PROJECT_ROOT / "deploy"
HOUR_COST = 36.0
RUN = "llm_pipeline/run-1"


def stage(lake: Lake, audit: AuditLog, name: str, *, unchanged: bool = False, **facts: object) -> Manifest:
    def work(attempt: Attempt) -> None:
        attempt.counts.rows_in, attempt.counts.rows_out = 10, 7
        attempt.set_aside({"too short": 2, "duplicate": 1})
        attempt.facts.update(facts)
        attempt.lake.write(attempt.uri("rows", "part.json"), b"x" * 50)

    manifest = run_stage(lake, name, work, run_id=RUN, parameters={"facts": facts}, packages=("errors",))
    data = {"stage": name, "manifest": manifest.uri, "unchanged": unchanged}
    audit.append("stage_completed", actor="pipeline", run_id=RUN, data=data)
    return manifest


def a_day(lake: Lake) -> AuditLog:
    audit = AuditLog(lake)
    audit.append("run_started", actor="operator", run_id=RUN, data={"dag": "llm_pipeline"})
    stage(lake, audit, "prepare")
    stage(lake, audit, "train", initial_validation_loss=3.0, validation_loss=2.0, answer_tokens_per_second=120.5)
    metrics = {"token_f1": {"candidate": 0.5, "base": 0.25, "champion": None, "interval": [0.4, 0.6]}}
    stage(lake, audit, "evaluate", metrics=metrics)
    stage(lake, audit, "comply", findings=[{"status": "passed"}, {"status": "passed"}, {"status": "warning"}])
    audit.append("gate_decided", actor="pipeline", run_id=RUN, data={"verdict": "passed"})
    for role in ("model", "legal"):
        audit.append("review_requested", actor="pipeline", run_id=RUN, data={"role": role})
    audit.append("review_answered", actor="m", run_id=RUN, data={"role": "model", "decision": "approve"})
    return audit


def samples(lake: Lake) -> dict[str, float]:
    text = generate_latest(registry(lake, HOUR_COST)).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_a_running_run_is_seen(lake: Lake) -> None:
    a_day(lake)
    found = samples(lake)
    assert found["llmops_up{}"] == 1
    assert found["llmops_rows{flow=in,stage=prepare}"] == 10
    assert found["llmops_rows{flow=set_aside,stage=prepare}"] == 3
    assert found["llmops_rows_set_aside{reason=too short,stage=prepare}"] == 2
    assert found["llmops_stage_completions_total{outcome=worked,stage=train}"] == 1
    assert found["llmops_training_loss{of=train}"] == 2.0
    assert found["llmops_training_throughput_per_second{unit=answer_tokens}"] == 120.5
    assert found["llmops_evaluation_score{metric=token_f1,model=candidate}"] == 0.5
    assert "llmops_evaluation_score{metric=token_f1,model=champion}" not in found
    assert found["llmops_compliance_checks{status=passed}"] == 2
    assert found["llmops_gate_decisions_total{verdict=passed}"] == 1
    assert found["llmops_review_waiting_seconds{role=legal,run=llm_pipeline/run-1}"] >= 0
    assert "llmops_review_waiting_seconds{role=model,run=llm_pipeline/run-1}" not in found
    assert found["llmops_review_answers_total{decision=approve,role=model}"] == 1
    assert found["llmops_lake_bytes{folder=prepare}"] > 50
    assert found["llmops_lake_objects{folder=prepare}"] == 2
    assert found["llmops_runs_total{dag=llm_pipeline,result=failed}"] == 0
    work = found["llmops_stage_work_seconds_total{stage=train}"]
    assert found["llmops_cost_estimate_total{stage=train}"] == pytest.approx(work / 3600 * HOUR_COST)


def test_the_end_of_a_run_and_production_are_seen(lake: Lake) -> None:
    audit = a_day(lake)
    audit.append("published", actor="pipeline", run_id=RUN, data={"version": "v2"})
    audit.append("run_finished", actor="pipeline", run_id=RUN, data={"result": "published"})
    audit.append("production_checked", actor="pipeline", data={"verdict": "refused"})
    audit.append("rolled_back", actor="pipeline", data={"from": "v2", "to": "v1"})
    found = samples(lake)
    assert found["llmops_runs_total{dag=llm_pipeline,result=published}"] == 1
    assert found["llmops_run_seconds{dag=llm_pipeline}"] >= 0
    assert found["llmops_production_version{}"] == 1
    assert found["llmops_production_fit{}"] == 0
    assert found["llmops_rollbacks_total{}"] == 1
    assert not [name for name in found if name.startswith("llmops_review_waiting")]


def test_a_cleared_run_ends_once_more(lake: Lake) -> None:
    audit = a_day(lake)
    audit.append("run_started", actor="operator", run_id="llm_rollback/r", data={"dag": "llm_rollback"})
    for result in ("failed", "published"):
        audit.append("run_finished", actor="pipeline", run_id=RUN, data={"result": result})
    found = samples(lake)
    runs = {name: count for name, count in found.items() if name.startswith("llmops_runs_total") and count}
    assert runs == {f"llmops_runs_total{{dag=llm_pipeline,result={result}}}": 1 for result in ("failed", "published")}
    assert [name for name in found if name.startswith("llmops_run_seconds")] == ["llmops_run_seconds{dag=llm_pipeline}"]
    assert not [name for name in found if "llm_rollback" in name], "it records no end, so no zero says that none failed"


def waits(lake: Lake) -> list[str]:
    return [name.split("{")[1] for name in samples(lake) if name.startswith("llmops_review_waiting")]


def test_a_review_waits_until_its_own_answer_or_the_end_of_its_time(lake: Lake) -> None:
    audit = AuditLog(lake)

    def ask(run: str, task: str, hours: float) -> None:
        due = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
        data = {"role": "model", "task": task, "due": due}
        audit.append("review_requested", actor="pipeline", run_id=run, data=data)

    def answer(run: str, task: str) -> None:
        data = {"role": "model", "task": task, "decision": "approve"}
        audit.append("review_answered", actor="m", run_id=run, data=data)

    for task in ("review.model_review_1", "review.model_review_2"):
        ask(RUN, task, 72)
    ask("llm_pipeline/marked", "review.model_review", -1)  # its run was marked as failed, and never concluded
    assert waits(lake) == ["role=model,run=llm_pipeline/run-1}"]
    answer(RUN, "review.model_review_1")
    assert waits(lake) == ["role=model,run=llm_pipeline/run-1}"], "two people have to answer"
    answer(RUN, "review.model_review_2")
    assert waits(lake) == []


def test_a_retraining_from_an_older_snapshot_is_no_collection(lake: Lake) -> None:
    audit = AuditLog(lake)
    older, latest = stage(lake, audit, "repository", of="yesterday"), stage(lake, audit, "repository", of="today")
    before = samples(lake)
    data = {"stage": "repository", "manifest": older.uri, "unchanged": False}
    audit.append("stage_completed", actor="pipeline", run_id="llm_retrain/1", data=data)
    found = samples(lake)
    for name in ("stage_last_completed_timestamp_seconds", "stage_seconds", "stage_work_seconds_total"):
        assert found[f"llmops_{name}{{stage=repository}}"] == before[f"llmops_{name}{{stage=repository}}"]
    assert found["llmops_stage_completions_total{outcome=unchanged,stage=repository}"] == 1
    assert latest.seconds == found["llmops_stage_seconds{stage=repository}"]


def test_an_empty_lake_and_a_forgotten_manifest_are_no_error(lake: Lake) -> None:
    assert samples(lake)["llmops_audit_records{}"] == 0
    AuditLog(lake).append("stage_completed", actor="p", data={"stage": "prepare", "manifest": lake.uri("gone.json")})
    assert samples(lake)["llmops_stage_completions_total{outcome=worked,stage=prepare}"] == 1


def test_a_lake_that_goes_away_is_said_and_the_last_figures_stay(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = a_day(lake)
    collector = LakeCollector(lake, HOUR_COST, refresh=0)
    list(collector.collect())
    number = audit.head().number

    def away(uri: str) -> None:
        raise LakeError("The object store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(lake, "read_tagged", away)
        found = {family.name: family.samples[0].value for family in collector.collect() if family.samples}
        assert found["llmops_up"] == 0
        assert found["llmops_audit_records"] == number
    audit.append("published", actor="p", data={"version": "v1"})
    found = {family.name: family.samples[0].value for family in collector.collect() if family.samples}
    assert (found["llmops_up"], found["llmops_production_version"]) == (1, 1)


def test_it_is_served(lake: Lake) -> None:
    a_day(lake)
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry(lake, HOUR_COST))
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/metrics"
        assert b"llmops_up 1.0" in urllib.request.urlopen(url).read()
    finally:
        server.shutdown()
        thread.join()


def names_used(text: str) -> set[str]:
    return set(re.findall(r"\bllmops_[a-z_]+", text))


def offered(lake: Lake) -> set[str]:
    audit = a_day(lake)
    audit.append("published", actor="pipeline", run_id=RUN, data={"version": "v2"})
    audit.append("run_finished", actor="pipeline", run_id=RUN, data={"result": "published"})
    audit.append("production_checked", actor="pipeline", data={"verdict": "passed"})
    return {name.split("{")[0] for name in samples(lake)} | {"llmops_review_waiting_seconds"}


@pytest.mark.parametrize("file", ["prometheus/alerts.yaml", "grafana/dashboards/llmops.json"])
def test_alerts_and_dashboard_use_only_what_is_offered(lake: Lake, file: str) -> None:
    assert names_used((DEPLOY / file).read_text()) - offered(lake) == set()


def test_the_dashboard_is_the_one_that_its_source_makes() -> None:
    path = DEPLOY / "grafana" / "make_dashboard.py"
    spec = importlib.util.spec_from_file_location("make_dashboard", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.FILE.read_text() == module.text()
    assert json.loads(module.text())["uid"] == "llmops"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian package prometheus)")
@pytest.mark.parametrize(
    "arguments",
    [("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yaml"), ("test", "rules", "alerts.test.yaml")],
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian package prometheus)")
def test_promtool_finds_nothing_odd_in_the_metrics(lake: Lake) -> None:
    a_day(lake)
    text = generate_latest(registry(lake, HOUR_COST))
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_writes_them(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.metrics.command import metrics

    a_day(lake)
    monkeypatch.setenv("LLMOPS_LAKE__URI", lake.root.removeprefix("file://"))
    metrics(port=0, host="127.0.0.1")
    assert "llmops_up 1.0" in capsys.readouterr().out
