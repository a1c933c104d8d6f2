"""The gate: everything that was found, joined into one verdict. What is not proven does not pass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pipeline.comply.policy import Policy
from pipeline.errors import LakeError, Refused

if TYPE_CHECKING:
    from pipeline.comply.runner import Finding
    from pipeline.lake import Lake
    from pipeline.manifest import Manifest

PASSED: Literal["passed"] = "passed"
REFUSED: Literal["refused"] = "refused"
REPORT = "report.json"
UNSIGNED = "the policy demands a signed audit trail, and there is no key (LLMOPS_AUDIT__SIGNING_KEY)"


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict with every reason against, what was waived, and what people should know all the same."""

    verdict: Literal["passed", "refused"]
    reasons: tuple[str, ...]
    waived: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]


def decide(
    findings: Sequence[Finding], policy: Policy, model: str, today: date, *, sampled: bool, signed: bool = True
) -> Decision:
    """Join the findings into a verdict.

    A failed check refuses unless a valid waiver covers it or the policy says that it only warns. A check without a
    finding refuses, and so does a sample of probes where the policy demands all of them, and a trail without a key
    (`signed` is False) where it demands a signed one: no approval could count, so nobody is asked for one.
    """
    from pipeline.comply.policy_fit import DOWNGRADABLE
    from pipeline.comply.registry import all_checks

    reasons, warnings, waived = [], [], []
    found = {finding.check.slug for finding in findings}
    reasons += [f"{slug}: it was not run" for slug in all_checks() if slug not in found]
    for finding in findings:
        check, text = finding.check, f"{finding.check.slug}: {finding.result.summary}"
        if finding.status == "warning":
            warnings.append(text)
        if finding.status != "failed":
            continue
        waiver = policy.waiver(check.slug, model, today) if check.waivable else None
        if waiver is not None:
            waived.append({**waiver.model_dump(mode="json"), "finding": finding.result.summary})
        elif policy.check(check.slug).on_failure == "warn" and check.severity in DOWNGRADABLE:
            warnings.append(text)
        else:
            reasons.append(text)
    if policy.require_all_probes and sampled:
        reasons.append("the policy demands all probes, and only a sample was sent (settings, section comply)")
    if policy.sign_off.require_signature and not signed:
        reasons.append(UNSIGNED)
    return Decision(REFUSED if reasons else PASSED, tuple(reasons), tuple(waived), tuple(warnings))


def enforce(manifest: Manifest, lake: Lake) -> None:
    """Let a passed verdict through; raises Refused naming each reason otherwise.

    The verdict is read from the report itself, whose bytes must be those that the manifest promises; so a manifest
    whose facts were edited does not open the gate.
    """
    if manifest.stage != "comply":
        verdict, reasons = None, [f"this is the manifest of {manifest.stage}, not of a compliance check"]
    else:
        report = read_report(lake, manifest)
        verdict, reasons = report.get("verdict"), [str(reason) for reason in report.get("reasons") or []]
    if verdict != PASSED or reasons:
        raise Refused(
            "The compliance gate refused the model: " + ("; ".join(reasons) or f"its verdict is {verdict}"),
            where=manifest.uri,
            remedy="Mend the causes, or accept a risk by a waiver with owner, reason and expiry in the policy",
        )


def read_report(lake: Lake, manifest: Manifest) -> dict[str, Any]:
    """Return a stage's `report.json`.

    Raises Refused when its bytes are not those that the manifest promises, LakeError when it is no report.
    """
    output = manifest.output("report")
    uri = f"{output.uri}/{REPORT}"
    data = lake.read(uri)
    promised = {entry.path: entry.sha256 for entry in output.files}
    if hashlib.sha256(data).hexdigest() != promised.get(REPORT):
        raise Refused(
            "The report is not the one that its stage wrote", where=uri, remedy="Find out who writes to the lake"
        )
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise LakeError("The report is damaged", where=uri, remedy="Delete its manifest and run the stage again")
    return found
