"""Frozen lower layers are computed once: training the top layers of a model starts from their kept outputs.

When only the top k of L layers learn, the lower L - k give the same hidden states in every epoch and in every trial of
a search. Keeping them turns a step's cost from "forward through L, backward through k" into "forward and backward
through k". The technique is the caching of activations of frozen layers, as in AutoFreeze (Liu et al., 2021).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pipeline.train.batching import Batch, Loader, fixed_order
from pipeline.train.examples import Examples
from pipeline.train.objective import CausalObjective, positions_of
from pipeline.whole_file import replacing

PREFILL_BATCH = 8
TOLERANCE = 2e-3


class HiddenStates:
    """The lower layers' outputs for each example, end to end in one tensor in main memory."""

    def __init__(self, values: torch.Tensor, ends: np.ndarray) -> None:
        """`values` has one row for each token; example i has the rows from `ends[i]` to `ends[i + 1]`."""
        self.values = values
        self.ends = ends

    def padded(self, rows: np.ndarray, width: int) -> torch.Tensor:
        """Return the states of some examples, padded on the right with zeros."""
        filled = torch.zeros(len(rows), width, self.values.shape[1], dtype=self.values.dtype)
        for line, row in zip(filled, rows, strict=True):
            start, end = self.ends[row], self.ends[row + 1]
            line[: end - start] = self.values[start:end]
        return filled

    def packed(self, rows: np.ndarray) -> torch.Tensor:
        """Return the states of some examples end to end, as one line."""
        return torch.cat([self.values[self.ends[row] : self.ends[row + 1]] for row in rows])[None]

    def save(self, path: Path) -> None:
        """Write the states to a safetensors file, whole or not at all."""
        from safetensors.torch import save_file

        with replacing(path) as partial:
            save_file({"values": self.values, "ends": torch.from_numpy(self.ends)}, partial)

    @classmethod
    def load(cls, path: Path) -> HiddenStates:
        """Read states that `save` wrote."""
        from safetensors.torch import load_file

        tensors = load_file(path)
        return cls(tensors["values"], tensors["ends"].numpy())


class FrozenPrefixObjective(CausalObjective):
    """The causal loss over the top layers only, from kept hidden states of the frozen ones."""

    def __init__(self, model: Any, trained_layers: int) -> None:
        """Split the decoder's layers; `prefix_works` tells whether this family allows it."""
        super().__init__(model)
        self.layers: nn.ModuleList = self.decoder.layers
        self.split = len(self.layers) - trained_layers

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the summed loss of a batch that brings hidden states, running only the layers that learn."""
        if batch.hidden is None:
            return super().loss(batch)
        device = self.model.device
        with self._only(self.split, len(self.layers)):
            output = self.decoder(
                inputs_embeds=batch.hidden.to(device, self.model.dtype),
                use_cache=False,
                **positions_of(batch, device),
            )
        return self.score(output.last_hidden_state, batch.labels.to(device))

    @torch.no_grad()
    def prefill(self, examples: Examples, pad: int) -> HiddenStates:
        """Run the frozen layers once over all examples, without dropout."""
        self.model.eval()
        loader, lengths = Loader(examples, "causal", pad), examples.lengths
        ends = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=ends[1:])
        values = torch.empty(int(ends[-1]), self.model.config.hidden_size, dtype=self.model.dtype)
        for rows in fixed_order(lengths, PREFILL_BATCH):
            output = self._lower(loader.batch(rows).token_ids)
            for line, row in zip(output, rows, strict=True):
                values[ends[row] : ends[row + 1]] = line[: lengths[row]]
        return HiddenStates(values, ends)

    @torch.no_grad()
    def prefix_works(self, token_ids: torch.Tensor) -> bool:
        """Tell whether the two halves one after the other give what the whole decoder gives."""
        training = self.model.training
        self.model.eval()
        whole = self.decoder(input_ids=token_ids.to(self.model.device), use_cache=False).last_hidden_state
        with self._only(self.split, len(self.layers)):
            lower = self._lower(token_ids).to(self.model.device)
            halves = self.decoder(inputs_embeds=lower, use_cache=False).last_hidden_state
        self.model.train(training)
        scale = float(whole.abs().max())
        return bool((whole - halves).abs().max() <= TOLERANCE * max(1.0, scale))

    def _lower(self, token_ids: torch.Tensor) -> torch.Tensor:
        norm = self.decoder.norm
        self.decoder.norm = nn.Identity()
        try:
            with self._only(0, self.split):
                hidden: torch.Tensor = self.decoder(
                    input_ids=token_ids.to(self.model.device), use_cache=False
                ).last_hidden_state
        finally:
            self.decoder.norm = norm
        return hidden.cpu()

    @contextmanager
    def _only(self, start: int, stop: int) -> Iterator[None]:
        """Let the decoder consist of some of its layers."""
        config = self.decoder.config
        before = (self.decoder.layers, config.num_hidden_layers, getattr(config, "layer_types", None))
        self.decoder.layers = self.layers[start:stop]
        config.num_hidden_layers = stop - start
        if before[2] is not None:
            config.layer_types = before[2][start:stop]
        try:
            yield
        finally:
            self.decoder.layers, config.num_hidden_layers = before[0], before[1]
            if before[2] is not None:
                config.layer_types = before[2]


def can_split(model: Any, architecture: str, trained_layers: int | None) -> bool:
    """Tell whether a model has a stack of layers of which only the top ones learn."""
    decoder = getattr(model, getattr(model, "base_model_prefix", ""), None)
    layers = getattr(decoder, "layers", None)
    return (
        architecture == "causal"
        and trained_layers is not None
        and isinstance(layers, nn.ModuleList)
        and hasattr(decoder, "norm")
        and 0 < trained_layers < len(layers)
    )
