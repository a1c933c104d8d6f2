"""The daily pipeline: from the company's sources to a signed-off, published model."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag

from pipeline.orchestration import groups


@dag(
    # Switched on at noon, the first scheduled run is tonight's, not last night's.
    schedule=CronTriggerTimetable(
        "0 2 * * *", timezone="UTC", interval=timedelta(days=1), run_immediately=timedelta(0)
    ),
    catchup=False,
    max_active_runs=1,
    deadline=groups.deadline(),
    default_args=groups.defaults(),
    tags=["llmops", "daily"],
    doc_md="""
### From sources to a published model

`collect → prepare → develop (features, train, tune) → assess (evaluate, comply, gate) → review → publish`

Every night this run collects what changed, and stops early when the data makes the model that is in production already.
A new candidate waits for the **model** and the **legal** reviewer; only what they approved is published, to the byte.
Re-running any task is safe: a finished stage returns its manifest without working. So is a back-fill: each run records
the day it stands for, collects what the sources have *now* (they keep no earlier states), and stops early when that
makes no other model.
""",
)
def llm_pipeline() -> None:
    """Collect, then everything from the repository on."""
    begun = groups.start()
    groups.from_repository(begun, groups.collect_group(begun))


llm_pipeline()
