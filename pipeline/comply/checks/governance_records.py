"""The records that say who answers for what."""

from __future__ import annotations

from pipeline.comply import governance
from pipeline.comply.check import Check, Limits, Result, failed, verdict
from pipeline.comply.registry import all_checks
from pipeline.comply.subject import Subject
from pipeline.errors import SettingsError


class GovernanceRecords(Check):
    """RACI chart, risk register, acceptable use and register of sources: there, valid, consistent and up to date."""

    slug = "governance_records"
    title = "Governance records"
    proves = (
        "The RACI chart names exactly one accountable role for each activity, the risk register covers every OWASP "
        "risk with checks that exist, acceptable use and the register of sources are there, and no review is overdue."
    )
    risks = ("misinformation",)
    severity = "medium"
    remedy = "Mend the file under governance/; docs/governance.md explains each record"

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Validate the records."""
        try:
            found = governance.load(subject.root)
        except SettingsError as problem:
            return failed(problem.what)
        problems = list(found.problems(subject.today))
        known = set(all_checks())
        for risk in found.risks.risks:
            unknown = set(risk.checks) - known
            if unknown:
                problems.append(f"risk {risk.id} names checks that do not exist: {', '.join(sorted(unknown))}")
        measured = {
            "activities": len(found.raci.activities),
            "risks": len(found.risks.risks),
            "sources": len(found.sources.sources),
            "highest_residual_risk": max(risk.residual for risk in found.risks.risks),
        }
        return verdict(problems, f"{measured['activities']} activities, {measured['risks']} risks, all valid", measured)
