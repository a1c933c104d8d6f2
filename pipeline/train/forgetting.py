"""New data must not erase old skill (D7): replay of earlier examples, elastic weight consolidation, and a score.

Replay mixes a share of an earlier run's training examples into this one's. Elastic weight consolidation (Kirkpatrick et
al., 2017, arXiv:1612.00796) adds `strength / 2 * sum(F * (w - w0)^2)`, where F is the diagonal of the empirical Fisher
information on earlier examples. Both are taken where this run begins, at the base model: what it knew of the earlier
examples is held on to, not what the earlier run learnt of them.
The score is the relative rise of the loss on the earlier run's held-out questions. Beside the earlier run's own model
it says what was forgotten: 0 nothing, 0.1 a tenth. Without that model it is the change against the untrained base
model, which tells nothing of the skill that the earlier model had.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import torch

from pipeline.train.adapters import trainable
from pipeline.train.batching import Batch, Loader
from pipeline.train.examples import Examples
from pipeline.train.objective import Objective
from pipeline.train.progress import Progress

FISHER_EXAMPLES = 64
EARLIER_MODEL, UNTRAINED_BASE = "earlier model", "untrained base"
"""Whose loss a run's is compared with."""


@dataclass(frozen=True)
class Earlier:
    """What an earlier run learnt from and was judged on, and the loss of its model there where that is known."""

    train: Examples
    validation: Examples
    loss: float | None = None


def with_replay(train: Examples, earlier: Earlier, share: float, seed: int, usable: Collection[str]) -> Examples:
    """Return the training examples with earlier ones of `usable` questions added, so many that they are `share` of all.

    Questions of `train` are never among them: their answers may have changed.
    """
    wanted_ids = set(usable) - set(train.ids)
    old = earlier.train.subset(row for row, name in enumerate(earlier.train.ids) if name in wanted_ids)
    wanted = round(len(train) * share / (1 - share)) if share < 1 else len(old)
    return train + old.sample(min(wanted, len(old)), seed) if wanted and len(old) else train


def score(before: float, after: float) -> float:
    """Return the relative rise of a loss on earlier questions (negative: it got better)."""
    return (after - before) / before


def forgetting_of(progress: Progress) -> dict[str, Any] | None:
    """Return the losses on earlier questions before and after a run, whose the first is, and the score.

    None when nothing was measured.
    """
    if progress.earlier_loss is None:
        return None
    before, after = progress.earlier_loss
    compared = EARLIER_MODEL if progress.earlier_model else UNTRAINED_BASE
    return {"loss_before": before, "loss_after": after, "score": score(before, after), "compared_with": compared}


class Consolidated(Objective):
    """Another objective with the penalty of elastic weight consolidation added while training.

    The anchor is where the weights are when it is made: with adapters, an adapter that changes nothing.
    """

    def __init__(self, inner: Objective, loader: Loader, strength: float) -> None:
        """Measure the Fisher information of the weights that learn, on some of the earlier examples."""
        super().__init__(inner.model)
        self.inner = inner
        self.strength = strength
        self.parameters = trainable(inner.model)
        self.anchor = {name: p.detach().clone() for name, p in self.parameters.items()}
        self.fisher = self._fisher(loader)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the inner loss; while training, with the penalty in the measure of one answer token each."""
        loss = self.inner.loss(batch)
        if not self.inner.model.training:
            return loss
        tokens = int((batch.labels >= 0).sum())
        return loss + 0.5 * self.strength * tokens * self.penalty()

    def penalty(self) -> torch.Tensor:
        """Return the Fisher-weighted squared distance of the weights from where they were."""
        total = torch.zeros((), device=self.inner.model.device)
        for name, parameter in self.parameters.items():
            total = total + (self.fisher[name] * (parameter - self.anchor[name]) ** 2).sum()
        return total

    def _fisher(self, loader: Loader) -> dict[str, torch.Tensor]:
        """Return the mean squared gradient of each weight, one example at a time."""
        self.inner.model.eval()
        sums = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        count = min(FISHER_EXAMPLES, len(loader.examples))
        chosen: Any = range(count)
        for row in chosen:
            self.inner.model.zero_grad(set_to_none=True)
            self.inner.loss(loader.batch([row])).backward()  # type: ignore[no-untyped-call]
            for name, parameter in self.parameters.items():
                if parameter.grad is not None:
                    sums[name] += parameter.grad.detach() ** 2
        self.inner.model.zero_grad(set_to_none=True)
        return {name: value / max(1, count) for name, value in sums.items()}
