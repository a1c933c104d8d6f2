"""Reviews in the audit trail: opened, answered, and what an approval is.

Nothing in Airflow's database counts. A review is opened and answered by records of the audit trail, which only the
pipeline's own tasks can write and sign. So marking a review task as successful, editing an XCom, replaying an old
approval or using one for another model all end in the same place: no record matches, and nothing is published.
`judgement` holds the rules that publication rests on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from pipeline.audit import AuditLog
from pipeline.audit.records import Record
from pipeline.errors import Refused

RUN_STARTED = "run_started"
RUN_FINISHED = "run_finished"
REQUESTED = "review_requested"
ANSWERED = "review_answered"
INVALID = "review_answer_invalid"
GATE = "gate_decided"
SIGNED_OFF = "signed_off"
REFUSED = "refused"

UNKNOWN = "unknown"
"""Who started a run, when Airflow does not say: nobody can show that they did not."""

Decision = Literal["approve", "reject", "silent"]


class Subject(BaseModel):
    """What is reviewed: the digest of the model's files and of the two reports that the decision rests on."""

    model_config = {"frozen": True}

    model: str
    evaluation: str
    compliance: str


@dataclass(frozen=True, slots=True)
class Rule:
    """How many of whom must approve for a role."""

    role: str
    reviewers: frozenset[str]
    approvals: int = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What must be the same from the gate's decision to the publication: the policy, and where the model goes."""

    policy: str
    destination: str

    def plain(self) -> dict[str, str]:
        """Return the terms as they stand in the trail."""
        return {"policy": self.policy, "destination": self.destination}


@dataclass(frozen=True, slots=True)
class Approval:
    """A valid approval, as it goes into the model card."""

    role: str
    reviewer: str
    at: datetime
    comment: str
    record: int


def record_gate(
    audit: AuditLog, *, run_id: str, subject: Subject, verdict: str, terms: Terms, reasons: Sequence[str] = ()
) -> Record:
    """Record what the gate decided about a subject, and under which terms."""
    data = {"verdict": verdict, **subject.model_dump(exclude={"model"}), **terms.plain(), "reasons": list(reasons)}
    return audit.append(GATE, actor="pipeline", run_id=run_id, subject=subject.model, data=data)


def open_review(
    audit: AuditLog,
    *,
    run_id: str,
    role: str,
    subject: Subject,
    assigned: Sequence[str],
    task: str | None = None,
    due: datetime | None = None,
    link: str = "",
    items: Sequence[str] = (),
) -> Record:
    """Record that a review of this subject was asked for, before anyone sees it.

    `task` tells the reviews of a role apart when several people must approve; `due` is when silence becomes a
    rejection and `link` where to answer, for reminders. `items` are the blind answers that the form shows, in order.
    """
    data = {
        "role": role,
        "task": task or role,
        "assigned": sorted(assigned),
        "due": due.isoformat() if due else None,
        "link": link,
        **({"items": list(items)} if items else {}),
        **subject.model_dump(),
    }
    return audit.append(REQUESTED, actor="pipeline", run_id=run_id, subject=subject.model, data=data)


def opened_review(audit: AuditLog, *, run_id: str, role: str, request: int, task: str | None = None) -> Record:
    """Return the request that a form showed, by the number of its record.

    Raises Refused when a run has no request for this role and task, or a newer one than that: who answers has not seen
    what is asked now.
    """
    wanted = (role, task or role)
    found = [r for r in audit.find(REQUESTED, run_id=run_id) if (r.data.get("role"), r.data.get("task")) == wanted]
    if not found:
        raise Refused(
            f"No {role} review of this run was ever opened", where=run_id, remedy="Run the review task, do not mark it"
        )
    if found[-1].number != request:
        raise Refused(
            f"This {role} review was opened anew since, and the answer is about what its form showed before",
            where=run_id,
            remedy="Answer the form that waits now",
        )
    return found[-1]


def record_answer(
    audit: AuditLog,
    *,
    run_id: str,
    role: str,
    request: int,
    reviewer: str,
    decision: Decision,
    comment: str,
    answers: Mapping[str, Any],
    ratings: Mapping[str, Mapping[str, int]] | None = None,
    task: str | None = None,
    answered_at: datetime | None = None,
) -> Record:
    """Record a reviewer's answer (or silence), bound to what the form showed whose request has this number.

    `ratings` are those of blind answers, by item id; `answered_at` is when Airflow took the answer.
    Raises Refused when another request was recorded since.
    """
    shown = opened_review(audit, run_id=run_id, role=role, request=request, task=task)
    bound = {key: shown.data[key] for key in ("model", "evaluation", "compliance")}
    data = {
        "role": role,
        "task": task or role,
        "decision": decision,
        "comment": comment,
        "answers": dict(answers),
        "request": shown.number,
        **({"ratings": {item: dict(scales) for item, scales in ratings.items()}} if ratings else {}),
        **({"answered_at": answered_at.isoformat()} if answered_at else {}),
        **bound,
    }
    return audit.append(ANSWERED, actor=reviewer, run_id=run_id, subject=shown.subject, data=data)


def why_not(audit: AuditLog, *, run_id: str, role: str, reviewer: str, task: str | None = None) -> str | None:
    """Return why this person's approval would not count, so that somebody else can be asked; None when it would."""
    who = reviewer.casefold()
    if who in {name.casefold() for name in starters(audit.find(RUN_STARTED, run_id=run_id))}:
        return f"{reviewer} started this run and cannot approve it; another reviewer must answer"
    for record in audit.find(ANSWERED, run_id=run_id):
        if record.data.get("decision") != "approve" or record.actor.casefold() != who:
            continue
        if record.data.get("role") != role:
            return f"{reviewer} approved in the {record.data.get('role')} review; another person must answer here"
        if record.data.get("task") != (task or role):
            return f"{reviewer} approved already; another reviewer must answer here"
    return None


def starters(records: Sequence[Record]) -> set[str]:
    """Return everyone who is recorded as having started a run; empty when nobody is, or somebody unknown."""
    found = {record.actor for record in records}
    return set() if UNKNOWN in found else found
