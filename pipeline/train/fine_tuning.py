"""One fine-tuning run in this process, which may be one of several: the same job, the same result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.prompts import Architecture
from pipeline.settings import Settings
from pipeline.train import adapters
from pipeline.train.checkpoints import CheckpointStore
from pipeline.train.environment import Device, accelerator_for, be_deterministic, require_machine
from pipeline.train.examples import Examples
from pipeline.train.forgetting import Earlier
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.progress import Listener, Progress
from pipeline.train.session import Session

JOB, TRAIN, VALIDATION, RESULT = "job.json", "train.npz", "validation.npz", "progress.json"
EARLIER_TRAIN, EARLIER_VALIDATION = "earlier-train.npz", "earlier-validation.npz"


@dataclass(frozen=True)
class Job:
    """What to train: a local model folder, the hyperparameters, and where checkpoints go."""

    model: Path
    architecture: Architecture
    hyper: Hyperparameters
    device: Device = "auto"
    checkpoint_prefix: str | None = None
    checkpoint_steps: int = 0
    keep_checkpoints: int = 2
    gradient_checkpointing: bool = False
    states_folder: Path | None = None
    ewc_strength: float = 0.0


@dataclass(frozen=True)
class Fitted:
    """What came out: the folder with the adapter or the model, how it went, and how many parameters learnt.

    `shorter_stacks` has the stacks of layers that have fewer than the hyperparameters asked for, with their lengths.
    """

    folder: Path
    progress: Progress
    trainable_parameters: int
    shorter_stacks: Mapping[str, int] = field(default_factory=dict)


def fine_tune(
    job: Job,
    train: Examples,
    validation: Examples,
    out: Path,
    *,
    checkpoints: CheckpointStore | None = None,
    listener: Listener | None = None,
    earlier: Earlier | None = None,
) -> Fitted:
    """Train in this process, which may be one of several that accelerate started, and write what was learnt to `out`.

    With `earlier`, the loss on an earlier run's questions is measured before and after.

    Raises TrainingError when the job cannot be done on this machine.
    """
    require_machine(job.hyper.method, job.device)
    be_deterministic(job.hyper.seed)
    accelerator = accelerator_for(job.device)
    session = Session(
        job.model,
        job.architecture,
        train,
        validation,
        accelerator=accelerator,
        states_folder=job.states_folder,
        gradient_checkpointing=job.gradient_checkpointing,
        earlier=earlier,
        ewc_strength=job.ewc_strength,
    )
    model, progress = session.fit(
        job.hyper, checkpoints=checkpoints, checkpoint_steps=job.checkpoint_steps, listener=listener
    )
    count = sum(parameter.numel() for parameter in adapters.trainable(model).values())
    if accelerator.is_main_process:
        adapters.save(model, job.hyper, out)
    layers = None if job.hyper.method == "full" else job.hyper.lora_layers
    return Fitted(out, progress, count, adapters.shorter_stacks(model, layers))


def write_job(folder: Path, job: Job, train: Examples, validation: Examples, earlier: Earlier | None = None) -> None:
    """Write a job for worker processes."""
    content: dict[str, Any] = {
        "model": str(job.model),
        "architecture": job.architecture,
        "hyper": job.hyper.to_json(),
        "device": job.device,
        "checkpoint_prefix": job.checkpoint_prefix,
        "checkpoint_steps": job.checkpoint_steps,
        "keep_checkpoints": job.keep_checkpoints,
        "gradient_checkpointing": job.gradient_checkpointing,
        "ewc_strength": job.ewc_strength,
        "earlier_loss": earlier.loss if earlier else None,
    }
    (folder / JOB).write_text(json.dumps(content), encoding="utf-8")
    train.save(folder / TRAIN)
    validation.save(folder / VALIDATION)
    if earlier is not None:
        earlier.train.save(folder / EARLIER_TRAIN)
        earlier.validation.save(folder / EARLIER_VALIDATION)


def read_job(folder: Path) -> tuple[Job, Examples, Examples, Earlier | None]:
    """Read a job that `write_job` wrote."""
    content = json.loads((folder / JOB).read_text(encoding="utf-8"))
    loss = content.pop("earlier_loss")
    job = Job(**{**content, "model": Path(content["model"]), "hyper": Hyperparameters(**content["hyper"])})
    earlier = None
    if (folder / EARLIER_TRAIN).is_file():
        earlier = Earlier(Examples.load(folder / EARLIER_TRAIN), Examples.load(folder / EARLIER_VALIDATION), loss)
    return job, Examples.load(folder / TRAIN), Examples.load(folder / VALIDATION), earlier


def states_folder(settings: Settings) -> Path:
    """Return where frozen layers' outputs are kept on this machine between a run and its search."""
    return settings.state_dir / "cache" / "states"
