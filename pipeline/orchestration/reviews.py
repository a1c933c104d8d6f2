"""Opening, recording and deciding reviews inside a run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.errors import Refused
from pipeline.review import signoff
from pipeline.review.dossier import Dossier, build
from pipeline.review.form import Answer
from pipeline.stage import Manifest

if TYPE_CHECKING:
    from pipeline.orchestration.tasks import Run


@dataclass(frozen=True, slots=True)
class Opened:
    """What a reviewer is shown."""

    subject: str
    body: str


def subject_of(candidate: Manifest, evaluation: Manifest, compliance: Manifest) -> signoff.Subject:
    """Return what an approval is bound to."""
    return signoff.Subject(
        model=candidate.output("model").digest, evaluation=evaluation.digest, compliance=compliance.digest
    )


def open_for(
    *, role: str, run_id: str, reviewers: Sequence[str], manifests: tuple[str, str, str], report_url: str
) -> Opened:
    """Record that a review was asked for and return its text; an earlier improper answer is explained on top."""
    run = _run(run_id)
    candidate, evaluation, compliance = (run.manifest(uri) for uri in manifests)
    subject = subject_of(candidate, evaluation, compliance)
    dossier: Dossier = build(run.lake, run_id, candidate, evaluation, compliance, report_url)
    improper = [r for r in run.audit.find(signoff.INVALID, run_id=run_id) if r.data.get("role") == role]
    signoff.open_review(run.audit, run_id=run_id, role=role, subject=subject, assigned=reviewers)
    hint = f"> **Please answer again.** {improper[-1].data['problem']}.\n\n" if improper else ""
    return Opened(dossier.subject(role), hint + dossier.body(role))


def record(*, role: str, run_id: str, reviewer: str, answer: Answer) -> None:
    """Record a proper answer."""
    signoff.record_answer(
        _run(run_id).audit,
        run_id=run_id,
        role=role,
        reviewer=reviewer,
        decision=answer.decision,
        comment=answer.comment,
        answers=answer.fields,
    )


def record_silence(*, role: str, run_id: str) -> None:
    """Record that nobody answered in time."""
    signoff.record_answer(
        _run(run_id).audit, run_id=run_id, role=role, reviewer="nobody", decision="silent", comment="", answers={}
    )


def record_improper(*, role: str, run_id: str, reviewer: str, problem: str) -> None:
    """Record an answer that could not be taken, so that the next form can say why."""
    _run(run_id).audit.append(signoff.INVALID, actor=reviewer, run_id=run_id, data={"role": role, "problem": problem})


def decide(run: Run, candidate: str, evaluation: str, compliance: str) -> list[signoff.Approval]:
    """Return the approvals that allow publication and record the decision; raises Refused with every reason."""
    subject = subject_of(run.manifest(candidate), run.manifest(evaluation), run.manifest(compliance))
    try:
        approvals = require(run, subject)
    except Refused as problem:
        run.audit.append(
            signoff.REFUSED, actor="pipeline", run_id=run.id, subject=subject.model, data={"reason": problem.what}
        )
        raise
    run.audit.append(
        signoff.SIGNED_OFF,
        actor="pipeline",
        run_id=run.id,
        subject=subject.model,
        data={"approvals": [approval.record for approval in approvals], **subject.model_dump(exclude={"model"})},
    )
    return approvals


def require(run: Run, subject: signoff.Subject) -> list[signoff.Approval]:
    """Apply the policy's rules to what the audit trail holds."""
    from pipeline.comply.policy import load_policy

    policy = load_policy(run.settings.policy_file)
    return signoff.require_sign_off(
        run.audit,
        run_id=run.id,
        subject=subject,
        rules=policy.sign_off_rules(),
        max_age=timedelta(days=policy.sign_off.max_age_days),
    )


def _run(run_id: str) -> Run:
    from pipeline import log
    from pipeline.orchestration.tasks import Run

    log.configure_for_airflow()
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    return Run(run_id)
