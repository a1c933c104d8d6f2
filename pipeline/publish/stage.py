"""The stage that publishes: only what was approved, to the byte, and only after it was approved."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.audit import AuditLog, open_audit
from pipeline.comply.gate import REPORT
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.publish import signature
from pipeline.publish.card import CardFacts, render
from pipeline.publish.checks import REPORTS, approved_bytes, fetch_exactly, reference_check, signature_check
from pipeline.publish.comparison import compared_with, refuse_other_production, why_not
from pipeline.publish.ledger import Ledger
from pipeline.publish.promote import promote
from pipeline.publish.recorded import published, refuse_forgotten
from pipeline.publish.release import folder_hashes, release, write_release
from pipeline.publish.signature import SIGNATURE_FILE
from pipeline.publish.store import ModelStore
from pipeline.publish.witnesses import released_heads
from pipeline.review.decision import require_approval
from pipeline.review.evidence import Evidence
from pipeline.review.signoff import Approval
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage


@dataclass(frozen=True, slots=True)
class Released:
    """A version in production."""

    version: str
    commit: str
    url: str


def run(
    settings: Settings,
    lake: Lake,
    *,
    run_id: str,
    candidate: Manifest,
    base: Manifest,
    prepared: Manifest,
    evaluation: Manifest,
    compliance: Manifest,
) -> Manifest:
    """Publish the candidate and return the manifest of the release.

    Raises Refused when the sign-off does not hold for exactly these bytes, or when what the store gives back is not
    what was sent.
    """
    inputs = {
        "candidate": candidate,
        "base": base,
        "prepared": prepared,
        "evaluation": evaluation,
        "compliance": compliance,
    }

    def work(attempt: Attempt) -> None:
        released = _publish(settings, attempt)
        attempt.facts.update(repository=settings.publish.repository, **asdict(released))
        attempt.lake.write(attempt.uri("release", "release.json"), json.dumps(attempt.facts, indent=2).encode())

    return run_stage(
        lake,
        "publish",
        work,
        run_id=run_id,
        inputs=inputs,
        parameters={"repository": settings.publish.repository},
        packages=("publish", "review"),
        fresh=True,
    )


def _publish(settings: Settings, attempt: Attempt) -> Released:
    evidence = evidence_of(attempt)
    model_output = evidence.candidate.output("model")
    audit = open_audit(settings, attempt.lake)
    store = ModelStore(settings)
    with tempfile.TemporaryDirectory(prefix="llmops-release-") as scratch:
        model = fetch_exactly(attempt.lake, model_output, Path(scratch) / "model")
        approvals = require_approval(
            settings,
            attempt.lake,
            audit,
            run_id=attempt.run_id,
            evidence=evidence,
            witnesses=[head for _, head in released_heads(store, published(audit.trail(), store.repository))],
        )
        trail = audit.trail()
        refuse_forgotten(store, trail, store.versions())
        compared = compared_with(attempt.lake, evidence.evaluation)
        refuse_other_production(store, trail, compared, model_output.digest)
        reasons = why_not(trail, store.repository, evidence.candidate)
        if reasons:
            raise Refused(f"The model cannot be released: {'; '.join(reasons)}", where=attempt.run_id)
        identity = {"run_id": attempt.run_id, "model": model_output.digest}
        build = functools.partial(_fill, settings, attempt, model, approvals, audit)
        checks = (approved_bytes(evidence), signature_check(settings), reference_check(attempt))

        def check(folder: Path) -> None:
            for one in checks:
                one(folder)

        ledger = Ledger(audit, store, attempt.run_id, model_output.digest)
        version = release(store, build, identity=identity, check=check, ledger=ledger)
    promote(
        store,
        attempt.lake,
        audit,
        version,
        run_id=attempt.run_id,
        model=model_output.digest,
        compared=compared,
        approvals=[approval.record for approval in approvals],
    )
    return Released(version.name, version.commit, store.url())


def evidence_of(attempt: Attempt) -> Evidence:
    """Return what a publication's decision rests on."""
    inputs = attempt.inputs
    others = {name: inputs[name] for name in ("base", "prepared")}
    return Evidence(inputs["candidate"], inputs["evaluation"], inputs["compliance"], others)


def _fill(
    settings: Settings, attempt: Attempt, model: Path, approvals: Sequence[Approval], audit: AuditLog, version: str
) -> Path:
    """Add card, reports, release file and (with a key) the signature to the model's folder."""
    from pipeline.comply import governance
    from pipeline.comply.policy import load_policy

    inputs = attempt.inputs
    (model / SIGNATURE_FILE).unlink(missing_ok=True)
    for name, stage in REPORTS.items():
        (model / name).write_bytes(attempt.lake.read(f"{inputs[stage].output('report').uri}/{REPORT}"))
    head = audit.head()
    policy = load_policy(settings.policy_file)
    facts = CardFacts(
        repository=settings.publish.repository,
        version=version,
        run_id=attempt.run_id,
        base=inputs["base"],
        prepared=inputs["prepared"],
        candidate=inputs["candidate"],
        evaluation=inputs["evaluation"],
        compliance=inputs["compliance"],
        approvals=approvals,
        audit_number=head.number,
        audit_hash=head.hash,
        licence=policy.licences.release,
        distribution=policy.licences.distribution,
        governance=governance.load(settings.policy_file.parent),
        signed=settings.publish.signing_key is not None,
    )
    (model / "README.md").write_text(render(facts), encoding="utf-8")
    write_release(
        model,
        {
            "version": version,
            "run_id": attempt.run_id,
            "model": inputs["candidate"].output("model").digest,
            "candidate": inputs["candidate"].uri,
            "prepared": inputs["prepared"].uri,
            "evaluation": inputs["evaluation"].uri,
            "compliance": inputs["compliance"].uri,
            "approvals": [approval.record for approval in approvals],
            "audit": {"number": head.number, "hash": head.hash},
            "released_at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
    if settings.publish.signing_key is not None:
        name = f"{settings.publish.repository}@{version}"
        signed = signature.sign(folder_hashes(model), name, settings.publish.signing_key.get_secret_value())
        (model / SIGNATURE_FILE).write_bytes(signed)
    return model
