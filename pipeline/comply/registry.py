"""All checks, in the order in which people read them, and the limits that the policy gives them."""

from __future__ import annotations

import functools
from collections.abc import Collection
from datetime import date

import pipeline.comply.checks as package
from pipeline.comply.check import Check
from pipeline.comply.policy import Policy
from pipeline.comply.policy_fit import misfits
from pipeline.errors import SettingsError
from pipeline.evaluate.metrics.registry import all_metrics
from pipeline.evaluate.plugins import discover

ORDER = {"critical": 0, "high": 1, "medium": 2, "low": 3}


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


def require_known(policy: Policy, today: date, roles: Collection[str] | None) -> None:
    """Raise SettingsError when the policy names what does not exist, or weakens what it may not.

    `roles` are those of the RACI chart, None when it cannot be read.
    """
    checks = all_checks()
    problems = list(misfits(policy, checks, all_metrics(), today, roles))
    if problems:
        raise SettingsError(
            "The policy does not fit the checks: " + "; ".join(problems),
            remedy=f"The checks are: {', '.join(sorted(checks))}; the sample policy.yaml explains each key",
        )
