"""Frozen layers' outputs: computed once for what they depend on, kept in memory and on this machine's disk."""

from __future__ import annotations

import contextlib
from pathlib import Path

from accelerate import Accelerator
from safetensors import SafetensorError

from pipeline.manifest import digest_of
from pipeline.train.environment import library_versions
from pipeline.train.examples import Examples
from pipeline.train.frozen_prefix import FrozenPrefixObjective, HiddenStates
from pipeline.train.hyperparameters import Hyperparameters


class KeptStates:
    """The states of one base model; without a folder they are kept for this process only."""

    def __init__(self, model: str, accelerator: Accelerator, folder: Path | None) -> None:
        """`model` tells the weights apart from others."""
        self.model = model
        self.accelerator = accelerator
        self.folder = folder
        self._found: dict[tuple[str, int], HiddenStates] = {}

    def of(
        self, objective: FrozenPrefixObjective, examples: Examples, pad: int, hyper: Hyperparameters
    ) -> HiddenStates:
        """Return the frozen layers' outputs: from memory, from the folder, or computed now."""
        name = digest_of(
            [
                self.model,
                examples.digest(),
                hyper.lora_layers,
                hyper.method,  # 4-bit weights say something else than those that they were made from
                str(objective.model.dtype),
                self.accelerator.device.type,
                library_versions(),
            ]
        )[:32]
        key = (name, objective.split)
        if key not in self._found:
            file = self.folder / f"{name}.safetensors" if self.folder else None
            if file and file.is_file():
                with contextlib.suppress(OSError, ValueError, KeyError, SafetensorError):
                    self._found[key] = HiddenStates.load(file)
                    return self._found[key]
            self._found[key] = objective.prefill(examples, pad)
            if file and self.accelerator.is_main_process:
                _only_newest(file.parent)
                self._found[key].save(file)
        return self._found[key]


def _only_newest(folder: Path, keep: int = 3) -> None:
    """Keep the newest files, so that the cache does not grow with every run."""
    ages: dict[Path, float] = {}
    for file in folder.glob("*.safetensors"):
        with contextlib.suppress(FileNotFoundError):  # another trial's process keeps only the newest as well
            ages[file] = file.stat().st_mtime
    for file in sorted(ages, key=ages.__getitem__, reverse=True)[keep:]:
        file.unlink(missing_ok=True)
