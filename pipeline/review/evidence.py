"""What a decision rests on: manifests that this run made, that belong together, over bytes that are still there.

Manifests lie in the lake and their addresses travel through Airflow, so neither is believed. What is believed is the
audit trail: every stage records there what it made, with a seal over the whole manifest. A manifest that was edited,
planted at the place of a finished stage or taken from another run has no such record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.comply.gate import PASSED, read_report
from pipeline.comply.policy import Policy
from pipeline.lake import Lake
from pipeline.lake.check import altered
from pipeline.manifest import Manifest, digest_of
from pipeline.review.signoff import Subject

STAGE_MADE = "stage_made"
"""Recorded before a manifest can be found: what was found without it, nobody here made."""
STAGE_COMPLETED = "stage_completed"
"""Recorded by each run for each of its stages, made or found unchanged."""
REWRITTEN = "manifest_rewritten"
"""An erasure took a person's rows out of a dataset: its manifest says so, and the trail knows it by its new digest."""
STAGES = {
    "candidate": "tune",
    "evaluation": "evaluate",
    "compliance": "comply",
    "base": "base-model",
    "prepared": "prepare",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The manifests that a review, a sign-off and a publication are about; `others` are named like inputs."""

    candidate: Manifest
    evaluation: Manifest
    compliance: Manifest
    others: Mapping[str, Manifest] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """Return what an approval is bound to."""
        return Subject(
            model=self.candidate.output("model").digest,
            evaluation=self.evaluation.digest,
            compliance=self.compliance.digest,
        )

    def named(self) -> dict[str, Manifest]:
        """Return every manifest by its name."""
        own = {"candidate": self.candidate, "evaluation": self.evaluation, "compliance": self.compliance}
        return {**own, **self.others}


def seal(manifest: Manifest) -> str:
    """Return the SHA-256 of everything that a manifest says: facts, inputs, parameters and files."""
    return digest_of(manifest.model_dump(mode="json", exclude={"cached"}))


def completed(manifest: Manifest) -> dict[str, Any]:
    """Return what the trail keeps of a finished stage."""
    return {
        "stage": manifest.stage,
        "manifest": manifest.uri,
        "seal": seal(manifest),
        "unchanged": manifest.cached,
        "inputs": {name: reference.digest for name, reference in manifest.inputs.items()},
        "counts": manifest.counts.model_dump(),
    }


def vouched(trail: Trail, manifest: Manifest) -> bool:
    """Tell whether the trail says that a run made exactly this manifest, or that an erasure left it so."""
    return any(tells_of(record, manifest) for record in made(trail, manifest.digest))


def tells_of(record: Record, manifest: Manifest) -> bool:
    """Tell whether a record is about exactly this manifest."""
    return (
        record.subject == manifest.digest
        and record.data.get("manifest") == manifest.uri
        and record.data.get("seal") == seal(manifest)
    )


def made(trail: Trail, digest: str) -> list[Record]:
    """Return the records which say that something with this digest was made here, rather than found."""
    completed = [record for record in trail.find(STAGE_COMPLETED, subject=digest) if not record.data.get("unchanged")]
    return [*trail.find(STAGE_MADE, subject=digest), *completed, *trail.find(REWRITTEN, subject=digest)]


def problems(lake: Lake, trail: Trail, run_id: str, evidence: Evidence, policy: Policy, today: date) -> list[str]:
    """Return every reason why this evidence supports no decision; an empty list means that it does."""
    found = [
        problem for name, manifest in evidence.named().items() for problem in unmade(trail, run_id, name, manifest)
    ]
    found += _belongs(evidence)
    for name, manifest in (("evaluation", evidence.evaluation), ("compliance", evidence.compliance)):
        for output in manifest.outputs.values():
            found += [f"{name}: {problem}" for problem in altered(lake, output)]
    # A report that is not the one that was made says nothing.
    return found or _reported(lake, evidence.compliance, policy, today)


def unmade(trail: Trail, run_id: str, name: str, manifest: Manifest) -> Iterator[str]:
    """Yield why a manifest is not one that this run made, or found and some run made; `name` is one of `STAGES`."""
    wanted = STAGES.get(name)
    if wanted is not None and manifest.stage != wanted:
        yield f"{name}: this is a manifest of {manifest.stage}, not of {wanted}"
        return
    known = [
        record
        for record in trail.find(STAGE_COMPLETED, subject=manifest.digest)
        if record.data.get("manifest") == manifest.uri and record.data.get("seal") == seal(manifest)
    ]
    if not any(record.run_id == run_id for record in known):
        yield f"{name}: the audit trail does not know {manifest.stage}/{manifest.key} as made in this run"
    elif not vouched(trail, manifest):
        yield (
            f"{name}: {manifest.stage}/{manifest.key} was found, but no run recorded that it made it; "
            "delete its manifest and run again"
        )


def _belongs(evidence: Evidence) -> Iterator[str]:
    expected = {"candidate": evidence.candidate, **evidence.others}
    for name, manifest, inputs in (
        ("evaluation", evidence.evaluation, expected),
        ("compliance", evidence.compliance, {**expected, "evaluation": evidence.evaluation}),
    ):
        for input_name, wanted in inputs.items():
            reference = manifest.inputs.get(input_name)
            if reference is None or reference.digest != wanted.digest:
                yield f"{name}: it was made for another {input_name} than this one"


def _reported(lake: Lake, compliance: Manifest, policy: Policy, today: date) -> list[str]:
    report = read_report(lake, compliance)
    found = []
    if report.get("verdict") != PASSED or report.get("reasons"):
        reasons = "; ".join(map(str, report.get("reasons") or [])) or f"its verdict is {report.get('verdict')}"
        found.append(f"the compliance check refused the model: {reasons}")
    if (report.get("policy") or {}).get("digest") != policy.digest:
        found.append("the policy is not the one that the compliance check went by")
    for waiver in report.get("waivers") or []:
        if date.fromisoformat(str(waiver.get("expires"))) < today:
            found.append(f"the waiver for {waiver.get('check')} expired on {waiver.get('expires')}")
    return found
