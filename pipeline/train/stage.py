"""Stage `train`: the base model fine-tuned with the configured hyperparameters, on features read through Feast."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from pipeline.errors import TrainingError
from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.settings import Settings
from pipeline.stage import Attempt, Manifest, load_manifest, run_stage
from pipeline.train import model_cache
from pipeline.train.checkpoint_branch import mirror_for
from pipeline.train.checkpoints import CheckpointStore
from pipeline.train.environment import library_versions, processes, require_machine
from pipeline.train.examples import Examples, read
from pipeline.train.fine_tuning import Fitted, Job, fine_tune, launch, states_folder
from pipeline.train.forgetting import Earlier, score, with_replay
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.progress import Progress
from pipeline.train.report import training_report
from pipeline.train.tracking import tracker_for

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
        earlier = earlier_for(settings, lake)
        examples = examples_for(settings, lake, features, earlier)
        with tempfile.TemporaryDirectory(prefix="train-") as scratch:
            fitted = _fit(settings, attempt, base, hyper, examples, Path(scratch) / "learnt", count, earlier)
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


def examples_for(
    settings: Settings, lake: Lake, features: Manifest, earlier: Earlier | None = None
) -> tuple[Examples, Examples]:
    """Read the training and the validation examples through Feast, as many as the settings allow.

    Examples of an earlier run are replayed in the share that the settings ask for. Raises TrainingError when a split is
    empty.
    """
    from pipeline.features.retrieval import training_batches

    chosen = settings.train
    columns = ("question_id", "token_ids", "labels")
    train = read(training_batches(settings, lake, features, "train", columns))
    validation = read(training_batches(settings, lake, features, "validation", columns))
    train = train.sample(chosen.max_train_examples, chosen.seed)
    if earlier and chosen.replay_share:
        train = with_replay(train, earlier, chosen.replay_share, chosen.seed)
    if not len(train) or not len(validation):
        raise TrainingError(
            f"{len(train)} training and {len(validation)} validation examples are not enough",
            where=features.uri,
            remedy="Check the splits of the prepare stage and the rows that the features stage set aside",
        )
    return train, validation.sample(chosen.max_validation_examples, chosen.seed)


def require_features_of(base: Manifest, features: Manifest) -> None:
    """Raise TrainingError when features were made for another base model: their token ids mean something else."""
    made_for = features.inputs.get("base-model")
    # a model that was pre-trained further keeps the tokenizer of the one it came from
    known = {base.digest, *(reference.digest for reference in base.inputs.values())}
    if made_for is not None and made_for.digest not in known:
        raise TrainingError(
            f"The features were made for {features.facts.get('base_model', 'another base model')}, not for "
            f"{base.facts['name']}",
            where=features.uri,
            remedy="Run the features stage with this base model",
        )


def earlier_for(settings: Settings, lake: Lake) -> Earlier | None:
    """Read what an earlier run learnt from and its held-out questions, when the settings name its features."""
    if settings.train.earlier_features is None:
        return None
    manifest = load_manifest(lake, settings.train.earlier_features)
    from pipeline.features.retrieval import training_batches

    columns = ("question_id", "token_ids", "labels")
    train = read(training_batches(settings, lake, manifest, "train", columns))
    held_out = read(training_batches(settings, lake, manifest, "test", columns))
    limit = settings.train.max_validation_examples
    return Earlier(train, held_out.sample(limit, settings.train.seed))


def data_parameters(settings: Settings) -> dict[str, Any]:
    """Return the settings that decide which examples are used and how."""
    names = (
        "max_train_examples",
        "max_validation_examples",
        "gradient_checkpointing",
        "device",
        "replay_share",
        "ewc_strength",
    )
    return {name: getattr(settings.train, name) for name in names}


def checkpoint_prefix(lake: Lake, stage: str, key: str) -> str:
    """Return where the checkpoints of a piece of work are: found again by every attempt at it."""
    return lake.uri("checkpoints", stage, key)


def _fit(
    settings: Settings,
    attempt: Attempt,
    base: Manifest,
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
    if count > 1:
        if earlier:
            attempt.warn("What is forgotten is measured, and consolidated, with one process only")
        return launch(job, *examples, out, processes=count, lake=settings.lake)
    tracker = tracker_for(
        settings,
        name=f"{STAGE}-{attempt.key[:8]}",
        group=STAGE,
        config={**hyper.to_json(), "run_id": attempt.run_id, "base_model": base.facts["name"]},
    )
    prefix = str(job.checkpoint_prefix)
    store = CheckpointStore(attempt.lake, prefix, chosen.keep_checkpoints, mirror_for(settings, prefix))
    fitted = fine_tune(job, *examples, out, checkpoints=store, listener=tracker.log, earlier=earlier)
    tracker.finish({"validation_loss": fitted.progress.best_loss, "steps": fitted.progress.step})
    return fitted


def _complete_model(settings: Settings, lake: Lake, base: Manifest, folder: Path) -> None:
    """Put the tokenizer beside fully trained weights, so that the folder loads by itself."""
    from pipeline.train.merging import complete

    complete(model_cache.checkout(settings, lake, base.output("model")), folder)


def facts_of(
    hyper: Hyperparameters,
    base: Manifest,
    features: Manifest,
    examples: tuple[Examples, Examples],
    fitted: Fitted,
    count: int,
) -> dict[str, Any]:
    """Return what people, reviews and model cards want to know about a run."""
    progress = fitted.progress
    seconds = max(progress.seconds, 1e-9)
    return {
        "base_model": base.facts["name"],
        "base_digest": base.output("model").digest,
        "features_digest": features.digest,
        "hyperparameters": hyper.to_json(),
        "initial_validation_loss": progress.initial_loss,
        "validation_loss": progress.best_loss,
        "best_step": progress.best_step,
        "steps": progress.step,
        "planned_steps": progress.total,
        "stopped": progress.stopped,
        "batch_after_memory_limits": progress.micro,
        "train_examples": len(examples[0]),
        "validation_examples": len(examples[1]),
        "train_tokens": int(examples[0].lengths.sum()),
        "trainable_parameters": fitted.trainable_parameters,
        "seconds": round(progress.seconds, 2),
        "examples_per_second": round(progress.examples / seconds, 3),
        "answer_tokens_per_second": round(progress.answer_tokens / seconds, 2),
        "forgetting": _forgetting(progress),
        "seeds": {"data": hyper.seed, "weights": hyper.seed, "dropout": hyper.seed},
        "processes": count,
        "libraries": library_versions(),
    }


def _forgetting(progress: Progress) -> dict[str, float] | None:
    if progress.earlier_loss is None:
        return None
    before, after = progress.earlier_loss
    return {"loss_before": before, "loss_after": after, "score": score(before, after)}


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
