"""Who approved exactly these bytes: the one rule that publication rests on.

Nothing in Airflow's database counts. A review is opened and answered by records of the audit trail, which only the
pipeline's own tasks can write and sign. So marking a review task as successful, editing an XCom, replaying an old
approval or using one for another model all end in the same place: no record matches, and nothing is published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel

from pipeline.audit import AuditLog, Record
from pipeline.errors import Refused

RUN_STARTED = "run_started"
REQUESTED = "review_requested"
ANSWERED = "review_answered"
INVALID = "review_answer_invalid"
GATE = "gate_decided"
SIGNED_OFF = "signed_off"
REFUSED = "refused"

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
class Approval:
    """A valid approval, as it goes into the model card."""

    role: str
    reviewer: str
    at: datetime
    comment: str
    record: int


def open_review(
    audit: AuditLog, *, run_id: str, role: str, subject: Subject, assigned: Sequence[str], actor: str = "pipeline"
) -> Record:
    """Record that a review of this subject was asked for, before anyone sees it."""
    data = {"role": role, "assigned": sorted(assigned), **subject.model_dump()}
    return audit.append(REQUESTED, actor=actor, run_id=run_id, subject=subject.model, data=data)


def opened_review(audit: AuditLog, *, run_id: str, role: str) -> Record:
    """Return the latest request of a run for a role: what its reviewer saw, whatever was changed since.

    Raises Refused when none was recorded.
    """
    found = [record for record in audit.find(REQUESTED, run_id=run_id) if record.data.get("role") == role]
    if not found:
        raise Refused(
            f"No {role} review of this run was ever opened", where=run_id, remedy="Run the review task, do not mark it"
        )
    return found[-1]


def record_answer(
    audit: AuditLog,
    *,
    run_id: str,
    role: str,
    reviewer: str,
    decision: Decision,
    comment: str,
    answers: Mapping[str, Any],
) -> Record:
    """Record a reviewer's answer (or silence), bound to what the latest request showed."""
    request = opened_review(audit, run_id=run_id, role=role)
    bound = {key: request.data[key] for key in ("model", "evaluation", "compliance")}
    data = {
        "role": role,
        "decision": decision,
        "comment": comment,
        "answers": dict(answers),
        "request": request.number,
        **bound,
    }
    return audit.append(ANSWERED, actor=reviewer, run_id=run_id, subject=request.subject, data=data)


def require_sign_off(
    audit: AuditLog,
    *,
    run_id: str,
    subject: Subject,
    rules: Sequence[Rule],
    max_age: timedelta,
    now: datetime | None = None,
) -> list[Approval]:
    """Return the approvals that allow this subject to be published in this run.

    Raises Refused naming every reason why not: a trail that does not hold, a gate that was not passed, a role without
    enough approvals, a rejection, silence, someone who approved what they started, an approval that is too old.
    """
    reasons = [f"the audit trail does not hold at record {fault.number}: {fault.problem}" for fault in audit.verify()]
    reasons += _gate_reasons(audit, run_id, subject)
    starter = _starter(audit, run_id)
    if starter is None:
        reasons.append("nobody is recorded as the one who started this run")
    approvals: list[Approval] = []
    for rule in rules:
        found, problems = _role(audit, run_id, subject, rule, starter, (now or datetime.now(UTC)) - max_age)
        approvals += found
        reasons += problems
    reasons += _double_roles(approvals)
    if reasons:
        raise Refused(
            "The model is not signed off: " + "; ".join(reasons),
            where=run_id,
            remedy="Mend the cause and start a new run; nothing was published",
        )
    return approvals


def _gate_reasons(audit: AuditLog, run_id: str, subject: Subject) -> list[str]:
    decided = audit.find(GATE, run_id=run_id, subject=subject.model)
    if not decided:
        return ["the compliance gate has not decided on this model in this run"]
    last = decided[-1].data
    if last.get("verdict") != "passed":
        return [f"the compliance gate says {last.get('verdict')}"]
    if (last.get("evaluation"), last.get("compliance")) != (subject.evaluation, subject.compliance):
        return ["the compliance gate passed other reports than these"]
    return []


def _starter(audit: AuditLog, run_id: str) -> str | None:
    started = audit.find(RUN_STARTED, run_id=run_id)
    return started[0].actor if started else None


def _role(
    audit: AuditLog, run_id: str, subject: Subject, rule: Rule, starter: str | None, oldest: datetime
) -> tuple[list[Approval], list[str]]:
    approvals: dict[str, Approval] = {}
    problems: list[str] = []
    requests = {record.number: record for record in audit.find(REQUESTED, run_id=run_id)}
    for record in audit.find(ANSWERED, run_id=run_id):
        if record.data.get("role") != rule.role:
            continue
        problem = _unusable(record, requests.get(record.data.get("request", 0)), subject, rule, starter, oldest)
        if problem:
            problems.append(f"{rule.role} review: {problem}")
            approvals.pop(record.actor, None)
        else:
            comment = str(record.data.get("comment", ""))
            approvals[record.actor] = Approval(rule.role, record.actor, record.at, comment, record.number)
    if len(approvals) < rule.approvals:
        problems.append(f"{rule.role} review: {len(approvals)} of {rule.approvals} approvals")
        return [], problems
    # An answer that was refused and then given properly by enough others is history, a rejection is not.
    blocking = [problem for problem in problems if "rejected" in problem]
    return list(approvals.values()), blocking


def _unusable(
    record: Record, request: Record | None, subject: Subject, rule: Rule, starter: str | None, oldest: datetime
) -> str | None:
    who, data = record.actor, record.data
    shown = (data.get("model"), data.get("evaluation"), data.get("compliance"))
    checks = (
        (data.get("decision") == "silent", "nobody answered in time"),
        (who not in rule.reviewers, f"{who} may not sign off for this role"),
        (data.get("decision") != "approve", f"{who} rejected it: {data.get('comment') or 'without a word'}"),
        (who == starter, f"{who} started the run and cannot approve it"),
        (request is None or request.data.get("role") != rule.role, f"{who} answered a review that was never opened"),
        (shown != (subject.model, subject.evaluation, subject.compliance), f"{who} reviewed other bytes than these"),
        (record.at < oldest, f"the approval of {who} is too old"),
    )
    return next((problem for wrong, problem in checks if wrong), None)


def _double_roles(approvals: Sequence[Approval]) -> list[str]:
    roles: dict[str, set[str]] = {}
    for approval in approvals:
        roles.setdefault(approval.reviewer, set()).add(approval.role)
    return [
        f"{who} approved in more than one role ({', '.join(sorted(held))})"
        for who, held in roles.items()
        if len(held) > 1
    ]
