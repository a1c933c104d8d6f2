"""The software that makes, checks and runs the model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from pipeline.comply import advisories
from pipeline.comply.check import Check, Limits, Result, Threshold, failed, verdict, warning
from pipeline.comply.sbom import drifted, installed, lock_file, pins, unlocked
from pipeline.comply.subject import Subject


class DependencyVulnerabilities(Check):
    """Every package against the lock and against the advisories that are at hand."""

    slug = "dependency_vulnerabilities"
    title = "Dependencies and known vulnerabilities"
    proves = (
        "The packages in use are those of the lock file (besides the project itself, what installs packages, and base "
        "models that the policy lists), and none of them is the subject of a known advisory. Without advisories at "
        "hand the second half is not proven, and the report says so."
    )
    risks = ("supply-chain",)
    severity = "high"
    remedy = "Update the package and the lock; give the check fresh advisories (policy, section supply_chain)"
    thresholds: ClassVar[Mapping[str, Threshold]] = {
        "max_vulnerabilities": Threshold(0, "known vulnerabilities in packages in use"),
    }

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Compare the environment with the lock and the advisories."""
        policy = subject.policy.supply_chain
        packages = installed()
        locked = pins(lock_file(subject))
        if not locked:
            return failed(f"the lock file {policy.lock} pins nothing")
        drift = [package for package in packages if drifted(package, locked)]
        foreign = unlocked(packages, locked, subject.policy.licences.base_models)
        measured: dict[str, Any] = {
            "packages": len(packages),
            "pinned": sum(1 for package in packages if package.name in locked),
            "drift": len(drift),
            "not_in_lock": len(foreign),
        }
        evidence: list[dict[str, Any]] = [
            {"package": p.name, "version": p.version, "problem": f"the lock says {locked[p.name]}"} for p in drift
        ]
        evidence += [{"package": p.name, "version": p.version, "problem": "the lock does not have it"} for p in foreign]
        problems: list[str] = []
        notes: list[str] = []
        drifts = problems if policy.drift == "refuse" else notes
        if drift:
            drifts.append(f"{len(drift)} packages are not in the version of the lock, such as {drift[0].name}")
        if foreign:
            drifts.append(f"{len(foreign)} packages are not in the lock, such as {foreign[0].name}")
        if policy.advisories is None:
            text = "no advisories are at hand, so known vulnerabilities were not looked for"
            (problems if policy.advisories_missing == "refuse" else notes).append(text)
            return (
                failed("; ".join(problems + notes), measured, evidence)
                if problems
                else _noted(notes, measured, evidence)
            )
        found = advisories.match(subject.root / policy.advisories, packages)
        measured |= {"advisories": found.count, "advisories_of": found.modified, "vulnerabilities": len(found.found)}
        evidence = [
            {"package": v.package, "version": v.version, "advisory": v.id, "fixed_in": v.fixed, "summary": v.summary}
            for v in found.found
        ] + evidence
        problems += _age(found.modified, policy.advisories_max_age_days, subject.today)
        if not found.count:
            problems.append("the file of advisories holds none")
        if len(found.found) > limits["max_vulnerabilities"]:
            names = ", ".join(f"{v.package} {v.version} ({v.id})" for v in found.found[:5])
            problems.append(f"{len(found.found)} known vulnerabilities: {names}")
        if notes and not problems:
            return _noted(notes, measured, evidence)
        return verdict(problems, f"{len(packages)} packages, no known vulnerability", measured, evidence)


def _noted(notes: list[str], measured: dict[str, Any], evidence: list[dict[str, Any]]) -> Result:
    return warning("; ".join(notes), measured, evidence)


def _age(modified: str | None, limit: int | None, today: date) -> list[str]:
    """A day that is yet to come makes advisories young for ever; one day ahead may be another time zone."""
    try:
        days = (today - date.fromisoformat((modified or "")[:10])).days
    except ValueError:
        return [] if limit is None else ["the advisories do not say how old they are"]
    if days < -1:
        return [f"the advisories are dated {(modified or '')[:10]}, which is yet to come"]
    too_old = limit is not None and days > limit
    return [f"the advisories are {days} days old, at most {limit} are allowed"] if too_old else []
