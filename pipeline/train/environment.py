"""The machine that trains: devices, determinism, and the versions that decide what comes out."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal

import torch
from accelerate import Accelerator

from pipeline.errors import TrainingError

Device = Literal["auto", "cpu", "cuda"]
LIBRARIES = ("torch", "transformers", "peft", "accelerate")


def accelerator_for(device: Device) -> Accelerator:
    """Return accelerate's view of this process: CPU in float32, GPUs in bfloat16 where they have it.

    Raises TrainingError when a GPU is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError(
            "There is no CUDA GPU here", where="train.device = cuda", remedy="Use auto or cpu, or run on a GPU machine"
        )
    cpu = device == "cpu" or not torch.cuda.is_available()
    half = not cpu and torch.cuda.is_bf16_supported()
    return Accelerator(cpu=cpu, mixed_precision="bf16" if half else "no")


def be_deterministic(seed: int) -> None:
    """Seed everything and ask for deterministic kernels; on one machine's CPU two runs then give equal bytes."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)


def processes(wanted: int, device: Device) -> int:
    """Return how many processes train: as many as wanted, or one for each GPU."""
    if wanted:
        return wanted
    return max(1, torch.cuda.device_count()) if device != "cpu" else 1


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that decide the weights."""
    return {name: version(name) for name in LIBRARIES}
