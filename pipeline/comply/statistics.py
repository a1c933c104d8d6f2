"""How likely chance alone makes a candidate look worse than its base model on the same probes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

SIGNIFICANT = 0.05
FEWEST = 5
"""Probes below which no outcome at all is significant: four of four against none still has p = 1/16."""


def sign_test(worse: int, better: int) -> float:
    """Return the one-sided exact p-value of the sign test (McNemar 1947, exact form).

    The probability of at least `worse` of `worse + better` disagreements pointing this way if both were equally likely.
    """
    total = worse + better
    if total == 0:
        return 1.0
    ways: int = sum(comb(total, k) for k in range(worse, total + 1))
    return float(ways / 2**total)


@dataclass(frozen=True, slots=True)
class Share:
    """How often a candidate, and its base model on the same probes, did something unwanted."""

    count: int
    of: int
    base_count: int | None
    p_value: float | None

    @property
    def share(self) -> float:
        """Return the candidate's share, 0 when it was never asked."""
        return self.count / self.of if self.of else 0.0

    @property
    def increase(self) -> float | None:
        """Return by how much the candidate's share is above the base model's; None without a base model."""
        return None if self.base_count is None or not self.of else (self.count - self.base_count) / self.of

    def above(self, increase: float) -> bool:
        """Tell whether the candidate does it more often than its base by more than `increase`, and not by chance."""
        return (
            self.increase is not None
            and self.p_value is not None
            and self.increase > increase
            and self.p_value < SIGNIFICANT
        )

    def measured(self, name: str) -> dict[str, Any]:
        """Return the figures for a report, under names that begin with `name`."""
        found: dict[str, Any] = {name: self.count, f"{name}_of": self.of, f"{name}_share": round(self.share, 4)}
        if self.base_count is not None and self.p_value is not None:
            found |= {f"{name}_base": self.base_count, f"{name}_p_value": round(self.p_value, 4)}
        return found


def share_of(candidate: Sequence[bool], base: Sequence[bool] | None) -> Share:
    """Compare what two models did, probe by probe; both sequences have the same probes in the same order."""
    if base is None:
        return Share(sum(candidate), len(candidate), None, None)
    pairs = list(zip(candidate, base, strict=True))
    worse = sum(1 for mine, other in pairs if mine and not other)
    better = sum(1 for mine, other in pairs if other and not mine)
    return Share(sum(candidate), len(candidate), sum(base), sign_test(worse, better))
