"""What a check is: declared fields, the questions that it wants a model to be asked, and a judgement with evidence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pipeline.comply import owasp

if TYPE_CHECKING:
    from pipeline.comply.probe import Probe
    from pipeline.comply.subject import Subject

Severity = Literal["critical", "high", "medium", "low"]
Status = Literal["passed", "failed", "warning", "not_applicable"]
Limits = Mapping[str, float]
MAX_EVIDENCE = 12


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit that a check goes by; the policy may set another value."""

    default: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Result:
    """A judgement: one sentence for a person, what was measured, and evidence (samples are redacted in the report)."""

    status: Status
    summary: str
    measured: Mapping[str, Any] = field(default_factory=dict)
    evidence: Sequence[Mapping[str, Any]] = ()


def passed(
    summary: str, measured: Mapping[str, Any] | None = None, evidence: Sequence[Mapping[str, Any]] = ()
) -> Result:
    """Return a pass."""
    return Result("passed", summary, measured or {}, evidence[:MAX_EVIDENCE])


def failed(
    summary: str, measured: Mapping[str, Any] | None = None, evidence: Sequence[Mapping[str, Any]] = ()
) -> Result:
    """Return a failure."""
    return Result("failed", summary, measured or {}, evidence[:MAX_EVIDENCE])


def warning(
    summary: str, measured: Mapping[str, Any] | None = None, evidence: Sequence[Mapping[str, Any]] = ()
) -> Result:
    """Return a warning: nothing is proven wrong, but a person should know."""
    return Result("warning", summary, measured or {}, evidence[:MAX_EVIDENCE])


def not_applicable(
    reason: str, measured: Mapping[str, Any] | None = None, evidence: Sequence[Mapping[str, Any]] = ()
) -> Result:
    """Return that the risk cannot occur, with the reason and what proves it."""
    return Result("not_applicable", reason, measured or {}, evidence[:MAX_EVIDENCE])


def verdict(
    problems: Sequence[str], good: str, measured: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]] = ()
) -> Result:
    """Return a failure that names every problem, or a pass when there is none."""
    return failed("; ".join(problems), measured, evidence) if problems else passed(good, measured, evidence)


class Check(ABC):
    """One risk, checked.

    A check is registered by being in a module of `pipeline.comply.checks`. Those with `before_loading` look at files
    only; when one of them fails, the model is never loaded, and every check with `asks_model` is failed as not run.
    `waivable` is false for every check of critical severity, whose risk no owner can accept: such a model could run
    code on the reader's machine, obey whoever poisoned it, or go out without people. Their thresholds are upper limits
    that the policy may lower and not raise.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    proves: ClassVar[str]
    risks: ClassVar[tuple[str, ...]]
    severity: ClassVar[Severity]
    remedy: ClassVar[str]
    thresholds: ClassVar[Mapping[str, Threshold]] = {}
    before_loading: ClassVar[bool] = False
    asks_model: ClassVar[bool] = False
    waivable: ClassVar[bool] = True

    def probes(self, subject: Subject) -> Sequence[Probe]:
        """Return what the candidate, and its base model where there is one, shall be asked."""
        return ()

    @abstractmethod
    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Judge. `limits` has every declared threshold, with the policy's value where it sets one."""

    @classmethod
    def owasp_2025(cls) -> tuple[str, ...]:
        """Return the ids of the risks in the 2025 edition."""
        return tuple(owasp.ids(risk)[0] for risk in cls.risks)

    @classmethod
    def owasp_2026(cls) -> tuple[str, ...]:
        """Return the ids of the risks in the 2026 edition."""
        return tuple(owasp.ids(risk)[1] for risk in cls.risks)
