"""Retraining by hand: another base model, method or tuning budget on data that is already in the lake."""

from __future__ import annotations

from airflow.sdk import Param, dag, task

from pipeline.orchestration import groups, tasks, triggered


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    deadline=groups.deadline(),
    default_args=groups.defaults(),
    tags=["llmops", "manual"],
    params={
        "base_model": Param(
            None,
            type=["null", "string"],
            pattern=r"^(pypi:[\w.-]+==[\w.]+|tiny:(t5|llama)|[\w.-]+/[\w.-]+(@[\w.-]+)?)$",
            title="Base model",
            description=(
                "A repository of the model store, `owner/name`, or `owner/name@revision` where the policy lists that "
                "revision; empty: as configured."
            ),
        ),
        "method": Param(
            None,
            type=["null", "string"],
            enum=[None, "full", "lora", "qlora"],
            title="Method",
            description="How to fine-tune; empty: as configured.",
        ),
        "trials": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=200,
            title="Tuning budget",
            description="The number of Hyperopt trials; empty: as configured.",
        ),
        "data_snapshot": Param(
            "latest",
            type="string",
            pattern=r"^(latest|(s3|file)://[^\s]+/manifest\.json)$",
            title="Data snapshot",
            description="`latest`, or the URI of a repository's manifest.",
        ),
        "reason": Param(
            type="string",
            minLength=10,
            maxLength=500,
            title="Reason",
            description="Why this retraining is needed. Goes into the audit trail and the model card.",
        ),
    },
    doc_md="""
### Retrain with parameters

Starts from a **data snapshot** in the lake and goes the same way as the daily run: the same gate, the same
reviews, the same publication. Whoever triggers it cannot approve it.
""",
)
def llm_retrain() -> None:
    """Take a snapshot of the repository, then everything from there on."""

    @task(doc_md="Find the repository to retrain on.")
    def snapshot() -> str:
        from airflow.sdk import get_current_context

        return tasks.snapshot(triggered.run_id(), get_current_context()["params"]["data_snapshot"])

    begun = groups.start()
    repository = snapshot()
    begun >> repository
    groups.from_repository(begun, repository)


llm_retrain()
