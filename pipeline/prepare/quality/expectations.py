"""What all prepared rows together must be like, as data: each expectation has a measure, a limit and a consequence.

A limit can be changed by its name in the settings (`[prepare.limits]`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.errors import QualityError, SettingsError
from pipeline.prepare.figures import Figures, quantile
from pipeline.settings import PrepareSettings

Consequence = Literal["stop", "warn"]
DUPLICATE = ("exact duplicate", "near duplicate")
REPRESENTED = (*DUPLICATE, "the id stands twice")
"""Reasons whose rows are represented by another row: nothing is lost with them."""


@dataclass(frozen=True)
class Measured:
    """What expectations look at."""

    figures: Figures
    decisions: Mapping[str, Any]


@dataclass(frozen=True)
class Expectation:
    """One expectation: `measure` must be at least or at most `limit`."""

    name: str
    says: str
    measure: Callable[[Measured], float]
    bound: Literal["at least", "at most"]
    limit: float
    consequence: Consequence
    remedy: str

    def met(self, value: float, limit: float) -> bool:
        """Tell whether a measured value keeps within a limit."""
        return value >= limit if self.bound == "at least" else value <= limit


@dataclass(frozen=True)
class Outcome:
    """How an expectation came out."""

    name: str
    says: str
    value: float
    bound: str
    limit: float
    consequence: Consequence
    met: bool
    remedy: str


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _lost(measured: Measured) -> float:
    figures = measured.figures
    represented = sum(figures.reasons[reason] for reason in REPRESENTED)
    return _share(figures.aside - represented, figures.rows_in)


def _duplicates(measured: Measured) -> float:
    return _share(sum(measured.figures.reasons[reason] for reason in DUPLICATE), measured.figures.rows_in)


def _suspected(figures: Figures) -> int:
    return sum(count for reason, count in figures.reasons.items() if reason.startswith("possible poisoning"))


EXPECTATIONS = (
    Expectation(
        "usable_rows", "rows that can be used", lambda m: m.figures.kept, "at least", 20, "stop",
        "Add sources, or lower prepare.min_rows",
    ),
    Expectation(
        "set_aside_share", "share of rows that were set aside and are represented by no other", _lost, "at most", 0.5,
        "stop", "Look at the reasons in the report and mend the source, or raise prepare.max_set_aside_share",
    ),
    Expectation(
        "duplicate_share", "share of rows that were exact or near duplicates", _duplicates, "at most", 0.5, "warn",
        "Look at which sources bring the same rows: one that brings nothing else costs time only",
    ),
    Expectation(
        "leaking_rows", "held-out rows too similar to a training row that had to be taken out, per checked row",
        lambda m: _share(m.decisions["leakage"]["removed"], m.decisions["leakage"]["checked"]), "at most", 0.05, "stop",
        "Lower prepare.near_duplicate_threshold, so that clusters take in more",
    ),
    Expectation(
        "training_rows", "rows in the training split", lambda m: m.figures.splits["train"], "at least", 1, "stop",
        "Correct prepare.split",
    ),
    Expectation(
        "validation_rows", "rows in the validation split", lambda m: m.figures.splits["validation"], "at least", 1,
        "warn", "Add rows, or correct prepare.split",
    ),
    Expectation(
        "test_rows", "rows in the test split", lambda m: m.figures.splits["test"], "at least", 1, "warn",
        "Add rows, or correct prepare.split",
    ),
    Expectation(
        "context_share", "share of rows with a context", lambda m: _share(m.figures.with_context, m.figures.kept),
        "at least", 0.5, "warn", "Let sources generate contexts",
    ),
    Expectation(
        "unknown_language_share", "share of rows whose language cannot be told",
        lambda m: _share(m.figures.languages["und"], m.figures.kept), "at most", 0.1, "warn",
        "Look at rows with the language und: they may be no text",
    ),
    Expectation(
        "unknown_licence_share", "share of rows without a licence",
        lambda m: _share(m.figures.licences["NOASSERTION"], m.figures.kept), "at most", 0.0, "warn",
        "State the licence of each source; the policy decides whether such rows may be trained on",
    ),
    Expectation(
        "poisoning_share", "share of rows set aside as possible poisoning",
        lambda m: _share(_suspected(m.figures), m.figures.rows_in),
        "at most", 0.05, "stop", "Look at the rows set aside and at the source that they come from",
    ),
    Expectation(
        "median_answer_chars", "characters of the median answer", lambda m: quantile(m.figures.answer_lengths, 0.5),
        "at least", 10, "warn", "Check that the right column or part of the page is read as the answer",
    ),
    Expectation(
        "largest_source_share", "share of the largest source",
        lambda m: _share(max(m.figures.sources.values(), default=0), m.figures.kept), "at most", 0.95, "warn",
        "One source decides what the model learns; add others if you have them",
    ),
)  # fmt: skip


def limits_of(chosen: PrepareSettings) -> dict[str, float]:
    """Return the limit of every expectation; raises SettingsError for one in the settings that names none."""
    limits = {
        **{expectation.name: expectation.limit for expectation in EXPECTATIONS},
        "usable_rows": chosen.min_rows,
        "set_aside_share": chosen.max_set_aside_share,
    }
    unknown = sorted(set(chosen.limits) - set(limits))
    if unknown:
        raise SettingsError(
            f"There is no expectation named {', '.join(unknown)}",
            where="[prepare.limits]",
            remedy=f"There are {', '.join(sorted(limits))}",
        )
    return limits | chosen.limits


def check(measured: Measured, chosen: PrepareSettings) -> list[Outcome]:
    """Return how every expectation came out; raises SettingsError for a limit that names none."""
    limits = limits_of(chosen)
    outcomes = []
    for one in EXPECTATIONS:
        value, limit = float(one.measure(measured)), limits[one.name]
        met = one.met(value, limit)
        outcomes.append(Outcome(one.name, one.says, value, one.bound, limit, one.consequence, met, one.remedy))
    return outcomes


def enforce(outcomes: list[Outcome], reasons: Mapping[str, int]) -> None:
    """Raise QualityError when an expectation that stops the run is broken."""
    broken = [outcome for outcome in outcomes if outcome.consequence == "stop" and not outcome.met]
    if broken:
        listed = "; ".join(
            f"{reason}: {count}" for reason, count in sorted(reasons.items(), key=lambda r: (-r[1], r[0]))
        )
        raise QualityError(
            "; ".join(f"{one.says} is {one.value:g}, expected {one.bound} {one.limit:g}" for one in broken),
            where=f"set aside: {listed}" if listed else "no rows",
            remedy=broken[0].remedy,
        )
