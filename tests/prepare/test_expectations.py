"""What all prepared rows together must be like."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.prepare.duplicates import CHANGED, EXACT, NEAR
from pipeline.prepare.figures import Figures
from pipeline.prepare.quality.expectations import DUPLICATE, Measured, Outcome, check, enforce
from pipeline.settings import PrepareSettings


def outcome(reasons: dict[str, int], **limits: float) -> tuple[Outcome, list[Outcome]]:
    """Return how the share of duplicates among a hundred rows comes out, and all others."""
    aside = sum(reasons.values())
    figures = Figures(kept=100 - aside, aside=aside, reasons=Counter(reasons), splits=Counter(train=100 - aside))
    decided = {"leakage": {"removed": 0, "checked": 10}}
    outcomes = check(Measured(figures, decided), PrepareSettings(limits=limits))
    return next(one for one in outcomes if one.name == "duplicate_share"), outcomes


def test_the_share_of_duplicates_is_that_of_exact_and_near_ones() -> None:
    assert DUPLICATE == (EXACT, NEAR)
    assert outcome({EXACT: 20, NEAR: 5, CHANGED: 3, "the answer is too long": 2})[0].value == 0.25


@pytest.mark.parametrize(
    ("copies", "limits", "met"),
    [(50, {}, True), (51, {}, False), (51, {"duplicate_share": 0.6}, True), (30, {"duplicate_share": 0.2}, False)],
)
def test_many_duplicates_warn_and_stop_nothing(copies: int, limits: dict[str, float], met: bool) -> None:
    found, outcomes = outcome({EXACT: copies}, **limits)
    assert found.met == met
    assert found.consequence == "warn"
    enforce(outcomes, {})
