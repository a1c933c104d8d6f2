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

OURS = "llm_"
MARK = "Outcome: "
PUBLISHING = ("llm_pipeline", "llm_retrain")
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
    dag_run.note = "\n".join([*kept, f"{MARK}{text_of(dag_run.dag_id, found)}"])


def text_of(dag_id: str, states: Mapping[str, str | None]) -> str:
    """Return in a few words what the states of a run's tasks mean."""
    others = {name: state for name, state in states.items() if name != "finish"}
    failed = sorted(name for name, state in others.items() if state == "failed")
    result = result_of(others) if dag_id in PUBLISHING else ""
    if result in SAID:
        return SAID[result]
    if failed:
        verb = "refused by" if result == "refused" else "failed at"
        return f"{verb} {', '.join(failed)}; the mail and the task's log say why"
    if any(state == "failed" for state in states.values()):
        return "its conclusion failed; see the log of finish"
    return "skipped, there was nothing to do" if "skipped" in states.values() else "done"
