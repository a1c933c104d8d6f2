"""A listener of Airflow's: how a run ended, as the run's note, so that the list of runs can be read like a diary.

It is called in the scheduler, so it asks only Airflow's own database, in the session that is open anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.listeners import hookimpl
from airflow.utils.session import create_session
from sqlalchemy.orm import Session, object_session

from pipeline.orchestration.outcome import result_of
from pipeline.orchestration.runs import CONCLUDED

OURS = "llm_"
MARK = "Outcome: "
LIMIT = 1000
"""Characters that a run's note may have."""
NAMED = 5
SAID = {
    "published": "published, a new version is in production",
    "unchanged": "nothing changed, the model that this data makes is already published",
}


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """Note how a run ended well."""
    annotate(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """Note why a run failed."""
    annotate(dag_run)


def annotate(dag_run: Any) -> None:
    """Write the outcome into the note of one of this pipeline's runs; what people wrote there stays."""
    if not dag_run.dag_id.startswith(OURS):
        return
    session = object_session(dag_run)
    if session is not None:
        _write(dag_run, session)
        return
    # `airflow dags test` hands over a run that belongs to no session.
    with create_session() as own:
        _write(own.get_one(type(dag_run), dag_run.id), own)


def _write(dag_run: Any, session: Session) -> None:
    found = {task.task_id: task.state for task in dag_run.get_task_instances(session=session)}
    kept = [line for line in (dag_run.note or "").splitlines() if not line.startswith(MARK)]
    dag_run.note = joined("\n".join(kept), f"{MARK}{text_of(dag_run.dag_id, found)}")


def joined(kept: str, outcome: str) -> str:
    """Return what people wrote with the outcome below it, cut to what Airflow's database takes.

    A longer text would be an error of the database, and that in the scheduler.
    """
    outcome = _cut(outcome, LIMIT)
    kept = _cut(kept, LIMIT - len(outcome) - 1)
    return f"{kept}\n{outcome}" if kept else outcome


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…" if limit > 0 else ""


def text_of(dag_id: str, states: Mapping[str, str | None]) -> str:
    """Return in a few words what the states of a run's tasks mean."""
    others = {name: state for name, state in states.items() if name != "finish"}
    failed = sorted(name for name, state in others.items() if state == "failed")
    result = result_of(others) if dag_id in CONCLUDED else ""
    if failed:
        # Whether a gate refused or could not decide is in the audit trail, which nobody asks here.
        verb = "stopped by" if result == "refused" else "failed at"
        more = f" and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
        return f"{verb} {', '.join(failed[:NAMED])}{more}; the mail and the task's log say why"
    if any(state == "failed" for state in states.values()):
        return "its conclusion failed; see the log of finish"
    if result in SAID:
        return SAID[result]
    return "skipped, there was nothing to do" if "skipped" in states.values() else "done"
