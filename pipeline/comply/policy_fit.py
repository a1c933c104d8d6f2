"""Whether a policy fits what it decides about: checks that exist, limits that limit, metrics with a better side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from pipeline.comply.check import Check
from pipeline.comply.policy import PerformancePolicy, Policy
from pipeline.evaluate.metrics.base import Metric

DOWNGRADABLE = ("medium", "low")
LONGEST_WAIVER = 180
"""Days from today: a risk that is accepted for longer is looked at by nobody."""


def misfits(
    policy: Policy,
    checks: Mapping[str, Check],
    metrics: Mapping[str, Metric],
    today: date,
    roles: Collection[str] | None,
) -> Iterator[str]:
    """Yield what in a policy names nothing, or would switch off what it seems to limit.

    `roles`: those of the RACI chart, None when it cannot be read, which a check of its own reports.
    """
    named = [*policy.checks, *(waiver.check for waiver in policy.waivers)]
    yield from (f"there is no check {slug}" for slug in named if slug not in checks)
    for slug, wanted in policy.checks.items():
        check = checks.get(slug)
        if check is None:
            continue
        yield from (f"{slug} has no threshold {name}" for name in wanted.thresholds if name not in check.thresholds)
        if wanted.on_failure == "warn" and check.severity not in DOWNGRADABLE:
            yield f"{slug} is of {check.severity} severity: it takes a waiver with an owner, not `warn`"
        yield from _loosened(check, wanted.thresholds)
    yield from _waivers(policy, checks, today, roles)
    yield from _metrics(policy.performance, metrics)


def _loosened(check: Check, wanted: Mapping[str, float]) -> Iterator[str]:
    """A limit that is wide enough is a waiver without an owner. Of these checks every limit is an upper one."""
    for name, value in wanted.items():
        if not check.waivable and name in check.thresholds and value > check.thresholds[name].default:
            yield f"{check.slug} cannot be waived, so its {name} is at most {check.thresholds[name].default:g}"


def _waivers(policy: Policy, checks: Mapping[str, Check], today: date, roles: Collection[str] | None) -> Iterator[str]:
    for waiver in policy.waivers:
        if waiver.expires < today:
            continue
        if waiver.check in checks and not checks[waiver.check].waivable:
            yield f"{waiver.check} cannot be waived"
        if (waiver.expires - today).days > LONGEST_WAIVER:
            yield (
                f"the waiver for {waiver.check} ends on {waiver.expires}: a risk is accepted for at most "
                f"{LONGEST_WAIVER} days from today"
            )
        if roles is not None and waiver.owner not in {*roles, *policy.reviewers()}:
            yield (
                f"the owner of the waiver for {waiver.check} ({waiver.owner}) is no role of the RACI chart and no "
                "reviewer"
            )


def _metrics(performance: PerformancePolicy, metrics: Mapping[str, Metric]) -> Iterator[str]:
    for name in dict.fromkeys((performance.metric, *performance.minimum)):
        metric = metrics.get(name)
        if metric is None:
            yield f"performance names the metric {name}, which does not exist"
        elif metric.higher_is_better is None:
            yield f"performance names the metric {name}, of which neither more nor less is better"
    for name, floor in performance.minimum.items():
        if name in metrics:
            yield from _floor(metrics[name], floor)


def _floor(metric: Metric, floor: float) -> Iterator[str]:
    low, high = metric.range
    if not low <= floor <= high:
        yield f"performance.minimum.{metric.name} is {floor:g}: the metric runs from {low:g} to {high:g}"
    elif high == 100 and 0 < floor <= 1:
        yield (
            f"performance.minimum.{metric.name} is {floor:g}: the metric runs from 0 to 100, so that is no share; "
            f"write {floor * 100:g}"
        )
