"""The training loop: one for both architectures, all methods, CPU and GPUs, one process or many.

Written on accelerate rather than as a subclass of transformers' Trainer, because three things have to be exact: the
loss of a step is the mean over its answer tokens however it is cut into micro batches or over processes; a killed run
goes on with the batches, dropout and rates it would have had; and a batch that does not fit is cut smaller without
changing what is learnt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from pipeline.errors import TrainingError
from pipeline.log import get_logger
from pipeline.train.adapters import trainable
from pipeline.train.batching import Loader, epoch_order, fixed_order
from pipeline.train.checkpoints import Checkpoint, CheckpointStore
from pipeline.train.environment import out_of_memory
from pipeline.train.heartbeat import Heartbeat
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.objective import Objective

log = get_logger(__name__)
EVALUATION_BATCH = 16
IMPROVEMENT = 1e-4
"""Validation loss (nats a token) must fall by more than this to count as better."""
DATA_SEED, DROPOUT_SEED = 1, 2

Listener = Callable[[dict[str, Any]], None]
Judge = Callable[["Progress"], str | None]


@dataclass
class Progress:
    """Where a run is; all of it goes into checkpoints."""

    step: int = 0
    total: int = 0
    initial_loss: float | None = None
    best_loss: float = float("inf")
    best_step: int = 0
    waited: int = 0
    micro: int = 0
    stopped: str | None = None
    seconds: float = 0.0
    examples: int = 0
    tokens: int = 0
    answer_tokens: int = 0
    earlier_loss: tuple[float, float] | None = None
    curves: list[dict[str, float]] = field(default_factory=list)

    @property
    def validation(self) -> list[tuple[int, float]]:
        """Return the validation losses so far, as pairs of step and loss."""
        return [(int(p["step"]), p["validation_loss"]) for p in self.curves if "validation_loss" in p]


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
        self.checkpoints = checkpoints
        self.checkpoint_steps = checkpoint_steps
        self.listener = listener
        self.judge = judge
        self.parameters = trainable(model)
        self.best: dict[str, torch.Tensor] = {}
        world = accelerator.num_processes
        self.progress = Progress(total=hyper.steps(len(train.examples), world), micro=hyper.batch_size)
        self.heartbeat = Heartbeat(self.progress.total)
        self.optimizer = torch.optim.AdamW(self._groups(), lr=hyper.learning_rate, eps=hyper.adam_epsilon)

    def run(self) -> Progress:
        """Train to the end, from the newest checkpoint if there is one.

        Raises TrainingError when a single example does not fit in memory or the base model's loss is not a number.
        """
        self._resume()
        started = time.monotonic() - self.progress.seconds
        if self.progress.initial_loss is None:
            self._validate()
        for step, rows in self._steps():
            if self.progress.stopped:
                break
            self._step(step, rows)
            last = self.progress.step == self.progress.total
            if last or self.progress.step % self.hyper.eval_steps == 0:
                self._validate()
            self.progress.seconds = time.monotonic() - started
            if self.checkpoint_steps and not last and self.progress.step % self.checkpoint_steps == 0:
                self._checkpoint()
        self._restore(self.best)
        self.model.eval()
        return self.progress

    def _groups(self) -> list[dict[str, Any]]:
        """Weight decay acts on matrices; biases and norms have none (Loshchilov & Hutter, 2019; common practice)."""
        matrices = [p for p in self.parameters.values() if p.ndim > 1]
        others = [p for p in self.parameters.values() if p.ndim <= 1]
        decay = self.hyper.weight_decay
        groups = [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
        return [group for group in groups if group["params"]]

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

    def _step(self, step: int, rows: np.ndarray) -> None:
        self.model.train()
        answer_tokens = self.train.examples.targets(rows)
        while (loss := self._gradients(step, rows, answer_tokens)) is None:
            self._shrink()
        norm = float(torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), self.hyper.max_grad_norm))
        if not np.isfinite(loss) or not np.isfinite(norm):
            self._give_up(step)
            return
        rate = self.hyper.rate(step, self.progress.total)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.progress.step = step + 1
        self.progress.examples += len(rows)
        self.progress.tokens += int(self.train.examples.lengths[rows].sum())
        self.progress.answer_tokens += answer_tokens
        self._tell({"step": step + 1, "loss": loss, "learning_rate": rate, "gradient_norm": norm})

    def _give_up(self, step: int) -> None:
        """A loss that is no number does not come back; what was best before it stays."""
        self.optimizer.zero_grad(set_to_none=True)
        self.progress.stopped = f"the loss was not a number at step {step + 1}"

    def _gradients(self, step: int, rows: np.ndarray, answer_tokens: int) -> float | None:
        """Accumulate the step's gradients and return its loss, or None when it did not fit into memory somewhere."""
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        torch.manual_seed(_mixed(self.hyper.seed, DROPOUT_SEED, step, rank))
        total, fits = 0.0, True
        try:
            mine = rows[rank::world]
            for at in range(0, len(mine), self.progress.micro):
                with self.accelerator.autocast():
                    loss = self.objective.loss(self.train.batch(mine[at : at + self.progress.micro])) / answer_tokens
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

    def _shrink(self) -> None:
        """Halve the micro batch and so double the accumulation: the same step, in smaller pieces."""
        self.optimizer.zero_grad(set_to_none=True)
        if self.accelerator.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.progress.micro == 1:
            raise _nothing_fits()
        self.progress.micro = max(1, self.progress.micro // 2)
        pieces = -(-self.hyper.batch_size * self.hyper.gradient_accumulation // self.progress.micro)
        log.warning("out of memory: batch halved, accumulation doubled", batch=self.progress.micro, accumulation=pieces)

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
            self.best = {name: p.detach().cpu().clone() for name, p in self.parameters.items()}
        else:
            progress.waited += 1
        self._tell({"step": progress.step, "validation_loss": loss})
        patience = self.hyper.early_stopping_patience
        if not np.isfinite(loss):
            progress.stopped = f"the validation loss was not a number at step {progress.step}"
        elif patience and progress.waited >= patience:
            progress.stopped = f"no better validation loss in {patience} evaluations"
        elif self.judge:
            progress.stopped = self.judge(progress)

    @torch.no_grad()
    def loss_on(self, loader: Loader) -> float:
        """Return the mean loss over a loader's answer tokens, in nats."""
        self.model.eval()
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        summed = torch.zeros(1, dtype=torch.float64, device=self.accelerator.device)
        for rows in fixed_order(loader.examples.lengths, min(EVALUATION_BATCH, 4 * self.progress.micro)):
            if len(mine := rows[rank::world]):
                summed += self._summed_loss(loader, mine)
        if world > 1:
            summed = self.accelerator.reduce(summed, reduction="sum")
        return float(summed) / loader.examples.targets()

    def _summed_loss(self, loader: Loader, rows: np.ndarray) -> torch.Tensor:
        """Return the summed loss of some examples, in halves where they do not fit into memory together."""
        try:
            with self.accelerator.autocast():
                return self.objective.loss(loader.batch(rows)).double()
        except (RuntimeError, MemoryError) as problem:
            if not out_of_memory(problem):
                raise
            if len(rows) == 1:
                raise _nothing_fits() from problem
        log.warning("out of memory: a batch of validation examples is halved", examples=len(rows))
        half = len(rows) // 2
        return self._summed_loss(loader, rows[:half]) + self._summed_loss(loader, rows[half:])

    def _tell(self, point: dict[str, float]) -> None:
        self.progress.curves.append(point)
        if not self.accelerator.is_main_process:
            return
        self.heartbeat.beat(point)
        if self.listener:
            self.listener(point)

    def _checkpoint(self) -> None:
        if self.checkpoints is None or not self.accelerator.is_main_process:
            return
        tensors: dict[str, torch.Tensor] = {f"now:{name}": parameter for name, parameter in self.parameters.items()}
        tensors |= {f"best:{name}": tensor for name, tensor in self.best.items()}
        for name, parameter in self.parameters.items():
            moments = self.optimizer.state[parameter]
            tensors |= {f"{key}:{name}": moments[key] for key in ("exp_avg", "exp_avg_sq", "step")}
        self.checkpoints.save(self.progress.step, tensors, vars(self.progress))

    def _resume(self) -> None:
        found = self.checkpoints.latest() if self.checkpoints else None
        if found is None:
            return
        log.info("training goes on from a checkpoint", step=found.step)
        self.progress = Progress(**found.state)
        self._restore(_part(found, "now"))
        self.best = _part(found, "best")
        for name, parameter in self.parameters.items():
            self.optimizer.state[parameter] = {
                key: _part(found, key)[name].to(parameter.device if key != "step" else "cpu")
                for key in ("step", "exp_avg", "exp_avg_sq")
            }

    @torch.no_grad()
    def _restore(self, tensors: dict[str, torch.Tensor]) -> None:
        for name, tensor in tensors.items():
            self.parameters[name].copy_(tensor)


def _nothing_fits() -> TrainingError:
    return TrainingError(
        "A single example does not fit into memory",
        remedy="Lower features.max_length, lora_rank or lora_layers, set train.gradient_checkpointing, or use qlora on "
        "a GPU",
    )


def _part(checkpoint: Checkpoint, kind: str) -> dict[str, torch.Tensor]:
    start = f"{kind}:"
    return {name[len(start) :]: tensor for name, tensor in checkpoint.tensors.items() if name.startswith(start)}


def _mixed(*numbers: int) -> int:
    """Mix numbers into one seed."""
    return int(np.random.SeedSequence([n & 0xFFFFFFFF for n in numbers]).generate_state(1, np.uint64)[0] >> 1)
