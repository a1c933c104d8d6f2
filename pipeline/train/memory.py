"""What it looks like when memory runs out, and what to tell people when it cannot be helped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def told() -> Iterator[None]:
    """Turn running out of memory where no batch can be halved into an error for people.

    That is for the weights themselves, the optimiser's two moments for each, or the Fisher information: they take the
    same however small the batch is.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as problem:
        if not out_of_memory(problem):
            raise
        cause = (str(problem).splitlines() or [type(problem).__name__])[0][:200]
        raise TrainingError(
            f"The memory is too small for this model and the way it is trained: {cause}",
            remedy="Use method = lora (with fewer lora_layers), qlora on a GPU, or a smaller base model; "
            "ewc_strength = 0 needs two copies of the weights less",
        ) from problem
