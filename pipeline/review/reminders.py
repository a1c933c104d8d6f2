"""Which waiting reviews are due for a reminder or for escalation, judged from the audit trail alone.

The trail knows what was asked for and what was answered, and every notice that was sent is recorded there too. So a
notice is sent once, however often the question is put, and a restart forgets nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pipeline.audit.records import Record
from pipeline.review.signoff import ANSWERED, REQUESTED, RUN_FINISHED

REMINDED = "review_reminded"
Kind = Literal["reminder", "escalation"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A review that nobody has answered yet, and the notices about it so far."""

    request: Record
    reminders: Sequence[Record]
    escalations: Sequence[Record]

    @property
    def assigned(self) -> list[str]:
        """Return who was asked."""
        return [str(name) for name in self.request.data.get("assigned") or []]

    @property
    def due(self) -> datetime | None:
        """Return when silence becomes a rejection."""
        stated = self.request.data.get("due")
        return datetime.fromisoformat(stated) if isinstance(stated, str) else None


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that should go out now."""

    kind: Kind
    waiting: Waiting
    recipients: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Return what the trail keeps once it was sent: how many were written to, not their addresses."""
        data = self.waiting.request.data
        return {
            "kind": self.kind,
            "request": self.waiting.request.number,
            "role": data.get("role"),
            "assigned": self.waiting.assigned,
            "recipients": len(self.recipients),
        }


def ends_the_run(record: Record) -> bool:
    """Tell whether somebody rejected a run, or was silent about it: it comes to nothing whatever else is answered."""
    return record.event == ANSWERED and record.data.get("decision") in ("reject", "silent")


def waiting_reviews(records: Iterable[Record], now: datetime) -> list[Waiting]:
    """Return the reviews that wait for an answer: the latest request of each task whose run goes on."""
    latest: dict[tuple[str | None, Any], Record] = {}
    answered: set[Any] = set()
    dead: set[str | None] = set()
    finished: dict[str | None, int] = {}
    notices: dict[Any, list[Record]] = {}
    for record in records:
        if record.event == REQUESTED:
            latest[record.run_id, record.data.get("task")] = record
        elif record.event == ANSWERED:
            answered.add(record.data.get("request"))
            if ends_the_run(record):
                dead.add(record.run_id)
        elif record.event == RUN_FINISHED:
            finished[record.run_id] = record.number
        elif record.event == REMINDED:
            notices.setdefault(record.data.get("request"), []).append(record)
    found = []
    for request in latest.values():
        # A run whose failed task was cleared goes on behind its end, and may ask anew.
        if request.number in answered or request.run_id in dead or request.number < finished.get(request.run_id, 0):
            continue
        sent = notices.get(request.number, [])
        kinds = [[one for one in sent if one.data.get("kind") == kind] for kind in ("reminder", "escalation")]
        review = Waiting(request, *kinds)
        if review.due is None or now < review.due:
            found.append(review)
    return found


def due_notices(
    records: Iterable[Record],
    now: datetime,
    *,
    every: timedelta,
    escalate_after: timedelta,
    addresses: Mapping[str, str],
    operators: Sequence[str],
    escalate_to: Sequence[str],
) -> list[Notice]:
    """Return the notices to send now.

    Reviewers are reminded each time `every` has passed since they were last written to; after `escalate_after` without
    an answer, `escalate_to` is told once. A reviewer without an address is reminded through the operators.
    """
    found = []
    for review in waiting_reviews(records, now):
        last = review.reminders[-1].at if review.reminders else review.request.at
        if now - last >= every:
            found.append(Notice("reminder", review, recipients(review.assigned, addresses, operators)))
        if escalate_to and not review.escalations and now - review.request.at >= escalate_after:
            found.append(Notice("escalation", review, tuple(escalate_to)))
    return found


def recipients(assigned: Sequence[str], addresses: Mapping[str, str], operators: Sequence[str]) -> tuple[str, ...]:
    """Return the reviewers' addresses, and the operators' too when one of them has none."""
    known = [addresses[name] for name in assigned if name in addresses]
    missing = len(known) < len(assigned) or not known
    return tuple(dict.fromkeys([*known, *(operators if missing else [])]))
