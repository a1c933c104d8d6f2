"""What of a training run a checkpoint holds, so that a killed run goes on to the same weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from pipeline.log import get_logger
from pipeline.train.checkpoints import Checkpoint, CheckpointStore
from pipeline.train.progress import Progress

log = get_logger(__name__)
MOMENTS = ("exp_avg", "exp_avg_sq", "step")
Weights = dict[str, torch.Tensor]


class TrainingState:
    """Writes a run's weights, best weights, optimiser moments and progress, and puts them back.

    Data order, dropout and learning rate follow from the step alone and need no state.
    """

    def __init__(
        self,
        parameters: Mapping[str, torch.nn.Parameter],
        optimizer: torch.optim.Optimizer,
        store: CheckpointStore | None,
    ) -> None:
        """`parameters` are those that learn; without a store nothing is written or found."""
        self.parameters = parameters
        self.optimizer = optimizer
        self.store = store

    def save(self, progress: Progress, best: Weights) -> None:
        """Write a checkpoint of the run."""
        if self.store is None:
            return
        tensors: Weights = {f"now:{name}": parameter for name, parameter in self.parameters.items()}
        tensors |= {f"best:{name}": tensor for name, tensor in best.items()}
        for name, parameter in self.parameters.items():
            # Empty for a parameter that no example has reached so far.
            moments = self.optimizer.state.get(parameter, {})
            tensors |= {f"{key}:{name}": moments[key] for key in MOMENTS if key in moments}
        self.store.save(progress.step, tensors, vars(progress))

    def resume(self) -> tuple[Progress, Weights] | None:
        """Put the newest checkpoint's weights and moments back; return its progress and best weights, or None."""
        found = self.store.latest() if self.store else None
        if found is None:
            return None
        log.info("training goes on from a checkpoint", step=found.step)
        self.put_back(_part(found, "now"))
        moments = {key: _part(found, key) for key in MOMENTS}
        for name, parameter in self.parameters.items():
            if name in moments["step"]:
                self.optimizer.state[parameter] = {
                    key: values[name].to(parameter.device if key != "step" else "cpu")
                    for key, values in moments.items()
                }
        return Progress(**found.state), _part(found, "best")

    def weights(self) -> Weights:
        """Return a copy of the weights as they are now, in main memory."""
        return {name: parameter.detach().cpu().clone() for name, parameter in self.parameters.items()}

    @torch.no_grad()
    def put_back(self, weights: Weights) -> None:
        """Give parameters the values that they had."""
        for name, tensor in weights.items():
            self.parameters[name].copy_(tensor)


def _part(checkpoint: Checkpoint, kind: str) -> Weights:
    start = f"{kind}:"
    return {name[len(start) :]: tensor for name, tensor in checkpoint.tensors.items() if name.startswith(start)}
