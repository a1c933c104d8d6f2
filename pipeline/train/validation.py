"""The loss on examples that are not learnt from, over all processes, in whatever pieces fit into memory."""

from __future__ import annotations

import numpy as np
import torch
from accelerate import Accelerator

from pipeline.log import get_logger
from pipeline.train.batching import Loader, fixed_order
from pipeline.train.memory import nothing_fits, out_of_memory
from pipeline.train.objective import Objective

log = get_logger(__name__)
LARGEST_BATCH = 16


@torch.no_grad()
def mean_loss(objective: Objective, loader: Loader, accelerator: Accelerator, micro: int) -> float:
    """Return the mean loss over a loader's answer tokens, in nats.

    Validation keeps no activations, so its batches are up to four times the `micro` batch of training. Raises
    TrainingError when a single example does not fit into memory.
    """
    rank, world = accelerator.process_index, accelerator.num_processes
    summed = torch.zeros(1, dtype=torch.float64, device=accelerator.device)
    for rows in fixed_order(loader.examples.lengths, min(LARGEST_BATCH, 4 * micro)):
        if len(mine := rows[rank::world]):
            summed += _summed_loss(objective, loader, accelerator, mine)
    if world > 1:
        summed = accelerator.reduce(summed, reduction="sum")
    return float(summed) / loader.examples.targets()


def _summed_loss(objective: Objective, loader: Loader, accelerator: Accelerator, rows: np.ndarray) -> torch.Tensor:
    """Return the summed loss of some examples, in halves where they do not fit into memory together."""
    try:
        with accelerator.autocast():
            return objective.loss(loader.batch(rows)).double()
    except (RuntimeError, MemoryError) as problem:
        if not out_of_memory(problem):
            raise
        if len(rows) == 1:
            raise nothing_fits() from problem
    log.warning("out of memory: a batch of validation examples is halved", examples=len(rows))
    half = len(rows) // 2
    return _summed_loss(objective, loader, accelerator, rows[:half]) + _summed_loss(
        objective, loader, accelerator, rows[half:]
    )
