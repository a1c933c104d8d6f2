"""The decision that lets a model out: evidence, policy, destination and approvals, from one reading of the trail.

The sign-off task and the publication call the same function, the publication with the copies of the trail's head that
earlier releases carry: a lake that was rolled back, or another lake, is refused there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pipeline.audit import AuditLog
from pipeline.audit.records import Fault, Head
from pipeline.comply.policy import Policy, load_policy
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.review import ancestry, signoff
from pipeline.review import evidence as evidences
from pipeline.review.evidence import Evidence
from pipeline.review.judgement import judge
from pipeline.settings import Settings

HUB = "https://huggingface.co"


def destination(settings: Settings) -> str:
    """Return where the settings send a release, as it is written into the gate's record and shown to reviewers."""
    publish = settings.publish
    endpoint = publish.endpoint or os.environ.get("HF_ENDPOINT") or HUB
    return f"{endpoint.rstrip('/')}/{publish.repository} ({'private' if publish.private else 'public'})"


def terms(settings: Settings, policy: Policy) -> signoff.Terms:
    """Return what must be the same from the gate's decision to the publication."""
    return signoff.Terms(policy=policy.digest, destination=destination(settings))


def obstacles(
    settings: Settings, lake: Lake, audit: AuditLog, run_id: str, evidence: Evidence
) -> tuple[Policy, list[str]]:
    """Return the policy and every reason why this evidence must not go to its reviewers."""
    policy = load_policy(settings.policy_file)
    trail = audit.trail()
    found = _trail_problems(audit, policy, trail.faults)
    found += evidences.problems(lake, trail, run_id, evidence, policy, datetime.now(UTC).date())
    found += ancestry.problems(trail, run_id, evidence)
    return policy, found + _destination_problems(settings, policy)


def require_approval(
    settings: Settings,
    lake: Lake,
    audit: AuditLog,
    *,
    run_id: str,
    evidence: Evidence,
    witnesses: Sequence[Head] = (),
) -> list[signoff.Approval]:
    """Return the approvals that let this evidence's model out; raises Refused with every reason why not."""
    policy = load_policy(settings.policy_file)
    trail = audit.trail(tuple(witnesses))
    now = datetime.now(UTC)
    reasons = _trail_problems(audit, policy, trail.faults)
    reasons += evidences.problems(lake, trail, run_id, evidence, policy, now.date())
    reasons += ancestry.problems(trail, run_id, evidence)
    reasons += _destination_problems(settings, policy)
    approvals, missing = judge(
        trail,
        run_id=run_id,
        subject=evidence.subject,
        rules=policy.sign_off_rules(),
        terms=terms(settings, policy),
        max_age=timedelta(days=policy.sign_off.max_age_days),
        now=now,
    )
    reasons += missing
    if reasons:
        raise Refused(
            "The model is not signed off: " + "; ".join(reasons),
            where=run_id,
            remedy="Mend the cause and start a new run; nothing was published",
        )
    return approvals


def _trail_problems(audit: AuditLog, policy: Policy, faults: Sequence[Fault]) -> list[str]:
    found = [f"the audit trail does not hold at record {fault.number}: {fault.problem}" for fault in faults]
    if policy.sign_off.require_signature and not audit.signed:
        found.append("the policy demands a signed audit trail, and there is no key (LLMOPS_AUDIT__SIGNING_KEY)")
    return found


def _destination_problems(settings: Settings, policy: Policy) -> list[str]:
    if settings.publish.private or policy.licences.distribution == "public":
        return []
    return ["the settings publish to everyone (publish.private), the policy allows internal distribution only"]
