"""The training loop: one for both architectures, all methods, CPU and GPUs, one process or many.

Written on accelerate rather than as a subclass of transformers' Trainer, because three things have to be exact: the
loss of a step is the mean over its answer tokens however it is cut into micro batches or over processes; a killed run
goes on with the batches, dropout and rates it would have had; and a batch that does not fit is cut smaller without
changing what is learnt.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from pipeline.errors import TrainingError
from pipeline.train.adapters import trainable
from pipeline.train.batching import Loader, epoch_order
from pipeline.train.checkpoints import CheckpointStore
from pipeline.train.gradient_accumulation import GradientAccumulator
from pipeline.train.heartbeat import Heartbeat
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.objective import Objective
from pipeline.train.progress import Judge, Listener, Progress
from pipeline.train.training_state import TrainingState, Weights
from pipeline.train.validation import mean_loss

IMPROVEMENT = 1e-4
"""Validation loss (nats a token) must fall by more than this to count as better."""
DATA_SEED = 1


class Trainer:
    """Trains the parameters that require gradients, and leaves the best ones in the model.

    `judge` is asked after each validation and may end the run by giving a reason; `listener` hears every point of the
    curves.
    """

    def __init__(
        self,
        model: Any,
        objective: Objective,
        hyper: Hyperparameters,
        train: Loader,
        validation: Loader,
        *,
        accelerator: Accelerator,
        checkpoints: CheckpointStore | None = None,
        checkpoint_steps: int = 0,
        listener: Listener | None = None,
        judge: Judge | None = None,
    ) -> None:
        """Raises TrainingError when there is nothing to train on."""
        if not len(train.examples) or not len(validation.examples):
            raise TrainingError(
                f"{len(train.examples)} training and {len(validation.examples)} validation examples are not enough",
                remedy="Check the splits of the prepare stage and the rows that the features stage set aside",
            )
        self.model = model
        self.objective = objective
        self.hyper = hyper
        self.train = train
        self.validation = validation
        self.accelerator = accelerator
        self.checkpoint_steps = checkpoint_steps
        self.listener = listener
        self.judge = judge
        parameters = trainable(model)
        self.parameters = list(parameters.values())
        self.best: Weights = {}
        world = accelerator.num_processes
        self.progress = Progress(total=hyper.steps(len(train.examples), world), micro=hyper.batch_size)
        self.heartbeat = Heartbeat(self.progress.total)
        self.gradients = GradientAccumulator(objective, hyper, train, parameters, accelerator)
        self.optimizer = torch.optim.AdamW(
            _groups(self.parameters, hyper.weight_decay), lr=hyper.learning_rate, eps=hyper.adam_epsilon
        )
        self.state = TrainingState(parameters, self.optimizer, checkpoints)

    def run(self) -> Progress:
        """Train to the end, from the newest checkpoint if there is one.

        Raises TrainingError when a single example does not fit in memory or the base model's loss is not a number.
        """
        if resumed := self.state.resume():
            self.progress, self.best = resumed
        started = time.monotonic() - self.progress.seconds
        if self.progress.initial_loss is None:
            self._validate()
        for step, rows in self._steps():
            if self.progress.stopped:
                break
            if not self._step(step, rows):
                break  # no step was taken: validating or keeping a checkpoint of the one before would say otherwise
            last = self.progress.step == self.progress.total
            if last or self.progress.step % self.hyper.eval_steps == 0:
                self._validate()
            self.progress.seconds = time.monotonic() - started
            if self.checkpoint_steps and not last and self.progress.step % self.checkpoint_steps == 0:
                self._checkpoint()
        self.state.put_back(self.best)
        self.model.eval()
        return self.progress

    def loss_on(self, loader: Loader) -> float:
        """Return the mean loss over a loader's answer tokens, in nats."""
        self.model.eval()
        return mean_loss(self.objective, loader, self.accelerator, self.progress.micro)

    def _steps(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the steps that are left, with the examples of each: the same whenever the run began."""
        size = self.hyper.examples_per_step(self.accelerator.num_processes)
        lengths = self.train.examples.lengths
        each = self.hyper.steps_per_epoch(len(lengths), self.accelerator.num_processes)
        order: list[np.ndarray] = []
        for step in range(self.progress.step, self.progress.total):
            epoch, place = divmod(step, each)
            if not order or place == 0:
                order = epoch_order(lengths, size, self.hyper.seed + DATA_SEED, epoch)
            yield step, order[place]

    def _step(self, step: int, rows: np.ndarray) -> bool:
        """Take a step, and tell whether it could be taken."""
        self.model.train()
        loss, self.progress.micro = self.gradients.accumulate(step, rows, self.progress.micro)
        norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, self.hyper.max_grad_norm))
        if not np.isfinite(loss) or not np.isfinite(norm):
            self._give_up(step)
            return False
        rate = self.hyper.rate(step, self.progress.total)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.gradients.forget()
        self.progress.step = step + 1
        self.progress.examples += len(rows)
        self.progress.tokens += int(self.train.examples.lengths[rows].sum())
        self.progress.answer_tokens += self.train.examples.targets(rows)
        self._tell({"step": step + 1, "loss": loss, "learning_rate": rate, "gradient_norm": norm})
        return True

    def _give_up(self, step: int) -> None:
        """A loss that is no number does not come back; what was best before it stays."""
        self.gradients.forget()
        self.progress.stopped = f"the loss was not a number at step {step + 1}"

    def _validate(self) -> None:
        loss = self.loss_on(self.validation)
        progress = self.progress
        if progress.initial_loss is None:
            if not np.isfinite(loss):
                raise TrainingError(
                    "The base model's loss on the validation examples is not a number, before any training",
                    remedy="Check the base model's weights and that the features were made for it",
                )
            progress.initial_loss = loss
        if loss < progress.best_loss - IMPROVEMENT:
            progress.best_loss, progress.best_step, progress.waited = loss, progress.step, 0
            self.best = self.state.weights()
        else:
            progress.waited += 1
        self._tell({"step": progress.step, "validation_loss": loss})
        patience = self.hyper.early_stopping_patience
        if not np.isfinite(loss):
            progress.stopped = f"the validation loss was not a number at step {progress.step}"
        elif progress.step < progress.total:  # behind the last step there is nothing to end early
            if patience and progress.waited >= patience:
                progress.stopped = f"no better validation loss in {patience} evaluations"
            elif self.judge:
                progress.stopped = self.judge(progress)

    def _tell(self, point: dict[str, float]) -> None:
        self.progress.curves.append(point)
        if not self.accelerator.is_main_process:
            return
        self.heartbeat.beat(point)
        if self.listener:
            self.listener(point)

    def _checkpoint(self) -> None:
        if self.accelerator.is_main_process:
            self.state.save(self.progress, self.best)


def _groups(parameters: Sequence[torch.nn.Parameter], decay: float) -> list[dict[str, Any]]:
    """Weight decay acts on matrices; biases and norms have none (Loshchilov & Hutter, 2019; common practice)."""
    matrices = [p for p in parameters if p.ndim > 1]
    others = [p for p in parameters if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
