"""Stage `train`: the base model fine-tuned with the configured hyperparameters, on features read through Feast."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from pipeline import model_cache
from pipeline.features.replayed import list_replayed
from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage
from pipeline.train.environment import library_versions, processes, require_machine
from pipeline.train.facts import facts_of
from pipeline.train.fitting import fit, forget_checkpoints, publish_curves
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.replay import code_of, forbidden_licences
from pipeline.train.report import training_report
from pipeline.train.tracking import config_of
from pipeline.train.training_data import (
    data_parameters,
    earlier_for,
    earlier_inputs,
    earlier_parameters,
    examples_for,
    require_features_of,
)

STAGE = "train"


def run(settings: Settings, lake: Lake, *, run_id: str, base: Manifest, features: Manifest) -> Manifest:
    """Fine-tune and return the manifest with the outputs `adapter` (or `model` for full), `curves` and `report`.

    With replay `replayed` lists the questions of the earlier run.

    A killed run continues from its newest checkpoint when it is tried again. Raises TrainingError when this machine
    cannot do what the settings ask, or when there is nothing to learn from.
    """
    hyper = Hyperparameters.of(settings.train)
    count = processes(settings.train.processes, settings.train.device)

    def work(attempt: Attempt) -> None:
        require_machine(settings.train.method, settings.train.device)
        require_features_of(base, features)
        require_unaltered(lake, features)
        earlier = earlier_for(settings, lake, base)
        if earlier and not len(earlier.validation):
            attempt.warn("What is forgotten cannot be measured: the earlier run has no test questions")
        data = examples_for(settings, lake, features, earlier, forbidden_licences(settings, lake))
        examples = data.train, data.validation
        if settings.train.replay_share:
            list_replayed(attempt, data.replayed)
        with tempfile.TemporaryDirectory(prefix="train-") as scratch:
            config = config_of(hyper, base, features)
            out = Path(scratch) / "learnt"
            fitted = fit(settings, attempt, STAGE, base, hyper, examples, out, config=config, earlier=earlier)
            name = "model" if hyper.method == "full" else "adapter"
            if name == "model":
                _complete_model(settings, lake, base, fitted.folder)
            attempt.lake.upload_folder(fitted.folder, attempt.uri(name))
        attempt.facts.update(facts_of(hyper, base, features, examples, fitted, count))
        for stack, layers in fitted.shorter_stacks.items():
            attempt.warn(
                f"train.lora_layers asks for {hyper.lora_layers} layers; {stack} has {layers}, and all of them learn"
            )
        publish_curves(attempt, training_report(attempt.facts, fitted.progress.curves), fitted)
        steady = {name: value for name, value in attempt.facts.items() if "second" not in name}
        attempt.lake.write(attempt.uri("report", "report.json"), json.dumps(steady, sort_keys=True, indent=2).encode())

    manifest = run_stage(
        lake,
        STAGE,
        work,
        run_id=run_id,
        inputs={"base-model": base, "features": features, **earlier_inputs(settings, lake)},
        parameters={
            **hyper.to_json(),
            **data_parameters(settings),
            **earlier_parameters(settings, lake),
            "processes": count,
            **library_versions(),
        },
        packages=("train", "precision", *code_of(settings)),
    )
    if not manifest.cached:
        forget_checkpoints(lake, manifest)
    return manifest


def _complete_model(settings: Settings, lake: Lake, base: Manifest, folder: Path) -> None:
    """Put the tokenizer beside fully trained weights, so that the folder loads by itself."""
    from pipeline.train.merging import complete

    complete(model_cache.checkout(settings, lake, base.output("model")), folder)
