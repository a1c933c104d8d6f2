"""The gradients of one optimiser step, summed over micro batches and over processes.

The loss of a step is the mean over its answer tokens however it is cut; where a micro batch does not fit into memory it
is halved, the accumulation doubled, and the same step computed again.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from accelerate import Accelerator

from pipeline.log import get_logger
from pipeline.train.batching import Loader
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.memory import nothing_fits, out_of_memory
from pipeline.train.objective import Objective

log = get_logger(__name__)
DROPOUT_SEED = 2


class GradientAccumulator:
    """Computes the gradients of whole steps; the parameters hold them afterwards."""

    def __init__(
        self,
        objective: Objective,
        hyper: Hyperparameters,
        loader: Loader,
        parameters: Mapping[str, torch.nn.Parameter],
        accelerator: Accelerator,
    ) -> None:
        """`parameters` are those that learn."""
        self.objective = objective
        self.hyper = hyper
        self.loader = loader
        self.parameters = parameters
        self.accelerator = accelerator

    def accumulate(self, step: int, rows: np.ndarray, micro: int) -> tuple[float, int]:
        """Leave the step's gradients in the parameters; return its loss, and the micro batch that fitted.

        Raises TrainingError when a single example does not fit into memory.
        """
        answer_tokens = self.loader.examples.targets(rows)
        while (loss := self._gradients(step, rows, micro, answer_tokens)) is None:
            micro = self._halved(micro)
        return loss, micro

    def forget(self) -> None:
        """Take the gradients away."""
        for parameter in self.parameters.values():
            parameter.grad = None

    def _gradients(self, step: int, rows: np.ndarray, micro: int, answer_tokens: int) -> float | None:
        """Accumulate the step's gradients and return its loss, or None when it did not fit into memory somewhere."""
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        torch.manual_seed(_mixed(self.hyper.seed, DROPOUT_SEED, step, rank))
        total, fits = 0.0, True
        try:
            mine = rows[rank::world]
            for at in range(0, len(mine), micro):
                with self.accelerator.autocast():
                    loss = self.objective.loss(self.loader.batch(mine[at : at + micro])) / answer_tokens
                loss.backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
        except (RuntimeError, MemoryError) as problem:
            if not out_of_memory(problem):
                raise
            fits = False
        if world == 1:
            return total if fits else None
        return self._joined(total, fits)

    def _joined(self, total: float, fits: bool) -> float | None:
        """Sum loss and gradients over the processes, unless the step did not fit in one of them."""
        flags = torch.tensor([total, 0.0 if fits else 1.0], dtype=torch.float64, device=self.accelerator.device)
        summed = self.accelerator.reduce(flags, reduction="sum")
        if float(summed[1]):
            return None
        for parameter in self.parameters.values():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            parameter.grad = self.accelerator.reduce(parameter.grad, reduction="sum")
        return float(summed[0])

    def _halved(self, micro: int) -> int:
        """Halve the micro batch and so double the accumulation: the same step, in smaller pieces."""
        self.forget()
        if self.accelerator.device.type == "cuda":
            torch.cuda.empty_cache()
        if micro == 1:
            raise nothing_fits()
        half = max(1, micro // 2)
        pieces = -(-self.hyper.batch_size * self.hyper.gradient_accumulation // half)
        log.warning("out of memory: batch halved, accumulation doubled", batch=half, accumulation=pieces)
        return half


def _mixed(*numbers: int) -> int:
    """Mix numbers into one seed."""
    return int(np.random.SeedSequence([n & 0xFFFFFFFF for n in numbers]).generate_state(1, np.uint64)[0] >> 1)
