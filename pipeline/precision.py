"""The floating point that a device computes in: one rule for training and for asking."""

from __future__ import annotations

import torch


def computes_bfloat16(device: torch.device | str) -> bool:
    """Tell whether a device has bfloat16 arithmetic of its own.

    GPUs before Ampere (T4, V100) take such tensors too and emulate the arithmetic, many times slower than float32. A
    CPU without AMX does the same, so a CPU never counts.
    """
    return torch.device(device).type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
