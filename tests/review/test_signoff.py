"""Every way we know to get an unapproved model past the sign-off, each refused for its own reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from pipeline.audit import AuditLog
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.review.signoff import (
    GATE,
    RUN_STARTED,
    Approval,
    Rule,
    Subject,
    open_review,
    record_answer,
    require_sign_off,
)

SUBJECT = Subject(model="m1", evaluation="e1", compliance="c1")
OTHER = Subject(model="m2", evaluation="e2", compliance="c2")
RULES = [Rule("model", frozenset({"ada", "bob"})), Rule("legal", frozenset({"lex", "ada"}))]


@pytest.fixture
def audit(lake: Lake) -> AuditLog:
    return AuditLog(lake, SecretStr("key"))


def start(audit: AuditLog, run: str = "run-1", subject: Subject = SUBJECT, starter: str = "scheduler") -> None:
    audit.append(RUN_STARTED, actor=starter, run_id=run)
    gate(audit, run, subject)


def gate(audit: AuditLog, run: str, subject: Subject, verdict: str = "passed") -> None:
    data = {"verdict": verdict, "evaluation": subject.evaluation, "compliance": subject.compliance}
    audit.append(GATE, actor="pipeline", run_id=run, subject=subject.model, data=data)


def answer(
    audit: AuditLog, role: str, who: str, decision: str = "approve", run: str = "run-1", subject: Subject = SUBJECT
) -> None:
    open_review(audit, run_id=run, role=role, subject=subject, assigned=[who])
    record_answer(audit, run_id=run, role=role, reviewer=who, decision=decision, comment="seen", answers={})


def sign_off(audit: AuditLog, subject: Subject = SUBJECT, run: str = "run-1", **more) -> list[Approval]:
    return require_sign_off(audit, run_id=run, subject=subject, rules=RULES, max_age=timedelta(days=7), **more)


def test_both_roles_approve(audit: AuditLog) -> None:
    start(audit)
    answer(audit, "model", "ada")
    answer(audit, "legal", "lex")
    assert [(approval.role, approval.reviewer) for approval in sign_off(audit)] == [("model", "ada"), ("legal", "lex")]


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda a: None, "0 of 1 approvals"),
        (lambda a: answer(a, "model", "ada"), "legal review: 0 of 1"),
        (lambda a: (answer(a, "model", "ada"), answer(a, "legal", "lex", "reject")), "lex rejected it: seen"),
        (lambda a: (answer(a, "model", "ada"), answer(a, "legal", "lex", "silent")), "nobody answered in time"),
        (lambda a: (answer(a, "model", "eve"), answer(a, "legal", "lex")), "eve may not sign off"),
        (lambda a: (answer(a, "model", "ada"), answer(a, "legal", "ada")), "more than one role"),
        (lambda a: (answer(a, "model", "ada", subject=OTHER), answer(a, "legal", "lex")), "reviewed other bytes"),
        (
            lambda a: (answer(a, "model", "ada"), answer(a, "legal", "lex"), answer(a, "model", "bob", "reject")),
            "bob rejected it",
        ),
        (
            lambda a: (answer(a, "model", "ada"), answer(a, "legal", "lex"), gate(a, "run-1", SUBJECT, "refused")),
            "the compliance gate says refused",
        ),
    ],
)
def test_refused(audit: AuditLog, prepare, reason: str) -> None:
    start(audit)
    prepare(audit)
    with pytest.raises(Refused, match=reason):
        sign_off(audit)


def test_starter_cannot_approve(audit: AuditLog) -> None:
    start(audit, starter="ada")
    answer(audit, "model", "ada")
    answer(audit, "legal", "lex")
    with pytest.raises(Refused, match="ada started the run"):
        sign_off(audit)


def test_run_without_a_start_is_refused(audit: AuditLog) -> None:
    gate(audit, "run-1", SUBJECT)
    answer(audit, "model", "ada")
    answer(audit, "legal", "lex")
    with pytest.raises(Refused, match="nobody is recorded"):
        sign_off(audit)


def test_approval_of_another_run_is_no_approval(audit: AuditLog) -> None:
    start(audit)
    answer(audit, "model", "ada")
    answer(audit, "legal", "lex")
    start(audit, "run-2")
    with pytest.raises(Refused, match="0 of 1 approvals"):
        sign_off(audit, run="run-2")


def test_swapped_model_is_refused(audit: AuditLog) -> None:
    start(audit)
    answer(audit, "model", "ada")
    answer(audit, "legal", "lex")
    swapped = SUBJECT.model_copy(update={"model": "evil"})
    with pytest.raises(Refused, match="has not decided on this model"):
        sign_off(audit, swapped)


def test_old_approval_is_refused(audit: AuditLog) -> None:
    start(audit)
    answer(audit, "model", "ada")
    answer(audit, "legal", "lex")
    with pytest.raises(Refused, match="too old"):
        sign_off(audit, now=datetime.now(UTC) + timedelta(days=8))


def test_answer_without_a_request_is_refused(audit: AuditLog) -> None:
    start(audit)
    with pytest.raises(Refused, match="ever opened"):
        record_answer(audit, run_id="run-1", role="model", reviewer="ada", decision="approve", comment="", answers={})


def test_record_forged_without_the_key_is_refused(audit: AuditLog, lake: Lake) -> None:
    start(audit)
    answer(audit, "model", "ada")
    open_review(audit, run_id="run-1", role="legal", subject=SUBJECT, assigned=["lex"])
    record_answer(
        AuditLog(lake),
        run_id="run-1",
        role="legal",
        reviewer="lex",
        decision="approve",
        comment="forged",
        answers={},
    )
    with pytest.raises(Refused, match="signature is missing or wrong"):
        sign_off(audit)


def test_edited_rejection_is_refused(audit: AuditLog, lake: Lake) -> None:
    start(audit)
    answer(audit, "model", "ada")
    answer(audit, "legal", "lex", "reject")
    uri = lake.uri("audit", "records", f"{audit.head().number:010d}.json")
    record = json.loads(lake.read(uri))
    record["data"]["decision"] = "approve"
    lake.write(uri, json.dumps(record).encode())
    with pytest.raises(Refused, match="it was edited"):
        sign_off(audit)
