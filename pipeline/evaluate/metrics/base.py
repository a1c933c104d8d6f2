"""What a metric is: declared fields, one value over a set of outcomes, and what resampling needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluate.examples import Outcome

Floats = NDArray[np.float64]
Group = Literal["answers", "refusals", "classification", "language", "style"]


class Metric(ABC):
    """One number over a set of outcomes.

    `statistics` turns each outcome into a row of numbers whose sums decide the metric, `combine` turns summed rows into
    values: that makes thousands of bootstrap samples two matrix products. A metric that is no function of sums (the
    share of distinct n-grams, say) returns None and gets no interval.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    group: ClassVar[Group]
    measures: ClassVar[str]
    source: ClassVar[str]
    higher_is_better: ClassVar[bool | None]
    range: ClassVar[tuple[float, float]]
    unit: ClassVar[str]
    is_mean: ClassVar[bool] = False
    """Whether the value is the mean of a score over the outcomes to which the metric applies."""

    def applies(self, outcome: Outcome) -> bool:
        """Tell whether the metric can say anything about an outcome."""
        return True

    @abstractmethod
    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return the metric over all outcomes to which it applies; NaN when there is none."""

    def statistics(self, outcomes: Sequence[Outcome]) -> Floats | None:
        """Return one row of additive statistics per outcome (zeros where the metric does not apply), or None."""
        return None

    def combine(self, totals: Floats) -> Floats:
        """Return the metric of each row of summed statistics; NaN where it is not defined."""
        raise NotImplementedError(f"{self.name} has no additive statistics")

    def selected(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Return the outcomes to which the metric applies."""
        return [outcome for outcome in outcomes if self.applies(outcome)]


class PerAnswer(Metric):
    """A metric that is the mean of a score of each answer."""

    is_mean = True

    @abstractmethod
    def score(self, outcome: Outcome) -> float:
        """Return the score of one answer; only called where the metric applies."""

    def value(self, outcomes: Sequence[Outcome]) -> float:
        """Return the mean score."""
        scores = [self.score(outcome) for outcome in self.selected(outcomes)]
        return float(np.mean(scores)) if scores else float("nan")

    def statistics(self, outcomes: Sequence[Outcome]) -> Floats:
        """Return score and one for each outcome."""
        rows = [(self.score(outcome), 1.0) if self.applies(outcome) else (0.0, 0.0) for outcome in outcomes]
        return np.array(rows, dtype=np.float64).reshape(len(rows), 2)

    def combine(self, totals: Floats) -> Floats:
        """Return sums over counts."""
        return ratio(totals[:, 0], totals[:, 1])


class BestReference(PerAnswer):
    """A per-answer score against the reference that suits the answer best."""

    group = "answers"

    @abstractmethod
    def against(self, prediction: str, reference: str, language: str | None) -> float:
        """Return the score of an answer against one reference."""

    def score(self, outcome: Outcome) -> float:
        """Return the best score over the references."""
        language = outcome.example.language
        return max(self.against(outcome.prediction, text, language) for text in outcome.example.references)


def ratio(numerator: Floats, denominator: Floats, empty: float = float("nan")) -> Floats:
    """Return a quotient, `empty` where the denominator is nought."""
    result = np.full(np.broadcast(numerator, denominator).shape, empty, dtype=np.float64)
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result
