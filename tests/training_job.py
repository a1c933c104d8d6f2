"""A fine-tuning job that a test and a process of its own both know: one can go on where the other was killed."""

from __future__ import annotations

from pathlib import Path

import torch
from tiny_training import hyper

from pipeline.lake import open_lake
from pipeline.settings import LakeSettings
from pipeline.train.checkpoints import CheckpointStore
from pipeline.train.fine_tuning import Job


def job_for(model: Path) -> Job:
    """Return 60 steps with a checkpoint after every fifth."""
    torch.set_num_threads(1)
    settings = hyper(lora_dropout=0.1, epochs=10.0, early_stopping_patience=0)
    return Job(model, "causal", settings, device="cpu", checkpoint_steps=5)


def store_in(folder: Path) -> CheckpointStore:
    """Return the checkpoints in a lake in a folder."""
    lake = open_lake(LakeSettings(uri=str(folder)))
    return CheckpointStore(lake, lake.uri("checkpoints", "x"))
