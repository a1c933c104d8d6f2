"""Stage `train`: the base model fine-tuned with the configured hyperparameters, on features read through Feast."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.settings import Settings
from pipeline.stage import Attempt, Manifest, load_manifest, run_stage
from pipeline.train import model_cache
from pipeline.train.checkpoint_branch import mirror_for
from pipeline.train.checkpoints import CheckpointStore, checkpoint_prefix
from pipeline.train.environment import library_versions, processes, require_machine
from pipeline.train.examples import Examples
from pipeline.train.facts import facts_of
from pipeline.train.fine_tuning import Fitted, Job, fine_tune, launch, states_folder
from pipeline.train.forgetting import Earlier
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.report import training_report
from pipeline.train.tracking import config_of, tracker_for
from pipeline.train.training_data import data_parameters, earlier_for, examples_for, require_features_of

STAGE = "train"


def run(settings: Settings, lake: Lake, *, run_id: str, base: Manifest, features: Manifest) -> Manifest:
    """Fine-tune and return the manifest with the outputs `adapter` (or `model` for full), `curves` and `report`.

    A killed run continues from its newest checkpoint when it is tried again. Raises TrainingError when this machine
    cannot do what the settings ask, or when there is nothing to learn from.
    """
    hyper = Hyperparameters.of(settings.train)
    count = processes(settings.train.processes, settings.train.device)

    earlier_manifest = load_manifest(lake, settings.train.earlier_features) if settings.train.earlier_features else None

    def work(attempt: Attempt) -> None:
        require_machine(settings.train.method, settings.train.device)
        require_features_of(base, features)
        require_unaltered(lake, features)
        earlier = earlier_for(settings, lake, base)
        if earlier and not len(earlier.validation):
            attempt.warn("What is forgotten cannot be measured: the earlier run has no test questions")
        examples = examples_for(settings, lake, features, earlier)
        with tempfile.TemporaryDirectory(prefix="train-") as scratch:
            fitted = _fit(settings, attempt, base, features, hyper, examples, Path(scratch) / "learnt", count, earlier)
            name = "model" if hyper.method == "full" else "adapter"
            if name == "model":
                _complete_model(settings, lake, base, fitted.folder)
            attempt.lake.upload_folder(fitted.folder, attempt.uri(name))
        attempt.facts.update(facts_of(hyper, base, features, examples, fitted, count))
        _publish(attempt, fitted)

    manifest = run_stage(
        lake,
        STAGE,
        work,
        run_id=run_id,
        inputs={
            "base-model": base,
            "features": features,
            **({"earlier-features": earlier_manifest} if earlier_manifest else {}),
        },
        parameters={**hyper.to_json(), **data_parameters(settings), "processes": count, **library_versions()},
        packages=("train",),
    )
    if not manifest.cached:
        CheckpointStore(lake, checkpoint_prefix(lake, STAGE, manifest.key)).clear()
    return manifest


def _fit(
    settings: Settings,
    attempt: Attempt,
    base: Manifest,
    features: Manifest,
    hyper: Hyperparameters,
    examples: tuple[Examples, Examples],
    out: Path,
    count: int,
    earlier: Earlier | None,
) -> Fitted:
    chosen = settings.train
    job = Job(
        model=model_cache.checkout(settings, attempt.lake, base.output("model")),
        architecture=base.facts["architecture"],
        hyper=hyper,
        device=chosen.device,
        checkpoint_prefix=checkpoint_prefix(attempt.lake, STAGE, attempt.key),
        checkpoint_steps=chosen.checkpoint_steps,
        keep_checkpoints=chosen.keep_checkpoints,
        gradient_checkpointing=chosen.gradient_checkpointing,
        states_folder=states_folder(settings),
        ewc_strength=chosen.ewc_strength,
    )
    tracker = tracker_for(
        settings,
        name=f"{STAGE}-{attempt.key[:8]}",
        group=STAGE,
        config={"run_id": attempt.run_id, **config_of(hyper, base, features)},
    )
    if count > 1:
        fitted = launch(job, *examples, out, processes=count, lake=settings.lake, earlier=earlier)
        for point in fitted.progress.curves:
            tracker.log(point)
    else:
        prefix = str(job.checkpoint_prefix)
        store = CheckpointStore(attempt.lake, prefix, chosen.keep_checkpoints, mirror_for(settings, prefix))
        fitted = fine_tune(job, *examples, out, checkpoints=store, listener=tracker.log, earlier=earlier)
    tracker.finish({"validation_loss": fitted.progress.best_loss, "steps": fitted.progress.step})
    return fitted


def _complete_model(settings: Settings, lake: Lake, base: Manifest, folder: Path) -> None:
    """Put the tokenizer beside fully trained weights, so that the folder loads by itself."""
    from pipeline.train.merging import complete

    complete(model_cache.checkout(settings, lake, base.output("model")), folder)


def _publish(attempt: Attempt, fitted: Fitted) -> None:
    """Write curves and report; both hold no times, so that equal runs have equal bytes."""
    lines = "".join(json.dumps(point, sort_keys=True) + "\n" for point in fitted.progress.curves)
    attempt.lake.write(attempt.uri("curves", "curves.jsonl"), lines.encode())
    report = training_report(attempt.facts, fitted.progress.curves)
    attempt.lake.write(attempt.uri("report", "report.html"), report.html().encode())
    steady = {name: value for name, value in attempt.facts.items() if "second" not in name}
    attempt.lake.write(attempt.uri("report", "report.json"), json.dumps(steady, sort_keys=True, indent=2).encode())
    if fitted.progress.stopped and "not a number" in fitted.progress.stopped:
        attempt.warn(f"Training ended early: {fitted.progress.stopped}; the best weights before it are kept")
