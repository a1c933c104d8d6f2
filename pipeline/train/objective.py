"""The loss: cross entropy on the answer's tokens and on nothing else.

The vocabulary is the widest layer of a small model, and most of a prompt's positions carry no loss. So a causal model's
output layer is applied to the answer's positions only; whether that gives the model's own logits is tried once on a
probe, because some families scale or cap their logits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from pipeline.prompts import Architecture
from pipeline.train.batching import Batch
from pipeline.train.examples import IGNORED

PROBE = 6
TOLERANCE = 1e-3


class Objective(ABC):
    """How a model's loss on a batch is computed; `model` is the plain transformers model, adapters injected."""

    def __init__(self, model: Any) -> None:
        """Keep the model."""
        self.model = model

    @abstractmethod
    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the sum of the negative log-likelihoods (nats) of the batch's answer tokens."""


class CausalObjective(Objective):
    """Next-token prediction on the answer, from the hidden states of a decoder."""

    def __init__(self, model: Any) -> None:
        """Find out whether the output layer may be applied to chosen positions."""
        super().__init__(model)
        self.decoder = getattr(model, model.base_model_prefix)
        self.head = model.get_output_embeddings()
        self.plain_head = self._head_is_plain()

    def loss(self, batch: Batch) -> torch.Tensor:
        """Run the decoder and score the answer positions."""
        device = self.model.device
        token_ids, labels = batch.token_ids.to(device), batch.labels.to(device)
        places = positions_of(batch, device)
        if not self.plain_head:
            logits = self.model(input_ids=token_ids, use_cache=False, **places).logits[:, :-1]
            return _summed(logits.flatten(0, 1), labels[:, 1:].flatten())
        hidden = self.decoder(input_ids=token_ids, use_cache=False, **places).last_hidden_state
        return self.score(hidden, labels)

    def score(self, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the summed loss from final hidden states; only positions before a label meet the output layer."""
        wanted = labels[:, 1:]
        kept = wanted != IGNORED
        return _summed(self.head(hidden[:, :-1][kept]), wanted[kept])

    @torch.no_grad()
    def _head_is_plain(self) -> bool:
        training = self.model.training
        self.model.eval()
        probe = torch.arange(PROBE, device=self.model.device)[None]
        full = self.model(input_ids=probe, use_cache=False).logits
        short = self.head(self.decoder(input_ids=probe, use_cache=False).last_hidden_state)
        self.model.train(training)
        return full.shape == short.shape and torch.allclose(full, short, atol=TOLERANCE, rtol=TOLERANCE)


class Seq2SeqObjective(Objective):
    """Teacher-forced decoding of the answer (T5 and its family)."""

    def loss(self, batch: Batch) -> torch.Tensor:
        """Encode the prompt, decode the shifted answer and score it."""
        device = self.model.device
        labels = batch.labels.to(device)
        logits = self.model(
            input_ids=batch.token_ids.to(device),
            attention_mask=None if batch.mask is None else batch.mask.to(device),
            labels=labels,
            use_cache=False,
        ).logits
        kept = labels != IGNORED
        return _summed(logits[kept], labels[kept])


def positions_of(batch: Batch, device: torch.device) -> dict[str, torch.Tensor]:
    """Return the positions of a packed batch as the model's argument, and nothing for a padded one."""
    return {} if batch.positions is None else {"position_ids": batch.positions.to(device)}


@torch.no_grad()
def packs_apart(model: Any) -> bool:
    """Tell whether a causal model keeps packed examples apart: tried once, on two that come after each other."""
    training = model.training
    model.eval()
    probe = torch.arange(PROBE, device=model.device)
    alone = model(input_ids=probe[None], use_cache=False).logits[0]
    both = torch.cat([probe.flip(0), probe])[None]
    positions = torch.arange(PROBE, device=model.device).repeat(2)[None]
    packed = model(input_ids=both, position_ids=positions, use_cache=False).logits[0, PROBE:]
    model.train(training)
    return torch.allclose(alone, packed, atol=TOLERANCE, rtol=TOLERANCE)


def objective_for(model: Any, architecture: Architecture) -> Objective:
    """Return the objective of an architecture."""
    return CausalObjective(model) if architecture == "causal" else Seq2SeqObjective(model)


def _summed(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return cross_entropy(logits.float(), labels, ignore_index=IGNORED, reduction="sum")
