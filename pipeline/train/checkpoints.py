"""Checkpoints in the lake: each complete or absent, kept to a number, found again by a stage that is tried again.

A training that goes on from one takes all its weights from it, so each carries a seal.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.model_folder import file_digest
from pipeline.seals import Seal

if TYPE_CHECKING:
    import torch
    from pydantic import SecretStr

log = get_logger(__name__)
STATE = "state.json"
TENSORS = "tensors.safetensors"
Mirror = Callable[[Path, int], None]


def checkpoint_prefix(lake: Lake, stage: str, key: str) -> str:
    """Return where the checkpoints of a piece of work are: found again by every attempt at it."""
    return lake.uri("checkpoints", stage, key)


@dataclass(frozen=True)
class Checkpoint:
    """A training run at a step: its tensors and its plain state."""

    step: int
    tensors: dict[str, torch.Tensor]
    state: dict[str, Any]


class CheckpointStore:
    """The checkpoints of one piece of training, below `prefix`."""

    def __init__(
        self, lake: Lake, prefix: str, keep: int = 2, mirror: Mirror | None = None, key: SecretStr | None = None
    ) -> None:
        """`keep` is how many of the newest stay; `mirror` is shown the files of each one that was written.

        `key` is the signing key of the audit trail, if there is one.
        """
        self.lake = lake
        self.prefix = prefix
        self.keep = keep
        self.mirror = mirror
        self._seal = Seal("checkpoints", key)

    def save(self, step: int, tensors: dict[str, torch.Tensor], state: dict[str, Any]) -> None:
        """Write a checkpoint; it counts from the moment its state file, written last, is there."""
        from safetensors.torch import save_file

        place = f"{self.prefix}/step-{step:08d}"
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / TENSORS
            save_file({name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}, file)
            self.lake.upload(file, f"{place}/{TENSORS}")
            content = {"step": step, "sha256": file_digest(file), "state": state}
            note = json.dumps({**content, "seal": self._seal.over(self._place(step), _plain(content))})
            self.lake.write(f"{place}/{STATE}", note.encode())
            if self.mirror:
                (Path(scratch) / STATE).write_text(note, encoding="utf-8")
                self.mirror(Path(scratch), step)
        self._prune(step)

    def latest(self) -> Checkpoint | None:
        """Return the newest complete checkpoint whose bytes are what was written, or None."""
        from safetensors import SafetensorError

        for step in reversed(self._steps()):
            try:
                return self._load(step)
            except (LakeError, ValueError, KeyError, SafetensorError) as problem:
                log.warning("a checkpoint cannot be used", step=step, place=self.prefix, cause=str(problem))
        return None

    def clear(self) -> None:
        """Remove all checkpoints."""
        self.lake.delete([info.uri for info in self.lake.objects(self.prefix)])

    def _load(self, step: int) -> Checkpoint:
        from safetensors.torch import load_file

        place = f"{self.prefix}/step-{step:08d}"
        note = json.loads(self.lake.read(f"{place}/{STATE}"))
        if not self._seal.fits(note.pop("seal"), self._place(step), _plain(note)):
            raise LakeError("The seal of a checkpoint does not fit: this pipeline did not write it", where=place)
        with tempfile.TemporaryDirectory() as scratch:
            file = self.lake.download(f"{place}/{TENSORS}", Path(scratch) / TENSORS)
            if file_digest(file) != note["sha256"]:
                raise LakeError("The tensors of a checkpoint are damaged", where=place)
            return Checkpoint(step, load_file(file), note["state"])

    def _place(self, step: int) -> str:
        return f"{self.lake.key(self.prefix)}/{step}"

    def _steps(self) -> list[int]:
        names = [info.uri[len(self.prefix) + 1 :].split("/") for info in self.lake.objects(self.prefix)]
        return sorted(int(name[0].removeprefix("step-")) for name in names if name[-1] == STATE)

    def _prune(self, newest: int) -> None:
        gone = [step for step in self._steps() if step < newest][: -(self.keep - 1) or None]
        for step in gone:
            found = self.lake.objects(f"{self.prefix}/step-{step:08d}")
            # the state file first: a checkpoint that is half removed must not be taken for a whole one
            self.lake.delete(sorted((info.uri for info in found), key=lambda uri: not uri.endswith(STATE)))


def _plain(content: dict[str, Any]) -> bytes:
    """Return the bytes that are sealed: the same before and after a journey as JSON."""
    return json.dumps(content, sort_keys=True).encode()
