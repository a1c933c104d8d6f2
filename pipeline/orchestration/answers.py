"""Recording what came of a review's form: an answer, silence, or an answer that cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.orchestration.run import inside_task
from pipeline.review import blind, form, signoff
from pipeline.review.judgement import late


def take(
    *,
    role: str,
    task: str,
    run_id: str,
    request: int,
    reviewer: str,
    options: Sequence[str],
    given: Mapping[str, Any],
    answered_at: datetime | None = None,
) -> form.Answer | None:
    """Check an answer against the form that was shown, record it and return it.

    `answered_at` is when it was given, else now. After the time for it, silence is recorded, and None returned. Raises
    form.ImproperAnswer when it cannot be taken, or an approval by this person would not count; Refused when the
    review was opened anew since.
    """
    audit = inside_task(run_id).audit
    shown = signoff.opened_review(audit, run_id=run_id, role=role, request=request, task=task)
    if late(shown, answered_at or datetime.now(UTC)):
        record_silence(role=role, task=task, run_id=run_id, request=request)
        return None
    items = shown.data.get("items") or []
    answer = form.read(role, options, given, len(items))
    if answer.decision == "approve":
        problem = signoff.why_not(audit, run_id=run_id, role=role, task=task, reviewer=reviewer)
        if problem:
            raise form.ImproperAnswer(problem)
    signoff.record_answer(
        audit,
        run_id=run_id,
        role=role,
        task=task,
        request=request,
        reviewer=reviewer,
        decision=answer.decision,
        comment=answer.comment,
        answers=answer.fields,
        ratings=blind.by_item(items, answer.ratings),
        answered_at=answered_at,
    )
    return answer


def record_silence(*, role: str, task: str, run_id: str, request: int) -> None:
    """Record that nobody answered in time; raises Refused when the review was opened anew since."""
    signoff.record_answer(
        inside_task(run_id).audit,
        run_id=run_id,
        role=role,
        task=task,
        request=request,
        reviewer="nobody",
        decision="silent",
        comment="",
        answers={},
    )


def record_improper(*, role: str, task: str, run_id: str, reviewer: str, problem: str) -> None:
    """Record an answer that could not be taken, so that the next form can say why."""
    data = {"role": role, "task": task, "problem": problem}
    inside_task(run_id).audit.append(signoff.INVALID, actor=reviewer, run_id=run_id, data=data)
