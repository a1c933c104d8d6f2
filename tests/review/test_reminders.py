"""Reminders and escalation, from a real trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from review.court import Court

from pipeline.review.reminders import REMINDED, Notice, due_notices, waiting_reviews
from pipeline.review.signoff import RUN_FINISHED, open_review

EVERY, LATE = timedelta(hours=24), timedelta(hours=48)
ADDRESSES = {"ada": "ada@example.com", "bob": "bob@example.com"}


def asked(court: Court, role: str = "model", assigned: tuple[str, ...] = ("ada", "bob"), hours: float = 72) -> None:
    due = datetime.now(UTC) + timedelta(hours=hours)
    open_review(
        court.audit,
        run_id=court.run,
        role=role,
        subject=court.evidence.subject,
        assigned=assigned,
        task=f"review.{role}_review",
        due=due,
        link="http://airflow/review",
    )


def notices(court: Court, hours: float) -> list[Notice]:
    """Return what is due so many hours from now, and record it, as the DAG does after sending."""
    now = datetime.now(UTC) + timedelta(hours=hours)
    found = due_notices(
        court.audit.records(),
        now,
        every=EVERY,
        escalate_after=LATE,
        addresses=ADDRESSES,
        operators=["operators@example.com"],
        escalate_to=["lead@example.com"],
    )
    for notice in found:
        record = court.audit.append(REMINDED, actor="pipeline", run_id=court.run, data=notice.record())
        assert "@" not in str(record.data)
    return found


def test_nobody_is_reminded_too_early_or_twice(court: Court) -> None:
    court.prepared()
    asked(court)
    assert notices(court, 23) == []
    (notice,) = notices(court, 25)
    assert (notice.kind, notice.recipients) == ("reminder", ("ada@example.com", "bob@example.com"))
    assert notices(court, 23) == []  # the trail's clock says that it was just sent


def test_escalation_comes_once(court: Court) -> None:
    court.prepared()
    asked(court)
    assert [(n.kind, n.recipients) for n in notices(court, 49)][1] == ("escalation", ("lead@example.com",))
    assert [n.kind for n in notices(court, 60)] == ["reminder"]


def test_reviewer_without_an_address_is_reminded_through_the_operators(court: Court) -> None:
    court.prepared()
    asked(court, "legal", ("lex", "ada"))
    (notice,) = notices(court, 25)
    assert notice.recipients == ("ada@example.com", "operators@example.com")


def test_no_reminder_after_an_answer_an_end_or_the_time_out(court: Court) -> None:
    court.prepared()
    asked(court)
    assert len(waiting_reviews(court.audit.records(), datetime.now(UTC))) == 1
    assert notices(court, 73) == []
    court.answer("model", "ada", task="review.model_review")
    assert notices(court, 25) == []
    asked(court)
    court.audit.append(RUN_FINISHED, actor="pipeline", run_id=court.run)
    assert notices(court, 25) == []


def test_a_review_that_a_cleared_run_asks_for_is_reminded(court: Court) -> None:
    """The run failed and was concluded; its failed task was mended and cleared."""
    court.prepared()
    court.audit.append(RUN_FINISHED, actor="pipeline", run_id=court.run, data={"result": "failed"})
    asked(court)
    assert [notice.kind for notice in notices(court, 49)] == ["reminder", "escalation"]


@pytest.mark.parametrize("said", ["reject", "silent"])
def test_nobody_is_reminded_of_a_candidate_that_was_rejected(court: Court, said: str) -> None:
    court.prepared()
    asked(court)
    asked(court, "legal", ("lex",))
    court.answer("model", "ada", said, task="review.model_review")
    assert notices(court, 49) == []


def test_each_waiting_task_counts_and_only_its_latest_request(court: Court) -> None:
    court.prepared()
    for role in ("model", "legal", "model"):
        asked(court, role)
    assert len(waiting_reviews(court.audit.records(), datetime.now(UTC))) == 2
