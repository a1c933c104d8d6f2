"""Every hour: reviews that still wait, their reviewers reminded, and others told when nobody answers."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, get_current_context, task

from pipeline.orchestration import deadlines, groups, triggered


@dag(
    schedule=CronTriggerTimetable(
        "15 * * * *", timezone="UTC", interval=timedelta(hours=1), run_immediately=timedelta(0)
    ),
    catchup=False,
    max_active_runs=1,
    deadline=deadlines.ends_within(0.5),
    default_args=groups.defaults(),
    tags=["llmops", "hourly"],
    doc_md="""
### Reviews that still wait

Silence is a rejection, and nobody should be silent because a mail was overlooked. Reviewers are reminded every
`review.reminder_hours`; after `review.escalate_hours` the people in `review.escalate_to` are told. What was sent is in
the audit trail, so nothing is sent twice.
""",
)
def llm_review_reminders() -> None:
    """Look at the audit trail and write to who is due."""

    @task(doc_md="Send every reminder and escalation that is due.")
    def remind() -> dict[str, int]:
        from pipeline.orchestration.remind import remind as send

        return send(triggered.run_id(), get_current_context())

    remind()


llm_review_reminders()
