"""The floating point that a device computes in: one rule for training and for asking."""

from __future__ import annotations

from importlib.metadata import version

import torch


def computes_bfloat16(device: torch.device | str) -> bool:
    """Tell whether a device has bfloat16 arithmetic of its own.

    GPUs before Ampere (T4, V100) take such tensors too and emulate the arithmetic, many times slower than float32. A
    CPU without AMX does the same, so a CPU never counts.
    """
    return torch.device(device).type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def asking_device() -> str:
    """Return the device that models are asked on: a GPU when there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def asking_dtype(device: str) -> torch.dtype:
    """Return the floating point that models are asked in."""
    return torch.bfloat16 if computes_bfloat16(device) else torch.float32


def answering_environment() -> dict[str, str]:
    """Return what decides, beside a model and its prompt, what it answers: kept answers of another are of no use."""
    return {**asked_on(), **{name: version(name) for name in ("torch", "transformers")}}


def asked_on() -> dict[str, str]:
    """Return the device and the floating point of this machine's answers, as JSON values."""
    device = asking_device()
    return {"device": device, "dtype": str(asking_dtype(device)).removeprefix("torch.")}
