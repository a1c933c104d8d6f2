"""Checkpoints in the model store, if asked for: on a branch of their own, never where released models are."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import StoreError
from pipeline.log import get_logger
from pipeline.settings import Settings
from pipeline.train.checkpoints import Mirror

log = get_logger(__name__)
KEY_LETTERS = 12


def branch_of(prefix: str) -> str:
    """Return the branch for the checkpoints below a prefix of the lake, which ends with the work's key."""
    return f"checkpoints-{prefix.rstrip('/').rpartition('/')[2][:KEY_LETTERS]}"


def mirror_for(settings: Settings, prefix: str) -> Mirror | None:
    """Return what pushes a checkpoint's files, or None when `train.push_checkpoints` is off.

    Each push replaces the one before it; the branch's history keeps them all. A store that refuses or is away is
    logged and does not end the training: the checkpoints that a killed run goes on from are those in the lake.
    """
    if not settings.train.push_checkpoints:
        return None
    from pipeline.publish.store import ModelStore

    store, branch = ModelStore(settings), branch_of(prefix)

    def push(folder: Path, step: int) -> None:
        try:
            store.ensure()
            store.keep_aside(folder, branch, f"Checkpoint after step {step}")
        except StoreError as problem:
            log.warning("a checkpoint was not pushed; training goes on", step=step, branch=branch, cause=str(problem))

    return push
