"""A training session: a base model with its examples and whatever of their computation can be shared by many runs.

Fine-tuning opens one session for one run; a search opens one for all its trials, so that the model, the examples and
the frozen layers' outputs are loaded and computed once.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from pipeline.errors import TrainingError
from pipeline.log import get_logger
from pipeline.prompts import Architecture
from pipeline.train import adapters
from pipeline.train.batching import Loader
from pipeline.train.checkpoints import CheckpointStore
from pipeline.train.examples import Examples
from pipeline.train.forgetting import Consolidated, Earlier
from pipeline.train.frozen_prefix import FrozenPrefixObjective, can_split
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.kept_states import KeptStates
from pipeline.train.memory import out_of_memory, told
from pipeline.train.objective import Objective, objective_for, packs_apart
from pipeline.train.progress import Judge, Listener, Progress
from pipeline.train.trainer import Trainer

log = get_logger(__name__)
STATES_LIMIT = 4 << 30
"""Bytes of main memory that kept hidden states may take; beyond it the lower layers run in every step."""


class Session:
    """One base model and one set of examples, ready to be trained on again and again."""

    def __init__(
        self,
        folder: Path,
        architecture: Architecture,
        train: Examples,
        validation: Examples,
        *,
        accelerator: Accelerator,
        states_folder: Path | None = None,
        gradient_checkpointing: bool = False,
        earlier: Earlier | None = None,
        ewc_strength: float = 0.0,
    ) -> None:
        """`states_folder` keeps frozen layers' outputs for later processes on this machine.

        With `earlier`, each run measures what it forgets; `ewc_strength` holds on to what the base model knew of it.
        """
        self.folder = folder
        self.architecture = architecture
        self.train = train
        self.validation = validation
        self.accelerator = accelerator
        self.gradient_checkpointing = gradient_checkpointing
        self.earlier = earlier
        self.ewc_strength = ewc_strength
        self._base: Any = None
        self.states = KeptStates(folder.name, accelerator, states_folder)

    @told()
    def fit(
        self,
        hyper: Hyperparameters,
        *,
        checkpoints: CheckpointStore | None = None,
        checkpoint_steps: int = 0,
        listener: Listener | None = None,
        judge: Judge | None = None,
    ) -> tuple[Any, Progress]:
        """Train with some hyperparameters and return the model with its best weights, and how it went.

        With adapters the base model stays untouched, and `release` makes it ready for the next run. Raises
        TrainingError when the memory is too small even for a batch of one.
        """
        model = adapters.attach(self._fresh_base(hyper), self.architecture, hyper)
        base = adapters.plain(model)
        if self.gradient_checkpointing:
            base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            base.enable_input_require_grads()
        objective, train, validation = self._prepared(base, hyper)
        trainer = Trainer(
            model,
            objective,
            hyper,
            train,
            validation,
            accelerator=self.accelerator,
            checkpoints=checkpoints,
            checkpoint_steps=checkpoint_steps,
            listener=listener,
            judge=judge,
        )
        told = self.earlier.loss if self.earlier else None
        before = self._earlier_loss(trainer) if told is None else told
        progress = trainer.run()
        if before is not None:
            progress.earlier_loss = (before, self._earlier_loss(trainer) or before)
            progress.earlier_model = told is not None
        return model, progress

    def _earlier_loss(self, trainer: Trainer) -> float | None:
        """Return the loss on the questions of an earlier run, or None when there is none to compare with."""
        if self.earlier is None or not len(self.earlier.validation):
            return None
        return trainer.loss_on(Loader(self.earlier.validation, self.architecture, self.pad))

    def release(self, model: Any) -> None:
        """Take an adapter off the base model again, throwing away what was learnt."""
        if hasattr(model, "unload"):
            self._base = model.unload()
            for parameter in self._base.parameters():
                parameter.requires_grad_(False)

    def _fresh_base(self, hyper: Hyperparameters) -> Any:
        base, self._base = self._base, None
        return base or adapters.load_base(self.folder, self.architecture, hyper, self.accelerator.device)

    @property
    def pad(self) -> int:
        """Return the token that fills the right of shorter examples; the loss never sees it."""
        return 0

    def _prepared(self, base: Any, hyper: Hyperparameters) -> tuple[Objective, Loader, Loader]:
        self._fits_positions(base)
        if hyper.packing and not (self.architecture == "causal" and packs_apart(base)):
            raise TrainingError(
                "This base model's examples cannot be packed: it would see from one into the next",
                where="train.packing = true",
                remedy="Set train.packing = false: batches are grouped by length, which leaves little padding",
            )
        loaders = (
            Loader(self.train, self.architecture, self.pad, packing=hyper.packing),
            Loader(self.validation, self.architecture, self.pad),
        )
        if not self._splits(base, hyper):
            return self._consolidated(objective_for(base, self.architecture)), *loaders
        split = FrozenPrefixObjective(base, hyper.lora_layers or 0)
        try:
            longest = int(self.validation.lengths.argmax())
            if split.prefix_works(loaders[1].batch([longest]).token_ids):
                train, validation = (
                    replace(loader, states=self.states.of(split, loader.examples, self.pad, hyper))
                    for loader in loaders
                )
                return self._consolidated(split), train, validation
            log.warning("this model's layers cannot be run in two parts; the frozen ones run in every step")
        except (RuntimeError, MemoryError) as problem:
            if not out_of_memory(problem):
                raise
            log.warning("out of memory: the frozen layers' outputs cannot be kept; they run in every step")
        return self._consolidated(objective_for(base, self.architecture)), *loaders

    def _fits_positions(self, base: Any) -> None:
        """Raise TrainingError when examples are longer than the base model reads; T5 knows no such limit."""
        limit = getattr(base.config, "max_position_embeddings", None)
        longest = max((int(part.lengths.max()) for part in (self.train, self.validation) if len(part)), default=0)
        if self.architecture == "causal" and limit and longest > limit:
            raise TrainingError(
                f"The longest example has {longest} tokens, and the base model reads {limit}",
                where=self.folder.name,
                remedy="Lower features.max_length and run the features stage again",
            )

    def _consolidated(self, objective: Objective) -> Objective:
        if not self.ewc_strength or self.earlier is None:
            return objective
        return Consolidated(objective, Loader(self.earlier.train, self.architecture, self.pad), self.ewc_strength)

    def _splits(self, base: Any, hyper: Hyperparameters) -> bool:
        size = (int(self.train.lengths.sum()) + int(self.validation.lengths.sum())) * _width(base)
        return bool(
            hyper.method != "full"
            and len(self.train)
            and len(self.validation)
            and can_split(base, self.architecture, hyper.lora_layers)
            and size <= STATES_LIMIT
            and not self.gradient_checkpointing
        )


def _width(base: Any) -> int:
    return int(getattr(base.config, "hidden_size", 0) * base.dtype.itemsize)
