"""Who approved exactly these bytes: the rules that publication rests on, judged from one reading of the audit trail.

Whether the trail holds is the caller's question; see `decision`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.review.signoff import (
    ANSWERED,
    GATE,
    REQUESTED,
    RUN_STARTED,
    Approval,
    Rule,
    Subject,
    Terms,
    starters,
)

CLOCKS_APART = timedelta(minutes=5)
"""Between Airflow, workers and whoever decides: an answer may be so much late, and seem to be of so much later."""


def judge(
    trail: Trail,
    *,
    run_id: str,
    subject: Subject,
    rules: Sequence[Rule],
    terms: Terms,
    max_age: timedelta,
    now: datetime | None = None,
) -> tuple[list[Approval], list[str]]:
    """Return the approvals of this subject in this run and every reason why they do not allow its publication.

    Reasons are a gate that was not passed, or not under these terms; a role without enough approvals; a rejection or
    silence; someone who approved what they started, or in two roles; an approval from before the gate, or too old.
    """
    passed_since, reasons = _gate(trail, run_id, subject, terms)
    started = starters(trail.find(RUN_STARTED, run_id=run_id))
    if not started:
        reasons.append("nobody is recorded as the one who started this run")
    moment = now or datetime.now(UTC)
    bench = _Bench(subject, started, passed_since, moment - max_age, moment + CLOCKS_APART)
    approvals: list[Approval] = []
    for rule in rules:
        found, problems = _role(trail, run_id, rule, bench)
        approvals += found
        reasons += problems
    return approvals, reasons + _double_roles(approvals)


@dataclass(frozen=True, slots=True)
class _Bench:
    """What every approval is measured against."""

    subject: Subject
    starters: set[str]
    passed_since: int
    oldest: datetime
    newest: datetime


def _gate(trail: Trail, run_id: str, subject: Subject, terms: Terms) -> tuple[int, list[str]]:
    """Return the record since which the gate has let the subject pass without a break, and what is wrong with it."""
    decided = trail.find(GATE, run_id=run_id, subject=subject.model)
    if not decided:
        return 0, ["the compliance gate has not decided on this model in this run"]
    last, since = decided[-1], decided[-1].number
    for record in reversed(decided):
        if record.data.get("verdict") != "passed":
            break
        since = record.number
    if last.data.get("verdict") != "passed":
        return since, [f"the compliance gate says {last.data.get('verdict')}"]
    if (last.data.get("evaluation"), last.data.get("compliance")) != (subject.evaluation, subject.compliance):
        return since, ["the compliance gate passed other reports than these"]
    names = {"policy": "the policy was changed", "destination": "where the model goes was changed"}
    changed = [name for name, value in terms.plain().items() if last.data.get(name) != value]
    return since, [f"{names[name]} after the gate decided" for name in changed]


def _role(trail: Trail, run_id: str, rule: Rule, bench: _Bench) -> tuple[list[Approval], list[str]]:
    approvals: dict[str, Approval] = {}
    problems: list[str] = []
    blocking: list[str] = []
    requests = {record.number: record for record in trail.find(REQUESTED, run_id=run_id)}
    for record in trail.find(ANSWERED, run_id=run_id):
        if record.data.get("role") != rule.role:
            continue
        request = requests.get(record.data.get("request", 0))
        against = _against(record, request, rule)
        problem = against or _unusable(record, request, rule, bench)
        if against:
            blocking.append(f"{rule.role} review: {against}")
        elif problem:
            problems.append(f"{rule.role} review: {problem}")
            approvals.pop(record.actor.casefold(), None)
        else:
            comment = str(record.data.get("comment", ""))
            approval = Approval(rule.role, record.actor, record.at, comment, record.number)
            approvals[record.actor.casefold()] = approval
    if len(approvals) < rule.approvals:
        problems.append(f"{rule.role} review: {len(approvals)} of {rule.approvals} approvals")
        return [], blocking + problems
    # An answer that was refused and then given properly by enough others is history; a rejection or silence is not.
    return list(approvals.values()), blocking


def _against(record: Record, request: Record | None, rule: Rule) -> str | None:
    """Return what stops the run whatever else was answered: a reviewer's rejection, or silence."""
    decision = record.data.get("decision")
    if decision == "silent":
        return "nobody answered in time"
    if record.actor not in rule.reviewers:
        return None
    if request is not None and late(request, answered_at(record)):
        return f"nobody answered in time, {record.actor} only later"
    if decision != "approve":
        return f"{record.actor} rejected it: {record.data.get('comment') or 'without a word'}"
    return None


def late(request: Record, at: datetime) -> bool:
    """Tell whether an answer at this moment came when silence had become a rejection."""
    due = request.data.get("due")
    return isinstance(due, str) and at > datetime.fromisoformat(due) + CLOCKS_APART


def answered_at(answer: Record) -> datetime:
    """Return when somebody answered: it may have been taken up later, by a scheduler or a lake that was away."""
    stated = answer.data.get("answered_at")
    return datetime.fromisoformat(stated) if isinstance(stated, str) else answer.at


def _unusable(record: Record, request: Record | None, rule: Rule, bench: _Bench) -> str | None:
    who, data, subject = record.actor, record.data, bench.subject
    shown = (data.get("model"), data.get("evaluation"), data.get("compliance"))
    checks = (
        (who not in rule.reviewers, f"{who} may not sign off for this role"),
        (
            who.casefold() in {name.casefold() for name in bench.starters},
            f"{who} started the run and cannot approve it",
        ),
        (not _was_opened(record, request, rule), f"{who} answered a review that was never opened"),
        (shown != (subject.model, subject.evaluation, subject.compliance), f"{who} reviewed other bytes than these"),
        (request is not None and request.number < bench.passed_since, f"{who} was asked before the gate decided"),
        (record.at < bench.oldest, f"the approval of {who} is too old"),
        (record.at > bench.newest, f"the approval of {who} is dated in the future"),
    )
    return next((problem for wrong, problem in checks if wrong), None)


def _was_opened(record: Record, request: Record | None, rule: Rule) -> bool:
    if request is None or request.number >= record.number:
        return False
    same = ("task", "model", "evaluation", "compliance")
    return request.data.get("role") == rule.role and all(
        request.data.get(name) == record.data.get(name) for name in same
    )


def _double_roles(approvals: Sequence[Approval]) -> list[str]:
    roles: dict[str, set[str]] = {}
    for approval in approvals:
        roles.setdefault(approval.reviewer.casefold(), set()).add(approval.role)
    return [
        f"{who} approved in more than one role ({', '.join(sorted(held))})"
        for who, held in roles.items()
        if len(held) > 1
    ]
