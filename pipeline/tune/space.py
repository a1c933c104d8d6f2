"""What the search may choose: the space of hyperparameters, and from a point of it back to plain values.

Hyperopt answers with numpy scalars and with the *places* of choices; `hyperparameters` turns both into what they mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.settings import TuneSettings
from pipeline.train.hyperparameters import Hyperparameters

WARMUP = (0.0, 0.2)
ADAM_EPSILON_LOG = (math.log(1e-9), math.log(1e-6))
DROPOUT = (0.0, 0.15)
ALPHA_OVER_RANK = (1, 2, 4)
PATIENCE = (2, 3, 4)
INTEGERS = {"batch_size", "lora_rank", "lora_alpha", "early_stopping_patience"}


@dataclass(frozen=True, slots=True)
class Axis:
    """One hyperparameter of the space: a choice of values, or a range, uniform in itself or in its logarithm."""

    name: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[float, ...] = ()
    log: bool = False


def axes(settings: TuneSettings, default: Hyperparameters) -> list[Axis]:
    """Return the axes for a method; each contains the default's value, which is trial 0 of every search.

    A range without an extent is no axis: its value is the default's.
    """
    found = [
        _range("learning_rate", settings.learning_rate_log, default.learning_rate, log=True),
        _choice("batch_size", settings.batch_sizes, default.batch_size),
        _choice("epochs", settings.epochs, default.epochs),
        _range("weight_decay", settings.weight_decay, default.weight_decay),
        _range("warmup_ratio", WARMUP, default.warmup_ratio),
        _range("adam_epsilon", ADAM_EPSILON_LOG, default.adam_epsilon, log=True),
        _choice("early_stopping_patience", PATIENCE, default.early_stopping_patience),
    ]
    if default.method != "full":
        found += [
            _choice("lora_rank", settings.lora_ranks, default.lora_rank),
            _choice("alpha_over_rank", ALPHA_OVER_RANK, default.lora_alpha / default.lora_rank),
            _range("lora_dropout", DROPOUT, default.lora_dropout),
        ]
    return [axis for axis in found if axis.choices or not math.isclose(axis.low, axis.high)]


def hyperopt_space(space: Sequence[Axis]) -> dict[str, Any]:
    """Return the axes as hyperopt's expressions."""
    from hyperopt import hp

    made: dict[str, Any] = {}
    for axis in space:
        if axis.choices:
            made[axis.name] = hp.choice(axis.name, list(axis.choices))
        else:
            made[axis.name] = (hp.loguniform if axis.log else hp.uniform)(axis.name, axis.low, axis.high)
    return made


def default_point(space: Sequence[Axis], default: Hyperparameters) -> dict[str, float]:
    """Return the default configuration as a point in hyperopt's form: choices by their place."""
    values = {**default.to_json(), "alpha_over_rank": default.lora_alpha / default.lora_rank}
    return {axis.name: axis.choices.index(values[axis.name]) if axis.choices else values[axis.name] for axis in space}


def hyperparameters(values: Mapping[str, Any], default: Hyperparameters, step_budget: int = -1) -> Hyperparameters:
    """Return the configuration that the values of a point mean; what the space does not hold stays as in the default.

    `step_budget`, like `train.max_steps`, counts steps of the default configuration: a trial sees at most as many
    examples, whatever its batch, and no more than its epochs have.
    """
    plain = {name: value.item() if hasattr(value, "item") else value for name, value in values.items()}
    ratio = plain.pop("alpha_over_rank", None)
    for name in INTEGERS & plain.keys():
        plain[name] = int(plain[name])
    for name in plain.keys() - INTEGERS:
        plain[name] = float(plain[name])
    if ratio is not None:
        plain["lora_alpha"] = max(1, round(plain["lora_rank"] * float(ratio)))
    made = replace(default, **plain)
    if made == default:
        return default
    limits = [limit for limit in (step_budget, default.max_steps) if limit > 0]
    if not limits:
        return made
    examples = min(limits) * default.examples_per_step()
    return replace(made, max_steps=max(1, math.ceil(examples / made.examples_per_step())))


def _range(name: str, bounds: tuple[float, float], default: float, *, log: bool = False) -> Axis:
    inside = math.log(default) if log else default
    return Axis(name, min(bounds[0], inside), max(bounds[1], inside), log=log)


def _choice(name: str, values: Sequence[float], default: float) -> Axis:
    return Axis(name, choices=tuple(sorted({*values, default})))
