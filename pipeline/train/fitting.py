"""A stage's training: in as many processes as the settings ask for, kept in the lake, and told to the tracker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline import model_cache
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.stage import Attempt
from pipeline.train.checkpoint_branch import mirror_for
from pipeline.train.checkpoints import CheckpointStore, checkpoint_prefix
from pipeline.train.environment import processes
from pipeline.train.examples import Examples
from pipeline.train.fine_tuning import Fitted, Job, fine_tune, states_folder
from pipeline.train.forgetting import Earlier
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.launching import launch
from pipeline.train.report import Report
from pipeline.train.tracking import tracker_for


def fit(
    settings: Settings,
    attempt: Attempt,
    stage: str,
    base: Manifest,
    hyper: Hyperparameters,
    examples: tuple[Examples, Examples],
    out: Path,
    *,
    config: Mapping[str, Any],
    earlier: Earlier | None = None,
) -> Fitted:
    """Train on `examples` (training, validation) and write what was learnt to `out`.

    Goes on from the newest checkpoint of the same piece of work. `config` is what the tracker keeps of the run. Raises
    TrainingError when this machine cannot do what the settings ask.
    """
    chosen = settings.train
    prefix = checkpoint_prefix(attempt.lake, stage, attempt.key)
    job = Job(
        model=model_cache.checkout(settings, attempt.lake, base.output("model")),
        architecture=base.facts["architecture"],
        hyper=hyper,
        device=chosen.device,
        checkpoint_prefix=prefix,
        checkpoint_steps=chosen.checkpoint_steps,
        keep_checkpoints=chosen.keep_checkpoints,
        gradient_checkpointing=chosen.gradient_checkpointing,
        states_folder=states_folder(settings),
        ewc_strength=chosen.ewc_strength,
    )
    tracker = tracker_for(
        settings, name=f"{stage}-{attempt.key[:8]}", group=stage, config={"run_id": attempt.run_id, **config}
    )
    count = processes(chosen.processes, chosen.device)
    summary: dict[str, Any] = {}
    try:
        if count > 1:
            fitted = launch(job, *examples, out, processes=count, lake=settings.lake, earlier=earlier)
            for point in fitted.progress.curves:
                tracker.log(point)
        else:
            mirror, key = mirror_for(settings, prefix), settings.audit.signing_key
            store = CheckpointStore(attempt.lake, prefix, chosen.keep_checkpoints, mirror, key)
            fitted = fine_tune(job, *examples, out, checkpoints=store, listener=tracker.log, earlier=earlier)
        summary = {"validation_loss": fitted.progress.best_loss, "steps": fitted.progress.step}
    finally:
        tracker.finish(summary)  # also after a failure: a tracker has one run open at a time
    return fitted


def publish_curves(attempt: Attempt, report: Report, fitted: Fitted) -> None:
    """Write curves and report; both hold no times, so that equal runs have equal bytes."""
    lines = "".join(json.dumps(point, sort_keys=True) + "\n" for point in fitted.progress.curves)
    attempt.lake.write(attempt.uri("curves", "curves.jsonl"), lines.encode())
    attempt.lake.write(attempt.uri("report", "report.html"), report.html().encode())
    if fitted.progress.stopped and "not a number" in fitted.progress.stopped:
        attempt.warn(f"Training ended early: {fitted.progress.stopped}; the best weights before it are kept")


def forget_checkpoints(lake: Lake, manifest: Manifest) -> None:
    """Remove the checkpoints of a stage's finished work."""
    CheckpointStore(lake, checkpoint_prefix(lake, manifest.stage, manifest.key)).clear()
