"""The model of the train stage as the search's first trial, when it was trained from what the search goes on from."""

from __future__ import annotations

import json

from pipeline.errors import TrainingError
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.tune.trials import Trial, name_of


def require_trained_on(base: Manifest, features: Manifest, trained: Manifest, method: str) -> None:
    """Raise TrainingError unless the train stage learnt from this base model and these features, by this method."""
    for name, given in (("base-model", base), ("features", features)):
        if (made_from := trained.inputs.get(name)) is None or made_from.digest != given.digest:
            raise TrainingError(
                f"The model of the train stage was not trained from these inputs: its {name} was another",
                where=trained.uri,
                remedy="Name the base model and the features that it was trained from, or train from these first",
            )
    if (used := trained.facts["hyperparameters"]["method"]) != method:
        raise TrainingError(
            f"The model of the train stage was trained with method = {used}, and the search is to use {method}",
            where=trained.uri,
            remedy=f"Set train.method = {used}, or run the train stage with {method} first",
        )


def first_trial(lake: Lake, trained: Manifest, default: Hyperparameters) -> Trial:
    """Return the train stage's run as the first trial."""
    facts = trained.facts
    lines = lake.read(f"{trained.output('curves').uri}/curves.jsonl").decode().splitlines()
    points = [json.loads(line) for line in lines]
    each = default.examples_per_step(facts["processes"])
    return Trial(
        name=name_of(default),
        hyperparameters=default.to_json(),
        loss=facts["validation_loss"],
        initial_loss=facts["initial_validation_loss"],
        steps=facts["steps"],
        planned_steps=facts["planned_steps"],
        best_step=facts["best_step"],
        stopped=facts["stopped"],
        forgetting=facts["forgetting"],
        curve=[(p["step"] * each, p["validation_loss"]) for p in points if "validation_loss" in p],
    )
