"""What a training run's manifest says of it, for people, reviews and model cards."""

from __future__ import annotations

from typing import Any

from pipeline.manifest import Manifest
from pipeline.train.environment import library_versions
from pipeline.train.examples import Examples
from pipeline.train.fine_tuning import Fitted
from pipeline.train.forgetting import forgetting_of
from pipeline.train.hyperparameters import Hyperparameters


def facts_of(
    hyper: Hyperparameters,
    base: Manifest,
    data: Manifest,
    examples: tuple[Examples, Examples],
    fitted: Fitted,
    count: int,
) -> dict[str, Any]:
    """Return what people, reviews and model cards want to know about a run on examples made from `data`."""
    progress = fitted.progress
    seconds = max(progress.seconds, 1e-9)
    return {
        "base_model": base.facts["name"],
        "base_digest": base.output("model").digest,
        f"{data.stage}_digest": data.digest,
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
        "forgetting": forgetting_of(progress),
        "seeds": {"data": hyper.seed, "weights": hyper.seed, "dropout": hyper.seed},
        "processes": count,
        "libraries": library_versions(),
    }
