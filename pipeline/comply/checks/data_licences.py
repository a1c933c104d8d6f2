"""Every row's licence allows what is done with it."""

from __future__ import annotations

from typing import Any

from pipeline.comply import licences
from pipeline.comply.check import Check, Limits, Result, failed, verdict, warning
from pipeline.comply.subject import Subject


class DataLicences(Check):
    """The licences of the training data against policy, base model and intended use."""

    slug = "data_licences"
    title = "Licences of the data"
    proves = (
        "Every row carries an SPDX licence that the policy allows for the intended use, and the data's licences, the "
        "base model's licence and the way in which the model is given away do not contradict each other."
    )
    risks = ("supply-chain",)
    severity = "high"
    remedy = "Leave the source out, or state the licence that it really has in its settings"

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Judge every licence that a row carries."""
        policy = subject.policy.licences
        counted = subject.rows.licences()
        if not counted:
            return failed("there are no rows whose licence could be judged")
        problems: list[str] = []
        warnings: list[str] = []
        obligations: list[str] = []
        evidence: list[dict[str, Any]] = []
        for expression, rows in counted.items():
            judged = licences.judge(expression, policy, policy.data)
            where = _sources(subject, expression)
            evidence.append(
                {"licence": judged.licence, "rows": rows, "sources": where, "problem": "; ".join(judged.problems)}
            )
            obligations += judged.obligations
            if judged.unknown and policy.unknown == "warn":
                warnings.append(f"{rows} rows from {where} have no stated licence")
            elif judged.problems:
                problems.append(f"{rows} rows from {where}: {'; '.join(judged.problems)}")
        problems += licences.conflicts(list(counted), subject.origin.licence, policy)
        measured = {
            "licences": counted,
            "intended_use": policy.intended_use,
            "distribution": policy.distribution,
            "obligations": sorted(set(obligations)),
        }
        if warnings and not problems:
            return warning("; ".join(warnings), measured, evidence)
        good = f"{sum(counted.values())} rows under {', '.join(counted)}: allowed for {policy.intended_use} use"
        return verdict(problems, good, measured, evidence)


def _sources(subject: Subject, expression: str) -> str:
    found = [source for (source, licence) in subject.rows.licences_by_source() if licence == expression]
    return ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
