"""The daily look at the published model: is it still as good and as clean as on the day it was approved?"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, get_current_context, task

from pipeline.orchestration import assets, deadlines, groups, triggered, watch
from pipeline.orchestration import restore as restoring


@dag(
    # Switched on at noon, the first scheduled run is tonight's, not last night's.
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable(
            "0 8 * * *", timezone="UTC", interval=timedelta(days=1), run_immediately=timedelta(0)
        ),
        # New rows start nothing: they come in the middle of a run that needs the same machine for its training.
        assets=assets.PRODUCTION,
    ),
    catchup=False,
    max_active_runs=1,
    deadline=deadlines.ends_within(6),
    # Training goes first where the two wait for the same slot.
    default_args={**groups.defaults(), "weight_rule": "absolute"},
    tags=["llmops", "daily"],
    doc_md="""
### The published model, looked at again

Every morning, and whenever production moved: pulls the production version from the model
store, compares every file with what was approved, evaluates it on the newest held-out rows, runs the compliance checks
against the policy as it is **today**, asks whether data that it learned from was erased, and reports. A model that has
become unfit fails this run, with the reasons in its mail; unless `publish.automatic_rollback` is off, production first
goes back to the newest earlier version that passes the same checks. Before the first release there is nothing to look
at, and the run says so.
""",
)
def llm_performance_and_compliance() -> None:
    """Check integrity, then performance and compliance, then report, and go back when the model is unfit."""

    @task(doc_md="Pull the production version and compare every file with its release record.")
    def integrity() -> dict[str, str]:
        return watch.integrity(triggered.run_id(), by_hand=triggered.by_hand())

    @task(**groups.on_gpu(), doc_md="Evaluate the production version on the newest held-out rows.")
    def performance(published: dict[str, str]) -> str:
        return watch.performance(triggered.run_id(), published)

    @task(**groups.on_gpu(), doc_md="Run the compliance checks against today's policy.")
    def compliance(published: dict[str, str], evaluation: str) -> str:
        return watch.compliance(triggered.run_id(), published, evaluation)

    @task(doc_md="Record in the audit trail whether the production version is still fit, and why not.")
    def verdict(published: dict[str, str], evaluation: str, report: str) -> list[str]:
        return watch.verdict(triggered.run_id(), published, evaluation, report)

    @task(
        **groups.on_gpu(),
        outlets=[assets.changes_of(assets.PRODUCTION)],
        doc_md="Roll back to an earlier fit version when production is unfit.",
    )
    def restore(published: dict[str, str], reasons: list[str]) -> dict[str, str]:
        done = restoring.when_unfit(triggered.run_id(), published, reasons)
        if done["version"]:
            assets.announce(get_current_context(), assets.PRODUCTION, version=done["version"])
        return done

    @task(doc_md="Fail the run when production was unfit, with the reasons and what was done about them.")
    def conclude(published: dict[str, str], reasons: list[str], done: dict[str, str]) -> str:
        return restoring.conclude(triggered.run_id(), published, reasons, done)

    @task(doc_md="Delete what is older than the retention settings allow; never what a released model was made from.")
    def retention() -> dict[str, int]:
        return watch.retention(triggered.run_id())

    published = integrity()
    retention()
    evaluation = performance(published)
    reasons = verdict(published, evaluation, compliance(published, evaluation))
    conclude(published, reasons, restore(published, reasons))


llm_performance_and_compliance()
