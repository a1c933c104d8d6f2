"""The comply stage: everything that may be wrong with a candidate, looked at, and one verdict."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pipeline.comply import governance, report
from pipeline.comply.gate import PASSED, Decision, decide
from pipeline.comply.held_out import from_evaluation
from pipeline.comply.policy import Policy, load_policy
from pipeline.comply.probing import Prober
from pipeline.comply.registry import require_known
from pipeline.comply.runner import Finding, run_checks
from pipeline.comply.sbom import bill, installed, lock_file, pins
from pipeline.comply.sources import base_of, model_of, rows_of
from pipeline.comply.subject import Origin, Subject
from pipeline.encoding import prompt_limit
from pipeline.errors import PipelineError
from pipeline.features.replayed import Replayed
from pipeline.lake import Lake
from pipeline.manifest import Manifest, digest_of
from pipeline.records import UNKNOWN_LICENCE
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage

STAGE = "comply"
PACKAGES = (
    "comply",
    "answering",
    "decoding",
    "encoding",
    "features/replayed",
    "model_folder",
    "precision",
    "prompts",
    "special_tokens",
    *(f"evaluate/{name}" for name in ("comparison", "examples", "intervals", "metrics", "plugins")),
    *(f"evaluate/{name}" for name in ("refusal", "syllables", "text")),
)
FOLDER = Path(__file__).parent


def run(
    settings: Settings,
    lake: Lake,
    *,
    run_id: str,
    candidate: Manifest,
    base: Manifest,
    prepared: Manifest,
    features: Manifest,
    evaluation: Manifest,
    repository: Manifest,
    today: date | None = None,
) -> Manifest:
    """Check a candidate and return the manifest of the report; its facts hold the verdict and the findings.

    A model that fails is no error here: the report says why, and `gate.enforce` refuses it. Raises SettingsError when
    the policy is not valid, and LakeError when the base model in the lake is not the one that its manifest promises.
    """
    policy = load_policy(settings.policy_file)
    day = today or datetime.now(UTC).date()
    require_known(policy, day, governance.roles(settings.policy_file.parent))
    inputs = {
        "candidate": candidate,
        "base": base,
        "prepared": prepared,
        "features": features,
        "evaluation": evaluation,
        "repository": repository,
    }

    def work(attempt: Attempt) -> None:
        subject = _subject(settings, lake, policy, day, inputs)
        longest = prompt_limit(settings.features.max_length)
        prober = Prober(lake, settings.comply.batch_size, settings.audit.signing_key, longest)
        findings = run_checks(subject, prober)
        decision = conclude(subject, findings, signed=settings.audit.signing_key is not None)
        made = report.document(subject, findings, decision, governance.summary(subject.root))
        for name, data in files(subject, made).items():
            attempt.lake.write(attempt.uri("report", name), data)
        attempt.facts.update(report.facts(made))
        for text in decision.warnings:
            attempt.warn(text)
        if decision.verdict != PASSED:
            attempt.warn(f"The gate refuses: {'; '.join(decision.reasons)}")

    return run_stage(
        lake,
        STAGE,
        work,
        run_id=run_id,
        inputs=inputs,
        parameters=_parameters(settings, policy, day, inputs),
        packages=PACKAGES,
    )


def conclude(subject: Subject, findings: list[Finding], *, signed: bool = True) -> Decision:
    """Decide on a subject's findings; `signed` tells whether the trail that would record approvals is signed."""
    from pipeline.answering import folder_digest

    output = subject.candidate.output
    model = output.digest if output else folder_digest(subject.candidate.folder)
    sampling = subject.sampling
    sampled = any(
        size is not None
        for size in (sampling.attacks, sampling.memorised_rows, sampling.triggers, sampling.elicitations)
    )
    return decide(findings, subject.policy, model, subject.today, sampled=sampled, signed=signed)


def files(subject: Subject, made: dict[str, Any]) -> dict[str, bytes]:
    """Return the files of a report by name."""
    try:
        locked = pins(lock_file(subject))
    except PipelineError:
        locked = {}
    return {
        "report.json": report.to_json(made),
        "report.html": report.to_html(made).encode(),
        "sbom.json": json.dumps(bill(subject, locked), indent=1, sort_keys=True).encode(),
    }


def _subject(settings: Settings, lake: Lake, policy: Policy, today: date, inputs: dict[str, Manifest]) -> Subject:
    candidate, base, evaluation = inputs["candidate"], inputs["base"], inputs["evaluation"]
    return Subject(
        policy=policy,
        sampling=settings.comply,
        today=today,
        candidate=model_of(settings, lake, candidate.output("model"), f"{candidate.stage}/{candidate.key}"),
        base=base_of(settings, lake, base.output("model"), f"{base.stage}/{base.key}"),
        origin=Origin(
            name=str(base.facts.get("name") or "") or None,
            revision=str(base.facts.get("revision") or "") or None,
            licence=str(base.facts.get("licence") or UNKNOWN_LICENCE),
            stated_by="the settings",
        ),
        rows=rows_of(lake, inputs["prepared"], _replayed(settings, lake, candidate, inputs["features"])),
        root=settings.policy_file.parent,
        held_out=from_evaluation(lake, evaluation),
        manifests=inputs,
        refusal_texts=settings.prepare.refusals().every(),
        lake=lake,
    )


def _replayed(settings: Settings, lake: Lake, candidate: Manifest, features: Manifest) -> Replayed | None:
    """Return what the candidate learnt of an earlier run, where it is judged by the rows that it learnt from.

    A model in production is judged by later rows; what it had learnt was judged before it came there.
    """
    own = candidate.inputs.get("features")
    return None if own is not None and own.digest != features.digest else Replayed(settings, lake, candidate)


def _parameters(settings: Settings, policy: Policy, today: date, inputs: dict[str, Manifest]) -> dict[str, Any]:
    """Everything besides the inputs' bytes that decides a verdict. Of the day, only which waivers still hold."""
    return {
        "policy": policy.digest,
        "waivers_in_force": [waiver.check for waiver in policy.waivers if today <= waiver.expires],
        "signed": settings.audit.signing_key is not None,
        "sampling": settings.comply.model_dump(mode="json", exclude={"batch_size"}),
        "refusals": settings.prepare.refusals().plain(),
        "prompt_tokens": prompt_limit(settings.features.max_length),
        "base": {name: inputs["base"].facts.get(name) for name in ("name", "revision", "licence")},
        "prepared_facts": digest_of(inputs["prepared"].facts),
        "environment": digest_of([package.purl for package in installed()]),
        "governance": governance.digest(settings.policy_file.parent),
        "overdue": governance.overdue(settings.policy_file.parent, today),
        "supply_chain": _files_digest(settings.policy_file.parent, policy),
        "day": today.isoformat() if policy.supply_chain.advisories_max_age_days else None,
        "data_files": _folder_digest(FOLDER / "data", FOLDER / "templates"),
    }


def _files_digest(root: Path, policy: Policy) -> str:
    places = [root / policy.supply_chain.lock]
    if policy.supply_chain.advisories:
        places.append(root / policy.supply_chain.advisories)
    return _folder_digest(*places)


def _folder_digest(*places: Path) -> str:
    digest = hashlib.sha256()
    for place in places:
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]
