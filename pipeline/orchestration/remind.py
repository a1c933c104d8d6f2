"""Sending what `review.reminders` finds due, and recording it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.orchestration import notify
from pipeline.orchestration.run import Run, for_airflow
from pipeline.review.reminders import REMINDED, Notice, due_notices


@for_airflow
def remind(run_id: str, context: Any, now: datetime | None = None) -> dict[str, int]:
    """Send every reminder and escalation that is due and return how many of each went out.

    A notice is recorded after it was sent: when the mail server is away, the next look tries again.
    """
    run = Run(run_id)
    settings = run.settings
    moment = now or datetime.now(UTC)
    notices = due_notices(
        run.audit.records(),
        moment,
        every=timedelta(hours=settings.review.reminder_hours),
        escalate_after=timedelta(hours=settings.review.escalate_hours),
        addresses=settings.review.addresses,
        operators=settings.mail.operators,
        escalate_to=settings.review.escalate_to,
    )
    sent = {"reminder": 0, "escalation": 0}
    for notice in notices:
        if notify.review_still_waiting(context, notice, hours_since(notice, moment)):
            request = notice.waiting.request
            run.audit.append(
                REMINDED, actor="pipeline", run_id=request.run_id, subject=request.subject, data=notice.record()
            )
            sent[notice.kind] += 1
    return sent


def hours_since(notice: Notice, now: datetime) -> float:
    """Return for how many hours the review has waited."""
    return (now - notice.waiting.request.at).total_seconds() / 3600
