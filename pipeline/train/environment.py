"""The machine that trains: devices, determinism, and the versions that decide what comes out."""

from __future__ import annotations

import importlib.util
from importlib.metadata import version
from typing import Literal

import torch
from accelerate import Accelerator

from pipeline.errors import TrainingError
from pipeline.precision import computes_bfloat16
from pipeline.train.hyperparameters import Method

Device = Literal["auto", "cpu", "cuda"]
LIBRARIES = ("torch", "transformers", "peft", "accelerate")


def accelerator_for(device: Device) -> Accelerator:
    """Return accelerate's view of this process: CPU in float32, GPUs in bfloat16 where they have it.

    Raises TrainingError when a GPU is asked for and there is none.
    """
    require_machine("lora", device)
    cpu = device == "cpu" or not torch.cuda.is_available()
    half = not cpu and computes_bfloat16("cuda")
    return Accelerator(cpu=cpu, mixed_precision="bf16" if half else "no")


def require_machine(method: Method, device: Device) -> None:
    """Raise TrainingError when this machine cannot train in this way: asked before any data are read."""
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError(
            "There is no CUDA GPU here", where="train.device = cuda", remedy="Use auto or cpu, or run on a GPU machine"
        )
    if method != "qlora":
        return
    missing = [] if torch.cuda.is_available() and device != "cpu" else ["a CUDA GPU"]
    if importlib.util.find_spec("bitsandbytes") is None:
        missing.append("the package bitsandbytes")
    if missing:
        raise TrainingError(
            f"QLoRA needs {' and '.join(missing)}, which this machine does not have",
            where="train.method = qlora",
            remedy="Use method = lora here, or run this stage on a GPU machine with the extra gpu installed",
        )


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
