"""Every DAG can be read, quickly, and says who owns it and what each task does."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.records import UNKNOWN_LICENCE
from pipeline.settings import PROJECT_ROOT, current, load

DAGS = PROJECT_ROOT / "dags"
EXPECTED = {
    "llm_pipeline",
    "llm_retrain",
    "llm_performance_and_compliance",
    "llm_review_reminders",
    "llm_rollback",
}
HEAVY = {
    "torch",
    "transformers",
    "pyspark",
    "feast",
    "boto3",
    "pandas",
    "pyarrow",
    "hyperopt",
    "sklearn",
    "huggingface_hub",
}
REMOVED_IDIOMS = (
    "schedule_interval",
    "provide_context",
    "days_ago",
    "DummyOperator",
    "PythonOperator",
    "email_on_failure",
)


@pytest.fixture(scope="module")
def dags(airflow_database: None):
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    return bag.dags


def dags_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, Any]:
    """Return the DAGs as they are read under other settings."""
    from airflow.dag_processing.dagbag import DagBag

    for name, value in environment.items():
        monkeypatch.setenv(f"LLMOPS_{name}", value)
    current.cache_clear()
    try:
        return DagBag(str(DAGS)).dags
    finally:
        current.cache_clear()


def test_the_dags_are_there(dags) -> None:
    assert set(dags) == EXPECTED


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_owner_tags_docs_retries_and_notices(dags, name: str) -> None:
    dag = dags[name]
    assert dag.tags
    assert dag.doc_md
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    for task in dag.tasks:
        assert task.owner == "ml-platform", task.task_id
        assert task.doc_md or task.__doc__, task.task_id
        assert task.retries >= 1, task.task_id
        assert task.on_failure_callback, task.task_id
        assert task.on_retry_callback, task.task_id


def test_training_and_generation_use_the_gpu_pool(dags) -> None:
    tasks = {task.task_id: task.pool for task in dags["llm_pipeline"].tasks}
    assert {name for name, pool in tasks.items() if pool == "gpu"} == {
        "develop.train",
        "develop.tune",
        "assess.evaluate",
        "assess.comply",
        "publish.release",
    }


def test_a_task_is_ended_after_the_hours_that_the_settings_give_it(
    airflow_database: None, dags, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hours(found) -> dict[str, set[float]]:
        made: dict[str, set[float]] = {"gpu": set(), "default_pool": set()}
        for task in (task for name in EXPECTED for task in found[name].tasks):
            made[task.pool].add(task.execution_timeout.total_seconds() / 3600)
        return made

    assert hours(dags) == {"default_pool": {2.0}, "gpu": {24.0}}
    assert hours(dags_with(monkeypatch, AIRFLOW__TASK_HOURS="0.5", AIRFLOW__GPU_TASK_HOURS="72")) == {
        "default_pool": {0.5},
        "gpu": {72.0},
    }


def test_pre_training_is_a_task_when_the_settings_ask_for_it(
    airflow_database: None, dags, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not dags["llm_pipeline"].has_task("develop.pretrain")
    found = dags_with(monkeypatch, PRETRAIN__ENABLED="true")
    for name in ("llm_pipeline", "llm_retrain"):
        task = found[name].get_task("develop.pretrain")
        assert task.pool == "gpu"
        assert task.upstream_task_ids == {"develop.base_model", "prepare"}
        assert task.downstream_task_ids == {"develop.train", "develop.tune"}
        # What the candidate is compared with and checked against is the model that everybody knows.
        assert "develop.base_model" in found[name].get_task("assess.evaluate").upstream_task_ids


def test_nothing_is_published_without_gate_reviews_and_sign_off(dags) -> None:
    for name in ("llm_pipeline", "llm_retrain"):
        dag = dags[name]
        release = dag.get_task("publish.release")
        assert release.trigger_rule == "all_success"
        assert "review.sign_off" in release.upstream_task_ids
        sign_off = dag.get_task("review.sign_off")
        assert {"review.model_review", "review.legal_review"} <= set(sign_off.upstream_task_ids)
        for role in ("model", "legal"):
            assert "assess.gate" in dag.get_task(f"review.{role}_review").upstream_task_ids


def test_the_runs_state_follows_its_last_task(dags) -> None:
    for name in ("llm_pipeline", "llm_retrain"):
        leaves = [task.task_id for task in dags[name].tasks if not task.downstream_task_ids]
        assert leaves == ["finish"]


@pytest.mark.parametrize(
    ("conf", "field"),
    [
        ({"reason": "short"}, "reason"),
        ({}, "reason"),
        ({"reason": "a longer reason", "trials": 0}, "trials"),
        ({"reason": "a longer reason", "method": "magic"}, "method"),
        ({"reason": "a longer reason", "base_model": "../../etc/passwd"}, "base_model"),
        ({"reason": "a longer reason", "data_snapshot": "s3://lake/anything.parquet"}, "data_snapshot"),
    ],
)
def test_retraining_refuses_bad_parameters(dags, conf: dict, field: str) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    params = deepcopy(dags["llm_retrain"].params)

    def trigger() -> None:
        params.update(conf)
        params.validate()

    with pytest.raises(ParamValidationError, match=field):
        trigger()


@pytest.mark.parametrize(("given", "revision"), [("acme/Base@v1.2", "v1.2"), ("acme/Base", None)])
def test_a_retrainings_base_model_may_name_a_revision_and_has_the_policys_licence(
    airflow_database: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, revision: str | None
) -> None:
    from pipeline.orchestration import triggered

    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nlicences:\n  base_models:\n    acme/Base: MIT\n    acme/Base@v1.2: MIT\n")
    monkeypatch.setenv("LLMOPS_MODEL__REVISION", "of-another-model")
    monkeypatch.setattr(triggered, "current", lambda: load(policy_file=policy))
    monkeypatch.setattr(triggered, "get_current_context", lambda: {"params": {"base_model": given}})
    wanted = triggered.overrides()
    assert wanted == {"model": {"base": "acme/Base", "revision": revision, "licence": "MIT"}}
    made = load(**wanted).model
    assert (made.base, made.revision, made.licence) == ("acme/Base", revision, "MIT")


def test_a_revision_that_the_policy_does_not_list_has_no_licence(
    airflow_database: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pipeline.orchestration import triggered

    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nlicences:\n  base_models:\n    acme/Base: MIT\n    acme/Base@v1.2: MIT\n")
    monkeypatch.setattr(triggered, "current", lambda: load(policy_file=policy))
    proposed = {"params": {"base_model": f"acme/Base@{'a' * 40}"}}
    monkeypatch.setattr(triggered, "get_current_context", lambda: proposed)
    assert triggered.overrides()["model"]["licence"] == UNKNOWN_LICENCE


@pytest.mark.parametrize(("given", "said"), [("A better template", "A better template"), (None, "manual")])
def test_why_a_run_was_started_is_said_in_words(
    airflow_database: None, monkeypatch: pytest.MonkeyPatch, given: str | None, said: str
) -> None:
    from airflow.sdk.api.datamodels._generated import DagRunType  # the one that tasks are given

    from pipeline.orchestration import triggered

    context = {"params": {"reason": given}, "dag_run": SimpleNamespace(run_type=DagRunType.MANUAL)}
    monkeypatch.setattr(triggered, "get_current_context", lambda: context)
    assert triggered.reason() == said


def test_reading_the_dags_imports_nothing_heavy() -> None:
    code = (
        "import sys, runpy, os\n"
        f"for name in {sorted(EXPECTED)!r}: runpy.run_path(os.path.join({str(DAGS)!r}, name + '.py'))\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_no_removed_airflow_idiom_is_used() -> None:
    for path in [*DAGS.glob("*.py"), *Path(PROJECT_ROOT / "pipeline" / "orchestration").glob("*.py")]:
        text = path.read_text()
        for idiom in REMOVED_IDIOMS:
            assert idiom not in text, f"{path.name} uses {idiom}"


@pytest.mark.parametrize("name", ["llm_pipeline", "llm_retrain"])
def test_the_end_of_a_run_is_told_also_when_nothing_changed(dags, name: str) -> None:
    """A short circuit skips its direct downstream whatever the trigger rule; the conclusion must not be there."""
    dag = dags[name]
    assert "finish" not in dag.get_task("is_new").downstream_task_ids
    assert dag.get_task("finish").trigger_rule == "all_done"
    assert "publish.release" in dag.get_task("finish").upstream_task_ids
