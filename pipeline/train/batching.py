"""Which examples go together: shuffled, grouped by length, padded to the longest of the batch.

Length grouping and dynamic padding took the training of a small T5 from 3.7 to 11 examples a second here, compared with
padding everything to 512 (see `benchmarks/training.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from pipeline.prompts import Architecture
from pipeline.train.examples import IGNORED, Examples

GROUP = 16
"""Batches whose examples are sorted by length together: more saves padding, fewer mixes lengths better over time."""


@dataclass(frozen=True)
class Batch:
    """Padded tensors, or with `positions` packed ones: one line with the examples end to end.

    `mask` is None where padding cannot be seen anyway; `hidden` are states to start from instead of the tokens.
    `positions` begin with 0 at each packed example: transformers' masks keep examples apart by them.
    """

    token_ids: torch.Tensor
    labels: torch.Tensor
    mask: torch.Tensor | None = None
    hidden: torch.Tensor | None = None
    positions: torch.Tensor | None = None


class States(Protocol):
    """Kept hidden states of examples."""

    def padded(self, rows: np.ndarray, width: int) -> torch.Tensor:
        """Return the states of some examples, padded on the right to a width."""

    def packed(self, rows: np.ndarray) -> torch.Tensor:
        """Return the states of some examples end to end, as one line."""


@dataclass(frozen=True)
class Loader:
    """Makes batches of a set of examples for one architecture."""

    examples: Examples
    architecture: Architecture
    pad: int
    states: States | None = None
    packing: bool = False

    def batch(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Pad some examples on the right to the longest of them.

        Causal models need no mask then: no token can see what is to its right. Encoders see everything and need one.
        """
        places = np.asarray(rows, dtype=np.int64)
        if self.packing:
            return self._packed(places)
        tokens = [self.examples.tokens(int(row)) for row in places]
        token_ids = _padded(tokens, self.pad)
        labels = _padded([self.examples.labels(int(row)) for row in places], IGNORED)
        mask = _padded([np.ones(len(row), np.int64) for row in tokens], 0) if self.architecture == "seq2seq" else None
        hidden = self.states.padded(places, token_ids.shape[1]) if self.states else None
        return Batch(token_ids, labels, mask, hidden)

    def _packed(self, places: np.ndarray) -> Batch:
        """Put some examples end to end; the first token of each, which nothing precedes, carries no loss."""
        tokens = [self.examples.tokens(int(row)) for row in places]
        labels = [np.array(self.examples.labels(int(row))) for row in places]
        for row in labels:
            row[0] = IGNORED
        positions = np.concatenate([np.arange(len(row)) for row in tokens])
        return Batch(
            _padded([np.concatenate(tokens)], self.pad),
            _padded([np.concatenate(labels)], IGNORED),
            hidden=self.states.packed(places) if self.states else None,
            positions=torch.from_numpy(positions)[None],
        )


def epoch_order(lengths: np.ndarray, size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Return the batches of an epoch as arrays of places; each example is in exactly one.

    A pure function of its arguments, so that a resumed run continues with the batches it would have had.
    """
    random = np.random.default_rng([seed, epoch])
    shuffled = random.permutation(len(lengths))
    batches: list[np.ndarray] = []
    for start in range(0, len(shuffled), size * GROUP):
        group = shuffled[start : start + size * GROUP]
        group = group[np.argsort(-lengths[group], kind="stable")]
        batches += [group[at : at + size] for at in range(0, len(group), size)]
    return [batches[place] for place in random.permutation(len(batches))]


def fixed_order(lengths: np.ndarray, size: int) -> list[np.ndarray]:
    """Return all examples in batches of similar length, the longest first: for evaluation, where order is free."""
    order = np.argsort(-lengths, kind="stable")
    return [order[at : at + size] for at in range(0, len(order), size)]


def _padded(rows: list[np.ndarray], value: int) -> torch.Tensor:
    width = max(len(row) for row in rows)
    filled = np.full((len(rows), width), value, np.int64)
    for line, row in zip(filled, rows, strict=True):
        line[: len(row)] = row
    return torch.from_numpy(filled)
