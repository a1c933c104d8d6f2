"""Continued pre-training on raw company text (D6): next token for causal models, span corruption for T5.

The result stands in for the base model: training and tuning take its manifest.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from pipeline import model_cache
from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage
from pipeline.train import merging
from pipeline.train.environment import library_versions, processes, require_machine
from pipeline.train.facts import facts_of
from pipeline.train.fitting import fit, forget_checkpoints, publish_curves
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.pretraining_examples import examples_of
from pipeline.train.pretraining_texts import CODE, TrainingTexts
from pipeline.train.report import PRETRAINING, training_report
from pipeline.train.tracking import config_of

STAGE = "pretrain"


def run(settings: Settings, lake: Lake, *, run_id: str, base: Manifest, prepared: Manifest) -> Manifest:
    """Pre-train on the contexts and answers of the training split; return a manifest that can stand in for `base`.

    Its outputs are `model`, `curves` and `report`. A killed run continues from its newest checkpoint when it is tried
    again. Raises TrainingError when there is too little text, when a sequence-to-sequence tokenizer has no sentinels,
    or when this machine cannot do what the settings ask.
    """
    hyper = replace(
        Hyperparameters.of(settings.train),
        method="full",
        packing=False,
        **settings.pretrain.model_dump(exclude={"enabled"}),
    ).effective()
    count = processes(settings.train.processes, settings.train.device)

    def work(attempt: Attempt) -> None:
        require_machine(hyper.method, settings.train.device)
        require_unaltered(lake, prepared)
        folder = model_cache.checkout(settings, lake, base.output("model"))
        architecture = base.facts["architecture"]
        texts = TrainingTexts(lake, prepared.output("rows").uri)
        length, limit = settings.features.max_length, settings.train.max_validation_examples
        examples = examples_of(texts, folder, architecture, length, hyper.seed, limit)
        require_unaltered(lake, prepared)  # again, since they were read in between
        with tempfile.TemporaryDirectory(prefix="pretrain-") as scratch:
            out, config = Path(scratch) / "learnt", config_of(hyper, base, prepared)
            fitted = fit(settings, attempt, STAGE, base, hyper, examples, out, config=config)
            model = merging.round_model(fitted.folder, folder, architecture, Path(scratch) / "model")
            lake.upload_folder(model, attempt.uri("model"))
        training = facts_of(hyper, base, prepared, examples, fitted, count)
        attempt.facts.update(
            {
                **base.facts,
                "name": f"{base.facts['name']}+pretrained",
                "pretrained_on": {"texts": texts.texts, "left_out": texts.left_out, "digest": prepared.digest},
                "training": training,
            }
        )
        publish_curves(attempt, training_report(training, fitted.progress.curves, PRETRAINING), fitted)

    manifest = run_stage(
        lake,
        STAGE,
        work,
        run_id=run_id,
        inputs={"base-model": base, "prepare": prepared},
        parameters={
            **hyper.to_json(),
            "max_length": settings.features.max_length,
            "max_validation_examples": settings.train.max_validation_examples,
            "gradient_checkpointing": settings.train.gradient_checkpointing,
            "device": settings.train.device,
            "processes": count,
            **library_versions(),
        },
        packages=("train", "precision", "prompts", "special_tokens", *CODE),
    )
    if not manifest.cached:
        forget_checkpoints(lake, manifest)
    return manifest
