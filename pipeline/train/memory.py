"""What it looks like when memory runs out, and what to tell people when it cannot be helped."""

from __future__ import annotations

import torch

from pipeline.errors import TrainingError


def out_of_memory(problem: BaseException) -> bool:
    """Tell whether an error means that memory ran out, on a GPU or on the CPU."""
    text = str(problem).lower()
    return (
        isinstance(problem, MemoryError | torch.OutOfMemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
    )


def nothing_fits() -> TrainingError:
    """Return the error for a single example that is too large: a batch of one cannot be halved."""
    return TrainingError(
        "A single example does not fit into memory",
        remedy="Lower features.max_length, lora_rank or lora_layers, set train.gradient_checkpointing, or use qlora on "
        "a GPU",
    )
