"""Runs every check over a subject. Whatever a check does, it ends as a finding: one that breaks has failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.comply.check import Check, Result, Status, failed
from pipeline.comply.held_out import from_replies
from pipeline.comply.policy import Policy
from pipeline.comply.probe import Probe
from pipeline.comply.probing import Prober
from pipeline.comply.registry import all_checks, limits_of
from pipeline.comply.subject import Subject
from pipeline.errors import PipelineError
from pipeline.log import get_logger

log = get_logger(__name__)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's result, with everything that a report says about the check."""

    check: Check
    result: Result
    limits: Mapping[str, float]

    @property
    def status(self) -> Status:
        """Return how it ended."""
        return self.result.status

    @property
    def owasp(self) -> list[str]:
        """Return the ids of the risks in both editions."""
        return [*self.check.owasp_2025(), *self.check.owasp_2026()]


def run_checks(
    subject: Subject,
    prober: Prober,
    *,
    checks: Mapping[str, Check] | None = None,
    say: Say = lambda _: None,
) -> list[Finding]:
    """Return one finding for each check, the gravest checks first.

    Files are looked at before anything is loaded. When they are not safe, or the model cannot be asked, every check
    that needs its answers fails as not run: what was not proven does not pass.
    """
    wanted = list((all_checks() if checks is None else checks).values())
    found: dict[str, Finding] = {}
    for check in (check for check in wanted if check.before_loading):
        found[check.slug] = _judged(check, subject)
    unsafe = [finding for finding in found.values() if finding.status == "failed"]
    obstacle = None
    if unsafe:
        obstacle = f"the files are not safe to load ({', '.join(finding.check.slug for finding in unsafe)})"
    else:
        say("asking the model")
        obstacle = _ask(subject, prober, [check for check in wanted if check.asks_model])
    for check in (check for check in wanted if not check.before_loading):
        if obstacle and check.asks_model:
            found[check.slug] = Finding(check, failed(f"not run: {obstacle}"), limits_of(check, subject.policy))
        else:
            found[check.slug] = _judged(check, subject)
    return [found[check.slug] for check in wanted]


def _ask(subject: Subject, prober: Prober, checks: Sequence[Check]) -> str | None:
    """Put every check's probes to the models; return why that was not possible, None when it was."""
    probes: dict[Probe, None] = dict.fromkeys(subject.asked)
    for check in checks:
        try:
            probes |= dict.fromkeys(check.probes(subject))
        except Exception as problem:
            # Without its probes the check's judgement cannot find its replies and fails by itself.
            log.warning("a check could not make its probes", check=check.slug, cause=f"{type(problem).__name__}")
    try:
        subject.replies = prober.ask(subject.candidate, probes)
        if subject.base is not None:
            subject.base_replies = prober.ask(subject.base, probes)
        if subject.asked:
            base = subject.base_replies if subject.base is not None else None
            subject.held_out = from_replies(subject.asked, subject.replies, base)
    except PipelineError as problem:
        return str(problem)
    return None


def _judged(check: Check, subject: Subject) -> Finding:
    limits = limits_of(check, subject.policy)
    started = time.monotonic()
    try:
        result = check.judge(subject, limits)
    except Exception as problem:
        log.warning("a check broke", check=check.slug, cause=f"{type(problem).__name__}: {problem}")
        result = failed(f"the check broke and proves nothing: {type(problem).__name__}: {_line(problem)}")
    log.info("checked", check=check.slug, status=result.status, seconds=round(time.monotonic() - started, 2))
    return Finding(check, result, limits)


def _line(problem: Exception) -> str:
    return (str(problem).splitlines() or [""])[0][:300]


def plain(finding: Finding, policy: Policy) -> dict[str, Any]:
    """Return a finding as JSON values."""
    check, result = finding.check, finding.result
    return {
        "check": check.slug,
        "title": check.title,
        "status": result.status,
        "severity": check.severity,
        "owasp": finding.owasp,
        "owasp_2025": list(check.owasp_2025()),
        "owasp_2026": list(check.owasp_2026()),
        "risks": list(check.risks),
        "proves": check.proves,
        "summary": result.summary,
        "remedy": check.remedy if result.status in ("failed", "warning") else None,
        "measured": dict(result.measured),
        "thresholds": {
            name: {"value": finding.limits[name], "default": threshold.default, "meaning": threshold.meaning}
            for name, threshold in check.thresholds.items()
        },
        "on_failure": policy.check(check.slug).on_failure,
        "evidence": [dict(item) for item in result.evidence],
    }
