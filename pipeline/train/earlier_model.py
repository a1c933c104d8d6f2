"""The model of an earlier run: how well it answers the earlier run's questions, to tell what a later one forgot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pipeline import model_cache
from pipeline.errors import TrainingError
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.model_folder import refuse_unsafe_files
from pipeline.settings import Settings
from pipeline.train import adapters
from pipeline.train.batching import Loader
from pipeline.train.environment import accelerator_for
from pipeline.train.examples import Examples
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.objective import objective_for
from pipeline.train.validation import mean_loss

STAGES = ("train", "tune")


def loss_of(settings: Settings, lake: Lake, base: Manifest, earlier: Manifest, questions: Examples) -> float:
    """Return the mean loss of an earlier run's model on some questions, in nats a token.

    `earlier` is the manifest of its stage train or tune, `base` that of the model that this run starts from; between
    either and the base model below them may be a pre-training. Raises TrainingError when it is another stage's, or was
    trained from another base model, PipelineError when its files could run code.
    """
    started = _start_of(lake, base, earlier)
    hyper = Hyperparameters.from_json(earlier.facts["hyperparameters"])
    accelerator, architecture = accelerator_for(settings.train.device), base.facts["architecture"]
    if "adapter" in earlier.outputs:
        folder = model_cache.checkout(settings, lake, started.output("model"))
        model = adapters.load_base(folder, architecture, hyper, accelerator.device)
        adapter = model_cache.checkout(settings, lake, earlier.output("adapter"))
        refuse_unsafe_files(adapter)
        model = _with_adapter(model, adapter)
    else:
        folder = model_cache.checkout(settings, lake, earlier.output("model"))
        refuse_unsafe_files(folder)
        model = adapters.load_base(folder, architecture, replace(hyper, method="lora"), accelerator.device)
    model.eval()
    objective = objective_for(adapters.plain(model), architecture)
    loss = mean_loss(objective, Loader(questions, architecture, 0), accelerator, settings.train.batch_size)
    del model, objective
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # other processes may train on this GPU
    return loss


def _with_adapter(model: Any, folder: Path) -> Any:
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(folder))
    except (OSError, ValueError, KeyError, RuntimeError) as problem:
        raise TrainingError(
            f"The earlier run's adapter does not fit the base model: {str(problem).splitlines()[0]}",
            where="train.earlier_model",
        ) from problem


def _start_of(lake: Lake, base: Manifest, earlier: Manifest) -> Manifest:
    """Return the manifest of the model that the earlier run started from."""
    if earlier.stage not in STAGES:
        raise TrainingError(
            f"This is a manifest of the stage {earlier.stage}, which trains no model",
            where=f"train.earlier_model = {earlier.uri}",
            remedy="Name the manifest of the earlier run's stage tune or train",
        )
    given = earlier.inputs["base-model"]
    started = base if given.digest == base.digest else load_manifest(lake, given.uri)
    if _below(started) != _below(base):
        name, other = base.facts["name"], earlier.facts["base_model"]
        raise TrainingError(
            f"The earlier model was trained from {other}, not from {name}"
            if other != name
            else f"The earlier model was trained from other weights or another tokenizer of {name} than this run's",
            where=f"train.earlier_model = {earlier.uri}",
            remedy="Leave it out: losses of two base models are not of the same tokens",
        )
    return started


def _below(model: Manifest) -> str:
    """Return the digest of the base model; of the one below, when the given one was pre-trained here."""
    return model.inputs["base-model"].digest if model.stage == "pretrain" else model.digest
