"""What decides a training run besides model and data: one frozen value that settings, trials and manifests share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from pipeline.errors import TrainingError
from pipeline.settings import TrainSettings

Method = Literal["full", "lora", "qlora"]
SCHEDULERS = ("cosine", "linear", "constant")


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """One configuration of fine-tuning; the names are those of the `[train]` settings, which explain them."""

    method: Method
    learning_rate: float
    batch_size: int
    gradient_accumulation: int
    epochs: float
    max_steps: int
    weight_decay: float
    adam_epsilon: float
    max_grad_norm: float
    warmup_ratio: float
    scheduler: str
    lora_rank: int
    lora_alpha: int
    lora_dropout: float
    lora_layers: int | None
    packing: bool
    early_stopping_patience: int
    eval_steps: int
    seed: int

    @classmethod
    def of(cls, settings: TrainSettings) -> Hyperparameters:
        """Read them from the settings. Raises TrainingError for a schedule that does not exist."""
        if settings.scheduler not in SCHEDULERS:
            raise TrainingError(
                "There is no such learning-rate schedule",
                where=f"train.scheduler = {settings.scheduler}",
                remedy=f"Use one of: {', '.join(SCHEDULERS)}",
            )
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)}).effective()

    def effective(self) -> Hyperparameters:
        """Return them with the adapter's values at rest when every weight learns.

        Then no adapter exists, and a change of its rank makes no other run.
        """
        if self.method != "full":
            return self
        return replace(self, lora_rank=1, lora_alpha=1, lora_dropout=0.0, lora_layers=None)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Hyperparameters:
        """Return those that `to_json` gave. Raises TrainingError when another version of this code recorded them."""
        try:
            return cls(**values)
        except TypeError as problem:
            raise TrainingError(
                f"The hyperparameters were recorded by another version: {problem}", remedy="Run the train stage again"
            ) from None

    def to_json(self) -> dict[str, Any]:
        """Return them as plain values."""
        return asdict(self)

    def steps(self, examples: int, processes: int = 1) -> int:
        """Return the number of optimiser steps for a number of examples: the epochs', and no more than `max_steps`."""
        planned = max(1, math.ceil(self.steps_per_epoch(examples, processes) * self.epochs))
        return min(planned, self.max_steps) if self.max_steps > 0 else planned

    def steps_per_epoch(self, examples: int, processes: int = 1) -> int:
        """Return how many optimiser steps see every example once."""
        return max(1, math.ceil(examples / self.examples_per_step(processes)))

    def examples_per_step(self, processes: int = 1) -> int:
        """Return how many examples one optimiser step learns from, over all processes."""
        return self.batch_size * self.gradient_accumulation * processes

    def rate(self, step: int, total: int) -> float:
        """Return the learning rate of a step (from 0): linear warm-up, then the schedule down to zero.

        A pure function of the step, so that a resumed run has no scheduler state to restore.
        """
        warmup = round(total * self.warmup_ratio)
        if step < warmup:
            return self.learning_rate * (step + 1) / (warmup + 1)
        done = (step - warmup) / max(1, total - warmup)
        if self.scheduler == "cosine":
            return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
        return self.learning_rate * (1 - done if self.scheduler == "linear" else 1.0)
