"""The model of the train stage as the search's first trial, when it was trained from what the search goes on from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline.errors import TrainingError
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.tune.trials import Trial, name_of

SAME = ("data_seed", "max_train_examples", "max_validation_examples", "replay_share", "ewc_strength")
"""Settings of `[train]` that decide what trials learn from and are measured on: one comparison needs one of each."""


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


def require_same_examples(trained: Manifest, parameters: Mapping[str, Any], earlier: Mapping[str, Manifest]) -> None:
    """Raise TrainingError unless trials would learn from, and be measured on, the examples of the train stage.

    `parameters` are those of the search, `earlier` the features of an earlier run that it goes by.
    """
    # Its facts name the seed as well, also where its parameters do not.
    known = {"data_seed": trained.facts.get("hyperparameters", {}).get("seed"), **trained.parameters}
    for name in SAME:
        if (used := known.get(name)) != parameters[name]:
            setting = f"train.{name.removeprefix('data_')}"
            raise TrainingError(
                f"The model of the train stage was trained with {setting} = {used}, and the search is to use "
                f"{parameters[name]}: its trials could not be compared with that model",
                where=trained.uri,
                remedy=f"Set {setting} = {used}, or run the train stage with the present settings first",
            )
    if not (parameters["replay_share"] or parameters["ewc_strength"]):
        return
    for name, given in earlier.items():
        if name not in trained.inputs or trained.inputs[name].digest != given.digest:
            raise TrainingError(
                "The model of the train stage held on to the examples of another earlier run than the search is to",
                where=f"train.earlier_features = {given.uri}",
                remedy="Name the earlier run that it was trained with, or run the train stage with this one first",
            )
    if trained.parameters.get("forbidden_licences") != parameters.get("forbidden_licences"):
        raise TrainingError(
            "The policy forbids other licences of the earlier run's examples than when the train stage replayed them",
            where=trained.uri,
            remedy="Run the train stage again: it leaves out what is forbidden now",
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
