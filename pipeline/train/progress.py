"""Where a training run is: what its curves, judges, manifests and checkpoints say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Listener = Callable[[dict[str, Any]], None]
"""Hears every point of a run's curves: its `step` and what was measured there."""
Judge = Callable[["Progress"], str | None]
"""Is asked after each validation; a reason ends the run."""


@dataclass
class Progress:
    """Where a run is; all of it goes into checkpoints.

    `earlier_loss` is the loss on an earlier run's questions before and after; the first is that of the earlier run's
    model where `earlier_model` is true, else of the base model that training began with.
    """

    step: int = 0
    total: int = 0
    initial_loss: float | None = None
    best_loss: float = float("inf")
    best_step: int = 0
    waited: int = 0
    micro: int = 0
    stopped: str | None = None
    seconds: float = 0.0
    examples: int = 0
    tokens: int = 0
    answer_tokens: int = 0
    earlier_loss: tuple[float, float] | None = None
    earlier_model: bool = False
    curves: list[dict[str, float]] = field(default_factory=list)

    @property
    def validation(self) -> list[tuple[int, float]]:
        """Return the validation losses so far, as pairs of step and loss."""
        return [(int(p["step"]), p["validation_loss"]) for p in self.curves if "validation_loss" in p]
