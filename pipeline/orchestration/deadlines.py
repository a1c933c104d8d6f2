"""Until when a run has to be over, and who is told when it is not.

A failed task says so itself; a deadline is for what says nothing: a worker that is away, a pool without slots, a run
that waits for another. (`airflow dags test` of Airflow 3.3.2 cannot end a run that has a deadline; a scheduler can.)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

MISSED = "deadline_missed"


def ends_within(hours: float) -> DeadlineAlert:
    """Return a deadline so many hours after a run was queued; the executor runs the notice when it passes."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=hours),
        callback=SyncCallback(missed, kwargs={"hours": hours}),
        name=f"ends within {hours:g} h",
    )


def missed(hours: float, context: Mapping[str, Any]) -> None:
    """Record that a run is late, and tell the operators by mail and (if configured) Slack; called by Airflow.

    Uses the mail server of `[mail]`: outside a task there is no connection to ask for.
    """
    from airflow.configuration import conf

    from pipeline.mail import tell_operators
    from pipeline.orchestration import notify, runs
    from pipeline.orchestration.run import Run

    dag_id, run_id = context["dag_run"]["dag_id"], context["dag_run"]["dag_run_id"]
    url = f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/dags/{dag_id}/runs/{run_id}"
    text = f"{dag_id} should have been over {hours:g} hours after it was queued, and is not. {url}"
    remedy = "Look which task waits, and for what: an unanswered review, a slot of the pool gpu, a worker that is away."
    run = Run(runs.identity(dag_id, run_id))
    tell_operators(run.settings, f"{dag_id} is late", f"{text}\n\n{remedy}\n")
    notify.slack(text)
    run.audit.append(MISSED, actor="scheduler", run_id=run.id, data={"dag": dag_id, "hours": hours})
