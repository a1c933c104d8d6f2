"""Nothing is published without people."""

from __future__ import annotations

from pipeline.comply.check import Check, Limits, Result, verdict
from pipeline.comply.policy import ROLES
from pipeline.comply.subject import Subject


class HumanOversight(Check):
    """The policy names enough reviewers for both roles, and no single person can fill both."""

    slug = "human_oversight"
    title = "Human oversight"
    proves = (
        "The policy names reviewers for model and legal review, as many as must approve, and enough different people "
        "that nobody has to approve in two roles."
    )
    risks = ("excessive-agency", "misinformation")
    severity = "critical"
    remedy = "Name reviewers for both roles in the policy, section sign_off"
    waivable = False

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Count the reviewers."""
        policy = subject.policy.sign_off
        problems = []
        for name in ROLES:
            role = policy.role(name)
            if len(role.reviewers) < role.approvals:
                problems.append(
                    f"{name} review needs {role.approvals} approval(s), {len(role.reviewers)} reviewer(s) are named"
                )
        needed = sum(policy.role(name).approvals for name in ROLES)
        people = {name.casefold() for name in subject.policy.reviewers()}
        if not problems and len(people) < needed:
            problems.append(f"{needed} approvals by different people are needed, {len(people)} people are named")
        measured = {f"{name}_reviewers": len(policy.role(name).reviewers) for name in ROLES}
        measured |= {f"{name}_approvals": policy.role(name).approvals for name in ROLES}
        good = "; ".join(
            f"{name}: {policy.role(name).approvals} of {len(policy.role(name).reviewers)}" for name in ROLES
        )
        return verdict(problems, good, measured)
