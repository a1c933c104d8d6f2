"""The end of every run: what came of it, in the audit trail, in a mail, and in the run's state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.audit.records import Record
from pipeline.review.signoff import GATE, REFUSED, RUN_FINISHED, RUN_STARTED

REFUSING_TASKS = ("gate", "sign_off")


def result_of(states: Mapping[str, str | None]) -> str:
    """Return published, unchanged, refused or failed, as the states of a run's tasks by their last name have it.

    They may say more than there was: a task can be marked as successful by hand, and a gate can fail undecided.
    """
    failed = _failed(states)
    if failed and all(task.split(".")[-1] in REFUSING_TASKS for task in failed):
        return "refused"
    if failed or any(state == "upstream_failed" for state in states.values()):
        return "failed"
    released = next((state for task, state in states.items() if task.split(".")[-1] == "release"), None)
    return "published" if released == "success" else "unchanged"


def told(states: Mapping[str, str | None], records: Sequence[Record]) -> tuple[str, str]:
    """Return how a run ended and that as sentences, from its tasks' states and its records of the audit trail.

    It was refused only if a refusal is recorded since it was last started, concluded, decided on or published, and has
    published only what is recorded as published. Concluded again behind its conclusion, with the same tasks failed, it
    ended as it was told then: the last task was tried again or cleared.
    """
    from pipeline.publish.erasures import PUBLISHED

    deciding = [r for r in records if r.event in (REFUSED, GATE, RUN_STARTED, RUN_FINISHED, PUBLISHED)]
    result, refusal = result_of(states), _refusal(_before_same_end(deciding, states))
    released = [record for record in records if record.event == PUBLISHED]
    if result == "published" and released:
        return result, "A new version is published and in production."
    if result == "unchanged":
        return result, "Nothing changed: the model that this data makes is already published."
    if result == "refused" and refusal:
        return result, f"Nothing was published. {refusal}"
    if result == "published":
        return "failed", "Nothing was published: its release counts as done in Airflow, but the audit trail knows none."
    cause = refusal or _stopped(states)
    if released:
        version = released[-1].data.get("version")
        return "failed", f"{version} was published by this run, which did not end well: {cause}."
    return "failed", f"Nothing was published: {cause}."


def _before_same_end(records: Sequence[Record], states: Mapping[str, str | None]) -> list[Record]:
    """Return the records without conclusions at their end that tell of the same failed tasks."""
    kept, failed = list(records), _failed(states)
    while kept and kept[-1].event == RUN_FINISHED and kept[-1].data.get("failed") == failed:
        kept.pop()
    return kept


def _refusal(records: Sequence[Record]) -> str | None:
    """Return the reason of the last refusal, unless the run went on behind it."""
    last = records[-1] if records else None
    return str(last.data.get("reason")) if last is not None and last.event == REFUSED else None


def _failed(states: Mapping[str, str | None]) -> list[str]:
    return sorted(task for task, state in states.items() if state == "failed")


def _stopped(states: Mapping[str, str | None]) -> str:
    failed = _failed(states)
    if failed:
        return f"these tasks failed: {', '.join(failed)}"
    return f"these tasks could not begin: {', '.join(sorted(t for t, s in states.items() if s == 'upstream_failed'))}"


def conclude(context: Any) -> dict[str, Any]:
    """Record and announce how the run ended; fail when it was refused or failed, so that the run shows it."""
    from airflow.sdk.exceptions import AirflowFailException

    from pipeline.orchestration import notify, runs
    from pipeline.orchestration.run import Run

    task, airflows = context["ti"], context["run_id"]
    states = task.get_task_states(dag_id=context["dag"].dag_id, run_ids=[airflows])[airflows]
    states = {name: state for name, state in states.items() if name != task.task_id}
    run = Run(runs.of_context(context))
    result, text = told(states, [record for record in run.audit.records() if record.run_id == run.id])
    data = {"result": result, "failed": _failed(states)}
    run.audit.append(RUN_FINISHED, actor="pipeline", run_id=run.id, data=data)
    notify.outcome(context, result, text)
    if result in ("refused", "failed"):
        raise AirflowFailException(text)
    return {"result": result, "text": text}
