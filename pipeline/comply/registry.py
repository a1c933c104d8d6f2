"""All checks, in the order in which people read them, and the limits that the policy gives them."""

from __future__ import annotations

import functools

import pipeline.comply.checks as package
from pipeline.comply.check import Check
from pipeline.comply.policy import Policy
from pipeline.errors import SettingsError
from pipeline.evaluate.plugins import discover

ORDER = {"critical": 0, "high": 1, "medium": 2, "low": 3}
DOWNGRADABLE = ("medium", "low")


@functools.cache
def all_checks() -> dict[str, Check]:
    """Return one instance of every check by slug, the gravest first."""
    checks = [kind() for kind in discover(package, Check)]  # type: ignore[type-abstract]
    return {check.slug: check for check in sorted(checks, key=lambda check: (ORDER[check.severity], check.slug))}


def limits_of(check: Check, policy: Policy) -> dict[str, float]:
    """Return a check's thresholds with the policy's values."""
    return {name: threshold.default for name, threshold in check.thresholds.items()} | policy.check(
        check.slug
    ).thresholds


def require_known(policy: Policy) -> None:
    """Raise SettingsError when the policy names a check or threshold that does not exist, or weakens a grave one."""
    checks = all_checks()
    problems = [
        f"there is no check {slug}"
        for slug in [*policy.checks, *(w.check for w in policy.waivers)]
        if slug not in checks
    ]
    for slug, wanted in policy.checks.items():
        if slug not in checks:
            continue
        check = checks[slug]
        problems += [f"{slug} has no threshold {name}" for name in wanted.thresholds if name not in check.thresholds]
        if wanted.on_failure == "warn" and check.severity not in DOWNGRADABLE:
            problems.append(f"{slug} is of {check.severity} severity: it takes a waiver with an owner, not `warn`")
    problems += [
        f"{waiver.check} cannot be waived"
        for waiver in policy.waivers
        if waiver.check in checks and not checks[waiver.check].waivable
    ]
    if problems:
        raise SettingsError(
            "The policy does not fit the checks: " + "; ".join(problems),
            remedy=f"The checks are: {', '.join(sorted(checks))}",
        )
