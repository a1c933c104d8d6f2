"""The end of every run: what came of it, in the audit trail, in a mail, and in the run's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.review.signoff import REFUSED, RUN_FINISHED

REFUSING_TASKS = ("gate", "sign_off")


def result_of(states: Mapping[str, str | None]) -> str:
    """Return published, unchanged, refused or failed, from the states of a run's tasks by their last name."""
    failed = {task for task, state in states.items() if state == "failed"}
    if failed and all(task.split(".")[-1] in REFUSING_TASKS for task in failed):
        return "refused"
    if failed or any(state == "upstream_failed" for state in states.values()):
        return "failed"
    released = next((state for task, state in states.items() if task.split(".")[-1] == "release"), None)
    return "published" if released == "success" else "unchanged"


def conclude(context: Any) -> dict[str, Any]:
    """Record and announce how the run ended; fail when it was refused or failed, so that the run shows it."""
    from airflow.sdk.exceptions import AirflowFailException

    from pipeline.orchestration import notify, runs
    from pipeline.orchestration.run import Run

    task, airflows = context["ti"], context["run_id"]
    states = task.get_task_states(dag_id=context["dag"].dag_id, run_ids=[airflows])[airflows]
    states = {name: state for name, state in states.items() if name != task.task_id}
    run = Run(runs.of_context(context))
    result = result_of(states)
    failed = sorted(name for name, state in states.items() if state == "failed")
    refusals = run.audit.find(REFUSED, run_id=run.id)
    reason = refusals[-1].data["reason"] if refusals else f"these tasks failed: {', '.join(failed)}"
    text = {
        "published": "A new version is published and in production.",
        "unchanged": "Nothing changed: the model that this data makes is already published.",
        "refused": f"Nothing was published. {reason}",
        "failed": f"Nothing was published: {reason}.",
    }[result]
    run.audit.append(RUN_FINISHED, actor="pipeline", run_id=run.id, data={"result": result, "failed": failed})
    notify.outcome(context, result, text)
    if result in ("refused", "failed"):
        raise AirflowFailException(text)
    return {"result": result, "text": text}
