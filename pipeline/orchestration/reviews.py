"""Opening and deciding reviews inside a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.comply.gate import PASSED, REFUSED
from pipeline.errors import LakeError, Refused
from pipeline.evaluate import rated
from pipeline.lake.check import altered
from pipeline.log import get_logger
from pipeline.manifest import Manifest, load_manifest
from pipeline.orchestration.run import Run, inside_task
from pipeline.publish.comparison import why_not
from pipeline.review import beginning, blind, decision, form, signoff
from pipeline.review.dossier import MAX_RATED, build
from pipeline.review.evidence import Evidence
from pipeline.review.text import cell

MODEL = "model"
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a reviewer is shown: `fields` are the form's, as keyword arguments of Airflow's `Param`.

    `request` is the number of the record that says what was shown; the answer is taken for that one alone.
    """

    request: int
    subject: str
    body: str
    fields: dict[str, dict[str, Any]]


def gate(run: Run, candidate: str, evaluation: str, compliance: str) -> None:
    """Record what the gate decides about this evidence; raises Refused with every reason when it is not a pass."""
    evidence = _evidence(run, candidate, evaluation, compliance)
    subject = evidence.subject
    policy, reasons = decision.obstacles(run.settings, run.lake, run.audit, run.id, evidence)
    reasons += why_not(run.audit.trail(), run.settings.publish.repository, evidence.candidate)
    signoff.record_gate(
        run.audit,
        run_id=run.id,
        subject=subject,
        verdict=REFUSED if reasons else PASSED,
        terms=decision.terms(run.settings, policy),
        reasons=reasons,
    )
    if reasons:
        problem = Refused(
            "The compliance gate refused the model: " + "; ".join(reasons),
            where=compliance,
            remedy="Mend the causes, or accept a risk by a waiver with owner, reason and expiry in the policy",
        )
        _refused(run, subject, problem)
        raise problem


def open_for(
    *,
    role: str,
    run_id: str,
    reviewers: Sequence[str],
    manifests: tuple[str, str, str],
    report_url: str,
    task: str,
    due: datetime,
    link: str = "",
) -> Opened:
    """Record that a review was asked for and return its text; an earlier improper answer is explained on top.

    Raises Refused when what there is to review is not what the gate let pass.
    """
    run = inside_task(run_id)
    evidence = _evidence(run, *manifests)
    _, reasons = decision.obstacles(run.settings, run.lake, run.audit, run_id, evidence)
    decided = run.audit.find(signoff.GATE, run_id=run_id, subject=evidence.subject.model)
    if not decided or decided[-1].data.get("verdict") != PASSED:
        reasons.append("the compliance gate has not let this model pass in this run")
    if reasons:
        problem = Refused("There is nothing to review: " + "; ".join(reasons), where=run_id)
        _refused(run, evidence.subject, problem)
        raise problem
    mix = rated.mix_of(run.lake, evidence.evaluation)
    items = rated.selected(mix, run.settings.review.blind_answers) if role == MODEL else []
    dossier = build(
        run.lake,
        run_id,
        evidence.candidate,
        evidence.evaluation,
        evidence.compliance,
        report_url,
        destination=decision.destination(run.settings),
        samples=run.settings.review.samples,
        rated=items,
        hidden=rated.questions_of(mix, items),
        beginning=_beginning(run, evidence.compliance),
    )
    improper = [r for r in run.audit.find(signoff.INVALID, run_id=run_id) if r.data.get("task") == task]
    request = signoff.open_review(
        run.audit,
        run_id=run_id,
        role=role,
        task=task,
        subject=evidence.subject,
        assigned=reviewers,
        due=due,
        link=link,
        items=[item.item_id for item in items],
    )
    hint = f"> **Please answer again.** {cell(improper[-1].data['problem'])}.\n\n" if improper else ""
    fields = form.fields_of(role, blind.texts(items, MAX_RATED))
    return Opened(request.number, dossier.subject(role), hint + dossier.body(role), fields)


def decide(run: Run, candidate: str, evaluation: str, compliance: str) -> list[signoff.Approval]:
    """Return the approvals that allow publication and record the decision; raises Refused with every reason."""
    evidence = _evidence(run, candidate, evaluation, compliance)
    subject = evidence.subject
    _rate(run, evidence)
    try:
        approvals = decision.require_approval(run.settings, run.lake, run.audit, run_id=run.id, evidence=evidence)
    except Refused as problem:
        _refused(run, subject, problem)
        raise
    run.audit.append(
        signoff.SIGNED_OFF,
        actor="pipeline",
        run_id=run.id,
        subject=subject.model,
        data={"approvals": [approval.record for approval in approvals], **subject.model_dump(exclude={"model"})},
    )
    return approvals


def _rate(run: Run, evidence: Evidence) -> None:
    """Bring what reviewers rated into a report of the run and a record of the trail; it decides nothing."""
    subject, trail = evidence.subject, run.audit.trail()
    sheets = blind.sheets(trail, run.id, subject)
    if not sheets or trail.faults or any(altered(run.lake, out) for out in evidence.evaluation.outputs.values()):
        return  # no ratings, or none to rely on: the decision that follows says why
    made = rated.run(run.lake, run_id=run.id, evaluation=evidence.evaluation, sheets=sheets)
    run.done(made)
    data = {"report": made.uri, **subject.model_dump(exclude={"model"}), **made.facts}
    run.audit.append(blind.RATED, actor="pipeline", run_id=run.id, subject=subject.model, data=data)


def _evidence(run: Run, candidate: str, evaluation: str, compliance: str) -> Evidence:
    """Load what is decided on as it lies there: the decision says, and records, what is wrong with it."""
    lake = run.lake
    return Evidence(load_manifest(lake, candidate), load_manifest(lake, evaluation), load_manifest(lake, compliance))


def _beginning(run: Run, compliance: Manifest) -> beginning.Beginning:
    """Return how the run began; its compliance report says with which base model."""
    base = compliance.inputs.get("base")
    return beginning.of(
        run.audit.find(signoff.RUN_STARTED, run_id=run.id), run.settings, run.manifest(base.uri) if base else None
    )


def _refused(run: Run, subject: signoff.Subject, problem: Refused) -> None:
    """Record a refusal. It stands also where the trail takes no record any more, which may be why it was refused."""
    data = {"reason": problem.what}
    try:
        run.audit.append(signoff.REFUSED, actor="pipeline", run_id=run.id, subject=subject.model, data=data)
    except LakeError as cause:
        log.error("the refusal could not be recorded", run=run.id, reason=problem.what, cause=cause.what)
